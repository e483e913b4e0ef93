#include "base/buf.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/print.h"
#include "cli/prompt.h"
#include "flow/keys.h"
#include "token/jws.h"
#include "token/jwt.h"
#include "token/members.h"

#include <stdio.h>

const struct manual token_decode_manual = {
    .json = "print {\"header\",\"claims\",\"times\",\"expired\",\"signature\"}",
    .about = "Takes an access token apart: header, claims, the times in words, and whether one of the keys of the\n"
             "database signed it: valid, bad, or unknown_key (signed elsewhere, or the key has expired or was "
             "revoked). Only the signature\n"
             "is judged: an expired token can have a valid one, and a service has more to check. Without TOKEN, or\n"
             "with -, it is read from stdin, which keeps it out of the list of processes.",
    .example = "  postern token decode - < token.txt\n  postern token decode --json eyJhbGciOiJFUzI1NiIs...",
    .ends = "  0 the signature is valid; 1 it is not, or this is no token; 2 wrong usage",
};

/* OK without a database: then every key is unknown. */
static enum err look_for_keys(struct run *r)
{
    run_setup(r);
    r->shared.keys = keyring_new(NULL);
    enum err end = shared_open_store(&r->shared, false);
    if (end == ERR_MISSING)
        return OK;
    TRY(end);
    TRY(services_open(&r->shared, &r->own));
    TRY(store_ready(r->own->db));
    return flow_keys_read(&r->shared, &r->visit, r->own->db);
}

static enum err signature_of(struct run *r, struct str token, struct str *out)
{
    struct arena *mem = r->visit.mem;
    struct jws jws;
    struct jws_header header = { 0 };
    struct signature signature;
    *out = STR("bad");
    TRY(jws_split(token, &jws));
    /* A header that asks for what is not done here (a key of its own) makes a signature that says nothing. */
    if (jws_read_header(mem, &jws, &header) != OK || jws_read_signature(mem, &jws, &signature) != OK)
        return OK;
    enum err end = keyring_check(r->shared.keys, r->visit.now_us, header.kid, header.alg, jws.signed_text, &signature);
    if (end == ERR_INTERNAL)
        return end;
    *out = end == OK ? STR("valid") : end == ERR_MISSING ? STR("unknown_key") : STR("bad");
    return OK;
}

struct times {
    int64_t issued_at, not_before, expires_at, auth_time; /* microseconds; 0: not in the token */
};

struct decoded {
    struct str header, claims;
    struct times times;
    bool expired;
    struct str signature;
};

/* clang-format off */
static const struct field times_fields[] = {
    { .name = "iat", .kind = FIELD_TIME, .offset = offsetof(struct times, issued_at) },
    { .name = "nbf", .kind = FIELD_TIME, .offset = offsetof(struct times, not_before) },
    { .name = "exp", .kind = FIELD_TIME, .offset = offsetof(struct times, expires_at) },
    { .name = "auth_time", .kind = FIELD_TIME, .offset = offsetof(struct times, auth_time) },
    FIELD_END
};
static const struct field decoded_fields[] = {
    VIEW_RAW(struct decoded, header), VIEW_RAW(struct decoded, claims), VIEW_OBJECT(struct decoded, times, times_fields),
    VIEW(struct decoded, expired),    VIEW(struct decoded, signature),  FIELD_END
};
/* clang-format on */

/* JSON as somebody else wrote it: DEL and C1, which JSON lets pass and a terminal may take for orders, become escapes.  They can
 * only stand inside of strings. */
static struct str harmless_json(struct arena *mem, struct str json)
{
    struct buf out = buf_new(mem, json.len + 1);
    for (size_t i = 0; i < json.len; i++) {
        unsigned char c = (unsigned char)json.ptr[i];
        unsigned char next = c == 0xc2 && i + 1 < json.len ? (unsigned char)json.ptr[i + 1] : 0;
        bool c1 = next >= 0x80 && next < 0xa0;
        if (c == 0x7f || c1)
            buf_printf(&out, "\\u%04x", c1 ? next : c);
        else
            buf_add_char(&out, json.ptr[i]);
        i += c1;
    }
    return buf_str(&out);
}

