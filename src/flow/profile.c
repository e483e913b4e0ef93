#include "flow/profile.h"
#include "audit/audit.h"
#include "flow/operator.h"
#include "session/session.h"

static enum err find(struct db *db, const struct visit *v, struct str id, struct user_row *out)
{
    bool found = false;
    TRY(users_by_public_id(db, v->mem, id, out, &found));
    return found ? OK : refuse(WHY_USER_MISSING);
}

enum err flow_profile_read(struct services *at, const struct visit *v, const struct caller *caller, struct str id,
                           struct user_row *out)
{
    TRY(access_self_or(caller, id, USERS_READ));
    if (str_equal(caller->user.public_id, id)) {
        *out = caller->user; /* read from the store for this very request */
        return OK;
    }
    TRY(find(at->db, v, id, out));
    struct audit_who who = { caller->user.public_id, out->public_id, caller->session.id };
    return audit_alone(at->at->store, v, AUDIT_PROFILE_READ, &who, (struct str){ 0 });
}

enum err flow_profile_list(struct services *at, const struct visit *v, const struct caller *caller,
                           struct user_filter *filter, struct user_row **rows, size_t *count, struct str *next)
{
    AUTO(tx) struct tx *tx = NULL;
    int64_t page = filter->limit;
    TRY(access_must(caller, USERS_READ));
    filter->limit = page + 1; /* one more tells whether there is a next page */
    TRY(users_list(at->db, v->mem, filter, rows, count));
    *next = (struct str){ 0 };
    if (*count > (size_t)page) {
        *count = (size_t)page;
        *next = (*rows)[page - 1].public_id;
    }
    struct audit_who who = { .actor = caller->user.public_id, .session = caller->session.id };
    TRY(store_begin(at->at->store, &tx));
    TRY(audit_add(tx, v, AUDIT_PROFILE_READ, &who, (struct str){ 0 },
                  arena_printf(v->mem, "{\"profiles\":%zu}", *count)));
    return store_commit(&tx);
}

static bool is_active_admin(const struct user_row *row)
{
    return row->is_active && str_equal(roles_strongest(row->roles), STR("admin"));
}

/* Nobody may lock everybody out. */
static enum err keep_an_admin(int64_t admins, const struct user_row *before, const struct user_row *after)
{
    if (!is_active_admin(before) || is_active_admin(after))
        return OK;
    return admins > 1 ? OK : refuse(WHY_LAST_ADMIN);
}

/* Whoever could take an administrator away holds them all, so that two can't take each other away. */
static enum err hold(struct tx *tx, const struct visit *v, struct str id, const struct account_change *change,
                     struct user_row *out, int64_t *admins)
{
    bool found = false;
    if (change->roles != NULL || change->is_active != NULL)
        TRY(users_hold_active_admins(tx, admins));
    TRY(users_hold(tx, v->mem, id, out, &found));
    return found ? OK : refuse(WHY_USER_MISSING);
}

static enum err audit_change(struct tx *tx, const struct visit *v, const struct audit_who *who,
                             const struct user_row *before, const struct user_row *after)
{
    if (!str_equal(before->roles, after->roles)) {
        struct str detail = arena_printf(v->mem, "{\"before\":\"%.*s\",\"after\":\"%.*s\"}", STR_ARG(before->roles),
                                         STR_ARG(after->roles));
        TRY(audit_add(tx, v, AUDIT_ROLES_CHANGED, who, (struct str){ 0 }, detail));
    }
    enum audit_kind kind = before->is_active && !after->is_active ? AUDIT_USER_ARCHIVED : AUDIT_USER_UPDATED;
    return audit_add(tx, v, kind, who, (struct str){ 0 }, (struct str){ 0 });
}

/* The row is held by the transaction, so that two changes at once can't undo each other. */
static enum err change_row(struct services *at, const struct visit *v, struct audit_who *who, struct str id,
                           const struct account_change *change, struct faults *faults, struct user_row *out)
{
    AUTO(tx) struct tx *tx = NULL;
    struct user_row before = { 0 };
    int64_t admins = 0;
    TRY(store_begin(at->at->store, &tx));
    TRY(hold(tx, v, id, change, &before, &admins));
    struct user_row after = before;
    TRY(account_apply(v, change, &after, faults));
    TRY(keep_an_admin(admins, &before, &after));
    TRY(users_update(tx, &after));
    if (before.is_active && !after.is_active)
        TRY(session_end_all(tx, v, after.id, STR("account_disabled")));
    who->target = after.public_id;
    TRY(audit_change(tx, v, who, &before, &after));
    TRY(store_commit(&tx));
    *out = after;
    return OK;
}

enum err flow_profile_change(struct services *at, const struct visit *v, const struct caller *caller, struct str id,
                             const struct account_change *change, struct faults *faults, struct user_row *out)
{
    struct audit_who who = { .actor = caller->user.public_id, .session = caller->session.id };
    TRY(access_self_or(caller, id, USERS_WRITE));
    if (change->roles != NULL || change->is_active != NULL)
        TRY(access_must(caller, USERS_WRITE));
    return change_row(at, v, &who, id, change, faults, out);
}

enum err flow_profile_remove(struct services *at, const struct visit *v, const struct caller *caller, struct str id)
{
    bool inactive = false;
    struct faults faults = { 0 };
    struct user_row gone;
    struct account_change change = { .is_active = &inactive };
    struct audit_who who = { .actor = caller->user.public_id, .session = caller->session.id };
    TRY(access_self_or(caller, id, USERS_WRITE));
    if (str_equal(caller->user.public_id, id))
        TRY(access_recent(caller, visit_now_s(v), at->at->config->recent_signin_s));
    return change_row(at, v, &who, id, &change, &faults, &gone);
}

enum err flow_operator_change(struct services *at, const struct visit *v, struct str id,
                              const struct account_change *change, struct user_row *out)
{
    struct faults faults = { 0 };
    struct audit_who who = { .actor = OPERATOR };
    return change_row(at, v, &who, id, change, &faults, out);
}
