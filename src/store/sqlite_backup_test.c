/* Copies of a database in use, another file in its place, and the mark beside it. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include "base/file.h"
#include "store/epoch.h"
#include "store/file.h"
#include "store/sqlite_own.h"
#include "store/sqlite_world.h"

/* Room for "FOLDER/NUMBER.db" and an ending. */
#define PATH_ROOM 96

static void copy_path(struct str url, char out[static PATH_ROOM])
{
    FILE *file;

    snprintf(out, PATH_ROOM, "%s.copy", path_of(url));
    file = fopen(out, "w");
    CHECK(file != NULL && fclose(file) == 0);
}

struct writer {
    struct store *store;
    atomic_int done; /* people 0 .. done-1 are acknowledged */
    atomic_bool stop;
};

static void *write_on(void *context)
{
    struct writer *w = context;

    while (!w->stop) {
        if (person_add(w->store, w->done) != OK)
            return (void *)note_get()->text;
        w->done++;
    }
    return NULL;
}

static int first_unknown(struct db *db)
{
    bool known = true;
    int n = 0;

    for (; known; n++)
        CHECK_OK(person_known(db, n, &known));
    return n - 1;
}

TEST(copy, holds_what_was_acknowledged_before_it_while_others_write)
{
    struct str url = fresh();
    struct store *store = open_new(url);
    struct db *db = reader(store), *copy = NULL;
    struct writer writer = { .store = store };
    pthread_t thread;
    char path[PATH_ROOM];
    void *wrong = NULL;

    copy_path(url, path);
    CHECK_INT(0, pthread_create(&thread, NULL, write_on, &writer));
    for (int round = 0; round < 20; round++) {
        int before = writer.done, in_copy;
        CHECK_OK(store_copy(db, path, &copy));
        in_copy = first_unknown(copy);
        CHECK(in_copy >= before && in_copy <= writer.done + 1);
        db_drop(&copy);
        CHECK_INT(0, truncate(path, 0));
        while (writer.done < before + 5) /* it is not starved */
            continue;
    }
    writer.stop = true;
    CHECK_INT(0, pthread_join(thread, &wrong));
    CHECK(wrong == NULL);
    db_drop(&db);
    store_drop(&store);
}

TEST(copy, is_one_file_without_a_log)
{
    struct str url = fresh();
    struct store *store = open_new(url);
    struct db *db = reader(store), *copy = NULL;
    char path[PATH_ROOM], other[PATH_ROOM + 8];
    unsigned char head[20] = "";
    FILE *file;

    copy_path(url, path);
    CHECK_OK(person_add(store, 1));
    CHECK_OK(store_copy(db, path, &copy));
    db_drop(&copy);
    file = fopen(path, "r");
    CHECK(file != NULL && fread(head, 1, sizeof head, file) == sizeof head && fclose(file) == 0);
    CHECK_INT(1, head[18]); /* sqlite.org/fileformat2.html 1.3.3: 1 for rollback journals, 2 for WAL */
    CHECK_INT(1, head[19]);
    for (size_t i = 0; i < 3; i++) {
        snprintf(other, sizeof other, "%s%s", path, (const char *const[]){ "-wal", "-shm", "-journal" }[i]);
        CHECK(access(other, F_OK) != 0);
    }
    db_drop(&db);
    store_drop(&store);
}

static enum err seize(struct str url, struct seizure **out)
{
    struct store_options options = { .url = url };
    enum err end = seizure_find(&options, out);

    if (end == OK && (end = seizure_take(*out)) != OK)
        seizure_drop(out);
    return end;
}

