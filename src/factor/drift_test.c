#include "factor/drift.h"
#include "support/test.h"

static void drop_all(struct drift **d)
{
    drift_drop(d);
}
#define DRIFT __attribute__((cleanup(drop_all))) struct drift *d = drift_open()

static bool told(struct drift *d, int64_t user, int distance, bool timely)
{
    drift_note(d, user, distance, timely);
    return drift_news(d);
}

static int middle(struct drift *d)
{
    struct drift_figures f;
    drift_figures(d, &f);
    return f.middle;
}

TEST(drift, is_told_once_when_most_accounts_show_it)
{
    DRIFT;
    int times = 0;
    for (int64_t user = 1; user <= 20; user++)
        times += told(d, user, 2, false);
    CHECK_INT(1, times);
    CHECK_INT(2, middle(d));
}

TEST(drift, is_told_again_after_it_was_gone)
{
    DRIFT;
    for (int round = 0; round < 2; round++) {
        int times = 0;
        for (int64_t user = 1; user <= DRIFT_ACCOUNTS; user++)
            times += told(d, user, -3, false);
        CHECK_INT(1, times);
        for (int64_t user = 1; user <= DRIFT_ACCOUNTS; user++)
            CHECK(!told(d, user, 0, true));
        CHECK_INT(0, middle(d));
    }
}

TEST(drift, of_one_app_is_no_news_however_often_it_is_tried)
{
    DRIFT;
    for (int i = 0; i < 100; i++)
        CHECK(!told(d, 7, 4, false));
    for (int64_t user = 8; user < 8 + DRIFT_LEAST - 2; user++)
        CHECK(!told(d, user, 4, false));
}

TEST(drift, of_half_of_the_apps_is_no_news)
{
    DRIFT;
    for (int64_t user = 1; user <= 40; user++)
        CHECK(!told(d, user, user % 2 == 0 ? 5 : 0, user % 2 == 1));
}

TEST(drift, is_told_by_the_accounts_that_came_last)
{
    DRIFT;
    int times = 0;
    for (int64_t user = 1; user <= 1000; user++)
        CHECK(!told(d, user, -1, true));
    CHECK_INT(-1, middle(d));
    for (int64_t user = 1001; user <= 1000 + DRIFT_ACCOUNTS / 2 + 1; user++)
        times += told(d, user, 2, false);
    CHECK_INT(1, times);
}

TEST(drift, counts_what_came_too_early_and_too_late)
{
    DRIFT;
    struct drift_figures f;
    drift_note(d, 1, 0, true);
    drift_note(d, 1, -1, true);
    drift_note(d, 2, -2, false);
    drift_note(d, 3, 1, false);
    drift_note(d, 3, 1, false);
    drift_figures(d, &f);
    CHECK(f.timely == 2 && f.late == 1 && f.early == 2);
}

TEST(drift, that_nobody_showed_is_none)
{
    DRIFT;
    CHECK_INT(0, middle(d));
}

RUN_TESTS(CASE(drift, is_told_once_when_most_accounts_show_it), CASE(drift, is_told_again_after_it_was_gone),
          CASE(drift, of_one_app_is_no_news_however_often_it_is_tried), CASE(drift, of_half_of_the_apps_is_no_news),
          CASE(drift, is_told_by_the_accounts_that_came_last), CASE(drift, counts_what_came_too_early_and_too_late),
          CASE(drift, that_nobody_showed_is_none))
