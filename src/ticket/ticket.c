#include "ticket/ticket.h"
#include "base/clock.h"
#include "crypto/base64url.h"
#include "crypto/box.h"
#include "crypto/random.h"
#include "store/spent_tickets.h"

#define ID_TEXT     22 /* characters of TICKET_ID_BYTES */
#define NUMBERS     4  /* user_id, token_version, expires_at_us, epoch; eight bytes each, the highest first */
#define HEAD        (NUMBERS * 8 + 1)
#define SESSION_MAX 36
#define PLAIN_MAX   (HEAD + SESSION_MAX + TICKET_DATA_MAX)

_Static_assert(ID_TEXT + (PLAIN_MAX + BOX_MORE + 2) / 3 * 4 <= TICKET_MAX, "room for the longest");

#define TICKET_WORD(name, word) [name] = "ticket " word,
static const char *const bound_to[] = { TICKET_LIST(TICKET_WORD) };

/* Nobody has to count how often a key has sealed: each seals once. */
static struct secret key_of(const struct ticket_key *key, const uint8_t id[static TICKET_ID_BYTES])
{
    _Static_assert(sizeof(struct digest) == BOX_KEY_BYTES, "a MAC is a key");
    struct digest own = mac_of(&key->is, (struct str){ (const char *)id, TICKET_ID_BYTES });
    struct secret out = secret_copy((struct str){ (const char *)own.is, sizeof own.is });
    wipe(&own, sizeof own);
    return out;
}

static uint8_t *put(uint8_t *at, int64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        *at++ = (uint8_t)((uint64_t)number >> shift);
    return at;
}

static int64_t take(const uint8_t **at)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | *(*at)++;
    return (int64_t)number;
}

static struct str pack(const struct ticket *t, uint8_t plain[static PLAIN_MAX])
{
    uint8_t *at = put(put(put(put(plain, t->user_id), t->token_version), t->expires_at_us), t->epoch);
    *at++ = (uint8_t)t->session_id.len;
    if (t->session_id.len > 0)
        memcpy(at, t->session_id.ptr, t->session_id.len);
    at += t->session_id.len;
    if (t->data.len > 0)
        memcpy(at, t->data.ptr, t->data.len);
    return (struct str){ (const char *)plain, (size_t)(at - plain) + t->data.len };
}

/* Only what was sealed comes here, so the bounds hold unless somebody has the key. */
static enum err unpack(const struct visit *v, struct str plain, struct ticket *out)
{
    const uint8_t *at = (const uint8_t *)plain.ptr;
    if (plain.len < HEAD || plain.len > PLAIN_MAX || at[HEAD - 1] > SESSION_MAX || plain.len - HEAD < at[HEAD - 1])
        return fail(ERR_DENIED, "no ticket in the box");
    out->user_id = take(&at);
    out->token_version = take(&at);
    out->expires_at_us = take(&at);
    out->epoch = take(&at);
    const size_t rest = HEAD + (size_t)*at;
    if (*at > 0)
        out->session_id = arena_copy(v->mem, str_slice(plain, HEAD, rest));
    out->data = arena_copy(v->mem, str_slice(plain, rest, plain.len));
    return OK;
}

enum err ticket_seal(const struct ticket_key *key, const struct visit *v, const struct ticket *in, struct str *out)
{
    struct ticket t = *in;
    uint8_t plain[PLAIN_MAX];
    struct str box = { 0 };
    if (t.data.len > TICKET_DATA_MAX || t.session_id.len > SESSION_MAX)
        return fail(ERR_INVALID, "a ticket of %zu bytes", t.data.len + t.session_id.len);
    random_bytes(t.id, sizeof t.id);
    t.expires_at_us = v->now_us + TICKET_TTL_S * SECOND_US;
    t.epoch = key->epoch;
    AUTO(secret) struct secret own = key_of(key, t.id);
    const enum err end = box_seal(v->mem, &own, str_of(bound_to[t.purpose]), pack(&t, plain), &box);
    wipe(plain, sizeof plain);
    TRY(end);
    struct str id = base64url_encode(v->mem, (struct str){ (const char *)t.id, sizeof t.id });
    *out = arena_printf(v->mem, "%.*s%.*s", STR_ARG(id), STR_ARG(box));
    return OK;
}

enum err ticket_open(const struct ticket_key *key, const struct visit *v, enum ticket_purpose purpose, struct str text,
                     struct ticket *out)
{
    struct ticket t = { .purpose = purpose };
    struct str id = { 0 };
    AUTO(secret) struct secret plain = { 0 };
    if (text.len <= ID_TEXT || text.len > TICKET_MAX ||
        base64url_decode(v->mem, str_slice(text, 0, ID_TEXT), &id) != OK)
        return fail(ERR_DENIED, "no ticket");
    memcpy(t.id, id.ptr, sizeof t.id);
    AUTO(secret) struct secret own = key_of(key, t.id);
    if (box_open(&own, str_of(bound_to[purpose]), str_slice(text, ID_TEXT, text.len), &plain) != OK)
        return fail(ERR_DENIED, "no ticket of ours for this");
    TRY(unpack(v, secret_view(&plain), &t));
    if (v->now_us >= t.expires_at_us)
        return fail(ERR_EXPIRED, "the ticket is too old");
    *out = t;
    return OK;
}

enum err ticket_spend(struct tx *tx, const struct ticket *t)
{
    bool fresh = false;
    TRY(spent_tickets_add(tx, (struct str){ (const char *)t->id, sizeof t->id }, t->expires_at_us, t->epoch, &fresh));
    return fresh ? OK : fail(ERR_CONFLICT, "the ticket has served");
}

enum err tickets_forget(struct tx *tx, int64_t before_us)
{
    return spent_tickets_purge(tx, before_us, NULL);
}