TEST(seize, is_refused_while_anybody_has_the_database_open)
{
    struct str url = fresh();
    struct store *store = open_new(url);
    struct seizure *seizure = NULL, *second = NULL;

    CHECK_END(ERR_BUSY, seize(url, &seizure));
    CHECK(strstr(note_get()->text, "stop postern serve first") != NULL);
    CHECK_OK(person_add(store, 1)); /* it has lost nothing by that */
    store_drop(&store);
    CHECK_OK(seize(url, &seizure));
    CHECK_END(ERR_BUSY, seize(url, &second));
    CHECK_END(ERR_BUSY, open_as(url, false, 50, &store));
    CHECK(seizure != NULL && second == NULL && store == NULL);
    seizure_drop(&seizure);
    CHECK_OK(open_as(url, false, 50, &store));
    store_drop(&store);
}

static void write_and_die(struct str url)
{
    struct store *store = NULL;

    MUST(open_as(url, false, 1000, &store) == OK && person_add(store, 7) == OK);
    _exit(9); /* the log stays */
}

TEST(seize, moves_what_a_crash_has_left_in_the_log_into_the_file)
{
    struct str url = fresh();
    struct store *store = open_new(url);
    struct seizure *seizure = NULL;
    struct db *db;
    char log[PATH_ROOM], other[PATH_ROOM], by[PATH_ROOM];
    bool known = false;

    store_drop(&store);
    CHECK_INT(9, run_child(write_and_die, url));
    snprintf(log, sizeof log, "%s-wal", path_of(url));
    CHECK(access(log, F_OK) == 0);
    CHECK_OK(seize(url, &seizure));
    CHECK(access(log, F_OK) != 0);
    snprintf(other, sizeof other, "sqlite:%s.kept", path_of(url));
    copy_path(url, by);
    CHECK_OK(seizure_replace(seizure, by, other + strlen("sqlite:")));
    seizure_drop(&seizure);
    CHECK_OK(open_as(str_of(other), false, 100, &store));
    db = reader(store);
    CHECK_OK(person_known(db, 7, &known));
    CHECK(known);
    db_drop(&db);
    store_drop(&store);
}

TEST(replace, keeps_a_damaged_database_with_its_log)
{
    struct str url = fresh();
    struct seizure *seizure = NULL;
    static const char junk[8192] = "this was a database once, before the disk went wrong";
    char by[PATH_ROOM], name[PATH_ROOM + 8], kept[PATH_ROOM];
    struct stat st;
    FILE *file;

    for (size_t i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "%s%s", path_of(url), i == 0 ? "" : "-wal");
        file = fopen(name, "w");
        CHECK(file != NULL && fwrite(junk, 1, sizeof junk, file) == sizeof junk && fclose(file) == 0);
    }
    copy_path(url, by);
    snprintf(kept, sizeof kept, "%s.kept", path_of(url));
    CHECK_OK(seize(url, &seizure));
    CHECK_OK(seizure_replace(seizure, by, kept));
    seizure_drop(&seizure);
    CHECK(stat(path_of(url), &st) == 0 && st.st_size == 0);
    CHECK(stat(kept, &st) == 0 && st.st_size == sizeof junk);
    snprintf(name, sizeof name, "%s-wal", kept);
    CHECK(stat(name, &st) == 0 && st.st_size == sizeof junk);
    snprintf(name, sizeof name, "%s-wal", path_of(url));
    CHECK(stat(name, &st) != 0);
}

TEST(replace, overwrites_neither_what_is_kept_nor_what_came_meanwhile)
{
    struct str url = fresh();
    struct seizure *seizure = NULL;
    char by[PATH_ROOM], kept[PATH_ROOM];
    struct store *store;

    copy_path(url, by);
    snprintf(kept, sizeof kept, "%s.kept", path_of(url));
    CHECK_OK(seize(url, &seizure)); /* there is no database */
    store = open_new(url);          /* now there is */
    CHECK_END(ERR_BUSY, seizure_replace(seizure, by, NULL));
    seizure_drop(&seizure);
    store_drop(&store);
    CHECK_INT(0, link(by, kept));
    CHECK_OK(seize(url, &seizure));
    CHECK_END(ERR_CONFLICT, seizure_replace(seizure, by, kept));
    seizure_drop(&seizure);
    CHECK_OK(open_as(url, false, 100, &store));
    store_drop(&store);
}

