#include <sys/stat.h>
#include "store/sqlite_own.h"
#include "store/sqlite_world.h"

TEST(url, names_a_file_in_each_of_its_forms)
{
    char absolute[64], long_absolute[64], want[64];
    const char *const forms[] = { "sqlite:a.db", "sqlite:///a.db", absolute, long_absolute, "sqlite:./a.db" };

    snprintf(absolute, sizeof absolute, "sqlite:%s/a.db", folder);
    snprintf(long_absolute, sizeof long_absolute, "sqlite:///%s/a.db", folder);
    snprintf(want, sizeof want, "%s/a.db", folder);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        AUTO(store) struct store *store = NULL;
        CHECK_OK(open_as(str_of(forms[i]), true, 100, &store));
        CHECK_INT(0, access(want, F_OK));
        CHECK(str_starts(store_place(store), STR("sqlite:/tmp/")));
        store_drop(&store);
        CHECK_INT(0, unlink(want));
    }
}

TEST(url, is_refused_when_it_is_no_file_of_ours)
{
    const struct str refused[] = {
        STR(""),
        STR("postern.db"),
        STR("sqlite"),
        STR("sqlite:"),
        STR("sqlite://"),
        STR("sqlite:///"),
        STR("sqlite:////"),
        STR("sqlite::memory:"),
        STR("sqlite:///:memory:"),
        STR("sqlite://host/a.db"),
        STR("sqlite:a.db?mode=memory"),
        STR("sqlite:a\0b.db"),
        STR("SQLITE:a.db"),
        STR("sqlite3:a.db"),
        STR("file:a.db"),
        STR(":a.db"),
        STR("mysql://postern:hunter2@db/postern"),
        STR("postgresql+pg8000://u:hunter2@db/x"),
        STR("hunter2@db:x"),
        { NULL, 0 },
    };

    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        AUTO(store) struct store *store = NULL;
        enum err end = open_as(refused[i], true, 100, &store);
        CHECK(end == ERR_INVALID || (end == ERR_INTERNAL && str_equal(refused[i], STR("sqlite:////"))));
        CHECK(store == NULL);
        CHECK(strstr(note_get()->text, "hunter2") == NULL);
    }
}

TEST(file, is_for_its_owner_alone_whatever_the_umask)
{
    struct str url = fresh();
    char wal[64];
    struct stat file;
    mode_t before = umask(0);
    struct store *store = open_new(url);

    umask(before);
    CHECK_INT(0, stat(path_of(url), &file));
    CHECK_INT(0600, file.st_mode & 07777);
    snprintf(wal, sizeof wal, "%s-wal", path_of(url));
    CHECK_INT(0, stat(wal, &file));
    CHECK_INT(0600, file.st_mode & 07777);
    store_drop(&store);
    CHECK(stat(wal, &file) != 0); /* the log is emptied into the file at the end */
}

TEST(file, is_not_made_unless_told_and_not_where_there_is_no_folder)
{
    struct str url = fresh(), nowhere = STR("sqlite:/nowhere/at/all.db");
    struct store *store = NULL;

    CHECK_END(ERR_MISSING, open_as(url, false, 100, &store));
    CHECK(strstr(note_get()->text, "No such file") != NULL);
    CHECK(access(path_of(url), F_OK) != 0);
    CHECK_END(ERR_INTERNAL, open_as(nowhere, true, 100, &store));
    CHECK(strstr(note_get()->text, "/nowhere/at/all.db") != NULL);
}

TEST(file, of_another_kind_is_refused_and_left_alone)
{
    struct str url = fresh();
    struct store *store = NULL;
    char text[64] = "";
    FILE *file = fopen(path_of(url), "w");

    fputs("This is a letter, not a database, and somebody may want it.", file);
    fclose(file);
    CHECK_END(ERR_INTERNAL, open_as(url, true, 100, &store));
    CHECK(strstr(note_get()->text, "not a database") != NULL);
    file = fopen(path_of(url), "r");
    CHECK(fgets(text, sizeof text, file) != NULL && strncmp(text, "This is a letter", 16) == 0);
    fclose(file);
}

/* Root may write everything, so the child becomes somebody else. */
static void open_as_stranger(struct str url)
{
    struct store *store = NULL;

    MUST(geteuid() != 0 || (setgid(65534) == 0 && setuid(65534) == 0));
    MUST(open_as(url, true, 100, &store) == ERR_INTERNAL);
    MUST(strstr(note_get()->text, "Permission denied") != NULL);
}

