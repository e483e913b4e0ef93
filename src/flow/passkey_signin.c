#include "flow/passkey_signin.h"
#include "account/account.h"
#include "base/buf.h"
#include "flow/gate.h"
#include "flow/passkey_assert.h"
#include "flow/passkey_decoy.h"
#include "flow/second_step.h"
#include "store/credentials.h"

/* Which sign-in a ceremony was begun for: the first byte behind its challenge. */
enum kind { KIND_ANYBODY = 'a', KIND_NAMED = 'n', KIND_SECOND = 's' };

/* ---- the first half ---- */

static enum err begin(struct services *at, const struct visit *v, const struct ticket *bound, enum kind kind,
                      struct str more, struct passkey_requested *out)
{
    struct ticket ticket = *bound;
    struct buf data = buf_new(v->mem, 1 + more.len);
    ticket.purpose = TICKET_PASSKEY_SIGNIN;
    buf_add_char(&data, (char)kind);
    buf_add(&data, more);
    return passkey_begin(at, v, &ticket, buf_str(&data), &out->ceremony, &out->options.challenge);
}

/* Both halves of the work are done for unknown names, too. */
static enum err begin_named(struct services *at, const struct visit *v, const struct passkey_whom *whom,
                            struct passkey_requested *out)
{
    struct user_row user = { 0 };
    struct ticket bound = { 0 };
    struct credential_row *rows = NULL;
    size_t count = 0;
    bool found = false;
    TRY(account_find(at->db, v, whom->email, whom->username, &user, &found));
    TRY(credentials_of_user(at->db, v->mem, user.id, &rows, &count));
    struct list allow = passkey_decoys(at, v, account_subject(v, whom->email, whom->username));
    if (count > 0 && user.is_active) {
        bound = (struct ticket){ .user_id = user.id, .token_version = user.token_version };
        allow = passkey_descriptors(v, rows, count);
    }
    passkey_request(at, v, allow, true, &out->options);
    return begin(at, v, &bound, KIND_NAMED, (struct str){ 0 }, out);
}

static enum err begin_second(struct services *at, const struct visit *v, struct str mfa_token,
                             const struct token_binding *binding, struct passkey_requested *out)
{
    struct second_step step = { 0 };
    struct credential_row *rows = NULL;
    size_t count = 0;
    TRY(second_step_open(at, v, mfa_token, binding, &step));
    const struct ticket bound = { .user_id = step.user.id, .token_version = step.user.token_version };
    TRY(credentials_of_user(at->db, v->mem, step.user.id, &rows, &count));
    passkey_request(at, v, passkey_descriptors(v, rows, count), false, &out->options);
    return begin(at, v, &bound, KIND_SECOND, mfa_token, out);
}

enum err flow_passkey_signin_begin(struct services *at, const struct visit *v, const struct passkey_whom *whom,
                                   const struct token_binding *binding, struct passkey_requested *out)
{
    struct passkey_requested fresh = { 0 };
    const struct ticket nobody = { 0 };
    if (whom->mfa_token.ptr != NULL) {
        TRY(begin_second(at, v, whom->mfa_token, binding, &fresh));
    } else if (whom->email.ptr != NULL || whom->username.ptr != NULL) {
        TRY(begin_named(at, v, whom, &fresh));
    } else {
        passkey_request(at, v, (struct list){ 0 }, true, &fresh.options);
        TRY(begin(at, v, &nobody, KIND_ANYBODY, (struct str){ 0 }, &fresh));
    }
    *out = fresh;
    return OK;
}

/* ---- the second half ---- */

struct signing {
    struct passkey_taken taken;
    enum kind kind;
    struct second_step step; /* of KIND_SECOND */
    struct passkey_shown shown;
    struct str reason; /* for the audit trail */
};

