#include "webauthn/formats.h"
#include "webauthn/tpm.h"

#define OID_AIK         "2.23.133.8.3" /* tcg-kp-AIKCertificate */
#define OID_MAKER       "2.23.133.2.1" /* tcg-at-tpmManufacturer, -tpmModel, -tpmVersion */
#define OID_MODEL       "2.23.133.2.2"
#define OID_VERSION     "2.23.133.2.3"
#define STATEMENT_PARTS 6

struct tpm_statement {
    enum foreign_algorithm algorithm;
    struct strs chain;
    struct str signature, certified, area;
};

/* TPMs sign with SHA-1, too, and no other attestation may. */
static FALLIBLE read_algorithm(const struct cbor *statement, enum foreign_algorithm *out)
{
    struct cbor value = { 0 };

    if (!cbor_get_kind(statement, STR("alg"), CBOR_INT, &value) || value.number != COSE_RS1)
        return statement_algorithm(statement, out);
    *out = FOREIGN_RS1;
    return OK;
}

static FALLIBLE read_statement(const struct attested *about, const struct cbor *statement, struct tpm_statement *out)
{
    struct cbor version = { 0 };

    TRY(statement_members(statement, STATEMENT_PARTS));
    if (!cbor_get_kind(statement, STR("ver"), CBOR_TEXT, &version) || !str_equal(version.bytes, STR("2.0")))
        return fail(ERR_INVALID, "a statement of another version than 2.0");
    TRY(read_algorithm(statement, &out->algorithm));
    TRY(statement_chain(about, statement, &out->chain));
    TRY(statement_bytes(statement, STR("sig"), &out->signature));
    TRY(statement_bytes(statement, STR("certInfo"), &out->certified));
    return statement_bytes(statement, STR("pubArea"), &out->area);
}

static struct str without_zeros(struct str number)
{
    while (number.len > 0 && number.ptr[0] == 0)
        number = str_slice(number, 1, number.len);
    return number;
}

/* Numbers: a TPM may leave out zeros in front. */
static bool same_number(struct str a, struct str b)
{
    return a.len > 0 && b.len > 0 && str_equal(without_zeros(a), without_zeros(b));
}

static bool same_exponent(uint32_t exponent, struct str e)
{
    const uint8_t bytes[4] = { (uint8_t)(exponent >> 24), (uint8_t)(exponent >> 16), (uint8_t)(exponent >> 8),
                               (uint8_t)exponent };
    return same_number((struct str){ (const char *)bytes, sizeof bytes }, e);
}

/* "Verify that the public key specified by the parameters and unique fields of pubArea is identical to the
 * credentialPublicKey". */
static FALLIBLE check_area(const struct attested *about, const struct tpm_public *area)
{
    const struct cose_key *key = about->key;
    const bool same = area->rsa ? same_number(area->n, key->n) && same_exponent(area->exponent, key->e)
                                : foreign_key_is_on(key->key, area->curve) && same_number(area->x, key->x) &&
                                      same_number(area->y, key->y);
    return same ? OK : fail(ERR_DENIED, "the TPM speaks of another key than the credential");
}

/* WebAuthn Level 3 8.3.1 */
static FALLIBLE check_certificate(const struct attested *about, const struct certificate *certificate)
{
    if (certificate_version(certificate) != 3 || !certificate_subject_empty(certificate))
        return fail(ERR_INVALID, "a certificate of another version than 3, or with a subject");
    if (!certificate_alternative(certificate, OID_MAKER) || !certificate_alternative(certificate, OID_MODEL) ||
        !certificate_alternative(certificate, OID_VERSION))
        return fail(ERR_INVALID, "a certificate whose alternative name does not name the TPM");
    if (!certificate_usage(certificate, OID_AIK))
        return fail(ERR_INVALID, "a certificate that is not for attestation keys");
    if (!certificate_is_leaf(certificate))
        return fail(ERR_INVALID, "a certificate without basic constraints that say cA FALSE");
    return attested_aaguid_matches(about, certificate);
}

/* "Verify that extraData is set to the hash of attToBeSigned using the hash algorithm employed in "alg"", and that name is
 * "a valid Name for pubArea". */
static FALLIBLE check_certified(const struct attested *about, const struct tpm_statement *statement,
                                const struct tpm_public *area)
{
    const struct foreign_digest digest =
        foreign_digest_of(foreign_hash_of(statement->algorithm), attested_message(about));
    struct tpm_certified certified = { 0 };

    TRY(tpm_certified_read(statement->certified, &certified));
    if (!str_equal(certified.extra_data, (struct str){ (const char *)digest.is, digest.len }))
        return fail(ERR_DENIED, "the TPM signed something else");
    if (!tpm_name_matches(certified.name, area, statement->area))
        return fail(ERR_DENIED, "the TPM certified another key");
    return OK;
}

FALLIBLE tpm_verify(const struct attested *about, const struct cbor *statement, struct attestation *out)
{
    AUTO(certificate) struct certificate *certificate = NULL;
    struct tpm_statement parts = { 0 };
    struct tpm_public area = { 0 };

    TRY(read_statement(about, statement, &parts));
    TRY(tpm_public_read(parts.area, &area));
    TRY(check_area(about, &area));
    TRY(certificate_read(parts.chain.items[0], &certificate));
    TRY(check_certificate(about, certificate));
    TRY(certificate_signed(certificate, parts.algorithm, parts.certified, parts.signature));
    TRY(check_certified(about, &parts, &area));
    *out = (struct attestation){ ATTESTATION_ATTCA, parts.chain };
    return OK;
}
