#include "token/keyring.h"
#include "base/buf.h"
#include "crypto/box.h"
#include "token/seen.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct key {
    char kid[KID_LEN + 1], jwk[JWK_MAX];
    enum algorithm algorithm;
    struct sign_key *sign; /* NULL: it only checks */
    struct check_key *check;
    int64_t active_at, retired_at, expires_at;
};

/* What there is at one time; never changed once it is shared. */
struct ring {
    atomic_uint holders;
    struct digest rows; /* what it was made of */
    size_t count;
    struct key items[KEYS_MAX]; /* the newest first */
};

struct keyring {
    pthread_mutex_t lock; /* of the pointer, for as long as it takes to read it */
    struct ring *ring;
    struct secret sealing;
    struct seen *seen;
};

enum key_state key_state(const struct signing_key_row *row, int64_t now_us)
{
    if (row->revoked_at != 0)
        return KEY_REVOKED;
    if (row->expires_at != 0 && now_us >= row->expires_at)
        return KEY_EXPIRED;
    if (row->retired_at != 0 && now_us >= row->retired_at)
        return KEY_PREVIOUS;
    return now_us < row->active_at ? KEY_NEXT : KEY_CURRENT;
}

const char *key_state_name(enum key_state state)
{
    static const char *const names[] = { "next", "current", "previous", "expired", "revoked" };
    return names[state];
}

/* ---- one key and its row ---- */

static struct str kid_of(const struct key *key)
{
    return (struct str){ key->kid, KID_LEN };
}

static struct str beside(struct arena *mem, struct str kid, struct str algorithm)
{
    return arena_printf(mem, "%.*s|%.*s", STR_ARG(kid), STR_ARG(algorithm));
}

FALLIBLE key_seal(struct arena *mem, const struct secret *sealing, const struct sign_key *key,
                  struct signing_key_row *out)
{
    AUTO(secret) struct secret der = { 0 };
    const struct public_key *open = sign_key_public(key);
    struct signing_key_row row = {
        .kid = jwk_thumbprint(mem, open),
        .algorithm = str_of(algorithm_name(open->algorithm)),
        .public_jwk = jwk_write(mem, open),
    };

    TRY(sign_key_write(key, &der));
    TRY(box_seal(mem, sealing, beside(mem, row.kid, row.algorithm), secret_view(&der), &row.sealed));
    *out = row;
    return OK;
}

FALLIBLE key_make(struct arena *mem, const struct secret *sealing, enum algorithm algorithm, int64_t now_us,
                  int64_t active_at, struct signing_key_row *out)
{
    AUTO(sign_key) struct sign_key *key = NULL;

    TRY(sign_key_make(algorithm, &key));
    TRY(key_seal(mem, sealing, key, out));
    out->made_at = now_us;
    out->active_at = active_at;
    return OK;
}

/* The note says what; here it gets the kid. */
static FALLIBLE bad_row(const struct signing_key_row *row)
{
    char why[ERR_TEXT_MAX];
    memcpy(why, note_get()->text, sizeof why);
    return fail(ERR_INTERNAL, "signing key %.*s: %s", STR_ARG(row->kid), why);
}

FALLIBLE key_reseal(struct arena *mem, const struct secret *from, const struct secret *to, struct signing_key_row *row)
{
    struct str sealed;

    if (box_reseal(mem, from, to, beside(mem, row->kid, row->algorithm), row->sealed, &sealed) != OK)
        return bad_row(row);
    row->sealed = sealed;
    return OK;
}

static void key_drop(struct key *key)
{
    sign_key_drop(&key->sign);
    check_key_drop(&key->check);
}

static FALLIBLE take_open(struct arena *mem, const struct signing_key_row *row, struct key *key)
{
    struct public_key open;

    if (!algorithm_find(row->algorithm, &key->algorithm) || row->kid.len != KID_LEN || row->public_jwk.len >= JWK_MAX)
        return fail(ERR_INTERNAL, "no key of ours");
    TRY(jwk_read(mem, row->public_jwk, key->algorithm, &open));
    if (!str_equal(jwk_thumbprint(mem, &open), row->kid))
        return fail(ERR_INTERNAL, "its kid is not its thumbprint");
    memcpy(key->kid, row->kid.ptr, KID_LEN);
    memcpy(key->jwk, row->public_jwk.ptr, row->public_jwk.len);
    return check_key_make(&open, &key->check);
}

/* The private half must be that of the public one: the two are stored apart. */
static FALLIBLE take_sealed(struct arena *mem, const struct secret *sealing, const struct signing_key_row *row,
                            struct key *key)
{
    AUTO(secret) struct secret der = { 0 };

