#include "store/totp.h"

#include "store/query.h"

#define TOTP_COLUMN(name) COLUMN(struct totp_row, name),
static const struct column totp_columns[] = { TOTP_COLUMNS(TOTP_COLUMN, TOTP_COLUMN) };
static const struct shape totp_shape = SHAPE(struct totp_row, totp_columns);

#define BOX_COLUMN(name) COLUMN(struct totp_boxes, name)
static const struct column box_columns[] = { BOX_COLUMN(user_id), BOX_COLUMN(public_id), BOX_COLUMN(secret),
                                             BOX_COLUMN(pending) };
static const struct shape box_shape = SHAPE(struct totp_boxes, box_columns);

FALLIBLE totp_of_user(struct db *db, struct arena *mem, int64_t user_id, struct totp_row *out, bool *found)
{
    const struct part parts[] = { { &totp_shape, out }, { NULL, NULL } };
    return query_one(db, mem, ASK(TOTP_OF_USER, in_int(user_id)), parts, found);
}

FALLIBLE totp_offer(struct tx *tx, int64_t user_id, struct str pending, int64_t until)
{
    return query_run(tx, ASK(TOTP_OFFER, in_int(user_id), in_text(pending), in_int(until)), NULL);
}

static FALLIBLE run_one(struct tx *tx, struct ask ask, bool *done)
{
    int64_t changed = 0;

    TRY(query_run(tx, ask, &changed));
    *done = changed == 1;
    return OK;
}

FALLIBLE totp_confirm(struct tx *tx, const struct totp_confirming *by, bool *confirmed)
{
    return run_one(tx,
                   ASK(TOTP_CONFIRM, in_text(by->secret), in_int(by->now_us), in_int(by->step), in_int(by->user_id),
                       in_text(by->pending)),
                   confirmed);
}

FALLIBLE totp_try(struct tx *tx, int64_t user_id, bool *allowed)
{
    return run_one(tx, ASK(TOTP_TRY, in_int(user_id), in_int(FACTOR_FAILURES_MAX)), allowed);
}

FALLIBLE totp_spend(struct tx *tx, const struct totp_spending *by, bool *spent)
{
    return run_one(tx, ASK(TOTP_SPEND, in_int(by->step), in_int(by->now_us), in_int(by->user_id), in_text(by->secret)),
                   spent);
}

FALLIBLE totp_remove(struct tx *tx, int64_t user_id, bool *removed)
{
    return run_one(tx, ASK(TOTP_REMOVE, in_int(user_id)), removed);
}

FALLIBLE totp_boxes_after(struct db *db, struct arena *mem, int64_t after, struct totp_boxes **rows, size_t *count)
{
    void *found = NULL;

    TRY(query_all(db, mem, ASK(TOTP_BOXES, in_int(after)), &box_shape, &found, count));
    *rows = found;
    return OK;
}

FALLIBLE totp_reseal(struct tx *tx, const struct totp_boxes *boxes)
{
    return query_run(tx, ASK(TOTP_RESEAL, in_text(boxes->secret), in_text(boxes->pending), in_int(boxes->user_id)),
                     NULL);
}
