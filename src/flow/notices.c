#include "flow/notices.h"
#include "store/notices.h"

enum err flow_notices_list(struct services *at, const struct visit *v, const struct caller *caller, struct str id,
                           struct notice_row **rows, size_t *count)
{
    TRY(access_self(caller, id));
    return notices_of_user(at->db, v->mem, caller->user.id, rows, count);
}

/* Not in the audit trail: what it tells of is. */
enum err flow_notice_remove(struct services *at, const struct caller *caller, struct str id, struct str notice)
{
    AUTO(tx) struct tx *tx = NULL;
    bool removed = false;
    TRY(access_self(caller, id));
    TRY(store_begin(at->at->store, &tx));
    TRY(notices_remove(tx, caller->user.id, notice, &removed));
    TRY(store_commit(&tx));
    return removed ? OK : refuse(WHY_NOTICE_MISSING);
}
