#include "token/seen.h"
#include "base/err.h"
#include "base/secret.h"
#include "crypto/random.h"

#include <pthread.h>
#include <stdlib.h>

#define LOCKS 64 /* slot n is guarded by lock n % LOCKS */

struct kept {
    struct short_digest digest;
    size_t len;
    char bytes[];
};

struct seen {
    struct short_key key;
    pthread_mutex_t locks[LOCKS];
    struct kept *slots[SEEN_SLOTS];
};

struct seen *seen_open(void)
{
    struct seen *seen = calloc(1, sizeof *seen);
    if (seen == NULL)
        die("out of memory");
    random_bytes(&seen->key, sizeof seen->key);
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_init(&seen->locks[i], NULL);
    return seen;
}

static void kept_drop(struct kept *kept)
{
    if (kept != NULL)
        wipe(kept->bytes, kept->len);
    free(kept);
}

void seen_drop(struct seen **seen)
{
    if (*seen == NULL)
        return;
    for (size_t i = 0; i < SEEN_SLOTS; i++)
        kept_drop((*seen)->slots[i]);
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&(*seen)->locks[i]);
    free(*seen);
    *seen = NULL;
}

struct short_digest seen_digest(const struct seen *seen, struct str text)
{
    return short_digest_of(&seen->key, text);
}

static size_t slot_of(const struct short_digest *digest)
{
    return ((size_t)digest->is[0] | (size_t)digest->is[1] << 8) % SEEN_SLOTS;
}

bool seen_find(struct seen *seen, const struct short_digest *digest, struct arena *mem, struct str *out)
{
    const size_t slot = slot_of(digest);

    pthread_mutex_lock(&seen->locks[slot % LOCKS]);
    const struct kept *kept = seen->slots[slot];
    const bool has = kept != NULL && memcmp(kept->digest.is, digest->is, sizeof digest->is) == 0;
    if (has)
        *out = arena_copy(mem, (struct str){ kept->bytes, kept->len });
    pthread_mutex_unlock(&seen->locks[slot % LOCKS]);
    return has;
}

void seen_add(struct seen *seen, const struct short_digest *digest, struct str what)
{
    const size_t slot = slot_of(digest);
    struct kept *fresh, *former;

    if (what.len > SEEN_BYTES_MAX)
        return;
    fresh = malloc(sizeof *fresh + what.len);
    if (fresh == NULL)
        die("out of memory");
    fresh->digest = *digest;
    fresh->len = what.len;
    memcpy(fresh->bytes, what.ptr, what.len);
    pthread_mutex_lock(&seen->locks[slot % LOCKS]);
    former = seen->slots[slot];
    seen->slots[slot] = fresh;
    pthread_mutex_unlock(&seen->locks[slot % LOCKS]);
    kept_drop(former);
}
