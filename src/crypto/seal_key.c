/* The key of sealed files, in a file of its own: one line, "postern-seal-key-1:" and 32 bytes in base64url. */
#include "crypto/seal.h"

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

/* Whoever can read it reads every backup; whoever can change it decides which are taken for ours. */
FALLIBLE seal_key_read(const char *path, struct secret *key)
{
    AUTO(secret) struct secret line = { 0 };

    TRY(file_read_secret(path, FILE_MAX, true, &line));
    return take_key(secret_view(&line), path, key);
}
