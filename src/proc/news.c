#include "proc/news.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/random.h"
#include "flow/open.h"
#include "store/news.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define PAUSE_LEAST_MS 50 /* before the next try on a lost connection, and so much again by chance */
#define PAUSE_MORE     200

struct newsroom {
    struct services *own;
    struct db *ear; /* the connection that listens */
    const struct news_listener *listeners;
    size_t count;
    int64_t again_ns; /* when all is read again, whatever was heard */
    int wake;         /* an eventfd: the end */
    atomic_bool over;
    bool runs, lost;
    pthread_t thread;
};

static void tell_listeners(struct newsroom *n, unsigned heard)
{
    for (size_t i = 0; i < n->count; i++)
        if ((n->listeners[i].topics & heard) != 0)
            n->listeners[i].hear(n->listeners[i].context, n->own);
}

/* Servers that lost one database do not come back to it in step. */
static void pause_a_moment(const struct newsroom *n)
{
    struct pollfd one = { .fd = n->wake, .events = POLLIN };
    uint32_t chance = 0;

    random_bytes(&chance, sizeof chance);
    (void)poll(&one, 1, (int)(PAUSE_LEAST_MS + chance % PAUSE_MORE));
}

/* Told when it begins and when it is over, not with every try between. */
static void say_lost(struct newsroom *n, bool lost)
{
    if (lost && !n->lost)
        log_event(LOG_WARN, "news_lost", LOG_S("what", str_of(note_get()->text)));
    else if (!lost && n->lost)
        log_event(LOG_INFO, "news_back");
    n->lost = lost;
}

static unsigned listen_once(struct newsroom *n)
{
    int64_t left_ms = (n->again_ns - clock_mono_ns()) / 1000000;
    unsigned heard = 0;
    const enum err end = news_wait(n->ear, n->wake, left_ms < 0 ? 0 : left_ms, &heard);

    say_lost(n, end != OK);
    if (end != OK)
        pause_a_moment(n);
    return heard;
}

static void *run(void *context)
{
    struct newsroom *n = context;

    while (!n->over) {
        unsigned heard = listen_once(n);
        if (clock_mono_ns() >= n->again_ns || heard == NEWS_ALL)
            heard = NEWS_ALL, n->again_ns = clock_mono_ns() + NEWS_AGAIN_MS * INT64_C(1000000);
        if (!n->over && heard != 0)
            tell_listeners(n, heard);
    }
    return NULL;
}

static FALLIBLE fill(struct newsroom *n, const struct shared *shared)
{
    TRY(services_open(shared, &n->own));
    TRY(db_open(shared->store, &n->ear));
    n->wake = eventfd(0, EFD_CLOEXEC);
    if (n->wake < 0)
        return fail(ERR_INTERNAL, "eventfd: %m");
    errno = pthread_create(&n->thread, NULL, run, n);
    n->runs = errno == 0;
    return n->runs ? OK : fail(ERR_INTERNAL, "start a thread: %m");
}

FALLIBLE newsroom_open(const struct shared *shared, const struct news_listener *listeners, size_t count,
                       struct newsroom **out)
{
    AUTO(newsroom) struct newsroom *n = calloc(1, sizeof *n);

    if (n == NULL)
        die("out of memory");
    n->wake = -1;
    n->listeners = listeners;
    n->count = count;
    TRY(fill(n, shared));
    *out = n;
    n = NULL;
    return OK;
}

static void stop(struct newsroom *n)
{
    const uint64_t one = 1;

    n->over = true;
    if (write(n->wake, &one, sizeof one) != sizeof one)
        log_event(LOG_ERROR, "news_stop", LOG_S("what", str_of(strerror(errno))));
    pthread_join(n->thread, NULL);
}

void newsroom_drop(struct newsroom **newsroom)
{
    struct newsroom *n = *newsroom;

    if (n == NULL)
        return;
    if (n->runs)
        stop(n);
    if (n->wake >= 0)
        close(n->wake);
    db_drop(&n->ear);
    services_drop(&n->own);
    free(n);
    *newsroom = NULL;
}
