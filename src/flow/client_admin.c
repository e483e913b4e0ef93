#include "flow/clients.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "flow/operator.h"
#include "token/jwks.h"

static enum err fit(const struct visit *v, struct client_row *wish)
{
    if (!client_id_ok(wish->id))
        return fail(ERR_INVALID, "an id has 3 to 64 of a-z, 0-9, dot, dash and underscore, and is no UUID");
    if (wish->name.len == 0 || wish->name.len > 100 || !str_utf8_ok(wish->name))
        return fail(ERR_INVALID, "a name has 1 to 100 bytes");
    if (wish->keys.ptr != NULL)
        TRY(jwks_fit(v->mem, wish->keys));
    return scopes_tidy(v->mem, wish->scopes, &wish->scopes);
}

enum err flow_client_make(struct services *at, const struct visit *v, struct client_row *wish, struct str *secret)
{
    AUTO(tx) struct tx *tx = NULL;
    struct audit_who who = { .actor = OPERATOR, .target = wish->id };
    struct str fresh = { 0 };
    TRY(fit(v, wish));
    wish->created_at = v->now_us;
    if (wish->keys.ptr == NULL)
        fresh = client_secret_make(v->mem, &wish->secret);
    TRY(store_begin(at->at->store, &tx));
    TRY(clients_add(tx, wish));
    TRY(audit_add(tx, v, AUDIT_CLIENT_CREATED, &who, (struct str){ 0 },
                  arena_printf(v->mem, "{\"scopes\":\"%.*s\"}", STR_ARG(wish->scopes))));
    TRY(store_commit(&tx));
    *secret = fresh;
    return OK;
}

enum err flow_client_rotate(struct services *at, const struct visit *v, struct str id, int64_t grace_s,
                            struct str *secret)
{
    AUTO(tx) struct tx *tx = NULL;
    struct audit_who who = { .actor = OPERATOR, .target = id };
    struct digest digest;
    struct str fresh = client_secret_make(v->mem, &digest);
    TRY(store_begin(at->at->store, &tx));
    TRY(clients_set_secret(tx, id, &digest, grace_s > 0 ? v->now_us + grace_s * SECOND_US : 0));
    TRY(audit_add(tx, v, AUDIT_CLIENT_ROTATED, &who, (struct str){ 0 },
                  arena_printf(v->mem, "{\"grace_s\":%lld}", (long long)grace_s)));
    TRY(store_commit(&tx));
    *secret = fresh;
    return OK;
}

enum err flow_client_disable(struct services *at, const struct visit *v, struct str id)
{
    AUTO(tx) struct tx *tx = NULL;
    struct audit_who who = { .actor = OPERATOR, .target = id };
    struct client_row row = { 0 };
    int64_t changed = 0;
    bool found = false;
    TRY(store_begin(at->at->store, &tx));
    TRY(clients_by_id(tx_db(tx), v->mem, id, &row, &found));
    if (!found)
        return refuse(WHY_CLIENT_MISSING);
    TRY(clients_disable(tx, id, v->now_us, &changed));
    if (changed == 0)
        return OK;
    TRY(audit_add(tx, v, AUDIT_CLIENT_DISABLED, &who, (struct str){ 0 }, (struct str){ 0 }));
    return store_commit(&tx);
}
