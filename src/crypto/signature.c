#include "crypto/der.h"
#include "crypto/key_own.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdlib.h>

static const char *const names[] = {
    [ALGORITHM_ES256] = "ES256",
    [ALGORITHM_EDDSA] = "EdDSA",
    [ALGORITHM_RS256] = "RS256",
    [ALGORITHM_PS256] = "PS256",
};

const char *algorithm_name(enum algorithm algorithm)
{
    return names[algorithm];
}

bool algorithm_find(struct str name, enum algorithm *out)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_equal(name, str_of(names[i]))) {
            *out = (enum algorithm)i;
            return true;
        }
    return false;
}

enum err key_library_failed(enum err end, const char *doing)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    enum err ended = fail(end, "%s: %s", doing, reason != NULL ? reason : "no reason given");
    ERR_clear_error();
    return ended;
}

void *key_record_new(size_t size)
{
    void *record = calloc(1, size);
    if (record == NULL)
        die("out of memory (%zu bytes)", size);
    return record;
}

void ready_drop(struct ready *with)
{
    EVP_PKEY_CTX_free(with->begun);
    EVP_PKEY_free(with->key); /* wipes the private half */
    EVP_MD_free(with->hash);
}

/* RFC 7518 3.5: "The size of the salt value is the same size as the hash function output", MGF1 with the same hash. */
static bool set_padding(EVP_PKEY_CTX *context, enum algorithm algorithm, const EVP_MD *hash)
{
    if (algorithm == ALGORITHM_ES256)
        return true;
    if (EVP_PKEY_CTX_set_signature_md(context, hash) != 1)
        return false;
    if (algorithm == ALGORITHM_RS256)
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

FALLIBLE ready_make(struct ready *with, enum algorithm algorithm, int (*begin)(EVP_PKEY_CTX *))
{
    if (algorithm == ALGORITHM_EDDSA)
        return OK;
    with->hash = EVP_MD_fetch(NULL, "SHA256", NULL);
    with->begun = EVP_PKEY_CTX_new_from_pkey(NULL, with->key, NULL);
    if (with->hash == NULL || with->begun == NULL || begin(with->begun) != 1 ||
        !set_padding(with->begun, algorithm, with->hash))
        return key_library_failed(ERR_INTERNAL, "ready a key");
    return OK;
}

/* SHA-256 by this library, which uses the processor's own instructions, a third of the cost of the portable one. */
static FALLIBLE hash(const struct ready *with, struct str message, struct digest *out)
{
    if (EVP_Digest(message.ptr, message.len, out->is, NULL, with->hash, NULL) != 1)
        return key_library_failed(ERR_INTERNAL, "hash a message");
    return OK;
}

static FALLIBLE sign_hash(const struct sign_key *key, struct str message, uint8_t *out, size_t *len)
{
    struct digest digest;

    TRY(hash(&key->with, message, &digest));
    AUTO(context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_dup(key->with.begun);
    if (context == NULL || EVP_PKEY_sign(context, out, len, digest.is, sizeof digest.is) != 1)
        return key_library_failed(ERR_INTERNAL, "sign");
    return OK;
}

static FALLIBLE sign_es256(const struct sign_key *key, struct str message, struct signature *out)
{
    uint8_t der[DER_SIGNATURE_MAX];
    size_t len = sizeof der;

    TRY(sign_hash(key, message, der, &len));
    if (!der_read((struct str){ (const char *)der, len }, out))
        return fail(ERR_INTERNAL, "sign: a signature of another form");
    return OK;
}

static FALLIBLE sign_rsa(const struct sign_key *key, struct str message, struct signature *out)
{
    size_t len = sizeof out->is;

    TRY(sign_hash(key, message, out->is, &len));
    out->len = len;
    return OK;
}

static FALLIBLE sign_eddsa(const struct sign_key *key, struct str message, struct signature *out)
{
    crypto_sign_ed25519_detached(out->is, NULL, (const uint8_t *)message.ptr, message.len, key->ed25519);
    out->len = ED25519_BYTES;
    return OK;
}

size_t signature_length(const struct sign_key *key)
{
    switch (sign_key_public(key)->algorithm) {
    case ALGORITHM_ES256:
        return ES256_BYTES;
    case ALGORITHM_EDDSA:
        return ED25519_BYTES;
    case ALGORITHM_RS256:
    case ALGORITHM_PS256:
        break;
    }
    return sign_key_public(key)->rsa.n_len;
}

FALLIBLE signature_sign(const struct sign_key *key, struct str message, struct signature *out)
{
    switch (key->open.algorithm) {
    case ALGORITHM_ES256:
        return sign_es256(key, message, out);
    case ALGORITHM_EDDSA:
        return sign_eddsa(key, message, out);
    case ALGORITHM_RS256:
    case ALGORITHM_PS256:
        return sign_rsa(key, message, out);
    }
    return fail(ERR_INTERNAL, "sign: no such algorithm");
}

static FALLIBLE check_hash(const struct check_key *key, struct str message, const uint8_t *bytes, size_t len)
{
    struct digest digest;

    TRY(hash(&key->with, message, &digest));
    AUTO(context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_dup(key->with.begun);
    if (context == NULL)
        return key_library_failed(ERR_INTERNAL, "check a signature");
    if (EVP_PKEY_verify(context, bytes, len, digest.is, sizeof digest.is) == 1)
        return OK;
    return key_library_failed(ERR_DENIED, "check a signature");
}

static FALLIBLE check_es256(const struct check_key *key, struct str message, const struct signature *signature)
{
    uint8_t der[DER_SIGNATURE_MAX];

    if (!der_in_range(signature))
        return fail(ERR_DENIED, "R or S out of range");
    return check_hash(key, message, der, der_write(signature, der));
}

/* libsodium refuses points of small order and an S past the order of the group (RFC 8032 5.1.7). */
static FALLIBLE check_eddsa(const struct check_key *key, struct str message, const struct signature *signature)
{
    if (crypto_sign_ed25519_verify_detached(signature->is, (const uint8_t *)message.ptr, message.len,
                                            key->open.ed25519) != 0)
        return fail(ERR_DENIED, "check a signature: it does not match");
    return OK;
}

static size_t length_of(const struct public_key *key)
{
    switch (key->algorithm) {
    case ALGORITHM_ES256:
        return ES256_BYTES;
    case ALGORITHM_EDDSA:
        return ED25519_BYTES;
    case ALGORITHM_RS256:
    case ALGORITHM_PS256:
        return key->rsa.n_len;
    }
    return 0;
}

FALLIBLE signature_check(const struct check_key *key, struct str message, const struct signature *signature)
{
    if (signature->len != length_of(&key->open))
        return fail(ERR_INVALID, "a signature of %zu bytes", signature->len);
    switch (key->open.algorithm) {
    case ALGORITHM_ES256:
        return check_es256(key, message, signature);
    case ALGORITHM_EDDSA:
        return check_eddsa(key, message, signature);
    case ALGORITHM_RS256:
    case ALGORITHM_PS256:
        return check_hash(key, message, signature->is, signature->len);
    }
    return fail(ERR_INTERNAL, "check a signature: no such algorithm");
}

FALLIBLE signature_from_der(struct str der, struct signature *out)
{
    if (!der_read(der, out))
        return fail(ERR_INVALID, "no signature in DER");
    return OK;
}
