#include "api/handlers.h"
#include "account/identity.h"
#include "api/browser.h"
#include "api/proof.h"
#include "api/tokens.h"
#include "api/view.h"

/* Names are not checked for form here: a wrong name and an unknown one are the same. */
/* clang-format off */
const struct field login_in[] = {
    FIELD_ROW(struct login_body, email,    FIELD_OPTIONAL, 1, EMAIL_MAX, NULL),
    FIELD_ROW(struct login_body, username, FIELD_OPTIONAL, 1, USERNAME_MAX * 4, NULL),
    FIELD(struct login_body,     password, 1, PASSWORD_TYPED_MAX),
    FIELD_END
};

const struct field token_refresh_in[] = {
    FIELD_ROW(struct token_refresh_body, refresh_token, FIELD_OPTIONAL, 1, 512, NULL),
    FIELD_END
};

const struct field password_change_in[] = {
    FIELD(struct password_change_body, current_password, 1, PASSWORD_TYPED_MAX),
    FIELD(struct password_change_body, password,         1, PASSWORD_TYPED_MAX),
    FIELD_END
};
/* clang-format on */

static const struct field due_fields[] = { VIEW(struct second_step_due, mfa_required),
                                           VIEW(struct second_step_due, mfa_token),
                                           VIEW(struct second_step_due, methods),
                                           VIEW(struct second_step_due, expires_in), FIELD_END };

enum err reply_tokens(struct call *c, bool is_web, struct tokens *tokens)
{
    if (is_web)
        browser_keep(c, tokens);
    reply_no_store(c);
    return reply(c, 200, tokens_fields, tokens);
}

enum err api_login(struct call *c)
{
    const struct login_body *in = c->body;
    struct tokens tokens = { 0 };
    struct second_step_due due = { 0 };
    struct token_binding binding = { 0 };
    struct credentials typed = { in->email, in->username, &in->password };
    if ((in->email.ptr != NULL) == (in->username.ptr != NULL)) {
        faults_add(&c->faults, STR("email"), "missing", "either email or username is required, and not both");
        return refuse(WHY_VALIDATION);
    }
    TRY(browser_admit(c, &binding.is_web));
    TRY(proof_binding(c, &binding));
    TRY(flow_password_signin(c->services, &c->visit, &typed, &binding, &tokens, &due));
    if (!due.mfa_required)
        return reply_tokens(c, binding.is_web, &tokens);
    reply_no_store(c);
    return reply(c, 200, due_fields, &due);
}

/* A page's token comes in the cookie and nowhere else, anybody else's in the body and nowhere else. */
static enum err refresh_token_of(struct call *c, bool is_web, struct str *out)
{
    const struct token_refresh_body *in = c->body;
    if (is_web == (in->refresh_token.ptr == NULL)) {
        *out = in->refresh_token;
        return is_web ? browser_token(c, out) : OK;
    }
    faults_add(&c->faults, STR("refresh_token"), is_web ? "in_cookie" : "missing",
               is_web ? "must not be sent by a page: it lies in the cookie" : "is required");
    return refuse(WHY_VALIDATION);
}

enum err api_token_refresh(struct call *c)
{
    struct tokens tokens = { 0 };
    struct token_binding binding = { 0 };
    struct str refresh_token = { 0 };
    TRY(browser_admit(c, &binding.is_web));
    TRY(proof_binding(c, &binding));
    TRY(refresh_token_of(c, binding.is_web, &refresh_token));
    TRY(flow_renewal(c->services, &c->visit, refresh_token, &binding, &tokens));
    return reply_tokens(c, binding.is_web, &tokens);
}

static enum err reply_signed_out(struct call *c)
{
    if (c->caller->session.is_web)
        browser_forget(c);
    return reply_empty(c, 204);
}

enum err api_logout(struct call *c)
{
    TRY(flow_logout(c->services, &c->visit, c->caller));
    return reply_signed_out(c);
}

enum err api_logout_all(struct call *c)
{
    TRY(flow_logout_all(c->services, &c->visit, c->caller));
    return reply_signed_out(c);
}

enum err api_password_change(struct call *c)
{
    const struct password_change_body *in = c->body;
    struct password_change typed = { &in->current_password, &in->password };
    TRY(flow_password_change(c->services, &c->visit, c->caller, wanted_id(c), &typed, &c->faults));
    return reply_empty(c, 204);
}
