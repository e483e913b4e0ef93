#include "audit/audit.h"
#include "flow/dpop.h"
#include "flow/tokens.h"
#include "token/refresh.h"

/* What a try has come to, kept for the audit row of a refusal. */
struct renewal {
    struct refresh_token token;
    struct session_row session;
    struct user_row user;
    struct tokens_draft draft;
    struct tokens pair; /* the draft, signed; shown to nobody unless the refresh token is spent */
    struct str reason;  /* for the audit trail only; the caller is told one sentence */
};

static void renewal_drop(struct renewal *try)
{
    tokens_draft_drop(&try->draft);
}

static enum err refuse_as(struct renewal *try, struct str reason)
{
    try->reason = reason;
    return refuse(WHY_REFRESH_INVALID);
}

/* Did we make it, and for a session that we know? */
static enum err find_session(struct services *at, const struct visit *v, struct str text, struct renewal *try)
{
    bool found = false;
    struct session_row session = { 0 };
    struct user_row user = { 0 };
    if (refresh_read(text, &try->token) != OK)
        return refuse_as(try, STR("refresh_malformed"));
    TRY(sessions_with_user(at->db, v->mem, arena_copy(v->mem, str_of(try->token.session)), &session, &user, &found));
    if (!found || refresh_check(&at->at->refresh_key, &session.refresh_seed, &try->token) != OK)
        return refuse_as(try, STR("refresh_unknown"));
    try->session = session;
    try->user = user;
    return OK;
}

/* A copy of a bound token is worth nothing without what it is bound to, so it is no reason to end the session. */
static enum err check_bound(struct services *at, struct renewal *try, const struct token_binding *binding)
{
    if (!try->user.is_active)
        return refuse_as(try, STR("inactive"));
    if (try->session.jkt.ptr == NULL && at->at->config->dpop == DPOP_REQUIRED)
        return refuse_as(try, STR("dpop_required"));
    bool same = try->session.is_web == binding->is_web &&
                (try->session.jkt.ptr == NULL || str_equal(try->session.jkt, binding->jkt));
    return same ? OK : refuse_as(try, STR("refresh_binding"));
}

static struct audit_who who_of(const struct renewal *try)
{
    return (struct audit_who){ try->user.public_id, try->user.public_id, try->session.id };
}

/* Signed while the disk works: nothing in an access token depends on what the transaction has found. */
static enum err give_pair(struct services *at, const struct visit *v, struct tx **tx, struct renewal *try,
                          struct str detail, struct tokens *fresh)
{
    struct audit_who who = who_of(try);
    TRY(audit_add(*tx, v, AUDIT_SESSION_RENEWED, &who, (struct str){ 0 }, detail));
    TRY(store_send(*tx));
    if (try->pair.access_token.ptr == NULL)
        TRY(tokens_draft_sign(&try->draft, &try->pair));
    TRY(store_commit(tx));
    *fresh = try->pair;
    tokens_renewable(at, v, &try->session, fresh);
    fresh->message = STR("Token refreshed");
    return OK;
}

/* Thief and owner both hold a copy, and nobody can tell them apart: neither goes on. */
static enum err end_reused(const struct visit *v, struct tx **tx, struct renewal *try)
{
    struct audit_who who = { .target = try->user.public_id, .session = try->session.id };
    TRY(session_end(*tx, v, try->session.id, STR(REFRESH_REUSED)));
    TRY(audit_add(*tx, v, AUDIT_TOKEN_REUSE, &who, STR(REFRESH_REUSED),
                  arena_printf(v->mem, "{\"number\":%lld,\"good\":%lld}", (long long)try->token.number,
                               (long long)try->session.refresh_number)));
    TRY(store_commit(tx));
    try->reason = (struct str){ 0 };
    return refuse_with(WHY_REFRESH_INVALID, REFRESH_REUSED);
}

static enum err spend(struct services *at, const struct visit *v, struct renewal *try,
                      const struct token_binding *binding, struct tokens *fresh)
{
    AUTO(tx) struct tx *tx = NULL;
    struct session_life life = tokens_session_life(at);
    TRY(store_gather(at->at->store, &tx));
    if (binding->proof != NULL)
        TRY(flow_dpop_spend(at, tx, binding->proof));
    TRY(session_spend(tx, v, &life, try->token.number, &try->session));
    return give_pair(at, v, &tx, try, (struct str){ 0 }, fresh);
}

/* It was not the good one: somebody was faster, or it is an old one. */
static enum err look(struct services *at, const struct visit *v, struct renewal *try,
                     const struct token_binding *binding, struct tokens *fresh)
{
    AUTO(tx) struct tx *tx = NULL;
    enum session_spent spent = SESSION_OVER;
    TRY(store_begin(at->at->store, &tx));
    if (binding->proof != NULL)
        TRY(flow_dpop_spend_again(at, tx, binding->proof));
    TRY(session_look(tx, v, try->token.number, &try->session, &spent));
    switch (spent) {
    case SESSION_RETRIED:
        return give_pair(at, v, &tx, try, STR("{\"retried\":true}"), fresh);
    case SESSION_REUSED:
        return end_reused(v, &tx, try);
    case SESSION_OVER:
        break;
    }
    return refuse_as(try, STR("refresh_ended"));
}

static enum err spend_or_look(struct services *at, const struct visit *v, struct renewal *try,
                              const struct token_binding *binding, struct tokens *fresh)
{
    const enum err end = spend(at, v, try, binding, fresh);
    return end == ERR_CONFLICT ? look(at, v, try, binding, fresh) : end;
}

static enum err try_renewal(struct services *at, const struct visit *v, struct str text,
                            const struct token_binding *binding, struct renewal *try, struct tokens *out)
{
    struct tokens fresh = { 0 };
    TRY(find_session(at, v, text, try));
    TRY(check_bound(at, try, binding));
    TRY(tokens_draft_make(at, v, &try->user, &try->session, &try->draft)); /* what can't be signed is not spent */
    TRY(spend_or_look(at, v, try, binding, &fresh));
    *out = fresh;
    return OK;
}

enum err flow_renewal(struct services *at, const struct visit *v, struct str refresh_token,
                      const struct token_binding *binding, struct tokens *out)
{
    AUTO(renewal) struct renewal try = { 0 };
    enum err end = try_renewal(at, v, refresh_token, binding, &try, out);
    if (end != ERR_UNAUTHENTICATED || try.reason.ptr == NULL)
        return end;
    struct audit_who who = { .target = try.user.public_id, .session = try.session.id };
    TRY(audit_alone(at->at->store, v, AUDIT_REFRESH_REFUSED, &who, try.reason));
    return refuse(WHY_REFRESH_INVALID);
}
