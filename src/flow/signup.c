#include "flow/signup.h"
#include "account/account.h"
#include "audit/audit.h"
#include "flow/new_password.h"
#include "flow/operator.h"

static enum err check_all(struct services *at, const struct signup *wish, struct secret *normal, struct faults *faults)
{
    struct password_context of = { wish->email, wish->username, wish->name };
    TRY(new_password_check(at, wish->password, &of, normal, faults));
    return faults->count > 0 ? refuse(WHY_VALIDATION) : OK;
}

/* The answer to a taken name needs no hash; the unique index decides between two that come at once. */
static enum err check_taken(struct services *at, const struct visit *v, const struct signup *wish,
                            struct user_row *owner)
{
    bool found = false;
    if (wish->email.ptr != NULL) {
        TRY(account_find(at->db, v, wish->email, (struct str){ 0 }, owner, &found));
        if (found)
            return refuse(WHY_EMAIL_TAKEN);
    }
    if (wish->username.ptr != NULL) {
        TRY(account_find(at->db, v, (struct str){ 0 }, wish->username, owner, &found));
        if (found)
            return refuse(WHY_USERNAME_TAKEN);
    }
    return OK;
}

/* By whom, and with which roles; absent: by the account itself, as an ordinary user. */
struct author {
    struct str actor, roles;
};

static enum err commit_added(const struct visit *v, const struct user_row *row, const struct author *by, struct tx **tx)
{
    struct audit_who who = { .actor = by->actor.ptr != NULL ? by->actor : row->public_id, .target = row->public_id };
    TRY(audit_add(*tx, v, AUDIT_USER_CREATED, &who, (struct str){ 0 }, (struct str){ 0 }));
    return store_commit(tx);
}

static enum err add_gathered(struct services *at, const struct visit *v, struct user_row *row, const struct author *by)
{
    AUTO(tx) struct tx *tx = NULL;
    TRY(store_gather(at->at->store, &tx));
    TRY(users_add_later(tx, row));
    return commit_added(v, row, by, &tx);
}

/* Step by step, for the answer to what was taken. */
static enum err add_asking(struct services *at, const struct visit *v, struct user_row *row, const struct author *by)
{
    AUTO(tx) struct tx *tx = NULL;
    TRY(store_begin(at->at->store, &tx));
    TRY(users_add(tx, row));
    return commit_added(v, row, by, &tx);
}

static enum err add_account(struct services *at, const struct visit *v, const struct signup *wish,
                            const struct author *by, struct str hash, struct user_row *out)
{
    struct user_row row = { 0 };
    struct account_wish made = { wish->email, wish->username, wish->name, wish->date_of_birth, wish->job_title, hash };
    TRY(account_new(v, &made, &row));
    if (by->roles.ptr != NULL)
        row.roles = by->roles;
    enum err end = add_gathered(at, v, &row, by);
    if (end == ERR_CONFLICT)
        end = add_asking(at, v, &row, by);
    TRY(end);
    *out = row;
    return OK;
}

static enum err try_signup(struct services *at, const struct visit *v, const struct signup *wish,
                           const struct author *by, struct faults *faults, struct user_row *owner, struct user_row *out)
{
    AUTO(secret) struct secret normal = { 0 };
    struct str hash = { 0 };
    TRY(check_all(at, wish, &normal, faults));
    TRY(check_taken(at, v, wish, owner));
    TRY(password_hash(at->at->passwords, &normal, v->mem, &hash));
    return add_account(at, v, wish, by, hash, out);
}

static enum err sign_up(struct services *at, const struct visit *v, const struct signup *wish, const struct author *by,
                        struct faults *faults, struct user_row *out)
{
    struct user_row owner = { 0 };
    enum err end =
        limit_take_subject(at->at->limits, LIMIT_SIGNUP_ACCOUNT, v, account_subject(v, wish->email, wish->username));
    if (end == OK)
        end = try_signup(at, v, wish, by, faults, &owner, out);
    if (end != ERR_CONFLICT && end != ERR_LIMITED)
        return end;
    struct note told = *note_get();
    struct audit_who who = { .actor = by->actor, .target = owner.public_id };
    TRY(audit_alone(at->at->store, v, end == ERR_LIMITED ? AUDIT_LIMITED : AUDIT_SIGNUP_DUPLICATE, &who,
                    str_of(why_code(told.why))));
    note_put(&told);
    return end;
}

enum err flow_signup(struct services *at, const struct visit *v, const struct signup *wish, struct faults *faults,
                     struct user_row *out)
{
    const struct author itself = { 0 };
    return sign_up(at, v, wish, &itself, faults, out);
}

enum err flow_operator_signup(struct services *at, const struct visit *v, const struct signup *wish, struct str roles,
                              struct faults *faults, struct user_row *out)
{
    const struct author operator= { OPERATOR, roles };
    return sign_up(at, v, wish, &operator, faults, out);
}
