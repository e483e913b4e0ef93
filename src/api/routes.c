/* Every address, and what stands before its handler. */
#include "api/routes.h"
#include "api/guard.h"
#include "api/handlers.h"
#include "limit/limit.h"

/* clang-format off */
const struct route api_routes[] = {
    /* method  path                      guard            limit             lane   body                                          query                                              handler            does */
    { GET,    "/ping",                   ANYONE,          LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_ping,          "Say pong", false },
    { GET,    "/healthz",                ANYONE,          LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_healthz,       "Tell that the process serves", false },
    { GET,    "/readyz",                 ANYONE,          LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_readyz,        "Tell whether store, schema and signing key are ready", false },
    { GET,    "/metrics",                ANYONE,          LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_metrics,       "Print the figures in Prometheus text", false },
    { GET,    "/openapi.json",           ANYONE,          LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_openapi,       "Give the OpenAPI 3.1 document", false },
    { GET,    "/docs",                   ANYONE,          LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_docs,          "Show the API in the browser", false },
    { GET,    "/docs/{file}",            ANYONE,          LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_docs_file,     "Give a part of that page", false },
    { GET,    "/.well-known/jwks.json",  ANYONE,          LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_jwks,          "Give the public keys that check our tokens", false },
    { GET,    "/.well-known/oauth-authorization-server", ANYONE, LIMIT_NONE,    FAST,  NO_BODY,                                      NO_BODY,                                           api_authorization_server, "Tell where everything is (RFC 8414)", false },

    { GET,    "/.well-known/webauthn",   ANYONE,          LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_related_origins, "Tell browsers which origins share the passkeys (related origins)", false },
    { GET,    "/.well-known/passkey-endpoints", ANYONE,   LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_passkey_endpoints, "Tell password managers where passkeys are made and looked after", false },
    { GET,    "/.well-known/change-password", ANYONE,     LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_change_password, "Go to the page where one's password is changed", false },

    { POST,   "/users",                  ANYONE,          LIMIT_SIGNUP_NET, SLOW,  SHAPE(users_create_in, struct users_create_body), NO_BODY,                                       api_users_create,  "Sign up", true },
    { GET,    "/users",                  MAY(USERS_READ), LIMIT_NONE,       FAST,  NO_BODY,                                      SHAPE(users_list_query, struct users_list_params), api_users_list,    "List accounts", false },
    { GET,    "/users/me",               SIGNED_IN,       LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_users_read,    "Read one's own profile", false },
    { PATCH,  "/users/me",               SIGNED_IN,       LIMIT_NONE,       FAST,  SHAPE(users_change_in, struct users_change_body), NO_BODY,                                       api_users_change,  "Change one's own profile", false },
    { DELETE, "/users/me",               SIGNED_IN,       LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_users_remove,  "Remove one's own account", false },
    { GET,    "/users/{id}",             SIGNED_IN,       LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_users_read,    "Read a profile", false },
    { PATCH,  "/users/{id}",             SIGNED_IN,       LIMIT_NONE,       FAST,  SHAPE(users_change_in, struct users_change_body), NO_BODY,                                       api_users_change,  "Change a profile", false },
    { DELETE, "/users/{id}",             SIGNED_IN,       LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_users_remove,  "Remove an account", false },
    { POST,   "/users/{id}/password",    SIGNED_IN,       LIMIT_SIGNIN_NET, SLOW,  SHAPE(password_change_in, struct password_change_body), NO_BODY,                                  api_password_change, "Change one's own password", true },
    { GET,    "/users/{id}/sessions",    SIGNED_IN,       LIMIT_NONE,       FAST,  NO_BODY,                                      SHAPE(sessions_list_query, struct sessions_list_params), api_sessions_list, "List signed-in devices", false },
    { DELETE, "/users/{id}/sessions/{session}", SIGNED_IN, LIMIT_NONE,      FAST,  NO_BODY,                                      NO_BODY,                                           api_session_end,   "Sign a device out", false },
    { GET,    "/users/{id}/notices",     SIGNED_IN,       LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_notices_list,  "List what one should hear of", false },
    { DELETE, "/users/{id}/notices/{notice}", SIGNED_IN,  LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_notice_remove, "Put a notice away", false },

    { POST,   "/register",               ANYONE,          LIMIT_SIGNUP_NET, SLOW,  SHAPE(register_in, struct register_body),      NO_BODY,                                           api_register,      "Sign up by e-mail or user name (compatibility)", true },
    { POST,   "/users/signup",           ANYONE,          LIMIT_SIGNUP_NET, SLOW,  SHAPE(users_signup_in, struct register_body),  NO_BODY,                                           api_users_signup,  "Sign up by e-mail (compatibility)", true },

    { POST,   "/login",                  ANYONE,          LIMIT_SIGNIN_NET, SLOW,  SHAPE(login_in, struct login_body),            NO_BODY,                                           api_login,         "Sign in with a password", false },
    { POST,   "/login/totp",             ANYONE,          LIMIT_SIGNIN_NET, FAST,  SHAPE(login_totp_in, struct login_code_body), NO_BODY,                                           api_login_totp,    "Finish a sign-in with a code of the authenticator app", false },
    { POST,   "/login/recovery-code",    ANYONE,          LIMIT_SIGNIN_NET, FAST,  SHAPE(login_recovery_code_in, struct login_code_body), NO_BODY,                                           api_login_recovery_code, "Finish a sign-in with a recovery code", false },
    { POST,   "/token/refresh",          ANYONE,          LIMIT_NONE,       FAST,  SHAPE(token_refresh_in, struct token_refresh_body), NO_BODY,                                     api_token_refresh, "Trade a refresh token for a new pair", false },
    { POST,   "/logout",                 ENROLLING,       LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_logout,        "End this session", false },
    { POST,   "/logout/all",             SIGNED_IN,       LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_logout_all,    "End every session of the account", false },

    { GET,    "/step-up",                ENROLLING,       LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_step_up,       "Tell what could raise this session", false },
    { POST,   "/step-up/password",       ENROLLING,       LIMIT_SIGNIN_NET, SLOW,  SHAPE(step_up_password_in, struct step_up_password_body), NO_BODY,                               api_step_up_password, "Sign in again with the password", false },
    { POST,   "/step-up/totp",           ENROLLING,       LIMIT_SIGNIN_NET, FAST,  SHAPE(totp_code_in, struct totp_code_body),   NO_BODY,                                           api_step_up_totp,  "Sign in again with a code of the authenticator app", false },
    { POST,   "/mfa/totp/enroll",        ENROLLING,       LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_totp_enroll,   "Show an authenticator app its secret", false },
    { POST,   "/mfa/totp/confirm",       ENROLLING,       LIMIT_SIGNIN_NET, FAST,  SHAPE(totp_code_in, struct totp_code_body), NO_BODY,                                       api_totp_confirm,  "Take the app into use, with its first code", false },
    { DELETE, "/mfa/totp",               SIGNED_IN,       LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_totp_remove,   "Remove the authenticator app", false },
    { POST,   "/mfa/recovery-codes",     SIGNED_IN,       LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_recovery_codes, "Make ten recovery codes in the place of the old ones", false },

    { POST,   "/api/register/begin",         ANYONE,      LIMIT_SIGNUP_NET, FAST,  SHAPE(passkey_register_begin_in, struct passkey_register_begin_body), NO_BODY,                   api_passkey_register_begin, "Ask for the passkey of a new account (compatibility)", false },
    { POST,   "/api/register/complete",      ANYONE,      LIMIT_CEREMONY_NET, FAST,  SHAPE(passkey_register_in, struct passkey_register_body), NO_BODY,                             api_passkey_register_complete, "Sign up with the passkey that was made (compatibility)", false },

    { POST,   "/webauthn/login/begin",       ANYONE,      LIMIT_CEREMONY_NET, FAST,  SHAPE(webauthn_login_begin_in, struct webauthn_login_begin_body), NO_BODY,                     api_webauthn_login_begin, "Ask for a sign-in with a passkey or security key", false },
    { POST,   "/webauthn/login/complete",    ANYONE,      LIMIT_CEREMONY_NET, FAST,  SHAPE(webauthn_login_in, struct webauthn_add_body), NO_BODY,                                   api_webauthn_login_complete, "Sign in with a passkey or security key", false },
    { POST,   "/step-up/webauthn/begin",     ENROLLING,   LIMIT_CEREMONY_NET, FAST,  SHAPE(webauthn_nothing_in, struct webauthn_begin_body), NO_BODY,                               api_step_up_webauthn_begin, "Ask for a passkey or security key to sign in again with", false },
    { POST,   "/step-up/webauthn/complete",  ENROLLING,   LIMIT_CEREMONY_NET, FAST,  SHAPE(webauthn_login_in, struct webauthn_add_body), NO_BODY,                                   api_step_up_webauthn_complete, "Sign in again with a passkey or security key", false },

    { POST,   "/webauthn/register/begin",    ENROLLING,   LIMIT_CEREMONY_NET, FAST,  SHAPE(webauthn_begin_in, struct webauthn_begin_body), NO_BODY,                                 api_webauthn_register_begin, "Ask for a new passkey or security key", false },
    { POST,   "/webauthn/register/complete", ENROLLING,   LIMIT_CEREMONY_NET, FAST,  SHAPE(webauthn_add_in, struct webauthn_add_body), NO_BODY,                                     api_webauthn_register_complete, "Add the passkey or security key that was made", false },
    { GET,    "/webauthn/credentials",       SIGNED_IN,   LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_webauthn_credentials, "List one's own passkeys and security keys", false },
    { PATCH,  "/webauthn/credentials/{id}",  SIGNED_IN,   LIMIT_NONE,       FAST,  SHAPE(webauthn_rename_in, struct webauthn_begin_body), NO_BODY,                                  api_webauthn_rename, "Name a passkey or security key", false },
    { DELETE, "/webauthn/credentials/{id}",  SIGNED_IN,   LIMIT_NONE,       FAST,  NO_BODY,                                      NO_BODY,                                           api_webauthn_remove, "Remove a passkey or security key", false },

    { GET,    "/verify",                 TOKEN_OR_COOKIE, LIMIT_NONE,       FAST,  NO_BODY,                                      SHAPE(verify_query, struct verify_params),         api_verify,        "Tell a proxy whether a request may pass, and whose it is", false },
    { GET,    "/revocations",            A_CLIENT,        LIMIT_NONE,       FAST,  NO_BODY,                                      SHAPE(revocations_query, struct revocations_params), api_revocations, "Tell services which tokens were taken back before their end", false },
    { POST,   "/oauth/token",            A_CLIENT,        LIMIT_NONE,       FAST,  SHAPE(oauth_token_in, struct oauth_body),      NO_BODY,                                           api_oauth_token,      "Give a service a token of its own", false, true },
    { POST,   "/oauth/introspect",       A_CLIENT,        LIMIT_NONE,       FAST,  SHAPE(oauth_about_in, struct oauth_body),      NO_BODY,                                           api_oauth_introspect, "Tell a service what stands behind a token", false, true },
    { POST,   "/oauth/revoke",           A_CLIENT,        LIMIT_NONE,       FAST,  SHAPE(oauth_about_in, struct oauth_body),      NO_BODY,                                           api_oauth_revoke,     "End the session behind a token", false, true },
};
/* clang-format on */
const size_t api_routes_count = sizeof api_routes / sizeof *api_routes;
