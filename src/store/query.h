/* Ask a statement of queries.h, and fill structs from its rows.
 *
 * Owns     nothing: text of rows lies in the caller's arena.
 * Threads  as the db or tx that is asked.
 */
#pragma once
#include "store/queries.h"
#include "store/store.h"

enum value_kind { VALUE_NULL, VALUE_INT, VALUE_TEXT, VALUE_BYTES };

/* What goes into a parameter or comes out of a column. */
struct value {
    enum value_kind kind;
    int64_t number;
    struct str bytes;
};

struct value in_int(int64_t number);
struct value in_text(struct str text);               /* absent: NULL */
struct value in_bytes(struct str bytes);             /* absent: NULL */
struct value in_digest(const struct digest *digest); /* borrowed */
/* The columns of a row from number `from` on, as parameters; in: room for the rest of the shape. */
void in_row(const struct shape *shape, size_t from, const void *row, struct value *in);

struct ask {
    enum query_id query;
    const struct value *in;
    size_t count;
};

/* ASK(USER_BY_ID, in_int(id)) */
#define ASK(name, ...)                                                                                                 \
    ((struct ask){ .query = QUERY_##name,                                                                              \
                   .in = (const struct value[]){ __VA_ARGS__ },                                                        \
                   .count = sizeof((const struct value[]){ __VA_ARGS__ }) / sizeof(struct value) })

/* One part of a row: so many columns as the shape has, into this struct.  A list of parts ends with { NULL }. */
struct part {
    const struct shape *shape;
    void *out;
};

/* The first row; found is false and the parts are untouched when there is none. */
FALLIBLE query_one(struct db *db, struct arena *mem, struct ask ask, const struct part *parts, bool *found);
/* All rows as an array of one shape. */
FALLIBLE query_all(struct db *db, struct arena *mem, struct ask ask, const struct shape *shape, void **rows,
                   size_t *count);
/* A number in the first column of the first row; 0 when there is none. */
FALLIBLE query_number(struct db *db, struct ask ask, int64_t *out);
/* Change rows; changed: how many (NULL: nobody asks). */
FALLIBLE query_run(struct tx *tx, struct ask ask, int64_t *changed);
/* The same for who goes on only if so many rows were changed.  Ends: ERR_CONFLICT (others were), here or by whatever comes later. */
FALLIBLE query_expect(struct tx *tx, struct ask ask, int64_t rows);
/* The same for a statement of which nobody asks anything, not even whether it clashes: it may be sent with the next one of this
 * transaction or with its commit, and a failure of it is told there. */
FALLIBLE query_later(struct tx *tx, struct ask ask);
/* A number in the first column of the first row, which is there when the commit is; out lives until the transaction has ended. */
FALLIBLE query_number_later(struct tx *tx, struct ask ask, int64_t *out);
/* After ERR_CONFLICT: what must be unique and was not, "table.column"; borrowed until the next ask of this connection.
 */
struct str query_clash(struct tx *tx);
