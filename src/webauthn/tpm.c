#include "webauthn/tpm.h"

#define TPM_GENERATED_VALUE   0xff544347U /* "\xffTCG" */
#define TPM_ST_ATTEST_CERTIFY 0x8017U
#define TPM_ALG_RSA           0x0001U
#define TPM_ALG_SHA1          0x0004U
#define TPM_ALG_SHA256        0x000BU
#define TPM_ALG_SHA384        0x000CU
#define TPM_ALG_SHA512        0x000DU
#define TPM_ALG_NULL          0x0010U
#define TPM_ALG_ECC           0x0023U
#define TPM_ECC_NIST_P256     0x0003U
#define TPM_ECC_NIST_P384     0x0004U
#define TPM_ECC_NIST_P521     0x0005U
#define CLOCK_INFO_BYTES      17U /* TPMS_CLOCK_INFO: clock 8, resetCount 4, restartCount 4, safe 1 */
#define FIRMWARE_BYTES        8U
#define ATTRIBUTES_BYTES      4U
#define USUAL_EXPONENT        65537U /* Part 2 12.2.3.5: "When zero, indicates that the exponent is the default of 2^16 + 1" */

static FALLIBLE take(struct str *rest, size_t len, struct str *out)
{
    if (rest->len < len)
        return fail(ERR_INVALID, "tpm: cut off");
    *out = str_slice(*rest, 0, len);
    *rest = str_slice(*rest, len, rest->len);
    return OK;
}

static FALLIBLE take_number(struct str *rest, size_t len, uint32_t *out)
{
    struct str bytes = { 0 };
    uint32_t value = 0;

    TRY(take(rest, len, &bytes));
    for (size_t i = 0; i < len; i++)
        value = value << 8 | (uint8_t)bytes.ptr[i];
    *out = value;
    return OK;
}

/* TPM2B: two bytes of length, and as many bytes. */
static FALLIBLE take_sized(struct str *rest, struct str *out)
{
    uint32_t len = 0;

    TRY(take_number(rest, 2, &len));
    return take(rest, len, out);
}

static FALLIBLE take_hash(struct str *rest, enum foreign_hash *out)
{
    uint32_t algorithm = 0;

    TRY(take_number(rest, 2, &algorithm));
    if (algorithm != TPM_ALG_SHA1 && (algorithm < TPM_ALG_SHA256 || algorithm > TPM_ALG_SHA512))
        return fail(ERR_INVALID, "tpm: a hash that is not taken");
    *out = algorithm == TPM_ALG_SHA1     ? FOREIGN_SHA1
           : algorithm == TPM_ALG_SHA256 ? FOREIGN_SHA256
           : algorithm == TPM_ALG_SHA384 ? FOREIGN_SHA384
                                         : FOREIGN_SHA512;
    return OK;
}

/* The symmetric algorithm of a key that only signs is none (Part 2 12.2.3.5, 12.2.3.6). */
static FALLIBLE take_no_symmetric(struct str *rest)
{
    uint32_t algorithm = 0;

    TRY(take_number(rest, 2, &algorithm));
    return algorithm == TPM_ALG_NULL ? OK : fail(ERR_INVALID, "tpm: a key that is not for signatures");
}

/* A scheme, and its hash unless it is none. */
static FALLIBLE take_scheme(struct str *rest)
{
    uint32_t scheme = 0, hash = 0;

    TRY(take_number(rest, 2, &scheme));
    return scheme == TPM_ALG_NULL ? OK : take_number(rest, 2, &hash);
}

static FALLIBLE read_rsa(struct str *rest, struct tpm_public *out)
{
    uint32_t bits = 0;

    TRY(take_no_symmetric(rest));
    TRY(take_scheme(rest));
    TRY(take_number(rest, 2, &bits));
    TRY(take_number(rest, 4, &out->exponent));
    TRY(take_sized(rest, &out->n));
    out->rsa = true;
    if (out->exponent == 0)
        out->exponent = USUAL_EXPONENT;
    return bits == 8 * out->n.len ? OK : fail(ERR_INVALID, "tpm: a modulus of another size than is said");
}

