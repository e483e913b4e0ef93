/* Roles and permissions; the one place that answers "may X do Y to Z".
 *
 * Owns     nothing: the table of roles is constant.
 * Threads  any; the functions are pure.
 * Source   OWASP ASVS 5.0 8.2 (function and object level, decided in one place), threat model AC33, AC34.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "config/config.h"
#include "store/rows.h"

/* clang-format off */
#define PERMISSION_LIST(P)                                         \
    P(USERS_READ,     "users:read",     "read every profile")      \
    P(USERS_WRITE,    "users:write",    "change every account")    \
    P(SESSIONS_WRITE, "sessions:write", "end any session")         \
    P(AUDIT_READ,     "audit:read",     "read the audit trail")
/* clang-format on */
#define PERMISSION_NAME(name, word, meaning) name,
enum permission { PERMISSION_LIST(PERMISSION_NAME) PERMISSIONS };

/* Who is calling: the account and the session of a checked access token, as they stand in the store now. */
struct caller {
    struct user_row user;       /* of CALLER_COLUMNS alone (store/columns.h): no hash */
    struct session_row session; /* of STANDING_COLUMNS alone; its jkt is the cnf.jkt of the token; absent: not bound */
    struct str token_id;        /* jti */
    bool is_limited;            /* may only add a second factor, or step up */
};

/* Words of `roles` that exist: "user", "admin", "auditor". */
bool role_known(struct str role);
/* "admin,user" -> items; lies in mem. */
struct strs roles_split(struct arena *mem, struct str roles);
/* Sorted, without doubles.  Ends: ERR_INVALID (an unknown role, or none). */
FALLIBLE roles_join(struct arena *mem, struct strs roles, struct str *out);
/* The strongest of them, for readers that know one: admin, auditor, user. */
struct str roles_strongest(struct str roles);
/* The permissions of all of them, as scope words separated by blanks. */
struct str roles_scope(struct arena *mem, struct str roles);

bool access_has(const struct caller *caller, enum permission permission);

/* Oneself and nobody else, whatever the permissions.  Ends: ERR_DENIED (WHY_FORBIDDEN). */
FALLIBLE access_self(const struct caller *caller, struct str public_id);
/* Oneself always; another account only with the permission.  For everybody else the answer is the same whether or not the
 * account exists: ask before looking.
 * Ends: ERR_DENIED (WHY_FORBIDDEN). */
FALLIBLE access_self_or(const struct caller *caller, struct str public_id, enum permission permission);
/* Ends: ERR_DENIED. */
FALLIBLE access_must(const struct caller *caller, enum permission permission);
/* Did the session's sign-in happen within seconds?  Ends: ERR_UNAUTHENTICATED (WHY_SIGNIN_NOT_RECENT). */
FALLIBLE access_recent(const struct caller *caller, int64_t now_s, int64_t within_s);
/* The same, and with the strongest factor that the account has.  Ends: ERR_UNAUTHENTICATED (WHY_ACR_TOO_LOW, WHY_SIGNIN_NOT_RECENT). */
FALLIBLE access_fresh(const struct caller *caller, int64_t now_s, int64_t within_s);

/* Has the account this role?  Ends: ERR_DENIED (WHY_FORBIDDEN). */
FALLIBLE access_role(const struct caller *caller, struct str role);
/* Has it all of these scope words?  Ends: ERR_DENIED (WHY_SCOPE_MISSING). */
FALLIBLE access_scope(const struct caller *caller, struct arena *mem, struct str words);
/* Assurance levels from the weakest: aal1, aal2, aal2-phr (resists phishing), aal3. */
bool acr_known(struct str acr);
bool acr_below(struct str acr, struct str least); /* weaker; an unknown one is weaker than all */
/* Was the sign-in of the session at least as strong?  Ends: ERR_UNAUTHENTICATED (WHY_ACR_TOO_LOW). */
FALLIBLE access_acr(const struct caller *caller, struct str least);

/* Has it a second factor?  Recovery codes alone are none. */
bool access_has_factor(const struct user_row *user);
/* The level that it can sign in at: with a passkey or security key aal2-phr, with an app's codes aal2, with neither aal1. */
struct str access_strongest(const struct user_row *user);
/* Does the policy demand a second factor of it? */
bool access_demands_factor(enum mfa_policy policy, const struct user_row *user);
/* A sign-in below what the policy demands, or by recovery code: it may only add a factor, or be stepped up (threat model AC18, AC22). */
bool access_limited(enum mfa_policy policy, const struct user_row *user, const struct session_row *session);
