#include "token/key_files.h"
#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENDING     ".pem"
#define UNFINISHED "unfinished" /* only the holder of the lock has one; a crash may leave it behind */

struct key_folder {
    int fd; /* open, and locked by flock(2) */
    char *path;
};

static void fd_drop(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static void dir_drop(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

void key_folder_drop(struct key_folder **folder)
{
    if (*folder != NULL) {
        fd_drop(&(*folder)->fd);
        free((*folder)->path);
    }
    free(*folder);
    *folder = NULL;
}

static struct key_folder *folder_new(struct str path)
{
    struct key_folder *folder = calloc(1, sizeof *folder);
    if (folder == NULL || (folder->path = strndup(path.ptr, path.len)) == NULL)
        die("out of memory (%zu bytes)", path.len);
    folder->fd = -1;
    return folder;
}

/* Whoever can write here can sign as us; whoever can read here too. */
static bool only_ours(const struct stat *st)
{
    return (st->st_mode & (S_IRWXG | S_IRWXO)) == 0 && (st->st_uid == geteuid() || st->st_uid == 0);
}

/* A new folder is on the disk only when the one above it is. */
static FALLIBLE sync_above(const struct key_folder *folder)
{
    AUTO(fd) int above = openat(folder->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (above < 0 || fsync(above) != 0)
        return fail(ERR_INTERNAL, "write above %s: %m", folder->path);
    return OK;
}

static FALLIBLE folder_enter(struct key_folder *folder, bool make)
{
    struct stat st;
    const bool made = make && mkdir(folder->path, S_IRWXU) == 0;

    if (make && !made && errno != EEXIST)
        return fail(ERR_INTERNAL, "make the key folder %s: %m", folder->path);
    folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->fd < 0 && errno == ENOENT)
        return fail(ERR_MISSING, "there is no key folder %s", folder->path);
    if (folder->fd < 0 || fstat(folder->fd, &st) != 0)
        return fail(ERR_INTERNAL, "open the key folder %s: %m", folder->path);
    if (!only_ours(&st))
        return fail(ERR_INTERNAL, "the key folder %s is open to others; it needs mode 0700", folder->path);
    return made ? sync_above(folder) : OK;
}

static FALLIBLE folder_lock(const struct key_folder *folder)
{
    int locked;
    do
        locked = flock(folder->fd, LOCK_EX);
    while (locked != 0 && errno == EINTR);
    return locked == 0 ? OK : fail(ERR_INTERNAL, "lock the key folder %s: %m", folder->path);
}

FALLIBLE key_folder_open(struct str path, bool make, struct key_folder **out)
{
    AUTO(key_folder) struct key_folder *folder = folder_new(path);
    TRY(folder_enter(folder, make));
    TRY(folder_lock(folder));
    *out = folder;
    folder = NULL;
    return OK;
}

static FALLIBLE bad_file(const struct key_folder *folder, const char *name, const char *why)
{
    return fail(ERR_INTERNAL, "key %s/%s: %s", folder->path, name, why);
}

static FALLIBLE read_all(const struct key_folder *folder, const char *name, int fd, struct secret *out)
{
    size_t have = 0;
    while (have < out->len) {
        const ssize_t got = read(fd, out->ptr + have, out->len - have);
        if (got == 0)
            return bad_file(folder, name, "ended early");
        if (got < 0 && errno != EINTR)
            return bad_file(folder, name, strerror(errno));
        have += got > 0 ? (size_t)got : 0;
    }
    return OK;
}

static FALLIBLE file_read(const struct key_folder *folder, const char *name, struct key_file *out)
{
    struct stat st;
    AUTO(fd) int fd = openat(folder->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) != 0)
        return bad_file(folder, name, strerror(errno));
    if (!S_ISREG(st.st_mode) || st.st_size < 1 || st.st_size > KEY_FILE_MAX)
        return bad_file(folder, name, "no file of a key's size");
    if (!only_ours(&st))
        return bad_file(folder, name, "open to others; it needs mode 0600");
    out->made_at = (int64_t)st.st_mtim.tv_sec * SECOND_US + st.st_mtim.tv_nsec / 1000;
    out->pem = secret_new((size_t)st.st_size);
    return read_all(folder, name, fd, &out->pem);
}

static void key_file_drop(struct key_file *file)
{
    secret_drop(&file->pem);
}

static FALLIBLE file_take(const struct key_folder *folder, const char *name,
                          enum err (*take)(void *to, const struct key_file *file), void *to)
{
    AUTO(key_file) struct key_file file = { .kid = { name, strlen(name) - strlen(ENDING) } };
    char why[ERR_TEXT_MAX];

    TRY(file_read(folder, name, &file));
    if (take(to, &file) == OK)
        return OK;
    snprintf(why, sizeof why, "%s", note_get()->text);
    return bad_file(folder, name, why);
}

/* A descriptor of its own: closedir closes it, and the position in the folder starts anew. */
static DIR *folder_dir(const struct key_folder *folder)
{
    const int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL && fd >= 0)
        close(fd);
    return dir;
}

FALLIBLE key_folder_each(const struct key_folder *folder, enum err (*take)(void *to, const struct key_file *file),
                         void *to)
{
    AUTO(dir) DIR *dir = folder_dir(folder);
    if (dir == NULL)
        return fail(ERR_INTERNAL, "read the key folder %s: %m", folder->path);
    errno = 0;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] != '.' && str_ends(str_of(entry->d_name), STR(ENDING)))
            TRY(file_take(folder, entry->d_name, take, to));
        errno = 0;
    }
    return errno == 0 ? OK : fail(ERR_INTERNAL, "read the key folder %s: %m", folder->path);
}

static bool write_all(int fd, struct str bytes)
{
    while (bytes.len > 0) {
        const ssize_t put = write(fd, bytes.ptr, bytes.len);
        if (put < 0 && errno != EINTR)
            return false;
        bytes = str_slice(bytes, put > 0 ? (size_t)put : 0, bytes.len);
    }
    return true;
}

static FALLIBLE write_unfinished(const struct key_folder *folder, struct str pem)
{
    if (unlinkat(folder->fd, UNFINISHED, 0) != 0 && errno != ENOENT)
        return bad_file(folder, UNFINISHED, strerror(errno));
    AUTO(fd)
    int fd = openat(folder->fd, UNFINISHED, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0 || !write_all(fd, pem) || fsync(fd) != 0)
        return bad_file(folder, UNFINISHED, strerror(errno));
    return OK;
}

/* Under another name until all of it is on the disk: a crash leaves no half key that the next start would stumble over.
 */
FALLIBLE key_folder_write(const struct key_folder *folder, struct str kid, struct str pem)
{
    char name[NAME_MAX + 1];
    snprintf(name, sizeof name, "%.*s" ENDING, STR_ARG(kid));
    TRY(write_unfinished(folder, pem));
    if (renameat(folder->fd, UNFINISHED, folder->fd, name) != 0 || fsync(folder->fd) != 0)
        return bad_file(folder, name, strerror(errno));
    return OK;
}
