#include "account/account.h"
#include "audit/audit.h"
#include "flow/gate.h"
#include "flow/second_step.h"

/* What a try has come to, kept for the audit row of a refusal. */
struct attempt {
    struct user_row user;
    bool known;
    struct str reason; /* for the audit trail only; the caller is told one sentence */
};

/* One of the two. */
struct signin_end {
    struct tokens tokens;
    struct second_step_due due;
};

/* Distinct unknown names can be counted, and none can be read. */
static struct str masked(struct services *at, const struct visit *v, struct str subject)
{
    return arena_printf(v->mem, "unknown:%016llx", (unsigned long long)short_hash(&at->at->name_key, subject));
}

/* The password as it would be hashed; a text that no account can have still costs a hash below. */
static enum err check_password(struct services *at, const struct attempt *try, const struct secret *typed)
{
    struct passwords *passwords = at->at->passwords;
    AUTO(secret) struct secret normal = { 0 };
    if (password_normalise(typed, &normal) != OK)
        normal = secret_copy(STR("-"));
    bool has_hash = try->known && try->user.hashed_password.ptr != NULL;
    /* An unknown name is checked against a decoy of today's cost, so that time does not tell who exists. */
    return password_verify(passwords, has_hash ? try->user.hashed_password : password_decoy(passwords), &normal);
}

/* Scheme or cost are behind: the password is here now and never again.  Losing the race to another change is no harm. */
static enum err rehash(struct tx *tx, const struct visit *v, const struct user_row *user, struct str fresh)
{
    enum err end = users_set_password(tx, user->id, user->hashed_password, fresh, v->now_us);
    if (end == ERR_CONFLICT)
        return OK;
    TRY(end);
    struct audit_who who = { .actor = user->public_id, .target = user->public_id };
    return audit_add(tx, v, AUDIT_PASSWORD_REHASH, &who, (struct str){ 0 }, (struct str){ 0 });
}

/* The new hash, made before the transaction so that no writer waits for it; absent when the stored one is fine. */
static enum err fresh_hash(struct services *at, const struct visit *v, const struct user_row *user,
                           const struct secret *typed, struct str *out)
{
    AUTO(secret) struct secret normal = { 0 };
    if (!password_needs_rehash(at->at->passwords, user->hashed_password))
        return OK;
    TRY(password_normalise(typed, &normal));
    return password_hash(at->at->passwords, &normal, v->mem, out);
}

/* Hold the account until its session is there, and see it as it is now.  A password change, a disabling or a new factor either
 * comes before, and is seen here, or comes after, and ends the session.  Ends: ERR_CONFLICT (another password than was checked: a new one, or the same hashed anew). */
static enum err hold_account(struct tx *tx, const struct visit *v, struct user_row *checked)
{
    struct user_row now = { 0 };
    bool found = false;
    TRY(users_hold(tx, v->mem, checked->public_id, &now, &found));
    if (!found || !now.is_active)
        return refuse(WHY_CREDENTIALS);
    if (!str_equal(now.hashed_password, checked->hashed_password))
        return fail(ERR_CONFLICT, "the password was changed meanwhile");
    *checked = now;
    return OK;
}

/* Which of the two follows the password is decided here, and nowhere else. */
static enum err let_in(struct services *at, struct tx *tx, const struct visit *v, const struct user_row *user,
                       const struct token_binding *binding, struct signin_end *out)
{
    const struct signin_how how = { STR("pwd"), STR("aal1"), binding };
    if (access_has_factor(user))
        return second_step_ask(at, tx, v, user, binding, &out->due);
    return gate_open(at, tx, v, user, &how, &out->tokens);
}

static enum err go_on(struct services *at, const struct visit *v, struct user_row *user, struct str new_hash,
                      const struct token_binding *binding, struct signin_end *out)
{
    AUTO(tx) struct tx *tx = NULL;
    TRY(store_begin(at->at->store, &tx));
    TRY(hold_account(tx, v, user));
    if (new_hash.ptr != NULL) {
        TRY(rehash(tx, v, user, new_hash));
        user->hashed_password = new_hash;
    }
    TRY(let_in(at, tx, v, user, binding, out));
    return store_commit(&tx);
}

static enum err try_signin(struct services *at, const struct visit *v, const struct credentials *typed,
                           const struct token_binding *binding, struct attempt *try, struct signin_end *out)
{
    TRY(account_find(at->db, v, typed->email, typed->username, &try->user, &try->known));
    enum err end = check_password(at, try, typed->password);
    try->reason = !try->known ? STR("unknown_user") : end == ERR_DENIED ? STR("password") : STR("inactive");
    if (end == ERR_DENIED || (end == OK && (!try->known || !try->user.is_active)))
        return refuse(WHY_CREDENTIALS);
    TRY(end);
    struct str new_hash = { 0 };
    TRY(fresh_hash(at, v, &try->user, typed->password, &new_hash));
    return go_on(at, v, &try->user, new_hash, binding, out);
}

static enum err audit_refusal(struct services *at, const struct visit *v, const struct attempt *try, struct str subject,
                              struct str reason)
{
    struct audit_who who = { .target = try->known ? try->user.public_id : masked(at, v, subject) };
    return audit_alone(at->at->store, v, AUDIT_SIGNIN_FAIL, &who, reason);
}

enum err flow_password_signin(struct services *at, const struct visit *v, const struct credentials *typed,
                              const struct token_binding *binding, struct tokens *out, struct second_step_due *due)
{
    struct attempt try = { 0 };
    struct signin_end fresh = { 0 };
    struct str subject = account_subject(v, typed->email, typed->username);
    enum err end = limit_take_subject(at->at->limits, LIMIT_SIGNIN_ACCOUNT, v, subject);
    if (end == ERR_LIMITED) {
        struct note told = *note_get();
        TRY(audit_refusal(at, v, &try, subject, STR("throttled")));
        note_put(&told);
        return ERR_LIMITED;
    }
    TRY(end);
    end = try_signin(at, v, typed, binding, &try, &fresh);
    if (end == ERR_CONFLICT) /* once more, with what is the password now */
        end = try_signin(at, v, typed, binding, &try, &fresh);
    if (end == ERR_CONFLICT)
        end = refuse(WHY_STORE_BUSY);
    if (end == ERR_UNAUTHENTICATED) {
        TRY(audit_refusal(at, v, &try, subject, try.reason));
        return refuse(WHY_CREDENTIALS);
    }
    TRY(end);
    limit_give_subject(at->at->limits, LIMIT_SIGNIN_ACCOUNT, v, subject);
    limit_give_net(at->at->limits, LIMIT_SIGNIN_NET, v);
    *out = fresh.tokens;
    *due = fresh.due;
    return OK;
}
