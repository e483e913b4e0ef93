#include "api/guard.h"
#include "api/browser.h"
#include "api/proof.h"
#include "audit/audit.h"
#include "base/log.h"
#include "crypto/random.h"
#include "flow/signin.h"

/* RFC 6750 2.1: "Bearer" 1*SP b64token; RFC 9449 7.1: "DPoP" 1*SP token68; the scheme is compared without case (RFC 9110 11.1). */
static enum err token_of(struct call *c, struct str *token)
{
    struct str header = call_header(c, "Authorization"), scheme = { 0 };
    if (header.ptr == NULL || !str_split(&header, ' ', &scheme))
        return refuse(WHY_TOKEN_MISSING);
    c->shows_dpop = str_equal_nocase(scheme, STR("DPoP"));
    if (!c->shows_dpop && !str_equal_nocase(scheme, STR("Bearer")))
        return refuse(WHY_TOKEN_MISSING);
    *token = str_trim(header);
    return token->len > 0 ? OK : refuse(WHY_TOKEN_MISSING);
}

/* May who shows this token use it?  A bound one only with a proof. */
static enum err check_use(struct call *c, struct str token, const struct caller *caller)
{
    const struct dpop_shown shown = proof_shown(c);
    struct dpop_proof proof;
    if (!c->shows_dpop)
        return flow_dpop_not_used(c->services, caller);
    TRY(flow_dpop_use(c->services, &c->visit, &shown, token, caller, &proof));
    proof_next_nonce(c, &proof);
    return OK;
}

static enum err recognise_token(struct call *c)
{
    struct str token = { 0 };
    struct caller *caller = ARENA_NEW(c->visit.mem, struct caller);
    TRY(token_of(c, &token));
    TRY(flow_recognise(c->services, &c->visit, token, caller));
    c->caller = caller;
    return check_use(c, token, caller);
}

static enum err recognise_page(struct call *c)
{
    struct str token = { 0 };
    struct caller *caller = ARENA_NEW(c->visit.mem, struct caller);
    TRY(browser_token_shown(c, &token));
    TRY(flow_recognise_page(c->services, &c->visit, token, caller));
    c->caller = caller;
    return OK;
}

/* Who sends a token, be it a bad one, is not asked for a cookie. */
static enum err recognise(struct call *c)
{
    bool by_cookie = c->route->guard == TOKEN_OR_COOKIE && call_header_list(c, "Authorization").ptr == NULL;
    return by_cookie ? recognise_page(c) : recognise_token(c);
}

/* A flood of refusals must not become a flood of rows: past the bound of an address prefix they are counted in /metrics only. */
static enum err audit_nobody(struct call *c, enum audit_kind kind, const struct audit_who *who, struct str reason)
{
    if (limit_take_net(c->services->at->limits, LIMIT_AUDIT_NET, &c->visit) != OK)
        return OK;
    return audit_alone(c->services->at->store, &c->visit, kind, who, reason);
}

static enum err take_limit(struct call *c)
{
    if (c->route->limit == LIMIT_NONE)
        return OK;
    enum err end = limit_take_net(c->services->at->limits, (enum limit_kind)c->route->limit, &c->visit);
    if (end != ERR_LIMITED)
        return end;
    struct note told = *note_get();
    struct audit_who nobody = { 0 };
    TRY(audit_nobody(c, AUDIT_LIMITED, &nobody, STR("throttled")));
    note_put(&told);
    return ERR_LIMITED;
}

enum err guard_admit(struct call *c)
{
    TRY(take_limit(c));
    if (c->route->guard == ANYONE || c->route->guard == A_CLIENT)
        return OK;
    TRY(recognise(c));
    if (c->caller->is_limited && c->route->guard != ENROLLING)
        return refuse(WHY_ENROL_ONLY);
    return c->route->guard < MAY_FIRST ? OK : access_must(c->caller, (enum permission)(c->route->guard - MAY_FIRST));
}

static bool is_proof(enum why why)
{
    return why == WHY_DPOP_SIGNIN || why == WHY_DPOP_USE;
}

static bool is_step_up(enum why why)
{
    return why == WHY_ACR_TOO_LOW || why == WHY_SIGNIN_NOT_RECENT;
}

/* Which row a refusal leaves.  false: none (a missing or expired token and a nonce that is due are everyday things; who asks for a
 * password or a code writes his own). */
static bool kind_of(enum err end, const struct note *note, enum audit_kind *kind, struct str *reason)
{
    *reason = str_of(note->text);
    if (note->why == WHY_PASSWORD_WRONG || note->why == WHY_CODE_WRONG || note->why == WHY_FACTOR_DISABLED)
        return false;
    if (is_proof(note->why))
        *kind = str_equal(*reason, STR("dpop_replayed")) ? AUDIT_PROOF_REPLAYED : AUDIT_PROOF_REFUSED;
    else if (is_step_up(note->why))
        *kind = AUDIT_STEP_UP_DUE;
    else if (note->why == WHY_MFA_TOKEN)
        *kind = AUDIT_SEQUENCE;
    else if (end == ERR_DENIED)
        *kind = AUDIT_DENIED;
    else if (note->why == WHY_TOKEN_INVALID)
        *kind = AUDIT_TOKEN_REFUSED;
    else if (note->why == WHY_SESSION_ENDED)
        *kind = AUDIT_AFTER_END;
    else
        return false;
    return true;
}

void guard_alert(struct call *c, struct str rule, struct str what)
{
    log_event(LOG_WARN, "alert", LOG_S("rule", rule), LOG_S("what", what), LOG_S("peer", c->visit.peer_text),
              LOG_S("request_id", c->visit.request_id));
}

static void alert(struct call *c, const struct note *told)
{
    if (told->why == WHY_REFRESH_INVALID && str_equal(str_of(told->text), STR(REFRESH_REUSED)))
        guard_alert(c, STR("refresh_token_reuse"), STR("a copy of a spent refresh token came; its session has ended"));
}

/* Who holds a token and could not prove that it is his is nobody: the row names the account as what it happened to. */
static struct audit_who who_of(const struct call *c, bool known)
{
    struct audit_who who = { .target = uuid_ok(c->params[0]) ? c->params[0] : (struct str){ 0 } };
    if (c->caller == NULL)
        return who;
    *(known ? &who.actor : &who.target) = c->caller->user.public_id;
    who.session = c->caller->session.id;
    return who;
}

void guard_refused(struct call *c, enum err end)
{
    enum audit_kind kind;
    struct str reason;
    struct note told = *note_get();
    alert(c, &told);
    if (told.why == WHY_NONCE_SIGNIN || told.why == WHY_NONCE_USE)
        proof_give_nonce(c);
    if (!kind_of(end, &told, &kind, &reason))
        return;
    const bool due = is_step_up(told.why), known = c->caller != NULL && (end != ERR_UNAUTHENTICATED || due);
    const struct audit_who who = who_of(c, known);
    /* A proxy that asks for each request would write one each time. */
    enum err end_of_row = known && !due ? audit_alone(c->services->at->store, &c->visit, kind, &who, reason)
                                        : audit_nobody(c, kind, &who, reason);
    if (end_of_row != OK)
        log_event(LOG_ERROR, "audit_failed", LOG_S("what", str_of(note_get()->text)),
                  LOG_S("request_id", c->visit.request_id));
}
