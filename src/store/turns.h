/* Whose turn it is to write, and who shares the next commit.  Knows no database.
 *
 * One thread at a time has the turn, in the order of asking.  Who has finished its part joins what is gathered; it
 * hands the turn on while others wait and the gathering is small and young, else it commits for all, lets go, and tells them:
 * the next goes on while they wake up.
 * Who has written down what it wants may post that, and need not have the turn at all: whoever has it does what was posted, and
 * one thread wakes up where else each would have to be waited for.
 *
 * Owns     nothing but its lock; a struct turn belongs to its thread, which waits until it is settled.
 * Threads  any.
 * Promise  whoever has the turn ends by turns_hand_on returning true or by turns_let_go; so nobody waits for ever.
 */
#pragma once
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define TURNS_GATHER_MAX 64               /* transactions in one commit */
#define TURNS_GATHER_NS  INT64_C(2000000) /* since the first of them joined */

struct turns;

enum turn_place {
    TURN_AWAY,
    TURN_QUEUED,
    TURN_GIVEN, /* it has the turn */
    TURN_TAKEN, /* somebody else does what it has posted */
};

struct turn {
    sem_t told;            /* that it has the turn; later, how its commit ended */
    struct turn *next;     /* in the queue, later among the gathered */
    enum turn_place place; /* under the lock */
    bool posted;           /* somebody else may do it */
    bool listens;          /* its thread waits: only then the turn is given to it */
    enum err end;          /* of its commit */
    struct note note;      /* when it failed */
};

struct turns *turns_new(void);
void turns_drop(struct turns **turns);

void turn_init(struct turn *me);
void turn_fini(struct turn *me);

/* Wait for the turn.  Ends: ERR_BUSY (WHY_STORE_BUSY). */
FALLIBLE turns_take(struct turns *t, struct turn *me, int64_t wait_ms);

/* Queue up without waiting.  Behind it comes turns_meet or turns_leave. */
void turns_post(struct turns *t, struct turn *me);
/* Wait until one's own turn has come (mine: true; it is to be done by oneself) or until it was done and settled by another (false).
 * Ends: those of its commit, ERR_BUSY (WHY_STORE_BUSY: nobody has begun it, and nobody will). */
FALLIBLE turns_meet(struct turns *t, struct turn *me, int64_t wait_ms, bool *mine);
/* Give up what was posted; where it was begun already, wait for its end. */
void turns_leave(struct turns *t, struct turn *me);

/* The rest is for who has the turn. */
void turns_join(struct turns *t, struct turn *me); /* its part is done; it waits for the commit */
size_t turns_gathered(struct turns *t);            /* how many have joined */
struct turn *turns_next_posted(
    struct turns *t);                /* to be done, and then joined or told; NULL: nobody, or it is time to settle */
bool turns_hand_on(struct turns *t); /* false: nobody to hand it to, or it is time to settle */
struct turn *turns_part(struct turns *t); /* all that have joined, who now gather no more; NULL: nobody */
void turns_let_go(struct turns *t);       /* to the next, or to nobody */

/* For whoever parted them, with the turn or without: tell each how its commit ended.  note: NULL where nothing failed. */
void turns_tell(struct turn *parted, enum err end, const struct note *note);

/* For who has joined and no longer has the turn: how did the commit end? */
FALLIBLE turns_wait(struct turn *me);
void turns_await(struct turn *me); /* the same, without the answer */
