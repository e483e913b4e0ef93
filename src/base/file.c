#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void fd_drop(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

bool fd_write(int fd, struct str bytes)
{
    while (bytes.len > 0) {
        const ssize_t put = write(fd, bytes.ptr, bytes.len);
        if (put < 0 && errno != EINTR)
            return false;
        bytes = str_slice(bytes, put > 0 ? (size_t)put : 0, bytes.len);
    }
    return true;
}

ssize_t fd_read(int fd, void *to, size_t size)
{
    size_t have = 0;

    while (have < size) {
        const ssize_t got = read(fd, (char *)to + have, size - have);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return -1;
        have += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)have;
}

static int open_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    int fd;

    if (folder == NULL)
        die("out of memory");
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    return fd;
}

FALLIBLE file_sync_folder(const char *path)
{
    AUTO(fd) int fd = open_folder(path);

    return fd >= 0 && fsync(fd) == 0 ? OK : fail(ERR_INTERNAL, "write to the folder of %s: %m", path);
}

/* Does the path still name the file behind fd? */
static bool is_named(int fd, const char *path)
{
    struct stat ours, named;

    return fstat(fd, &ours) == 0 && lstat(path, &named) == 0 && ours.st_dev == named.st_dev &&
           ours.st_ino == named.st_ino;
}

static FALLIBLE lock(int fd, const char *path, bool wait)
{
    int locked;

    do
        locked = flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB);
    while (locked != 0 && errno == EINTR);
    if (locked == 0)
        return OK;
    return errno == EWOULDBLOCK ? fail(ERR_BUSY, "another program is writing %s just now", path)
                                : fail(ERR_INTERNAL, "lock %s: %m", path);
}

/* For its owner alone; what root makes in the folder of a service belongs to that service, which is to read it.  A disk
 * that knows no modes and owners keeps its own. */
static void give(int fd, const char *path)
{
    AUTO(fd) int folder = open_folder(path);
    struct stat st;

    (void)fchmod(fd, S_IRUSR | S_IWUSR);
    if (geteuid() == 0 && folder >= 0 && fstat(folder, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) != 0)
        return;
}

/* Who had the lock before may have put the file in place or removed it: then ours is a file of the past.  A leftover of a
 * crash is emptied under the lock. */
static FALLIBLE enter(const char *path, bool wait, int *out, bool *again)
{
    AUTO(fd) int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (fd < 0)
        return fail(ERR_INTERNAL, "create %s: %m", path);
    TRY(lock(fd, path, wait));
    *again = !is_named(fd, path);
    if (*again)
        return OK;
    give(fd, path);
    if (ftruncate(fd, 0) != 0)
        return fail(ERR_INTERNAL, "empty %s: %m", path);
    *out = fd;
    fd = -1;
    return OK;
}

FALLIBLE scratch_open(const char *path, bool wait, struct scratch **out)
{
    struct scratch *scratch;
    bool again = true;
    int fd = -1;

    while (again)
        TRY(enter(path, wait, &fd, &again));
    scratch = calloc(1, sizeof *scratch);
    if (scratch == NULL || (scratch->path = strdup(path)) == NULL)
        die("out of memory");
    scratch->fd = fd;
    *out = scratch;
    return OK;
}

FALLIBLE scratch_hide(struct scratch *scratch)
{
    return unlink(scratch->path) == 0 ? OK : fail(ERR_INTERNAL, "remove %s: %m", scratch->path);
}

/* A disk that can't refuse to replace gets a look before instead. */
static int rename_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (access(to, F_OK) == 0) {
        errno = EEXIST;
        return -1;
    }
    return rename(from, to);
}

static FALLIBLE put(const struct scratch *scratch, const char *path, bool replace)
{
    if (fsync(scratch->fd) != 0)
        return fail(ERR_INTERNAL, "write %s: %m", scratch->path);
    if ((replace ? rename(scratch->path, path) : rename_new(scratch->path, path)) != 0)
        return errno == EEXIST ? fail(ERR_CONFLICT, "%s is there already", path)
                               : fail(ERR_INTERNAL, "rename %s to %s: %m", scratch->path, path);
    return file_sync_folder(path);
}

FALLIBLE scratch_put(struct scratch **scratch, const char *path, bool replace)
{
    enum err end = put(*scratch, path, replace);

    scratch_drop(scratch);
    return end;
}

/* Removed under the lock, and only while the name is ours: after a rename it may be another's unfinished file. */
void scratch_drop(struct scratch **scratch)
{
    if (*scratch == NULL)
        return;
    if (is_named((*scratch)->fd, (*scratch)->path))
        (void)unlink((*scratch)->path);
    fd_drop(&(*scratch)->fd);
    free((*scratch)->path);
    free(*scratch);
    *scratch = NULL;
}

static FALLIBLE check_plain(int fd, const char *path, bool closed)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return fail(ERR_INTERNAL, "look at %s: %m", path);
    if (!S_ISREG(st.st_mode))
        return fail(ERR_INVALID, "%s is no key file", path);
    if (closed && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return fail(ERR_DENIED, "the key file %s is open to others (mode %04o); chmod 0600", path, st.st_mode & 07777);
    if (closed && st.st_uid != geteuid() && st.st_uid != 0)
        return fail(ERR_DENIED, "the key file %s belongs to another user", path);
    return OK;
}

FALLIBLE file_read_secret(const char *path, size_t size, bool closed, struct secret *out)
{
    AUTO(fd) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    AUTO(secret) struct secret room = secret_new(size);
    ssize_t got;

    if (fd < 0)
        return fail(errno == ENOENT ? ERR_MISSING : ERR_INTERNAL, "open the key file %s: %m", path);
    TRY(check_plain(fd, path, closed));
    got = fd_read(fd, room.ptr, room.len);
    if (got < 0)
        return fail(ERR_INTERNAL, "read %s: %m", path);
    *out = secret_copy((struct str){ (const char *)room.ptr, (size_t)got });
    return OK;
}
