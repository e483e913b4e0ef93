/* The key of sealed files, in a file of its own: one line, "postern-seal-key-1:" and 32 bytes in base64url. */
#include "crypto/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "crypto/base64url.h"
#include "crypto/random.h"

#define PREFIX   "postern-seal-key-1:"
#define FILE_MAX 128 /* bytes; a key's line has 63 */

/* The arena is wiped: it holds the key as text. */
static FALLIBLE write_key(int fd, const char *path)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret key = secret_new(SEAL_KEY_BYTES);
    struct str line;

    random_bytes(key.ptr, key.len);
    line = arena_printf(mem, PREFIX "%.*s\n", STR_ARG(base64url_encode(mem, secret_view(&key))));
    return fd_write(fd, line) ? OK : fail(ERR_INTERNAL, "write %s: %m", path);
}

FALLIBLE seal_key_make(const char *path)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(scratch) struct scratch *scratch = NULL;

    TRY(scratch_open(arena_printf(mem, "%s.unfinished", path).ptr, false, &scratch));
    TRY(write_key(scratch->fd, path));
    return scratch_put(&scratch, path, false);
}

/* Whoever can read it reads every backup; whoever can change it decides which are taken for ours. */
static FALLIBLE check_file(int fd, const char *path)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return fail(ERR_INTERNAL, "look at %s: %m", path);
    if (!S_ISREG(st.st_mode))
        return fail(ERR_INVALID, "%s is no key file", path);
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return fail(ERR_DENIED, "the key file %s is open to others (mode %04o); chmod 0600", path, st.st_mode & 07777);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return fail(ERR_DENIED, "the key file %s belongs to another user", path);
    return OK;
}

static FALLIBLE take_key(struct str line, const char *path, struct secret *key)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct str bytes = { NULL, 0 };

    if (str_ends(line, STR("\n")))
        line.len--;
    if (!str_starts(line, STR(PREFIX)) ||
        base64url_decode(mem, str_slice(line, STR(PREFIX).len, line.len), &bytes) != OK || bytes.len != SEAL_KEY_BYTES)
        return fail(ERR_INVALID, "%s is no key file; postern backup --new-key FILE makes one", path);
    *key = secret_copy(bytes);
    return OK;
}

FALLIBLE seal_key_read(const char *path, struct secret *key)
{
    AUTO(fd) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    AUTO(secret) struct secret line = secret_new(FILE_MAX);
    ssize_t got;

    if (fd < 0)
        return fail(errno == ENOENT ? ERR_MISSING : ERR_INTERNAL, "open the key file %s: %m", path);
    TRY(check_file(fd, path));
    got = fd_read(fd, line.ptr, line.len);
    if (got < 0)
        return fail(ERR_INTERNAL, "read %s: %m", path);
    return take_key((struct str){ (const char *)line.ptr, (size_t)got }, path, key);
}
