#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include "store/combiner.h"
#include "support/test.h"

#define THREADS  32
#define ROUNDS   500
#define TOGETHER 5

/* Somebody who wants one thing to be done. */
struct wish {
    struct rider rider;
    int done;
};

struct person {
    pthread_t thread;
    struct combiner *combiner;
    int granted, wrong, led;
};

static _Atomic int leading[COMBINER_PLACES];

static struct wish *wish_of(struct rider *rider)
{
    return (struct wish *)(void *)((char *)rider - offsetof(struct wish, rider));
}

static void lead(struct person *p, struct wish *me)
{
    struct wish *all[TOGETHER] = { me };
    struct rider *one;
    size_t count = 1, place = me->rider.place;

    p->wrong += place >= p->combiner->most || atomic_fetch_add(&leading[place], 1) != 0;
    while (count < TOGETHER && (one = combiner_next(p->combiner)) != NULL)
        all[count++] = wish_of(one);
    sched_yield();
    for (size_t i = 0; i < count; i++)
        all[i]->done++;
    atomic_fetch_sub(&leading[place], 1);
    combiner_leave(p->combiner, place);
    for (size_t i = 1; i < count; i++)
        combiner_tell(&all[i]->rider);
    p->led++;
}

static void *wish_often(void *context)
{
    struct person *p = context;

    for (int i = 0; i < ROUNDS; i++) {
        struct wish me = { .done = 0 };
        if (combiner_enter(p->combiner, &me.rider))
            lead(p, &me);
        p->granted += me.done == 1;
    }
    return NULL;
}

static struct person wish_at_once(struct combiner *c)
{
    struct person all[THREADS], sum = { 0 };

    for (int i = 0; i < THREADS; i++) {
        all[i] = (struct person){ .combiner = c };
        CHECK_INT(0, pthread_create(&all[i].thread, NULL, wish_often, &all[i]));
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(all[i].thread, NULL);
        sum.granted += all[i].granted;
        sum.wrong += all[i].wrong;
        sum.led += all[i].led;
    }
    return sum;
}

static void done_once_each(size_t most, size_t worth)
{
    struct combiner c;
    struct person sum;

    combiner_open(&c, most, worth);
    sum = wish_at_once(&c);
    CHECK_INT(THREADS * ROUNDS, sum.granted);
    CHECK_INT(0, sum.wrong);
    CHECK(sum.led < THREADS * ROUNDS);
    CHECK(c.first == NULL && c.last == &c.first);
    CHECK_INT(0, c.waiting);
    CHECK_INT(c.made, c.idle_count);
    combiner_close(&c);
}

TEST(combiner, does_each_wish_once_with_one_leader_at_a_place)
{
    done_once_each(1, 1);
    done_once_each(2, 1);
    done_once_each(3, 3);
    done_once_each(COMBINER_PLACES, 1);
}

static void wait_for_queue(struct combiner *c, size_t length)
{
    size_t waiting;

    do {
        sched_yield();
        pthread_mutex_lock(&c->lock);
        waiting = c->waiting;
        pthread_mutex_unlock(&c->lock);
    } while (waiting != length);
}

struct comer {
    pthread_t thread;
    struct combiner *combiner;
    struct rider rider;
    bool led;
};

static void *come(void *context)
{
    struct comer *comer = context;

    comer->led = combiner_enter(comer->combiner, &comer->rider);
    return NULL;
}

static void start(struct comer *comer, struct combiner *c)
{
    *comer = (struct comer){ .combiner = c };
    CHECK_INT(0, pthread_create(&comer->thread, NULL, come, comer));
}

TEST(combiner, is_waited_for_in_order_and_takes_all_along)
{
    struct combiner c;
    struct rider holder;
    struct comer comers[3];

    combiner_open(&c, 1, 1);
    CHECK(combiner_enter(&c, &holder));
    CHECK(combiner_next(&c) == NULL);
    for (size_t i = 0; i < 3; i++) {
        start(&comers[i], &c);
        wait_for_queue(&c, i + 1);
    }
    CHECK(combiner_next(&c) == &comers[0].rider);
    combiner_leave(&c, holder.place); /* to the second */
    pthread_join(comers[1].thread, NULL);
    CHECK(comers[1].led);
    CHECK_INT(0, comers[1].rider.place);
    CHECK(combiner_next(&c) == &comers[2].rider);
    CHECK(combiner_next(&c) == NULL);
    combiner_leave(&c, 0);
    combiner_tell(&comers[0].rider);
    combiner_tell(&comers[2].rider);
    pthread_join(comers[0].thread, NULL);
    pthread_join(comers[2].thread, NULL);
    CHECK(!comers[0].led && !comers[2].led);
    combiner_close(&c);
}

TEST(combiner, gives_a_further_place_at_once_where_that_is_worth_it)
{
    struct combiner c;
    struct rider first, second;

    combiner_open(&c, 2, 1);
    CHECK(combiner_enter(&c, &first));
    CHECK(combiner_enter(&c, &second));
    CHECK(first.place != second.place);
    combiner_leave(&c, first.place);
    combiner_leave(&c, second.place);
    combiner_close(&c);
}

/* Else only when as many wait as make it worth, or when the one that is away does not come back. */
TEST(combiner, does_not_wait_for_ever_for_who_is_away)
{
    struct combiner c;
    struct rider away, other;

    combiner_open(&c, 2, 100);
    CHECK(combiner_enter(&c, &away));
    CHECK(combiner_enter(&c, &other));
    CHECK(away.place != other.place);
    CHECK(c.first == NULL && c.waiting == 0);
    combiner_leave(&c, other.place);
    combiner_leave(&c, away.place);
    CHECK(combiner_enter(&c, &other));
    CHECK_INT((int)away.place, (int)other.place); /* the last used, whose caches are warm */
    combiner_leave(&c, other.place);
    combiner_close(&c);
}

RUN_TESTS(CASE(combiner, does_each_wish_once_with_one_leader_at_a_place),
          CASE(combiner, is_waited_for_in_order_and_takes_all_along),
          CASE(combiner, gives_a_further_place_at_once_where_that_is_worth_it),
          CASE(combiner, does_not_wait_for_ever_for_who_is_away))
