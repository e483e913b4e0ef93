#include "flow/clients.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "crypto/base64url.h"
#include "token/jwks.h"
#include "token/jws.h"
#include "token/members.h"

#define JTI_MAX 128 /* bytes */

/* What a try has come to, kept for the audit row of a refusal. */
struct attempt {
    struct client_row row;
    bool known;
    struct str reason;
};

static enum err not_this(struct attempt *try, struct str reason)
{
    try->reason = reason;
    return refuse(WHY_CLIENT_REFUSED);
}

static enum err find(struct services *at, const struct visit *v, struct str id, struct attempt *try)
{
    if (!client_id_ok(id))
        return OK;
    return clients_by_id(at->db, v->mem, id, &try->row, &try->known);
}

static enum err standing(struct attempt *try)
{
    if (!try->known)
        return not_this(try, STR("unknown_client"));
    return try->row.disabled_at == 0 ? OK : not_this(try, STR("disabled"));
}

/* For a name that nobody has the same work is done as for a wrong secret. */
static enum err by_secret(struct services *at, const struct visit *v, const struct client_proof *proof,
                          struct attempt *try)
{
    TRY(find(at, v, proof->id, try));
    bool right = client_secret_right(&try->row, proof->secret, v->now_us);
    TRY(standing(try));
    return right ? OK : not_this(try, STR("secret"));
}

struct assertion {
    struct str issuer, subject, audience, id;
    int64_t expires_at, not_before, issued_at;
};

static bool number_of(const struct members *all, struct str name, bool must, int64_t *out)
{
    const struct member *m = members_find(all, name);
    if (m == NULL)
        return !must;
    *out = m->number;
    return m->kind == MEMBER_INT;
}

/* One audience: an assertion that others take too could be shown to us by one of them. */
static bool audience_of(const struct members *all, struct str *out)
{
    const struct member *m = members_find(all, STR("aud"));
    if (m != NULL && m->kind == MEMBER_STRS && m->list.count == 1)
        *out = m->list.items[0];
    else
        return members_str(all, STR("aud"), out);
    return true;
}

static enum err claims_of(struct arena *mem, struct str payload, struct assertion *out)
{
    struct members all;
    TRY(members_read(mem, payload, &all));
    bool good = members_str(&all, STR("iss"), &out->issuer) && members_str(&all, STR("sub"), &out->subject) &&
                members_str(&all, STR("jti"), &out->id) && audience_of(&all, &out->audience) &&
                number_of(&all, STR("exp"), true, &out->expires_at) &&
                number_of(&all, STR("nbf"), false, &out->not_before) &&
                number_of(&all, STR("iat"), false, &out->issued_at);
    return good ? OK : fail(ERR_INVALID, "no claims of an assertion");
}

/* Whose key is to be asked; nothing of it is believed until that key has spoken. */
static enum err named_client(struct arena *mem, struct str assertion, struct str *out)
{
    struct jws jws;
    struct str payload = { 0 };
    struct assertion claims = { 0 };
    TRY(jws_split(assertion, &jws));
    TRY(base64url_decode(mem, jws.payload, &payload));
    TRY(claims_of(mem, payload, &claims));
    *out = claims.subject;
    return OK;
}

static bool is_ours(struct services *at, const struct visit *v, struct str audience)
{
    struct str issuer = at->at->expect.issuer;
    return str_equal(audience, issuer) ||
           str_equal(audience, arena_printf(v->mem, "%.*s/oauth/token", STR_ARG(issuer)));
}

static const char *wrong_claim(struct services *at, const struct visit *v, const struct attempt *try,
                               const struct assertion *claims)
{
    int64_t now_s = visit_now_s(v);
    if (!str_equal(claims->issuer, try->row.id) || !str_equal(claims->subject, try->row.id))
        return "assertion_iss";
    if (!is_ours(at, v, claims->audience))
        return "assertion_aud";
    if (claims->expires_at <= now_s || claims->expires_at > now_s + ASSERTION_LIFE_S + JWT_LEEWAY_S)
        return "assertion_exp";
    if (claims->not_before > now_s + JWT_LEEWAY_S || claims->issued_at > now_s + JWT_LEEWAY_S)
        return "assertion_nbf";
    return claims->id.len < 1 || claims->id.len > JTI_MAX ? "assertion_jti" : NULL;
}