TEST(file, that_may_only_be_read_is_refused_in_one_sentence)
{
    struct str url = fresh();
    struct store *store = open_new(url);

    store_drop(&store);
    CHECK_INT(0, chmod(path_of(url), 0444));
    CHECK_INT(0, chmod(folder, 0755));
    CHECK_INT(0, run_child(open_as_stranger, url));
}

TEST(file, that_is_damaged_is_found_out_by_reading_it)
{
    struct str url = fresh();
    struct store *store = open_new(url);
    struct db *db = reader(store);
    static const char junk[512] = { [0] = 'x', [100] = 'y', [511] = 'z' };
    FILE *file;

    CHECK_OK(store_intact(db));
    db_drop(&db);
    store_drop(&store);
    file = fopen(path_of(url), "r+");
    CHECK(fseek(file, 4096, SEEK_SET) == 0 && fwrite(junk, 1, sizeof junk, file) == sizeof junk); /* the second page */
    fclose(file);
    CHECK_OK(open_as(url, false, 100, &store));
    db = reader(store);
    CHECK_END(ERR_INTERNAL, store_intact(db));
    CHECK(note_get()->text[0] != '\0');
    db_drop(&db);
    store_drop(&store);
}

static int64_t pragma(struct conn *conn, const char *text)
{
    sqlite3_stmt *statement = NULL;
    int64_t number;

    CHECK_INT(SQLITE_OK, sqlite3_prepare_v2(conn->db, text, -1, &statement, NULL));
    CHECK_INT(SQLITE_ROW, sqlite3_step(statement));
    number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

TEST(connections, hold_foreign_keys_write_through_and_read_only)
{
    struct store *store = open_new(fresh());
    struct db *db = reader(store);
    struct conn *writer = store->engine->writer;

    CHECK_INT(2, pragma(writer, "PRAGMA synchronous")); /* FULL */
    CHECK_INT(1, pragma(writer, "PRAGMA foreign_keys"));
    CHECK_INT(0, pragma(writer, "PRAGMA trusted_schema"));
    CHECK_INT(1, pragma(writer, "PRAGMA secure_delete"));
    CHECK_INT(1, pragma(db->conn, "PRAGMA query_only"));
    CHECK(sqlite3_exec(db->conn->db, "DELETE FROM users", NULL, NULL, NULL) == SQLITE_READONLY);
    db_drop(&db);
    store_drop(&store);
}

TEST(audit_log, takes_no_update_no_delete_and_no_replacement)
{
    struct store *store = open_new(fresh());
    const struct audit_row row = { .at = NOW, .event = STR("start"), .severity = STR("info"), .outcome = STR("ok") };
    const char *const refused[] = {
        "UPDATE audit_log SET event = 'x'",
        "DELETE FROM audit_log",
        "INSERT OR REPLACE INTO audit_log (seq, at, event, severity, outcome) VALUES (1, 1, 'x', 'x', 'x')",
        "INSERT INTO audit_log SELECT * FROM audit_log WHERE true ON CONFLICT (seq) DO UPDATE SET event = 'x'",
    };
    struct tx *tx = NULL;

    CHECK_OK(store_begin(store, &tx));
    CHECK_OK(audit_rows_add(tx, &row));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        CHECK_END(ERR_INTERNAL, store->driver->script(tx->db.conn, "attempt", refused[i]));
        CHECK(strstr(note_get()->text, "rows are only added") != NULL);
    }
    CHECK_OK(store_commit(&tx));
    store_drop(&store);
}

TEST(migrations, have_the_same_numbers_and_names_for_both_databases)
{
    CHECK_INT(sqlite_migration_count, postgres_migration_count);
    for (size_t i = 0; i < sqlite_migration_count; i++) {
        CHECK_INT(i + 1, sqlite_migrations[i].number);
        CHECK_INT(sqlite_migrations[i].number, postgres_migrations[i].number);
        CHECK_STR(sqlite_migrations[i].name, postgres_migrations[i].name);
    }
}

