#include "flow/sessions.h"
#include "audit/audit.h"
#include "session/session.h"
#include "store/users.h"

/* Whose sessions: one's own, or with the permission another's. */
static enum err find_owner(struct services *at, const struct visit *v, const struct caller *caller, struct str id,
                           struct user_row *out)
{
    bool found = false;
    TRY(access_self_or(caller, id, SESSIONS_WRITE));
    if (str_equal(caller->user.public_id, id)) {
        *out = caller->user;
        return OK;
    }
    TRY(users_by_public_id(at->db, v->mem, id, out, &found));
    return found ? OK : refuse(WHY_USER_MISSING);
}

static enum err audit_reading(struct services *at, const struct visit *v, const struct caller *caller,
                              const struct user_row *owner)
{
    struct audit_who who = { caller->user.public_id, owner->public_id, caller->session.id };
    if (owner->id == caller->user.id)
        return OK;
    return audit_alone(at->at->store, v, AUDIT_PROFILE_READ, &who, (struct str){ 0 });
}

enum err flow_sessions_list(struct services *at, const struct visit *v, const struct caller *caller, struct str id,
                            struct str after, int64_t limit, struct sessions_page *out)
{
    struct user_row owner = { 0 };
    struct sessions_page page = { 0 };
    TRY(find_owner(at, v, caller, id, &owner));
    /* One more tells whether there is a next page. */
    TRY(sessions_open_of_user(at->db, v->mem, owner.id, v->now_us, after, limit + 1, &page.rows, &page.count));
    if (page.count > (size_t)limit) {
        page.count = (size_t)limit;
        page.next = page.rows[limit - 1].id;
    }
    TRY(audit_reading(at, v, caller, &owner));
    *out = page;
    return OK;
}

enum err flow_session_end(struct services *at, const struct visit *v, const struct caller *caller, struct str id,
                          struct str session)
{
    AUTO(tx) struct tx *tx = NULL;
    struct user_row owner = { 0 };
    TRY(find_owner(at, v, caller, id, &owner));
    bool own = owner.id == caller->user.id;
    struct audit_who who = { caller->user.public_id, owner.public_id, session };
    TRY(store_begin(at->at->store, &tx));
    TRY(session_end_of(tx, v, owner.id, session, own ? STR("signed_out") : STR("administrator")));
    TRY(audit_add(tx, v, AUDIT_SESSION_LOGOUT, &who, (struct str){ 0 },
                  arena_printf(v->mem, "{\"by_session\":\"%.*s\"}", STR_ARG(caller->session.id))));
    return store_commit(&tx);
}
