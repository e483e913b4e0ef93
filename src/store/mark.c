/* The file postern-epoch. */
#include "store/epoch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"

#define TEXT_MAX 64 /* bytes; three numbers of 18 digits, two blanks and a line end are 57 */

static struct str path_of(struct str folder, struct arena *mem)
{
    return arena_printf(mem, "%.*s/postern-epoch", STR_ARG(folder));
}

/* Two numbers or three. */
static bool read_numbers(struct str text, struct mark *out)
{
    int64_t *const numbers[] = { &out->epoch, &out->seq, &out->at };
    struct str number = { NULL, 0 };
    size_t count = 0;

    for (; str_split(&text, ' ', &number); count++)
        if (count == 3 || !str_to_int(number, count == 0 ? EPOCH_FIRST : 0, INT64_MAX, numbers[count]))
            return false;
    return count >= 2;
}

static FALLIBLE parse(struct str text, const char *path, struct mark *out)
{
    struct mark mark = { 0 };

    if (str_ends(text, STR("\n")))
        text.len--;
    if (!read_numbers(text, &mark))
        return fail(ERR_INTERNAL, "%s is damaged; see \"The epoch\" in docs/backup.md", path);
    *out = mark;
    return OK;
}

/* Who can take the number back hides that the database was. */
static FALLIBLE check_file(int fd, const char *path)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return fail(ERR_INTERNAL, "look at %s: %m", path);
    if (!S_ISREG(st.st_mode) || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return fail(ERR_INTERNAL, "%s may be changed by others (mode %04o); chmod 0600", path, st.st_mode & 07777);
    return OK;
}

FALLIBLE mark_read(struct str folder, struct arena *mem, struct mark *out, bool *found)
{
    struct str path = path_of(folder, mem);
    char text[TEXT_MAX];
    AUTO(fd) int fd = open(path.ptr, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t got;

    *found = fd >= 0;
    if (fd < 0)
        return errno == ENOENT ? OK : fail(ERR_INTERNAL, "open %s: %m", path.ptr);
    TRY(check_file(fd, path.ptr));
    got = fd_read(fd, text, sizeof text);
    if (got < 0)
        return fail(ERR_INTERNAL, "read %s: %m", path.ptr);
    return parse((struct str){ text, (size_t)got }, path.ptr, out);
}

/* Read under the lock of the unfinished file: what another program wrote meanwhile is never taken back. */
FALLIBLE mark_keep(struct str folder, const struct mark *mark)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(scratch) struct scratch *scratch = NULL;
    struct str path = path_of(folder, mem);
    struct mark there = { 0 };
    bool found = false;

    TRY(scratch_open(arena_printf(mem, "%s.unfinished", path.ptr).ptr, true, &scratch));
    TRY(mark_read(folder, mem, &there, &found));
    if (found && !mark_before(&there, mark))
        return OK;
    if (!fd_write(scratch->fd, arena_printf(mem, "%lld %lld %lld\n", (long long)mark->epoch, (long long)mark->seq,
                                            (long long)mark->at)))
        return fail(ERR_INTERNAL, "write %s: %m", path.ptr);
    return scratch_put(&scratch, path.ptr, true);
}
