/* Another master key: everything that is sealed with the one is sealed with the other. */
#include "flow/key_own.h"
#include "flow/totp_own.h"

struct change {
    struct tx *tx;
    const struct secret *from, *to;
    struct master_change did;
};

static FALLIBLE reseal_keys(struct change *c, const struct visit *v, const struct key_list *list)
{
    AUTO(secret) struct secret from = keys_sealing(c->from);
    AUTO(secret) struct secret to = keys_sealing(c->to);
    for (size_t i = 0; i < list->count; i++) {
        struct signing_key_row *row = &list->rows[i];
        if (row->sealed.ptr == NULL)
            continue;
        TRY(key_reseal(v->mem, &from, &to, row));
        TRY(signing_keys_reseal(c->tx, row->kid, row->sealed));
        c->did.signing_keys++;
    }
    return OK;
}

static FALLIBLE reseal_app(struct change *c, struct arena *mem, const struct secret *from, const struct secret *to,
                           struct totp_boxes *boxes)
{
    const enum err end = totp_move(mem, from, to, boxes);
    if (end == ERR_DENIED || end == ERR_INVALID) {
        c->did.unreadable++;
        return OK;
    }
    TRY(end);
    c->did.apps++;
    return totp_reseal(c->tx, boxes);
}

/* after: 0 at first; as it was when nothing came. */
static FALLIBLE reseal_some(struct change *c, const struct secret *from, const struct secret *to, int64_t *after)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct totp_boxes *rows = NULL;
    size_t count = 0;
    TRY(totp_boxes_after(tx_db(c->tx), mem, *after, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(reseal_app(c, mem, from, to, &rows[i]));
        *after = rows[i].user_id;
    }
    return OK;
}

static FALLIBLE reseal_apps(struct change *c)
{
    AUTO(secret) struct secret from = totp_sealing(c->from);
    AUTO(secret) struct secret to = totp_sealing(c->to);
    int64_t before = -1, after = 0;
    while (after > before) {
        before = after;
        TRY(reseal_some(c, &from, &to, &after));
    }
    return OK;
}

static FALLIBLE change_row(struct change *c, const struct shared *at, const struct visit *v)
{
    struct master_key_row row;
    TRY(master_row(c->to, &at->lasting, v->mem, &row));
    return master_key_change(c->tx, &row, v->now_us);
}

static FALLIBLE tell(const struct change *c, const struct visit *v, struct str actor)
{
    const struct audit_who who = { .actor = actor };
    const struct master_change *did = &c->did;
    return audit_add(c->tx, v, AUDIT_MASTER_CHANGED, &who, (struct str){ 0 },
                     arena_printf(v->mem, "{\"signing_keys\":%lld,\"apps\":%lld,\"unreadable\":%lld}",
                                  (long long)did->signing_keys, (long long)did->apps, (long long)did->unreadable));
}

FALLIBLE flow_master_change(struct shared *at, const struct visit *v, struct str actor, const struct secret *master,
                            struct master_change *out)
{
    AUTO(tx) struct tx *tx = NULL;
    struct key_list list = { 0 };
    struct change change = { .from = &at->master, .to = master };
    if (str_equal(secret_view(master), secret_view(&at->master)))
        return fail(ERR_CONFLICT, "it is the master key that this database has already");
    TRY(keys_begin(at, v, &tx, &list));
    if (list.count == 0)
        return fail(ERR_MISSING, "there is nothing sealed yet: postern serve with the new master key is all it takes");
    change.tx = tx;
    TRY(reseal_keys(&change, v, &list));
    TRY(reseal_apps(&change));
    TRY(change_row(&change, at, v));
    TRY(tell(&change, v, actor));
    TRY(keys_commit(&tx));
    *out = change.did;
    return OK;
}