/* Kept in the database, so that it serves once on all nodes together and after a restart too. */
static enum err spend(struct services *at, const struct visit *v, struct attempt *try, const struct assertion *claims)
{
    AUTO(tx) struct tx *tx = NULL;
    struct digest digest = digest_of(arena_printf(v->mem, "%.*s %.*s", STR_ARG(try->row.id), STR_ARG(claims->id)));
    TRY(store_begin(at->at->store, &tx));
    enum err end = assertions_keep(tx, &digest, claims->expires_at * SECOND_US, v->now_us);
    if (end == ERR_CONFLICT)
        return not_this(try, STR("assertion_replayed"));
    TRY(end);
    return store_commit(&tx);
}

/* RFC 7523 3: iss and sub are the client, aud is us, exp is near, jti serves once, the signature is its own key's. */
static enum err by_assertion(struct services *at, const struct visit *v, const struct client_proof *proof,
                             struct attempt *try)
{
    struct str id = { 0 }, payload = { 0 };
    struct assertion claims = { 0 };
    if (proof->assertion.len > JWT_MAX || named_client(v->mem, proof->assertion, &id) != OK ||
        (proof->id.ptr != NULL && !str_equal(proof->id, id)))
        return not_this(try, STR("assertion_malformed"));
    TRY(find(at, v, id, try));
    TRY(standing(try));
    if (try->row.keys.ptr == NULL)
        return not_this(try, STR("no_key"));
    enum err end = jwks_check(v->mem, try->row.keys, proof->assertion, &payload);
    if (end == ERR_INTERNAL)
        return end;
    if (end != OK || claims_of(v->mem, payload, &claims) != OK)
        return not_this(try, STR("assertion_signature"));
    const char *wrong = wrong_claim(at, v, try, &claims);
    return wrong == NULL ? spend(at, v, try, &claims) : not_this(try, str_of(wrong));
}

static enum err by_token(struct services *at, const struct visit *v, const struct client_proof *proof,
                         struct attempt *try, struct str *scopes)
{
    struct jwt_claims claims = { 0 };
    enum err end = jwt_check_client(at->at->keys, v, proof->bearer, &at->at->expect, &claims);
    if (end == ERR_UNAUTHENTICATED)
        return not_this(try, STR("token"));
    TRY(end);
    TRY(find(at, v, claims.client_id, try));
    *scopes = claims.scope;
    return standing(try);
}

/* Past the bound of a network nothing is written any more, so that a flood of failures does not fill the disk. */
static enum err tell(struct services *at, const struct visit *v, const struct attempt *try)
{
    TRY(limit_take_net(at->at->limits, LIMIT_CLIENT_NET, v));
    struct audit_who who = { .target = try->known ? try->row.id : (struct str){ 0 } };
    TRY(audit_alone(at->at->store, v, AUDIT_CLIENT_REFUSED, &who, try->reason));
    return refuse(WHY_CLIENT_REFUSED);
}

enum err flow_client_recognise(struct services *at, const struct visit *v, const struct client_proof *proof,
                               struct client_caller *out)
{
    struct attempt try = { .reason = STR("none") };
    struct str scopes = { 0 };
    enum err end = proof->secret.ptr != NULL      ? by_secret(at, v, proof, &try)
                   : proof->assertion.ptr != NULL ? by_assertion(at, v, proof, &try)
                   : proof->bearer.ptr != NULL    ? by_token(at, v, proof, &try, &scopes)
                                                  : refuse(WHY_CLIENT_REFUSED);
    if (end == ERR_UNAUTHENTICATED)
        return tell(at, v, &try);
    TRY(end);
    out->row = try.row;
    out->scopes = scopes.ptr != NULL ? scopes : try.row.scopes;
    return OK;
}
