#include "flow/second_step.h"
#include "account/notice.h"
#include "audit/audit.h"
#include "flow/dpop.h"
#include "flow/gate.h"
#include "flow/step_figures.h"
#include "store/users.h"

#define PASSWORD_MARK 16 /* bytes of the digest of the stored hash: another password voids the ticket */
#define HEAD          (1 + PASSWORD_MARK)
#define METHODS_MAX   3

struct strs second_step_methods(struct arena *mem, const struct user_row *user)
{
    struct strs out = { ARENA_ARRAY(mem, struct str, METHODS_MAX), 0 };
    if (user->credentials > 0)
        out.items[out.count++] = STR("webauthn");
    if (user->totp)
        out.items[out.count++] = STR("totp");
    if (out.count > 0 && user->recovery_codes > 0)
        out.items[out.count++] = STR("recovery_code");
    return out;
}

/* is_web, a mark of the password, and the thumbprint that the tokens shall be bound to. */
static struct str data_of(struct arena *mem, const struct user_row *user, const struct token_binding *binding)
{
    char *data = arena_take(mem, HEAD + binding->jkt.len);
    struct digest digest = digest_of(user->hashed_password);
    data[0] = binding->is_web ? 1 : 0;
    memcpy(data + 1, digest.is, PASSWORD_MARK);
    if (binding->jkt.len > 0)
        memcpy(data + HEAD, binding->jkt.ptr, binding->jkt.len);
    return (struct str){ data, HEAD + binding->jkt.len };
}

static enum err refused(const char *word)
{
    return refuse_with(WHY_MFA_TOKEN, word);
}

/* Nobody's password, nobody's activity and nobody's tokens may have changed since. */
static enum err as_it_was(const struct visit *v, const struct ticket *ticket, const struct user_row *user,
                          const struct token_binding *binding)
{
    if (!user->is_active || user->token_version != ticket->token_version ||
        !str_equal(ticket->data, data_of(v->mem, user, binding)))
        return refused("mfa_token_changed");
    return OK;
}

enum err second_step_ask(struct services *at, struct tx *tx, const struct visit *v, const struct user_row *user,
                         const struct token_binding *binding, struct second_step_due *out)
{
    struct ticket ticket = {
        .purpose = TICKET_SECOND_STEP,
        .user_id = user->id,
        .token_version = user->token_version,
        .data = data_of(v->mem, user, binding),
    };
    struct second_step_due due = { true, { 0 }, second_step_methods(v->mem, user), TICKET_TTL_S };
    struct audit_who who = { .target = user->public_id };
    if (binding->proof != NULL)
        TRY(flow_dpop_spend(at, tx, binding->proof));
    TRY(ticket_seal(&at->at->ticket_key, v, &ticket, &due.mfa_token));
    TRY(audit_add(tx, v, AUDIT_MFA_CHALLENGE, &who, (struct str){ 0 }, (struct str){ 0 }));
    at->at->steps->asked++;
    *out = due;
    return OK;
}

enum err second_step_resume(struct services *at, const struct visit *v, struct str mfa_token,
                            const struct token_binding *shown, struct second_step *out)
{
    struct second_step step = { .binding = *shown };
    bool found = false;
    enum err end = ticket_open(&at->at->ticket_key, v, TICKET_SECOND_STEP, mfa_token, &step.ticket);
    if (end != OK)
        return refused(end == ERR_EXPIRED ? "mfa_token_expired" : "mfa_token_unknown");
    TRY(users_by_id(at->db, v->mem, step.ticket.user_id, &step.user, &found));
    if (!found)
        return refused("mfa_token_changed");
    TRY(as_it_was(v, &step.ticket, &step.user, shown));
    *out = step;
    return OK;
}

enum err second_step_open(struct services *at, const struct visit *v, struct str mfa_token,
                          const struct token_binding *shown, struct second_step *out)
{
    TRY(second_step_resume(at, v, mfa_token, shown, out));
    enum err end = second_step_try(at, v, &out->user);
    if (end != ERR_LIMITED)
        return end;
    struct note told = *note_get();
    TRY(second_step_failed(at, v, out, &(struct factor_shown){ 0 }, STR("throttled")));
    note_put(&told);
    return ERR_LIMITED;
}

struct str factor_detail(const struct visit *v, const struct factor_shown *shown)
{
    if (shown->detail.ptr != NULL || shown->factor.ptr == NULL)
        return shown->detail;
    return arena_printf(v->mem, "{\"factor\":\"%.*s\"}", STR_ARG(shown->factor));
}

enum err second_step_failed(struct services *at, const struct visit *v, const struct second_step *step,
                            const struct factor_shown *shown, struct str reason)
{
    AUTO(tx) struct tx *tx = NULL;
    struct audit_who who = { .target = step->user.public_id };
    at->at->steps->failed++;
    TRY(store_begin(at->at->store, &tx));
    TRY(audit_add(tx, v, AUDIT_MFA_FAIL, &who, reason, factor_detail(v, shown)));
    TRY(notice_leave(tx, v, step->user.id, NOTICE_SECOND_STEP_FAILED, shown->factor, shown->name));
    return store_commit(&tx);
}

static enum err hold(struct tx *tx, const struct visit *v, const struct second_step *step, struct user_row *user)
{
    bool found = false;
    TRY(users_hold(tx, v->mem, step->user.public_id, user, &found));
    if (!found)
        return refused("mfa_token_changed");
    TRY(as_it_was(v, &step->ticket, user, &step->binding));
    enum err end = ticket_spend(tx, &step->ticket);
    return end == ERR_CONFLICT ? refused("mfa_token_spent") : end;
}

enum err second_step_finish(struct services *at, struct tx *tx, const struct visit *v, const struct second_step *step,
                            const struct factor_shown *shown, struct tokens *out)
{
    struct user_row user = { 0 };
    struct audit_who who = { .actor = step->user.public_id, .target = step->user.public_id };
    TRY(hold(tx, v, step, &user));
    TRY(audit_add(tx, v, AUDIT_MFA_SUCCESS, &who, (struct str){ 0 }, factor_detail(v, shown)));
    /* A recovery code leaves a notice of its own. */
    if (acr_below(shown->acr, access_strongest(&user)) && !str_equal(shown->factor, STR("recovery_code")))
        TRY(notice_leave(tx, v, user.id, NOTICE_WEAKER_FACTOR, shown->factor, shown->name));
    struct signin_how how = { arena_printf(v->mem, "pwd,%.*s", STR_ARG(shown->amr)), shown->acr, &step->binding };
    TRY(gate_open(at, tx, v, &user, &how, out));
    second_step_right(at, v, &user);
    at->at->steps->passed++;
    return OK;
}

enum err second_step_try(struct services *at, const struct visit *v, const struct user_row *user)
{
    return limit_take_subject(at->at->limits, LIMIT_SECOND_STEP, v, user->public_id);
}

void second_step_right(struct services *at, const struct visit *v, const struct user_row *user)
{
    limit_give_subject(at->at->limits, LIMIT_SECOND_STEP, v, user->public_id);
}
