#include "crypto/key_own.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define CURVE "prime256v1" /* the library's name of P-256 */

static void builder_drop(OSSL_PARAM_BLD **builder)
{
    OSSL_PARAM_BLD_free(*builder);
}

static void params_drop(OSSL_PARAM **params)
{
    OSSL_PARAM_free(*params);
}

static void number_drop(BIGNUM **number)
{
    BN_free(*number);
}

void check_key_drop(struct check_key **key)
{
    if (*key != NULL)
        ready_drop(&(*key)->with);
    free(*key);
    *key = NULL;
}

enum algorithm check_key_algorithm(const struct check_key *key)
{
    return key->open.algorithm;
}

static EVP_PKEY *key_from(const char *type, OSSL_PARAM *parts)
{
    AUTO(context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parts) != 1)
        return NULL;
    return key;
}

/* The library checks that the point lies on the curve when it reads the text form (SEC 1 2.3.4). */
static FALLIBLE take_point(struct check_key *key)
{
    const struct ec_point *point = &key->open.point;
    uint8_t text[1 + sizeof *point] = { 0x04 }; /* SEC 1 2.3.3: not compressed */
    char group[] = CURVE;
    OSSL_PARAM parts[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, text, sizeof text),
        OSSL_PARAM_construct_end(),
    };

    memcpy(text + 1, point->x, sizeof point->x);
    memcpy(text + 1 + sizeof point->x, point->y, sizeof point->y);
    key->with.key = key_from("EC", parts);
    return key->with.key != NULL ? OK : key_library_failed(ERR_INVALID, "no point of P-256");
}

static EVP_PKEY *rsa_from(const struct public_key *open)
{
    AUTO(builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    AUTO(number) BIGNUM *n = BN_bin2bn(open->rsa.n, (int)open->rsa.n_len, NULL);
    AUTO(number) BIGNUM *e = BN_bin2bn(open->rsa.e, (int)open->rsa.e_len, NULL);

    if (builder == NULL || n == NULL || e == NULL || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) != 1)
        return NULL;
    AUTO(params) OSSL_PARAM *parts = OSSL_PARAM_BLD_to_param(builder);
    return parts == NULL ? NULL : key_from("RSA", parts);
}

/* An exponent of 1 would sign nothing, and an even one has no private half. */
static bool rsa_fits(const struct public_key *open)
{
    const uint8_t *n = open->rsa.n, *e = open->rsa.e;
    size_t n_len = open->rsa.n_len, e_len = open->rsa.e_len;

    if (n_len < RSA_LEAST / 8 || n_len > RSA_MOST / 8 || e_len < 1 || e_len > RSA_EXPONENT_MAX || e[0] == 0)
        return false;
    bool least = n_len > RSA_LEAST / 8 || n[0] >= 0x80;
    return n[0] != 0 && least && (n[n_len - 1] & 1) == 1 && (e[e_len - 1] & 1) == 1 && (e_len > 1 || e[0] >= 3);
}

static FALLIBLE take_rsa(struct check_key *key)
{
    if (!rsa_fits(&key->open))
        return fail(ERR_INVALID, "no RSA key of %d to %d bits with an odd exponent", RSA_LEAST, RSA_MOST);
    key->with.key = rsa_from(&key->open);
    return key->with.key != NULL ? OK : key_library_failed(ERR_INVALID, "no RSA key");
}

static FALLIBLE take_ed25519(const struct check_key *key)
{
    if (crypto_core_ed25519_is_valid_point(key->open.ed25519) != 1)
        return fail(ERR_INVALID, "no point of Ed25519");
    return OK;
}

static FALLIBLE take(struct check_key *key)
{
    switch (key->open.algorithm) {
    case ALGORITHM_ES256:
        return take_point(key);
    case ALGORITHM_EDDSA:
        return take_ed25519(key);
    case ALGORITHM_RS256:
    case ALGORITHM_PS256:
        return take_rsa(key);
    }
    return fail(ERR_INVALID, "no such algorithm");
}

FALLIBLE check_key_make(const struct public_key *from, struct check_key **out)
{
    AUTO(check_key) struct check_key *fresh = key_record_new(sizeof *fresh);

    fresh->open = *from;
    TRY(take(fresh));
    TRY(ready_make(&fresh->with, from->algorithm, EVP_PKEY_verify_init));
    *out = fresh;
    fresh = NULL;
    return OK;
}

FALLIBLE check_key_from_point(const struct ec_point *point, struct check_key **out)
{
    const struct public_key key = { .algorithm = ALGORITHM_ES256, .point = *point };

    return check_key_make(&key, out);
}
