#include "audit/audit.h"
#include "base/field.h"
#include "flow/new_password.h"
#include "flow/signin.h"
#include "session/session.h"
#include "store/users.h"

/* The hash is not among what is read for each request. */
static enum err stored_of(struct services *at, const struct visit *v, const struct caller *caller, struct str *out)
{
    struct user_row now = { 0 };
    bool found = false;
    TRY(users_by_id(at->db, v->mem, caller->user.id, &now, &found));
    if (!found)
        return refuse(WHY_SESSION_ENDED);
    *out = now.hashed_password;
    return OK;
}

enum err current_password_check(struct services *at, const struct visit *v, const struct caller *caller,
                                const struct secret *typed, struct str *stored)
{
    AUTO(secret) struct secret normal = { 0 };
    struct passwords *passwords = at->at->passwords;
    struct str hash = { 0 };
    TRY(stored_of(at, v, caller, &hash));
    if (password_normalise(typed, &normal) != OK)
        normal = secret_copy(STR("-"));
    enum err end = password_verify(passwords, hash.ptr != NULL ? hash : password_decoy(passwords), &normal);
    if (end == OK)
        *stored = hash;
    return end == ERR_DENIED ? refuse(WHY_PASSWORD_WRONG) : end;
}

static enum err check_new(struct services *at, const struct caller *caller, const struct password_change *typed,
                          struct secret *normal, struct faults *faults)
{
    const struct user_row *user = &caller->user;
    struct password_context of = { user->email, user->username, user->name };
    TRY(new_password_check(at, typed->password, &of, normal, faults));
    if (faults->count == 0 && str_equal(secret_view(typed->current), secret_view(typed->password)))
        faults_add(faults, STR("password"), "unchanged", "must be another one than the current password");
    return faults->count > 0 ? refuse(WHY_VALIDATION) : OK;
}

static enum err set_password(struct services *at, const struct visit *v, const struct caller *caller, struct str stored,
                             struct str hash)
{
    AUTO(tx) struct tx *tx = NULL;
    struct audit_who who = { caller->user.public_id, caller->user.public_id, caller->session.id };
    int64_t ended = 0;
    TRY(store_begin(at->at->store, &tx));
    enum err end = users_set_password(tx, caller->user.id, stored, hash, v->now_us);
    if (end == ERR_CONFLICT) /* changed meanwhile: what was typed is the current one no longer */
        return refuse(WHY_PASSWORD_WRONG);
    TRY(end);
    TRY(session_end_others(tx, v, &caller->session, STR("password_changed"), &ended));
    TRY(audit_add(tx, v, AUDIT_PASSWORD_CHANGED, &who, (struct str){ 0 },
                  arena_printf(v->mem, "{\"sessions_ended\":%lld}", (long long)ended)));
    return store_commit(&tx);
}

static enum err try_change(struct services *at, const struct visit *v, const struct caller *caller,
                           const struct secret *current, const struct secret *normal)
{
    struct str stored = { 0 }, hash = { 0 };
    TRY(limit_take_subject(at->at->limits, LIMIT_PASSWORD_CHECK, v, caller->user.public_id));
    TRY(current_password_check(at, v, caller, current, &stored));
    TRY(password_hash(at->at->passwords, normal, v->mem, &hash));
    TRY(set_password(at, v, caller, stored, hash));
    limit_give_subject(at->at->limits, LIMIT_PASSWORD_CHECK, v, caller->user.public_id);
    limit_give_net(at->at->limits, LIMIT_SIGNIN_NET, v);
    return OK;
}

enum err flow_password_change(struct services *at, const struct visit *v, const struct caller *caller, struct str id,
                              const struct password_change *typed, struct faults *faults)
{
    AUTO(secret) struct secret normal = { 0 };
    TRY(check_new(at, caller, typed, &normal, faults));
    TRY(access_self(caller, id));
    enum err end = try_change(at, v, caller, typed->current, &normal);
    if (end != ERR_DENIED && end != ERR_LIMITED)
        return end;
    struct note told = *note_get();
    struct audit_who who = { caller->user.public_id, caller->user.public_id, caller->session.id };
    TRY(audit_alone(at->at->store, v, AUDIT_PASSWORD_KEPT, &who,
                    end == ERR_LIMITED ? STR("throttled") : STR("password")));
    note_put(&told);
    return end;
}