    TRY(box_open(sealing, beside(mem, row->kid, row->algorithm), row->sealed, &der));
    TRY(sign_key_read(key->algorithm, secret_view(&der), &key->sign));
    if (!str_equal(jwk_thumbprint(mem, sign_key_public(key->sign)), row->kid))
        return fail(ERR_INTERNAL, "its halves are of different keys");
    return OK;
}

static FALLIBLE take_row(const struct keyring *keys, const struct signing_key_row *row, int64_t now_us, struct key *key)
{
    AUTO(arena) struct arena *mem = arena_new();
    const enum key_state state = key_state(row, now_us);

    key->active_at = row->active_at;
    key->retired_at = row->retired_at;
    key->expires_at = row->expires_at;
    TRY(take_open(mem, row, key));
    if (keys->sealing.len == 0 || (state != KEY_CURRENT && state != KEY_NEXT))
        return OK;
    return take_sealed(mem, &keys->sealing, row, key);
}

/* ---- a ring of them ---- */

static void ring_drop(struct ring **ring)
{
    for (size_t i = 0; *ring != NULL && i < (*ring)->count; i++)
        key_drop(&(*ring)->items[i]);
    free(*ring);
    *ring = NULL;
}

static struct ring *ring_new(void)
{
    struct ring *ring = calloc(1, sizeof *ring);
    if (ring == NULL)
        die("out of memory (%zu bytes)", sizeof *ring);
    ring->holders = 1;
    return ring;
}

static void ring_let_go(struct ring *ring)
{
    if (ring != NULL && atomic_fetch_sub(&ring->holders, 1) == 1)
        ring_drop(&ring);
}

static struct ring *ring_hold(struct keyring *keys)
{
    pthread_mutex_lock(&keys->lock);
    struct ring *ring = keys->ring;
    atomic_fetch_add(&ring->holders, 1);
    pthread_mutex_unlock(&keys->lock);
    return ring;
}

static void held_drop(struct ring **ring)
{
    ring_let_go(*ring);
}

static bool counts(const struct signing_key_row *row, int64_t now_us)
{
    const enum key_state state = key_state(row, now_us);
    return state != KEY_EXPIRED && state != KEY_REVOKED;
}

/* All that a ring depends on.  A key that only time has changed is no reason for a new ring. */
static struct digest digest_of_rows(const struct signing_key_row *rows, size_t count)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct buf text = buf_new(mem, 1024);

    for (size_t i = 0; i < count; i++) {
        const struct signing_key_row *r = &rows[i];
        buf_printf(&text, "%.*s %.*s %.*s %.*s %lld %lld %lld %lld\n", STR_ARG(r->kid), STR_ARG(r->algorithm),
                   STR_ARG(r->public_jwk), r->sealed.ptr == NULL ? 0 : (int)r->sealed.len,
                   r->sealed.ptr == NULL ? "" : r->sealed.ptr, (long long)r->active_at, (long long)r->retired_at,
                   (long long)r->expires_at, (long long)r->revoked_at);
    }
    return digest_of(buf_str(&text));
}

static FALLIBLE ring_fill(const struct keyring *keys, struct ring *ring, const struct signing_key_row *rows,
                          size_t count, int64_t now_us)
{
    for (size_t i = 0; i < count; i++) {
        if (!counts(&rows[i], now_us))
            continue;
        if (ring->count == KEYS_MAX)
            return fail(ERR_INTERNAL, "more than %d signing keys", KEYS_MAX);
        /* counted at once: ring_drop drops what is half built */
        if (take_row(keys, &rows[i], now_us, &ring->items[ring->count++]) != OK)
            return bad_row(&rows[i]);
    }
    return OK;
}

FALLIBLE keyring_fill(struct keyring *keys, const struct signing_key_row *rows, size_t count, int64_t now_us)
{
    const struct digest made_of = digest_of_rows(rows, count);
    if (digest_equal(&made_of, &keys->ring->rows))
        return OK;

    AUTO(ring) struct ring *fresh = ring_new();
    fresh->rows = made_of;
    TRY(ring_fill(keys, fresh, rows, count, now_us));
    pthread_mutex_lock(&keys->lock);
    struct ring *before = keys->ring;
    keys->ring = fresh;
    pthread_mutex_unlock(&keys->lock);
    fresh = NULL;
    ring_let_go(before);
    return OK;
}

