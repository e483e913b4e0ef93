#include "flow/gate.h"
#include "audit/audit.h"
#include "flow/dpop.h"
#include "flow/step_figures.h"
#include "flow/tokens.h"
#include "store/notices.h"
#include "store/users.h"

static struct str detail_of(const struct visit *v, const struct session_row *session)
{
    return arena_printf(v->mem, "{\"amr\":\"%.*s\",\"acr\":\"%.*s\"}", STR_ARG(session->amr), STR_ARG(session->acr));
}

enum err gate_open(struct services *at, struct tx *tx, const struct visit *v, const struct user_row *user,
                   const struct signin_how *how, struct tokens *out)
{
    struct session_row session = { 0 };
    const struct session_start start = {
        .user_id = user->id,
        .amr = how->amr,
        .acr = how->acr,
        .life = tokens_session_life(at),
        .is_web = how->binding->is_web,
        .jkt = how->binding->jkt,
    };
    if (how->binding->proof != NULL)
        TRY(flow_dpop_spend(at, tx, how->binding->proof));
    TRY(session_open(tx, v, &start, &session));
    struct audit_who who = { .actor = user->public_id, .target = user->public_id, .session = session.id };
    TRY(audit_add(tx, v, AUDIT_SIGNIN_OK, &who, (struct str){ 0 }, detail_of(v, &session)));
    TRY(audit_add(tx, v, AUDIT_SESSION_CREATED, &who, (struct str){ 0 }, (struct str){ 0 }));
    TRY(tokens_issue(at, v, user, &session, out));
    if (out->scope.ptr != NULL)
        at->at->steps->limited++;
    return notices_count(tx_db(tx), user->id, &out->notices);
}

/* The session and account as they are now, held until the transaction ends. */
static enum err hold(struct tx *tx, const struct visit *v, const struct caller *caller, struct caller *out)
{
    bool found = false;
    TRY(users_hold(tx, v->mem, caller->user.public_id, &out->user, &found));
    if (found)
        TRY(sessions_by_id(tx_db(tx), v->mem, caller->session.id, &out->session, &found));
    if (!found || !out->user.is_active || out->user.token_version != caller->user.token_version ||
        !session_usable(&out->session, v->now_us))
        return refuse(WHY_SESSION_ENDED);
    return OK;
}

/* A session is never made fresh by less than made it what it is, unless the account has lost what that took. */
static struct str least_of(const struct caller *now)
{
    struct str strongest = access_strongest(&now->user);
    return acr_below(now->session.acr, strongest) ? now->session.acr : strongest;
}

enum err gate_raise(struct services *at, struct tx *tx, const struct visit *v, const struct caller *caller,
                    const struct signin_how *how, struct tokens *out)
{
    struct caller now = { 0 }, shown = { .session.acr = how->acr };
    const struct session_life life = tokens_session_life(at);
    TRY(hold(tx, v, caller, &now));
    TRY(access_acr(&shown, least_of(&now)));
    struct str amr = session_amr_join(v->mem, now.session.amr, how->amr);
    TRY(session_raise(tx, v, &life, amr, how->acr, &now.session));
    struct audit_who who = { now.user.public_id, now.user.public_id, now.session.id };
    TRY(audit_add(tx, v, AUDIT_SESSION_RAISED, &who, (struct str){ 0 }, detail_of(v, &now.session)));
    TRY(tokens_issue(at, v, &now.user, &now.session, out));
    out->message = STR("Signed in again");
    at->at->steps->raised++;
    return OK;
}
