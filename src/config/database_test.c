#include "config/database.h"
#include "support/test.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool unguarded(const char *url, const char *const *environ)
{
    struct arena *mem = arena_new();
    bool is = database_unguarded(mem, str_of(url), (char *const *)(uintptr_t)environ);

    arena_drop(&mem);
    return is;
}

TEST(database, that_stays_on_this_machine_needs_no_certificate)
{
    static const char *const urls[] = {
        "postgresql:///d",
        "postgresql://",
        "postgresql://u:p@/d",
        "postgres://u:p@localhost/d",
        "postgresql://u:p@LOCALHOST:5432/d",
        "postgresql+psycopg2://u:p@127.0.0.1:5432/d",
        "postgresql://u:p@127.1.2.3,localhost:5433,[::1]:5434/d",
        "postgresql://u:p@[::1]/d?connect_timeout=3",
        "postgresql://u:p@%2Frun%2Fpostgresql/d",
        "postgresql:///d?host=/run/postgresql",
        "postgresql:///d?host=%2frun%2fpostgresql,@abstract,",
        "postgresql://db.example/d?host=localhost", /* the parameter overrides */
        "postgresql://db.example/d?hostaddr=127.0.0.1",
        "postgresql://db.example/d?hostaddr=10.0.0.1&hostaddr=::1",
        "sqlite:postern.db",
        "sqlite:///db.example",
    };

    for (size_t i = 0; i < COUNT(urls); i++)
        if (unguarded(urls[i], NULL))
            FAIL_WITH("%s", urls[i]);
}

TEST(database, that_leaves_this_machine_needs_verify_full)
{
    static const char *const urls[] = {
        "postgresql://db.example",
        "postgresql://u:p@db.example/d",
        "postgresql://u:p@10.0.0.1/d",
        "postgresql://u:p@[2001:db8::1]/d",
        "postgresql://u:p@[::ffff:127.0.0.1]/d",
        "postgresql://u:p@0.0.0.0/d",
        "postgresql://u:p@127.0.0.1.example/d",
        "postgresql://u:p@localhost.example/d",
        "postgresql://u:p@localhost@db.example/d", /* the password is over at the first @ */
        "postgresql://localhost:p@db.example/d",
        "postgresql://u:p@localhost,db.example/d",
        "postgresql://u:p@db.example,localhost/d",
        "postgresql://u:p@localhost%2Cdb.example/d",
        "postgresql://u:p@[::1],[2001:db8::1]:5432/d",
        "postgresql://u:p@[::1/d", /* no address at all */
        "postgresql:///d?host=db.example",
        "postgresql://localhost?host=db.example",
        "postgresql://localhost/d?h%6fst=db.example",
        "postgresql://localhost/d?host=d%62",
        "postgresql://localhost/d?host=%zz",
        "postgresql://localhost/d?host=%00/run",
        "postgresql://localhost/d?host=%2",
        "postgresql://localhost/d?hostaddr=10.0.0.1",
        "postgresql://localhost/d?hostaddr=127.0.0.1,10.0.0.1",
        "postgresql://localhost,localhost/d?hostaddr=127.0.0.1,",
        "postgresql://localhost/d?service=main",
        "postgresql://u:p@db.example/d?sslmode=disable",
        "postgresql://u:p@db.example/d?sslmode=prefer",
        "postgresql://u:p@db.example/d?sslmode=require",
        "postgresql://u:p@db.example/d?sslmode=verify-ca",
        "postgresql://u:p@db.example/d?sslmode=VERIFY-FULL",
        "postgresql://u:p@db.example/d?sslmode=verify-full&sslmode=require",
        "postgresql://u:p@db.example/d?sslmode=verify-full&ssl=true",
        "postgresql://u:p@db.example/sslmode=verify-full",
        "postgresql://u:sslmode=verify-full@db.example/d",
        "postgresql://u:p@db.example/d?application_name=sslmode=verify-full",
    };

    for (size_t i = 0; i < COUNT(urls); i++)
        if (!unguarded(urls[i], NULL))
            FAIL_WITH("%s", urls[i]);
}

TEST(database, that_leaves_this_machine_with_verify_full_is_fine)
{
    static const char *const urls[] = {
        "postgresql://u:p@db.example/d?sslmode=verify-full",
        "postgresql://u:p@db1.example,db2.example:5433/d?target_session_attrs=read-write&sslmode=verify-full",
        "postgresql://u:p@db.example?sslmode=verify%2Dfull",
        "postgresql://u:p@db.example/d?ssl%6Dode=verify-full",
        "postgresql://u:p@db.example/d?sslmode=disable&sslmode=verify-full",
        "postgresql:///d?service=main&sslmode=verify-full",
        "postgresql+asyncpg://u:p@10.0.0.1/d?hostaddr=10.0.0.2&sslmode=verify-full",
    };

    for (size_t i = 0; i < COUNT(urls); i++)
        if (unguarded(urls[i], NULL))
            FAIL_WITH("%s", urls[i]);
}

TEST(database, is_judged_with_the_environment_that_libpq_reads)
{
    static const struct {
        const char *url, *environ[3];
        bool unguarded;
    } rows[] = {
        { "postgresql://db.example/d", { "PGSSLMODE=verify-full" }, false },
        { "postgresql://db.example/d", { "PGSSLMODE=require" }, true },
        { "postgresql://db.example/d", { "PGSSLMODE_=verify-full" }, true },
        { "postgresql://db.example/d?sslmode=require", { "PGSSLMODE=verify-full" }, true },
        { "postgresql://db.example/d", { "PGHOST=localhost" }, true },
        { "postgresql://db.example/d", { "PGHOSTADDR=127.0.0.1" }, false },
        { "postgresql:///d", { "PGHOST=db.example" }, true },
        { "postgresql:///d", { "PGHOST=/run/postgresql" }, false },
        { "postgresql:///d?host=", { "PGHOST=db.example" }, false },
        { "postgresql://localhost/d", { "PGHOSTADDR=10.0.0.1" }, true },
        { "postgresql://localhost/d", { "PGHOST=db.example" }, false },
        { "postgresql://localhost/d", { "PGSERVICE=main" }, true },
        { "postgresql://db.example/d", { "PGSERVICE=main", "PGSSLMODE=verify-full" }, true }, /* the file comes first */
        { "postgresql://db.example/d?sslmode=verify-full", { "PGSERVICE=main" }, false },
        { "sqlite:postern.db", { "PGHOST=db.example" }, false },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        if (unguarded(rows[i].url, rows[i].environ) != rows[i].unguarded)
            FAIL_WITH("%s %s", rows[i].url, rows[i].environ[0]);
}

RUN_TESTS(CASE(database, that_stays_on_this_machine_needs_no_certificate),
          CASE(database, that_leaves_this_machine_needs_verify_full),
          CASE(database, that_leaves_this_machine_with_verify_full_is_fine),
          CASE(database, is_judged_with_the_environment_that_libpq_reads))
