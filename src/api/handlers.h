/* Every handler of the JSON face, by resource.  Each translates; none decides.
 *
 * Threads  a worker of the route's lane.
 * Ends     as the flows that they call; the server writes the problem.
 */
#pragma once
#include "http/server.h"
#include "flow/services.h"

#define PASSWORD_TYPED_MAX 1200 /* bytes: 100 code points and what NFC takes away; the policy counts after NFC */

/* service.c */
enum err api_ping(struct call *c);
enum err api_healthz(struct call *c);
enum err api_readyz(struct call *c);
enum err api_metrics(struct call *c);

/* wellknown.c */
enum err api_jwks(struct call *c);
enum err api_authorization_server(struct call *c);
enum err api_related_origins(struct call *c);
enum err api_passkey_endpoints(struct call *c);
enum err api_change_password(struct call *c);

/* docs.c */
enum err api_openapi(struct call *c);
enum err api_docs(struct call *c);
enum err api_docs_file(struct call *c);

/* users.c */
enum err api_users_create(struct call *c);
enum err api_users_list(struct call *c);
enum err api_users_read(struct call *c);
enum err api_users_change(struct call *c);
enum err api_users_remove(struct call *c);

/* compat.c */
enum err api_register(struct call *c);
enum err api_users_signup(struct call *c);

/* signin.c */
enum err api_login(struct call *c);
enum err api_token_refresh(struct call *c);
enum err api_logout(struct call *c);
enum err api_logout_all(struct call *c);
enum err api_password_change(struct call *c);

/* mfa.c */
enum err api_totp_enroll(struct call *c);
enum err api_totp_confirm(struct call *c);
enum err api_totp_remove(struct call *c);
enum err api_recovery_codes(struct call *c);
enum err api_login_totp(struct call *c);
enum err api_login_recovery_code(struct call *c);
enum err api_step_up_totp(struct call *c);

/* sessions.c */
enum err api_sessions_list(struct call *c);
enum err api_session_end(struct call *c);

/* step_up.c */
enum err api_step_up(struct call *c);
enum err api_step_up_password(struct call *c);

/* notices.c */
enum err api_notices_list(struct call *c);
enum err api_notice_remove(struct call *c);

/* webauthn.c */
enum err api_webauthn_register_begin(struct call *c);
enum err api_webauthn_register_complete(struct call *c);
enum err api_webauthn_credentials(struct call *c);
enum err api_webauthn_rename(struct call *c);
enum err api_webauthn_remove(struct call *c);

/* webauthn_signin.c */
enum err api_webauthn_login_begin(struct call *c);
enum err api_webauthn_login_complete(struct call *c);
enum err api_step_up_webauthn_begin(struct call *c);
enum err api_step_up_webauthn_complete(struct call *c);

/* webauthn_signup.c */
enum err api_passkey_register_begin(struct call *c);
enum err api_passkey_register_complete(struct call *c);

/* oauth.c */
enum err api_oauth_token(struct call *c);
enum err api_oauth_introspect(struct call *c);
enum err api_oauth_revoke(struct call *c);

/* verify.c */
enum err api_verify(struct call *c);

/* revocations.c */
enum err api_revocations(struct call *c);

/* Bodies and queries of the routes table. */
extern const struct field users_create_in[], users_change_in[], users_list_query[], register_in[], users_signup_in[],
    login_in[], token_refresh_in[], password_change_in[], sessions_list_query[], verify_query[], revocations_query[],
    oauth_token_in[], oauth_about_in[], step_up_password_in[], webauthn_begin_in[], webauthn_add_in[],
    webauthn_rename_in[], webauthn_login_begin_in[], webauthn_login_in[], passkey_register_begin_in[],
    passkey_register_in[], webauthn_nothing_in[], totp_code_in[], login_totp_in[], login_recovery_code_in[];
struct users_create_body {
    struct str email, username, name, date_of_birth, job_title;
    struct secret password;
};
struct users_change_body {
    struct str name, job_title, date_of_birth, username;
    bool is_active;
    struct strs roles;
    struct marks marks;
};
struct users_list_params {
    struct str email, q, role, cursor;
    bool active;
    int64_t limit;
    struct marks marks;
};
struct register_body { /* of both compatibility routes; exactly one name */
    struct str email, username;
    struct secret password;
};
struct login_body {
    struct str email, username;
    struct secret password;
};
struct token_refresh_body {
    struct str refresh_token;
};
struct password_change_body {
    struct secret current_password, password;
};
struct step_up_password_body {
    struct secret password;
};
struct totp_code_body {
    struct str code;
};
struct login_code_body { /* of an app, or a recovery code; each table has its part */
    struct str mfa_token, code;
};
struct sessions_list_params {
    struct str cursor;
    int64_t limit;
};
struct webauthn_begin_body {
    struct str name;
};
struct webauthn_login_begin_body { /* at most one */
    struct str mfa_token, email, username;
};
struct passkey_register_begin_body {
    struct str username, display_name;
};
struct passkey_register_body { /* the last two: JSON */
    struct str user_id, credential, session_data;
};
struct webauthn_add_body {
    struct str ceremony, credential, name; /* credential: JSON */
};
struct oauth_body { /* of the three OAuth routes; each table has its part */
    struct str client_id, client_secret, client_assertion_type, client_assertion;
    struct str grant_type, scope, resource;
    struct str token;
};
struct verify_params {
    struct str role, scope, acr;
};
struct revocations_params {
    int64_t wait; /* seconds */
};

/* The {id} of /users/{id}..., where "me" is the caller's own. */
struct str wanted_id(const struct call *c);
