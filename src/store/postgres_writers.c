/* The connections that write: as many as it takes to keep the server's disk busy, and a queue in front of them. */
#include "store/postgres_own.h"

#include <errno.h>
#include <time.h>
#include "base/clock.h"

struct waiter {
    pthread_cond_t wake;
    struct waiter *next;
    struct conn *conn; /* handed over */
};

void writers_open(struct engine *engine)
{
    struct writers *w = &engine->writers;

    pthread_mutex_init(&w->lock, NULL);
    w->last = &w->first;
}

void writers_close(struct engine *engine)
{
    for (size_t i = 0; i < engine->writers.made; i++)
        conn_free(engine->writers.all[i]);
    pthread_mutex_destroy(&engine->writers.lock);
}

static void wake_init(pthread_cond_t *wake)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void dequeue(struct writers *w, struct waiter *me)
{
    struct waiter **at = &w->first;

    while (*at != me)
        at = &(*at)->next;
    *at = me->next;
    if (w->last == &me->next)
        w->last = at;
}

/* Under the lock.  A connection may come together with the time-out: then it is ours. */
static struct conn *wait_in_queue(struct writers *w, int64_t wait_ms)
{
    int64_t until_ns = clock_mono_ns() + wait_ms * 1000000;
    struct timespec until = { .tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000 };
    struct waiter me = { .conn = NULL };

    wake_init(&me.wake);
    *w->last = &me;
    w->last = &me.next;
    while (me.conn == NULL && pthread_cond_timedwait(&me.wake, &w->lock, &until) != ETIMEDOUT)
        continue;
    if (me.conn == NULL)
        dequeue(w, &me);
    pthread_cond_destroy(&me.wake);
    return me.conn;
}

static struct conn *take(struct engine *engine)
{
    struct writers *w = &engine->writers;

    if (w->idle_count > 0)
        return w->idle[--w->idle_count];
    if (w->made == POSTGRES_WRITERS)
        return wait_in_queue(w, engine->busy_ms);
    return w->all[w->made++] = conn_new(engine, true);
}

FALLIBLE writers_take(struct engine *engine, struct conn **out)
{
    int64_t since_ns = clock_mono_ns();
    struct conn *conn;

    pthread_mutex_lock(&engine->writers.lock);
    conn = take(engine);
    pthread_mutex_unlock(&engine->writers.lock);
    tally_add(&engine->tally->wait_ns, (uint64_t)(clock_mono_ns() - since_ns));
    if (conn == NULL)
        return answer_busy(engine->place, "no connection became free in time");
    *out = conn;
    return OK;
}

/* While somebody waits nothing is idle: it goes from hand to hand. */
void writers_give(struct engine *engine, struct conn *conn)
{
    struct writers *w = &engine->writers;
    struct waiter *next;

    pthread_mutex_lock(&w->lock);
    next = w->first;
    if (next == NULL) {
        w->idle[w->idle_count++] = conn;
    } else {
        dequeue(w, next);
        next->conn = conn;
        pthread_cond_signal(&next->wake);
    }
    pthread_mutex_unlock(&w->lock);
}
