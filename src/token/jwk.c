#include "token/jwk.h"
#include "crypto/base64url.h"
#include "token/members.h"

static struct str encoded(struct arena *mem, const uint8_t *bytes, size_t len)
{
    return base64url_encode(mem, (struct str){ (const char *)bytes, len });
}

static struct str write_ec(struct arena *mem, const struct ec_point *point)
{
    return arena_printf(mem, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%.*s\",\"y\":\"%.*s\"}",
                        STR_ARG(encoded(mem, point->x, sizeof point->x)),
                        STR_ARG(encoded(mem, point->y, sizeof point->y)));
}

/* RFC 7638 3.2, 3.3 and RFC 8037 2: the required members of the key type, in lexicographic order, without blanks. */
struct str jwk_write(struct arena *mem, const struct public_key *key)
{
    if (key->algorithm == ALGORITHM_ES256)
        return write_ec(mem, &key->point);
    if (key->algorithm == ALGORITHM_EDDSA)
        return arena_printf(mem, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%.*s\"}",
                            STR_ARG(encoded(mem, key->ed25519, sizeof key->ed25519)));
    return arena_printf(mem, "{\"e\":\"%.*s\",\"kty\":\"RSA\",\"n\":\"%.*s\"}",
                        STR_ARG(encoded(mem, key->rsa.e, key->rsa.e_len)),
                        STR_ARG(encoded(mem, key->rsa.n, key->rsa.n_len)));
}

struct str jwk_thumbprint(struct arena *mem, const struct public_key *key)
{
    const struct digest digest = digest_of(jwk_write(mem, key));
    return encoded(mem, digest.is, sizeof digest.is);
}

static bool is_word(const struct members *members, struct str name, struct str want)
{
    struct str value;
    return members_str(members, name, &value) && str_equal(value, want);
}

static bool absent_or(const struct members *members, struct str name, struct str want)
{
    return members_find(members, name) == NULL || is_word(members, name, want);
}

/* RFC 7517 4.3: what the key may be used for, where it says so. */
static bool may_verify(const struct members *members)
{
    const struct member *operations = members_find(members, STR("key_ops"));
    if (operations == NULL)
        return true;
    for (size_t i = 0; operations->kind == MEMBER_STRS && i < operations->list.count; i++)
        if (str_equal(operations->list.items[i], STR("verify")))
            return true;
    return false;
}

/* RFC 7518 6.2.2, 6.3.2, 6.4.1: who sends one of these has given its secret away. */
static bool is_private(const struct members *members)
{
    static const struct str names[] = { { "d", 1 },  { "p", 1 },  { "q", 1 },   { "dp", 2 },
                                        { "dq", 2 }, { "qi", 2 }, { "oth", 3 }, { "k", 1 } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (members_find(members, names[i]) != NULL)
            return true;
    return false;
}

static bool part(struct arena *mem, const struct members *members, struct str name, uint8_t *out, size_t room,
                 size_t *len)
{
    struct str text, bytes;
    if (!members_str(members, name, &text) || base64url_decode(mem, text, &bytes) != OK || bytes.len == 0 ||
        bytes.len > room)
        return false;
    memcpy(out, bytes.ptr, bytes.len);
    *len = bytes.len;
    return true;
}

/* RFC 7518 6.2.1.2: "The length of this octet string MUST be the full size of a coordinate". */
static bool whole_part(struct arena *mem, const struct members *members, struct str name, uint8_t out[static 32])
{
    size_t len = 0;
    return part(mem, members, name, out, 32, &len) && len == 32;
}

static bool read_parts(struct arena *mem, const struct members *m, struct public_key *out)
{
    switch (out->algorithm) {
    case ALGORITHM_ES256:
        return is_word(m, STR("kty"), STR("EC")) && is_word(m, STR("crv"), STR("P-256")) &&
               whole_part(mem, m, STR("x"), out->point.x) && whole_part(mem, m, STR("y"), out->point.y);
    case ALGORITHM_EDDSA:
        return is_word(m, STR("kty"), STR("OKP")) && is_word(m, STR("crv"), STR("Ed25519")) &&
               whole_part(mem, m, STR("x"), out->ed25519);
    case ALGORITHM_RS256:
    case ALGORITHM_PS256:
        return is_word(m, STR("kty"), STR("RSA")) &&
               part(mem, m, STR("n"), out->rsa.n, sizeof out->rsa.n, &out->rsa.n_len) &&
               part(mem, m, STR("e"), out->rsa.e, sizeof out->rsa.e, &out->rsa.e_len);
    }
    return false;
}

FALLIBLE jwk_read(struct arena *mem, struct str text, enum algorithm algorithm, struct public_key *out)
{
    struct members members;
    struct public_key fresh = { .algorithm = algorithm };

    TRY(members_read(mem, text, &members));
    if (is_private(&members))
        return fail(ERR_INVALID, "a private key");
    if (!absent_or(&members, STR("alg"), str_of(algorithm_name(algorithm))) ||
        !absent_or(&members, STR("use"), STR("sig")) || !may_verify(&members))
        return fail(ERR_INVALID, "a key for another use");
    if (!read_parts(mem, &members, &fresh))
        return fail(ERR_INVALID, "no public key for %s", algorithm_name(algorithm));
    *out = fresh;
    return OK;
}
