/* The workers: a fixed number of low-priority threads that run one job after the other while its caller waits.
 *
 * Owns     the threads and one region of memory each: reserved at open, its pages come with the first use and are given
 * back (and so wiped) when the worker had nothing to do for idle_ms. Units    region_bytes in bytes, idle_ms in
 * milliseconds, waited in microseconds. Threads  any may call pool_run and wait; pool_load takes no lock and never
 * waits.  A worker runs at SCHED_IDLE and may be off the processor at any instruction: so the queue's lock is held for
 * a few stores only, is taken by nobody who must be fast, and the end of a job is told by a semaphore of its own,
 * without the lock. Sources  sched(7) (SCHED_IDLE), madvise(2) (MADV_DONTNEED: later reads give zeroes).
 */
#pragma once
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

#define POOL_WORKERS_MAX 256
#define POOL_IDLE_MS     10000

struct pool_options {
    uint32_t workers;    /* 0: as many as processors that this process may use */
    size_t region_bytes; /* of each worker */
    uint32_t idle_ms;
};

struct pool;

/* Ends: ERR_INTERNAL (no thread, no address space). */
FALLIBLE pool_open(const struct pool_options *options, struct pool **out);
void pool_drop(struct pool **pool); /* runs what waits, then ends the threads; NULL is fine */

/* Run work(arg) in a worker and return when it has ended.  Gives the time that it waited for its worker. */
uint64_t pool_run(struct pool *pool, void (*work)(void *arg), void *arg);

struct pool_load {
    uint32_t workers, running, waiting;
    uint64_t given_back; /* how often a worker gave its pages back */
};
void pool_load(struct pool *pool, struct pool_load *out);
