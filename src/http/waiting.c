#include "http/waiting.h"
#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct waiting_room {
    struct waiting_options options;
    pthread_mutex_t lock;
    pthread_cond_t news;
    bool closed, stopping;
    unsigned taken, count; /* places; calls that are in the room now, the others are being asked */
    void *calls[WAITING_MAX];
    void *asked[WAITING_MAX]; /* of the room's own thread */
    pthread_t thread;
};

static void tick(struct waiting_room *room)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WAIT_TICK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&room->news, &room->lock, &until);
}

static void sleep_until_due(struct waiting_room *room)
{
    while (room->count == 0 && !room->stopping)
        pthread_cond_wait(&room->news, &room->lock);
    if (!room->closed)
        tick(room);
}

/* Asked outside of the lock: handlers read the database. */
static void ask_all(struct waiting_room *room, void *own)
{
    unsigned count = room->count, stay = 0;
    for (unsigned i = 0; i < count; i++)
        room->asked[i] = room->calls[i];
    room->count = 0;
    pthread_mutex_unlock(&room->lock);
    for (unsigned i = 0; i < count; i++)
        if (!room->options.ask(own, room->asked[i]))
            room->asked[stay++] = room->asked[i];
    pthread_mutex_lock(&room->lock);
    for (unsigned i = 0; i < stay; i++)
        room->calls[room->count++] = room->asked[i];
    room->taken -= count - stay;
}

static void *work(void *arg)
{
    struct waiting_room *room = arg;
    void *own = room->options.open(room->options.cls);
    pthread_mutex_lock(&room->lock);
    while (!room->stopping || room->count > 0) {
        sleep_until_due(room);
        ask_all(room, own);
    }
    pthread_mutex_unlock(&room->lock);
    return NULL;
}

struct waiting_room *waiting_open(const struct waiting_options *options)
{
    struct waiting_room *room = calloc(1, sizeof *room);
    pthread_condattr_t monotonic;
    if (room == NULL)
        die("out of memory");
    room->options = *options;
    pthread_mutex_init(&room->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&room->news, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&room->thread, NULL, work, room) != 0)
        die("no thread for the waiting room: %m");
    return room;
}

void waiting_close(struct waiting_room *room)
{
    pthread_mutex_lock(&room->lock);
    room->closed = true;
    pthread_cond_signal(&room->news);
    pthread_mutex_unlock(&room->lock);
}

void waiting_drop(struct waiting_room **room)
{
    struct waiting_room *old = *room;
    if (old == NULL)
        return;
    pthread_mutex_lock(&old->lock);
    old->closed = old->stopping = true;
    pthread_cond_signal(&old->news);
    pthread_mutex_unlock(&old->lock);
    pthread_join(old->thread, NULL);
    pthread_cond_destroy(&old->news);
    pthread_mutex_destroy(&old->lock);
    free(old);
    *room = NULL;
}

bool waiting_take(struct waiting_room *room)
{
    pthread_mutex_lock(&room->lock);
    bool there = !room->closed && room->taken < WAITING_MAX;
    room->taken += there;
    pthread_mutex_unlock(&room->lock);
    return there;
}

void waiting_add(struct waiting_room *room, void *call)
{
    pthread_mutex_lock(&room->lock);
    room->calls[room->count++] = call;
    if (room->count == 1) /* else its thread ticks already */
        pthread_cond_signal(&room->news);
    pthread_mutex_unlock(&room->lock);
}

bool waiting_is_open(struct waiting_room *room)
{
    pthread_mutex_lock(&room->lock);
    bool open = !room->closed;
    pthread_mutex_unlock(&room->lock);
    return open;
}

unsigned waiting_count(struct waiting_room *room)
{
    pthread_mutex_lock(&room->lock);
    unsigned taken = room->taken;
    pthread_mutex_unlock(&room->lock);
    return taken;
}
