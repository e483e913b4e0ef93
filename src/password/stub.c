/* For the bench only: a password "hash" that costs nothing, so that sign-ups measure the store and not the hash.  The
 * build refuses it for anything but kind=bench, and hash.c then holds nothing: no build has both. */
#ifdef POSTERN_STUB_HASH

#include "crypto/digest.h"
#include "password/passwords.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define STUB_PREFIX "$bench-only$"
#define STUB_CHARS  (sizeof STUB_PREFIX - 1 + 2 * sizeof(struct digest))

static void stub_string(const struct secret *password, char out[static STUB_CHARS + 1])
{
    struct digest is = digest_of(secret_view(password));
    memcpy(out, STUB_PREFIX, sizeof STUB_PREFIX - 1);
    sodium_bin2hex(out + sizeof STUB_PREFIX - 1, 2 * sizeof is.is + 1, is.is, sizeof is.is);
}

enum err password_hash(struct passwords *p, const struct secret *password, struct arena *mem, struct str *out)
{
    char made[STUB_CHARS + 1];
    stub_string(password, made);
    atomic_fetch_add(&p->done, 1);
    *out = arena_copy(mem, str_of(made));
    return OK;
}

enum err password_verify(struct passwords *p, struct str stored, const struct secret *password)
{
    char made[STUB_CHARS + 1];
    stub_string(password, made);
    atomic_fetch_add(&p->done, 1);
    return stored.len == STUB_CHARS && sodium_memcmp(stored.ptr, made, STUB_CHARS) == 0 ? OK : ERR_DENIED;
}

bool password_needs_rehash(const struct passwords *p, struct str stored)
{
    (void)p;
    return !str_starts(stored, STR(STUB_PREFIX));
}

#endif
