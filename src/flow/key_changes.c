#include "base/clock.h"
#include "flow/key_own.h"

static int64_t moment_after(const struct shared *at, const struct visit *v, bool at_once)
{
    return at_once ? v->now_us : v->now_us + at->config->key_lead_s * SECOND_US;
}

/* Old enough that its follower is to be published, so that it takes over at the age that is set. */
static bool is_due(const struct shared *at, const struct visit *v, const struct key_wish *wish,
                   const struct signing_key_row *current)
{
    const struct config *c = at->config;
    if (wish->change && !str_equal(current->algorithm, str_of(algorithm_name(wish->algorithm))))
        return true;
    return c->key_rotation_s != 0 && v->now_us >= current->active_at + (c->key_rotation_s - c->key_lead_s) * SECOND_US;
}

static FALLIBLE next_is_there(const struct signing_key_row *next)
{
    char at[CLOCK_TEXT_MAX];
    clock_format(next->active_at, at);
    return fail(ERR_CONFLICT, "there is a next key already, %.*s; it signs from %s on", STR_ARG(next->kid), at);
}

/* fresh.active_at is when the one takes over from the other. */
static FALLIBLE follow(struct tx *tx, const struct visit *v, const struct key_wish *wish,
                       const struct signing_key_row *before, const struct signing_key_row *fresh)
{
    if (before != NULL)
        TRY(signing_keys_plan(tx, before->kid, before->active_at, fresh->active_at, fresh->active_at + KEY_KEPT_US));
    return keys_add(tx, v, wish->actor, AUDIT_KEY_ROTATED, fresh);
}

/* With at_once a next key that is published already takes over now: others know it. */
static FALLIBLE hasten(struct tx *tx, const struct visit *v, const struct key_wish *wish, const struct key_list *list,
                       struct signing_key_row *next)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct signing_key_row *row = &list->rows[i];
        if (row->revoked_at == 0 && row->retired_at == next->active_at)
            TRY(signing_keys_plan(tx, row->kid, row->active_at, v->now_us, v->now_us + KEY_KEPT_US));
    }
    next->active_at = v->now_us;
    TRY(signing_keys_plan(tx, next->kid, v->now_us, 0, 0));
    return keys_tell(tx, v, wish->actor, AUDIT_KEY_ROTATED, (struct str){ 0 }, next);
}

/* What was looked at before may have been done by another meanwhile. */
static FALLIBLE rotate(struct tx *tx, struct shared *at, const struct visit *v, const struct key_wish *wish,
                       const struct key_list *list, struct signing_key_row *fresh)
{
    struct signing_key_row *newest = keys_newest(list);
    const bool waits = newest != NULL && newest->active_at > v->now_us;
    if (wish->when_due && newest != NULL && (waits || !is_due(at, v, wish, newest))) {
        fresh->kid = (struct str){ 0 };
        return OK;
    }
    if (waits && !wish->at_once)
        return next_is_there(newest);
    if (!waits)
        return follow(tx, v, wish, newest, fresh);
    TRY(hasten(tx, v, wish, list, newest));
    *fresh = *newest;
    return OK;
}

/* Made before anything is held: RSA takes its time. */
static FALLIBLE make(struct shared *at, const struct visit *v, enum algorithm algorithm, int64_t active_at,
                     struct signing_key_row *out)
{
    AUTO(secret) struct secret sealing = keys_sealing(&at->master);
    return key_make(v->mem, &sealing, algorithm, v->now_us, active_at, out);
}

FALLIBLE flow_key_rotate(struct shared *at, const struct visit *v, const struct key_wish *wish,
                         struct signing_key_row *out)
{
    AUTO(tx) struct tx *tx = NULL;
    struct key_list list = { 0 };
    struct signing_key_row fresh = { 0 };
    TRY(make(at, v, wish->algorithm, moment_after(at, v, wish->at_once), &fresh));
    TRY(keys_begin(at, v, &tx, &list));
    TRY(rotate(tx, at, v, wish, &list, &fresh));
    TRY(keys_commit(&tx));
    *out = fresh;
    return OK;
}

/* Without holding anything: most looks find nothing to do. */
FALLIBLE flow_keys_tick(struct shared *at, const struct visit *v, struct db *db, bool change, struct str *made)
{
    struct key_wish wish = { STR("postern"), at->config->token_alg, .when_due = true, .change = change };
    struct key_list list = { 0 };
    struct signing_key_row next = { 0 };
    TRY(signing_keys_list(db, v->mem, &list.rows, &list.count));
    TRY(keyring_fill(at->keys, list.rows, list.count, v->now_us));
    const struct signing_key_row *newest = keys_newest(&list);
    wish.at_once = newest == NULL; /* there is nobody whose time it could wait for */
    if (newest == NULL || (newest->active_at <= v->now_us && is_due(at, v, &wish, newest)))
        TRY(flow_key_rotate(at, v, &wish, &next));
    *made = next.kid;
    return OK;
}

/* ---- the end of one ---- */

static const struct signing_key_row *by_kid(const struct key_list *list, struct str kid)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_equal(list->rows[i].kid, kid))
            return &list->rows[i];
    return NULL;
}

static const struct signing_key_row *current_of(const struct key_list *list, const struct visit *v)
{
    for (size_t i = 0; i < list->count; i++)
        if (key_state(&list->rows[i], v->now_us) == KEY_CURRENT)
            return &list->rows[i];
    return NULL;
}

/* Somebody must sign from now on: the one that does, the next, or a new one. */
static FALLIBLE settle(struct tx *tx, const struct visit *v, struct str actor, const struct key_list *list,
                       const struct signing_key_row *fresh, struct signing_key_row *by)
{
    const struct signing_key_row *current = current_of(list, v);
    struct signing_key_row *newest = keys_newest(list);
    *by = current != NULL ? *current : newest != NULL ? *newest : *fresh;
    if (newest == NULL && current == NULL)
        return keys_add(tx, v, actor, AUDIT_KEY_MADE, fresh);
    if (current == NULL)
        by->active_at = v->now_us;
    if (newest == NULL || current == NULL) /* nothing follows it any more, or it takes over early */
        return signing_keys_plan(tx, by->kid, by->active_at, 0, 0);
    return OK;
}

static FALLIBLE revoke(struct tx *tx, const struct visit *v, struct str actor, struct str kid, struct key_list *list)
{
    struct signing_key_row *row = (struct signing_key_row *)(uintptr_t)by_kid(list, kid);
    int64_t changed = 0;
    if (row == NULL)
        return fail(ERR_MISSING, "there is no signing key %.*s", STR_ARG(kid));
    const enum key_state state = key_state(row, v->now_us);
    if (state == KEY_REVOKED || state == KEY_EXPIRED)
        return fail(ERR_CONFLICT, "the signing key %.*s is %s already", STR_ARG(kid), key_state_name(state));
    TRY(signing_keys_revoke(tx, kid, v->now_us, &changed));
    row->revoked_at = v->now_us;
    return keys_tell(tx, v, actor, AUDIT_KEY_REVOKED, str_of(key_state_name(state)), row);
}

FALLIBLE flow_key_revoke(struct shared *at, const struct visit *v, struct str actor, struct str kid,
                         struct signing_key_row *by)
{
    AUTO(tx) struct tx *tx = NULL;
    struct key_list list = { 0 };
    struct signing_key_row fresh;
    TRY(make(at, v, at->config->token_alg, v->now_us, &fresh));
    TRY(keys_begin(at, v, &tx, &list));
    TRY(revoke(tx, v, actor, kid, &list));
    TRY(settle(tx, v, actor, &list, &fresh, by));
    return keys_commit(&tx);
}
