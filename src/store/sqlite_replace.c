/* Another file in the place of the database.
 *
 * Every connection in WAL mode holds a shared lock on the file as long as it is open.  Here its opposite is taken: a write
 * lock on the bytes that SQLite locks (sqlite.org/src, os.h: PENDING_BYTE and the 511 behind it), by ourselves, so that a
 * file too damaged for SQLite is locked too.  A program that has opened the old file and waits for that lock finds out
 * behind it that the file has moved (check_place in sqlite.c).
 *
 * A log (NAME-wal) that is left beside another database would be played into it.  So the log of the old one is moved into
 * its file first, by SQLite itself; where the file is too damaged for that, the log is put aside with it, before the new
 * file gets the name.
 */
#include "store/sqlite_own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"

#define LOCK_AT    0x40000000
#define LOCK_BYTES 512
#define WAIT_MS    500 /* a command beside may be at its end */

struct held {
    char *path; /* without symbolic links */
    int fd;     /* holds the lock; -1: there is no such file */
    bool damaged;
};

static FALLIBLE in_use(const char *path)
{
    return fail(ERR_BUSY, "%s is open in another program; stop postern serve first", path);
}

static FALLIBLE find_path(const struct store_options *options, struct held *held)
{
    char *named = NULL;

    TRY(sqlite_path(options, &named));
    held->path = realpath(named, NULL);
    if (held->path != NULL) {
        free(named);
        return OK;
    }
    held->path = named;
    return errno == ENOENT ? OK : fail(ERR_INTERNAL, "find %s: %m", named);
}

/* The change from WAL moves the log into the file and removes it; it is refused while anybody else is connected.  Where it
 * fails, closing must not try the same with what is damaged. */
static FALLIBLE empty_log(struct held *held)
{
    sqlite3 *db = NULL;
    int code =
        sqlite3_open_v2(held->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

    sqlite3_busy_timeout(db, WAIT_MS);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db, "PRAGMA journal_mode=DELETE; PRAGMA schema_version", NULL, NULL, NULL);
    sqlite3_close(db);
    held->damaged = code != SQLITE_OK;
    return (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED ? in_use(held->path) : OK;
}

static char *beside(const char *path, const char *ending)
{
    char *name = NULL;

    if (asprintf(&name, "%s%s", path, ending) < 0)
        die("out of memory");
    return name;
}

static bool has_log(const struct held *held)
{
    char *log = beside(held->path, "-wal");
    struct stat st;
    bool has = stat(log, &st) == 0 && st.st_size > 0;

    free(log);
    return has;
}

/* A lock of the open file, not of the process: no other descriptor that this process closes drops it. */
static FALLIBLE lock(struct held *held)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_AT, .l_len = LOCK_BYTES };
    struct stat ours, named;

    held->fd = open(held->path, O_RDWR | O_CLOEXEC);
    if (held->fd < 0)
        return fail(ERR_INTERNAL, "open %s: %m", held->path);
    if (fcntl(held->fd, F_OFD_SETLK, &whole) != 0)
        return errno == EAGAIN || errno == EACCES ? in_use(held->path) : fail(ERR_INTERNAL, "lock %s: %m", held->path);
    if (fstat(held->fd, &ours) != 0 || stat(held->path, &named) != 0 || ours.st_ino != named.st_ino ||
        (!held->damaged && has_log(held))) /* somebody was here between emptying the log and the lock */
        return in_use(held->path);
    return OK;
}

static bool is_there(const struct held *held)
{
    return access(held->path, F_OK) == 0;
}

static FALLIBLE take(struct held *held)
{
    if (!is_there(held))
        return OK;
    TRY(empty_log(held));
    return lock(held);
}

static void let_go(struct held *held)
{
    fd_drop(&held->fd);
    free(held->path);
    free(held);
}

/* Only a look: who opens the file from now on is met by take. */
static FALLIBLE look(const struct store_options *options, struct held *held)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_AT, .l_len = LOCK_BYTES };
    AUTO(fd) int fd = -1;

    TRY(find_path(options, held));
    fd = open(held->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? OK : fail(ERR_INTERNAL, "open %s: %m", held->path);
    if (fcntl(fd, F_OFD_GETLK, &whole) != 0)
        return fail(ERR_INTERNAL, "look at %s: %m", held->path);
    return whole.l_type == F_UNLCK ? OK : in_use(held->path);
}

static FALLIBLE find(const struct store_options *options, struct held **out)
{
    struct held *held = calloc(1, sizeof *held);
    enum err end;

    if (held == NULL)
        die("out of memory");
    held->fd = -1;
    end = look(options, held);
    if (end == OK)
        *out = held;
    else
        let_go(held);
    return end;
}

static const char *path_of(const struct held *held)
{
    return held->path;
}

/* A second name for the file; NULL: none. */
static FALLIBLE keep_file(const struct held *held, const char *kept)
{
    if (held->fd < 0 || kept == NULL || link(held->path, kept) == 0)
        return OK;
    return errno == EEXIST ? fail(ERR_CONFLICT, "%s is there already", kept)
                           : fail(ERR_INTERNAL, "link %s to %s: %m", held->path, kept);
}

static FALLIBLE put_aside(const struct held *held, const char *kept, const char *ending)
{
    char *from = beside(held->path, ending), *to = kept == NULL ? NULL : beside(kept, ending);
    int code = to == NULL ? unlink(from) : rename(from, to);
    enum err end = code == 0 || errno == ENOENT ? OK : fail(ERR_INTERNAL, "move %s away: %m", from);

    free(from);
    free(to);
    return end;
}

static FALLIBLE replace(struct held *held, const char *by, const char *kept)
{
    TRY(keep_file(held, kept));
    TRY(put_aside(held, kept, "-wal"));
    TRY(put_aside(held, kept, "-journal"));
    TRY(put_aside(held, NULL, "-shm")); /* made anew by whoever opens the file */
    TRY(file_sync_folder(held->path));
    if (renameat2(AT_FDCWD, by, AT_FDCWD, held->path, held->fd < 0 ? RENAME_NOREPLACE : 0) != 0)
        return errno == EEXIST ? in_use(held->path) : fail(ERR_INTERNAL, "rename %s to %s: %m", by, held->path);
    return file_sync_folder(held->path);
}

const struct file_driver sqlite_file_driver = {
    .copy = sqlite_copy,
    .find = find,
    .take = take,
    .replace = replace,
    .path = path_of,
    .let_go = let_go,
};
