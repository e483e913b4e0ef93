#include "crypto/foreign_own.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#define FIELD_MAX     66 /* bytes of a coordinate of P-521 */
#define EXPONENT_MAX  4
#define ED25519_POINT 32
#define ED448_POINT   57

static const struct curve {
    const char *name; /* the library's */
    size_t bytes;     /* of a coordinate */
} curves[] = {
    [FOREIGN_P256] = { "prime256v1", 32 },
    [FOREIGN_P384] = { "secp384r1", 48 },
    [FOREIGN_P521] = { "secp521r1", 66 },
};

static const struct how {
    const char *kind; /* of the key, as the library calls it */
    enum foreign_hash hash;
    bool pss;
} hows[] = {
    [FOREIGN_ES256] = { "EC", FOREIGN_SHA256 },        [FOREIGN_ES384] = { "EC", FOREIGN_SHA384 },
    [FOREIGN_ES512] = { "EC", FOREIGN_SHA512 },        [FOREIGN_EDDSA] = { "ED25519", FOREIGN_SHA512 },
    [FOREIGN_ED448] = { "ED448", FOREIGN_SHA512 },     [FOREIGN_RS256] = { "RSA", FOREIGN_SHA256 },
    [FOREIGN_RS384] = { "RSA", FOREIGN_SHA384 },       [FOREIGN_RS512] = { "RSA", FOREIGN_SHA512 },
    [FOREIGN_PS256] = { "RSA", FOREIGN_SHA256, true }, [FOREIGN_PS384] = { "RSA", FOREIGN_SHA384, true },
    [FOREIGN_PS512] = { "RSA", FOREIGN_SHA512, true }, [FOREIGN_RS1] = { "RSA", FOREIGN_SHA1 },
};

static const char *const hashes[] = {
    [FOREIGN_SHA1] = "SHA1", [FOREIGN_SHA256] = "SHA256", [FOREIGN_SHA384] = "SHA384", [FOREIGN_SHA512] = "SHA512"
};

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

