#include "store/migrate.h"

#include <stdio.h>
#include "base/why.h"
#include "store/driver.h"

#define CHECKSUM_LEN 64 /* SHA-256 in hex, as sha256sum prints it */

/* A row of schema_migrations. */
struct applied {
    int64_t number;
    struct str name, checksum;
    int64_t applied_at;
};

static const struct column applied_columns[] = { COLUMN(struct applied, number), COLUMN(struct applied, name),
                                                 COLUMN(struct applied, checksum), COLUMN(struct applied, applied_at) };
static const struct shape applied_shape = SHAPE(struct applied, applied_columns);

struct ledger {
    struct applied *rows;
    size_t count;
};

/* The embedded texts. */
struct texts {
    const struct migration *rows;
    size_t count;
};

static struct texts texts_of(const struct store *store)
{
    return (struct texts){ store->driver->migrations, *store->driver->migration_count };
}

int64_t migrate_newest(void)
{
    return sqlite_migrations[sqlite_migration_count - 1].number;
}

static struct str checksum(struct arena *mem, struct str text)
{
    struct digest digest = digest_of(text);
    char *hex = arena_take(mem, CHECKSUM_LEN + 1);

    for (size_t i = 0; i < sizeof digest.is; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest.is[i]);
    return (struct str){ hex, CHECKSUM_LEN };
}

static const struct migration *find_text(struct texts texts, int64_t number)
{
    for (size_t i = 0; i < texts.count; i++)
        if (texts.rows[i].number == number)
            return &texts.rows[i];
    return NULL;
}

static const struct applied *find_applied(const struct ledger *ledger, int64_t number)
{
    for (size_t i = 0; i < ledger->count; i++)
        if (ledger->rows[i].number == number)
            return &ledger->rows[i];
    return NULL;
}

static FALLIBLE read_ledger(struct db *db, struct arena *mem, struct ledger *out)
{
    bool has = false;
    void *rows = NULL;

    TRY(db->store->driver->has_table(db->conn, "schema_migrations", &has));
    if (has)
        TRY(query_all(db, mem, ASK(MIGRATIONS_APPLIED), &applied_shape, &rows, &out->count));
    out->rows = rows;
    return OK;
}

/* A row that no program takes for a migration of its own: neither this one nor an older one works with such a database. */
#define UNFINISHED      INT64_C(1000000000)
#define UNFINISHED_NAME STR("unfinished_copy")

static FALLIBLE unknown_step(const struct applied *a)
{
    if (a->number == UNFINISHED)
        return fail(ERR_CONFLICT, "a copy into this database was broken off; run the same postern store copy again");
    return fail(ERR_CONFLICT,
                "the schema is newer than this program: it has migration %lld (%.*s);"
                " run the program that made it, or a newer one",
                (long long)a->number, STR_ARG(a->name));
}

/* Which programs can live with a migration that they do not know, by its name (migrate.h): those that know this number or a greater. */
static int64_t known_by_least(struct str name)
{
    struct str rest = name, word;
    int64_t number = INT64_MAX;

    if (str_starts(name, STR("expand_")))
        return 0;
    if (str_split(&rest, '_', &word) && str_equal(word, STR("contract")) && str_split(&rest, '_', &word) &&
        rest.len > 0 && str_to_int(word, 1, INT64_MAX - 1, &number))
        return number;
    return INT64_MAX;
}

static bool lives_with(struct texts texts, const struct applied *a)
{
    return texts.rows[texts.count - 1].number >= known_by_least(a->name);
}

/* Every row of the ledger must be a migration that this program knows, applied from the same text.  or_lives: or one that it can
 * live with. */
static FALLIBLE check_ledger(struct texts texts, struct arena *mem, const struct ledger *ledger, bool or_lives)
{
    for (size_t i = 0; i < ledger->count; i++) {
        const struct applied *a = &ledger->rows[i];
        const struct migration *m = find_text(texts, a->number);
        if (m == NULL && or_lives && lives_with(texts, a))
            continue;
        if (m == NULL)
            return unknown_step(a);
        if (!str_equal(a->checksum, checksum(mem, m->up)))
            return fail(ERR_CONFLICT, "migration %lld (%.*s) was applied from another text than this program's",
                        (long long)a->number, STR_ARG(m->name));
    }
    return OK;
}

