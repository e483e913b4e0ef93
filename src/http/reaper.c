#include "http/reaper.h"
#include "base/clock.h"
#include "base/err.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define ROUND_NS INT64_C(250000000) /* between two looks */

struct watched {
    struct watched *before, *after;
    int socket;
    atomic_int_fast64_t deadline_ns;
};

struct reaper {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    struct watched ring; /* head of a doubly linked ring */
    bool stopping;
    void (*on_reaped)(void *cls);
    void *cls;
};

static void close_late_ones(struct reaper *r)
{
    int64_t now = clock_mono_ns();
    for (struct watched *w = r->ring.after; w != &r->ring; w = w->after) {
        if (now < atomic_load_explicit(&w->deadline_ns, memory_order_relaxed))
            continue;
        atomic_store(&w->deadline_ns, INT64_MAX);
        r->on_reaped(r->cls); /* before anybody can see the end of the connection, so that it is counted by then */
        /* The library sees that end and cleans up; the descriptor stays its own. */
        shutdown(w->socket, SHUT_RDWR);
    }
}

static void *look(void *arg)
{
    struct reaper *r = arg;
    pthread_mutex_lock(&r->lock);
    while (!r->stopping) {
        int64_t until = clock_mono_ns() + ROUND_NS;
        struct timespec at = { until / 1000000000, until % 1000000000 };
        pthread_cond_clockwait(&r->wake, &r->lock, CLOCK_MONOTONIC, &at);
        close_late_ones(r);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

struct reaper *reaper_open(void (*on_reaped)(void *cls), void *cls)
{
    struct reaper *r = calloc(1, sizeof *r);
    if (r == NULL)
        die("out of memory");
    r->ring.before = r->ring.after = &r->ring;
    r->on_reaped = on_reaped;
    r->cls = cls;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->wake, NULL);
    if (pthread_create(&r->thread, NULL, look, r) != 0)
        die("no thread for the reaper: %m");
    return r;
}

void reaper_drop(struct reaper **reaper)
{
    struct reaper *r = *reaper;
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    pthread_cond_destroy(&r->wake);
    pthread_mutex_destroy(&r->lock);
    free(r);
    *reaper = NULL;
}

struct watched *reaper_watch(struct reaper *r, int socket)
{
    struct watched *w = calloc(1, sizeof *w);
    if (w == NULL)
        die("out of memory");
    w->socket = socket;
    atomic_init(&w->deadline_ns, INT64_MAX);
    pthread_mutex_lock(&r->lock);
    w->after = r->ring.after;
    w->before = &r->ring;
    w->after->before = w;
    r->ring.after = w;
    pthread_mutex_unlock(&r->lock);
    return w;
}

void reaper_forget(struct reaper *r, struct watched *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    w->before->after = w->after;
    w->after->before = w->before;
    pthread_mutex_unlock(&r->lock);
    free(w);
}

void watched_expect(struct watched *w, int64_t seconds)
{
    int64_t deadline = seconds == 0 ? INT64_MAX : clock_mono_coarse_ns() + seconds * 1000000000;
    atomic_store_explicit(&w->deadline_ns, deadline, memory_order_relaxed);
}
