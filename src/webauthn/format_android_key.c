#include "webauthn/asn1.h"
#include "webauthn/formats.h"

#define OID_KEY_DESCRIPTION "1.3.6.1.4.1.11129.2.1.17"

/* Tags of AuthorizationList and their values, from the schema that WebAuthn Level 3 8.4.1 refers to. */
#define TAG_PURPOSE          1U
#define TAG_ALL_APPLICATIONS 600U
#define TAG_ORIGIN           702U
#define PURPOSE_SIGN         "\x02" /* KM_PURPOSE_SIGN */
#define ORIGIN_GENERATED     "\x00" /* KM_ORIGIN_GENERATED */

struct key_description {
    struct str challenge, software_enforced, tee_enforced;
};

/* KeyDescription ::= SEQUENCE { attestationVersion INTEGER, attestationSecurityLevel ENUMERATED, keymasterVersion INTEGER,
 * keymasterSecurityLevel ENUMERATED, attestationChallenge OCTET STRING, uniqueId OCTET STRING, softwareEnforced, teeEnforced } */
static FALLIBLE read_description(struct str der, struct key_description *out)
{
    struct str inside = { 0 }, ignored = { 0 };

    TRY(asn1_take_tag(&der, ASN1_TAG_SEQUENCE, &inside));
    TRY(asn1_take_tag(&inside, ASN1_TAG_INTEGER, &ignored));
    TRY(asn1_take_tag(&inside, ASN1_TAG_ENUMERATED, &ignored));
    TRY(asn1_take_tag(&inside, ASN1_TAG_INTEGER, &ignored));
    TRY(asn1_take_tag(&inside, ASN1_TAG_ENUMERATED, &ignored));
    TRY(asn1_take_tag(&inside, ASN1_TAG_OCTET_STRING, &out->challenge));
    TRY(asn1_take_tag(&inside, ASN1_TAG_OCTET_STRING, &ignored));
    TRY(asn1_take_tag(&inside, ASN1_TAG_SEQUENCE, &out->software_enforced));
    TRY(asn1_take_tag(&inside, ASN1_TAG_SEQUENCE, &out->tee_enforced));
    if (inside.len != 0 || der.len != 0)
        return fail(ERR_INVALID, "a key description with something behind it");
    return OK;
}

/* What the union of the two lists says. */
struct authorizations {
    bool signs, generated;
};

static FALLIBLE read_purpose(struct str explicit, struct authorizations *out)
{
    struct str set = { 0 }, purpose = { 0 };

    TRY(asn1_take_tag(&explicit, ASN1_TAG_SET, &set));
    while (set.len > 0) {
        TRY(asn1_take_tag(&set, ASN1_TAG_INTEGER, &purpose));
        out->signs = out->signs || str_equal(purpose, STR(PURPOSE_SIGN));
    }
    return OK;
}

static FALLIBLE read_origin(struct str explicit, struct authorizations *out)
{
    struct str origin = { 0 };

    TRY(asn1_take_tag(&explicit, ASN1_TAG_INTEGER, &origin));
    if (!str_equal(origin, STR(ORIGIN_GENERATED)))
        return fail(ERR_DENIED, "a key that was not made in the device");
    out->generated = true;
    return OK;
}

static FALLIBLE read_list(struct str list, struct authorizations *out)
{
    struct asn1 item = { 0 };

    while (list.len > 0) {
        TRY(asn1_take(&list, &item));
        if (item.kind != ASN1_CONTEXT)
            return fail(ERR_INVALID, "an authorization list with something else in it");
        if (item.tag == TAG_ALL_APPLICATIONS)
            return fail(ERR_DENIED, "a key for all applications");
        if (item.tag == TAG_PURPOSE)
            TRY(read_purpose(item.content, out));
        if (item.tag == TAG_ORIGIN)
            TRY(read_origin(item.content, out));
    }
    return OK;
}

/* "The value in the AuthorizationList.origin field is equal to KM_ORIGIN_GENERATED", the one in purpose "to KM_PURPOSE_SIGN". */
static FALLIBLE check_authorizations(const struct key_description *description)
{
    struct authorizations found = { 0 };

    TRY(read_list(description->software_enforced, &found));
    TRY(read_list(description->tee_enforced, &found));
    if (!found.signs || !found.generated)
        return fail(ERR_DENIED, "a key that is not said to be for signatures and made in the device");
    return OK;
}

/* "Verify that the attestationChallenge field [...] is identical to clientDataHash." */
static FALLIBLE check_description(const struct attested *about, const struct certificate *certificate)
{
    const struct str hash = { (const char *)about->client_data_hash.is, sizeof about->client_data_hash.is };
    struct key_description description = { 0 };
    struct str der = { 0 };
    bool critical = false;

    if (!certificate_extension(certificate, OID_KEY_DESCRIPTION, &der, &critical))
        return fail(ERR_INVALID, "a certificate without a key description");
    TRY(read_description(der, &description));
    if (!str_equal(description.challenge, hash))
        return fail(ERR_DENIED, "a certificate for another challenge");
    return check_authorizations(&description);
}

FALLIBLE android_key_verify(const struct attested *about, const struct cbor *statement, struct attestation *out)
{
    AUTO(certificate) struct certificate *certificate = NULL;
    enum foreign_algorithm algorithm;
    struct str signature;
    struct strs chain;

    TRY(statement_members(statement, 3));
    TRY(statement_algorithm(statement, &algorithm));
    TRY(statement_bytes(statement, STR("sig"), &signature));
    TRY(statement_chain(about, statement, &chain));
    TRY(certificate_read(chain.items[0], &certificate));
    TRY(certificate_signed(certificate, algorithm, attested_message(about), signature));
    TRY(attested_key_matches(about, certificate));
    TRY(check_description(about, certificate));
    *out = (struct attestation){ ATTESTATION_BASIC, chain };
    return OK;
}
