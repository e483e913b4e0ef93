#include "flow/clients.h"
#include "audit/audit.h"
#include "crypto/random.h"

static enum err granted(const struct visit *v, const struct client_caller *caller, struct str asked, struct str *out)
{
    *out = caller->row.scopes;
    if (asked.ptr == NULL)
        return OK;
    if (scopes_tidy(v->mem, asked, out) != OK || !scopes_within(*out, caller->row.scopes))
        return refuse(WHY_SCOPE_INVALID);
    return OK;
}

static enum err sign(struct services *at, const struct visit *v, struct client_token *token, struct str client,
                     struct str *id)
{
    char fresh[UUID_TEXT_MAX];
    int64_t now_s = visit_now_s(v);
    uuid7(v->now_us, fresh);
    *id = arena_copy(v->mem, str_of(fresh));
    const struct jwt_claims claims = {
        .issuer = at->at->expect.issuer,
        .audience = at->at->expect.audience,
        .subject = client,
        .client_id = client,
        .token_id = *id,
        .issued_at = now_s,
        .not_before = now_s,
        .expires_at = now_s + token->expires_in,
        .scope = token->scope,
    };
    return jwt_sign(at->at->keys, v, &claims, &token->access_token);
}

static enum err tell(struct services *at, const struct visit *v, const struct client_token *token, struct str client,
                     struct str id)
{
    AUTO(tx) struct tx *tx = NULL;
    struct audit_who who = { .actor = client, .target = client };
    TRY(store_begin(at->at->store, &tx));
    TRY(audit_add(tx, v, AUDIT_TOKEN_CREATED, &who, (struct str){ 0 },
                  arena_printf(v->mem, "{\"jti\":\"%.*s\",\"scope\":\"%.*s\"}", STR_ARG(id), STR_ARG(token->scope))));
    return store_commit(&tx);
}

/* RFC 6749 4.4.3: "A refresh token SHOULD NOT be included." */
enum err flow_client_token(struct services *at, const struct visit *v, const struct client_caller *caller,
                           struct str scope, struct str resource, struct client_token *out)
{
    struct client_token token = { .token_type = STR("Bearer"), .expires_in = at->at->config->access_ttl_s };
    struct str id = { 0 };
    TRY(granted(v, caller, scope, &token.scope));
    if (resource.ptr != NULL && !str_equal(resource, at->at->expect.audience))
        return refuse(WHY_TARGET_INVALID);
    TRY(limit_take_subject(at->at->limits, LIMIT_CLIENT_TOKEN, v, caller->row.id));
    TRY(sign(at, v, &token, caller->row.id, &id));
    TRY(tell(at, v, &token, caller->row.id, id));
    *out = token;
    return OK;
}
