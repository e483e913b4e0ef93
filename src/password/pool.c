#include "password/pool.h"
#include "base/clock.h"
#include "password/keep.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

struct job {
    void (*work)(void *arg);
    void *arg;
    struct job *next;
    int64_t asked_ns, begun_ns; /* monotonic */
    sem_t done;
};

struct worker {
    struct pool *pool;
    pthread_t thread;
    void *region;
    bool used; /* since the pages were last given back */
};

struct pool {
    struct pool_options options;
    pthread_mutex_t lock; /* guards first, last, stopping */
    pthread_cond_t work;
    struct job *first, *last;
    bool stopping;
    _Atomic uint32_t running, waiting;
    _Atomic uint64_t given_back;
    uint32_t started; /* threads that exist */
    struct worker workers[];
};

static void give_back(struct worker *me)
{
    (void)madvise(me->region, me->pool->options.region_bytes, MADV_DONTNEED);
    me->used = false;
    atomic_fetch_add(&me->pool->given_back, 1);
}

static struct timespec from_now(uint32_t ms)
{
    int64_t at_ns = clock_mono_ns() + (int64_t)ms * 1000000;
    return (struct timespec){ .tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000 };
}

/* Called with the lock, comes back with the lock. */
static void rest(struct worker *me)
{
    struct pool *pool = me->pool;
    if (!me->used) {
        pthread_cond_wait(&pool->work, &pool->lock);
        return;
    }
    struct timespec until = from_now(pool->options.idle_ms);
    if (pthread_cond_timedwait(&pool->work, &pool->lock, &until) != ETIMEDOUT)
        return;
    pthread_mutex_unlock(&pool->lock);
    give_back(me);
    pthread_mutex_lock(&pool->lock);
}

static struct job *take_first(struct pool *pool)
{
    struct job *job = pool->first;
    if (job == NULL)
        return NULL;
    pool->first = job->next;
    if (pool->first == NULL)
        pool->last = NULL;
    return job;
}

/* NULL when the pool stops and nothing waits. */
static struct job *next_job(struct worker *me)
{
    struct pool *pool = me->pool;
    pthread_mutex_lock(&pool->lock);
    while (pool->first == NULL && !pool->stopping)
        rest(me);
    struct job *job = take_first(pool);
    pthread_mutex_unlock(&pool->lock);
    return job;
}

static void run_job(struct worker *me, struct job *job)
{
    atomic_fetch_sub(&me->pool->waiting, 1);
    atomic_fetch_add(&me->pool->running, 1);
    job->begun_ns = clock_mono_ns();
    me->used = true;
    job->work(job->arg);
    atomic_fetch_sub(&me->pool->running, 1);
    sem_post(&job->done); /* the job is gone from here on */
}

static void *worker_main(void *arg)
{
    struct worker *me = arg;
    /* Where a sandbox refuses it the worker stays at normal priority: slower answers elsewhere, no wrong ones. */
    struct sched_param none = { 0 };
    (void)sched_setscheduler(0, SCHED_IDLE, &none);
    (void)pthread_setname_np(pthread_self(), "password");
    keep_use(me->region, me->pool->options.region_bytes);
    for (struct job *job = next_job(me); job != NULL; job = next_job(me))
        run_job(me, job);
    return NULL;
}

static uint32_t processors(void)
{
    cpu_set_t mine;
    if (sched_getaffinity(0, sizeof mine, &mine) != 0)
        return 1;
    int count = CPU_COUNT(&mine);
    return count > POOL_WORKERS_MAX ? POOL_WORKERS_MAX : (uint32_t)count;
}

static FALLIBLE start_worker(struct pool *pool, struct worker *fresh)
{
    fresh->pool = pool;
    void *region = mmap(NULL, pool->options.region_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED)
        return fail(ERR_INTERNAL, "reserve %zu bytes for a password worker: %m", pool->options.region_bytes);
    fresh->region = region;
    (void)madvise(region, pool->options.region_bytes, MADV_DONTDUMP);
    int failed = pthread_create(&fresh->thread, NULL, worker_main, fresh);
    if (failed != 0) {
        (void)munmap(region, pool->options.region_bytes);
        errno = failed;
        return fail(ERR_INTERNAL, "start a password worker: %m");
    }
    pool->started++;
    return OK;
}

/* Signals are for the process's own threads: a worker inherits a mask that has them all. */
static FALLIBLE start_workers(struct pool *pool)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    enum err end = OK;
    for (uint32_t i = 0; i < pool->options.workers && end == OK; i++)
        end = start_worker(pool, &pool->workers[i]);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return end;
}

static void setup_waiting(struct pool *pool)
{
    pthread_condattr_t monotonic;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->work, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

enum err pool_open(const struct pool_options *options, struct pool **out)
{
    uint32_t workers = options->workers == 0 ? processors() : options->workers;
    if (workers > POOL_WORKERS_MAX || options->region_bytes == 0)
        return fail(ERR_INTERNAL, "a pool of %u password workers with %zu bytes each", workers, options->region_bytes);
    AUTO(pool) struct pool *pool = calloc(1, sizeof *pool + workers * sizeof pool->workers[0]);
    if (pool == NULL)
        die("out of memory");
    pool->options = *options;
    pool->options.workers = workers;
    setup_waiting(pool);
    TRY(start_workers(pool));
    *out = pool;
    pool = NULL;
    return OK;
}

void pool_drop(struct pool **pool)
{
    struct pool *gone = *pool;
    if (gone == NULL)
        return;
    pthread_mutex_lock(&gone->lock);
    gone->stopping = true;
    pthread_cond_broadcast(&gone->work);
    pthread_mutex_unlock(&gone->lock);
    for (uint32_t i = 0; i < gone->started; i++) {
        pthread_join(gone->workers[i].thread, NULL);
        (void)munmap(gone->workers[i].region, gone->options.region_bytes);
    }
    pthread_cond_destroy(&gone->work);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
    *pool = NULL;
}

static void enqueue(struct pool *pool, struct job *job)
{
    atomic_fetch_add(&pool->waiting, 1);
    pthread_mutex_lock(&pool->lock);
    if (pool->last == NULL)
        pool->first = job;
    else
        pool->last->next = job;
    pool->last = job;
    pthread_mutex_unlock(&pool->lock);
    pthread_cond_signal(&pool->work);
}

uint64_t pool_run(struct pool *pool, void (*work)(void *arg), void *arg)
{
    struct job job = { .work = work, .arg = arg, .asked_ns = clock_mono_ns() };
    sem_init(&job.done, 0, 0);
    enqueue(pool, &job);
    while (sem_wait(&job.done) != 0)
        continue; /* a signal came between */
    sem_destroy(&job.done);
    return (uint64_t)(job.begun_ns - job.asked_ns) / 1000;
}

void pool_load(struct pool *pool, struct pool_load *out)
{
    *out = (struct pool_load){
        .workers = pool->options.workers,
        .running = atomic_load(&pool->running),
        .waiting = atomic_load(&pool->waiting),
        .given_back = atomic_load(&pool->given_back),
    };
}
