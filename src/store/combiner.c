#include "store/combiner.h"

#include <errno.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"

void combiner_open(struct combiner *c, size_t most, size_t worth)
{
    *c = (struct combiner){ .most = most, .worth = worth };
    pthread_mutex_init(&c->lock, NULL);
    c->last = &c->first;
}

void combiner_close(struct combiner *c)
{
    pthread_mutex_destroy(&c->lock);
}

size_t combiner_places(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t places = processors < 4 ? 2 : (size_t)processors / 2;

    return places > COMBINER_PLACES ? COMBINER_PLACES : places;
}

/* Under the lock, as all up to the next such word. */
static bool take_place(struct combiner *c, size_t *place)
{
    if (c->idle_count > 0)
        *place = c->idle[--c->idle_count];
    else if (c->made < c->most)
        *place = c->made++;
    else
        return false;
    return true;
}

static void enqueue(struct combiner *c, struct rider *me)
{
    me->next = NULL;
    *c->last = me;
    c->last = &me->next;
    c->waiting++;
}

static struct rider *leave_queue(struct combiner *c)
{
    struct rider *one = c->first;

    if (one == NULL)
        return NULL;
    c->first = one->next;
    c->waiting--;
    if (c->first == NULL)
        c->last = &c->first;
    return one;
}

/* False: somebody has taken it along by now. */
static bool dequeue(struct combiner *c, const struct rider *me)
{
    struct rider **at = &c->first;

    while (*at != NULL && *at != me)
        at = &(*at)->next;
    if (*at == NULL)
        return false;
    *at = me->next;
    if (c->last == &me->next)
        c->last = at;
    c->waiting--;
    return true;
}

static bool is_away(const struct combiner *c)
{
    return c->made > c->idle_count;
}

static bool leads_at_once(struct combiner *c, struct rider *me)
{
    if (is_away(c) && c->waiting + 1 < c->worth)
        return false;
    return take_place(c, &me->place);
}

/* Without the lock.  Those who are away may not come back for long. */
static bool lose_patience(struct combiner *c, struct rider *me)
{
    bool leads;

    pthread_mutex_lock(&c->lock);
    leads = take_place(c, &me->place);
    if (leads && !dequeue(c, me)) {
        c->idle[c->idle_count++] = me->place;
        leads = false;
    }
    pthread_mutex_unlock(&c->lock);
    return leads;
}

static bool wait_for_place(struct combiner *c, struct rider *me)
{
    for (;;) {
        const int64_t until_ns = clock_mono_ns() + COMBINER_PATIENCE;
        const struct timespec until = { until_ns / 1000000000, until_ns % 1000000000 };
        if (sem_clockwait(&me->told, CLOCK_MONOTONIC, &until) == 0)
            return me->leads;
        if (errno == ETIMEDOUT && lose_patience(c, me))
            return true;
    }
}

bool combiner_enter(struct combiner *c, struct rider *me)
{
    bool leads;

    me->leads = false;
    sem_init(&me->told, 0, 0);
    pthread_mutex_lock(&c->lock);
    leads = leads_at_once(c, me);
    if (!leads)
        enqueue(c, me);
    pthread_mutex_unlock(&c->lock);
    if (!leads)
        leads = wait_for_place(c, me);
    sem_destroy(&me->told);
    return leads;
}

struct rider *combiner_next(struct combiner *c)
{
    struct rider *one;

    pthread_mutex_lock(&c->lock);
    one = leave_queue(c);
    pthread_mutex_unlock(&c->lock);
    return one;
}

void combiner_leave(struct combiner *c, size_t place)
{
    struct rider *next;

    pthread_mutex_lock(&c->lock);
    next = leave_queue(c);
    if (next == NULL)
        c->idle[c->idle_count++] = place;
    pthread_mutex_unlock(&c->lock);
    if (next == NULL)
        return;
    next->place = place;
    next->leads = true;
    sem_post(&next->told);
}

void combiner_tell(struct rider *one)
{
    sem_post(&one->told);
}
