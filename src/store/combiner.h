/* Who does it for all who wait ("flat combining").  Knows no database.
 *
 * A few threads lead at once; whoever leads takes along those who wait by then, does what all of them want, and tells each.  So the
 * busier it gets, the more share one way, and the fewer wake up for it.
 *
 * Owns     nothing but its lock; a struct rider belongs to its thread, which waits until it is told.
 * Threads  any.
 * Promise  whoever leads ends with combiner_leave, and combiner_tell for each whom it has taken along; so nobody waits for ever.
 */
#pragma once
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>

#define COMBINER_PLACES   8                /* that can lead at once, at most */
#define COMBINER_PATIENCE INT64_C(5000000) /* ns with those who are away: then another leads, be it for one */

struct rider {
    struct rider *next; /* in the queue */
    sem_t told;         /* that it leads, or that it is done */
    bool leads;
    size_t place; /* where: below `most` of the combiner, nobody else's until combiner_leave */
};

struct combiner {
    pthread_mutex_t lock;
    size_t most, worth;
    size_t made, idle_count,
        idle[COMBINER_PLACES];   /* places that were used; those of them that rest, the last used on top */
    struct rider *first, **last; /* who waits, in order */
    size_t waiting;
};

/* most: places.  worth: so many must wait for a further place to be taken while one is away; fewer go with that one, when it is back. */
void combiner_open(struct combiner *c, size_t most, size_t worth);
void combiner_close(struct combiner *c);
/* As many as leave half of the processors to what goes before and after it; 2 at least. */
size_t combiner_places(void);

/* True: lead, at me->place.  False: somebody who led has done it. */
bool combiner_enter(struct combiner *c, struct rider *me);

/* For who leads: one more to take along, in the order of coming; NULL: nobody waits. */
struct rider *combiner_next(struct combiner *c);
/* Whoever waits leads next; nobody does: the place rests. */
void combiner_leave(struct combiner *c, size_t place);
void combiner_tell(struct rider *one); /* it is done; one may be gone at once */