/* A server that waits for the lock holds the old file: it must not go on with it. */
struct waiter {
    struct str url;
    atomic_bool waits;
    enum err end;
    char text[ERR_TEXT_MAX];
};

static void *open_late(void *context)
{
    struct waiter *w = context;
    struct store *store = NULL;

    w->waits = true;
    w->end = open_as(w->url, false, 20000, &store);
    snprintf(w->text, sizeof w->text, "%s", note_get()->text);
    store_drop(&store);
    return NULL;
}

TEST(replace, is_noticed_by_who_has_opened_the_old_file)
{
    struct str url = fresh();
    struct store *store = open_new(url);
    struct seizure *seizure = NULL;
    struct waiter waiter = { .url = url };
    char by[PATH_ROOM], kept[PATH_ROOM];
    pthread_t thread;

    store_drop(&store);
    copy_path(url, by);
    snprintf(kept, sizeof kept, "%s.kept", path_of(url));
    CHECK_OK(seize(url, &seizure));
    CHECK_INT(0, pthread_create(&thread, NULL, open_late, &waiter));
    while (!waiter.waits)
        continue;
    CHECK_OK(seizure_replace(seizure, by, kept));
    seizure_drop(&seizure);
    CHECK_INT(0, pthread_join(thread, NULL));
    /* It came early and says so, or it came late and has the new file. */
    CHECK(waiter.end == OK || (waiter.end == ERR_INTERNAL && strstr(waiter.text, "was replaced") != NULL));
}

/* ---- the mark ---- */

TEST(mark, is_ordered_by_its_epoch_and_then_by_its_row)
{
    static const struct mark order[] = { { 1, 0 }, { 1, 5 }, { 2, 0 }, { 2, 1 }, { 10, 0 } };

    for (size_t a = 0; a < 5; a++)
        for (size_t b = 0; b < 5; b++)
            CHECK_INT(a < b, mark_before(&order[a], &order[b]));
}

#define LONGEST 999999999999999999 /* of 18 digits */

static struct str mark_folder(char room[static PATH_ROOM])
{
    struct str url = fresh();

    snprintf(room, PATH_ROOM, "%s.d", path_of(url));
    CHECK_INT(0, mkdir(room, 0700));
    return str_of(room);
}

TEST(mark, is_kept_and_never_taken_back)
{
    AUTO(arena) struct arena *mem = arena_new();
    char room[PATH_ROOM], path[PATH_ROOM + 32];
    struct str at = mark_folder(room);
    const struct mark marks[] = { { 1, 7, 3 }, { 1, 6, 9 }, { 2, 0, 0 }, { 1, 99, 9 }, { 2, LONGEST, LONGEST } };
    const struct mark after[] = { { 1, 7, 3 }, { 1, 7, 3 }, { 2, 0, 0 }, { 2, 0, 0 }, { 2, LONGEST, LONGEST } };
    struct mark got = { 0 };
    bool found = true;
    struct stat st;

    CHECK_OK(mark_read(at, mem, &got, &found));
    CHECK(!found);
    for (size_t i = 0; i < 5; i++) {
        CHECK_OK(mark_keep(at, &marks[i]));
        CHECK_OK(mark_read(at, mem, &got, &found));
        CHECK(found && got.epoch == after[i].epoch && got.seq == after[i].seq && got.at == after[i].at);
    }
    snprintf(path, sizeof path, "%s/postern-epoch", room);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
    snprintf(path, sizeof path, "%s/postern-epoch.unfinished", room);
    CHECK(stat(path, &st) != 0);
}

