#include "webauthn/formats.h"

#define OID_NONCE "1.2.840.113635.100.8.2"
/* SEQUENCE { [1] { OCTET STRING } } of 32 bytes, in DER. */
#define NONCE_HEAD "\x30\x24\xa1\x22\x04\x20"

/* "Verify that nonce equals the value of the extension with OID 1.2.840.113635.100.8.2 in credCert." */
static FALLIBLE check_nonce(const struct attested *about, const struct certificate *certificate)
{
    const struct digest nonce = digest_of(attested_message(about));
    const struct str head = STR(NONCE_HEAD);
    struct str value;
    bool critical;

    if (!certificate_extension(certificate, OID_NONCE, &value, &critical) || value.len != head.len + sizeof nonce.is ||
        !str_starts(value, head))
        return fail(ERR_INVALID, "a certificate without a nonce");
    if (memcmp(value.ptr + head.len, nonce.is, sizeof nonce.is) != 0)
        return fail(ERR_DENIED, "a certificate for another nonce");
    return OK;
}

/* Older devices also send an alg, which the format does not have and nothing here needs. */
FALLIBLE apple_verify(const struct attested *about, const struct cbor *statement, struct attestation *out)
{
    AUTO(certificate) struct certificate *certificate = NULL;
    struct cbor algorithm;
    struct strs chain;

    TRY(statement_members(statement, cbor_get_kind(statement, STR("alg"), CBOR_INT, &algorithm) ? 2 : 1));
    TRY(statement_chain(about, statement, &chain));
    TRY(certificate_read(chain.items[0], &certificate));
    TRY(check_nonce(about, certificate));
    TRY(attested_key_matches(about, certificate));
    *out = (struct attestation){ ATTESTATION_ANONCA, chain };
    return OK;
}
