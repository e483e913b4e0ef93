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
    bool posts; /* every other part */
    int good, bad;
};

static const struct note as_told = { .text = "as told" };

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
    turns_tell(parted, fails ? ERR_INTERNAL : OK, fails ? &as_told : NULL);
}

static void join(struct shared *s, struct turn *one)
{
    s->open++;
    turns_join(s->turns, one);
}

static void leave(struct shared *s)
{
    struct turn *posted;

    while ((posted = turns_next_posted(s->turns)) != NULL)
        join(s, posted);
    if (!turns_hand_on(s->turns))
        settle(s);
}

static void count(struct writer *w, enum err end)
{
    if (end == OK)
        w->good++;
    else
        w->bad++;
}

static void one_part(struct writer *w, bool drop)
{
    struct shared *s = w->shared;
    struct turn me;

    turn_init(&me);
    if (turns_take(s->turns, &me, 60000) != OK)
        return;
    if (!drop)
        join(s, &me);
    leave(s);
    if (!drop)
        count(w, turns_wait(&me));
    turn_fini(&me);
}

static void post_part(struct writer *w, bool drop)
{
    struct shared *s = w->shared;
    struct turn me;
    bool mine = false;
    enum err end;

    turn_init(&me);
    turns_post(s->turns, &me);
    if (drop) {
        turns_leave(s->turns, &me);
        turn_fini(&me);
        return;
    }
    end = turns_meet(s->turns, &me, 60000, &mine);
    if (mine) {
        join(s, &me);
        leave(s);
        end = turns_wait(&me);
    }
    count(w, end);
    turn_fini(&me);
}

static void *write_on(void *context)
{
    struct writer *w = context;

    for (int i = 0; i < ROUNDS; i++)
        if (w->posts && i % 2 == 0)
            post_part(w, false);
        else
            one_part(w, i % 4 == 3);
    return NULL;
}

/* Whether what is dropped was done by then, nobody knows. */
static void *post_and_drop(void *context)
{
    for (int i = 0; i < ROUNDS; i++)
        post_part(context, true);
    return NULL;
}

static void run(struct shared *s, struct writer *writers, bool post)
{
    s->turns = turns_new();
    for (int i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){ .shared = s, .posts = post && i % 4 != 0 };
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

    run(&s, writers, false);
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

    run(&s, writers, false);
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
    turns_tell(turns_part(t), ERR_INTERNAL, &as_told);
    CHECK_INT(0, turns_gathered(t));
    CHECK(turns_part(t) == NULL);
    turns_let_go(t);
    CHECK_END(ERR_INTERNAL, turns_wait(&me));
    assert_string_equal("as told", note_get()->text);
    turn_fini(&me);
    turns_drop(&t);
}

TEST(turns, do_what_was_posted_and_tell_everyone_how_it_ended)
{
    for (int failing = 0; failing <= 3; failing += 3) {
        struct shared s = { .failing = failing };
        struct writer writers[THREADS];
        int told = 0, bad = 0;

        run(&s, writers, true);
        for (int i = 0; i < THREADS; i++) {
            told += writers[i].good + writers[i].bad;
            bad += writers[i].bad;
        }
        CHECK_INT(THREADS * ROUNDS * 3 / 4, told);
        CHECK_INT(told, s.parts);
        CHECK(failing == 0 ? bad == 0 : bad >= s.commits / 3);
        CHECK(s.largest <= TURNS_GATHER_MAX);
    }
}

TEST(turns, come_to_who_posted_when_nobody_else_has_one)
{
    struct turns *t = turns_new();
    struct turn me, late;
    bool mine = false;

    turn_init(&me);
    turn_init(&late);
    turns_post(t, &me);
    CHECK_OK(turns_meet(t, &me, 0, &mine));
    CHECK(mine);
    turns_post(t, &late);
    CHECK(turns_next_posted(t) == NULL); /* nothing has joined that it could share a commit with */
    CHECK(!turns_hand_on(t));
    turns_join(t, &me);
    CHECK(turns_next_posted(t) == &late);
    turns_tell(&late, ERR_CONFLICT, &as_told);
    CHECK(turns_next_posted(t) == NULL);
    CHECK_END(ERR_CONFLICT, turns_meet(t, &late, 0, &mine));
    CHECK(!mine);
    assert_string_equal("as told", note_get()->text);
    turns_tell(turns_part(t), OK, NULL);
    turns_let_go(t);
    CHECK_OK(turns_wait(&me));
    turn_fini(&me);
    turn_fini(&late);
    turns_drop(&t);
}

TEST(turns, are_never_given_to_who_does_not_wait)
{
    struct turns *t = turns_new();
    struct turn holder, away, next;
    bool mine = false;

    turn_init(&holder);
    turn_init(&away);
    turn_init(&next);
    CHECK_OK(turns_take(t, &holder, 0));
    turns_post(t, &away);
    turns_let_go(t); /* to nobody */
    CHECK_OK(turns_take(t, &next, 0));
    CHECK_END(ERR_BUSY, turns_meet(t, &away, 0, &mine));
    CHECK_INT(WHY_STORE_BUSY, note_get()->why);
    CHECK(!mine);
    turns_join(t, &next);
    CHECK(turns_next_posted(t) == NULL); /* who has given up is done by nobody */
    turns_tell(turns_part(t), OK, NULL);
    turns_let_go(t);
    CHECK_OK(turns_wait(&next));
    turn_fini(&holder);
    turn_fini(&away);
    turn_fini(&next);
    turns_drop(&t);
}

TEST(turns, forget_what_was_posted_and_given_up)
{
    struct turns *t = turns_new();
    struct writer writers[4];
    struct shared s = { .turns = t };
    struct writer other = { .shared = &s };
    struct turn me;

    for (int i = 0; i < 4; i++) {
        writers[i] = (struct writer){ .shared = &s };
        CHECK_INT(0, pthread_create(&writers[i].thread, NULL, post_and_drop, &writers[i]));
    }
    for (int i = 0; i < ROUNDS; i++)
        one_part(&other, false);
    for (int i = 0; i < 4; i++)
        pthread_join(writers[i].thread, NULL);
    CHECK_INT(ROUNDS, other.good);
    turn_init(&me);
    CHECK_OK(turns_take(t, &me, 0));
    CHECK(turns_next_posted(t) == NULL && turns_part(t) == NULL);
    turns_let_go(t);
    turn_fini(&me);
    turns_drop(&t);
}

RUN_TESTS(CASE(turns, tell_everyone_how_the_commit_ended_and_forget_nobody),
          CASE(turns, tell_all_of_a_failed_commit_and_none_of_the_next),
          CASE(turns, are_waited_for_no_longer_than_told), CASE(turns, settle_at_once_when_nobody_else_waits),
          CASE(turns, do_what_was_posted_and_tell_everyone_how_it_ended),
          CASE(turns, come_to_who_posted_when_nobody_else_has_one), CASE(turns, are_never_given_to_who_does_not_wait),
          CASE(turns, forget_what_was_posted_and_given_up))
