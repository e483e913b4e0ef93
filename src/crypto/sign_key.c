#include "base/secret.h"
#include "crypto/key_own.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define CURVE     "prime256v1" /* the library's name of P-256 */
#define PEM_FIRST "-----BEGIN PRIVATE KEY-----"
#define DER_MAX   4096 /* bytes of PKCS#8; RSA of 4096 bits has 2,375 */

static void stream_drop(BIO **stream)
{
    BIO_free(*stream);
}

static void number_drop(BIGNUM **number)
{
    BN_free(*number);
}

static void envelope_drop(PKCS8_PRIV_KEY_INFO **envelope)
{
    PKCS8_PRIV_KEY_INFO_free(*envelope);
}

void sign_key_drop(struct sign_key **key)
{
    if (*key != NULL) {
        ready_drop(&(*key)->with);
        wipe((*key)->ed25519, sizeof(*key)->ed25519);
    }
    free(*key);
    *key = NULL;
}

const struct public_key *sign_key_public(const struct sign_key *key)
{
    return &key->open;
}

static bool is_p256(const EVP_PKEY *key)
{
    char group[sizeof CURVE] = "";
    size_t len = 0;
    return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1 &&
           str_equal(str_of(group), STR(CURVE));
}

static bool fits(const EVP_PKEY *key, enum algorithm algorithm)
{
    switch (algorithm) {
    case ALGORITHM_ES256:
        return is_p256(key);
    case ALGORITHM_EDDSA:
        return EVP_PKEY_is_a(key, "ED25519") == 1;
    case ALGORITHM_RS256:
    case ALGORITHM_PS256:
        return EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) >= RSA_LEAST &&
               EVP_PKEY_get_bits(key) <= RSA_MOST;
    }
    return false;
}

static bool coordinate(const EVP_PKEY *key, const char *name, uint8_t out[static 32])
{
    AUTO(number) BIGNUM *number = NULL;
    return EVP_PKEY_get_bn_param(key, name, &number) == 1 && BN_bn2binpad(number, out, 32) == 32;
}

static bool shortest(const EVP_PKEY *key, const char *name, uint8_t *out, size_t room, size_t *len)
{
    AUTO(number) BIGNUM *number = NULL;
    if (EVP_PKEY_get_bn_param(key, name, &number) != 1 || (size_t)BN_num_bytes(number) > room)
        return false;
    *len = (size_t)BN_bn2bin(number, out);
    return true;
}

static bool read_ed25519(struct sign_key *key)
{
    uint8_t seed[32];
    size_t len = sizeof seed;
    bool good = EVP_PKEY_get_raw_private_key(key->with.key, seed, &len) == 1 && len == sizeof seed;

    if (good)
        crypto_sign_ed25519_seed_keypair(key->open.ed25519, key->ed25519, seed);
    wipe(seed, sizeof seed);
    return good;
}

static bool read_open(struct sign_key *key)
{
    const EVP_PKEY *from = key->with.key;
    struct public_key *open = &key->open;

    if (open->algorithm == ALGORITHM_ES256)
        return coordinate(from, OSSL_PKEY_PARAM_EC_PUB_X, open->point.x) &&
               coordinate(from, OSSL_PKEY_PARAM_EC_PUB_Y, open->point.y);
    if (open->algorithm == ALGORITHM_EDDSA)
        return read_ed25519(key);
    return shortest(from, OSSL_PKEY_PARAM_RSA_N, open->rsa.n, sizeof open->rsa.n, &open->rsa.n_len) &&
           shortest(from, OSSL_PKEY_PARAM_RSA_E, open->rsa.e, sizeof open->rsa.e, &open->rsa.e_len);
}

/* A file whose two halves come from different keys would sign what nobody can check.  Ed25519 has its public half made
 * from the other. */
static FALLIBLE halves_fit(EVP_PKEY *key, enum algorithm algorithm)
{
    if (algorithm == ALGORITHM_EDDSA)
        return OK;
    AUTO(context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (context == NULL || EVP_PKEY_pairwise_check(context) != 1)
        return key_library_failed(ERR_INVALID, "the halves of the key don't fit");
    return OK;
}

/* Takes over the key, which may be NULL. */
static FALLIBLE sign_key_from(EVP_PKEY *key, enum algorithm algorithm, struct sign_key **out)
{
    AUTO(sign_key) struct sign_key *fresh = key_record_new(sizeof *fresh);
    fresh->with.key = key;
    fresh->open.algorithm = algorithm;
    if (key == NULL || !fits(key, algorithm))
        return key_library_failed(ERR_INVALID, "no private key of the algorithm");
    TRY(halves_fit(key, algorithm));
    TRY(ready_make(&fresh->with, algorithm, EVP_PKEY_sign_init));
    if (!read_open(fresh))
        return key_library_failed(ERR_INTERNAL, "read a public key");
    *out = fresh;
    fresh = NULL;
    return OK;
}

FALLIBLE sign_key_make(enum algorithm algorithm, struct sign_key **out)
{
    EVP_PKEY *key = algorithm == ALGORITHM_ES256   ? EVP_EC_gen(CURVE)
                    : algorithm == ALGORITHM_EDDSA ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                                   : EVP_RSA_gen(RSA_MADE);
    if (key == NULL)
        return key_library_failed(ERR_INTERNAL, "make a key");
    return sign_key_from(key, algorithm, out);
}

/* Bytes behind the key would be kept by nobody, so they are refused. */
FALLIBLE sign_key_read(enum algorithm algorithm, struct str der, struct sign_key **out)
{
    const uint8_t *at = (const uint8_t *)der.ptr;

    if (der.len == 0 || der.len > DER_MAX)
        return fail(ERR_INVALID, "no PKCS#8 key in DER");
    AUTO(envelope) PKCS8_PRIV_KEY_INFO *envelope = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.len);
    if (envelope == NULL || at != (const uint8_t *)der.ptr + der.len)
        return key_library_failed(ERR_INVALID, "no PKCS#8 key in DER");
    return sign_key_from(EVP_PKCS82PKEY(envelope), algorithm, out);
}

/* The library would otherwise ask at the terminal. */
static int no_passphrase(char *out __attribute__((unused)), int room __attribute__((unused)),
                         int writing __attribute__((unused)), void *user __attribute__((unused)))
{
    return -1;
}

FALLIBLE sign_key_read_pem(enum algorithm algorithm, struct str pem, struct sign_key **out)
{
    if (!str_starts(pem, STR(PEM_FIRST)) || pem.len > INT32_MAX)
        return fail(ERR_INVALID, "no PKCS#8 key in PEM");
    AUTO(stream) BIO *stream = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    if (stream == NULL)
        return key_library_failed(ERR_INTERNAL, "read a key");
    return sign_key_from(PEM_read_bio_PrivateKey(stream, NULL, no_passphrase, NULL), algorithm, out);
}

FALLIBLE sign_key_write(const struct sign_key *key, struct secret *der)
{
    AUTO(stream) BIO *stream = BIO_new(BIO_s_secmem()); /* wipes what it held */
    char *text = NULL;

    if (stream == NULL || i2d_PKCS8PrivateKey_bio(stream, key->with.key, NULL, NULL, 0, NULL, NULL) != 1)
        return key_library_failed(ERR_INTERNAL, "write a key");
    const long len = BIO_get_mem_data(stream, &text);
    *der = secret_copy((struct str){ text, (size_t)len });
    return OK;
}