TEST(mark, that_is_no_mark_is_refused)
{
    static const char *const texts[] = { "",
                                         "\n",
                                         "1",
                                         "1\n",
                                         "0 1\n",
                                         "1 -1\n",
                                         "1 1 -1\n",
                                         "1  1\n",
                                         " 1 1\n",
                                         "a 1\n",
                                         "1 1\n\n",
                                         "1 1 \n",
                                         "1 1 1 1\n",
                                         "0 1 1\n",
                                         "1 1 a\n",
                                         "1 9223372036854775808\n",
                                         "1 1 9223372036854775808\n",
                                         "1 1111111111111111111111111111111111111111111111111111111111111\n" };
    AUTO(arena) struct arena *mem = arena_new();
    char room[PATH_ROOM], path[PATH_ROOM + 32];
    struct str at = mark_folder(room);
    struct mark got = { 0 };
    bool found = false;

    snprintf(path, sizeof path, "%s/postern-epoch", room);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        FILE *file = fopen(path, "w");
        CHECK(file != NULL && fputs(texts[i], file) >= 0 && fclose(file) == 0 && chmod(path, 0600) == 0);
        CHECK_END(ERR_INTERNAL, mark_read(at, mem, &got, &found));
        CHECK_END(ERR_INTERNAL, mark_keep(at, &(struct mark){ 9, 9 }));
        CHECK_INT(0, got.epoch);
    }
    CHECK(unlink(path) == 0 && mark_keep(at, &(struct mark){ 9, 9 }) == OK && chmod(path, 0620) == 0);
    CHECK_END(ERR_INTERNAL, mark_read(at, mem, &got, &found));
}

TEST(mark, of_two_numbers_is_one_without_a_moment)
{
    AUTO(arena) struct arena *mem = arena_new();
    char room[PATH_ROOM], path[PATH_ROOM + 32];
    struct str at = mark_folder(room);
    struct mark got = { .at = 1 };
    bool found = false;
    FILE *file;

    snprintf(path, sizeof path, "%s/postern-epoch", room);
    file = fopen(path, "w");
    CHECK(file != NULL && fputs("4 812\n", file) >= 0 && fclose(file) == 0 && chmod(path, 0600) == 0);
    CHECK_OK(mark_read(at, mem, &got, &found));
    CHECK(found && got.epoch == 4 && got.seq == 812 && got.at == 0);
}

TEST(epoch, ends_sessions_once)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct store *store = open_new(fresh());
    struct db *db = reader(store);
    struct person p;
    struct session_row open, session = { 0 };
    struct user_row user = { 0 };
    struct tx *tx = NULL;
    struct mark mark = { 0 };
    int64_t ended = 0;
    bool found = false;

    person_make(1, &p);
    CHECK_OK(store_begin(store, &tx));
    CHECK_OK(users_add(tx, &p.row));
    open = session_make(&p, p.row.id, 1);
    CHECK_OK(sessions_add(tx, &open));
    CHECK_OK(store_commit(&tx));
    for (int round = 0; round < 2; round++) {
        CHECK_OK(store_begin(store, &tx));
        CHECK_OK(epoch_raise(tx, 5, STR("restored"), NOW, &ended));
        CHECK_INT(round == 0 ? 1 : -1, ended);
        CHECK_OK(store_commit(&tx));
    }
    CHECK_OK(epoch_read(db, &mark));
    CHECK_INT(5, mark.epoch);
    CHECK_INT(0, mark.seq);
    CHECK_OK(sessions_with_user(db, mem, open.id, &session, &user, &found));
    CHECK_INT(NOW, session.ended_at);
    CHECK_STR(STR("restored"), session.end_reason);
    db_drop(&db);
    store_drop(&store);
}

/* More than one transaction's worth, and some that have ended already. */
TEST(epoch, ends_every_session_however_many_there_are)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct store *store = open_new(fresh());
    struct tx *tx = NULL;
    struct person p;
    int64_t ended = -1;

    person_make(1, &p);
    CHECK_OK(store_begin(store, &tx));
    CHECK_OK(users_add(tx, &p.row));
    for (int n = 1; n <= 20001; n++) {
        struct person id;
        person_make(n, &id);
        struct session_row row = session_make(&id, p.row.id, n);
        row.ended_at = n % 2 == 0 ? NOW : 0;
        CHECK_OK(sessions_add(tx, &row));
    }
    CHECK_OK(store_commit(&tx));
    CHECK_OK(epoch_end_sessions(store, mem, STR("restored"), NOW, &ended));
    CHECK_INT(10001, ended);
    CHECK_OK(epoch_end_sessions(store, mem, STR("restored"), NOW, &ended));
    CHECK_INT(0, ended);
    store_drop(&store);
}

