/* What happened, by whom, to whom: appended in the transaction of the change itself.
 *
 * Owns     nothing.
 * Threads  any, with a transaction of one's own.
 * Names    after the OWASP Logging Vocabulary; ours begin with postern_.
 * Never    a password, hash or token; an unknown typed name only as a keyed digest, so that distinct ones can be counted.
 */
#pragma once
#include "base/visit.h"
#include "store/audit_rows.h"

/* clang-format off */
#define AUDIT_LIST(A)                                                                                       \
    A(AUDIT_SYS_STARTUP,      "sys_startup",                     "WARN")                                    \
    A(AUDIT_SYS_SHUTDOWN,     "sys_shutdown",                    "WARN")                                    \
    A(AUDIT_USER_CREATED,     "user_created",                    "WARN")                                    \
    A(AUDIT_USER_UPDATED,     "user_updated",                    "WARN")                                    \
    A(AUDIT_USER_ARCHIVED,    "user_archived",                   "WARN")                                    \
    A(AUDIT_SIGNUP_DUPLICATE, "postern_signup_duplicate",        "WARN")                                    \
    A(AUDIT_SIGNIN_OK,        "authn_login_success",             "INFO")                                    \
    A(AUDIT_SIGNIN_FAIL,      "authn_login_fail",                "WARN")                                    \
    A(AUDIT_MFA_CHALLENGE,    "postern_mfa_challenge",           "INFO")                                    \
    A(AUDIT_MFA_SUCCESS,      "postern_mfa_success",             "INFO")                                    \
    A(AUDIT_MFA_FAIL,         "postern_mfa_fail",                "WARN")                                    \
    A(AUDIT_MFA_ENROLLED,     "postern_mfa_enrolled",            "WARN")                                    \
    A(AUDIT_MFA_REMOVED,      "postern_mfa_removed",             "WARN")                                    \
    A(AUDIT_STEP_UP_DUE,      "postern_step_up_required",        "INFO")                                    \
    A(AUDIT_SEQUENCE,         "sequence_fail",                   "WARN")                                    \
    A(AUDIT_SESSION_CREATED,  "session_created",                 "INFO")                                    \
    A(AUDIT_SESSION_RAISED,   "postern_session_raised",          "INFO")                                    \
    A(AUDIT_SESSION_RENEWED,  "session_renewed",                 "INFO")                                    \
    A(AUDIT_SESSION_LOGOUT,   "session_logout",                  "INFO")                                    \
    A(AUDIT_TOKEN_REUSE,      "authn_token_reuse",               "CRITICAL")                                \
    A(AUDIT_TOKEN_REFUSED,    "authz_fail",                      "CRITICAL")                                \
    A(AUDIT_DENIED,           "authz_fail",                      "CRITICAL")                                \
    A(AUDIT_AFTER_END,        "session_use_after_expire",        "CRITICAL")                                \
    A(AUDIT_PROFILE_READ,     "sensitive_read",                  "WARN")                                    \
    A(AUDIT_ROLES_CHANGED,    "privilege_permissions_changed",   "WARN")                                    \
    A(AUDIT_COUNTER,          "postern_webauthn_counter_anomaly", "CRITICAL")                               \
    A(AUDIT_PASSWORD_CHANGED, "authn_password_change",           "INFO")                                    \
    A(AUDIT_PASSWORD_KEPT,    "authn_password_change_fail",      "WARN")                                    \
    A(AUDIT_PASSWORD_REHASH,  "postern_password_rehashed",       "INFO")                                    \
    A(AUDIT_REFRESH_REFUSED,  "authn_login_fail",                "WARN")                                    \
    A(AUDIT_CLIENT_CREATED,   "postern_client_created",          "WARN")                                    \
    A(AUDIT_CLIENT_ROTATED,   "postern_client_secret_rotated",   "WARN")                                    \
    A(AUDIT_CLIENT_DISABLED,  "postern_client_disabled",         "WARN")                                    \
    A(AUDIT_CLIENT_REFUSED,   "postern_client_auth_fail",        "WARN")                                    \
    A(AUDIT_TOKEN_CREATED,    "authn_token_created",             "INFO")                                    \
    A(AUDIT_TOKEN_REVOKED,    "authn_token_revoked",             "INFO")                                    \
    A(AUDIT_PROOF_REFUSED,    "postern_dpop_refused",            "WARN")                                    \
    A(AUDIT_PROOF_REPLAYED,   "postern_dpop_replayed",           "CRITICAL")                                \
    A(AUDIT_BACKUP_MADE,      "postern_backup_made",             "WARN")                                    \
    A(AUDIT_EPOCH_RAISED,     "postern_epoch_raised",            "CRITICAL")                                \
    A(AUDIT_KEY_MADE,         "postern_key_made",                "WARN")                                    \
    A(AUDIT_KEY_IMPORTED,     "postern_key_imported",            "WARN")                                    \
    A(AUDIT_KEY_ROTATED,      "postern_key_rotated",             "WARN")                                    \
    A(AUDIT_KEY_REVOKED,      "postern_key_revoked",             "CRITICAL")                                \
    A(AUDIT_MASTER_CHANGED,   "postern_master_key_changed",      "CRITICAL")                                \
    A(AUDIT_FACTOR_DISABLED,  "authn_login_lock",                "WARN")                                    \
    A(AUDIT_RECOVERY_USED,    "postern_recovery_code_used",      "WARN")                                    \
    A(AUDIT_LIMITED,          "excess_rate_limit_exceeded",      "WARN")
/* clang-format on */
#define AUDIT_NAME(name, event, severity) name,
enum audit_kind { AUDIT_LIST(AUDIT_NAME) };

struct audit_who {
    struct str actor;   /* public id; absent: nobody that we know */
    struct str target;  /* public id of the account that it happened to, or of an unknown name its keyed digest */
    struct str session; /* sid */
};

/* One row, in tx.  reason: one word, absent for success; detail: a JSON object or absent.
 * Ends: ERR_INTERNAL, ERR_BUSY. */
FALLIBLE audit_add(struct tx *tx, const struct visit *v, enum audit_kind kind, const struct audit_who *who,
                   struct str reason, struct str detail);

/* A refusal changes nothing else: its row has a transaction of its own. */
FALLIBLE audit_alone(struct store *store, const struct visit *v, enum audit_kind kind, const struct audit_who *who,
                     struct str reason);

bool audit_event_known(struct str event);
