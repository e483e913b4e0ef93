/* What struct passwords is made of; for the files of this room.
 *
 * Threads  options, decoy and the sentences never change after open; the figures are atomic.
 */
#pragma once
#include "password/password.h"
#include "password/pool.h"
#include <stdatomic.h>

#define SENTENCE_MAX 64 /* bytes */

struct passwords {
    struct password_options options;
    struct pool *pool;
    char decoy[PASSWORD_HASH_MAX];
    char too_short[SENTENCE_MAX], too_long[SENTENCE_MAX];
    _Atomic int64_t mean_us;
    _Atomic uint64_t done, waited_us;
};

/* Run a hash or a verification in a worker, and count it. */
enum err passwords_run(struct passwords *p, enum err (*work)(void *arg), void *arg);