struct keyring *keyring_new(const struct secret *sealing)
{
    struct keyring *keys = calloc(1, sizeof *keys);
    if (keys == NULL)
        die("out of memory (%zu bytes)", sizeof *keys);
    pthread_mutex_init(&keys->lock, NULL);
    keys->ring = ring_new();
    keys->seen = seen_open();
    if (sealing != NULL)
        keys->sealing = secret_copy(secret_view(sealing));
    return keys;
}

void keyring_drop(struct keyring **keys)
{
    if (*keys != NULL) {
        ring_let_go((*keys)->ring);
        secret_drop(&(*keys)->sealing);
        seen_drop(&(*keys)->seen);
        pthread_mutex_destroy(&(*keys)->lock);
    }
    free(*keys);
    *keys = NULL;
}

/* ---- sign and check ---- */

static bool still_checks(const struct key *key, int64_t now_us)
{
    return key->expires_at == 0 || now_us < key->expires_at;
}

static bool signs(const struct key *key, int64_t now_us)
{
    return key->active_at <= now_us && (key->retired_at == 0 || now_us < key->retired_at);
}

/* The youngest that signs.  A clock that is behind that of the node which has just put a new key in the place of a revoked
 * one sees none; then the key that nothing follows is the one. */
static const struct key *signing_now(const struct ring *ring, int64_t now_us)
{
    const struct key *newest = NULL;
    for (size_t i = 0; i < ring->count; i++) {
        const struct key *key = &ring->items[i];
        if (key->sign != NULL && signs(key, now_us))
            return key;
        if (key->sign != NULL && key->retired_at == 0)
            newest = key;
    }
    return newest;
}

FALLIBLE keyring_hold(struct keyring *keys, int64_t now_us, struct key_hold *out)
{
    struct ring *ring = ring_hold(keys);
    const struct key *key = signing_now(ring, now_us);

    if (key == NULL) {
        ring_let_go(ring);
        return fail(ERR_INTERNAL, "no signing key is active");
    }
    *out = (struct key_hold){ ring, key, kid_of(key), key->algorithm };
    return OK;
}

void key_hold_drop(struct key_hold *hold)
{
    ring_let_go(hold->ring);
}

size_t key_hold_length(const struct key_hold *hold)
{
    return signature_length(hold->key->sign);
}

FALLIBLE key_hold_sign(const struct key_hold *hold, struct str message, struct signature *out)
{
    return signature_sign(hold->key->sign, message, out);
}

bool keyring_ready(struct keyring *keys, int64_t now_us)
{
    AUTO(held) struct ring *ring = ring_hold(keys);
    return signing_now(ring, now_us) != NULL;
}

static const struct key *find(const struct ring *ring, int64_t now_us, struct str kid)
{
    for (size_t i = 0; i < ring->count; i++)
        if (str_equal(kid_of(&ring->items[i]), kid) && still_checks(&ring->items[i], now_us))
            return &ring->items[i];
    return NULL;
}

FALLIBLE keyring_check(struct keyring *keys, int64_t now_us, struct str kid, struct str alg, struct str message,
                       const struct signature *signature)
{
    AUTO(held) struct ring *ring = ring_hold(keys);
    const struct key *key = find(ring, now_us, kid);

    if (key == NULL)
        return fail(ERR_MISSING, "no such key");
    if (!str_equal(alg, str_of(algorithm_name(key->algorithm))))
        return fail(ERR_CONFLICT, "the key is for another algorithm");
    return signature_check(key->check, message, signature);
}

bool keyring_knows(struct keyring *keys, int64_t now_us, struct str kid)
{
    AUTO(held) struct ring *ring = ring_hold(keys);
    return find(ring, now_us, kid) != NULL;
}

struct seen *keyring_seen(struct keyring *keys)
{
    return keys->seen;
}

/* ---- for everybody ---- */

struct str keyring_jwks(struct keyring *keys, int64_t now_us, struct arena *mem)
{
    AUTO(held) struct ring *ring = ring_hold(keys);
    struct buf text = buf_new(mem, 256 * (ring->count + 1));

    buf_add(&text, STR("{\"keys\":["));
    for (size_t i = 0, shown = 0; i < ring->count; i++) {
        const struct key *key = &ring->items[i];
        if (!still_checks(key, now_us))
            continue;
        buf_add(&text, shown++ > 0 ? STR(",") : STR(""));
        buf_add(&text, str_slice(str_of(key->jwk), 0, strlen(key->jwk) - 1)); /* goes on before its brace */
        buf_printf(&text, ",\"kid\":\"%s\",\"use\":\"sig\",\"alg\":\"%s\"}", key->kid, algorithm_name(key->algorithm));
    }
    buf_add(&text, STR("]}"));
    return buf_str(&text);
}
