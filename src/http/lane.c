#include "http/lane.h"
#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>

struct waiting {
    void *job;
    int64_t since_ns;
};

struct lane_pool {
    struct lane_options options;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct waiting queue[LANE_QUEUE_MAX]; /* a ring */
    unsigned first, queued, running;
    unsigned started; /* threads; the others come when they are needed */
    bool stopping;
    int64_t mean_us; /* of a job, moving average over about eight */
    uint64_t done, shed, wait_us;
    pthread_t threads[];
};

static struct waiting take_first(struct lane_pool *p)
{
    struct waiting w = p->queue[p->first];
    p->first = (p->first + 1) % LANE_QUEUE_MAX;
    p->queued--;
    p->running++;
    p->wait_us += (uint64_t)((clock_mono_ns() - w.since_ns) / 1000);
    return w;
}

static void measure(struct lane_pool *p, int64_t took_us)
{
    p->mean_us += (took_us - p->mean_us) / 8;
    p->running--;
    p->done++;
}

static void *work(void *arg)
{
    struct lane_pool *p = arg;
    void *own = p->options.open(p->options.cls);
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (p->queued == 0 && !p->stopping)
            pthread_cond_wait(&p->work, &p->lock);
        if (p->queued == 0)
            break;
        struct waiting w = take_first(p);
        pthread_mutex_unlock(&p->lock);
        int64_t start_ns = clock_mono_ns();
        p->options.run(own, w.job);
        pthread_mutex_lock(&p->lock);
        measure(p, (clock_mono_ns() - start_ns) / 1000);
    }
    pthread_mutex_unlock(&p->lock);
    p->options.close(own);
    return NULL;
}

struct lane_pool *lane_pool_open(const struct lane_options *options)
{
    struct lane_pool *p = calloc(1, sizeof *p + options->threads * sizeof(pthread_t));
    if (p == NULL)
        die("out of memory");
    p->options = *options;
    p->mean_us = options->guess_us;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    return p;
}

void lane_pool_drop(struct lane_pool **pool)
{
    struct lane_pool *p = *pool;
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->started; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    free(p);
    *pool = NULL;
}

/* How long a newcomer would wait for its answer.  The mean holds what the jobs wait for each other. */
static int64_t predicted_us(const struct lane_pool *p)
{
    unsigned ahead = p->queued + p->running;
    if (ahead < p->options.threads)
        return 0;
    return p->mean_us * (ahead + 1) / p->options.threads;
}

/* Under the lock.  A machine that has no room for another thread makes do with those that there are. */
static bool find_thread(struct lane_pool *p)
{
    if (p->running + p->queued >= p->started && p->started < p->options.threads &&
        pthread_create(&p->threads[p->started], NULL, work, p) == 0)
        p->started++;
    return p->started > 0;
}

enum err lane_offer(struct lane_pool *p, void *job)
{
    pthread_mutex_lock(&p->lock);
    int64_t wait_us = predicted_us(p);
    bool full = p->stopping || p->queued == LANE_QUEUE_MAX || wait_us > LANE_WAIT_MAX_US || !find_thread(p);
    if (full) {
        p->shed++;
    } else {
        p->queue[(p->first + p->queued) % LANE_QUEUE_MAX] = (struct waiting){ job, clock_mono_ns() };
        p->queued++;
        pthread_cond_signal(&p->work);
    }
    pthread_mutex_unlock(&p->lock);
    return full ? refuse_for(WHY_HASH_LANE_FULL, (long)(wait_us / SECOND_US) + 1) : OK;
}

void lane_figures(struct lane_pool *p, struct lane_figures *out)
{
    pthread_mutex_lock(&p->lock);
    *out = (struct lane_figures){ p->done, p->shed, p->wait_us, p->queued, p->running, p->options.threads };
    pthread_mutex_unlock(&p->lock);
}
