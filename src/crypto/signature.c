#include "crypto/signature.h"
#include "base/secret.h"
#include "crypto/der.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define CURVE     "prime256v1" /* the library's name of P-256 */
#define PEM_FIRST "-----BEGIN PRIVATE KEY-----"

/* A key, and what the library would look up on each call: the hash, and a context that is ready.  Neither is changed
 * once made, so threads share them; each call works on a copy of the context. */
struct ready {
    EVP_PKEY *key;
    EVP_PKEY_CTX *begun;
    EVP_MD *hash;
};

struct sign_key {
    struct ready with;
    struct ec_point point;
};

struct check_key {
    struct ready with;
};

/* The library's own names for dropping, in the form that AUTO wants. */
static void context_drop(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

static void stream_drop(BIO **stream)
{
    BIO_free(*stream);
}

static void number_drop(BIGNUM **number)
{
    BN_free(*number);
}

static void pkey_drop(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

/* The end of a call into the library that went wrong; its list of errors is left empty. */
static enum err library(enum err end, const char *doing)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    enum err ended = fail(end, "%s: %s", doing, reason != NULL ? reason : "no reason given");
    ERR_clear_error();
    return ended;
}

static void *record_new(size_t size)
{
    void *record = calloc(1, size);
    if (record == NULL)
        die("out of memory (%zu bytes)", size);
    return record;
}

static void ready_drop(struct ready *with)
{
    EVP_PKEY_CTX_free(with->begun);
    EVP_PKEY_free(with->key); /* wipes the private half */
    EVP_MD_free(with->hash);
}

static FALLIBLE ready_make(struct ready *with, int (*begin)(EVP_PKEY_CTX *))
{
    with->hash = EVP_MD_fetch(NULL, "SHA256", NULL);
    with->begun = EVP_PKEY_CTX_new_from_pkey(NULL, with->key, NULL);
    if (with->hash == NULL || with->begun == NULL || begin(with->begun) != 1)
        return library(ERR_INTERNAL, "ready a key");
    return OK;
}

void sign_key_drop(struct sign_key **key)
{
    if (*key != NULL)
        ready_drop(&(*key)->with);
    free(*key);
    *key = NULL;
}

void check_key_drop(struct check_key **key)
{
    if (*key != NULL)
        ready_drop(&(*key)->with);
    free(*key);
    *key = NULL;
}

static bool is_p256(const EVP_PKEY *key)
{
    char group[sizeof CURVE] = "";
    size_t len = 0;
    return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1 &&
           str_equal(str_of(group), STR(CURVE));
}

static bool coordinate(const EVP_PKEY *key, const char *name, uint8_t out[static 32])
{
    AUTO(number) BIGNUM *number = NULL;
    return EVP_PKEY_get_bn_param(key, name, &number) == 1 && BN_bn2binpad(number, out, 32) == 32;
}

static FALLIBLE read_point(const EVP_PKEY *key, struct ec_point *out)
{
    if (!coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, out->x) || !coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, out->y))
        return library(ERR_INTERNAL, "read a public key");
    return OK;
}

