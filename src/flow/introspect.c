#include "flow/clients.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "flow/signin.h"
#include "session/session.h"

static struct str name_of(const struct user_row *user)
{
    return user->username.ptr != NULL ? user->username : user->email;
}

/* Not active, whatever the reason, is an answer here and no end. */
static enum err settle(enum err end, struct token_state *state, enum token_kind kind)
{
    if (end == ERR_UNAUTHENTICATED)
        return OK;
    TRY(end);
    state->kind = kind;
    return OK;
}

static enum err look_at_access(struct services *at, const struct visit *v, struct str token, struct token_state *state)
{
    struct caller who = { 0 };
    struct jwt_expect expect = at->at->expect;
    expect.enrolment = true;
    enum err end = jwt_check(at->at->keys, v, token, &expect, &state->claims);
    if (end == OK)
        end = flow_stand(at, v, &state->claims, &who);
    state->username = name_of(&who.user);
    state->is_limited = who.is_limited;
    return settle(end, state, TOKEN_ACCESS);
}

static enum err look_at_client(struct services *at, const struct visit *v, struct str token, struct token_state *state)
{
    struct client_row row = { 0 };
    bool found = false;
    enum err end = jwt_check_client(at->at->keys, v, token, &at->at->expect, &state->claims);
    if (end == OK)
        end = clients_by_id(at->db, v->mem, state->claims.client_id, &row, &found);
    if (end == OK && (!found || row.disabled_at != 0))
        end = refuse(WHY_CLIENT_REFUSED);
    return settle(end, state, TOKEN_CLIENT);
}

static enum err look_at_refresh(struct services *at, const struct visit *v, struct str token, struct token_state *state)
{
    struct caller who = { 0 };
    enum err end = flow_stand_refresh(at, v, token, &who);
    if (end == ERR_UNAUTHENTICATED)
        return OK;
    TRY(end);
    state->kind = TOKEN_REFRESH;
    state->is_limited = who.is_limited;
    state->username = name_of(&who.user);
    state->claims = (struct jwt_claims){
        .issuer = at->at->expect.issuer,
        .subject = who.user.public_id,
        .session = who.session.id,
        .jkt = who.session.jkt,
        .issued_at = who.session.last_used_at / SECOND_US,
        .expires_at = session_until(&who.session) / SECOND_US,
    };
    return OK;
}

/* The kind is seen in the token itself, so a hint has nothing to say (RFC 7662 2.1: "MAY ignore this parameter"). */
static enum err look(struct services *at, const struct visit *v, struct str token, struct token_state *out)
{
    struct token_state state = { .kind = TOKEN_NONE };
    if (!str_contains(token, STR(".")))
        TRY(look_at_refresh(at, v, token, &state));
    else
        TRY(look_at_access(at, v, token, &state));
    if (state.kind == TOKEN_NONE && str_contains(token, STR(".")))
        TRY(look_at_client(at, v, token, &state));
    *out = state;
    return OK;
}

enum err flow_introspect(struct services *at, const struct visit *v, const struct client_caller *caller,
                         struct str token, struct token_state *out)
{
    if (!scopes_hold(caller->scopes, SCOPE_INTROSPECT))
        return refuse(WHY_CLIENT_MAY_NOT);
    TRY(look(at, v, token, out));
    if (out->is_limited) /* what can only add a factor is no sign-in to any service */
        *out = (struct token_state){ .kind = TOKEN_NONE };
    return OK;
}

static enum err end_session(struct services *at, const struct visit *v, const struct client_caller *caller,
                            const struct token_state *state)
{
    AUTO(tx) struct tx *tx = NULL;
    struct audit_who who = { caller->row.id, state->claims.subject, state->claims.session };
    TRY(store_begin(at->at->store, &tx));
    TRY(session_end(tx, v, state->claims.session, STR("revoked")));
    TRY(audit_add(tx, v, AUDIT_TOKEN_REVOKED, &who, (struct str){ 0 }, (struct str){ 0 }));
    return store_commit(&tx);
}

enum err flow_revoke(struct services *at, const struct visit *v, const struct client_caller *caller, struct str token)
{
    struct token_state state = { .kind = TOKEN_NONE };
    if (!scopes_hold(caller->scopes, SCOPE_REVOKE))
        return refuse(WHY_CLIENT_MAY_NOT);
    TRY(look(at, v, token, &state));
    if (state.kind == TOKEN_CLIENT)
        return refuse(WHY_TOKEN_KIND);
    return state.kind == TOKEN_NONE ? OK : end_session(at, v, caller, &state);
}
