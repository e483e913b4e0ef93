/* Signing in again, inside a session. */
#include "flow/step_up.h"
#include "api/handlers.h"
#include "api/tokens.h"

const struct field step_up_password_in[] = { FIELD(struct step_up_password_body, password, 1, PASSWORD_TYPED_MAX),
                                             FIELD_END };

static const struct field state_fields[] = { VIEW(struct step_up_state, acr),
                                             VIEW_TIME(struct step_up_state, auth_time),
                                             VIEW(struct step_up_state, methods), FIELD_END };

enum err api_step_up(struct call *c)
{
    const struct step_up_state state = flow_step_up_look(&c->visit, c->caller);
    reply_no_store(c);
    return reply(c, 200, state_fields, &state);
}

enum err api_step_up_password(struct call *c)
{
    const struct step_up_password_body *in = c->body;
    struct tokens tokens = { 0 };
    TRY(flow_step_up_password(c->services, &c->visit, c->caller, &in->password, &tokens));
    return reply_tokens(c, c->caller->session.is_web, &tokens);
}
