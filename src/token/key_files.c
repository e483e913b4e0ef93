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

static FALLIBLE folder_enter(struct key_folder *folder)
{
    struct stat st;

    folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->fd < 0 && errno == ENOENT)
        return fail(ERR_MISSING, "there is no key folder %s", folder->path);
    if (folder->fd < 0 || fstat(folder->fd, &st) != 0)
        return fail(ERR_INTERNAL, "open the key folder %s: %m", folder->path);
    if (!only_ours(&st))
        return fail(ERR_INTERNAL, "the key folder %s is open to others; it needs mode 0700", folder->path);
    return OK;
}

static FALLIBLE folder_lock(const struct key_folder *folder)
{
    int locked;
    do
        locked = flock(folder->fd, LOCK_EX);
    while (locked != 0 && errno == EINTR);
    return locked == 0 ? OK : fail(ERR_INTERNAL, "lock the key folder %s: %m", folder->path);
}

FALLIBLE key_folder_open(struct str path, struct key_folder **out)
{
    AUTO(key_folder) struct key_folder *folder = folder_new(path);
    TRY(folder_enter(folder));
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

static bool is_ours(const char *name)
{
    return (name[0] != '.' && str_ends(str_of(name), STR(ENDING))) || strcmp(name, UNFINISHED) == 0;
}

FALLIBLE key_folder_clear(const struct key_folder *folder)
{
    AUTO(dir) DIR *dir = folder_dir(folder);
    if (dir == NULL)
        return fail(ERR_INTERNAL, "read the key folder %s: %m", folder->path);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        if (is_ours(entry->d_name) && unlinkat(folder->fd, entry->d_name, 0) != 0)
            return bad_file(folder, entry->d_name, strerror(errno));
    (void)rmdir(folder->path); /* what else is in it is not ours to remove */
    return fsync(folder->fd) == 0 ? OK : fail(ERR_INTERNAL, "write to the key folder %s: %m", folder->path);
}
