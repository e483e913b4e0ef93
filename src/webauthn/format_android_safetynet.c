#include "json/read.h"
#include "webauthn/formats.h"
#include "webauthn/signed_text.h"

/* Deprecated, and taken for the devices that have nothing else.  The answer's certificate is of this host. */
#define HOST "attest.android.com"

static FALLIBLE check_host(struct str leaf)
{
    AUTO(certificate) struct certificate *certificate = NULL;

    TRY(certificate_read(leaf, &certificate));
    if (!certificate_is_of_host(certificate, STR(HOST)))
        return fail(ERR_DENIED, "a certificate that is not of " HOST);
    return OK;
}

/* "the nonce attribute in the payload of response is identical to the Base64 encoding of the SHA-256 hash of the concatenation
 * of authenticatorData and clientDataHash" */
static FALLIBLE check_nonce(const struct attested *about, const struct json *payload)
{
    const struct digest want = digest_of(attested_message(about));
    struct str text = { 0 }, nonce = { 0 };

    if (!json_get_str(payload, "nonce", &text))
        return fail(ERR_INVALID, "a response without a nonce");
    TRY(base64_decode(about->mem, text, &nonce));
    if (!str_equal(nonce, (struct str){ (const char *)want.is, sizeof want.is }))
        return fail(ERR_DENIED, "a response for another nonce");
    return OK;
}

/* timestampMs is not looked at: the nonce holds a challenge that is good once and for minutes. */
static FALLIBLE check_payload(const struct attested *about, struct str text)
{
    AUTO(json_tree) struct json *payload = NULL;
    bool whole = false;

    TRY(json_tree(text, &payload));
    TRY(check_nonce(about, payload));
    if (!json_get_bool(payload, "ctsProfileMatch", &whole) || !whole)
        return fail(ERR_DENIED, "a device whose integrity is not vouched for");
    return OK;
}

FALLIBLE android_safetynet_verify(const struct attested *about, const struct cbor *statement, struct attestation *out)
{
    struct signed_text answer = { 0 };
    struct str response = { 0 };
    struct cbor version = { 0 };

    TRY(statement_members(statement, 2));
    if (!cbor_get_kind(statement, STR("ver"), CBOR_TEXT, &version) || version.bytes.len == 0)
        return fail(ERR_INVALID, "a statement without a version");
    TRY(statement_bytes(statement, STR("response"), &response));
    TRY(signed_text_read(about->mem, response, &answer));
    TRY(check_host(answer.chain.items[0]));
    TRY(check_payload(about, answer.payload));
    *out = (struct attestation){ ATTESTATION_BASIC, answer.chain };
    return OK;
}
