#include "token/dpop.h"
#include "base/clock.h"
#include "crypto/base64url.h"
#include "crypto/signature.h"
#include "token/dpop_nonce.h"
#include "token/htu.h"
#include "token/jwk.h"
#include "token/jws.h"

/* The note's text is the reason word. */
static enum err bad(const char *word)
{
    return fail(ERR_INVALID, "%s", word);
}

/* ---- the key that a proof brings ---- */

/* A public key, and its thumbprint. */
struct holder {
    struct check_key *key;
    struct str jkt;
};

static void holder_drop(struct holder *holder)
{
    check_key_drop(&holder->key);
}

/* What a proof may be signed with.  RSA is not among them: its keys are long, and each request would bring one.  RFC 9864 2.2 calls
 * the same algorithm Ed25519 that RFC 8037 calls EdDSA. */
static const struct {
    struct str name;
    enum algorithm algorithm;
} allowed[] = {
    { { "ES256", 5 }, ALGORITHM_ES256 },
    { { "EdDSA", 5 }, ALGORITHM_EDDSA },
    { { "Ed25519", 7 }, ALGORITHM_EDDSA },
};

struct str dpop_algs(void)
{
    return STR("ES256 EdDSA Ed25519");
}

static bool is_allowed(struct str name, enum algorithm *out)
{
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (str_equal(allowed[i].name, name)) {
            *out = allowed[i].algorithm;
            return true;
        }
    return false;
}

static bool member_is(const struct members *members, struct str name, struct str value)
{
    struct str text;
    return members_str(members, name, &text) && str_equal(text, value);
}

static FALLIBLE read_holder(struct arena *mem, const struct members *header, struct holder *out)
{
    const struct member *jwk = members_find(header, STR("jwk"));
    enum algorithm algorithm;
    struct public_key key;
    struct str alg;
    if (!member_is(header, STR("typ"), STR("dpop+jwt")))
        return bad("dpop_typ");
    if (!members_str(header, STR("alg"), &alg) || !is_allowed(alg, &algorithm))
        return bad("dpop_alg");
    if (jwk == NULL || jwk->kind != MEMBER_OBJECT || jwk_read(mem, jwk->text, algorithm, &key) != OK)
        return bad("dpop_jwk");
    const enum err end = check_key_make(&key, &out->key);
    if (end == OK)
        out->jkt = jwk_thumbprint(mem, &key);
    return end == ERR_INVALID ? bad("dpop_jwk") : end;
}

/* ---- what it says ---- */

struct claims {
    struct str jti, htm, htu, ath, nonce; /* the last two may be absent */
    int64_t issued_at;
};

/* Absent is fine, another type is not. */
static bool may_be_str(const struct members *members, struct str name, struct str *out)
{
    return members_find(members, name) == NULL || members_str(members, name, out);
}

/* RFC 7519 4.1.4, 4.1.5: a proof needs neither, but who says so means it. */
static bool times_hold(const struct members *members, int64_t now_s)
{
    const struct member *exp = members_find(members, STR("exp")), *nbf = members_find(members, STR("nbf"));
    return (exp == NULL || (exp->kind == MEMBER_INT && exp->number > now_s)) &&
           (nbf == NULL || (nbf->kind == MEMBER_INT && nbf->number <= now_s + DPOP_WINDOW_S));
}

static FALLIBLE read_claims(struct arena *mem, struct str payload, int64_t now_s, struct claims *out)
{
    struct members members;
    struct str text;
    if (base64url_decode(mem, payload, &text) != OK || members_read(mem, text, &members) != OK)
        return bad("dpop_malformed");
    const struct member *iat = members_find(&members, STR("iat"));
    if (!members_str(&members, STR("jti"), &out->jti) || out->jti.len == 0 || out->jti.len > DPOP_JTI_MAX ||
        !members_str(&members, STR("htm"), &out->htm) || !members_str(&members, STR("htu"), &out->htu) || iat == NULL ||
        iat->kind != MEMBER_INT || !may_be_str(&members, STR("ath"), &out->ath) ||
        !may_be_str(&members, STR("nonce"), &out->nonce) || !times_hold(&members, now_s))
        return bad("dpop_claims");
    out->issued_at = iat->number;
    return OK;
}

static bool is_place(struct arena *mem, struct str base, struct str path, struct str htu)
{
    struct str normal;
    while (str_ends(base, STR("/")))
        base.len--;
    return htu_normal(mem, arena_printf(mem, "%.*s%.*s", STR_ARG(base), STR_ARG(path)), &normal) == OK &&
           str_equal(normal, htu);
}

