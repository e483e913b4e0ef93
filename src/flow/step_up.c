#include "flow/step_up.h"
#include "account/notice.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "flow/gate.h"

#define METHODS_MAX 2

static bool is_enough(const struct caller *caller, struct str acr)
{
    return !acr_below(acr, caller->session.acr) || !acr_below(acr, access_strongest(&caller->user));
}

struct step_up_state flow_step_up_look(const struct visit *v, const struct caller *caller)
{
    struct strs methods = { ARENA_ARRAY(v->mem, struct str, METHODS_MAX), 0 };
    if (caller->user.credentials > 0)
        methods.items[methods.count++] = STR("webauthn");
    if (caller->user.totp && is_enough(caller, STR("aal2")))
        methods.items[methods.count++] = STR("totp");
    if (!access_has_factor(&caller->user))
        methods.items[methods.count++] = STR("password");
    return (struct step_up_state){ caller->session.acr, caller->session.auth_time_s * SECOND_US, methods };
}

static enum err audit_password(struct services *at, const struct visit *v, const struct caller *caller,
                               struct str reason)
{
    struct note told = *note_get();
    struct audit_who who = { caller->user.public_id, caller->user.public_id, caller->session.id };
    TRY(audit_alone(at->at->store, v, AUDIT_SIGNIN_FAIL, &who, reason));
    note_put(&told);
    return OK;
}

static enum err raise_by_password(struct services *at, const struct visit *v, const struct caller *caller,
                                  struct tokens *out)
{
    AUTO(tx) struct tx *tx = NULL;
    const struct signin_how how = { .amr = STR("pwd"), .acr = STR("aal1") };
    struct tokens fresh = { 0 };
    TRY(store_begin(at->at->store, &tx));
    TRY(gate_raise(at, tx, v, caller, &how, &fresh));
    TRY(store_commit(&tx));
    *out = fresh;
    return OK;
}

static enum err check(struct services *at, const struct visit *v, const struct caller *caller,
                      const struct secret *password)
{
    struct str stored = { 0 };
    TRY(limit_take_subject(at->at->limits, LIMIT_PASSWORD_CHECK, v, caller->user.public_id));
    return current_password_check(at, v, caller, password, &stored);
}

enum err flow_step_up_password(struct services *at, const struct visit *v, const struct caller *caller,
                               const struct secret *password, struct tokens *out)
{
    if (access_has_factor(&caller->user))
        return refuse(WHY_STEP_UP_METHOD);
    enum err end = check(at, v, caller, password);
    if (end == ERR_DENIED || end == ERR_LIMITED)
        TRY(audit_password(at, v, caller, end == ERR_LIMITED ? STR("throttled") : STR("password")));
    TRY(end);
    TRY(raise_by_password(at, v, caller, out));
    limit_give_subject(at->at->limits, LIMIT_PASSWORD_CHECK, v, caller->user.public_id);
    limit_give_net(at->at->limits, LIMIT_SIGNIN_NET, v);
    return OK;
}

enum err step_up_finish(struct services *at, struct tx *tx, const struct visit *v, const struct caller *caller,
                        const struct factor_shown *shown, struct tokens *out)
{
    const struct signin_how how = { .amr = shown->amr, .acr = shown->acr };
    struct audit_who who = { caller->user.public_id, caller->user.public_id, caller->session.id };
    TRY(gate_raise(at, tx, v, caller, &how, out));
    TRY(audit_add(tx, v, AUDIT_MFA_SUCCESS, &who, (struct str){ 0 }, factor_detail(v, shown)));
    second_step_right(at, v, &caller->user);
    return OK;
}

enum err step_up_failed(struct services *at, const struct visit *v, const struct caller *caller,
                        const struct factor_shown *shown, struct str reason)
{
    AUTO(tx) struct tx *tx = NULL;
    struct audit_who who = { caller->user.public_id, caller->user.public_id, caller->session.id };
    TRY(store_begin(at->at->store, &tx));
    TRY(audit_add(tx, v, AUDIT_MFA_FAIL, &who, reason, factor_detail(v, shown)));
    TRY(notice_leave(tx, v, caller->user.id, NOTICE_SECOND_STEP_FAILED, shown->factor, shown->name));
    return store_commit(&tx);
}
