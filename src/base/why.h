/* Every reason that a caller can be told: the stable word, its category, and the sentence.
 *
 * The word is `code` of the problem document and never changes; the sentence is its `detail`.
 * Source  RFC 9457 3.1.4 (detail), 3.2 (extension members).
 */
#pragma once

/* clang-format off */
#define WHY_LIST(W)                                                                                                            \
    W(WHY_NONE,               ERR_INTERNAL,        "internal_error",        "Something failed on our side; the log has the request id") \
    W(WHY_VALIDATION,         ERR_INVALID,         "validation_failed",     "One or more fields are not valid")                \
    W(WHY_JSON,               ERR_INVALID,         "malformed_json",        "The body is not one strict JSON object")          \
    W(WHY_QUERY,              ERR_INVALID,         "invalid_query",         "A query parameter is unknown, repeated or not valid") \
    W(WHY_SECRET_IN_QUERY,    ERR_INVALID,         "secret_in_query",       "Passwords and tokens are taken in the body or a header, never in the address") \
    W(WHY_CREDENTIALS,        ERR_UNAUTHENTICATED, "invalid_credentials",   "Invalid credentials")                             \
    W(WHY_TOKEN_MISSING,      ERR_UNAUTHENTICATED, "token_missing",         "This route needs an access token in the Authorization header") \
    W(WHY_TOKEN_INVALID,      ERR_UNAUTHENTICATED, "token_invalid",         "The access token is not valid")                   \
    W(WHY_TOKEN_EXPIRED,      ERR_UNAUTHENTICATED, "token_expired",         "The access token has expired")                    \
    W(WHY_SESSION_ENDED,      ERR_UNAUTHENTICATED, "session_ended",         "The session has ended; sign in again")            \
    W(WHY_REFRESH_INVALID,    ERR_UNAUTHENTICATED, "refresh_token_invalid", "The refresh token is not valid")                  \
    W(WHY_CLIENT_REFUSED,     ERR_UNAUTHENTICATED, "invalid_client",        "Client authentication failed")                    \
    W(WHY_CLIENT_MAY_NOT,     ERR_INVALID,         "unauthorized_client",   "This client has no scope for that")               \
    W(WHY_OAUTH_REQUEST,      ERR_INVALID,         "invalid_request",       "The form lacks a parameter, repeats one, or holds one that is not valid") \
    W(WHY_GRANT_UNKNOWN,      ERR_INVALID,         "unsupported_grant_type", "The grant type is client_credentials and no other") \
    W(WHY_SCOPE_INVALID,      ERR_INVALID,         "invalid_scope",         "A scope is malformed, or none of this client's")  \
    W(WHY_TARGET_INVALID,     ERR_INVALID,         "invalid_target",        "Tokens are issued for the configured audience only") \
    W(WHY_TOKEN_KIND,         ERR_INVALID,         "unsupported_token_type", "Tokens of clients are not revoked one by one; they end soon by themselves") \
    W(WHY_FORBIDDEN,          ERR_DENIED,          "forbidden",             "You may not do this")                             \
    W(WHY_CROSS_SITE,         ERR_DENIED,          "cross_site_request",    "This did not come from a page of this service")   \
    W(WHY_SCOPE_MISSING,      ERR_DENIED,          "insufficient_scope",    "The access token lacks a scope that is demanded") \
    W(WHY_ACR_TOO_LOW,        ERR_UNAUTHENTICATED, "insufficient_user_authentication", "A stronger sign-in is demanded") \
    W(WHY_SIGNIN_NOT_RECENT,  ERR_UNAUTHENTICATED, "recent_signin_required", "Sign in again before you do this")               \
    W(WHY_MFA_TOKEN,          ERR_UNAUTHENTICATED, "mfa_token_invalid",     "The second step is over or was never begun; sign in again") \
    W(WHY_ENROL_ONLY,         ERR_DENIED,          "mfa_enrolment_required", "This sign-in can only add a second factor or be stepped up") \
    W(WHY_LAST_FACTOR,        ERR_CONFLICT,        "last_factor",           "This account must keep a second factor; add another one first") \
    W(WHY_STEP_UP_METHOD,     ERR_CONFLICT,        "step_up_method",        "This account signs in again with a factor, not with its password") \
    W(WHY_NOTICE_MISSING,     ERR_MISSING,         "notice_not_found",      "Notice not found")                                \
    W(WHY_LAST_ADMIN,         ERR_CONFLICT,        "last_admin",            "The last active administrator can't be disabled or demoted") \
    W(WHY_PASSWORD_WRONG,     ERR_DENIED,          "current_password_wrong", "The current password is not right")               \
    W(WHY_SESSION_MISSING,    ERR_MISSING,         "session_not_found",     "Session not found")                               \
    W(WHY_DPOP_MISSING,       ERR_INVALID,         "dpop_proof_missing",    "This service signs in only with a DPoP proof")    \
    W(WHY_DPOP_SIGNIN,        ERR_INVALID,         "dpop_proof_invalid",    "The DPoP proof is not valid for this request")    \
    W(WHY_DPOP_USE,           ERR_UNAUTHENTICATED, "dpop_proof_invalid",    "The DPoP proof is not valid for this request")    \
    W(WHY_NONCE_SIGNIN,       ERR_INVALID,         "use_dpop_nonce",        "The DPoP proof needs the nonce of the DPoP-Nonce header") \
    W(WHY_NONCE_USE,          ERR_UNAUTHENTICATED, "use_dpop_nonce",        "The DPoP proof needs the nonce of the DPoP-Nonce header") \
    W(WHY_PROOFS_FULL,        ERR_BUSY,            "dpop_proofs_full",      "Too many DPoP proofs at once; try again shortly") \
    W(WHY_CEREMONY,           ERR_INVALID,         "ceremony_invalid",      "This ceremony was not begun here, took too long, or has served; begin again") \
    W(WHY_PASSKEY,            ERR_INVALID,         "passkey_refused",       "This passkey or security key is not taken")       \
    W(WHY_PASSKEYS_MANY,      ERR_CONFLICT,        "too_many_passkeys",     "This account has as many passkeys as it may; remove one first") \
    W(WHY_PASSKEY_MISSING,    ERR_MISSING,         "passkey_not_found",     "Passkey not found")                               \
    W(WHY_LAST_PASSKEY,       ERR_CONFLICT,        "last_passkey",          "This passkey is the only way into the account; add another first") \
    W(WHY_USER_MISSING,       ERR_MISSING,         "user_not_found",        "User not found")                                  \
    W(WHY_CLIENT_MISSING,     ERR_MISSING,         "client_not_found",      "There is no such client")                         \
    W(WHY_CLIENT_TAKEN,       ERR_CONFLICT,        "client_taken",          "There is a client of this id already")            \
    W(WHY_EMAIL_TAKEN,        ERR_CONFLICT,        "email_taken",           "Email already registered")                        \
    W(WHY_USERNAME_TAKEN,     ERR_CONFLICT,        "username_taken",        "Username already exists")                         \
    W(WHY_CODE_WRONG,         ERR_DENIED,          "code_wrong",            "The code is not right, or was used before")       \
    W(WHY_CODE_WRONG_SIGNIN,  ERR_UNAUTHENTICATED, "code_wrong",            "The code is not right, or was used before")       \
    W(WHY_FACTOR_DISABLED,    ERR_DENIED,          "factor_disabled",       "This factor is disabled; sign in another way, and set it up anew") \
    W(WHY_FACTOR_DISABLED_SIGNIN, ERR_UNAUTHENTICATED, "factor_disabled",   "This factor is disabled; sign in another way, and set it up anew") \
    W(WHY_FACTOR_MISSING,     ERR_MISSING,         "factor_not_found",      "This account has no such factor")                 \
    W(WHY_ENROLMENT_MISSING,  ERR_CONFLICT,        "enrolment_missing",     "There is no enrolment to confirm, or it is over; begin a new one") \
    W(WHY_RATE_LIMITED,       ERR_LIMITED,         "rate_limited",          "Too many tries; wait and try again")              \
    W(WHY_HASH_LANE_FULL,     ERR_BUSY,            "hash_lane_full",        "Too many sign-ins at once; try again shortly")    \
    W(WHY_STORE_BUSY,         ERR_BUSY,            "store_busy",            "The database is busy; try again shortly")         \
    W(WHY_NOT_READY,          ERR_BUSY,            "not_ready",             "The service is not ready")
/* clang-format on */

#define WHY_NAME(name, end, code, sentence) name,
enum why { WHY_LIST(WHY_NAME) };
