#include "webauthn/cose.h"
#include "webauthn/cbor.h"

/* RFC 9052 7.1, RFC 9053 7.1, RFC 8230 4: labels and values. */
#define LABEL_KTY 1
#define LABEL_ALG 3
#define LABEL_CRV (-1)
#define LABEL_X   (-2)
#define LABEL_Y   (-3)
#define LABEL_N   (-1)
#define LABEL_E   (-2)

enum kty { KTY_OKP = 1, KTY_EC2 = 2, KTY_RSA = 3 };

/* WebAuthn Level 3 5.8.5: "Keys with algorithm -7 (ES256) MUST specify 1 (P-256) as the crv parameter", and so on. */
static const struct kind {
    int64_t identifier;
    enum foreign_algorithm algorithm;
    enum kty kty;
    int64_t crv;
    enum foreign_curve curve; /* of EC2 */
    size_t parameters;        /* of such a key, not one more */
} kinds[] = {
    { COSE_ES256, FOREIGN_ES256, KTY_EC2, 1, FOREIGN_P256, 5 },
    { COSE_ES384, FOREIGN_ES384, KTY_EC2, 2, FOREIGN_P384, 5 },
    { COSE_ES512, FOREIGN_ES512, KTY_EC2, 3, FOREIGN_P521, 5 },
    { COSE_ESP256, FOREIGN_ES256, KTY_EC2, 1, FOREIGN_P256, 5 },
    { COSE_ESP384, FOREIGN_ES384, KTY_EC2, 2, FOREIGN_P384, 5 },
    { COSE_ESP512, FOREIGN_ES512, KTY_EC2, 3, FOREIGN_P521, 5 },
    { COSE_EDDSA, FOREIGN_EDDSA, KTY_OKP, 6, .parameters = 4 },
    { COSE_ED25519, FOREIGN_EDDSA, KTY_OKP, 6, .parameters = 4 },
    { COSE_ED448, FOREIGN_ED448, KTY_OKP, 7, .parameters = 4 },
    { COSE_RS256, FOREIGN_RS256, KTY_RSA, .parameters = 4 },
    { COSE_RS384, FOREIGN_RS384, KTY_RSA, .parameters = 4 },
    { COSE_RS512, FOREIGN_RS512, KTY_RSA, .parameters = 4 },
    { COSE_PS256, FOREIGN_PS256, KTY_RSA, .parameters = 4 },
    { COSE_PS384, FOREIGN_PS384, KTY_RSA, .parameters = 4 },
    { COSE_PS512, FOREIGN_PS512, KTY_RSA, .parameters = 4 },
    { COSE_RS1, FOREIGN_RS1, KTY_RSA, .parameters = 4 },
};

static const struct kind *kind_of(int64_t identifier)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].identifier == identifier)
            return &kinds[i];
    return NULL;
}

bool cose_algorithm(int64_t identifier, enum foreign_algorithm *out)
{
    const struct kind *kind = kind_of(identifier);

    if (kind != NULL)
        *out = kind->algorithm;
    return kind != NULL;
}

static bool has_number(const struct cbor *map, int64_t label, int64_t want)
{
    struct cbor value;
    return cbor_get_label(map, label, &value) && value.kind == CBOR_INT && value.number == want;
}

static bool take_bytes(const struct cbor *map, int64_t label, struct str *out)
{
    struct cbor value;
    if (!cbor_get_label(map, label, &value) || value.kind != CBOR_BYTES)
        return false;
    *out = value.bytes;
    return true;
}

static FALLIBLE read_point(const struct cbor *map, const struct kind *kind, struct cose_key *out)
{
    if (!has_number(map, LABEL_CRV, kind->crv) || !take_bytes(map, LABEL_X, &out->x) ||
        !take_bytes(map, LABEL_Y, &out->y))
        return fail(ERR_INVALID, "cose: no point of the curve of its algorithm");
    return foreign_key_from_point(kind->curve, out->x, out->y, &out->key);
}

static FALLIBLE read_okp(const struct cbor *map, const struct kind *kind, struct cose_key *out)
{
    if (!has_number(map, LABEL_CRV, kind->crv) || !take_bytes(map, LABEL_X, &out->x))
        return fail(ERR_INVALID, "cose: no point of the curve of its algorithm");
    return kind->algorithm == FOREIGN_ED448 ? foreign_key_from_ed448(out->x, &out->key)
                                            : foreign_key_from_ed25519(out->x, &out->key);
}

/* Libraries that write numbers with a sign put one zero in front of a modulus, always; the key is the same. */
static struct str without_sign(struct str n)
{
    return n.len > 1 && n.ptr[0] == 0 && (n.ptr[1] & 0x80) != 0 ? str_slice(n, 1, n.len) : n;
}

static FALLIBLE read_rsa(const struct cbor *map, struct cose_key *out)
{
    if (!take_bytes(map, LABEL_N, &out->n) || !take_bytes(map, LABEL_E, &out->e))
        return fail(ERR_INVALID, "cose: no modulus, or no exponent");
    out->n = without_sign(out->n);
    return foreign_key_from_rsa(out->n, out->e, &out->key);
}

static FALLIBLE read_algorithm(const struct cbor *map, int64_t *out)
{
    struct cbor value;

    if (!cbor_get_label(map, LABEL_ALG, &value) || value.kind != CBOR_INT)
        return fail(ERR_INVALID, "cose: no alg");
    *out = value.number;
    return OK;
}

FALLIBLE cose_read_algorithm(struct str bytes, int64_t *out)
{
    struct cbor map;

    TRY(cbor_read(bytes, &map));
    return read_algorithm(&map, out);
}

static FALLIBLE read_key(const struct cbor *map, const struct kind *kind, struct cose_key *out)
{
    if (!has_number(map, LABEL_KTY, kind->kty) || map->count != kind->parameters)
        return fail(ERR_INVALID, "cose: another kind of key than its algorithm, or parameters that it does not have");
    switch (kind->kty) {
    case KTY_OKP:
        return read_okp(map, kind, out);
    case KTY_EC2:
        return read_point(map, kind, out);
    case KTY_RSA:
        return read_rsa(map, out);
    }
    return fail(ERR_INVALID, "cose: no such kind");
}

FALLIBLE cose_key_read(struct str bytes, struct cose_key *out)
{
    struct cbor map;
    struct cose_key fresh = { 0 };

    if (bytes.len > COSE_KEY_MAX)
        return fail(ERR_INVALID, "cose: a key of %zu bytes", bytes.len);
    TRY(cbor_read(bytes, &map));
    TRY(read_algorithm(&map, &fresh.algorithm));
    const struct kind *kind = kind_of(fresh.algorithm);
    if (kind == NULL)
        return fail(ERR_INVALID, "cose: an algorithm that is not taken");
    TRY(read_key(&map, kind, &fresh));
    *out = fresh;
    return OK;
}

void cose_key_drop(struct cose_key *key)
{
    foreign_key_drop(&key->key);
}

FALLIBLE cose_key_check(const struct cose_key *key, struct str message, struct str signature)
{
    enum foreign_algorithm algorithm;

    if (!cose_algorithm(key->algorithm, &algorithm))
        return fail(ERR_INTERNAL, "cose: a key without an algorithm");
    return foreign_key_check(key->key, algorithm, message, signature);
}