/* A file whose two halves come from different keys would sign what nobody can check. */
static FALLIBLE halves_fit(EVP_PKEY *key)
{
    AUTO(context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (context == NULL || EVP_PKEY_pairwise_check(context) != 1)
        return library(ERR_INVALID, "the halves of the key don't fit");
    return OK;
}

/* Takes over the key, which may be NULL. */
static FALLIBLE sign_key_from(EVP_PKEY *key, struct sign_key **out)
{
    AUTO(sign_key) struct sign_key *fresh = record_new(sizeof *fresh);
    fresh->with.key = key;
    if (key == NULL || !is_p256(key))
        return library(ERR_INVALID, "no private key of P-256");
    TRY(halves_fit(key));
    TRY(ready_make(&fresh->with, EVP_PKEY_sign_init));
    TRY(read_point(key, &fresh->point));
    *out = fresh;
    fresh = NULL;
    return OK;
}

FALLIBLE sign_key_make(struct sign_key **out)
{
    EVP_PKEY *key = EVP_EC_gen(CURVE);
    if (key == NULL)
        return library(ERR_INTERNAL, "make a key");
    return sign_key_from(key, out);
}

/* The library would otherwise ask at the terminal. */
static int no_passphrase(char *out __attribute__((unused)), int room __attribute__((unused)),
                         int writing __attribute__((unused)), void *user __attribute__((unused)))
{
    return -1;
}

FALLIBLE sign_key_read(struct str pem, struct sign_key **out)
{
    if (!str_starts(pem, STR(PEM_FIRST)) || pem.len > INT32_MAX)
        return fail(ERR_INVALID, "no PKCS#8 key in PEM");
    AUTO(stream) BIO *stream = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    if (stream == NULL)
        return library(ERR_INTERNAL, "read a key");
    return sign_key_from(PEM_read_bio_PrivateKey(stream, NULL, no_passphrase, NULL), out);
}

FALLIBLE sign_key_write(const struct sign_key *key, struct secret *pem)
{
    AUTO(stream) BIO *stream = BIO_new(BIO_s_mem()); /* wipes what it held */
    char *text = NULL;

    if (stream == NULL || PEM_write_bio_PKCS8PrivateKey(stream, key->with.key, NULL, NULL, 0, NULL, NULL) != 1)
        return library(ERR_INTERNAL, "write a key");
    const long len = BIO_get_mem_data(stream, &text);
    *pem = secret_copy((struct str){ text, (size_t)len });
    return OK;
}

void sign_key_point(const struct sign_key *key, struct ec_point *out)
{
    *out = key->point;
}

/* The library checks that the point lies on the curve when it reads the text form (SEC 1 2.3.4). */
static EVP_PKEY *key_from_point(const struct ec_point *point)
{
    uint8_t text[1 + sizeof *point] = { 0x04 }; /* SEC 1 2.3.3: not compressed */
    char group[] = CURVE;
    memcpy(text + 1, point->x, sizeof point->x);
    memcpy(text + 1 + sizeof point->x, point->y, sizeof point->y);
    OSSL_PARAM parts[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, text, sizeof text),
        OSSL_PARAM_construct_end(),
    };
    AUTO(context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    AUTO(pkey) EVP_PKEY *key = NULL;
    if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parts) != 1)
        return NULL;
    EVP_PKEY *done = key;
    key = NULL;
    return done;
}

FALLIBLE check_key_from_point(const struct ec_point *point, struct check_key **out)
{
    AUTO(check_key) struct check_key *fresh = record_new(sizeof *fresh);
    fresh->with.key = key_from_point(point);
    if (fresh->with.key == NULL)
        return library(ERR_INVALID, "no point of P-256");
    TRY(ready_make(&fresh->with, EVP_PKEY_verify_init));
    *out = fresh;
    fresh = NULL;
    return OK;
}

/* SHA-256 by this library, which uses the processor's own instructions, a third of the cost of the portable one. */
static FALLIBLE hash(const struct ready *with, struct str message, struct digest *out)
{
    if (EVP_Digest(message.ptr, message.len, out->is, NULL, with->hash, NULL) != 1)
        return library(ERR_INTERNAL, "hash a message");
    return OK;
}

FALLIBLE signature_sign(const struct sign_key *key, struct str message, struct signature *out)
{
    uint8_t der[DER_SIGNATURE_MAX];
    size_t len = sizeof der;
    struct digest digest;

    TRY(hash(&key->with, message, &digest));
    AUTO(context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_dup(key->with.begun);
    if (context == NULL || EVP_PKEY_sign(context, der, &len, digest.is, sizeof digest.is) != 1)
        return library(ERR_INTERNAL, "sign");
    if (!der_read((struct str){ (const char *)der, len }, out))
        return fail(ERR_INTERNAL, "sign: a signature of another form");
    return OK;
}

FALLIBLE signature_check(const struct check_key *key, struct str message, const struct signature *signature)
{
    uint8_t der[DER_SIGNATURE_MAX];
    struct digest digest;

    if (!der_in_range(signature))
        return fail(ERR_DENIED, "R or S out of range");
    const size_t len = der_write(signature, der);
    TRY(hash(&key->with, message, &digest));
    AUTO(context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_dup(key->with.begun);
    const int good = context == NULL ? -1 : EVP_PKEY_verify(context, der, len, digest.is, sizeof digest.is);
    if (good == 1)
        return OK;
    return library(good == 0 ? ERR_DENIED : ERR_INTERNAL, "check a signature");
}

FALLIBLE signature_from_der(struct str der, struct signature *out)
{
    if (!der_read(der, out))
        return fail(ERR_INVALID, "no signature in DER");
    return OK;
}
