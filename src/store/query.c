#include "store/query.h"

#include <string.h>
#include "base/clock.h"
#include "store/driver.h"
#include "store/parcel.h"

#define COLUMNS_MAX 48 /* columns of one statement: a session with its user has 36 */

struct value in_int(int64_t number)
{
    return (struct value){ .kind = VALUE_INT, .number = number };
}

struct value in_text(struct str text)
{
    return (struct value){ .kind = text.ptr == NULL ? VALUE_NULL : VALUE_TEXT, .bytes = text };
}

struct value in_bytes(struct str bytes)
{
    return (struct value){ .kind = bytes.ptr == NULL ? VALUE_NULL : VALUE_BYTES, .bytes = bytes };
}

struct value in_digest(const struct digest *digest)
{
    return in_bytes((struct str){ (const char *)digest->is, sizeof digest->is });
}

static struct value from_member(enum column_kind kind, const char *member)
{
    switch (kind) {
    case COLUMN_INT:
        return in_int(*(const int64_t *)(const void *)member);
    case COLUMN_BOOL:
        return in_int(*(const bool *)member ? 1 : 0);
    case COLUMN_STR:
        return in_text(*(const struct str *)(const void *)member);
    case COLUMN_DIGEST:
        return in_digest((const struct digest *)(const void *)member);
    }
    return (struct value){ .kind = VALUE_NULL };
}

void in_row(const struct shape *shape, size_t from, const void *row, struct value *in)
{
    for (size_t i = from; i < shape->count; i++)
        in[i - from] = from_member(shape->columns[i].kind, (const char *)row + shape->columns[i].offset);
}

static struct digest digest_in(struct str bytes)
{
    struct digest digest = { { 0 } };
    if (bytes.len == sizeof digest.is) /* the schema holds every digest to this length */
        memcpy(digest.is, bytes.ptr, sizeof digest.is);
    return digest;
}

/* NULL becomes 0 or the absent text. */
static void to_member(enum column_kind kind, struct arena *mem, const struct value *value, char *member)
{
    switch (kind) {
    case COLUMN_INT:
        *(int64_t *)(void *)member = value->number;
        return;
    case COLUMN_BOOL:
        *(bool *)member = value->number != 0;
        return;
    case COLUMN_STR:
        *(struct str *)(void *)member =
            value->kind == VALUE_NULL ? (struct str){ NULL, 0 } : arena_copy(mem, value->bytes);
        return;
    case COLUMN_DIGEST:
        *(struct digest *)(void *)member = digest_in(value->bytes);
        return;
    }
}

static void fill(const struct shape *shape, struct arena *mem, const struct value *row, void *out)
{
    for (size_t i = 0; i < shape->count; i++)
        to_member(shape->columns[i].kind, mem, &row[i], (char *)out + shape->columns[i].offset);
}

static size_t width(const struct part *parts)
{
    size_t columns = 0;
    for (; parts->shape != NULL; parts++)
        columns += parts->shape->count;
    if (columns > COLUMNS_MAX)
        die("a statement with %zu columns", columns);
    return columns;
}

/* A statement that runs: finished when it goes out of scope, and counted when it reads outside a transaction. */
struct asking {
    struct db *db;
    int64_t since_ns;
};

static void asking_drop(struct asking *asking)
{
    struct store *store = asking->db->store;

    if (asking->db->conn != NULL)
        store->driver->finish(asking->db->conn);
    if (asking->db->tx != NULL)
        return;
    tally_add(&store->tally.reads, 1);
    tally_add(&store->tally.read_ns, (uint64_t)(clock_mono_ns() - asking->since_ns));
}

static FALLIBLE begin(struct asking *asking, const struct ask *ask)
{
    if (asking->db->tx != NULL)
        TRY(tx_open(asking->db->tx));
    else
        asking->since_ns = clock_mono_ns();
    return asking->db->store->driver->start(asking->db->conn, ask);
}

static FALLIBLE next(struct db *db, struct value *row, size_t columns, bool *more)
{
    return db->store->driver->next(db->conn, row, columns, more);
}

