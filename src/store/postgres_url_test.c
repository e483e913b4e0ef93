#include <stdlib.h>
#include "store/postgres_world.h"

static char *changed(const char *from, const char *to)
{
    const char *url = getenv("POSTERN_TEST_POSTGRES"), *at = strstr(url, from);
    char *out = NULL;

    CHECK(at != NULL);
    CHECK(asprintf(&out, "%.*s%s%s", (int)(at - url), url, to, at + strlen(from)) > 0);
    return out;
}

TEST(url, is_taken_in_every_form_that_the_tutorials_write)
{
    static const char *const forms[] = { "postgresql://", "postgres://", "postgresql+psycopg2://",
                                         "postgresql+psycopg://", "postgresql+asyncpg://" };

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char *url = changed("postgresql://", forms[i]);
        struct store *store = NULL;
        CHECK_OK(open_as(str_of(url), 2000, &store));
        store_drop(&store);
        free(url);
    }
}

TEST(url, is_shown_without_its_password)
{
    const char *url = getenv("POSTERN_TEST_POSTGRES"), *at = strchr(url, '@');
    struct store *store = NULL;
    char want[160];

    snprintf(want, sizeof want, "postgresql://postern%s", at);
    CHECK_OK(open_as(str_of(url), 2000, &store));
    CHECK_STR(str_of(want), store_place(store));
    store_drop(&store);
}

TEST(url, is_refused_without_a_word_of_what_it_says)
{
    static const char *const urls[] = {
        "postgresql://postern:hunter/2@127.0.0.1/postgres", "postgresql://postern:hunter2@127.0.0.1:port/postgres",
        "postgresql://postern:hunter2@[::1/postgres",       "postgresql://postern:hunter2@127.0.0.1/postgres?hunter2",
        "postgresql://postern:hunter%2@127.0.0.1/postgres", "postgresql://postern:hunter2@127.0.0.1/x?ssl=hunter2",
        "postgresql://postern:12/hunter@127.0.0.1/x",       "postgresql://postern:p@hunter@127.0.0.1/x",
    };

    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct store *store = NULL;
        CHECK_END(ERR_INVALID, open_as(str_of(urls[i]), 2000, &store));
        CHECK(store == NULL && strstr(note_get()->text, "hunter") == NULL);
    }
}

TEST(url, of_a_server_that_refuses_or_is_not_there_ends_with_a_sentence_and_no_password)
{
    char *wrong = changed("@", "wrong@"), *nobody = changed("/postgres", "/nobody_made_this");
    const char *const urls[] = { wrong, nobody, "postgresql://postern:wrong@127.0.0.1:1/postgres" };
    static const char *const why[] = { "password authentication failed", "does not exist", "Connection refused" };

    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct store *store = NULL;
        CHECK_END(ERR_INTERNAL, open_as(str_of(urls[i]), 2000, &store));
        CHECK(strstr(note_get()->text, why[i]) != NULL);
        CHECK(strstr(note_get()->text, "wrong@") == NULL && strchr(note_get()->text, '\n') == NULL);
        CHECK(strstr(note_get()->text, ":wrong") == NULL);
    }
    free(wrong);
    free(nobody);
}

TEST(url, with_several_hosts_finds_the_one_that_takes_writes)
{
    char *url = changed("@127.0.0.1:", "@127.0.0.1:1,127.0.0.1:");
    struct store *store = NULL;

    CHECK_OK(open_as(str_of(url), 2000, &store));
    store_drop(&store);
    free(url);
}

int postgres_url_tests(void)
{
    const struct CMUnitTest tests[] = {
        CASE(url, is_taken_in_every_form_that_the_tutorials_write),
        CASE(url, is_shown_without_its_password),
        CASE(url, is_refused_without_a_word_of_what_it_says),
        CASE(url, of_a_server_that_refuses_or_is_not_there_ends_with_a_sentence_and_no_password),
        CASE(url, with_several_hosts_finds_the_one_that_takes_writes),
    };

    return cmocka_run_group_tests_name("PostgreSQL: addresses", tests, NULL, NULL);
}