/* ---- files that are whole or not there ---- */

TEST(scratch, is_put_in_place_whole_or_not_at_all)
{
    struct str url = fresh();
    struct scratch *one = NULL, *two = NULL;
    char path[PATH_ROOM];
    struct stat st;

    snprintf(path, sizeof path, "%s.unfinished", path_of(url));
    CHECK_OK(scratch_open(path, false, &one));
    CHECK_END(ERR_BUSY, scratch_open(path, false, &two));
    CHECK(fd_write(one->fd, STR("first")) && access(path_of(url), F_OK) != 0);
    CHECK_OK(scratch_put(&one, path_of(url), false));
    CHECK(one == NULL && stat(path_of(url), &st) == 0 && st.st_size == 5 && access(path, F_OK) != 0);
    CHECK_OK(scratch_open(path, false, &one));
    CHECK_END(ERR_CONFLICT, scratch_put(&one, path_of(url), false));
    CHECK(one == NULL && stat(path_of(url), &st) == 0 && st.st_size == 5 && access(path, F_OK) != 0);
    CHECK_OK(scratch_open(path, true, &one));
    CHECK_OK(scratch_put(&one, path_of(url), true));
    CHECK(stat(path_of(url), &st) == 0 && st.st_size == 0);
}

TEST(scratch, of_a_crash_is_emptied_and_of_another_left_alone)
{
    struct str url = fresh();
    struct scratch *scratch = NULL;
    struct stat st;
    FILE *file = fopen(path_of(url), "w");

    CHECK(file != NULL && fputs("half of something", file) >= 0 && fclose(file) == 0 && chmod(path_of(url), 0666) == 0);
    CHECK_OK(scratch_open(path_of(url), false, &scratch));
    CHECK(stat(path_of(url), &st) == 0 && st.st_size == 0 && (st.st_mode & 07777) == 0600);
    CHECK_INT(0, unlink(path_of(url)));
    file = fopen(path_of(url), "w"); /* another's, under the same name */
    CHECK(file != NULL && fclose(file) == 0);
    scratch_drop(&scratch);
    CHECK_INT(0, access(path_of(url), F_OK));
    CHECK(unlink(path_of(url)) == 0 && symlink("/etc/passwd", path_of(url)) == 0);
    CHECK_END(ERR_INTERNAL, scratch_open(path_of(url), false, &scratch));
}

int sqlite_backup_tests(void)
{
    const struct CMUnitTest tests[] = {
        CASE(copy, holds_what_was_acknowledged_before_it_while_others_write),
        CASE(copy, is_one_file_without_a_log),
        CASE(seize, is_refused_while_anybody_has_the_database_open),
        CASE(seize, moves_what_a_crash_has_left_in_the_log_into_the_file),
        CASE(replace, keeps_a_damaged_database_with_its_log),
        CASE(replace, overwrites_neither_what_is_kept_nor_what_came_meanwhile),
        CASE(replace, is_noticed_by_who_has_opened_the_old_file),
        CASE(mark, is_ordered_by_its_epoch_and_then_by_its_row),
        CASE(mark, is_kept_and_never_taken_back),
        CASE(mark, that_is_no_mark_is_refused),
        CASE(mark, of_two_numbers_is_one_without_a_moment),
        CASE(epoch, ends_sessions_once),
        CASE(epoch, ends_every_session_however_many_there_are),
        CASE(scratch, is_put_in_place_whole_or_not_at_all),
        CASE(scratch, of_a_crash_is_emptied_and_of_another_left_alone),
    };
    return cmocka_run_group_tests_name("backup", tests, NULL, NULL);
}
