#include "token/keyring.h"
#include "base/buf.h"
#include "base/secret.h"
#include "crypto/base64url.h"
#include "json/write.h"
#include "token/key_files.h"

#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 32 /* keys in one folder; each is looked at for every token */
#define KID_LEN  43 /* base64url of 32 bytes */

struct key {
    char kid[KID_LEN + 1];
    struct ec_point point;
    struct sign_key *sign;
    struct check_key *check;
    int64_t made_at;
};

struct keyring {
    size_t count;
    struct key items[KEYS_MAX]; /* the newest first; it is the active one */
};

static struct str kid_of(const struct key *key)
{
    return (struct str){ key->kid, KID_LEN };
}

static struct str coordinate(struct arena *mem, const uint8_t is[static 32])
{
    return base64url_encode(mem, (struct str){ (const char *)is, 32 });
}

struct str key_thumbprint(struct arena *mem, const struct ec_point *point)
{
    /* RFC 7638 3.2, 3.3: the required members of the key type, in lexicographic order, without blanks. */
    const struct str text = arena_printf(mem, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%.*s\",\"y\":\"%.*s\"}",
                                         STR_ARG(coordinate(mem, point->x)), STR_ARG(coordinate(mem, point->y)));
    const struct digest digest = digest_of(text);
    return base64url_encode(mem, (struct str){ (const char *)digest.is, sizeof digest.is });
}

static void key_drop(struct key *key)
{
    sign_key_drop(&key->sign);
    check_key_drop(&key->check);
}

void keyring_drop(struct keyring **keys)
{
    for (size_t i = 0; *keys != NULL && i < (*keys)->count; i++)
        key_drop(&(*keys)->items[i]);
    free(*keys);
    *keys = NULL;
}

static void set_kid(struct key *key)
{
    AUTO(arena) struct arena *mem = arena_new();
    memcpy(key->kid, key_thumbprint(mem, &key->point).ptr, KID_LEN);
}

/* Takes one key file in; called for each in the folder. */
static FALLIBLE add_key(void *to, const struct key_file *file)
{
    struct keyring *keys = to;
    if (keys->count == KEYS_MAX)
        return fail(ERR_INTERNAL, "more than %d keys", KEYS_MAX);
    struct key *key = &keys->items[keys->count++]; /* counted at once: keyring_drop drops what is half built */
    key->made_at = file->made_at;
    TRY(sign_key_read(secret_view(&file->pem), &key->sign));
    sign_key_point(key->sign, &key->point);
    TRY(check_key_from_point(&key->point, &key->check));
    set_kid(key);
    return str_equal(file->kid, kid_of(key)) ? OK : fail(ERR_INVALID, "its name is not its thumbprint");
}

static int newest_first(const void *left, const void *right)
{
    const struct key *a = left, *b = right;
    if (a->made_at != b->made_at)
        return a->made_at > b->made_at ? -1 : 1;
    return memcmp(b->kid, a->kid, KID_LEN); /* any order, but the same in every process */
}

static FALLIBLE make_key(const struct key_folder *folder)
{
    AUTO(sign_key) struct sign_key *key = NULL;
    AUTO(secret) struct secret pem = { 0 };
    AUTO(arena) struct arena *mem = arena_new();
    struct ec_point point;

    TRY(sign_key_make(&key));
    TRY(sign_key_write(key, &pem));
    sign_key_point(key, &point);
    return key_folder_write(folder, key_thumbprint(mem, &point), secret_view(&pem));
}

static FALLIBLE open_ring(struct str path, bool make, struct keyring **out)
{
    AUTO(key_folder) struct key_folder *folder = NULL;
    AUTO(keyring) struct keyring *keys = calloc(1, sizeof *keys);

    if (keys == NULL)
        die("out of memory (%zu bytes)", sizeof *keys);
    TRY(key_folder_open(path, make,
                        &folder)); /* holds the lock: of two processes that start at once, one makes the key */
    TRY(key_folder_each(folder, add_key, keys));
    if (keys->count == 0 && !make)
        return fail(ERR_MISSING, "there is no key in %.*s", STR_ARG(path));
    if (keys->count == 0) {
        TRY(make_key(folder));
        TRY(key_folder_each(folder, add_key, keys));
    }
    qsort(keys->items, keys->count, sizeof *keys->items, newest_first);
    *out = keys;
    keys = NULL;
    return OK;
}

FALLIBLE keyring_open(struct str path, struct keyring **out)
{
    return open_ring(path, true, out);
}

FALLIBLE keyring_look(struct str path, struct keyring **out)
{
    return open_ring(path, false, out);
}

FALLIBLE keyring_list(const struct keyring *keys, struct arena *mem, struct key_row **rows, size_t *count)
{
    struct key_row *list = ARENA_ARRAY(mem, struct key_row, keys->count);
    for (size_t i = 0; i < keys->count; i++) {
        const struct key *key = &keys->items[i];
        list[i] = (struct key_row){
            .kid = arena_copy(mem, kid_of(key)),
            .state = i == 0 ? STR("active") : STR("valid"),
            .algorithm = STR("ES256"),
            .made_at = key->made_at,
            .point = key->point,
        };
    }
    *rows = list;
    *count = keys->count;
    return OK;
}

FALLIBLE keyring_sign(struct keyring *keys, struct str message, struct str *kid, struct signature *out)
{
    if (keys->count == 0)
        return fail(ERR_INTERNAL, "no active signing key");
    TRY(signature_sign(keys->items[0].sign, message, out));
    *kid = kid_of(&keys->items[0]);
    return OK;
}

struct str keyring_active(const struct keyring *keys)
{
    return keys->count == 0 ? (struct str){ 0 } : kid_of(&keys->items[0]);
}

FALLIBLE keyring_check(struct keyring *keys, struct str kid, struct str message, const struct signature *signature)
{
    for (size_t i = 0; i < keys->count; i++)
        if (str_equal(kid_of(&keys->items[i]), kid))
            return signature_check(keys->items[i].check, message, signature);
    return fail(ERR_MISSING, "no such key");
}

struct jwk {
    struct str kty, crv, x, y, kid, use, alg;
};

struct jwk_set {
    struct list keys;
};

static const struct field jwk_view[] = {
    VIEW(struct jwk, kty), VIEW(struct jwk, crv), VIEW(struct jwk, x),   VIEW(struct jwk, y),
    VIEW(struct jwk, kid), VIEW(struct jwk, use), VIEW(struct jwk, alg), FIELD_END,
};

static const struct field jwk_set_view[] = {
    VIEW_OBJECTS(struct jwk_set, keys, jwk_view, struct jwk),
    FIELD_END,
};

struct str keyring_jwks(const struct keyring *keys, struct arena *mem)
{
    struct jwk *list = ARENA_ARRAY(mem, struct jwk, keys->count);
    struct jwk_set set = { .keys = { list, keys->count } };
    struct buf text = buf_new(mem, 256 * (keys->count + 1));

    for (size_t i = 0; i < keys->count; i++) {
        const struct key *key = &keys->items[i];
        list[i] = (struct jwk){
            .kty = STR("EC"),
            .crv = STR("P-256"),
            .x = coordinate(mem, key->point.x),
            .y = coordinate(mem, key->point.y),
            .kid = kid_of(key),
            .use = STR("sig"),
            .alg = STR("ES256"),
        };
    }
    json_write(&text, jwk_set_view, &set);
    return buf_str(&text);
}
