/* The columns of each row struct, in the order in which statements read them.
 *
 * One list serves the SQL text (queries.h) and the struct (struct shape), so the two can't drift apart.
 */
#pragma once
#include <stddef.h>
#include "store/rows.h"

/* clang-format off */
#define USER_COLUMNS(FIRST, NEXT)                                                                                      \
    FIRST(id) NEXT(public_id) NEXT(email) NEXT(email_key) NEXT(email_verified) NEXT(username) NEXT(username_key)       \
    NEXT(hashed_password) NEXT(is_active) NEXT(name) NEXT(date_of_birth) NEXT(job_title) NEXT(roles)                   \
    NEXT(token_version) NEXT(created_at) NEXT(updated_at)
/* Of the account whose request it is: all but what only sign-ins and the unique indexes need; no request carries the hash about. */
#define CALLER_COLUMNS(FIRST, NEXT)                                                                                    \
    FIRST(id) NEXT(public_id) NEXT(email) NEXT(email_verified) NEXT(username) NEXT(is_active) NEXT(name)               \
    NEXT(date_of_birth) NEXT(job_title) NEXT(roles) NEXT(token_version) NEXT(created_at) NEXT(updated_at)
/* Read with them, and written by the triggers of the tables of the factors alone. */
#define USER_FACTORS(NEXT) NEXT(credentials) NEXT(totp) NEXT(recovery_codes)

#define SESSION_COLUMNS(FIRST, NEXT)                                                                                   \
    FIRST(id) NEXT(user_id) NEXT(refresh_seed) NEXT(refresh_number) NEXT(created_at) NEXT(last_used_at)                \
    NEXT(idle_until) NEXT(expires_at) NEXT(ended_at) NEXT(end_reason) NEXT(auth_time_s) NEXT(amr) NEXT(acr)            \
    NEXT(address) NEXT(user_agent) NEXT(last_address) NEXT(last_user_agent) NEXT(is_web) NEXT(jkt)

/* What decides whether a session stands, and how strong it is: read for each request. */
#define STANDING_COLUMNS(FIRST, NEXT)                                                                                  \
    FIRST(id) NEXT(user_id) NEXT(last_used_at) NEXT(idle_until) NEXT(expires_at) NEXT(ended_at) NEXT(auth_time_s)      \
    NEXT(amr) NEXT(acr) NEXT(is_web) NEXT(jkt)

#define AUDIT_COLUMNS(FIRST, NEXT)                                                                                     \
    FIRST(seq) NEXT(at) NEXT(event) NEXT(severity) NEXT(outcome) NEXT(reason) NEXT(actor) NEXT(target) NEXT(session)   \
    NEXT(address) NEXT(user_agent) NEXT(method) NEXT(route) NEXT(request_id) NEXT(detail)

#define KEY_COLUMNS(FIRST, NEXT)                                                                                       \
    FIRST(kid) NEXT(algorithm) NEXT(public_jwk) NEXT(sealed) NEXT(made_at) NEXT(active_at) NEXT(retired_at)            \
    NEXT(expires_at) NEXT(revoked_at)

#define CLIENT_COLUMNS(FIRST, NEXT)                                                                                    \
    FIRST(id) NEXT(name) NEXT(secret) NEXT(former_secret) NEXT(former_until) NEXT(keys) NEXT(scopes) NEXT(created_at)  \
    NEXT(disabled_at)

#define CREDENTIAL_COLUMNS(FIRST, NEXT)                                                                                \
    FIRST(id) NEXT(user_id) NEXT(public_key) NEXT(algorithm) NEXT(sign_count) NEXT(aaguid) NEXT(transports) NEXT(name) \
    NEXT(backup_eligible) NEXT(backup_state) NEXT(user_verified) NEXT(format) NEXT(trusted) NEXT(created_at)           \
    NEXT(last_used_at)

#define TOTP_COLUMNS(FIRST, NEXT)                                                                                      \
    FIRST(user_id) NEXT(secret) NEXT(created_at) NEXT(last_used_at) NEXT(last_step) NEXT(failures) NEXT(pending)       \
    NEXT(pending_until)

#define NOTICE_COLUMNS(FIRST, NEXT)                                                                                    \
    FIRST(id) NEXT(user_id) NEXT(kind) NEXT(factor) NEXT(about) NEXT(address) NEXT(user_agent) NEXT(created_at)

enum column_kind { COLUMN_INT, COLUMN_BOOL, COLUMN_STR, COLUMN_DIGEST };

struct column {
    enum column_kind kind; /* int64_t, bool as 0 or 1, struct str, struct digest */
    size_t           offset;
};

/* The kind comes from the C type of the member. */
#define COLUMN(type, member)                                                                                           \
    { .kind = _Generic(((type *)0)->member, int64_t: COLUMN_INT, bool: COLUMN_BOOL, struct str: COLUMN_STR,            \
                       struct digest: COLUMN_DIGEST),                                                                  \
      .offset = offsetof(type, member) }
/* clang-format on */

/* How the columns of a statement become a struct, and back. */
struct shape {
    const struct column *columns;
    size_t count;
    size_t size; /* bytes of the struct */
};

#define SHAPE(type, table)                                                                                             \
    {                                                                                                                  \
        .columns = (table), .count = sizeof(table) / sizeof(*(table)), .size = sizeof(type)                            \
    }

extern const struct shape user_shape, session_shape, audit_shape, signing_key_shape, client_shape, credential_shape,
    notice_shape;
