#include "flow/code_signin.h"
#include "account/notice.h"
#include "audit/audit.h"
#include "flow/step_up.h"
#include "flow/totp_own.h"
#include "store/recovery_codes.h"

/* A code that is judged, and what came of it. */
struct judging {
    const struct user_row *user;
    struct factor_shown shown;
    const char *fault; /* for the audit trail; NULL: it is good */
    bool counts;       /* as a failure */
    int64_t failures;  /* in a row, with this one */
};

static const struct factor_shown recovery_shown = { .factor = { "recovery_code", 13 },
                                                    .amr = { "recovery", 8 },
                                                    .acr = { "aal1", 4 } };

static enum err faulty(struct judging *j, const char *fault, bool counts)
{
    j->fault = fault;
    j->counts = counts;
    return OK;
}

static enum err judge_totp(struct services *at, struct tx *tx, const struct visit *v, const struct totp_code *code,
                           struct judging *j)
{
    AUTO(secret) struct secret secret = { 0 };
    struct totp_row row = { 0 };
    bool found = false, allowed = false, spent = false;
    struct totp_spending by = { .user_id = j->user->id, .now_us = v->now_us };
    TRY(totp_try(tx, j->user->id, &allowed));
    TRY(totp_of_user(tx_db(tx), v->mem, j->user->id, &row, &found));
    if (!allowed)
        return faulty(j, found && row.secret.ptr != NULL ? "disabled" : "missing", false);
    j->failures = row.failures;
    const enum err end = totp_judge(at, v, j->user, TOTP_SECRET, row.secret, code, &secret, &by.step);
    if (end == ERR_DENIED) {
        const char *fault = arena_cstr(v->mem, str_of(note_get()->text));
        return faulty(j, fault, !str_equal(str_of(fault), STR(TOTP_UNREADABLE)));
    }
    TRY(end);
    by.secret = row.secret;
    TRY(totp_spend(tx, &by, &spent));
    return spent ? OK : faulty(j, "replayed", false);
}

static enum err tell_of_recovery(struct tx *tx, const struct visit *v, const struct judging *j)
{
    const struct audit_who who = { .actor = j->user->public_id, .target = j->user->public_id };
    TRY(audit_add(tx, v, AUDIT_RECOVERY_USED, &who, (struct str){ 0 },
                  arena_printf(v->mem, "{\"left\":%lld}", (long long)j->user->recovery_codes - 1)));
    return notice_leave(tx, v, j->user->id, NOTICE_CODE_USED, j->shown.factor, (struct str){ 0 });
}

static enum err judge_recovery(struct services *at, struct tx *tx, const struct visit *v,
                               const struct recovery_code *code, struct judging *j)
{
    const struct digest digest = recovery_code_digest(&at->at->recovery_key, j->user->public_id, code);
    bool allowed = false, spent = false;
    TRY(recovery_codes_try(tx, j->user->id, &allowed));
    TRY(recovery_codes_failures(tx_db(tx), j->user->id, &j->failures));
    if (!allowed)
        return faulty(j, j->failures > 0 ? "disabled" : "missing", false);
    TRY(recovery_codes_spend(tx, j->user->id, &digest, &spent));
    return spent ? tell_of_recovery(tx, v, j) : faulty(j, "code", true);
}

static enum err judge(struct services *at, struct tx *tx, const struct visit *v, const struct typed_code *code,
                      struct judging *j)
{
    j->shown = code->totp != NULL ? totp_shown : recovery_shown;
    return code->totp != NULL ? judge_totp(at, tx, v, code->totp, j) : judge_recovery(at, tx, v, code->recovery, j);
}

/* The failure that disables it is told in its own transaction. */
static enum err keep_failure(struct tx **tx, const struct visit *v, const struct judging *j)
{
    const struct audit_who who = { .target = j->user->public_id };
    if (!j->counts) {
        tx_drop(tx);
        return OK;
    }
    if (j->failures >= FACTOR_FAILURES_MAX)
        TRY(audit_add(*tx, v, AUDIT_FACTOR_DISABLED, &who, STR("failures"),
                      arena_printf(v->mem, "{\"factor\":\"%.*s\"}", STR_ARG(j->shown.factor))));
    return store_commit(tx);
}

static bool is_disabled(const struct judging *j)
{
    const struct str fault = str_of(j->fault);
    return str_equal(fault, STR("disabled")) || str_equal(fault, STR(TOTP_UNREADABLE));
}

static enum err signin_failed(struct services *at, const struct visit *v, const struct second_step *step,
                              const struct judging *j)
{
    TRY(second_step_failed(at, v, step, &j->shown, str_of(j->fault)));
    return refuse(is_disabled(j) ? WHY_FACTOR_DISABLED_SIGNIN : WHY_CODE_WRONG_SIGNIN);
}

enum err flow_code_signin(struct services *at, const struct visit *v, struct str mfa_token,
                          const struct typed_code *code, const struct token_binding *binding, struct tokens *out)
{
    AUTO(tx) struct tx *tx = NULL;
    struct second_step step = { 0 };
    struct judging j = { .user = &step.user };
    struct tokens fresh = { 0 };
    TRY(second_step_open(at, v, mfa_token, binding, &step));
    TRY(store_begin(at->at->store, &tx));
    TRY(judge(at, tx, v, code, &j));
    if (j.fault != NULL) {
        TRY(keep_failure(&tx, v, &j));
        return signin_failed(at, v, &step, &j);
    }
    TRY(second_step_finish(at, tx, v, &step, &j.shown, &fresh));
    TRY(store_commit(&tx));
    limit_give_net(at->at->limits, LIMIT_SIGNIN_NET, v);
    *out = fresh;
    return OK;
}

static enum err step_up(struct services *at, const struct visit *v, const struct caller *caller,
                        const struct typed_code *code, struct judging *j, struct tokens *out)
{
    AUTO(tx) struct tx *tx = NULL;
    struct tokens fresh = { 0 };
    TRY(store_begin(at->at->store, &tx));
    TRY(judge(at, tx, v, code, j));
    if (j->fault != NULL)
        return keep_failure(&tx, v, j);
    TRY(step_up_finish(at, tx, v, caller, &j->shown, &fresh));
    TRY(store_commit(&tx));
    *out = fresh;
    return OK;
}

static enum err take_try(struct services *at, const struct visit *v, const struct caller *caller)
{
    const enum err end = second_step_try(at, v, &caller->user);
    if (end != ERR_LIMITED)
        return end;
    const struct note told = *note_get();
    TRY(step_up_failed(at, v, caller, &totp_shown, STR("throttled")));
    note_put(&told);
    return ERR_LIMITED;
}

enum err flow_totp_step_up(struct services *at, const struct visit *v, const struct caller *caller,
                           const struct totp_code *code, struct tokens *out)
{
    const struct typed_code typed = { .totp = code };
    struct judging j = { .user = &caller->user };
    TRY(take_try(at, v, caller));
    TRY(step_up(at, v, caller, &typed, &j, out));
    if (j.fault == NULL) {
        limit_give_net(at->at->limits, LIMIT_SIGNIN_NET, v);
        return OK;
    }
    TRY(step_up_failed(at, v, caller, &j.shown, str_of(j.fault)));
    return refuse(is_disabled(&j) ? WHY_FACTOR_DISABLED : WHY_CODE_WRONG);
}
