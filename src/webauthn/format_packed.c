#include "webauthn/formats.h"

#define UNIT                  "Authenticator Attestation"
#define OID_BASIC_CONSTRAINTS "2.5.29.19"

/* RFC 5280 4.2.1.9: without them "the certified public key MUST NOT be used to verify certificate signatures", so such a
 * certificate is no authority's; but it is not what the format demands either, and nobody has to believe it. */
static bool has_constraints(const struct certificate *certificate)
{
    struct str ignored;
    bool critical;
    return certificate_extension(certificate, OID_BASIC_CONSTRAINTS, &ignored, &critical);
}

/* WebAuthn Level 3 8.2.1: "Version MUST be set to 3", Subject-C, -O, -OU and -CN, "CA component set to FALSE". */
static FALLIBLE check_certificate(const struct attested *about, const struct certificate *certificate)
{
    struct str country, organization, unit, name;

    if (certificate_version(certificate) != 3)
        return fail(ERR_INVALID, "a certificate of version %d", certificate_version(certificate));
    if (!certificate_subject(certificate, CERTIFICATE_COUNTRY, &country) || country.len != 2 ||
        !certificate_subject(certificate, CERTIFICATE_ORGANIZATION, &organization) ||
        !certificate_subject(certificate, CERTIFICATE_NAME, &name))
        return fail(ERR_INVALID, "a certificate whose subject lacks C, O or CN");
    if (!certificate_subject(certificate, CERTIFICATE_UNIT, &unit) || !str_equal(unit, STR(UNIT)))
        return fail(ERR_INVALID, "a certificate whose subject has no OU \"" UNIT "\"");
    if (has_constraints(certificate) && !certificate_is_leaf(certificate))
        return fail(ERR_INVALID, "a certificate whose basic constraints do not say cA FALSE");
    return attested_aaguid_matches(about, certificate);
}

static FALLIBLE verify_chain(const struct attested *about, const struct cbor *statement,
                             enum foreign_algorithm algorithm, struct str signature, struct attestation *out)
{
    AUTO(certificate) struct certificate *leaf = NULL;
    struct strs chain;

    TRY(statement_members(statement, 3));
    TRY(statement_chain(about, statement, &chain));
    TRY(certificate_read(chain.items[0], &leaf));
    TRY(certificate_signed(leaf, algorithm, attested_message(about), signature));
    TRY(check_certificate(about, leaf));
    *out = (struct attestation){ ATTESTATION_BASIC, chain, .incomplete = !has_constraints(leaf) };
    return OK;
}

/* "Validate that alg matches the algorithm of the credentialPublicKey in authenticatorData." */
static FALLIBLE verify_self(const struct attested *about, const struct cbor *statement, struct str signature,
                            struct attestation *out)
{
    struct cbor algorithm;

    TRY(statement_members(statement, 2));
    if (!cbor_get(statement, STR("alg"), &algorithm) || algorithm.number != about->key->algorithm)
        return fail(ERR_INVALID, "a self attestation with another algorithm than the credential's");
    TRY(cose_key_check(about->key, attested_message(about), signature));
    *out = (struct attestation){ .type = ATTESTATION_SELF };
    return OK;
}

FALLIBLE packed_verify(const struct attested *about, const struct cbor *statement, struct attestation *out)
{
    enum foreign_algorithm algorithm;
    struct str signature;
    struct cbor chain;

    TRY(statement_algorithm(statement, &algorithm));
    TRY(statement_bytes(statement, STR("sig"), &signature));
    return cbor_get(statement, STR("x5c"), &chain) ? verify_chain(about, statement, algorithm, signature, out)
                                                   : verify_self(about, statement, signature, out);
}
