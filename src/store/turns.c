#include "store/turns.h"

#include <errno.h>
#include <pthread.h>
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
    *me = (struct turn){ .end = OK };
    sem_init(&me->told, 0, 0);
}

void turn_fini(struct turn *me)
{
    sem_destroy(&me->told);
}

static void await(struct turn *me)
{
    while (sem_wait(&me->told) != 0)
        continue;
}

static FALLIBLE settled(const struct turn *me)
{
    if (me->end != OK)
        note_put(&me->note);
    return me->end;
}

static void enqueue(struct turns *t, struct turn *me)
{
    me->place = TURN_QUEUED;
    me->next = NULL;
    *t->last = me;
    t->last = &me->next;
}

static void dequeue(struct turns *t, struct turn *me, enum turn_place place)
{
    struct turn **at = &t->first;

    me->place = place;
    while (*at != me)
        at = &(*at)->next;
    *at = me->next;
    if (t->last == &me->next)
        t->last = at;
    me->next = NULL;
}

static struct timespec after_ms(int64_t ms)
{
    int64_t at_ns = clock_mono_ns() + ms * 1000000;
    return (struct timespec){ .tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000 };
}

/* False: it is not in the queue any more, so it will be told. */
static bool withdraw(struct turns *t, struct turn *me)
{
    bool queued;

    pthread_mutex_lock(&t->lock);
    queued = me->place == TURN_QUEUED;
    if (queued)
        dequeue(t, me, TURN_AWAY);
    pthread_mutex_unlock(&t->lock);
    return queued;
}

/* Ends: false, when nobody has told it in time.  It may be told at that very moment: then that counts. */
static bool hear(struct turns *t, struct turn *me, int64_t wait_ms)
{
    struct timespec until = after_ms(wait_ms);

    while (sem_clockwait(&me->told, CLOCK_MONOTONIC, &until) != 0) {
        if (errno != ETIMEDOUT)
            continue;
        if (withdraw(t, me))
            return false;
        await(me);
        return true;
    }
    return true;
}

FALLIBLE turns_take(struct turns *t, struct turn *me, int64_t wait_ms)
{
    bool mine;

    pthread_mutex_lock(&t->lock);
    mine = !t->taken;
    t->taken = true;
    me->listens = true;
    if (!mine)
        enqueue(t, me);
    pthread_mutex_unlock(&t->lock);
    return mine || hear(t, me, wait_ms) ? OK : refuse_for(WHY_STORE_BUSY, 1);
}

void turns_post(struct turns *t, struct turn *me)
{
    pthread_mutex_lock(&t->lock);
    me->posted = true;
    enqueue(t, me);
    pthread_mutex_unlock(&t->lock);
}

/* Under the lock.  While nobody listened the turn may have been left free. */
static bool take_free(struct turns *t, struct turn *me)
{
    me->listens = true;
    if (me->place != TURN_QUEUED || t->taken)
        return false;
    t->taken = true;
    dequeue(t, me, TURN_GIVEN);
    return true;
}

FALLIBLE turns_meet(struct turns *t, struct turn *me, int64_t wait_ms, bool *mine)
{
    bool free;

    pthread_mutex_lock(&t->lock);
    free = take_free(t, me);
    pthread_mutex_unlock(&t->lock);
    *mine = false;
    if (!free && !hear(t, me, wait_ms))
        return refuse_for(WHY_STORE_BUSY, 1);
    *mine = me->place == TURN_GIVEN;
    return *mine ? OK : settled(me);
}

void turns_leave(struct turns *t, struct turn *me)
{
    if (!withdraw(t, me))
        await(me);
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

/* Under the lock: the turn goes to the first who listens, who is to be told when the lock is open, or is free. */
static struct turn *give(struct turns *t)
{
    struct turn *next = t->first;

    while (next != NULL && !next->listens)
        next = next->next;
    t->taken = next != NULL;
    if (next != NULL)
        dequeue(t, next, TURN_GIVEN);
    return next;
}

/* Whoever is told may return and free its turn: nothing of it is touched after that. */
static void tell(struct turn *one)
{
    if (one != NULL)
        sem_post(&one->told);
}

static bool may_gather(const struct turns *t)
{
    return t->first != NULL && t->gathered_count > 0 && t->gathered_count < TURNS_GATHER_MAX &&
           clock_mono_ns() - t->gathered_ns < TURNS_GATHER_NS;
}

struct turn *turns_next_posted(struct turns *t)
{
    struct turn *next = NULL;

    pthread_mutex_lock(&t->lock);
    if (may_gather(t) && t->first->posted)
        next = t->first;
    if (next != NULL)
        dequeue(t, next, TURN_TAKEN);
    pthread_mutex_unlock(&t->lock);
    return next;
}

bool turns_hand_on(struct turns *t)
{
    struct turn *next = NULL;

    pthread_mutex_lock(&t->lock);
    if (may_gather(t)) {
        next = give(t);
        t->taken = true;
    }
    pthread_mutex_unlock(&t->lock);
    tell(next);
    return next != NULL;
}

struct turn *turns_part(struct turns *t)
{
    struct turn *parted;

    pthread_mutex_lock(&t->lock);
    parted = t->gathered;
    t->gathered = NULL;
    t->gathered_count = 0;
    pthread_mutex_unlock(&t->lock);
    return parted;
}

void turns_tell(struct turn *parted, enum err end, const struct note *note)
{
    struct turn *next;

    for (struct turn *one = parted; one != NULL; one = next) {
        next = one->next;
        one->end = end;
        if (note != NULL)
            one->note = *note;
        tell(one);
    }
}

void turns_let_go(struct turns *t)
{
    struct turn *next;

    pthread_mutex_lock(&t->lock);
    next = give(t);
    pthread_mutex_unlock(&t->lock);
    tell(next);
}

void turns_await(struct turn *me)
{
    await(me);
}

FALLIBLE turns_wait(struct turn *me)
{
    await(me);
    return settled(me);
}