/* What a request asks must find its rows by an index, however many accounts there are. */
TEST(statements, find_their_rows_by_an_index)
{
    static const struct {
        enum query_id query;
        const char *plan;
    } cases[] = {
        { QUERY_USER_BY_ID, "SEARCH u USING INTEGER PRIMARY KEY" },
        { QUERY_USER_BY_PUBLIC_ID, "SEARCH u USING INDEX" },
        { QUERY_USER_BY_EMAIL, "SEARCH u USING INDEX" },
        { QUERY_USER_BY_USERNAME, "SEARCH u USING INDEX" },
        { QUERY_USER_UPDATE, "SEARCH users USING INTEGER PRIMARY KEY" },
        { QUERY_USER_SET_PASSWORD, "SEARCH users USING INTEGER PRIMARY KEY" },
        { QUERY_USERS_LIST, "SEARCH u USING INDEX sqlite_autoindex_users_1 (public_id>?)" },
        { QUERY_USERS_LIST_PRIVILEGED, "SEARCH u USING INDEX users_privileged (public_id>?)" },
        { QUERY_USERS_LIST_BY_EMAIL, "SEARCH u USING INDEX sqlite_autoindex_users_2 (email_key=?)" },
        { QUERY_USER_HOLD, "SEARCH users USING INDEX" },
        { QUERY_USERS_HOLD_ACTIVE_ADMINS, "SCAN users USING INDEX users_privileged" },
        { QUERY_SESSION_WITH_USER, "SEARCH s USING INDEX sqlite_autoindex_sessions_1 (id=?)SEARCH u USING INTEGER" },
        { QUERY_SESSION_STANDING, "SEARCH s USING INDEX sqlite_autoindex_sessions_1 (id=?)SEARCH u USING INTEGER" },
        { QUERY_SESSION_BY_ID, "SEARCH s USING INDEX sqlite_autoindex_sessions_1 (id=?)" },
        { QUERY_SESSIONS_OPEN_OF_USER, "SEARCH s USING INDEX sessions_of_user (user_id=? AND ended_at=?)" },
        { QUERY_SESSION_SPEND, "SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (id=?)" },
        { QUERY_SESSION_END_OF_USER, "SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (id=?)" },
        { QUERY_SESSIONS_END_OTHERS, "SEARCH sessions USING INDEX sessions_of_user (user_id=? AND ended_at=?)" },
        { QUERY_SESSION_END, "SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (id=?)" },
        { QUERY_SESSIONS_END_ALL, "SEARCH sessions USING INDEX sessions_of_user (user_id=? AND ended_at=?)" },
        { QUERY_AUDIT_LIST, "SEARCH a USING INTEGER PRIMARY KEY (rowid>?)" },
        { QUERY_AUDIT_LIST_OF_USER, "MULTI-INDEX OR" },
        { QUERY_AUDIT_TAIL_OF_USER, "MULTI-INDEX OR" },
    };
    struct store *store = open_new(fresh());

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2048], plan[1024] = "";
        sqlite3_stmt *statement = NULL;
        snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", query_text(cases[i].query));
        CHECK_INT(SQLITE_OK, sqlite3_prepare_v2(store->engine->writer->db, text, -1, &statement, NULL));
        while (sqlite3_step(statement) == SQLITE_ROW) {
            size_t used = strlen(plan);
            snprintf(plan + used, sizeof plan - used, "%s", sqlite3_column_text(statement, 3));
        }
        sqlite3_finalize(statement);
        if (strstr(plan, cases[i].plan) == NULL)
            FAIL_WITH("%s: %s", query_name(cases[i].query), plan);
    }
    store_drop(&store);
}

int sqlite_file_tests(void)
{
    const struct CMUnitTest tests[] = {
        CASE(url, names_a_file_in_each_of_its_forms),
        CASE(url, is_refused_when_it_is_no_file_of_ours),
        CASE(file, is_for_its_owner_alone_whatever_the_umask),
        CASE(file, is_not_made_unless_told_and_not_where_there_is_no_folder),
        CASE(file, of_another_kind_is_refused_and_left_alone),
        CASE(file, that_may_only_be_read_is_refused_in_one_sentence),
        CASE(file, that_is_damaged_is_found_out_by_reading_it),
        CASE(connections, hold_foreign_keys_write_through_and_read_only),
        CASE(audit_log, takes_no_update_no_delete_and_no_replacement),
        CASE(migrations, have_the_same_numbers_and_names_for_both_databases),
        CASE(statements, find_their_rows_by_an_index),
    };

    return cmocka_run_group_tests_name("sqlite: file, settings, plans", tests, NULL, NULL);
}