static FALLIBLE apply(struct tx *tx, struct arena *mem, const struct migration *m, int64_t now_us)
{
    TRY(tx->db.store->driver->script(tx->db.conn, m->name.ptr, m->up.ptr));
    return query_run(
        tx, ASK(MIGRATION_ADD, in_int(m->number), in_text(m->name), in_text(checksum(mem, m->up)), in_int(now_us)),
        NULL);
}

static FALLIBLE undo(struct tx *tx, const struct migration *m)
{
    TRY(tx->db.store->driver->script(tx->db.conn, m->name.ptr, m->down.ptr));
    return query_run(tx, ASK(MIGRATION_REMOVE, in_int(m->number)), NULL);
}

/* The first that is missing up to `to`, else the last that is too much; NULL when the schema is there. */
static const struct migration *next_step(struct texts texts, const struct ledger *ledger, int64_t to, bool *up)
{
    for (size_t i = 0; i < texts.count && texts.rows[i].number <= to; i++)
        if (find_applied(ledger, texts.rows[i].number) == NULL) {
            *up = true;
            return &texts.rows[i];
        }
    *up = false;
    for (size_t i = texts.count; i > 0 && texts.rows[i - 1].number > to; i--)
        if (find_applied(ledger, texts.rows[i - 1].number) != NULL)
            return &texts.rows[i - 1];
    return NULL;
}

/* One migration, one transaction.  The ledger is read inside it: what another program has just done is seen, not done
 * again. */
static FALLIBLE step(struct store *store, struct arena *mem, int64_t now_us, int64_t to, bool *done)
{
    AUTO(tx) struct tx *tx = NULL;
    struct ledger ledger = { 0 };
    const struct migration *m;
    bool up = false;

    TRY(store_begin(store, &tx));
    TRY(store->driver->script(tx->db.conn, "schema_migrations", store->driver->ledger));
    TRY(read_ledger(tx_db(tx), mem, &ledger));
    TRY(check_ledger(texts_of(store), mem, &ledger, true));
    m = next_step(texts_of(store), &ledger, to, &up);
    *done = m == NULL;
    if (m != NULL) /* what is added here, or taken away, may be what a later step stands on */
        TRY(check_ledger(texts_of(store), mem, &ledger, false));
    if (m != NULL)
        TRY(up ? apply(tx, mem, m, now_us) : undo(tx, m));
    return store_commit(&tx);
}

FALLIBLE migrate_to(struct store *store, int64_t now_us, int64_t to, int *steps)
{
    AUTO(arena) struct arena *mem = arena_new();
    int64_t target = to < 0 ? migrate_newest() : to;

    *steps = 0;
    for (;;) {
        bool done = false;
        TRY(step(store, mem, now_us, target, &done));
        if (done)
            return OK;
        *steps += 1;
    }
}

static struct migration_step step_of(const struct migration *m, bool up)
{
    return (struct migration_step){ m->number, m->name, up, up ? m->up : m->down };
}

FALLIBLE migrate_plan(struct store *store, struct arena *mem, int64_t to, struct migration_step **steps, size_t *count)
{
    AUTO(db) struct db *db = NULL;
    struct texts texts = texts_of(store);
    struct ledger ledger = { 0 };
    struct migration_step *out = ARENA_ARRAY(mem, struct migration_step, texts.count);
    size_t n = 0;

    TRY(db_open(store, &db));
    TRY(read_ledger(db, mem, &ledger));
    TRY(check_ledger(texts, mem, &ledger, true));
    for (size_t i = 0; i < texts.count && texts.rows[i].number <= to; i++)
        if (find_applied(&ledger, texts.rows[i].number) == NULL)
            out[n++] = step_of(&texts.rows[i], true);
    for (size_t i = texts.count; i > 0 && texts.rows[i - 1].number > to; i--)
        if (find_applied(&ledger, texts.rows[i - 1].number) != NULL)
            out[n++] = step_of(&texts.rows[i - 1], false);
    if (n > 0)
        TRY(check_ledger(texts, mem, &ledger, false));
    *steps = out;
    *count = n;
    return OK;
}

static struct migration_row row_of_text(struct arena *mem, const struct migration *m, const struct ledger *ledger)
{
    const struct applied *a = find_applied(ledger, m->number);

