#include "flow/signin.h"
#include "session/session.h"
#include "token/refresh.h"

static bool is_limited(const struct services *at, const struct caller *who)
{
    return access_limited(at->at->config->mfa, &who->user, &who->session);
}

/* How strong, and when: a step-up speaks for the tokens that it brings, not for those of before. */
static void as_the_token_says(const struct jwt_claims *claims, struct session_row *session)
{
    if (acr_below(claims->acr, session->acr))
        session->acr = claims->acr;
    if (claims->auth_time < session->auth_time_s)
        session->auth_time_s = claims->auth_time;
}

/* A good signature says what was true when it was made; what holds now is asked of the store, in one statement. */
enum err flow_stand(struct services *at, const struct visit *v, const struct jwt_claims *claims, struct caller *out)
{
    struct caller who = { 0 };
    bool found = false;
    TRY(sessions_standing(at->db, v->mem, claims->session, &who.session, &who.user, &found));
    if (!found || !str_equal(who.user.public_id, claims->subject) || !session_usable(&who.session, v->now_us) ||
        !who.user.is_active || who.user.token_version != claims->token_version)
        return refuse(WHY_SESSION_ENDED);
    if (!str_equal(who.session.jkt, claims->jkt))
        return refuse(WHY_TOKEN_INVALID);
    who.token_id = claims->token_id;
    as_the_token_says(claims, &who.session);
    who.is_limited = str_equal(claims->scope, STR(SCOPE_ENROL)) || is_limited(at, &who);
    *out = who;
    return OK;
}

enum err flow_recognise(struct services *at, const struct visit *v, struct str access_token, struct caller *out)
{
    struct jwt_claims claims = { 0 };
    struct jwt_expect expect = at->at->expect;
    expect.enrolment = true;
    TRY(jwt_check(at->at->keys, v, access_token, &expect, &claims));
    return flow_stand(at, v, &claims, out);
}

/* Did we make it, for a session that we know, of an active account?  Which of its tokens it is, and of what client, is not asked. */
static enum err genuine(struct services *at, const struct visit *v, struct str text, struct refresh_token *token,
                        struct caller *who)
{
    bool found = false;
    TRY(refresh_read(text, token));
    TRY(sessions_with_user(at->db, v->mem, arena_copy(v->mem, str_of(token->session)), &who->session, &who->user,
                           &found));
    if (!found)
        return refuse(WHY_REFRESH_INVALID);
    TRY(refresh_check(&at->at->refresh_key, &who->session.refresh_seed, token));
    return who->user.is_active ? OK : refuse(WHY_REFRESH_INVALID);
}

enum err flow_stand_refresh(struct services *at, const struct visit *v, struct str refresh_token, struct caller *out)
{
    struct refresh_token token = { 0 };
    struct caller who = { 0 };
    TRY(genuine(at, v, refresh_token, &token, &who));
    if (token.number != who.session.refresh_number || !session_usable(&who.session, v->now_us))
        return refuse(WHY_REFRESH_INVALID);
    who.is_limited = is_limited(at, &who);
    *out = who;
    return OK;
}

/* A page that renews while its other requests are on their way has shown the token of before: as with a retry. */
enum err flow_recognise_page(struct services *at, const struct visit *v, struct str refresh_token, struct caller *out)
{
    struct refresh_token token = { 0 };
    struct caller who = { 0 };
    TRY(genuine(at, v, refresh_token, &token, &who));
    if (!who.session.is_web || who.session.jkt.ptr != NULL || !session_takes(v, token.number, &who.session))
        return refuse(WHY_REFRESH_INVALID);
    who.is_limited = is_limited(at, &who);
    *out = who;
    return OK;
}
