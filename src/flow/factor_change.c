#include "flow/factor_change.h"
#include "account/notice.h"
#include "audit/audit.h"
#include "session/session.h"

enum err factor_change_admit(struct services *at, const struct visit *v, const struct caller *caller,
                             enum factor_change change, int64_t left)
{
    const struct config *config = at->at->config;
    const int64_t now_s = visit_now_s(v);
    if (caller->is_limited && change == FACTOR_REMOVE)
        return refuse(WHY_ENROL_ONLY);
    if (session_has(&caller->session, STR("recovery")))
        return access_recent(caller, now_s, config->recent_signin_s);
    TRY(access_fresh(caller, now_s, config->recent_signin_s));
    if (change == FACTOR_REMOVE && left == 0 && access_demands_factor(config->mfa, &caller->user))
        return refuse(WHY_LAST_FACTOR);
    return OK;
}

static bool is_codes(const struct factor_shown *factor)
{
    return str_equal(factor->factor, STR("recovery_code"));
}

static enum err strengthen(struct tx *tx, const struct visit *v, const struct caller *caller,
                           const struct factor_shown *factor)
{
    if (is_codes(factor) || !acr_below(caller->session.acr, factor->acr))
        return OK;
    struct str amr = session_amr_join(v->mem, caller->session.amr, factor->amr);
    return sessions_strengthen(tx, caller->session.id, amr, factor->acr);
}

enum err factor_changed(struct tx *tx, const struct visit *v, const struct caller *caller, enum factor_change change,
                        const struct factor_shown *factor)
{
    const bool added = change == FACTOR_ADD;
    struct audit_who who = { caller->user.public_id, caller->user.public_id, caller->session.id };
    enum notice_kind kind = !added ? NOTICE_FACTOR_REMOVED : is_codes(factor) ? NOTICE_CODES_MADE : NOTICE_FACTOR_ADDED;
    TRY(audit_add(tx, v, added ? AUDIT_MFA_ENROLLED : AUDIT_MFA_REMOVED, &who, (struct str){ 0 },
                  factor_detail(v, factor)));
    TRY(notice_leave(tx, v, caller->user.id, kind, factor->factor, factor->name));
    return added ? strengthen(tx, v, caller, factor) : OK;
}
