#include "support/test.h"
#include <pthread.h>
#include <stdatomic.h>
#include "base/clock.h"
#include "base/why.h"
#include "crypto/random.h"
#include "token/replay.h"

#define NOW   (INT64_C(1763690400) * SECOND_US)
#define LATER (NOW + 60 * SECOND_US)

static void __attribute__((constructor)) setup(void)
{
    crypto_setup();
}

static struct digest id(int64_t number)
{
    return digest_of((struct str){ (const char *)&number, sizeof number });
}

#define SPEND(r, number, now, until) replay_spend((r), &(struct digest[]){ id(number) }[0], (now), (until))

TEST(replay_spend, takes_an_id_once)
{
    AUTO(replay) struct replay *r = replay_open(100);
    struct replay_figures seen;
    CHECK_OK(SPEND(r, 1, NOW, LATER));
    CHECK_OK(SPEND(r, 2, NOW, LATER));
    CHECK_END(ERR_CONFLICT, SPEND(r, 1, NOW, LATER));
    CHECK_END(ERR_CONFLICT, SPEND(r, 1, LATER - 1, LATER));
    CHECK_END(ERR_CONFLICT, SPEND(r, 1, NOW - 10 * SECOND_US, LATER)); /* a clock that stepped back */
    CHECK_END(ERR_CONFLICT, SPEND(r, 2, NOW, LATER + SECOND_US));
    replay_figures(r, &seen);
    CHECK_INT(2, seen.held);
    CHECK_INT(2, seen.spent);
    CHECK_INT(4, seen.refused);
}

TEST(replay_spend, refuses_what_is_too_old_by_now)
{
    AUTO(replay) struct replay *r = replay_open(100);
    CHECK_END(ERR_EXPIRED, SPEND(r, 1, LATER, LATER));
    CHECK_END(ERR_EXPIRED, SPEND(r, 1, LATER + 1, LATER));
    CHECK_OK(SPEND(r, 1, LATER - 1, LATER));
}

TEST(replay_spend, refuses_new_ids_when_it_is_full_of_live_ones)
{
    AUTO(replay) struct replay *r = replay_open(50);
    struct replay_figures seen;
    for (int64_t i = 0; i < 50; i++)
        CHECK_OK(SPEND(r, i, NOW, LATER));
    CHECK_END(ERR_BUSY, SPEND(r, 50, NOW, LATER));
    CHECK_INT(WHY_PROOFS_FULL, note_get()->why);
    for (int64_t i = 0; i < 50; i++) /* and forgets none for it */
        CHECK_END(ERR_CONFLICT, SPEND(r, i, LATER - 1, LATER));
    CHECK_END(ERR_BUSY, SPEND(r, 51, LATER - 1, LATER + 1));
    replay_figures(r, &seen);
    CHECK_INT(50, seen.held);
    CHECK_INT(2, seen.full);
}

TEST(replay_spend, has_room_again_once_ids_have_expired)
{
    AUTO(replay) struct replay *r = replay_open(50);
    struct replay_figures seen;
    for (int64_t round = 0; round < 20; round++)
        for (int64_t i = 0; i < 50; i++)
            CHECK_OK(SPEND(r, round * 50 + i, NOW + round * 60 * SECOND_US, NOW + (round + 1) * 60 * SECOND_US));
    replay_figures(r, &seen);
    CHECK_INT(1000, seen.spent);
    CHECK(seen.held <= 50);
}

TEST(replay_spend, keeps_what_is_live_among_what_has_expired)
{
    AUTO(replay) struct replay *r = replay_open(64);
    for (int64_t i = 0; i < 64; i++)
        CHECK_OK(SPEND(r, i, NOW, i % 2 == 0 ? LATER : LATER + 60 * SECOND_US));
    for (int64_t i = 64; i < 96; i++)
        CHECK_OK(SPEND(r, i, LATER, LATER + 60 * SECOND_US));
    CHECK_END(ERR_BUSY, SPEND(r, 96, LATER, LATER + 60 * SECOND_US));
    for (int64_t i = 1; i < 64; i += 2)
        CHECK_END(ERR_CONFLICT, SPEND(r, i, LATER, LATER + 60 * SECOND_US));
}

#define RACERS 8
#define IDS    2000

static void *race(void *r)
{
    static _Atomic int64_t won;
    for (int64_t i = 0; i < IDS; i++)
        if (SPEND(r, i, NOW, LATER) == OK)
            atomic_fetch_add(&won, 1);
    return &won;
}

TEST(replay_spend, has_one_winner_when_many_bring_the_same_id)
{
    AUTO(replay) struct replay *r = replay_open(IDS);
    pthread_t racers[RACERS];
    void *won = NULL;
    for (int i = 0; i < RACERS; i++)
        CHECK(pthread_create(&racers[i], NULL, race, r) == 0);
    for (int i = 0; i < RACERS; i++)
        CHECK(pthread_join(racers[i], &won) == 0);
    CHECK_INT(IDS, *(_Atomic int64_t *)won);
}

TEST(replay_drop, takes_null)
{
    struct replay *none = NULL;
    replay_drop(&none);
    CHECK(none == NULL);
}

RUN_TESTS(CASE(replay_spend, takes_an_id_once), CASE(replay_spend, refuses_what_is_too_old_by_now),
          CASE(replay_spend, refuses_new_ids_when_it_is_full_of_live_ones),
          CASE(replay_spend, has_room_again_once_ids_have_expired),
          CASE(replay_spend, keeps_what_is_live_among_what_has_expired),
          CASE(replay_spend, has_one_winner_when_many_bring_the_same_id), CASE(replay_drop, takes_null))
