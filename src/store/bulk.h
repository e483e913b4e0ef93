/* Whole tables, whatever they are: what a driver has to offer to who moves a database into another.
 *
 * The names of tables and columns come from the database's own catalogue, so a table that a later migration makes is moved
 * without a word of ours.  These statements are the only ones that are not in queries.h.
 *
 * Owns     nothing: descriptions and texts lie in the caller's arena.
 * Threads  as the connection that is asked.
 * Ends     ERR_INTERNAL: the database failed, or holds what is not described here (an unknown type, a table without a key).
 */
#pragma once
#include "base/buf.h"
#include "store/query.h"

#define BULK_COLUMNS_MAX 64 /* of a table */
#define BULK_TABLES_MAX  64
#define BULK_NAME_MAX    63 /* bytes; a-z, 0-9 and _ */

struct conn;

struct bulk_column {
    struct str name;
    enum value_kind kind; /* VALUE_INT also for truth values */
    int64_t type;         /* the driver's own number for its type */
    int64_t key;          /* place in the primary key, from 1; 0: none */
    bool serial;          /* the database counts it and remembers how far */
};

struct bulk_table {
    struct str name;
    struct bulk_column columns[BULK_COLUMNS_MAX];
    size_t count, keys; /* columns; those of the primary key, at least one */
};

struct bulk_tables {
    struct bulk_table *rows;
    size_t count;
};

struct bulk_driver {
    /* Rows of table, column, kind ("integer", "text", "bytes", else the type's name), type, key, serial; sorted by table. */
    const char *catalogue;
    const char *references; /* rows of table, the table it refers to; without those that refer to themselves */
    const char *identity;   /* one text, the same for every address of one database */

    FALLIBLE (*snapshot)(struct conn *conn); /* what is read from now on is of one moment, until disconnect */
    /* Any statement; its rows by next, its end by finish, as after start. */
    FALLIBLE (*ask)(struct conn *conn, const char *text, const struct value *in, size_t count);
    /* Within a transaction: add rows, columns in the order of the table.  Ends: ERR_CONFLICT (one is there already). */
    FALLIBLE (*fill)(struct conn *conn, const struct bulk_table *table, const struct value *rows, size_t count);
    /* The last number that a serial column was given, 0: none yet. */
    FALLIBLE (*serial_last)(struct conn *conn, struct str table, struct str column, int64_t *last);
    FALLIBLE (*serial_set)(struct conn *conn, struct str table, struct str column, int64_t last);
};

extern const struct bulk_driver sqlite_bulk, postgres_bulk;

/* All tables but the ledger of migrations, sorted by name. */
FALLIBLE bulk_read_tables(struct db *db, struct arena *mem, struct bulk_tables *out);
/* What is to be moved: the tables of `from` as `to` has them, with columns in the order of `from`; in such an order that a
 * table comes behind those that `to` lets it refer to.
 * Ends: ERR_CONFLICT (a table or column is missing or differs, or tables refer to each other in a circle), ERR_INTERNAL. */
FALLIBLE bulk_match(const struct bulk_tables *from, struct db *to, struct arena *mem, struct bulk_tables *out);

const struct bulk_table *bulk_table(const struct bulk_tables *tables, struct str name); /* NULL: none */
const struct bulk_column *bulk_column(const struct bulk_table *table, struct str name);

/* "a", "b": the quoted names of the table's columns; only those of its key, in their order. */
void bulk_add_columns(struct buf *out, const struct bulk_table *table);
void bulk_add_keys(struct buf *out, const struct bulk_table *table);
const struct bulk_column *bulk_key(const struct bulk_table *table, size_t place); /* from 1 */

/* The first column of the first row of any text; 0 or absent when there is none. */
FALLIBLE bulk_number(struct db *db, const char *text, int64_t *out);
FALLIBLE bulk_text(struct db *db, struct arena *mem, const char *text, struct str *out);