FALLIBLE query_one(struct db *db, struct arena *mem, struct ask ask, const struct part *parts, bool *found)
{
    AUTO(asking) struct asking asking = { .db = db };
    struct value row[COLUMNS_MAX];
    const struct value *at = row;
    bool more = false;

    TRY(begin(&asking, &ask));
    TRY(next(db, row, width(parts), &more));
    *found = more;
    for (; more && parts->shape != NULL; at += parts->shape->count, parts++)
        fill(parts->shape, mem, at, parts->out);
    return OK;
}

/* Rows of one size that grow in an arena; each growth doubles, so that what is left behind stays below what is kept. */
struct pile {
    char *rows;
    size_t count, room;
};

static void *pile_add(struct pile *pile, struct arena *mem, size_t size)
{
    if (pile->count == pile->room) {
        size_t room = pile->room == 0 ? 16 : 2 * pile->room;
        char *rows = arena_take_array(mem, size, room);
        if (pile->count > 0)
            memcpy(rows, pile->rows, pile->count * size);
        pile->rows = rows;
        pile->room = room;
    }
    return pile->rows + pile->count++ * size;
}

FALLIBLE query_all(struct db *db, struct arena *mem, struct ask ask, const struct shape *shape, void **rows,
                   size_t *count)
{
    AUTO(asking) struct asking asking = { .db = db };
    struct value row[COLUMNS_MAX];
    size_t columns = width((const struct part[]){ { shape, NULL }, { NULL, NULL } });
    struct pile pile = { 0 };

    TRY(begin(&asking, &ask));
    for (;;) {
        bool more = false;
        TRY(next(db, row, columns, &more));
        if (!more)
            break;
        fill(shape, mem, row, pile_add(&pile, mem, shape->size));
    }
    *rows = pile.rows;
    *count = pile.count;
    return OK;
}

FALLIBLE query_number(struct db *db, struct ask ask, int64_t *out)
{
    AUTO(asking) struct asking asking = { .db = db };
    struct value row = { .kind = VALUE_NULL };
    bool more = false;

    TRY(begin(&asking, &ask));
    TRY(next(db, &row, 1, &more));
    *out = more ? row.number : 0;
    return OK;
}

FALLIBLE query_run(struct tx *tx, struct ask ask, int64_t *changed)
{
    struct db *db = tx_db(tx);
    AUTO(asking) struct asking asking = { .db = db };
    bool more = true;

    TRY(begin(&asking, &ask));
    while (more)
        TRY(next(db, NULL, 0, &more));
    if (changed != NULL)
        *changed = db->store->driver->changed(db->conn);
    return OK;
}

static bool gathers(struct tx *tx, const struct parcel_item *item)
{
    return tx->work == NULL && parcel_add(tx->parcel, item);
}

static FALLIBLE run_expecting(struct tx *tx, const struct parcel_item *item)
{
    int64_t changed = 0;

    TRY(query_run(tx, item->ask, &changed));
    return parcel_judge(item, changed);
}

FALLIBLE query_expect(struct tx *tx, struct ask ask, int64_t rows)
{
    const struct parcel_item item = { ask, rows, NULL };

    return gathers(tx, &item) ? OK : run_expecting(tx, &item);
}

FALLIBLE query_number_later(struct tx *tx, struct ask ask, int64_t *out)
{
    const struct parcel_item item = { ask, ROWS_ANY, out };

    return gathers(tx, &item) ? OK : query_number(tx_db(tx), ask, out);
}

FALLIBLE query_later(struct tx *tx, struct ask ask)
{
    const struct driver *driver = tx->db.store->driver;
    const struct parcel_item item = { ask, ROWS_ANY, NULL };

    if (gathers(tx, &item))
        return OK;
    TRY(tx_open(tx));
    return driver->later == NULL ? query_run(tx, ask, NULL) : driver->later(tx->db.conn, &ask);
}

struct str query_clash(struct tx *tx)
{
    return tx->db.store->driver->clash(tx->db.conn);
}

#define NAME_ROW(name, text) [QUERY_##name] = #name,
#define TEXT_ROW(name, text) [QUERY_##name] = text,

const char *query_name(enum query_id query)
{
    static const char *const names[] = { QUERIES(NAME_ROW) };
    return names[query];
}

const char *query_text(enum query_id query)
{
    static const char *const texts[] = { QUERIES(TEXT_ROW) };
    return texts[query];
}
