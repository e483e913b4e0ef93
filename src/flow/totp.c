#include "audit/audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/box.h"
#include "crypto/master.h"
#include "factor/qr.h"
#include "flow/factor_change.h"
#include "flow/totp_own.h"
#include "store/users.h"

const struct factor_shown totp_shown = { .factor = { "totp", 4 }, .amr = { "otp", 3 }, .acr = { "aal2", 4 } };

static struct str beside(struct arena *mem, struct str user, const char *column)
{
    return arena_printf(mem, "%s|%.*s", column, STR_ARG(user));
}

struct secret totp_sealing(const struct secret *master)
{
    return master_subkey(master, "totp");
}

enum err totp_move(struct arena *mem, const struct secret *from, const struct secret *to, struct totp_boxes *boxes)
{
    struct totp_boxes moved = *boxes;
    if (boxes->secret.ptr != NULL)
        TRY(box_reseal(mem, from, to, beside(mem, boxes->public_id, TOTP_SECRET), boxes->secret, &moved.secret));
    if (boxes->pending.ptr != NULL)
        TRY(box_reseal(mem, from, to, beside(mem, boxes->public_id, TOTP_PENDING), boxes->pending, &moved.pending));
    *boxes = moved;
    return OK;
}

enum err totp_seal(struct services *at, const struct visit *v, struct str user, const char *column,
                   const struct secret *secret, struct str *box)
{
    return box_seal(v->mem, &at->at->totp_key, beside(v->mem, user, column), secret_view(secret), box);
}

/* Sealed with a master key that is lost, or changed by somebody else than us: to the one who types it is an app that serves no more. */
static enum err unreadable(const char *column, const struct user_row *user)
{
    log_event(LOG_ERROR, "unreadable", LOG_S("what", str_of(column)), LOG_S("user", user->public_id));
    return fail(ERR_DENIED, TOTP_UNREADABLE);
}

enum err totp_judge(struct services *at, const struct visit *v, const struct user_row *user, const char *column,
                    struct str box, const struct totp_code *code, struct secret *secret, int64_t *step)
{
    struct totp_found found = { 0 };
    if (box_open(&at->at->totp_key, beside(v->mem, user->public_id, column), box, secret) != OK)
        return unreadable(column, user);
    enum err end = totp_find(secret, visit_now_s(v), code, &found);
    if (end == ERR_DENIED)
        return fail(ERR_DENIED, "code");
    TRY(end);
    const bool timely = totp_is_timely(&found);
    drift_note(at->at->drift, user->id, found.distance, timely);
    *step = found.step;
    return timely ? OK : fail(ERR_DENIED, "clock");
}

static enum err draw(struct services *at, const struct visit *v, const struct user_row *user,
                     const struct secret *secret, struct totp_enrolment *out)
{
    struct str account = user->email.ptr != NULL ? user->email : user->username;
    struct totp_enrolment fresh = {
        .secret = totp_secret_text(v->mem, secret),
        .uri = totp_uri(v->mem, at->at->config->app_name, account, secret),
        .expires_in = TOTP_ENROL_S,
    };
    TRY(qr_svg(v->mem, fresh.uri, &fresh.qr));
    *out = fresh;
    return OK;
}

enum err flow_totp_enrol(struct services *at, const struct visit *v, const struct caller *caller,
                         struct totp_enrolment *out)
{
    AUTO(tx) struct tx *tx = NULL;
    AUTO(secret) struct secret secret = totp_secret_new();
    struct totp_enrolment fresh = { 0 };
    struct str box = { 0 };
    TRY(factor_change_admit(at, v, caller, FACTOR_ADD, 1));
    TRY(draw(at, v, &caller->user, &secret, &fresh));
    TRY(totp_seal(at, v, caller->user.public_id, TOTP_PENDING, &secret, &box));
    TRY(store_begin(at->at->store, &tx));
    TRY(totp_offer(tx, caller->user.id, box, v->now_us + TOTP_ENROL_S * SECOND_US));
    TRY(store_commit(&tx));
    *out = fresh;
    return OK;
}

