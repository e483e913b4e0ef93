#include "audit/audit.h"
#include "flow/signin.h"
#include "session/session.h"

static struct audit_who who_of(const struct caller *caller)
{
    return (struct audit_who){ caller->user.public_id, caller->user.public_id, caller->session.id };
}

enum err flow_logout(struct services *at, const struct visit *v, const struct caller *caller)
{
    AUTO(tx) struct tx *tx = NULL;
    struct audit_who who = who_of(caller);
    TRY(store_begin(at->at->store, &tx));
    TRY(session_end(tx, v, caller->session.id, STR("logout")));
    TRY(audit_add(tx, v, AUDIT_SESSION_LOGOUT, &who, (struct str){ 0 }, (struct str){ 0 }));
    return store_commit(&tx);
}

enum err flow_logout_all(struct services *at, const struct visit *v, const struct caller *caller)
{
    AUTO(tx) struct tx *tx = NULL;
    struct audit_who who = who_of(caller);
    TRY(store_begin(at->at->store, &tx));
    TRY(session_end_all(tx, v, caller->user.id, STR("logout_all")));
    TRY(audit_add(tx, v, AUDIT_SESSION_LOGOUT, &who, (struct str){ 0 }, STR("{\"all\":true}")));
    return store_commit(&tx);
}
