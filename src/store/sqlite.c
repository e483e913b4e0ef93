#include "store/sqlite_own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"

/* temp_store: the journals of savepoints and sorts stay in memory.  Nothing here makes a reader open the file already:
 * the page cache stays at its default of 2,000 KiB. */
#define SETUP_READER "PRAGMA query_only=ON; PRAGMA temp_store=MEMORY"
#define SETUP_WRITER                                                                                                   \
    "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8000; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=16777216"

/* Once a process, before any other call.  No connection is used by two threads at once.  Statistics would take a lock around every allocation, and pages in advance
 * would cost each connection 90 KB before it has read one.  The file is not mapped: each commit would make every reader
 * unmap it and map it anew, and all threads wait for the map of the process meanwhile. */
static void library_setup(void)
{
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
    sqlite3_config(SQLITE_CONFIG_MMAP_SIZE, (sqlite3_int64)0, (sqlite3_int64)0);
}

/* sqlite:FILE, sqlite:///FILE (as SQLAlchemy writes it), sqlite:////FILE (absolute). */
static FALLIBLE file_of(struct str url, struct str *file)
{
    struct str rest = str_slice(url, STR("sqlite:").len, url.len);

    if (str_starts(rest, STR("//")) && !str_starts(rest, STR("///")))
        return fail(ERR_INVALID,
                    "DATABASE_URL names a host; a file is written sqlite:FILE or sqlite:////absolute/FILE");
    if (str_starts(rest, STR("///")))
        rest = str_slice(rest, 3, rest.len);
    if (rest.len == 0)
        return fail(ERR_INVALID, "DATABASE_URL names no file; write sqlite:FILE");
    if (str_equal(rest, STR(":memory:")))
        return fail(ERR_INVALID,
                    "DATABASE_URL is sqlite::memory:, which would forget every account; write sqlite:FILE");
    if (str_contains(rest, STR("?")) || memchr(rest.ptr, '\0', rest.len) != NULL)
        return fail(ERR_INVALID, "DATABASE_URL takes no options for SQLite: a file name has no \"?\"");
    *file = rest;
    return OK;
}

/* The path always has a slash: SQLite must not take a name such as "file:x" for more than a name. */
FALLIBLE sqlite_path(const struct store_options *options, char **path)
{
    struct str folder = options->folder.len == 0 ? STR(".") : options->folder, file = { NULL, 0 };
    int length;

    TRY(file_of(options->url, &file));
    if (file.ptr[0] == '/')
        length = asprintf(path, "%.*s", STR_ARG(file));
    else
        length = asprintf(path, "%.*s/%.*s", STR_ARG(folder), STR_ARG(file));
    if (length < 0)
        die("out of memory");
    return OK;
}

static FALLIBLE name_engine(struct engine *engine, const struct store_options *options)
{
    TRY(sqlite_path(options, &engine->path));
    if (asprintf(&engine->place, "sqlite:%s", engine->path) < 0)
        die("out of memory");
    return OK;
}

/* A new file is made by us, for its owner alone whatever the umask; SQLite gives its log the same mode.  A file that
 * exists is not opened here: closing it would drop the locks that SQLite holds on it
 * (sqlite.org/howtocorrupt.html 2.2). */
static FALLIBLE make_file(const char *path)
{
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno == EEXIST ? OK : fail(ERR_INTERNAL, "create %s: %m", path);
    if (fchmod(fd, 0600) != 0) {
        close(fd);
        return fail(ERR_INTERNAL, "chmod %s: %m", path);
    }
    close(fd);
    return OK;
}

static FALLIBLE find_file(const struct engine *engine, bool create)
{
    if (create)
        TRY(make_file(engine->path));
    else if (access(engine->path, F_OK) != 0 && errno == ENOENT)
        return fail(ERR_MISSING, "open %s: %m", engine->path);
    if (access(engine->path, R_OK | W_OK) != 0) /* told here in one sentence; SQLite would open it and stumble later */
        return fail(ERR_INTERNAL, "open %s to read and write: %m", engine->path);
    return OK;
}

/* Foreign keys hold, names in double quotes are names, and neither schema nor statements may reach beyond plain SQL. */
static void harden(sqlite3 *db)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
}