static FALLIBLE read_ecc(struct str *rest, struct tpm_public *out)
{
    uint32_t curve = 0;

    TRY(take_no_symmetric(rest));
    TRY(take_scheme(rest));
    TRY(take_number(rest, 2, &curve));
    TRY(take_scheme(rest)); /* of key derivation */
    TRY(take_sized(rest, &out->x));
    TRY(take_sized(rest, &out->y));
    if (curve < TPM_ECC_NIST_P256 || curve > TPM_ECC_NIST_P521)
        return fail(ERR_INVALID, "tpm: a curve that is not taken");
    out->curve = curve == TPM_ECC_NIST_P256 ? FOREIGN_P256 : curve == TPM_ECC_NIST_P384 ? FOREIGN_P384 : FOREIGN_P521;
    return OK;
}

FALLIBLE tpm_public_read(struct str bytes, struct tpm_public *out)
{
    struct tpm_public fresh = { 0 };
    struct str ignored = { 0 };
    uint32_t type = 0;

    if (bytes.len > TPM_STRUCTURE_MAX)
        return fail(ERR_INVALID, "tpm: a public area of %zu bytes", bytes.len);
    TRY(take_number(&bytes, 2, &type));
    TRY(take_hash(&bytes, &fresh.name_hash));
    TRY(take(&bytes, ATTRIBUTES_BYTES, &ignored));
    TRY(take_sized(&bytes, &ignored)); /* authPolicy */
    if (type != TPM_ALG_RSA && type != TPM_ALG_ECC)
        return fail(ERR_INVALID, "tpm: neither an RSA nor an ECC key");
    TRY(type == TPM_ALG_RSA ? read_rsa(&bytes, &fresh) : read_ecc(&bytes, &fresh));
    if (bytes.len != 0)
        return fail(ERR_INVALID, "tpm: something behind the public area");
    *out = fresh;
    return OK;
}

/* "Verify that magic is set to TPM_GENERATED_VALUE.  Verify that type is set to TPM_ST_ATTEST_CERTIFY." */
static FALLIBLE take_attest_head(struct str *rest)
{
    uint32_t magic = 0, type = 0;

    TRY(take_number(rest, 4, &magic));
    TRY(take_number(rest, 2, &type));
    if (magic != TPM_GENERATED_VALUE)
        return fail(ERR_INVALID, "tpm: a structure that no TPM made");
    return type == TPM_ST_ATTEST_CERTIFY ? OK : fail(ERR_INVALID, "tpm: a structure that does not certify a key");
}

FALLIBLE tpm_certified_read(struct str bytes, struct tpm_certified *out)
{
    struct tpm_certified fresh = { 0 };
    struct str ignored = { 0 };

    if (bytes.len > TPM_STRUCTURE_MAX)
        return fail(ERR_INVALID, "tpm: a certificate of %zu bytes", bytes.len);
    TRY(take_attest_head(&bytes));
    TRY(take_sized(&bytes, &ignored)); /* qualifiedSigner */
    TRY(take_sized(&bytes, &fresh.extra_data));
    TRY(take(&bytes, CLOCK_INFO_BYTES + FIRMWARE_BYTES, &ignored));
    TRY(take_sized(&bytes, &fresh.name));
    TRY(take_sized(&bytes, &ignored)); /* qualifiedName */
    if (bytes.len != 0)
        return fail(ERR_INVALID, "tpm: something behind what is certified");
    *out = fresh;
    return OK;
}

/* Part 1 16: "Name := nameAlg || H(nameAlg)(publicArea)" */
bool tpm_name_matches(struct str name, const struct tpm_public *area, struct str bytes)
{
    const struct foreign_digest digest = foreign_digest_of(area->name_hash, bytes);
    const struct str algorithm = str_slice(bytes, 2, 4); /* nameAlg of TPMT_PUBLIC */

    return name.len == algorithm.len + digest.len && str_starts(name, algorithm) &&
           memcmp(name.ptr + algorithm.len, digest.is, digest.len) == 0;
}
