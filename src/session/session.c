#include "session/session.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/why.h"
#include "crypto/random.h"

#include <stdlib.h>

#define AMR_MAX 8

enum err session_open(struct tx *tx, const struct visit *v, const struct session_start *start, struct session_row *out)
{
    char id[UUID_TEXT_MAX];
    uuid7(v->now_us, id);
    struct session_row row = {
        .id = arena_copy(v->mem, str_of(id)),
        .user_id = start->user_id,
        .created_at = v->now_us,
        .last_used_at = v->now_us,
        .idle_until = v->now_us + start->life.idle_ttl_s * SECOND_US,
        .expires_at = v->now_us + start->life.absolute_ttl_s * SECOND_US,
        .auth_time_s = visit_now_s(v),
        .amr = start->amr,
        .acr = start->acr,
        .address = v->peer_text,
        .user_agent = v->user_agent,
        .last_address = v->peer_text,
        .last_user_agent = v->user_agent,
        .is_web = start->is_web,
        .jkt = start->jkt,
    };
    random_bytes(&row.refresh_seed, sizeof row.refresh_seed);
    TRY(sessions_add(tx, &row));
    *out = row;
    return OK;
}

/* A bound session's client has just proved to hold the key.  A browser's cookie can't be read by its pages, and its address may change
 * on the way; any other client must come from the same place as the one that spent the token. */
static bool is_same_client(const struct visit *v, const struct session_row *row)
{
    if (row->jkt.ptr != NULL)
        return true;
    return str_equal(v->user_agent, row->last_user_agent) &&
           (row->is_web || str_equal(v->peer_text, row->last_address));
}

/* In both directions: a clock that stepped back must not lengthen it. */
static bool is_within_grace(const struct visit *v, const struct session_row *row)
{
    return llabs(v->now_us - row->last_used_at) <= SESSION_GRACE_S * SECOND_US;
}

/* A token that is ahead of its row is genuine too: the database has lost what it had promised.  That is no theft. */
static enum session_spent judge(const struct visit *v, int64_t number, const struct session_row *row)
{
    if (!session_usable(row, v->now_us) || number >= row->refresh_number)
        return SESSION_OVER;
    bool newest = number == row->refresh_number - 1;
    return newest && is_within_grace(v, row) && is_same_client(v, row) ? SESSION_RETRIED : SESSION_REUSED;
}

bool session_takes(const struct visit *v, int64_t number, const struct session_row *row)
{
    bool good = number == row->refresh_number && session_usable(row, v->now_us);
    return good || judge(v, number, row) == SESSION_RETRIED;
}

enum err session_spend(struct tx *tx, const struct visit *v, const struct session_life *life, int64_t number,
                       struct session_row *row)
{
    struct session_spending by = {
        .id = row->id,
        .number = number,
        .now_us = v->now_us,
        .idle_until = v->now_us + life->idle_ttl_s * SECOND_US,
        .address = v->peer_text,
        .user_agent = v->user_agent,
    };
    TRY(sessions_spend(tx, &by));
    row->refresh_number = number + 1;
    row->last_used_at = v->now_us;
    row->idle_until = by.idle_until;
    return OK;
}

enum err session_look(struct tx *tx, const struct visit *v, int64_t number, struct session_row *row,
                      enum session_spent *out)
{
    bool found = false;
    TRY(sessions_by_id(tx_db(tx), v->mem, row->id, row, &found));
    *out = found ? judge(v, number, row) : SESSION_OVER;
    return OK;
}

enum err session_end(struct tx *tx, const struct visit *v, struct str id, struct str reason)
{
    return sessions_end(tx, id, reason, v->now_us, NULL);
}

enum err session_end_all(struct tx *tx, const struct visit *v, int64_t user_id, struct str reason)
{
    return sessions_end_all(tx, user_id, reason, v->now_us, NULL);
}

enum err session_end_others(struct tx *tx, const struct visit *v, const struct session_row *but, struct str reason,
                            int64_t *ended)
{
    return sessions_end_others(tx, but->user_id, but->id, reason, v->now_us, ended);
}

enum err session_end_of(struct tx *tx, const struct visit *v, int64_t user_id, struct str id, struct str reason)
{
    int64_t ended = 0;
    TRY(sessions_end_of_user(tx, id, user_id, reason, v->now_us, &ended));
    return ended == 1 ? OK : refuse(WHY_SESSION_MISSING);
}

enum err session_raise(struct tx *tx, const struct visit *v, const struct session_life *life, struct str amr,
                       struct str acr, struct session_row *row)
{
    bool raised = false;
    struct session_row next = *row;
    random_bytes(&next.refresh_seed, sizeof next.refresh_seed);
    next.refresh_number = 0;
    next.last_used_at = v->now_us;
    next.idle_until = v->now_us + life->idle_ttl_s * SECOND_US;
    next.auth_time_s = visit_now_s(v);
    next.amr = amr;
    next.acr = acr;
    next.last_address = v->peer_text;
    next.last_user_agent = v->user_agent;
    TRY(sessions_raise(tx, &next, &raised));
    if (!raised)
        return refuse(WHY_SESSION_ENDED);
    *row = next;
    return OK;
}

static bool has_word(struct str words, struct str wanted)
{
    struct str word;
    while (str_split(&words, ',', &word))
        if (str_equal(word, wanted))
            return true;
    return false;
}

bool session_has(const struct session_row *row, struct str amr)
{
    return has_word(row->amr, amr);
}

struct str session_amr_join(struct arena *mem, struct str before, struct str fresh)
{
    struct buf out = buf_new(mem, 64);
    struct str word;
    while (str_split(&before, ',', &word))
        if (word.len > 0 && !str_equal(word, STR("recovery")) && !has_word(fresh, word))
            buf_printf(&out, "%.*s,", STR_ARG(word));
    buf_add(&out, fresh);
    return buf_str(&out);
}

struct strs session_amr(struct arena *mem, const struct session_row *row)
{
    struct str rest = row->amr;
    struct strs words = { ARENA_ARRAY(mem, struct str, AMR_MAX), 0 };
    while (words.count < AMR_MAX && rest.len > 0 && str_split(&rest, ',', &words.items[words.count]))
        words.count++;
    return words;
}

bool session_usable(const struct session_row *row, int64_t now_us)
{
    return row->ended_at == 0 && now_us < row->expires_at && now_us < row->idle_until;
}

int64_t session_until(const struct session_row *row)
{
    return row->idle_until < row->expires_at ? row->idle_until : row->expires_at;
}
