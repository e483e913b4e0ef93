#include "token/seen.h"
#include "base/err.h"
#include "crypto/random.h"

#include <pthread.h>
#include <stdlib.h>

#define LOCKS 64 /* slot n is guarded by lock n % LOCKS */

struct seen {
    struct short_key key;
    pthread_mutex_t locks[LOCKS];
    struct digest slots[SEEN_SLOTS];
};

struct seen *seen_open(void)
{
    struct seen *seen = calloc(1, sizeof *seen); /* past malloc's threshold for mmap: zero pages until written to */
    if (seen == NULL)
        die("out of memory");
    random_bytes(&seen->key, sizeof seen->key);
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_init(&seen->locks[i], NULL);
    return seen;
}

void seen_drop(struct seen **seen)
{
    for (size_t i = 0; *seen != NULL && i < LOCKS; i++)
        pthread_mutex_destroy(&(*seen)->locks[i]);
    free(*seen);
    *seen = NULL;
}

struct digest seen_digest(const struct seen *seen, struct str message, struct str proof)
{
    return digest_keyed(&seen->key, message, proof);
}

static size_t slot_of(const struct digest *digest)
{
    return ((size_t)digest->is[0] | (size_t)digest->is[1] << 8) % SEEN_SLOTS;
}

bool seen_has(struct seen *seen, const struct digest *digest)
{
    size_t slot = slot_of(digest);
    pthread_mutex_lock(&seen->locks[slot % LOCKS]);
    bool has = memcmp(seen->slots[slot].is, digest->is, sizeof digest->is) == 0;
    pthread_mutex_unlock(&seen->locks[slot % LOCKS]);
    return has;
}

void seen_add(struct seen *seen, const struct digest *digest)
{
    size_t slot = slot_of(digest);
    pthread_mutex_lock(&seen->locks[slot % LOCKS]);
    seen->slots[slot] = *digest;
    pthread_mutex_unlock(&seen->locks[slot % LOCKS]);
}
