#include "store/bulk.h"

#include "store/driver.h"

#define CATALOGUE_COLUMNS 6

static const struct bulk_driver *bulk_of(const struct db *db)
{
    return db->store->driver->bulk;
}

static void db_finish(struct db **db)
{
    (*db)->store->driver->finish((*db)->conn);
}

static FALLIBLE next(struct db *db, struct value *row, size_t columns, bool *more)
{
    return db->store->driver->next(db->conn, row, columns, more);
}

FALLIBLE bulk_number(struct db *db, const char *text, int64_t *out)
{
    __attribute__((cleanup(db_finish))) struct db *asked = db;
    struct value row = { .kind = VALUE_NULL };
    bool more = false;

    TRY(bulk_of(db)->ask(db->conn, text, NULL, 0));
    TRY(next(asked, &row, 1, &more));
    *out = more ? row.number : 0;
    return OK;
}

FALLIBLE bulk_text(struct db *db, struct arena *mem, const char *text, struct str *out)
{
    __attribute__((cleanup(db_finish))) struct db *asked = db;
    struct value row = { .kind = VALUE_NULL };
    bool more = false;

    TRY(bulk_of(db)->ask(db->conn, text, NULL, 0));
    TRY(next(asked, &row, 1, &more));
    *out = more && row.kind == VALUE_TEXT ? arena_copy(mem, row.bytes) : (struct str){ NULL, 0 };
    return OK;
}

/* Names go into statements, so they are what our migrations take for a name and nothing else. */
static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!((s.ptr[i] >= 'a' && s.ptr[i] <= 'z') || (s.ptr[i] >= '0' && s.ptr[i] <= '9') || s.ptr[i] == '_'))
            return false;
    return s.len > 0 && s.len <= BULK_NAME_MAX;
}

static bool kind_of(struct str text, enum value_kind *kind)
{
    static const struct {
        struct str text;
        enum value_kind kind;
    } kinds[] = { { { "integer", 7 }, VALUE_INT }, { { "text", 4 }, VALUE_TEXT }, { { "bytes", 5 }, VALUE_BYTES } };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_equal(text, kinds[i].text)) {
            *kind = kinds[i].kind;
            return true;
        }
    return false;
}

/* The table that this row of the catalogue speaks of: the last, or a new one. */
static FALLIBLE table_of(struct bulk_tables *tables, struct arena *mem, struct str name, struct bulk_table **out)
{
    if (tables->count > 0 && str_equal(tables->rows[tables->count - 1].name, name)) {
        *out = &tables->rows[tables->count - 1];
        return OK;
    }
    if (!is_name(name))
        return fail(ERR_INTERNAL, "the table \"%.*s\" is none of Postern's", STR_ARG(str_slice(name, 0, 64)));
    if (tables->count == BULK_TABLES_MAX)
        return fail(ERR_INTERNAL, "there are more than %d tables", BULK_TABLES_MAX);
    *out = &tables->rows[tables->count++];
    (*out)->name = arena_copy(mem, name);
    return OK;
}

static FALLIBLE add_column(struct bulk_table *table, struct arena *mem, const struct value *row)
{
    struct str name = row[1].bytes, type = row[2].bytes;
    struct bulk_column *c = &table->columns[table->count];

    if (!is_name(name) || table->count == BULK_COLUMNS_MAX)
        return fail(ERR_INTERNAL, "a column of \"%.*s\" is none of Postern's", STR_ARG(table->name));
    *c = (struct bulk_column){
        .name = arena_copy(mem, name), .type = row[3].number, .key = row[4].number, .serial = row[5].number != 0
    };
    if (!kind_of(type, &c->kind))
        return fail(ERR_INTERNAL, "%.*s.%.*s is of a type that can't be copied: %.*s", STR_ARG(table->name),
                    STR_ARG(c->name), STR_ARG(str_slice(type, 0, 64)));
    table->count++;
    table->keys += c->key > 0 ? 1 : 0;
    return OK;
}

static FALLIBLE check_keys(const struct bulk_tables *tables)
{
    for (size_t i = 0; i < tables->count; i++)
        if (tables->rows[i].keys == 0)
            return fail(ERR_INTERNAL, "the table %.*s has no primary key", STR_ARG(tables->rows[i].name));
    return OK;
}

FALLIBLE bulk_read_tables(struct db *db, struct arena *mem, struct bulk_tables *out)
{
    __attribute__((cleanup(db_finish))) struct db *asked = db;
    struct bulk_tables tables = { ARENA_ARRAY(mem, struct bulk_table, BULK_TABLES_MAX), 0 };
    struct value row[CATALOGUE_COLUMNS];

    TRY(bulk_of(db)->ask(db->conn, bulk_of(db)->catalogue, NULL, 0));
    for (;;) {
        struct bulk_table *table = NULL;
        bool more = false;
        TRY(next(asked, row, CATALOGUE_COLUMNS, &more));
        if (!more)
            break;
        TRY(table_of(&tables, mem, row[0].bytes, &table));
        TRY(add_column(table, mem, row));
    }
    TRY(check_keys(&tables));
    *out = tables;
    return OK;
}