static enum err take(struct services *at, const struct visit *v, const struct passkey_answer *answer,
                     const struct token_binding *binding, struct signing *s)
{
    TRY(passkey_take(at, v, TICKET_PASSKEY_SIGNIN, answer->ceremony, &s->taken, &s->reason));
    if (s->taken.more.len == 0)
        return fail(ERR_INTERNAL, "a ceremony of no kind");
    s->kind = (enum kind)s->taken.more.ptr[0];
    if (s->kind != KIND_SECOND)
        return OK;
    return second_step_resume(at, v, str_slice(s->taken.more, 1, s->taken.more.len), binding, &s->step);
}

static enum err show(struct services *at, const struct visit *v, const struct passkey_answer *answer, struct signing *s)
{
    const struct passkey_asking asking = { .user_known = s->kind != KIND_ANYBODY,
                                           .user_id = s->taken.ticket.user_id,
                                           .need_verified = s->kind != KIND_SECOND };
    return passkey_assert(at, v, &s->taken, &asking, answer->credential, &s->shown, &s->reason);
}

/* The account as it is now, held until the transaction ends.  Whoever was named is who it was when the options were made. */
static enum err hold(struct tx *tx, const struct visit *v, struct signing *s, struct user_row *user)
{
    const struct ticket *ticket = &s->taken.ticket;
    bool found = false;
    TRY(users_hold(tx, v->mem, s->shown.owner.public_id, user, &found));
    if (found && user->is_active && (s->kind == KIND_ANYBODY || user->token_version == ticket->token_version))
        return OK;
    s->reason = STR("inactive");
    return refuse(WHY_CREDENTIALS);
}

/* 25. "If all the above steps are successful, continue the authentication ceremony as appropriate." */
static enum err open_session(struct services *at, struct tx *tx, const struct visit *v, const struct signing *s,
                             const struct user_row *user, const struct token_binding *binding, struct tokens *out)
{
    const struct factor_shown factor = passkey_factor(v, &s->shown.row, s->shown.got.user_verified);
    const struct signin_how how = { factor.amr, factor.acr, binding };
    if (s->kind == KIND_SECOND)
        return second_step_finish(at, tx, v, &s->step, &factor, out);
    return gate_open(at, tx, v, user, &how, out);
}

static enum err finish(struct services *at, const struct visit *v, struct signing *s,
                       const struct token_binding *binding, struct tokens *out)
{
    AUTO(tx) struct tx *tx = NULL;
    struct user_row user = { 0 };
    TRY(store_begin(at->at->store, &tx));
    TRY(hold(tx, v, s, &user));
    TRY(passkey_spend(tx, &s->taken, &s->reason));
    TRY(passkey_update(at, tx, v, &s->shown, s->kind == KIND_SECOND, &s->reason));
    TRY(open_session(at, tx, v, s, &user, binding, out));
    return store_commit(&tx);
}

static enum err try_signin(struct services *at, const struct visit *v, const struct passkey_answer *answer,
                           const struct token_binding *binding, struct signing *s, struct tokens *out)
{
    TRY(take(at, v, answer, binding, s));
    TRY(show(at, v, answer, s));
    return finish(at, v, s, binding, out);
}

static enum err write_down(struct services *at, const struct visit *v, const struct signing *s, enum err end)
{
    const struct note told = *note_get();
    const struct audit_who who = { .target = s->shown.known ? s->shown.owner.public_id : (struct str){ 0 } };
    if (s->step.user.id == 0)
        return passkey_refused(at, v, AUDIT_SIGNIN_FAIL, &who, s->reason, end);
    const struct factor_shown factor = { .factor = STR("webauthn") };
    TRY(second_step_failed(at, v, &s->step, &factor, s->reason));
    note_put(&told);
    return end;
}

enum err flow_passkey_signin(struct services *at, const struct visit *v, const struct passkey_answer *answer,
                             const struct token_binding *binding, struct passkey_signed *out)
{
    struct signing s = { 0 };
    enum err end = try_signin(at, v, answer, binding, &s, &out->tokens);
    TRY(passkey_weigh(at, v, &s.taken, &s.shown, &s.reason, &end));
    out->counter_regressed = s.shown.counter_regressed;
    return s.reason.ptr == NULL ? end : write_down(at, v, &s, end);
}
