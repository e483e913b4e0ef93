#include "store/transfer_own.h"

#include <stdlib.h>
#include "store/migrate.h"

/* Tables that migrations put rows into: in an empty target they are no sign of life, and make way for those of the source. */
static const char *const seeded[] = { "epoch" };

/* "store_busy" alone would say nothing to a person. */
FALLIBLE transfer_blame(const char *which, enum err end)
{
    struct note told = *note_get();

    if (end == OK)
        return OK;
    return fail(end, "%s: %s", which,
                told.why != WHY_NONE && !str_contains(str_of(told.text), STR(" ")) ? why_sentence(told.why)
                                                                                   : told.text);
}

static bool is_seeded(struct str table)
{
    for (size_t i = 0; i < sizeof seeded / sizeof *seeded; i++)
        if (str_equal(table, str_of(seeded[i])))
            return true;
    return false;
}

static FALLIBLE open_source(struct transfer *t, const struct store_options *options)
{
    bool unfinished = false;

    TRY(store_open(options, &t->from));
    TRY(db_open(t->from, &t->source));
    TRY(t->from->driver->bulk->snapshot(t->source->conn));
    TRY(migrate_look(t->source, &t->schema, &unfinished));
    if (unfinished)
        return fail(ERR_CONFLICT, "a copy into this database was broken off; it is not whole");
    if (t->schema == 0)
        return fail(ERR_CONFLICT, "%.*s holds no schema of Postern", STR_ARG(store_place(t->from)));
    TRY(t->from->driver->has_table(t->source->conn, "epoch", &t->has_mark));
    if (t->has_mark)
        TRY(epoch_read(t->source, &t->mark));
    return bulk_read_tables(t->source, t->mem, &t->here);
}

static FALLIBLE check_apart(struct transfer *t)
{
    struct str a = { NULL, 0 }, b = { NULL, 0 };

    if (t->from->driver != t->to->driver)
        return OK;
    TRY(bulk_text(t->source, t->mem, t->from->driver->bulk->identity, &a));
    TRY(bulk_text(t->target, t->mem, t->to->driver->bulk->identity, &b));
    return str_equal(a, b) ? fail(ERR_CONFLICT, "source and target are the same database") : OK;
}

static FALLIBLE check_table_empty(struct db *db, struct arena *mem, struct str table)
{
    int64_t found = 0;

    TRY(bulk_number(db, arena_printf(mem, "SELECT 1 FROM \"%.*s\" LIMIT 1", STR_ARG(table)).ptr, &found));
    if (found == 0)
        return OK;
    return fail(ERR_CONFLICT, "it is not empty: the table %.*s has rows; a copy goes into an empty database",
                STR_ARG(table));
}

static FALLIBLE check_empty(struct db *db, struct arena *mem)
{
    struct bulk_tables tables = { 0 };

    TRY(bulk_read_tables(db, mem, &tables));
    for (size_t i = 0; i < tables.count; i++)
        if (!is_seeded(tables.rows[i].name))
            TRY(check_table_empty(db, mem, tables.rows[i].name));
    return OK;
}

static FALLIBLE check_schema(const struct transfer *t, int64_t there)
{
    if (t->resumed && there != t->schema)
        return fail(ERR_CONFLICT,
                    "its schema is at %lld, that of the source at %lld by now; --restart begins the copy anew",
                    (long long)there, (long long)t->schema);
    if (there > t->schema)
        return fail(ERR_CONFLICT,
                    "its schema is at %lld, that of the source at %lld; run postern migrate up on the source first",
                    (long long)there, (long long)t->schema);
    return OK;
}

static FALLIBLE wipe(struct transfer *t)
{
    TRY(migrate_wipe(t->to));
    db_drop(&t->target); /* it may remember statements of tables that are gone */
    return db_open(t->to, &t->target);
}

/* An empty target becomes one of the source's schema; the rest of a copy has it already. */
static FALLIBLE open_target(struct transfer *t, const struct transfer_options *options)
{
    AUTO(arena) struct arena *mem = arena_new();
    int64_t there = 0;
    int steps = 0;

    TRY(store_open(&options->to, &t->to));
    TRY(db_open(t->to, &t->target));
    TRY(check_apart(t));
    TRY(migrate_look(t->target, &there, &t->resumed));
    if (t->resumed && options->restart) {
        TRY(wipe(t));
        TRY(migrate_look(t->target, &there, &t->resumed));
    }
    TRY(check_schema(t, there));
    if (t->resumed)
        return OK;
    TRY(check_empty(t->target, mem));
    return migrate_to(t->to, options->now_us, t->schema, &steps);
}

static FALLIBLE remove_seeds(struct transfer *t, struct tx *tx)
{
    for (size_t i = 0; i < t->tables.count; i++) {
        struct str name = t->tables.rows[i].name;
        if (is_seeded(name))
            TRY(t->to->driver->script(tx->db.conn, "copy",
                                      arena_printf(t->mem, "DELETE FROM \"%.*s\"", STR_ARG(name)).ptr));
    }
    return OK;
}

/* From now on nobody else works with the target.  The ledger's lock keeps a second copy that begins at once behind this one;
 * it finds the mark there already. */
static FALLIBLE claim(struct transfer *t, int64_t now_us)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(tx) struct tx *tx = NULL;

    TRY(store_begin(t->to, &tx));
    TRY(t->to->driver->script(tx->db.conn, "schema_migrations", t->to->driver->ledger));
    TRY(check_empty(tx_db(tx), mem));
    TRY(migrate_mark(tx, now_us));
    TRY(remove_seeds(t, tx));
    return store_commit(&tx);
}

static FALLIBLE plan(struct transfer *t)
{
    TRY(bulk_match(&t->here, t->target, t->mem, &t->tables));
    t->moving = ARENA_ARRAY(t->mem, struct moving, t->tables.count);
    for (size_t i = 0; i < t->tables.count; i++) {
        const char *text = arena_printf(t->mem, "SELECT COUNT(*) FROM \"%.*s\"", STR_ARG(t->tables.rows[i].name)).ptr;
        TRY(transfer_blame("source", bulk_number(t->source, text, &t->moving[i].total)));
        t->total += t->moving[i].total;
    }
    return OK;
}

static FALLIBLE open_both(struct transfer *t, const struct transfer_options *options)
{
    TRY(transfer_blame("source", open_source(t, &options->from)));
    TRY(transfer_blame("target", open_target(t, options)));
    TRY(plan(t));
    if (!t->resumed)
        TRY(transfer_blame("target", claim(t, options->now_us)));
    transfer_begin_table(t);
    return OK;
}

FALLIBLE transfer_open(const struct transfer_options *options, struct transfer **out)
{
    AUTO(transfer) struct transfer *t = calloc(1, sizeof *t);

    if (t == NULL)
        die("out of memory");
    t->mem = arena_new();
    TRY(open_both(t, options));
    *out = t;
    t = NULL;
    return OK;
}

void transfer_drop(struct transfer **transfer)
{
    struct transfer *t = *transfer;

    *transfer = NULL;
    if (t == NULL)
        return;
    pass_drop(&t->ours);
    pass_drop(&t->theirs);
    db_drop(&t->source);
    db_drop(&t->target);
    store_drop(&t->from);
    store_drop(&t->to);
    arena_drop(&t->mem);
    free(t);
}
