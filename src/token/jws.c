#include "token/jws.h"
#include "crypto/base64url.h"

#include <string.h>

FALLIBLE jws_split(struct str token, struct jws *out)
{
    struct str rest = token;
    struct jws parts;

    if (!str_split(&rest, '.', &parts.header) || !str_split(&rest, '.', &parts.payload) ||
        !str_split(&rest, '.', &parts.signature) || rest.ptr != NULL)
        return fail(ERR_INVALID, "not three parts");
    parts.signed_text = str_slice(token, 0, parts.header.len + 1 + parts.payload.len);
    *out = parts;
    return OK;
}

/* RFC 7515 4: parameters that are not understood "MUST be ignored".  These are understood, and not wanted: the first
 * five name a key that lies elsewhere, the others ask for a reading that we do not have. */
static bool unwanted(const struct members *members)
{
    static const struct str names[] = {
        { "jku", 3 },  { "x5u", 3 }, { "x5c", 3 }, { "x5t", 3 }, { "x5t#S256", 8 },
        { "crit", 4 }, { "b64", 3 }, { "zip", 3 }, { "enc", 3 },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (members_find(members, names[i]) != NULL)
            return true;
    return false;
}

/* Absent is fine, another type is not. */
static bool may_be_str(const struct members *members, struct str name, struct str *out)
{
    return members_find(members, name) == NULL || members_str(members, name, out);
}

FALLIBLE jws_read_members(struct arena *mem, const struct jws *jws, size_t max_bytes, struct members *out)
{
    struct str text;

    if (jws->header.len > (max_bytes * 4 + 2) / 3)
        return fail(ERR_INVALID, "a header of more than %zu bytes", max_bytes);
    TRY(base64url_decode(mem, jws->header, &text));
    TRY(members_read(mem, text, out));
    return unwanted(out) ? fail(ERR_INVALID, "a header member that is never taken") : OK;
}

FALLIBLE jws_read_header(struct arena *mem, const struct jws *jws, struct jws_header *out)
{
    struct members members;
    struct jws_header fresh = { 0 };

    TRY(jws_read_members(mem, jws, JWS_HEADER_MAX, &members));
    if (members_find(&members, STR("jwk")) != NULL)
        return fail(ERR_INVALID, "a token that brings its own key");
    if (!members_str(&members, STR("alg"), &fresh.alg) || !may_be_str(&members, STR("typ"), &fresh.typ) ||
        !may_be_str(&members, STR("kid"), &fresh.kid))
        return fail(ERR_INVALID, "alg, typ or kid is no string");
    *out = fresh;
    return OK;
}

FALLIBLE jws_read_signature(struct arena *mem, const struct jws *jws, struct signature *out)
{
    struct str bytes;
    TRY(base64url_decode(mem, jws->signature, &bytes));
    if (bytes.len == 0 || bytes.len > sizeof out->is)
        return fail(ERR_INVALID, "a signature of %zu bytes", bytes.len);
    memcpy(out->is, bytes.ptr, bytes.len);
    out->len = bytes.len;
    return OK;
}

FALLIBLE jws_check(struct arena *mem, struct str token, const struct check_key *key, struct str *payload)
{
    struct jws jws;
    struct jws_header header;
    struct signature signature;

    TRY(jws_split(token, &jws));
    TRY(jws_read_header(mem, &jws, &header));
    if (!str_equal(header.alg, str_of(algorithm_name(check_key_algorithm(key)))))
        return fail(ERR_DENIED, "alg");
    TRY(jws_read_signature(mem, &jws, &signature));
    TRY(signature_check(key, jws.signed_text, &signature));
    return base64url_decode(mem, jws.payload, payload);
}
