/* A copy of the whole while others write.
 *
 * The copy is taken inside one reading transaction: in WAL mode that holds one moment of the database still and keeps
 * nobody from writing, however long it takes.  Without it the backup would begin anew whenever another program writes
 * (sqlite.org/c3ref/backup_finish.html), and under steady sign-ups never end.
 */
#include "store/sqlite_own.h"

#include <stdlib.h>

#define STEP_PAGES 256 /* one MiB at a time */

/* No log beside the copy, no journal: whoever fails starts over with an empty file.  Nobody else may open it. */
#define SETUP_COPY "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF"
/* The form without a log, so that the one file is all there is. */
#define FINISH_COPY "PRAGMA journal_mode=DELETE"
#define HOLD_STILL  "BEGIN; SELECT COUNT(*) FROM sqlite_schema"

static FALLIBLE exec(sqlite3 *db, const char *text)
{
    int code = sqlite3_exec(db, text, NULL, NULL, NULL);

    return code == SQLITE_OK ? OK : sqlite_fail(db, code, text);
}

static FALLIBLE copy_pages(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    int code;

    if (backup == NULL)
        return sqlite_fail(to, sqlite3_errcode(to), "backup");
    do
        code = sqlite3_backup_step(backup, STEP_PAGES);
    while (code == SQLITE_OK);
    code = sqlite3_backup_finish(backup);
    return code == SQLITE_OK ? OK : sqlite_fail(to, code, "backup");
}

static FALLIBLE copy_still(sqlite3 *from, sqlite3 *to)
{
    enum err end;

    TRY(exec(from, HOLD_STILL));
    end = copy_pages(from, to);
    sqlite3_exec(from, "ROLLBACK", NULL, NULL, NULL); /* nothing was written; a failure of the copy is what counts */
    return end;
}

static FALLIBLE open_copy(struct conn *copy, const char *path)
{
    int code =
        sqlite3_open_v2(path, &copy->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

    return code == SQLITE_OK ? exec(copy->db, SETUP_COPY) : sqlite_fail(copy->db, code, path);
}

static FALLIBLE fill_copy(struct conn *conn, struct conn *copy, const char *path)
{
    TRY(open_copy(copy, path));
    TRY(copy_still(conn->db, copy->db));
    TRY(exec(copy->db, FINISH_COPY));
    return statement_intact(copy);
}

FALLIBLE sqlite_copy(struct conn *conn, const char *path, struct conn **out)
{
    struct conn *copy = calloc(1, sizeof *copy);
    enum err end;

    if (copy == NULL)
        die("out of memory");
    copy->engine = conn->engine;
    hold_drop(conn);
    end = fill_copy(conn, copy, path);
    if (end == OK)
        *out = copy;
    else
        sqlite_disconnect(copy);
    return end;
}
