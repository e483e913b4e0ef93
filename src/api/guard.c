#include "api/guard.h"
#include "audit/audit.h"
#include "base/log.h"
#include "crypto/random.h"
#include "flow/signin.h"

/* RFC 6750 2.1: "Bearer" 1*SP b64token; the scheme is compared without case (RFC 9110 11.1). */
static enum err bearer_of(struct call *c, struct str *token)
{
    struct str header = call_header(c, "Authorization"), scheme = { 0 };
    if (header.ptr == NULL || !str_split(&header, ' ', &scheme) || !str_equal_nocase(scheme, STR("Bearer")))
        return refuse(WHY_TOKEN_MISSING);
    *token = str_trim(header);
    return token->len > 0 ? OK : refuse(WHY_TOKEN_MISSING);
}

static enum err recognise(struct call *c)
{
    struct str token = { 0 };
    struct caller *caller = ARENA_NEW(c->visit.mem, struct caller);
    TRY(bearer_of(c, &token));
    TRY(flow_recognise(c->services, &c->visit, token, caller));
    c->caller = caller;
    return OK;
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
    return c->route->guard == SIGNED_IN ? OK : access_must(c->caller, (enum permission)(c->route->guard - MAY_FIRST));
}

/* Which row a refusal leaves.  false: none (a missing or expired token is an everyday thing; who asks for a password writes his own). */
static bool kind_of(enum err end, const struct note *note, enum audit_kind *kind, struct str *reason)
{
    *reason = str_of(note->text);
    if (note->why == WHY_PASSWORD_WRONG)
        return false;
    if (end == ERR_DENIED)
        *kind = AUDIT_DENIED;
    else if (note->why == WHY_TOKEN_INVALID)
        *kind = AUDIT_TOKEN_REFUSED;
    else if (note->why == WHY_SESSION_ENDED)
        *kind = AUDIT_AFTER_END;
    else
        return false;
    return true;
}

/* What somebody should look at now, for whoever watches the log. */
static void alert(struct call *c, const struct note *told)
{
    if (told->why == WHY_REFRESH_INVALID && str_equal(str_of(told->text), STR(REFRESH_REUSED)))
        log_event(LOG_WARN, "alert", LOG_S("rule", STR("refresh_token_reuse")),
                  LOG_S("what", STR("a copy of a spent refresh token came; its session has ended")),
                  LOG_S("peer", c->visit.peer_text), LOG_S("request_id", c->visit.request_id));
}

void guard_refused(struct call *c, enum err end)
{
    enum audit_kind kind;
    struct str reason;
    struct note told = *note_get();
    alert(c, &told);
    if (!kind_of(end, &told, &kind, &reason))
        return;
    struct audit_who who = { 0 };
    if (c->caller != NULL) {
        who.actor = c->caller->user.public_id;
        who.session = c->caller->session.id;
    }
    if (uuid_ok(c->params[0]))
        who.target = c->params[0];
    enum err end_of_row = c->caller == NULL ? audit_nobody(c, kind, &who, reason)
                                            : audit_alone(c->services->at->store, &c->visit, kind, &who, reason);
    if (end_of_row != OK)
        log_event(LOG_ERROR, "audit_failed", LOG_S("what", str_of(note_get()->text)),
                  LOG_S("request_id", c->visit.request_id));
}
