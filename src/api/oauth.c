/* The routes of RFC 6749, 7662 and 7009 for services: forms in, their own refusals out. */
#include "api/client_guard.h"
#include "api/handlers.h"
#include "access/access.h"

/* clang-format off */
#define CLIENT_FIELDS(type)                                                        \
    FIELD_ROW(type, client_id,             FIELD_OPTIONAL, 1, 64, NULL),           \
    FIELD_ROW(type, client_secret,         FIELD_OPTIONAL, 1, 512, NULL),          \
    FIELD_ROW(type, client_assertion_type, FIELD_OPTIONAL, 1, 128, NULL),          \
    FIELD_ROW(type, client_assertion,      FIELD_OPTIONAL, 1, JWT_MAX, NULL)

const struct field oauth_token_in[] = {
    CLIENT_FIELDS(struct oauth_body),
    FIELD(struct oauth_body, grant_type, 1, 128),
    FIELD_ROW(struct oauth_body, scope,    FIELD_OPTIONAL, 1, SCOPES_MAX, NULL),
    FIELD_ROW(struct oauth_body, resource, FIELD_OPTIONAL, 1, 512, NULL),
    FIELD_END
};

const struct field oauth_about_in[] = {
    CLIENT_FIELDS(struct oauth_body),
    FIELD(struct oauth_body, token, 1, 8192),
    FIELD_END
};

static const struct field client_token_fields[] = {
    VIEW(struct client_token, access_token), VIEW(struct client_token, token_type), VIEW(struct client_token, expires_in),
    VIEW(struct client_token, scope), FIELD_END
};

#define CLAIM(wire, member) { .name = (wire), .kind = FIELD_KIND(((struct token_view *)0)->claims.member),             \
                              .offset = offsetof(struct token_view, claims.member) }
struct token_view {
    bool active;
    struct str username, token_type;
    struct str cnf; /* JSON; absent: not bound */
    struct jwt_claims claims;
};

/* RFC 9449 6.2: the confirmation stands in the answer as it does in the token. */
#define CONFIRMATION { .name = "cnf", .kind = FIELD_RAW, .flags = FIELD_OPTIONAL, .offset = offsetof(struct token_view, cnf) }

static const struct field inactive_fields[] = { VIEW(struct token_view, active), FIELD_END };

static const struct field access_fields[] = {
    VIEW(struct token_view, active),   CLAIM("scope", scope),       VIEW(struct token_view, username), VIEW(struct token_view, token_type),
    CLAIM("exp", expires_at),          CLAIM("iat", issued_at),     CLAIM("nbf", not_before),          CLAIM("sub", subject),
    CLAIM("aud", audience),            CLAIM("iss", issuer),        CLAIM("jti", token_id),            CLAIM("sid", session),
    CLAIM("tv", token_version),        CLAIM("role", role),         CLAIM("roles", roles),             CLAIM("amr", amr),
    CLAIM("acr", acr),                 CLAIM("auth_time", auth_time), CONFIRMATION,
    FIELD_END
};

static const struct field client_fields[] = {
    VIEW(struct token_view, active),   CLAIM("scope", scope),       CLAIM("client_id", client_id),     VIEW(struct token_view, token_type),
    CLAIM("exp", expires_at),          CLAIM("iat", issued_at),     CLAIM("nbf", not_before),          CLAIM("sub", subject),
    CLAIM("aud", audience),            CLAIM("iss", issuer),        CLAIM("jti", token_id),
    FIELD_END
};

static const struct field refresh_fields[] = {
    VIEW(struct token_view, active),   VIEW(struct token_view, username),
    CLAIM("exp", expires_at),          CLAIM("iat", issued_at),     CLAIM("sub", subject),             CLAIM("iss", issuer),
    CLAIM("sid", session),             CONFIRMATION,
    FIELD_END
};

static const struct field *const fields_of[] = {
    [TOKEN_NONE] = inactive_fields, [TOKEN_ACCESS] = access_fields, [TOKEN_REFRESH] = refresh_fields, [TOKEN_CLIENT] = client_fields,
};
/* clang-format on */

enum err api_oauth_token(struct call *c)
{
    const struct oauth_body *in = c->body;
    struct client_caller caller = { 0 };
    struct client_token token = { 0 };
    TRY(client_admit(c, in, false, &caller));
    if (!str_equal(in->grant_type, STR("client_credentials")))
        return refuse(WHY_GRANT_UNKNOWN);
    TRY(flow_client_token(c->services, &c->visit, &caller, in->scope, in->resource, &token));
    reply_no_store(c);
    return reply(c, 200, client_token_fields, &token);
}

enum err api_oauth_introspect(struct call *c)
{
    const struct oauth_body *in = c->body;
    struct client_caller caller = { 0 };
    struct token_state state = { 0 };
    TRY(client_admit(c, in, true, &caller));
    TRY(flow_introspect(c->services, &c->visit, &caller, in->token, &state));
    const bool bound = state.claims.jkt.ptr != NULL;
    const struct token_view view = {
        .active = state.kind != TOKEN_NONE,
        .username = state.username,
        .token_type = bound ? STR("DPoP") : STR("Bearer"),
        .cnf = bound ? arena_printf(c->visit.mem, "{\"jkt\":\"%.*s\"}", STR_ARG(state.claims.jkt)) : (struct str){ 0 },
        .claims = state.claims,
    };
    reply_no_store(c);
    return reply(c, 200, fields_of[state.kind], &view);
}

enum err api_oauth_revoke(struct call *c)
{
    const struct oauth_body *in = c->body;
    struct client_caller caller = { 0 };
    TRY(client_admit(c, in, true, &caller));
    TRY(flow_revoke(c->services, &c->visit, &caller, in->token));
    return reply_empty(c, 200);
}
