/* One connection writes.  Its open transaction (BEGIN IMMEDIATE) gathers the transactions of several threads, each in a
 * savepoint, and one COMMIT with one fsync makes all of them durable.  turns.h says who may write and who commits.
 *
 * A savepoint's end checks no deferred constraint, the shared COMMIT would: so the schema has none (docs/schema.md).
 */
#include "store/sqlite_own.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/why.h"

struct work {
    struct engine *engine;
    struct turn turn;
    bool sent;
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

static bool commit_all(struct engine *engine, char *text, size_t size)
{
    int64_t since_ns = clock_mono_ns();
    int code = control(engine, CONTROL_COMMIT);

    tally_add(&engine->tally->commit_ns, (uint64_t)(clock_mono_ns() - since_ns));
    if (code != SQLITE_OK)
        snprintf(text, size, "commit to %s: %s", engine->path, sqlite3_errmsg(engine->writer->db));
    return code == SQLITE_OK;
}

/* Commit what has gathered.  False: none of it is in the database, and text says why. */
static bool end_all(struct engine *engine, size_t members, char *text, size_t size)
{
    bool good = false;

    if (is_lost(engine))
        snprintf(text, size, "a failure in %s has rolled back this commit", engine->path);
    else if (members > 0)
        good = commit_all(engine, text, size);
    if (engine->begun && sqlite3_get_autocommit(engine->writer->db) == 0)
        (void)control(engine, CONTROL_ROLLBACK); /* nothing is left to tell: who was in it is told already */
    engine->begun = false;
    engine->writer->lost = false;
    return good;
}

void write_settle(struct engine *engine, bool let_go)
{
    char text[ERR_TEXT_MAX] = "";
    size_t members = turns_gathered(engine->turns);
    bool good = end_all(engine, members, text, sizeof text);
    struct turn *parted = turns_part(engine->turns);

    if (let_go)
        turns_let_go(engine->turns);
    if (members == 0)
        return;
    tally_add(good ? &engine->tally->commits : &engine->tally->failed, 1);
    tally_add(&engine->tally->committed, good ? members : 0);
    turns_tell(parted, good ? OK : ERR_INTERNAL, text);
}

/* Give up the turn: to the next, who goes on in the same commit, or after that commit. */
static void leave(struct engine *engine)
{
    if (is_lost(engine) || !turns_hand_on(engine->turns))
        write_settle(engine, true);
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

FALLIBLE write_begin(struct engine *engine, struct work **out)
{
    struct work *work = calloc(1, sizeof *work);
    enum err end;

    if (work == NULL)
        die("out of memory");
    work->engine = engine;
    turn_init(&work->turn);
    end = take(engine, work);
    if (end == OK)
        *out = work;
    else
        work_free(work);
    return end;
}

struct conn *write_conn(struct work *work)
{
    return work->engine->writer;
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

FALLIBLE write_send(struct work *work)
{
    TRY(keep(work->engine));
    turns_join(work->engine->turns, &work->turn);
    work->sent = true;
    leave(work->engine);
    return OK;
}

FALLIBLE write_commit(struct work *work)
{
    enum err end = work->sent ? OK : write_send(work);

    if (end != OK) {
        write_rollback(work);
        return end;
    }
    end = turns_wait(&work->turn);
    work_free(work);
    return end;
}

void write_rollback(struct work *work)
{
    if (work->sent) {
        turns_await(&work->turn);
    } else {
        undo(work->engine);
        leave(work->engine);
    }
    work_free(work);
}
