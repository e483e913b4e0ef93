/* How rows look from outside: the views that several handlers share. */
#pragma once
#include "base/field.h"
#include "base/visit.h"
#include "flow/signin.h"
#include "store/rows.h"

struct mfa_view {
    int64_t webauthn;
    bool totp;
    int64_t recovery_codes;
};

struct user_view {
    struct str id, name, email;
    bool email_verified;
    struct str username, date_of_birth, job_title;
    struct strs roles;
    bool is_active;
    struct mfa_view mfa;
    int64_t created_at, updated_at;
};

struct session_view {
    struct str id, device, user_agent, address, last_address;
    struct strs amr;
    struct str acr;
    int64_t auth_time, created_at, last_used_at, idle_expires_at, expires_at;
    bool current;
};

extern const struct field user_fields[], session_fields[];
extern const struct field tokens_fields[]; /* of struct tokens */

/* Never a hash, a secret or an internal key: the view has no place for them. */
struct user_view user_view_of(const struct visit *v, const struct user_row *row);
/* current: id of the session that asks. */
struct session_view session_view_of(const struct visit *v, const struct session_row *row, struct str current);
