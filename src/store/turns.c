#include "store/turns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/clock.h"
#include "base/why.h"

struct turns {
    pthread_mutex_t lock;
    bool taken;
    struct turn *first, **last; /* who waits for the turn, in order */
    struct turn *gathered;      /* who waits for the commit */
    size_t gathered_count;
    int64_t gathered_ns; /* when the first of them joined */
};

struct turns *turns_new(void)
{
    struct turns *t = calloc(1, sizeof *t);

    if (t == NULL)
        die("out of memory");
    pthread_mutex_init(&t->lock, NULL);
    t->last = &t->first;
    return t;
}

void turns_drop(struct turns **turns)
{
    if (*turns != NULL)
        pthread_mutex_destroy(&(*turns)->lock);
    free(*turns);
    *turns = NULL;
}

void turn_init(struct turn *me)
{
    pthread_condattr_t monotonic;

    *me = (struct turn){ .end = OK };
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&me->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

void turn_fini(struct turn *me)
{
    pthread_cond_destroy(&me->wake);
}

static void enqueue(struct turns *t, struct turn *me)
{
    me->next = NULL;
    *t->last = me;
    t->last = &me->next;
}

static void dequeue(struct turns *t, struct turn *me)
{
    struct turn **at = &t->first;

    while (*at != me)
        at = &(*at)->next;
    *at = me->next;
    if (t->last == &me->next)
        t->last = at;
}

static struct timespec after_ms(int64_t ms)
{
    int64_t at_ns = clock_mono_ns() + ms * 1000000;
    return (struct timespec){ .tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000 };
}

/* The turn may arrive together with the time-out: then it is ours, for whoever gave it has let go. */
static bool wait_in_queue(struct turns *t, struct turn *me, int64_t wait_ms)
{
    struct timespec until = after_ms(wait_ms);

    enqueue(t, me);
    while (!me->has && pthread_cond_timedwait(&me->wake, &t->lock, &until) != ETIMEDOUT)
        continue;
    if (!me->has)
        dequeue(t, me);
    return me->has;
}

FALLIBLE turns_take(struct turns *t, struct turn *me, int64_t wait_ms)
{
    bool mine;

    pthread_mutex_lock(&t->lock);
    mine = !t->taken || wait_in_queue(t, me, wait_ms);
    t->taken = t->taken || mine;
    pthread_mutex_unlock(&t->lock);
    return mine ? OK : refuse_for(WHY_STORE_BUSY, 1);
}

void turns_join(struct turns *t, struct turn *me)
{
    pthread_mutex_lock(&t->lock);
    if (t->gathered_count++ == 0)
        t->gathered_ns = clock_mono_ns();
    me->next = t->gathered;
    t->gathered = me;
    pthread_mutex_unlock(&t->lock);
}

size_t turns_gathered(struct turns *t)
{
    size_t count;

    pthread_mutex_lock(&t->lock);
    count = t->gathered_count;
    pthread_mutex_unlock(&t->lock);
    return count;
}

/* Under the lock: the turn goes to the next in the queue, or is free. */
static void give(struct turns *t)
{
    struct turn *next = t->first;

    t->taken = next != NULL;
    if (next == NULL)
        return;
    dequeue(t, next);
    next->has = true;
    pthread_cond_signal(&next->wake);
}

static bool may_gather(const struct turns *t)
{
    return t->first != NULL && t->gathered_count > 0 && t->gathered_count < TURNS_GATHER_MAX &&
           clock_mono_ns() - t->gathered_ns < TURNS_GATHER_NS;
}

bool turns_hand_on(struct turns *t)
{
    bool more;

    pthread_mutex_lock(&t->lock);
    more = may_gather(t);
    if (more)
        give(t);
    pthread_mutex_unlock(&t->lock);
    return more;
}

/* A thread that is told may return and free its turn as soon as the lock is open: nothing of it is touched after that.
 */
void turns_settle(struct turns *t, enum err end, const char *text)
{
    pthread_mutex_lock(&t->lock);
    for (struct turn *one = t->gathered, *next; one != NULL; one = next) {
        next = one->next;
        one->end = end;
        snprintf(one->text, sizeof one->text, "%s", text);
        one->settled = true;
        pthread_cond_signal(&one->wake);
    }
    t->gathered = NULL;
    t->gathered_count = 0;
    pthread_mutex_unlock(&t->lock);
}

void turns_let_go(struct turns *t)
{
    pthread_mutex_lock(&t->lock);
    give(t);
    pthread_mutex_unlock(&t->lock);
}

FALLIBLE turns_wait(struct turns *t, struct turn *me)
{
    pthread_mutex_lock(&t->lock);
    while (!me->settled)
        pthread_cond_wait(&me->wake, &t->lock);
    pthread_mutex_unlock(&t->lock);
    return me->end == OK ? OK : fail(me->end, "%s", me->text);
}
