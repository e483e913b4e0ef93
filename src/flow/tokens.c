#include "flow/tokens.h"
#include "base/clock.h"
#include "crypto/random.h"
#include "token/refresh.h"

struct session_life tokens_session_life(const struct services *at)
{
    return (struct session_life){ at->at->config->session_ttl_s, at->at->config->refresh_ttl_s };
}

/* A token that can only add a factor names neither roles nor this service's audience, so that nobody takes it for more. */
static void limit_claims(const struct visit *v, struct jwt_claims *claims)
{
    claims->audience = jwt_enrolment_audience(v->mem, claims->issuer);
    claims->role = STR("");
    claims->roles = (struct strs){ 0 };
    claims->scope = STR(SCOPE_ENROL);
}

enum err tokens_draft_make(struct services *at, const struct visit *v, const struct user_row *user,
                           const struct session_row *session, struct tokens_draft *out)
{
    const struct config *config = at->at->config;
    char token_id[UUID_TEXT_MAX];
    int64_t now_s = visit_now_s(v);
    struct tokens_draft fresh = { .tokens = {
                                      .message = STR("Login successful"),
                                      .token_type = session->jkt.ptr != NULL ? STR("DPoP") : STR("Bearer"),
                                      .expires_in = config->access_ttl_s,
                                      .session_id = session->id,
                                      .user_id = user->public_id,
                                  } };
    uuid7(v->now_us, token_id);
    struct jwt_claims claims = {
        .issuer = at->at->expect.issuer,
        .audience = at->at->expect.audience,
        .subject = user->public_id,
        .token_id = str_of(token_id),
        .session = session->id,
        .issued_at = now_s,
        .not_before = now_s,
        .expires_at = now_s + config->access_ttl_s,
        .auth_time = session->auth_time_s,
        .token_version = user->token_version,
        .role = roles_strongest(user->roles),
        .roles = roles_split(v->mem, user->roles),
        .amr = session_amr(v->mem, session),
        .scope = roles_scope(v->mem, user->roles),
        .acr = session->acr,
        .email = user->email,
        .name = user->name,
        .jkt = session->jkt,
    };
    if (access_limited(config->mfa, user, session)) {
        limit_claims(v, &claims);
        fresh.tokens.scope = claims.scope;
    }
    TRY(jwt_draft_make(at->at->keys, v, &claims, &fresh.access));
    *out = fresh;
    return OK;
}

enum err tokens_draft_sign(struct tokens_draft *draft, struct tokens *out)
{
    struct tokens fresh = draft->tokens;
    TRY(jwt_draft_sign(&draft->access, &fresh.access_token));
    *out = fresh;
    return OK;
}

void tokens_draft_drop(struct tokens_draft *draft)
{
    jwt_draft_drop(&draft->access);
}

void tokens_renewable(struct services *at, const struct visit *v, const struct session_row *session, struct tokens *out)
{
    out->refresh_token =
        refresh_make(&at->at->refresh_key, &session->refresh_seed, session->id, session->refresh_number, v->mem);
    out->refresh_expires_in = (session_until(session) - v->now_us) / SECOND_US;
}

enum err tokens_issue(struct services *at, const struct visit *v, const struct user_row *user,
                      const struct session_row *session, struct tokens *out)
{
    AUTO(tokens_draft) struct tokens_draft draft = { 0 };
    struct tokens fresh = { 0 };
    TRY(tokens_draft_make(at, v, user, session, &draft));
    TRY(tokens_draft_sign(&draft, &fresh));
    tokens_renewable(at, v, session, &fresh);
    *out = fresh;
    return OK;
}
