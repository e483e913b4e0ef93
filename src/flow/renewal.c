#include "audit/audit.h"
#include "base/clock.h"
#include "flow/tokens.h"
#include "token/refresh.h"

/* Does the store know this token, and may it still be spent?  reason: for the audit trail. */
static enum err find_session(struct services *at, const struct visit *v, const struct digest *digest,
                             struct session_row *session, struct user_row *user, struct str *reason)
{
    bool found = false;
    TRY(sessions_by_refresh(at->db, v->mem, digest, session, user, &found));
    *reason = !found ? STR("refresh_unknown") : !user->is_active ? STR("inactive") : STR("refresh_ended");
    if (!found || !user->is_active || !session_usable(session, v->now_us))
        return refuse(WHY_REFRESH_INVALID);
    return OK;
}

static enum err rotate(struct services *at, const struct visit *v, struct session_row *session,
                       const struct user_row *user, struct tokens *out)
{
    AUTO(tx) struct tx *tx = NULL;
    struct digest digest;
    struct str refresh = refresh_make(v->mem, &digest);
    struct audit_who who = { .actor = user->public_id, .target = user->public_id, .session = session->id };
    TRY(store_begin(at->at->store, &tx));
    TRY(session_renew(tx, v, session, &digest));
    TRY(audit_add(tx, v, AUDIT_SESSION_RENEWED, &who, (struct str){ 0 }, (struct str){ 0 }));
    TRY(tokens_issue(at, v, user, session, refresh, out));
    out->message = STR("Token refreshed");
    return store_commit(&tx);
}

enum err flow_renewal(struct services *at, const struct visit *v, struct str refresh_token, struct tokens *out)
{
    struct digest digest;
    struct session_row session = { 0 };
    struct user_row user = { 0 };
    struct str reason = STR("refresh_malformed");
    enum err end = refresh_read(refresh_token, &digest);
    if (end == OK)
        end = find_session(at, v, &digest, &session, &user, &reason);
    if (end == OK) {
        reason = STR("refresh_spent");
        end = rotate(at, v, &session, &user, out);
    }
    if (end != ERR_UNAUTHENTICATED)
        return end;
    struct audit_who who = { .target = user.public_id, .session = session.id };
    TRY(audit_alone(at->at->store, v, AUDIT_REFRESH_REFUSED, &who, reason));
    return refuse(WHY_REFRESH_INVALID);
}
