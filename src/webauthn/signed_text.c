#include "webauthn/signed_text.h"
#include "base/buf.h"
#include "crypto/base64url.h"
#include "json/read.h"

/* What is signed, and how; decoded but for the message. */
struct parts {
    struct str message, header, payload, signature;
};

FALLIBLE base64_decode(struct arena *mem, struct str text, struct str *out)
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

static FALLIBLE split(struct arena *mem, struct str text, struct parts *out)
{
    struct str rest = text, header = { 0 }, payload = { 0 };

    if (!str_split(&rest, '.', &header) || !str_split(&rest, '.', &payload) || rest.len == 0)
        return fail(ERR_INVALID, "a text that is no JWS");
    out->message = str_slice(text, 0, header.len + 1 + payload.len);
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
        return fail(ERR_INVALID, "a signed text with %zu certificates", count);
    *out = (struct strs){ ARENA_ARRAY(mem, struct str, count), count };
    for (size_t i = 0; i < count; i++) {
        if (!json_is_str(json_at(list, i), &text))
            return fail(ERR_INVALID, "a signed text whose x5c has something else than text");
        TRY(base64_decode(mem, text, &out->items[i]));
    }
    return OK;
}

static FALLIBLE check_signature(struct arena *mem, const struct parts *parts, struct strs *chain)
{
    AUTO(json_tree) struct json *header = NULL;
    AUTO(certificate) struct certificate *certificate = NULL;
    AUTO(foreign_key) struct foreign_key *key = NULL;
    struct str algorithm = { 0 };

    TRY(json_tree(parts->header, &header));
    if (!json_get_str(header, "alg", &algorithm) || !str_equal(algorithm, STR("RS256")))
        return fail(ERR_INVALID, "a text that is not signed with RS256");
    TRY(read_chain(mem, header, chain));
    TRY(certificate_read(chain->items[0], &certificate));
    TRY(certificate_key(certificate, &key));
    return foreign_key_check(key, FOREIGN_RS256, parts->message, parts->signature);
}

FALLIBLE signed_text_read(struct arena *mem, struct str text, struct signed_text *out)
{
    struct parts parts = { 0 };
    struct strs chain = { 0 };

    TRY(split(mem, text, &parts));
    TRY(check_signature(mem, &parts, &chain));
    *out = (struct signed_text){ chain, parts.payload };
    return OK;
}
