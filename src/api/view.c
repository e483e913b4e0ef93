#include "api/view.h"
#include "access/access.h"
#include "base/clock.h"
#include "session/device.h"
#include "session/session.h"

/* clang-format off */
static const struct field mfa_fields[] = {
    VIEW(struct mfa_view, webauthn), VIEW(struct mfa_view, totp), VIEW(struct mfa_view, recovery_codes), FIELD_END
};

const struct field user_fields[] = {
    VIEW(struct user_view, id),                  VIEW_NULLABLE(struct user_view, name),
    VIEW_NULLABLE(struct user_view, email),      VIEW(struct user_view, email_verified),
    VIEW_NULLABLE(struct user_view, username),   VIEW_NULLABLE(struct user_view, date_of_birth),
    VIEW_NULLABLE(struct user_view, job_title),  VIEW(struct user_view, roles),
    VIEW(struct user_view, is_active),           VIEW_OBJECT(struct user_view, mfa, mfa_fields),
    VIEW_TIME(struct user_view, created_at),     VIEW_TIME(struct user_view, updated_at),
    FIELD_END
};

const struct field session_fields[] = {
    VIEW(struct session_view, id),                      VIEW(struct session_view, device),
    VIEW_NULLABLE(struct session_view, user_agent),     VIEW_NULLABLE(struct session_view, address),
    VIEW_NULLABLE(struct session_view, last_address),   VIEW(struct session_view, amr),
    VIEW(struct session_view, acr),                     VIEW_TIME(struct session_view, auth_time),
    VIEW_TIME(struct session_view, created_at),         VIEW_TIME(struct session_view, last_used_at),
    VIEW_TIME(struct session_view, idle_expires_at),    VIEW_TIME(struct session_view, expires_at),
    VIEW(struct session_view, current),
    FIELD_END
};

const struct field tokens_fields[] = {
    VIEW(struct tokens, message),       VIEW(struct tokens, access_token),  VIEW(struct tokens, token_type),
    VIEW(struct tokens, expires_in),    VIEW_OPTIONAL(struct tokens, refresh_token), VIEW(struct tokens, refresh_expires_in),
    VIEW(struct tokens, session_id),    VIEW(struct tokens, user_id),       VIEW_OPTIONAL(struct tokens, scope),
    VIEW_OPTIONAL(struct tokens, notices),
    FIELD_END
};
/* clang-format on */

struct user_view user_view_of(const struct visit *v, const struct user_row *row)
{
    return (struct user_view){
        .id = row->public_id,
        .name = row->name,
        .email = row->email,
        .email_verified = row->email_verified,
        .username = row->username,
        .date_of_birth = row->date_of_birth,
        .job_title = row->job_title,
        .roles = roles_split(v->mem, row->roles),
        .is_active = row->is_active,
        .mfa = { row->credentials, row->totp, row->recovery_codes },
        .created_at = row->created_at,
        .updated_at = row->updated_at,
    };
}

struct session_view session_view_of(const struct visit *v, const struct session_row *row, struct str current)
{
    return (struct session_view){
        .id = row->id,
        .device = device_name(v->mem, row->user_agent),
        .user_agent = row->user_agent,
        .address = row->address,
        .last_address = row->last_address,
        .amr = session_amr(v->mem, row),
        .acr = row->acr,
        .auth_time = row->auth_time_s * SECOND_US,
        .created_at = row->created_at,
        .last_used_at = row->last_used_at,
        .idle_expires_at = row->idle_until,
        .expires_at = row->expires_at,
        .current = str_equal(row->id, current),
    };
}