const struct bulk_table *bulk_table(const struct bulk_tables *tables, struct str name)
{
    for (size_t i = 0; i < tables->count; i++)
        if (str_equal(tables->rows[i].name, name))
            return &tables->rows[i];
    return NULL;
}

const struct bulk_column *bulk_column(const struct bulk_table *table, struct str name)
{
    for (size_t i = 0; i < table->count; i++)
        if (str_equal(table->columns[i].name, name))
            return &table->columns[i];
    return NULL;
}

static FALLIBLE differs(const struct bulk_table *table, const char *how)
{
    return fail(ERR_CONFLICT, "the table %.*s is not the same in both databases: %s", STR_ARG(table->name), how);
}

static FALLIBLE match_table(const struct bulk_table *from, const struct bulk_table *to, struct bulk_table *out)
{
    if (to == NULL)
        return differs(from, "the target has none; a database of Postern holds nothing else");
    if (from->count != to->count || from->keys != to->keys)
        return differs(from, "its columns");
    out->name = to->name;
    out->count = to->count;
    out->keys = to->keys;
    for (size_t i = 0; i < from->count; i++) {
        const struct bulk_column *have = &from->columns[i], *want = bulk_column(to, have->name);
        if (want == NULL || want->kind != have->kind || want->key != have->key)
            return differs(from, "its columns");
        out->columns[i] = *want;
    }
    return OK;
}

/* Table and what it refers to. */
struct reference {
    struct str table, to;
};

struct references {
    struct reference *rows;
    size_t count;
};

#define REFERENCES_MAX 512

static FALLIBLE read_references(struct db *db, struct arena *mem, struct references *out)
{
    __attribute__((cleanup(db_finish))) struct db *asked = db;
    struct value row[2];

    out->rows = ARENA_ARRAY(mem, struct reference, REFERENCES_MAX);
    TRY(bulk_of(db)->ask(db->conn, bulk_of(db)->references, NULL, 0));
    for (;;) {
        bool more = false;
        TRY(next(asked, row, 2, &more));
        if (!more)
            return OK;
        if (out->count == REFERENCES_MAX)
            return fail(ERR_INTERNAL, "there are more than %d foreign keys", REFERENCES_MAX);
        out->rows[out->count++] = (struct reference){ arena_copy(mem, row[0].bytes), arena_copy(mem, row[1].bytes) };
    }
}

/* Is there all that this table refers to?  What is not to be moved does not count. */
static bool may_come(const struct bulk_table *table, const struct references *refs, const struct bulk_tables *all,
                     const struct bulk_tables *placed)
{
    for (size_t i = 0; i < refs->count; i++)
        if (str_equal(refs->rows[i].table, table->name) && bulk_table(all, refs->rows[i].to) != NULL &&
            bulk_table(placed, refs->rows[i].to) == NULL)
            return false;
    return true;
}

static const struct bulk_table *next_table(const struct references *refs, const struct bulk_tables *all,
                                           const struct bulk_tables *placed)
{
    for (size_t i = 0; i < all->count; i++)
        if (bulk_table(placed, all->rows[i].name) == NULL && may_come(&all->rows[i], refs, all, placed))
            return &all->rows[i];
    return NULL;
}

static FALLIBLE put_in_order(const struct references *refs, const struct bulk_tables *all, struct bulk_tables *out)
{
    while (out->count < all->count) {
        const struct bulk_table *table = next_table(refs, all, out);
        if (table == NULL)
            return fail(ERR_CONFLICT, "tables refer to each other in a circle; there is no order to copy them in");
        out->rows[out->count++] = *table;
    }
    return OK;
}

FALLIBLE bulk_match(const struct bulk_tables *from, struct db *to, struct arena *mem, struct bulk_tables *out)
{
    struct bulk_tables there = { 0 }, all = { ARENA_ARRAY(mem, struct bulk_table, from->count), from->count };
    struct references refs = { 0 };

    TRY(bulk_read_tables(to, mem, &there));
    for (size_t i = 0; i < from->count; i++)
        TRY(match_table(&from->rows[i], bulk_table(&there, from->rows[i].name), &all.rows[i]));
    TRY(read_references(to, mem, &refs));
    *out = (struct bulk_tables){ ARENA_ARRAY(mem, struct bulk_table, from->count), 0 };
    return put_in_order(&refs, &all, out);
}

static void add_name(struct buf *out, struct str name, bool first)
{
    buf_add(out, first ? STR("\"") : STR(", \""));
    buf_add(out, name);
    buf_add_char(out, '"');
}

void bulk_add_columns(struct buf *out, const struct bulk_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        add_name(out, table->columns[i].name, i == 0);
}

void bulk_add_keys(struct buf *out, const struct bulk_table *table)
{
    for (size_t place = 1; place <= table->keys; place++)
        add_name(out, bulk_key(table, place)->name, place == 1);
}

const struct bulk_column *bulk_key(const struct bulk_table *table, size_t place)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->columns[i].key == (int64_t)place)
            return &table->columns[i];
    die("%.*s has no column %zu in its key", STR_ARG(table->name), place);
}
