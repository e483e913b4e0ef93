/* A lane: a bounded queue of requests, run by threads of its own, which are started as they are needed.
 *
 * Owns     struct lane_pool, dropped by its _drop, which waits for what runs and refuses what waits.
 * Threads  any may offer; run is called in the lane's threads.
 * Units    microseconds.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

#define LANE_QUEUE_MAX   256     /* jobs that may wait */
#define LANE_WAIT_MAX_US 2000000 /* until the answer; what would take longer is refused before any work */

struct lane_pool;

struct lane_options {
    unsigned threads;         /* at most */
    int64_t guess_us;         /* of one job, before the first was measured */
    void *(*open)(void *cls); /* a thread's own things */
    void (*close)(void *own);
    void (*run)(void *own, void *job);
    void *cls;
};

struct lane_pool *lane_pool_open(const struct lane_options *options);
void lane_pool_drop(struct lane_pool **pool);

/* Ends: ERR_BUSY (WHY_HASH_LANE_FULL with the seconds to wait). */
FALLIBLE lane_offer(struct lane_pool *pool, void *job);

struct lane_figures {
    uint64_t done, shed, wait_us; /* jobs run; refused; sum of the time that they waited */
    unsigned queued, running, threads;
};
void lane_figures(struct lane_pool *pool, struct lane_figures *out);