static FALLIBLE check_target(struct arena *mem, const struct claims *claims, const struct dpop_expect *expect)
{
    struct str htu;
    if (!str_equal(claims->htm, expect->method))
        return bad("dpop_htm");
    if (htu_normal(mem, claims->htu, &htu) != OK)
        return bad("dpop_htu");
    for (size_t i = 0; i < expect->places.count; i++)
        if (is_place(mem, expect->places.items[i], expect->path, htu))
            return OK;
    return bad("dpop_htu");
}

/* RFC 9449 7: "a proof intended for use with the access token is not usable without an access token, or vice-versa". */
static FALLIBLE check_token_hash(struct arena *mem, const struct claims *claims, struct str access_token)
{
    if (access_token.ptr == NULL)
        return claims->ath.ptr == NULL ? OK : bad("dpop_ath");
    const struct digest digest = digest_of(access_token);
    const struct str want = base64url_encode(mem, (struct str){ (const char *)digest.is, sizeof digest.is });
    return str_equal(claims->ath, want) ? OK : bad("dpop_ath");
}

static bool is_near(int64_t a, int64_t b, int64_t within)
{
    return a >= b - within && a <= b + within;
}

/* RFC 9449 11.1: nonces with the time of the server "yield the same result even in the face of arbitrarily large clock skews". */
static FALLIBLE check_age(const struct claims *claims, const struct dpop_expect *expect, int64_t now_s,
                          struct dpop_proof *out)
{
    int64_t until_s = 0;
    if (claims->nonce.ptr != NULL) {
        if (!dpop_nonce_good(expect->nonce_key, claims->nonce, now_s, &until_s, &out->nonce_fresh))
            return fail(ERR_EXPIRED, "dpop_nonce");
        if (!is_near(claims->issued_at, now_s, DPOP_WINDOW_WIDE_S))
            return bad("dpop_iat");
        out->good_until_us = until_s * SECOND_US;
        return OK;
    }
    if (!is_near(claims->issued_at, now_s, DPOP_WINDOW_S))
        return bad("dpop_iat");
    if (expect->nonce_due || claims->issued_at < expect->since_s)
        return fail(ERR_EXPIRED, "dpop_nonce");
    out->good_until_us = (claims->issued_at + DPOP_WINDOW_S + 1) * SECOND_US;
    return OK;
}

/* ---- the whole ---- */

static FALLIBLE check_signature(struct arena *mem, struct str proof, struct holder *holder, struct str *payload)
{
    struct jws jws;
    struct members header;
    struct signature signature;
    if (str_contains(proof, STR(","))) /* header fields of one name come joined; a proof has no comma */
        return bad("dpop_repeated");
    if (proof.len > DPOP_MAX || jws_split(proof, &jws) != OK ||
        jws_read_members(mem, &jws, DPOP_HEADER_MAX, &header) != OK)
        return bad("dpop_malformed");
    TRY(read_holder(mem, &header, holder));
    if (jws_read_signature(mem, &jws, &signature) != OK)
        return bad("dpop_signature");
    const enum err end = signature_check(holder->key, jws.signed_text, &signature);
    *payload = jws.payload;
    return end == OK || end == ERR_INTERNAL ? end : bad("dpop_signature");
}

static struct digest id_of(struct arena *mem, struct str jkt, struct str jti)
{
    return digest_of(arena_printf(mem, "%.*s.%.*s", STR_ARG(jkt), STR_ARG(jti)));
}

FALLIBLE dpop_check(const struct visit *v, struct str proof, const struct dpop_expect *expect, struct dpop_proof *out)
{
    AUTO(holder) struct holder holder = { 0 };
    struct claims claims = { 0 };
    struct dpop_proof fresh = { 0 };
    struct str payload;

    TRY(check_signature(v->mem, proof, &holder, &payload));
    TRY(read_claims(v->mem, payload, visit_now_s(v), &claims));
    TRY(check_target(v->mem, &claims, expect));
    TRY(check_token_hash(v->mem, &claims, expect->access_token));
    TRY(check_age(&claims, expect, visit_now_s(v), &fresh));
    fresh.jkt = holder.jkt;
    fresh.id = id_of(v->mem, holder.jkt, claims.jti);
    *out = fresh;
    return OK;
}