static void hashing_drop(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

void foreign_key_drop(struct foreign_key **key)
{
    if (*key != NULL)
        EVP_PKEY_free((*key)->is);
    free(*key);
    *key = NULL;
}

/* An exponent of 1 would sign nothing, an even one has no private half, and a long one works for whoever sent it. */
static bool rsa_fits(const EVP_PKEY *is)
{
    BIGNUM *exponent = NULL;
    const int bits = EVP_PKEY_get_bits(is);
    if (bits < RSA_LEAST || bits > RSA_MOST || EVP_PKEY_get_bn_param(is, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1)
        return false;
    AUTO(number) BIGNUM *e = exponent;
    return BN_is_odd(e) && !BN_is_one(e) && BN_num_bytes(e) <= EXPONENT_MAX;
}

/* Points of small order would take any message's signature (RFC 8032 has no such keys). */
static bool ed25519_fits(const EVP_PKEY *is)
{
    uint8_t point[ED25519_POINT];
    size_t len = sizeof point;
    return EVP_PKEY_get_raw_public_key(is, point, &len) == 1 && len == sizeof point &&
           crypto_core_ed25519_is_valid_point(point) == 1;
}

/* The same of Ed448: y is 0, 1 or -1 at its four points of small order and nowhere else (RFC 8032 5.2: the curve is
 * x^2 + y^2 = 1 + d x^2 y^2, the cofactor 4).  last is -1, or p - 1 with p = 2^448 - 2^224 - 1; more is not reduced. */
static bool ed448_fits(const EVP_PKEY *is)
{
    uint8_t point[ED448_POINT], last[ED448_POINT - 1];
    size_t len = sizeof point;

    memset(last, 0xff, sizeof last);
    last[0] = last[28] = 0xfe;
    return EVP_PKEY_get_raw_public_key(is, point, &len) == 1 && len == sizeof point && (point[56] & 0x7fU) == 0 &&
           sodium_compare(point, last, sizeof last) < 0 &&
           (point[0] > 1 || !sodium_is_zero(point + 1, sizeof last - 1));
}

static bool is_on(const EVP_PKEY *is, enum foreign_curve curve)
{
    char name[32];
    return EVP_PKEY_is_a(is, "EC") &&
           EVP_PKEY_get_utf8_string_param(is, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof name, NULL) == 1 &&
           strcmp(name, curves[curve].name) == 0;
}

static bool fits(const EVP_PKEY *is)
{
    if (EVP_PKEY_is_a(is, "RSA"))
        return rsa_fits(is);
    if (EVP_PKEY_is_a(is, "ED25519"))
        return ed25519_fits(is);
    if (EVP_PKEY_is_a(is, "ED448"))
        return ed448_fits(is);
    return is_on(is, FOREIGN_P256) || is_on(is, FOREIGN_P384) || is_on(is, FOREIGN_P521);
}

/* Takes over the key, which is NULL when there is none to be had. */
static FALLIBLE hold(EVP_PKEY *is, struct foreign_key **out)
{
    if (is == NULL)
        return key_library_failed(ERR_INVALID, "no public key that is taken");
    *out = key_record_new(sizeof **out);
    (*out)->is = is;
    return OK;
}

FALLIBLE foreign_key_adopt(EVP_PKEY *is, struct foreign_key **out)
{
    AUTO(foreign_key) struct foreign_key *fresh = NULL;

    TRY(hold(is, &fresh));
    if (!fits(is))
        return key_library_failed(ERR_INVALID, "no public key that is taken");
    *out = fresh;
    fresh = NULL;
    return OK;
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

/* Keys that have nothing but their parameters, for others to copy: to look a curve up and make its group costs half as much as
 * the check of a signature.  Made once, and only read from then on. */
static EVP_PKEY *parameters[sizeof curves / sizeof *curves];

static void make_parameters(void)
{
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
        AUTO(context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
        if (context == NULL || EVP_PKEY_paramgen_init(context) != 1 ||
            EVP_PKEY_CTX_set_group_name(context, curves[i].name) != 1 ||
            EVP_PKEY_paramgen(context, &parameters[i]) != 1)
            die("the library has no %s", curves[i].name);
    }
}

static EVP_PKEY *key_on(enum foreign_curve curve, const uint8_t *text, size_t len)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    AUTO(pkey) EVP_PKEY *key = EVP_PKEY_new();

    pthread_once(&once, make_parameters);
    if (key == NULL || EVP_PKEY_copy_parameters(key, parameters[curve]) != 1 ||
        EVP_PKEY_set1_encoded_public_key(key, text, len) != 1)
        return NULL;
    EVP_PKEY *whole = key;
    key = NULL;
    return whole;
}

/* The library checks that the point lies on the curve when it reads the text form (SEC 1 2.3.4). */
FALLIBLE foreign_key_from_point(enum foreign_curve curve, struct str x, struct str y, struct foreign_key **out)
{
    const size_t bytes = curves[curve].bytes;
    uint8_t text[1 + 2 * FIELD_MAX] = { 0x04 }; /* SEC 1 2.3.3: not compressed */

    if (x.len != bytes || y.len != bytes)
        return fail(ERR_INVALID, "coordinates of %zu and %zu bytes", x.len, y.len);
    memcpy(text + 1, x.ptr, bytes);
    memcpy(text + 1 + bytes, y.ptr, bytes);
    return hold(key_on(curve, text, 1 + 2 * bytes), out);
}

FALLIBLE foreign_key_from_ed25519(struct str x, struct foreign_key **out)
{
    if (x.len != ED25519_POINT)
        return fail(ERR_INVALID, "a key of Ed25519 of %zu bytes", x.len);
    return foreign_key_adopt(EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, (const uint8_t *)x.ptr, x.len), out);
}

FALLIBLE foreign_key_from_ed448(struct str x, struct foreign_key **out)
{
    if (x.len != ED448_POINT)
        return fail(ERR_INVALID, "a key of Ed448 of %zu bytes", x.len);
    return foreign_key_adopt(EVP_PKEY_new_raw_public_key_ex(NULL, "ED448", NULL, (const uint8_t *)x.ptr, x.len), out);
}

static EVP_PKEY *rsa_from(struct str n, struct str e)
{
    AUTO(builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    AUTO(number) BIGNUM *modulus = BN_bin2bn((const uint8_t *)n.ptr, (int)n.len, NULL);
    AUTO(number) BIGNUM *exponent = BN_bin2bn((const uint8_t *)e.ptr, (int)e.len, NULL);

    if (builder == NULL || modulus == NULL || exponent == NULL ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) != 1)
        return NULL;
    AUTO(params) OSSL_PARAM *parts = OSSL_PARAM_BLD_to_param(builder);
    return parts == NULL ? NULL : key_from("RSA", parts);
}

FALLIBLE foreign_key_from_rsa(struct str n, struct str e, struct foreign_key **out)
{
    if (n.len < RSA_LEAST / 8 || n.len > RSA_MOST / 8 || e.len < 1 || e.len > EXPONENT_MAX || n.ptr[0] == 0 ||
        e.ptr[0] == 0 || (n.ptr[n.len - 1] & 1) == 0)
        return fail(ERR_INVALID, "no RSA key of %d to %d bits with an odd exponent", RSA_LEAST, RSA_MOST);
    return foreign_key_adopt(rsa_from(n, e), out);
}

bool foreign_key_equal(const struct foreign_key *a, const struct foreign_key *b)
{
    return EVP_PKEY_eq(a->is, b->is) == 1;
}

bool foreign_key_is_on(const struct foreign_key *key, enum foreign_curve curve)
{
    return is_on(key->is, curve);
}

static bool begin_pss(EVP_PKEY_CTX *context)
{
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/* Of ECDSA the library takes the one DER form only: it writes what it read again and compares. */
static int check(const struct foreign_key *key, enum foreign_algorithm algorithm, struct str message,
                 struct str signature)
{
    AUTO(hashing) EVP_MD_CTX *context = EVP_MD_CTX_new();
    const bool hashes_itself = algorithm == FOREIGN_EDDSA || algorithm == FOREIGN_ED448;
    const char *hash = hashes_itself ? NULL : hashes[hows[algorithm].hash];
    EVP_PKEY_CTX *inside = NULL; /* the other's */

    if (context == NULL || EVP_DigestVerifyInit_ex(context, &inside, hash, NULL, NULL, key->is, NULL) != 1)
        return -1;
    if (hows[algorithm].pss && !begin_pss(inside))
        return -1;
    return EVP_DigestVerify(context, (const uint8_t *)signature.ptr, signature.len, (const uint8_t *)message.ptr,
                            message.len);
}

FALLIBLE foreign_key_check(const struct foreign_key *key, enum foreign_algorithm algorithm, struct str message,
                           struct str signature)
{
    if (!EVP_PKEY_is_a(key->is, hows[algorithm].kind))
        return fail(ERR_INVALID, "a key of another kind than the algorithm");
    if (signature.len == 0 || signature.len > FOREIGN_SIGNATURE_MAX)
        return fail(ERR_DENIED, "a signature of %zu bytes", signature.len);
    if (check(key, algorithm, message, signature) == 1)
        return OK;
    ERR_clear_error(); /* what the library says of a wrong one differs by algorithm, and tells nobody more */
    return fail(ERR_DENIED, "a signature that does not match");
}

enum foreign_hash foreign_hash_of(enum foreign_algorithm algorithm)
{
    return hows[algorithm].hash;
}

struct foreign_digest foreign_digest_of(enum foreign_hash hash, struct str bytes)
{
    struct foreign_digest digest = { 0 };
    if (EVP_Q_digest(NULL, hashes[hash], NULL, bytes.ptr, bytes.len, digest.is, &digest.len) != 1)
        die("the library has no %s", hashes[hash]);
    return digest;
}
