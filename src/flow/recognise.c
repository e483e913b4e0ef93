#include "flow/signin.h"
#include "session/session.h"
#include "token/refresh.h"

/* A good signature says what was true when it was made; what holds now is asked of the store, in one statement. */
enum err flow_stand(struct services *at, const struct visit *v, const struct jwt_claims *claims, struct caller *out)
{
    struct caller who = { 0 };
    bool found = false;
    TRY(sessions_with_user(at->db, v->mem, claims->session, &who.session, &who.user, &found));
    if (!found || !str_equal(who.user.public_id, claims->subject) || !session_usable(&who.session, v->now_us) ||
        !who.user.is_active || who.user.token_version != claims->token_version)
        return refuse(WHY_SESSION_ENDED);
    if (!str_equal(who.session.jkt, claims->jkt))
        return refuse(WHY_TOKEN_INVALID);
    who.token_id = claims->token_id;
    *out = who;
    return OK;
}

enum err flow_recognise(struct services *at, const struct visit *v, struct str access_token, struct caller *out)
{
    struct jwt_claims claims = { 0 };
    TRY(jwt_check(at->at->keys, v, access_token, &at->at->expect, &claims));
    return flow_stand(at, v, &claims, out);
}

enum err flow_stand_refresh(struct services *at, const struct visit *v, struct str refresh_token, struct caller *out)
{
    struct refresh_token token = { 0 };
    struct caller who = { 0 };
    bool found = false;
    TRY(refresh_read(refresh_token, &token));
    TRY(sessions_with_user(at->db, v->mem, arena_copy(v->mem, str_of(token.session)), &who.session, &who.user, &found));
    if (!found)
        return refuse(WHY_REFRESH_INVALID);
    TRY(refresh_check(&at->at->refresh_key, &who.session.refresh_seed, &token));
    if (token.number != who.session.refresh_number || !who.user.is_active || !session_usable(&who.session, v->now_us))
        return refuse(WHY_REFRESH_INVALID);
    *out = who;
    return OK;
}