static enum err find_pending(struct services *at, const struct visit *v, const struct caller *caller,
                             struct totp_row *out)
{
    bool found = false;
    TRY(totp_of_user(at->db, v->mem, caller->user.id, out, &found));
    return found && out->pending.ptr != NULL && v->now_us < out->pending_until ? OK : refuse(WHY_ENROLMENT_MISSING);
}

static enum err put(struct services *at, const struct visit *v, const struct caller *caller,
                    const struct totp_confirming *by)
{
    AUTO(tx) struct tx *tx = NULL;
    bool confirmed = false;
    TRY(store_begin(at->at->store, &tx));
    TRY(totp_confirm(tx, by, &confirmed));
    if (!confirmed)
        return refuse(WHY_ENROLMENT_MISSING);
    TRY(factor_changed(tx, v, caller, FACTOR_ADD, &totp_shown));
    return store_commit(&tx);
}

static enum err try_confirm(struct services *at, const struct visit *v, const struct caller *caller,
                            const struct totp_code *code)
{
    AUTO(secret) struct secret secret = { 0 };
    struct totp_row row = { 0 };
    struct totp_confirming by = { .user_id = caller->user.id, .now_us = v->now_us };
    TRY(find_pending(at, v, caller, &row));
    by.pending = row.pending;
    TRY(limit_take_subject(at->at->limits, LIMIT_CODE_CHECK, v, caller->user.public_id));
    TRY(totp_judge(at, v, &caller->user, TOTP_PENDING, row.pending, code, &secret, &by.step));
    TRY(totp_seal(at, v, caller->user.public_id, TOTP_SECRET, &secret, &by.secret));
    TRY(put(at, v, caller, &by));
    limit_give_subject(at->at->limits, LIMIT_CODE_CHECK, v, caller->user.public_id);
    limit_give_net(at->at->limits, LIMIT_SIGNIN_NET, v);
    return OK;
}

enum err flow_totp_confirm(struct services *at, const struct visit *v, const struct caller *caller,
                           const struct totp_code *code)
{
    const enum err end = try_confirm(at, v, caller, code);
    if (end != ERR_DENIED && end != ERR_LIMITED)
        return end;
    const struct note told = *note_get();
    const struct audit_who who = { caller->user.public_id, caller->user.public_id, caller->session.id };
    TRY(audit_alone(at->at->store, v, AUDIT_MFA_FAIL, &who, end == ERR_LIMITED ? STR("throttled") : str_of(told.text)));
    if (end == ERR_DENIED)
        return refuse(str_equal(str_of(told.text), STR(TOTP_UNREADABLE)) ? WHY_ENROLMENT_MISSING : WHY_CODE_WRONG);
    note_put(&told);
    return end;
}

/* The account as it is without it, held: of two factors that are removed at once the second sees the first gone. */
static enum err may_go(struct services *at, struct tx *tx, const struct visit *v, const struct caller *caller)
{
    struct caller now = *caller;
    bool found = false;
    TRY(users_hold(tx, v->mem, caller->user.public_id, &now.user, &found));
    if (!found)
        return refuse(WHY_USER_MISSING);
    return factor_change_admit(at, v, &now, FACTOR_REMOVE, now.user.credentials);
}

enum err flow_totp_remove(struct services *at, const struct visit *v, const struct caller *caller)
{
    AUTO(tx) struct tx *tx = NULL;
    bool removed = false;
    if (!caller->user.totp)
        return refuse(WHY_FACTOR_MISSING);
    TRY(factor_change_admit(at, v, caller, FACTOR_REMOVE, caller->user.credentials));
    TRY(store_begin(at->at->store, &tx));
    TRY(totp_remove(tx, caller->user.id, &removed));
    if (!removed)
        return refuse(WHY_FACTOR_MISSING);
    TRY(may_go(at, tx, v, caller));
    TRY(factor_changed(tx, v, caller, FACTOR_REMOVE, &totp_shown));
    return store_commit(&tx);
}
