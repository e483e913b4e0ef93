#include "flow/epoch.h"
#include "audit/audit.h"

static enum err raise(struct shared *at, const struct visit *v, int64_t to, struct set_back *out)
{
    AUTO(tx) struct tx *tx = NULL;
    struct audit_who who = { .actor = STR("postern") };
    int64_t before = 0, ended = 0;
    /* Cut off here, the next start begins again: the epoch is not raised yet. */
    TRY(epoch_end_sessions(at->store, v->mem, STR("restored"), v->now_us, &before));
    TRY(store_begin(at->store, &tx));
    TRY(epoch_raise(tx, to, STR("restored"), v->now_us, &ended));
    if (ended < 0) /* another server was faster; the mark is brought up next time */
        return OK;
    ended += before;
    TRY(audit_add(tx, v, AUDIT_EPOCH_RAISED, &who, (struct str){ 0 },
                  arena_printf(v->mem, "{\"epoch\":%lld,\"sessions\":%lld}", (long long)to, (long long)ended)));
    TRY(store_commit(&tx));
    *out = (struct set_back){ true, to, ended };
    return OK;
}

/* Behind the mark; or as far and further, but without its row: then it went on from an old state. */
static enum err is_old(struct db *db, const struct mark *inside, const struct mark *outside, bool *old)
{
    bool knows = true;
    if (inside->epoch == outside->epoch)
        TRY(epoch_knows(db, outside, &knows));
    *old = !knows || mark_before(inside, outside);
    return OK;
}

/* What counts is what is committed, so it is read outside of any transaction. */
enum err flow_epoch_settle(struct shared *at, const struct visit *v, bool keep, struct set_back *out)
{
    AUTO(db) struct db *db = NULL;
    struct mark inside = { 0 }, outside = { 0 };
    bool found = false, old = false;
    TRY(db_open(at->store, &db));
    TRY(mark_read(at->config->data_dir, v->mem, &outside, &found));
    TRY(epoch_read(db, &inside));
    if (found)
        TRY(is_old(db, &inside, &outside, &old));
    if (old) {
        TRY(raise(at, v, outside.epoch + 1, out));
        TRY(epoch_read(db, &inside));
    }
    at->ticket_key.epoch = inside.epoch;
    if (!found || inside.epoch > outside.epoch || (keep && mark_before(&outside, &inside)))
        return mark_keep(at->config->data_dir, &inside);
    return OK;
}
