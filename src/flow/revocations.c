#include "flow/revocations.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/field.h"
#include "crypto/base64url.h"
#include "json/write.h"
#include "store/clients.h"

#include <pthread.h>
#include <stdlib.h>

#define MARGIN_S  60               /* clocks of other machines */
#define RESIGN_US (30 * SECOND_US) /* a text that is served was signed at most so long ago */
#define GOOD_S    300              /* and is to be taken for so long */

struct revocations {
    pthread_mutex_t lock;
    int64_t read_us, signed_us;
    char *etag, *text; /* of malloc; NULL until the first reading */
    size_t etag_len, text_len;
};

struct raised {
    struct str sub;
    int64_t tv;
};

struct set {
    struct str iss;
    int64_t iat, exp, version, life, not_before;
    struct strs sessions, clients;
    struct list users;
};

/* clang-format off */
static const struct field raised_fields[] = { VIEW(struct raised, sub), VIEW(struct raised, tv), FIELD_END };

#define SET_FIELDS                                                                                                     \
    VIEW(struct set, version), VIEW(struct set, life), VIEW(struct set, not_before), VIEW(struct set, sessions),       \
    VIEW_OBJECTS(struct set, users, raised_fields, struct raised), VIEW(struct set, clients), FIELD_END
static const struct field set_fields[] = { SET_FIELDS };
static const struct field text_fields[] = {
    VIEW(struct set, iss), VIEW(struct set, iat), VIEW(struct set, exp), SET_FIELDS
};
/* clang-format on */

struct revocations *revocations_open(void)
{
    struct revocations *r = calloc(1, sizeof *r);
    if (r == NULL)
        die("out of memory");
    pthread_mutex_init(&r->lock, NULL);
    return r;
}

void revocations_drop(struct revocations **r)
{
    if (*r == NULL)
        return;
    pthread_mutex_destroy(&(*r)->lock);
    free((*r)->etag);
    free((*r)->text);
    free(*r);
    *r = NULL;
}

static void void_before(struct set *set, int64_t at_us)
{
    int64_t s = at_us / SECOND_US + 1; /* a token of that very second was issued before it */
    if (s > set->not_before)
        set->not_before = s;
}

/* What is past the bound was taken back no later than the first that is left out: every token of that is older. */
static enum err read_kind(struct services *at, struct arena *mem, enum revoked_kind kind, int64_t after,
                          struct set *set, struct revoked_row **rows, size_t *count)
{
    TRY(revoked_list(at->db, mem, kind, after, REVOCATIONS_MAX + 1, rows, count));
    if (*count > 0 && (*rows)[0].at > set->version)
        set->version = (*rows)[0].at;
    if (*count <= REVOCATIONS_MAX)
        return OK;
    void_before(set, (*rows)[REVOCATIONS_MAX].at);
    *count = REVOCATIONS_MAX;
    return OK;
}

static struct strs ids_of(struct arena *mem, const struct revoked_row *rows, size_t count)
{
    struct strs ids = { ARENA_ARRAY(mem, struct str, count), count };
    for (size_t i = 0; i < count; i++)
        ids.items[i] = rows[i].id;
    return ids;
}

/* When an old state of the database came back there are tokens of sessions that it does not know. */
static void heed_restored(struct set *set, const struct revoked_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].version != 0)
            void_before(set, rows[i].at);
}

static struct list raised_of(struct arena *mem, const struct revoked_row *rows, size_t count)
{
    struct raised *list = ARENA_ARRAY(mem, struct raised, count);
    for (size_t i = 0; i < count; i++)
        list[i] = (struct raised){ rows[i].id, rows[i].version };
    return (struct list){ list, count };
}

static enum err read_set(struct services *at, struct arena *mem, int64_t now_us, struct set *set)
{
    struct revoked_row *rows = NULL;
    size_t count = 0;
    set->life = at->at->config->access_ttl_s;
    int64_t after = now_us - (set->life + MARGIN_S) * SECOND_US;
    TRY(read_kind(at, mem, REVOKED_SESSIONS, after, set, &rows, &count));
    heed_restored(set, rows, count);
    set->sessions = ids_of(mem, rows, count);
    TRY(read_kind(at, mem, REVOKED_VERSIONS, after, set, &rows, &count));
    set->users = raised_of(mem, rows, count);
    TRY(read_kind(at, mem, REVOKED_CLIENTS, after, set, &rows, &count));
    set->clients = ids_of(mem, rows, count);
    return OK;
}

/* Weak (RFC 9110 8.8.3): the text is signed anew while the set is the same. */
static struct str etag_of(struct arena *mem, const struct set *set)
{
    struct buf text = buf_new(mem, 4096);
    json_write(&text, set_fields, set);
    struct digest digest = digest_of(buf_str(&text));
    return arena_printf(mem, "W/\"%.*s\"", STR_ARG(base64url_encode(mem, (struct str){ (const char *)digest.is, 16 })));
}

static void keep(char **to, size_t *len, struct str text)
{
    char *copy = malloc(text.len + 1);
    if (copy == NULL)
        die("out of memory");
    memcpy(copy, text.ptr, text.len);
    free(*to);
    *to = copy;
    *len = text.len;
}

static enum err sign(struct services *at, struct arena *mem, int64_t now_us, struct set *set)
{
    struct revocations *r = at->at->revocations;
    struct buf payload = buf_new(mem, 4096);
    const struct visit v = { .mem = mem, .now_us = now_us };
    struct str text = { 0 };
    set->iss = at->at->expect.issuer;
    set->iat = now_us / SECOND_US;
    set->exp = set->iat + GOOD_S;
    json_write(&payload, text_fields, set);
    TRY(jwt_sign_payload(at->at->keys, &v, REVOCATIONS_TYP, buf_str(&payload), &text));
    keep(&r->text, &r->text_len, text);
    r->signed_us = now_us;
    return OK;
}

/* Under the lock: who comes meanwhile waits for this reading and need not do it again. */
static enum err refresh(struct services *at, int64_t now_us)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct revocations *r = at->at->revocations;
    struct set set = { 0 };
    bool fresh = now_us >= r->read_us && now_us - r->read_us < REVOCATIONS_FRESH_MS * (SECOND_US / 1000);
    if (r->text != NULL && fresh)
        return OK;
    TRY(read_set(at, mem, now_us, &set));
    struct str etag = etag_of(mem, &set), before = { r->etag, r->etag_len };
    bool same = r->text != NULL && str_equal(etag, before);
    if (!same || now_us - r->signed_us > RESIGN_US || now_us < r->signed_us)
        TRY(sign(at, mem, now_us, &set));
    keep(&r->etag, &r->etag_len, etag);
    r->read_us = now_us;
    return OK;
}

enum err flow_revocations(struct services *at, const struct visit *v, bool text_too, struct revocations_now *out)
{
    struct revocations *r = at->at->revocations;
    pthread_mutex_lock(&r->lock);
    enum err end = refresh(at, v->now_us);
    if (end == OK) {
        out->etag = arena_copy(v->mem, (struct str){ r->etag, r->etag_len });
        if (text_too)
            out->text = arena_copy(v->mem, (struct str){ r->text, r->text_len });
    }
    pthread_mutex_unlock(&r->lock);
    return end;
}