    return (struct migration_row){
        .number = m->number,
        .name = m->name,
        .applied_at = a == NULL ? 0 : a->applied_at,
        .changed = a != NULL && !str_equal(a->checksum, checksum(mem, m->up)),
    };
}

/* What this program knows, and behind it what only the database knows. */
FALLIBLE migrate_status(struct store *store, struct arena *mem, struct migration_row **rows, size_t *count)
{
    AUTO(db) struct db *db = NULL;
    struct texts texts = texts_of(store);
    struct ledger ledger = { 0 };
    struct migration_row *out;
    size_t n = 0;

    TRY(db_open(store, &db));
    TRY(read_ledger(db, mem, &ledger));
    out = ARENA_ARRAY(mem, struct migration_row, texts.count + ledger.count);
    for (size_t i = 0; i < texts.count; i++)
        out[n++] = row_of_text(mem, &texts.rows[i], &ledger);
    for (size_t i = 0; i < ledger.count; i++) {
        const struct applied *a = &ledger.rows[i];
        if (find_text(texts, a->number) == NULL)
            out[n++] = (struct migration_row){ a->number, a->name, a->applied_at, true };
    }
    *rows = out;
    *count = n;
    return OK;
}

FALLIBLE migrate_applied(struct db *db, int64_t *number)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct ledger ledger = { 0 };

    TRY(read_ledger(db, mem, &ledger));
    *number = ledger.count == 0 ? 0 : ledger.rows[ledger.count - 1].number; /* they are sorted */
    return OK;
}

FALLIBLE migrate_known(struct db *db)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct ledger ledger = { 0 };

    TRY(read_ledger(db, mem, &ledger));
    return check_ledger(texts_of(db->store), mem, &ledger, false);
}

/* They are sorted, and the mark is the greatest. */
static bool take_mark(struct ledger *ledger)
{
    if (ledger->count == 0 || ledger->rows[ledger->count - 1].number != UNFINISHED)
        return false;
    ledger->count--;
    return true;
}

FALLIBLE migrate_look(struct db *db, int64_t *number, bool *unfinished)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct ledger ledger = { 0 };
    bool marked;

    TRY(read_ledger(db, mem, &ledger));
    marked = take_mark(&ledger);
    TRY(check_ledger(texts_of(db->store), mem, &ledger, false));
    *number = ledger.count == 0 ? 0 : ledger.rows[ledger.count - 1].number;
    *unfinished = marked;
    return OK;
}

FALLIBLE migrate_mark(struct tx *tx, int64_t now_us)
{
    return query_run(
        tx, ASK(MIGRATION_ADD, in_int(UNFINISHED), in_text(UNFINISHED_NAME), in_text(STR("")), in_int(now_us)), NULL);
}

FALLIBLE migrate_unmark(struct tx *tx)
{
    return query_run(tx, ASK(MIGRATION_REMOVE, in_int(UNFINISHED)), NULL);
}

/* In one transaction: a database that is half empty would be neither a target nor the rest of a copy. */
FALLIBLE migrate_wipe(struct store *store)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(tx) struct tx *tx = NULL;
    struct texts texts = texts_of(store);
    struct ledger ledger = { 0 };

    TRY(store_begin(store, &tx));
    TRY(store->driver->script(tx->db.conn, "schema_migrations", store->driver->ledger));
    TRY(read_ledger(tx_db(tx), mem, &ledger));
    if (!take_mark(&ledger))
        return fail(ERR_CONFLICT, "the database holds no unfinished copy");
    TRY(check_ledger(texts, mem, &ledger, false));
    for (size_t i = texts.count; i > 0; i--)
        if (find_applied(&ledger, texts.rows[i - 1].number) != NULL)
            TRY(undo(tx, &texts.rows[i - 1]));
    TRY(migrate_unmark(tx));
    return store_commit(&tx);
}

FALLIBLE store_ready(struct db *db)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct ledger ledger = { 0 };
    bool up = false;
    const struct migration *missing;

    TRY(read_ledger(db, mem, &ledger));
    TRY(check_ledger(texts_of(db->store), mem, &ledger, true));
    missing = next_step(texts_of(db->store), &ledger, migrate_newest(), &up);
    if (missing == NULL)
        return OK;
    return fail(ERR_CONFLICT,
                "the schema is older than this program: migration %lld (%.*s) is missing; run postern migrate up",
                (long long)missing->number, STR_ARG(missing->name));
}
