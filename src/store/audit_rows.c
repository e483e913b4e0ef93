#include "store/audit_rows.h"

#include "store/driver.h"

#define AUDIT_COLUMN(name) COLUMN(struct audit_row, name),
static const struct column audit_columns[] = { AUDIT_COLUMNS(AUDIT_COLUMN, AUDIT_COLUMN) };
const struct shape audit_shape = SHAPE(struct audit_row, audit_columns);

#define AUDIT_ADDED (sizeof audit_columns / sizeof *audit_columns - 1) /* all columns but seq */

FALLIBLE audit_rows_add(struct tx *tx, const struct audit_row *row)
{
    struct value in[AUDIT_ADDED];

    in_row(&audit_shape, 1, row, in);
    return query_later(tx, (struct ask){ QUERY_AUDIT_ADD, in, AUDIT_ADDED });
}

/* A user's rows come by the indexes on actor and target, all others by walking along seq. */
static FALLIBLE audit_rows(struct db *db, struct arena *mem, enum query_id along, enum query_id of_user,
                           const struct audit_filter *f, struct audit_row **rows, size_t *count)
{
    void *found = NULL;
    struct value after = in_int(f->after_seq), upto = in_int(f->upto_seq), event = in_text(f->event),
                 address = in_text(f->address);
    struct value severity = in_text(f->severity), request = in_text(f->request_id), limit = in_int(f->limit);
    struct value since = in_int(f->since), until = in_int(f->until), user = in_text(f->user);
    const struct value any[] = { after, upto, event, address, severity, request, since, until, limit };
    const struct value his[] = { after, upto, event, address, severity, request, since, until, user, limit };
    struct ask ask = f->user.ptr == NULL ? (struct ask){ along, any, 9 } : (struct ask){ of_user, his, 10 };

    TRY(query_all(db, mem, ask, &audit_shape, &found, count));
    *rows = found;
    return OK;
}

/* The number first: who takes a smaller one later than that is among those who are waited for. */
FALLIBLE audit_rows_settled(struct db *db, int64_t *upto)
{
    int64_t newest = 0;

    TRY(query_number(db, ASK(AUDIT_NEWEST), &newest));
    if (db->store->driver->settle != NULL)
        TRY(db->store->driver->settle(db->conn, "audit_log"));
    *upto = newest;
    return OK;
}

FALLIBLE audit_rows_list(struct db *db, struct arena *mem, const struct audit_filter *f, struct audit_row **rows,
                         size_t *count)
{
    return audit_rows(db, mem, QUERY_AUDIT_LIST, QUERY_AUDIT_LIST_OF_USER, f, rows, count);
}

FALLIBLE audit_rows_tail(struct db *db, struct arena *mem, const struct audit_filter *f, struct audit_row **rows,
                         size_t *count)
{
    return audit_rows(db, mem, QUERY_AUDIT_TAIL, QUERY_AUDIT_TAIL_OF_USER, f, rows, count);
}
