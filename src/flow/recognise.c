#include "flow/signin.h"
#include "session/session.h"

enum err flow_recognise(struct services *at, const struct visit *v, struct str access_token, struct caller *out)
{
    struct jwt_claims claims = { 0 };
    struct caller who = { 0 };
    bool found = false;
    TRY(jwt_check(at->at->keys, v, access_token, &at->at->expect, &claims));
    /* A good signature says what was true when it was made; what holds now is asked of the store, in one statement. */
    TRY(sessions_with_user(at->db, v->mem, claims.session, &who.session, &who.user, &found));
    if (!found || !str_equal(who.user.public_id, claims.subject) || !session_usable(&who.session, v->now_us) ||
        !who.user.is_active || who.user.token_version != claims.token_version)
        return refuse(WHY_SESSION_ENDED);
    who.token_id = claims.token_id;
    *out = who;
    return OK;
}
