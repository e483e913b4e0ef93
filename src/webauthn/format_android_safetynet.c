#include "base/buf.h"
#include "crypto/base64url.h"
#include "json/read.h"
#include "webauthn/formats.h"

/* Deprecated, and taken for the devices that have nothing else.  The response is a JWS whose header brings the certificates;
 * "verify that the SSL certificate chain matches the hostname attest.android.com". */
#define HOST "attest.android.com"

struct safetynet {
    struct str message, signature; /* the JWS: what is signed, and how */
    struct str header, payload;    /* decoded */
};

/* Standard base64 (RFC 4648 4), as certificates in x5c and the nonce have it. */
static FALLIBLE base64_decode(struct arena *mem, struct str text, struct str *out)
{
    struct buf url = buf_new(mem, text.len + 1);

    while (text.len > 0 && text.len % 4 == 0 && text.ptr[text.len - 1] == '=')
        text = str_slice(text, 0, text.len - (str_ends(text, STR("==")) ? 2 : 1));
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if (c == '-' || c == '_')
            return fail(ERR_INVALID, "base64 of another alphabet");
        buf_add_char(&url, c == '+' ? '-' : c == '/' ? '_' : c);
    }
    return base64url_decode(mem, buf_str(&url), out);
}

static FALLIBLE split(struct arena *mem, struct str response, struct safetynet *out)
{
    struct str rest = response, header = { 0 }, payload = { 0 };

    if (!str_split(&rest, '.', &header) || !str_split(&rest, '.', &payload) || rest.len == 0)
        return fail(ERR_INVALID, "a response that is no JWS");
    out->message = str_slice(response, 0, header.len + 1 + payload.len);
    TRY(base64url_decode(mem, header, &out->header));
    TRY(base64url_decode(mem, payload, &out->payload));
    return base64url_decode(mem, rest, &out->signature);
}

static FALLIBLE read_chain(struct arena *mem, const struct json *header, struct strs *out)
{
    const struct json *list = json_get(header, "x5c");
    const size_t count = json_size(list);
    struct str text = { 0 };

    if (count == 0 || count > CERTIFICATE_CHAIN_MAX || json_is_members(list))
        return fail(ERR_INVALID, "a response with %zu certificates", count);
    *out = (struct strs){ ARENA_ARRAY(mem, struct str, count), count };
    for (size_t i = 0; i < count; i++) {
        if (!json_is_str(json_at(list, i), &text))
            return fail(ERR_INVALID, "a response whose x5c has something else than text");
        TRY(base64_decode(mem, text, &out->items[i]));
    }
    return OK;
}

/* RS256 alone: Google never signed with another. */
static FALLIBLE check_signature(const struct attested *about, const struct safetynet *response, struct strs *chain)
{
    AUTO(json_tree) struct json *header = NULL;
    AUTO(certificate) struct certificate *certificate = NULL;
    struct str algorithm = { 0 };

    TRY(json_tree(response->header, &header));
    if (!json_get_str(header, "alg", &algorithm) || !str_equal(algorithm, STR("RS256")))
        return fail(ERR_INVALID, "a response that is not signed with RS256");
    TRY(read_chain(about->mem, header, chain));
    TRY(certificate_read(chain->items[0], &certificate));
    if (!certificate_is_of_host(certificate, STR(HOST)))
        return fail(ERR_DENIED, "a certificate that is not of " HOST);
    return certificate_signed(certificate, FOREIGN_RS256, response->message, response->signature);
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
    struct safetynet parts = { 0 };
    struct strs chain = { 0 };
    struct str response = { 0 };
    struct cbor version = { 0 };

    TRY(statement_members(statement, 2));
    if (!cbor_get_kind(statement, STR("ver"), CBOR_TEXT, &version) || version.bytes.len == 0)
        return fail(ERR_INVALID, "a statement without a version");
    TRY(statement_bytes(statement, STR("response"), &response));
    TRY(split(about->mem, response, &parts));
    TRY(check_signature(about, &parts, &chain));
    TRY(check_payload(about, parts.payload));
    *out = (struct attestation){ ATTESTATION_BASIC, chain };
    return OK;
}
