/* One connection writes.  Its open transaction (BEGIN IMMEDIATE) gathers the transactions of several threads, each in a
 * savepoint, and one COMMIT with one fsync makes all of them durable.  turns.h says who may write and who commits.  What was posted as
 * a parcel is done by whoever has the turn.
 *
 * A savepoint's end checks no deferred constraint, the shared COMMIT would: so the schema has none (docs/schema.md).
 */
#include "store/sqlite_own.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "store/parcel.h"

struct work {
    struct engine *engine;
    struct turn turn;
    bool sent;
    const struct parcel *parcel; /* what was posted; else NULL */
    int64_t posted_ns;
};

#define CONTROL_TEXT(name, text) [CONTROL_##name] = text,
static const char *const control_texts[] = { CONTROLS(CONTROL_TEXT) };

FALLIBLE write_open(struct engine *engine)
{
    for (size_t i = 0; i < CONTROL_COUNT; i++) {
        int code = sqlite3_prepare_v3(engine->writer->db, control_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                      &engine->control[i], NULL);
        if (code != SQLITE_OK)
            return sqlite_fail(engine->writer->db, code, control_texts[i]);
    }
    engine->turns = turns_new();
    return OK;
}

void write_close(struct engine *engine)
{
    for (size_t i = 0; i < CONTROL_COUNT; i++)
        sqlite3_finalize(engine->control[i]);
    turns_drop(&engine->turns);
}

static struct work *work_of(struct turn *turn)
{
    return (struct work *)(void *)((char *)turn - offsetof(struct work, turn));
}

