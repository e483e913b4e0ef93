#include "token/jwks.h"
#include "json/read.h"
#include "token/jwk.h"
#include "token/jws.h"
#include "token/keyring.h"

static bool member_is(const struct json *jwk, const char *name, const char *wanted)
{
    struct str value = { 0 };
    return json_get_str(jwk, name, &value) && str_equal(value, str_of(wanted));
}

/* RFC 8725 3.1: "each key MUST be used with exactly one algorithm".  An RSA key is for two of ours, so it has to say which. */
static bool algorithm_of(const struct json *jwk, enum algorithm *out)
{
    struct str word = { 0 };
    if (json_get(jwk, "alg") != NULL)
        return json_get_str(jwk, "alg", &word) && algorithm_find(word, out);
    *out = member_is(jwk, "kty", "OKP") ? ALGORITHM_EDDSA : ALGORITHM_ES256;
    return !member_is(jwk, "kty", "RSA");
}

static enum err key_of(struct arena *mem, const struct json *jwk, struct check_key **out)
{
    enum algorithm algorithm;
    struct public_key key;
    if (!algorithm_of(jwk, &algorithm))
        return fail(ERR_INVALID, "a key without an alg of ES256, EdDSA, RS256 or PS256");
    TRY(jwk_read(mem, json_text(mem, jwk), algorithm, &key));
    return check_key_make(&key, out);
}

static enum err tree_of(struct str jwks, struct json **tree, const struct json **keys)
{
    if (jwks.len > JWKS_MAX)
        return fail(ERR_INVALID, "a key set of more than %d bytes", JWKS_MAX);
    TRY(json_tree(jwks, tree));
    *keys = json_get(*tree, "keys");
    if (*keys == NULL || json_size(*keys) == 0 || json_size(*keys) > JWKS_KEYS_MAX || json_at(*keys, 0) == NULL)
        return fail(ERR_INVALID, "no key set of 1 to %d keys", JWKS_KEYS_MAX);
    return OK;
}

static bool has_kid(const struct json *jwk, struct str kid)
{
    struct str own = { 0 };
    return json_get_str(jwk, "kid", &own) && str_equal(own, kid);
}

static enum err kid_fit(const struct json *keys, size_t at)
{
    struct str kid = { 0 };
    bool named = json_get_str(json_at(keys, at), "kid", &kid);
    if (json_size(keys) > 1 && (!named || kid.len == 0 || kid.len > KID_MAX))
        return fail(ERR_INVALID, "several keys, and one without a kid of 1 to %d bytes", KID_MAX);
    for (size_t i = 0; named && i < at; i++)
        if (has_kid(json_at(keys, i), kid))
            return fail(ERR_INVALID, "two keys with one kid");
    return OK;
}

enum err jwks_fit(struct arena *mem, struct str jwks)
{
    AUTO(json_tree) struct json *tree = NULL;
    const struct json *keys = NULL;
    TRY(tree_of(jwks, &tree, &keys));
    for (size_t i = 0; i < json_size(keys); i++) {
        AUTO(check_key) struct check_key *key = NULL;
        if (json_get(json_at(keys, i), "d") != NULL)
            return fail(ERR_INVALID, "a private key: it must stay with the client; give its public half only");
        TRY(kid_fit(keys, i));
        TRY(key_of(mem, json_at(keys, i), &key));
    }
    return OK;
}

static const struct json *find(const struct json *keys, struct str kid)
{
    if (kid.ptr == NULL)
        return json_size(keys) == 1 ? json_at(keys, 0) : NULL;
    for (size_t i = 0; i < json_size(keys); i++)
        if (has_kid(json_at(keys, i), kid))
            return json_at(keys, i);
    return NULL;
}

enum err jwks_check(struct arena *mem, struct str jwks, struct str token, struct str *payload)
{
    AUTO(json_tree) struct json *tree = NULL;
    AUTO(check_key) struct check_key *key = NULL;
    const struct json *keys = NULL;
    struct jws jws;
    struct jws_header header;
    TRY(jws_split(token, &jws));
    TRY(jws_read_header(mem, &jws, &header));
    TRY(tree_of(jwks, &tree, &keys));
    const struct json *jwk = find(keys, header.kid);
    if (jwk == NULL)
        return fail(ERR_MISSING, "no such key");
    TRY(key_of(mem, jwk, &key));
    return jws_check(mem, token, key, payload);
}
