/* The write-ahead log is moved into the database file by a thread of its own, so that no commit pays for it.
 *
 * A passive checkpoint never blocks anybody, but under steady writing it never quite catches up, and a log that is not
 * wholly moved can't start over at its beginning.  Past LOG_LONG pages the thread therefore takes the writer's turn for
 * the rest.
 */
#include "store/sqlite_own.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define LOG_STEP 4000  /* pages of growth that wake the thread */
#define LOG_LONG 16000 /* pages past which it stops the writer for a moment */
#define WAIT_MS  10000 /* for that turn */

/* A connection finds the log with its first read; a checkpoint before that does nothing and says that all is well. */
#define SETUP_MOVER "PRAGMA schema_version"

struct checkpoint {
    struct engine *engine;
    int mark; /* pages in the log when the thread was woken last; used by who has the turn */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool runs, wanted, stop;
};

/* Everybody goes on meanwhile; what readers still need stays in the log.  Those at rest need nothing: before, so that all can be
 * moved, and behind, so that the log can start over.  Returns the pages of the log, moved or not; a failure is left to the next
 * growth. */
static int move_pages(struct conn *conn)
{
    int in_log = 0, code;

    holds_drop(conn->engine);
    code = sqlite3_wal_checkpoint_v2(conn->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, NULL);
    holds_drop(conn->engine);
    return code == SQLITE_OK ? in_log : 0;
}

static void move_rest(struct engine *engine, struct conn *conn)
{
    struct turn me;

    turn_init(&me);
    if (turns_take(engine->turns, &me, WAIT_MS) == OK) {
        write_settle(engine, false);
        (void)move_pages(conn);
        turns_let_go(engine->turns);
    }
    turn_fini(&me);
}

/* Each pass finds what came in during the one before, which is less; the writer waits for the last only. */
static void move(struct engine *engine)
{
    struct conn *conn = NULL;
    int in_log = 0;

    if (sqlite_connect(engine, SETUP_MOVER, &conn) != OK)
        return; /* the next growth tries again */
    for (int pass = 0; pass < 3 && (pass == 0 || in_log > LOG_LONG); pass++)
        in_log = move_pages(conn);
    if (in_log > LOG_LONG)
        move_rest(engine, conn);
    sqlite_disconnect(conn);
}

static bool wait_for_work(struct checkpoint *c)
{
    bool stop;

    pthread_mutex_lock(&c->lock);
    while (!c->wanted && !c->stop)
        pthread_cond_wait(&c->wake, &c->lock);
    c->wanted = false;
    stop = c->stop;
    pthread_mutex_unlock(&c->lock);
    return !stop;
}

static void *run(void *context)
{
    struct checkpoint *c = context;

    while (wait_for_work(c))
        move(c->engine);
    return NULL;
}

/* Signals are for the threads of the program, not for this one. */
static bool start(struct checkpoint *c)
{
    sigset_t all, before;
    bool runs;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    runs = pthread_create(&c->thread, NULL, run, c) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return runs;
}

/* The thread is started when it is first needed: most runs of a command never are so long. */
static void want(struct checkpoint *c)
{
    pthread_mutex_lock(&c->lock);
    c->wanted = true;
    c->runs = c->runs || start(c);
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
}

/* After each commit, by who has the turn.  A log that has started over has fewer pages than at the mark. */
static int committed(void *context, sqlite3 *db, const char *name, int pages)
{
    struct checkpoint *c = context;

    (void)db;
    (void)name;
    if (pages < c->mark)
        c->mark = 0;
    if (pages - c->mark >= LOG_STEP) {
        c->mark = pages;
        want(c);
    }
    return SQLITE_OK;
}

struct checkpoint *checkpoint_new(struct engine *engine)
{
    struct checkpoint *c = calloc(1, sizeof *c);

    if (c == NULL)
        die("out of memory");
    c->engine = engine;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->wake, NULL);
    sqlite3_wal_hook(engine->writer->db, committed, c);
    return c;
}

static void stop(struct checkpoint *c)
{
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
    if (c->runs)
        pthread_join(c->thread, NULL);
}

void checkpoint_drop(struct checkpoint **checkpoint)
{
    if (*checkpoint == NULL)
        return;
    stop(*checkpoint);
    pthread_mutex_destroy(&(*checkpoint)->lock);
    pthread_cond_destroy(&(*checkpoint)->wake);
    free(*checkpoint);
    *checkpoint = NULL;
}
