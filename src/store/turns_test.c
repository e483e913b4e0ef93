#include <pthread.h>
#include "base/why.h"
#include "store/turns.h"
#include "support/test.h"

#define THREADS 32
#define ROUNDS  200

/* What the turn protects.  No lock of its own: the thread sanitizer would see two at once. */
struct shared {
    struct turns *turns;
    int open;           /* parts in the commit that gathers */
    int commits, parts; /* commits, and parts in them */
    int failing;        /* every so many-th commit fails; 0: none */
    int largest;
};

struct writer {
    pthread_t thread;
    struct shared *shared;
    int good, bad;
};

static void settle(struct shared *s)
{
    size_t members = turns_gathered(s->turns);
    struct turn *parted = turns_part(s->turns);
    bool fails = false;

    if (members > 0) {
        s->commits++;
        s->parts += s->open;
        s->largest = s->open > s->largest ? s->open : s->largest;
        s->open = 0;
        fails = s->failing != 0 && s->commits % s->failing == 0;
    }
    turns_let_go(s->turns);
    turns_tell(parted, fails ? ERR_INTERNAL : OK, fails ? "as told" : "");
}

static void one_part(struct writer *w, bool drop)
{
    struct shared *s = w->shared;
    struct turn me;

    turn_init(&me);
    if (turns_take(s->turns, &me, 60000) != OK)
        return;
    if (!drop) {
        s->open++;
        turns_join(s->turns, &me);
    }
    if (!turns_hand_on(s->turns))
        settle(s);
    if (!drop) {
        if (turns_wait(&me) == OK)
            w->good++;
        else
            w->bad++;
    }
    turn_fini(&me);
}

static void *write_on(void *context)
{
    struct writer *w = context;

    for (int i = 0; i < ROUNDS; i++)
        one_part(w, i % 4 == 3);
    return NULL;
}

static void run(struct shared *s, struct writer *writers)
{
    s->turns = turns_new();
    for (int i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){ .shared = s };
        CHECK_INT(0, pthread_create(&writers[i].thread, NULL, write_on, &writers[i]));
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(writers[i].thread, NULL);
    CHECK_INT(0, turns_gathered(s->turns));
    turns_drop(&s->turns);
}

TEST(turns, tell_everyone_how_the_commit_ended_and_forget_nobody)
{
    struct shared s = { 0 };
    struct writer writers[THREADS];

    run(&s, writers);
    for (int i = 0; i < THREADS; i++) {
        CHECK_INT(ROUNDS * 3 / 4, writers[i].good);
        CHECK_INT(0, writers[i].bad);
    }
    CHECK_INT(THREADS * ROUNDS * 3 / 4, s.parts);
    CHECK(s.commits <= s.parts && s.largest <= TURNS_GATHER_MAX);
}

TEST(turns, tell_all_of_a_failed_commit_and_none_of_the_next)
{
    struct shared s = { .failing = 3 };
    struct writer writers[THREADS];
    int good = 0, bad = 0;

    run(&s, writers);
    for (int i = 0; i < THREADS; i++) {
        good += writers[i].good;
        bad += writers[i].bad;
    }
    CHECK_INT(THREADS * ROUNDS * 3 / 4, good + bad);
    CHECK(bad >= s.commits / 3 && good > 0);
}

TEST(turns, are_waited_for_no_longer_than_told)
{
    struct turns *t = turns_new();
    struct turn holder, late;

    turn_init(&holder);
    turn_init(&late);
    CHECK_OK(turns_take(t, &holder, 0));
    CHECK_END(ERR_BUSY, turns_take(t, &late, 0));
    CHECK_INT(WHY_STORE_BUSY, note_get()->why);
    CHECK_END(ERR_BUSY, turns_take(t, &late, 5));
    CHECK(!turns_hand_on(t)); /* who has given up is not handed the turn */
    turns_let_go(t);
    CHECK_OK(turns_take(t, &late, 0));
    turns_let_go(t);
    turn_fini(&holder);
    turn_fini(&late);
    turns_drop(&t);
}

TEST(turns, settle_at_once_when_nobody_else_waits)
{
    struct turns *t = turns_new();
    struct turn me;

    turn_init(&me);
    CHECK_OK(turns_take(t, &me, 0));
    turns_join(t, &me);
    CHECK_INT(1, turns_gathered(t));
    CHECK(!turns_hand_on(t));
    turns_tell(turns_part(t), ERR_INTERNAL, "disk full");
    CHECK_INT(0, turns_gathered(t));
    CHECK(turns_part(t) == NULL);
    turns_let_go(t);
    CHECK_END(ERR_INTERNAL, turns_wait(&me));
    assert_string_equal("disk full", note_get()->text);
    turn_fini(&me);
    turns_drop(&t);
}

RUN_TESTS(CASE(turns, tell_everyone_how_the_commit_ended_and_forget_nobody),
          CASE(turns, tell_all_of_a_failed_commit_and_none_of_the_next),
          CASE(turns, are_waited_for_no_longer_than_told), CASE(turns, settle_at_once_when_nobody_else_waits))