/* SQLite's own code, for who must not touch the thread's note. */
static int control(struct engine *engine, enum control control)
{
    int code = sqlite3_step(engine->control[control]);

    sqlite3_reset(engine->control[control]);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Has SQLite rolled back what was open? */
static bool is_lost(const struct engine *engine)
{
    return engine->writer->lost || (engine->begun && sqlite3_get_autocommit(engine->writer->db) != 0);
}

static FALLIBLE commit_all(struct engine *engine)
{
    int64_t since_ns = clock_mono_ns();
    int code = control(engine, CONTROL_COMMIT);

    tally_add(&engine->tally->commit_ns, (uint64_t)(clock_mono_ns() - since_ns));
    if (code == SQLITE_OK)
        return OK;
    return fail(ERR_INTERNAL, "commit to %s: %s", engine->path, sqlite3_errmsg(engine->writer->db));
}

/* Commit what has gathered.  A failure: none of it is in the database. */
static FALLIBLE end_all(struct engine *engine, size_t members)
{
    enum err end = OK;

    if (is_lost(engine))
        end = fail(ERR_INTERNAL, "a failure in %s has rolled back this commit", engine->path);
    else if (members > 0)
        end = commit_all(engine);
    if (engine->begun && sqlite3_get_autocommit(engine->writer->db) == 0)
        (void)control(engine, CONTROL_ROLLBACK); /* nothing is left to tell: who was in it is told already */
    engine->begun = false;
    engine->writer->lost = false;
    return end;
}

void write_settle(struct engine *engine, bool let_go)
{
    const struct note before = *note_get();
    size_t members = turns_gathered(engine->turns);
    enum err end = end_all(engine, members);
    const struct note told = *note_get();
    struct turn *parted = turns_part(engine->turns);

    if (let_go)
        turns_let_go(engine->turns);
    note_put(&before); /* the caller's may be about something else */
    if (members == 0)
        return;
    tally_add(end == OK ? &engine->tally->commits : &engine->tally->failed, 1);
    tally_add(&engine->tally->committed, end == OK ? members : 0);
    turns_tell(parted, end, end == OK ? NULL : &told);
}

static void work_free(struct work *work)
{
    turn_fini(&work->turn);
    free(work);
}

static FALLIBLE control_or_fail(struct engine *engine, enum control which)
{
    int code = control(engine, which);

    return code == SQLITE_OK ? OK : sqlite_fail(engine->writer->db, code, control_texts[which]);
}

/* Another program may hold the file: it is waited for with what is left of the time. */
static FALLIBLE open_all(struct engine *engine, int64_t left_ms)
{
    if (engine->begun)
        return OK;
    sqlite3_busy_timeout(engine->writer->db, (int)(left_ms > 0 ? left_ms : 0));
    TRY(control_or_fail(engine, CONTROL_BEGIN));
    engine->begun = true;
    return OK;
}

static FALLIBLE open_member(struct engine *engine, int64_t left_ms)
{
    TRY(open_all(engine, left_ms));
    return control_or_fail(engine, CONTROL_SAVEPOINT);
}

/* Close the savepoint without its changes.  Where that fails nothing of the commit can be trusted any more. */
static void undo(struct engine *engine)
{
    statement_finish(engine->writer);
    if (is_lost(engine))
        return;
    if (control(engine, CONTROL_ROLLBACK_TO) != SQLITE_OK || control(engine, CONTROL_RELEASE) != SQLITE_OK)
        engine->writer->lost = true;
}

static FALLIBLE keep(struct engine *engine)
{
    statement_finish(engine->writer);
    if (is_lost(engine))
        return fail(ERR_INTERNAL, "a failure in %s has rolled back this transaction", engine->path);
    return control_or_fail(engine, CONTROL_RELEASE);
}

static FALLIBLE run_item(struct conn *conn, const struct parcel_item *item)
{
    struct value row = { .kind = VALUE_NULL };
    bool more = true;

    TRY(statement_start(conn, &item->ask));
    while (more)
        TRY(statement_next(conn, &row, item->number != NULL ? 1 : 0, &more));
    if (item->number != NULL)
        *item->number = row.number;
    TRY(parcel_judge(item, statement_changed(conn)));
    statement_finish(conn);
    return OK;
}

static FALLIBLE run_parcel(struct engine *engine, const struct parcel *parcel)
{
    for (size_t i = 0; i < parcel->count; i++)
        TRY(run_item(engine->writer, &parcel->items[i]));
    return keep(engine);
}

/* What was posted, from its beginning to its end, by who has the turn.  Its failure is no failure of the others. */
static void serve(struct engine *engine, struct work *work)
{
    int64_t waited_ns = clock_mono_ns() - work->posted_ns;
    enum err end = open_member(engine, engine->busy_ms - waited_ns / 1000000);

    tally_add(&engine->tally->wait_ns, (uint64_t)waited_ns);
    if (end == OK) {
        end = run_parcel(engine, work->parcel);
        if (end != OK)
            undo(engine);
    }
    if (end == OK)
        turns_join(engine->turns, &work->turn);
    else
        turns_tell(&work->turn, end, note_get());
}

static void serve_posted(struct engine *engine)
{
    const struct note before = *note_get();
    struct turn *posted;

    while (!is_lost(engine) && (posted = turns_next_posted(engine->turns)) != NULL)
        serve(engine, work_of(posted));
    note_put(&before);
}

/* Give up the turn: to the next, who goes on in the same commit, or after that commit. */
static void leave(struct engine *engine)
{
    serve_posted(engine);
    if (is_lost(engine) || !turns_hand_on(engine->turns))
        write_settle(engine, true);
}

static FALLIBLE take(struct engine *engine, struct work *work)
{
    int64_t since_ns = clock_mono_ns(), waited_ns;
    enum err end = turns_take(engine->turns, &work->turn, engine->busy_ms);

    waited_ns = clock_mono_ns() - since_ns;
    tally_add(&engine->tally->wait_ns, (uint64_t)waited_ns);
    if (end != OK)
        return end;
    end = open_member(engine, engine->busy_ms - waited_ns / 1000000);
    if (end != OK)
        leave(engine);
    return end;
}

static struct work *work_new(struct engine *engine)
{
    struct work *work = calloc(1, sizeof *work);

    if (work == NULL)
        die("out of memory");
    work->engine = engine;
    turn_init(&work->turn);
    return work;
}

FALLIBLE write_begin(struct engine *engine, struct work **out)
{
    struct work *work = work_new(engine);
    enum err end = take(engine, work);

    if (end == OK)
        *out = work;
    else
        work_free(work);
    return end;
}

struct work *write_post(struct engine *engine, const struct parcel *parcel)
{
    struct work *work = work_new(engine);

    work->parcel = parcel;
    work->posted_ns = clock_mono_ns();
    turns_post(engine->turns, &work->turn);
    return work;
}

struct conn *write_conn(struct work *work)
{
    return work->engine->writer;
}

FALLIBLE write_send(struct work *work)
{
    TRY(keep(work->engine));
    turns_join(work->engine->turns, &work->turn);
    work->sent = true;
    leave(work->engine);
    return OK;
}

/* Where nobody else has done it, it is done here, with what others have posted meanwhile. */
static FALLIBLE commit_posted(struct work *work)
{
    struct engine *engine = work->engine;
    bool mine = false;

    TRY(turns_meet(engine->turns, &work->turn, engine->busy_ms, &mine));
    if (!mine)
        return OK;
    serve(engine, work);
    leave(engine);
    return turns_wait(&work->turn);
}

static FALLIBLE commit_begun(struct work *work)
{
    enum err end = work->sent ? OK : write_send(work);

    if (end == OK)
        return turns_wait(&work->turn);
    undo(work->engine);
    leave(work->engine);
    return end;
}

FALLIBLE write_commit(struct work *work)
{
    enum err end = work->parcel != NULL ? commit_posted(work) : commit_begun(work);

    work_free(work);
    return end;
}

/* What it has seen may be what others of the same commit have done: its thread goes on when that is on the disk, and not before. */
static void end_unchanged(struct work *work)
{
    struct engine *engine = work->engine;
    const bool has_company = turns_gathered(engine->turns) > 0;

    undo(engine);
    if (has_company)
        turns_join(engine->turns, &work->turn);
    leave(engine);
    if (has_company)
        turns_await(&work->turn);
}

void write_rollback(struct work *work)
{
    if (work->parcel != NULL) {
        turns_leave(work->engine->turns, &work->turn);
    } else if (work->sent) {
        turns_await(&work->turn);
    } else {
        end_unchanged(work);
    }
    work_free(work);
}