static FALLIBLE open_conn(struct conn *conn, const char *setup)
{
    const struct engine *engine = conn->engine;
    int code = sqlite3_open_v2(engine->path, &conn->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

    if (code != SQLITE_OK)
        return sqlite_fail(conn->db, code, engine->path);
    sqlite3_busy_timeout(conn->db, (int)engine->busy_ms);
    harden(conn->db);
    code = sqlite3_exec(conn->db, setup, NULL, NULL, NULL);
    return code == SQLITE_OK ? OK : sqlite_fail(conn->db, code, engine->path);
}

FALLIBLE sqlite_connect(struct engine *engine, const char *setup, struct conn **out)
{
    struct conn *conn = calloc(1, sizeof *conn);
    enum err end;

    if (conn == NULL)
        die("out of memory");
    conn->engine = engine;
    end = open_conn(conn, setup);
    if (end == OK)
        *out = conn;
    else
        sqlite_disconnect(conn);
    return end;
}

void sqlite_disconnect(struct conn *conn)
{
    if (conn == NULL)
        return;
    hold_close(conn);
    for (size_t i = 0; i < QUERY_COUNT; i++)
        sqlite3_finalize(conn->kept[i]);
    sqlite3_finalize(conn->passing);
    sqlite3_finalize(conn->versions);
    sqlite3_close(conn->db);
    free(conn);
}

static FALLIBLE connect_reader(struct engine *engine, struct conn **out)
{
    TRY(sqlite_connect(engine, SETUP_READER, out));
    hold_open(*out);
    return OK;
}

/* The change to WAL does not wait for locks as other statements do: two programs that make one file at once meet here.
 */
static int wal_on(sqlite3 *db, int64_t busy_ms)
{
    const struct timespec pause = { .tv_nsec = 2000000 };
    int64_t until_ns = clock_mono_ns() + busy_ms * 1000000;
    int code = sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);

    while ((code & 0xff) == SQLITE_BUSY && clock_mono_ns() < until_ns) {
        nanosleep(&pause, NULL);
        code = sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
    }
    return code;
}

/* A restore may have put another file in its place between our opening it and our first lock on it.  From that lock on,
 * which is kept as long as the connection, no restore gets its own. */
static FALLIBLE check_place(struct engine *engine)
{
    int moved = 0;

    sqlite3_file_control(engine->writer->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved == 0 ? OK : fail(ERR_INTERNAL, "%s was replaced while it was opened; start again", engine->path);
}

static FALLIBLE open_writer(struct engine *engine)
{
    int code;

    TRY(sqlite_connect(engine, SETUP_WRITER, &engine->writer));
    code = wal_on(engine->writer->db, engine->busy_ms);
    TRY(check_place(engine)); /* the better reason, where there are two */
    if (code != SQLITE_OK)
        return sqlite_fail(engine->writer->db, code, engine->path);
    TRY(write_open(engine));
    engine->checkpoint = checkpoint_new(engine);
    return OK;
}

/* The log is emptied into the file if nobody else is at it just now. */
static void close_writer(struct engine *engine)
{
    sqlite3_busy_timeout(engine->writer->db, 0);
    sqlite3_wal_checkpoint_v2(engine->writer->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    write_close(engine);
    sqlite_disconnect(engine->writer);
}

static void engine_drop(struct engine *engine)
{
    if (engine == NULL)
        return;
    checkpoint_drop(&engine->checkpoint);
    if (engine->writer != NULL)
        close_writer(engine);
    pthread_mutex_destroy(&engine->readers_lock);
    free(engine->path);
    free(engine->place);
    free(engine);
}

static FALLIBLE engine_fill(struct engine *engine, const struct store_options *options)
{
    TRY(name_engine(engine, options));
    TRY(find_file(engine, options->create));
    return open_writer(engine);
}

static FALLIBLE engine_open(const struct store_options *options, struct tally *tally, struct engine **out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct engine *engine = calloc(1, sizeof *engine);
    enum err end;

    if (engine == NULL)
        die("out of memory");
    pthread_once(&once, library_setup);
    pthread_mutex_init(&engine->readers_lock, NULL);
    engine->busy_ms = options->busy_ms;
    engine->tally = tally;
    end = engine_fill(engine, options);
    if (end == OK)
        *out = engine;
    else
        engine_drop(engine);
    return end;
}

static struct str engine_place(const struct engine *engine)
{
    return str_of(engine->place);
}

const char *store_sqlite_version(void)
{
    return sqlite3_libversion();
}

static const char *const schemes[] = { "sqlite", NULL };

const struct driver sqlite_driver = {
    .schemes = schemes,
    .ledger = "CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
              " checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT",
    .migrations = sqlite_migrations,
    .migration_count = &sqlite_migration_count,
    .open = engine_open,
    .drop = engine_drop,
    .place = engine_place,
    .connect = connect_reader,
    .disconnect = sqlite_disconnect,
    .begin = write_begin,
    .post = write_post,
    .send = write_send,
    .commit = write_commit,
    .rollback = write_rollback,
    .conn = write_conn,
    .prepare = statement_prepare,
    .start = statement_start,
    .next = statement_next,
    .changed = statement_changed,
    .finish = statement_finish,
    .clash = statement_clash,
    .script = statement_script,
    .has_table = statement_has_table,
    .hear = sqlite_hear,
    .intact = statement_intact,
    .bulk = &sqlite_bulk,
    .file = &sqlite_file_driver,
};
