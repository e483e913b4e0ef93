/* Signing in with a passkey or security key: alone, after the password, or again inside a session. */
#include "account/identity.h"
#include "api/browser.h"
#include "api/guard.h"
#include "api/handlers.h"
#include "api/proof.h"
#include "api/tokens.h"
#include "api/webauthn_view.h"
#include "flow/passkey_signin.h"

/* clang-format off */
const struct field webauthn_login_begin_in[] = {
    FIELD_ROW(struct webauthn_login_begin_body, mfa_token, FIELD_OPTIONAL, 1, TICKET_MAX, NULL),
    FIELD_ROW(struct webauthn_login_begin_body, email,     FIELD_OPTIONAL, 1, EMAIL_MAX, NULL),
    FIELD_ROW(struct webauthn_login_begin_body, username,  FIELD_OPTIONAL, 1, USERNAME_MAX * 4, NULL),
    FIELD_END
};

const struct field webauthn_nothing_in[] = { FIELD_END };

const struct field webauthn_login_in[] = {
    FIELD(struct webauthn_add_body,      ceremony,   1, TICKET_MAX),
    FIELD_JSON(struct webauthn_add_body, credential, 3, PASSKEY_RESPONSE_MAX),
    FIELD_END
};
/* clang-format on */

static enum err reply_requested(struct call *c, const struct passkey_requested *asked)
{
    const struct request_view view = { asked->ceremony, asked->options };
    reply_no_store(c);
    return reply(c, 200, request_fields, &view);
}

static enum err check_whom(struct call *c, const struct webauthn_login_begin_body *in)
{
    const int given = (in->mfa_token.ptr != NULL) + (in->email.ptr != NULL) + (in->username.ptr != NULL);
    if (given <= 1)
        return OK;
    faults_add(&c->faults, STR("email"), "too_many", "mfa_token, email and username: one of them, or none");
    return refuse(WHY_VALIDATION);
}

/* Only an mfa_token is bound to anything yet. */
enum err api_webauthn_login_begin(struct call *c)
{
    const struct webauthn_login_begin_body *in = c->body;
    const struct passkey_whom whom = { in->mfa_token, in->email, in->username };
    struct passkey_requested asked = { 0 };
    struct token_binding binding = { 0 };
    TRY(check_whom(c, in));
    TRY(browser_admit(c, &binding.is_web));
    if (in->mfa_token.ptr != NULL)
        TRY(proof_binding(c, &binding));
    TRY(flow_passkey_signin_begin(c->services, &c->visit, &whom, &binding, &asked));
    return reply_requested(c, &asked);
}

static void look_at_counter(struct call *c, const struct passkey_signed *done)
{
    if (done->counter_regressed)
        guard_alert(c, STR("webauthn_counter"),
                    STR("the counter of a security key went backwards: there may be a copy of it"));
}

enum err api_webauthn_login_complete(struct call *c)
{
    const struct webauthn_add_body *in = c->body;
    const struct passkey_answer answer = { .ceremony = in->ceremony, .credential = in->credential };
    struct passkey_signed done = { 0 };
    struct token_binding binding = { 0 };
    TRY(browser_admit(c, &binding.is_web));
    TRY(proof_binding(c, &binding));
    const enum err end = flow_passkey_signin(c->services, &c->visit, &answer, &binding, &done);
    look_at_counter(c, &done);
    TRY(end);
    return reply_tokens(c, binding.is_web, &done.tokens);
}

enum err api_step_up_webauthn_begin(struct call *c)
{
    struct passkey_requested asked = { 0 };
    TRY(flow_passkey_step_up_begin(c->services, &c->visit, c->caller, &asked));
    return reply_requested(c, &asked);
}

enum err api_step_up_webauthn_complete(struct call *c)
{
    const struct webauthn_add_body *in = c->body;
    const struct passkey_answer answer = { .ceremony = in->ceremony, .credential = in->credential };
    struct passkey_signed done = { 0 };
    const enum err end = flow_passkey_step_up(c->services, &c->visit, c->caller, &answer, &done);
    look_at_counter(c, &done);
    TRY(end);
    return reply_tokens(c, c->caller->session.is_web, &done.tokens);
}
