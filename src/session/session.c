#include "session/session.h"
#include "base/clock.h"
#include "crypto/random.h"

enum err session_open(struct tx *tx, const struct visit *v, const struct session_start *start, struct session_row *out)
{
    char id[UUID_TEXT_MAX];
    uuid7(v->now_us, id);
    struct session_row row = {
        .id = arena_copy(v->mem, str_of(id)),
        .user_id = start->user_id,
        .refresh = *start->refresh,
        .created_at = v->now_us,
        .last_used_at = v->now_us,
        .expires_at = v->now_us + start->ttl_s * SECOND_US,
        .auth_time_s = visit_now_s(v),
        .amr = start->amr,
        .acr = start->acr,
        .address = v->peer_text,
        .user_agent = v->user_agent,
    };
    TRY(sessions_add(tx, &row));
    *out = row;
    return OK;
}

enum err session_renew(struct tx *tx, const struct visit *v, struct session_row *row, const struct digest *refresh)
{
    enum err end = sessions_rotate(tx, row->id, &row->refresh, refresh, v->now_us);
    if (end == ERR_CONFLICT) /* another request spent it between our look and our write */
        return refuse(WHY_REFRESH_INVALID);
    TRY(end);
    row->refresh = *refresh;
    row->last_used_at = v->now_us;
    return OK;
}

enum err session_end(struct tx *tx, const struct visit *v, struct str id, struct str reason)
{
    int64_t ended;
    return sessions_end(tx, id, reason, v->now_us, &ended);
}

enum err session_end_all(struct tx *tx, const struct visit *v, int64_t user_id, struct str reason)
{
    int64_t ended;
    return sessions_end_all(tx, user_id, reason, v->now_us, &ended);
}

bool session_usable(const struct session_row *row, int64_t now_us)
{
    return row->ended_at == 0 && now_us < row->expires_at;
}
