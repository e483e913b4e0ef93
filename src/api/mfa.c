#include "api/handlers.h"
#include "api/browser.h"
#include "api/proof.h"
#include "api/tokens.h"
#include "base/log.h"
#include "factor/drift.h"
#include "flow/code_signin.h"
#include "flow/recovery_codes.h"
#include "flow/totp.h"

static bool totp_code_check(struct str value, struct fault *fault)
{
    struct totp_code code;
    if (totp_code_read(value, &code))
        return true;
    fault->code = "invalid_code";
    fault->message = "must be the six digits that the app shows";
    return false;
}

static bool recovery_code_check(struct str value, struct fault *fault)
{
    struct recovery_code code;
    if (recovery_code_read(value, &code))
        return true;
    fault->code = "invalid_code";
    fault->message = "must be one of the recovery codes: 24 letters and digits";
    return false;
}

/* clang-format off */
const struct field totp_code_in[] = {
    FIELD_CHECKED(struct totp_code_body, code, 1, TOTP_TYPED_MAX, totp_code_check),
    FIELD_END
};

const struct field login_totp_in[] = {
    FIELD(struct login_code_body,         mfa_token, 1, MFA_TOKEN_MAX),
    FIELD_CHECKED(struct login_code_body, code,      1, TOTP_TYPED_MAX, totp_code_check),
    FIELD_END
};

const struct field login_recovery_code_in[] = {
    FIELD(struct login_code_body,         mfa_token, 1, MFA_TOKEN_MAX),
    FIELD_CHECKED(struct login_code_body, code,      1, RECOVERY_CODE_TYPED_MAX, recovery_code_check),
    FIELD_END
};

static const struct field enrolment_fields[] = {
    VIEW(struct totp_enrolment, secret), VIEW(struct totp_enrolment, uri), VIEW(struct totp_enrolment, qr),
    VIEW(struct totp_enrolment, expires_in),
    FIELD_END
};

static const struct field sheet_fields[] = {
    VIEW(struct recovery_sheet, codes), VIEW_TIME(struct recovery_sheet, created_at), FIELD_END
};
/* clang-format on */

/* It was checked when the body was read. */
static struct totp_code code_of(struct str typed)
{
    struct totp_code code = { { 0 } };
    if (!totp_code_read(typed, &code))
        die("a code that was not checked");
    return code;
}

/* When most apps are off, it is this machine's clock that is. */
static enum err with_clock_watched(struct call *c, enum err end)
{
    struct drift *drift = c->services->at->drift;
    struct drift_figures f;
    if (!drift_news(drift))
        return end;
    drift_figures(drift, &f);
    log_event(LOG_WARN, "clock_drift",
              LOG_S("what", STR("most codes of authenticator apps come too early or too late; is this clock right?")),
              LOG_N("apps_ahead_s", (int64_t)f.middle * TOTP_STEP_S));
    return end;
}

enum err api_totp_enroll(struct call *c)
{
    struct totp_enrolment enrolment = { 0 };
    TRY(flow_totp_enrol(c->services, &c->visit, c->caller, &enrolment));
    reply_no_store(c);
    return reply(c, 200, enrolment_fields, &enrolment);
}

enum err api_totp_confirm(struct call *c)
{
    const struct totp_code_body *in = c->body;
    const struct totp_code code = code_of(in->code);
    TRY(with_clock_watched(c, flow_totp_confirm(c->services, &c->visit, c->caller, &code)));
    return reply_empty(c, 204);
}

enum err api_totp_remove(struct call *c)
{
    TRY(flow_totp_remove(c->services, &c->visit, c->caller));
    return reply_empty(c, 204);
}

enum err api_recovery_codes(struct call *c)
{
    struct recovery_sheet sheet = { 0 };
    TRY(flow_recovery_codes_make(c->services, &c->visit, c->caller, &sheet));
    reply_no_store(c);
    return reply(c, 201, sheet_fields, &sheet);
}

static enum err signin(struct call *c, const struct typed_code *code)
{
    const struct login_code_body *in = c->body;
    struct tokens tokens = { 0 };
    struct token_binding binding = { 0 };
    TRY(browser_admit(c, &binding.is_web));
    TRY(proof_binding(c, &binding));
    TRY(with_clock_watched(c, flow_code_signin(c->services, &c->visit, in->mfa_token, code, &binding, &tokens)));
    return reply_tokens(c, binding.is_web, &tokens);
}

enum err api_login_totp(struct call *c)
{
    const struct login_code_body *in = c->body;
    const struct totp_code code = code_of(in->code);
    return signin(c, &(struct typed_code){ .totp = &code });
}

enum err api_login_recovery_code(struct call *c)
{
    const struct login_code_body *in = c->body;
    struct recovery_code code;
    if (!recovery_code_read(in->code, &code))
        die("a code that was not checked");
    return signin(c, &(struct typed_code){ .recovery = &code });
}

enum err api_step_up_totp(struct call *c)
{
    const struct totp_code_body *in = c->body;
    const struct totp_code code = code_of(in->code);
    struct tokens tokens = { 0 };
    TRY(with_clock_watched(c, flow_totp_step_up(c->services, &c->visit, c->caller, &code, &tokens)));
    return reply_tokens(c, c->caller->session.is_web, &tokens);
}