#define TIME_MAX_S INT64_C(253402300799) /* the last second of the year 9999 */

static int64_t moment(const struct members *claims, struct str name)
{
    const struct member *m = members_find(claims, name);
    bool good = m != NULL && m->kind == MEMBER_INT && m->number > 0 && m->number <= TIME_MAX_S;
    return good ? m->number * SECOND_US : 0;
}

static void read_times(const struct members *claims, struct decoded *out)
{
    out->times = (struct times){
        .issued_at = moment(claims, STR("iat")),
        .not_before = moment(claims, STR("nbf")),
        .expires_at = moment(claims, STR("exp")),
        .auth_time = moment(claims, STR("auth_time")),
    };
    out->expired = out->times.expires_at != 0 && out->times.expires_at <= clock_now_us();
}

static struct str words_text(struct arena *mem, const struct strs *list)
{
    struct buf out = buf_new(mem, 64);
    for (size_t i = 0; i < list->count; i++) {
        buf_add(&out, i > 0 ? STR(", ") : STR(""));
        buf_add(&out, list->items[i]);
    }
    return buf_str(&out);
}

static bool is_moment(struct str name)
{
    return str_equal(name, STR("iat")) || str_equal(name, STR("nbf")) || str_equal(name, STR("exp")) ||
           str_equal(name, STR("auth_time"));
}

static struct str member_text(struct arena *mem, const struct members *all, const struct member *m)
{
    switch (m->kind) {
    case MEMBER_STR:
        return m->text;
    case MEMBER_INT:
        if (is_moment(m->name) && moment(all, m->name) != 0)
            return arena_printf(mem, "%lld  %s", (long long)m->number, text_time(mem, moment(all, m->name)).ptr);
        return text_int(mem, m->number);
    case MEMBER_STRS:
        return words_text(mem, &m->list);
    case MEMBER_OBJECT:
        return text_plain(mem, m->text);
    case MEMBER_OTHER:
        break;
    }
    return STR("(see --json)");
}

static void print_members(struct arena *mem, const char *title, const struct members *members)
{
    struct pair pairs[MEMBERS_MAX];
    for (size_t i = 0; i < members->count; i++)
        pairs[i] = (struct pair){ arena_cstr(mem, text_plain(mem, members->items[i].name)),
                                  member_text(mem, members, &members->items[i]) };
    printf("%s\n", title);
    pairs_print(mem, pairs, members->count);
}

static void print_decoded(struct run *r, const struct decoded *d, const struct members *header,
                          const struct members *claims)
{
    struct arena *mem = r->visit.mem;
    if (r->json) {
        struct decoded safe = *d;
        safe.header = harmless_json(mem, d->header);
        safe.claims = harmless_json(mem, d->claims);
        json_print(mem, decoded_fields, &safe);
        return;
    }
    print_members(mem, "header", header);
    print_members(mem, "\nclaims", claims);
    printf("\nsignature: %.*s%s\n", STR_ARG(d->signature), d->expired ? "; the token has expired" : "");
}

static enum err decode(struct run *r, struct str token, struct decoded *out)
{
    struct members header = { 0 }, claims = { 0 };
    if (token.len > JWT_MAX || jwt_decode(r->visit.mem, token, &out->header, &out->claims) != OK ||
        members_read(r->visit.mem, out->header, &header) != OK ||
        members_read(r->visit.mem, out->claims, &claims) != OK)
        return run_failed(
            r, "this is no token: three parts in base64url with a dot between them, the first two JSON objects");
    TRY(look_for_keys(r));
    TRY(signature_of(r, token, &out->signature));
    read_times(&claims, out);
    print_decoded(r, out, &header, &claims);
    return OK;
}

enum err token_decode(struct run *r)
{
    struct str token = r->words[0];
    struct decoded decoded = { 0 };
    if (r->word_count == 0 || str_equal(token, STR("-")))
        TRY(text_read(r, JWT_MAX, &token));
    TRY(decode(r, str_trim(token), &decoded));
    r->status = str_equal(decoded.signature, STR("valid")) ? 0 : CLI_FAILED;
    return OK;
}
