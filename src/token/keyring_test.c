#include "support/test.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/secret.h"
#include "base/why.h"
#include "crypto/base64url.h"
#include "crypto/random.h"
#include "json/read.h"
#include "token/keyring.h"
#include "token/refresh.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void __attribute__((constructor)) setup(void)
{
    crypto_setup();
    json_setup();
}

/* ---- a folder for keys, and what is needed around it ---- */

struct place {
    char path[64];
};

static struct place place_new(void)
{
    struct place place = { "/tmp/postern-token-XXXXXX" };
    CHECK(mkdtemp(place.path) != NULL);
    return place;
}

static void place_drop(struct place *place)
{
    DIR *dir = opendir(place->path);
    for (const struct dirent *entry = dir == NULL ? NULL : readdir(dir); entry != NULL; entry = readdir(dir))
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir != NULL)
        closedir(dir);
    rmdir(place->path);
}

static struct str path_of(const struct place *place)
{
    return str_of(place->path);
}

static void put_file(const struct place *place, const char *name, struct str text, mode_t mode)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", place->path, name);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    CHECK(fwrite(text.ptr, 1, text.len, file) == text.len);
    CHECK(fclose(file) == 0 && chmod(path, mode) == 0);
}

/* A new key in the folder, as an operator would put it there; `at` is its moment. */
static struct str put_key(const struct place *place, struct arena *mem, time_t at)
{
    AUTO(sign_key) struct sign_key *key = NULL;
    AUTO(secret) struct secret pem = { 0 };
    struct ec_point point;
    const struct timespec times[2] = { { .tv_sec = at }, { .tv_sec = at } };
    CHECK_OK(sign_key_make(&key));
    CHECK_OK(sign_key_write(key, &pem));
    sign_key_point(key, &point);
    const struct str kid = key_thumbprint(mem, &point);
    const char *name = arena_printf(mem, "%.*s.pem", STR_ARG(kid)).ptr;
    put_file(place, name, secret_view(&pem), 0600);
    CHECK(utimensat(AT_FDCWD, arena_printf(mem, "%s/%s", place->path, name).ptr, times, 0) == 0);
    return kid;
}

TEST(key_thumbprint, is_that_of_rfc_7638)
{
    /* RFC 9449 4.1 and 6.1: a key, and its jkt. */
    AUTO(arena) struct arena *mem = arena_new();
    struct str x, y;
    struct ec_point point;
    CHECK_OK(base64url_decode(mem, STR("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs"), &x));
    CHECK_OK(base64url_decode(mem, STR("9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"), &y));
    memcpy(point.x, x.ptr, 32);
    memcpy(point.y, y.ptr, 32);
    CHECK_STR(STR("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"), key_thumbprint(mem, &point));
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    CHECK(stat(path, &st) == 0);
    return st.st_mode & 07777;
}

TEST(keyring_open, makes_a_closed_folder_and_one_key_and_finds_it_again)
{
    AUTO(place) struct place place = place_new();
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(keyring) struct keyring *first = NULL, *again = NULL;
    CHECK(rmdir(place.path) == 0);
    CHECK_OK(keyring_open(path_of(&place), &first));
    CHECK_OK(keyring_open(path_of(&place), &again));
    const struct str kid = keyring_active(first);
    CHECK_INT(43, kid.len);
    CHECK_STR(kid, keyring_active(again));
    CHECK_INT(0700, mode_of(place.path));
    CHECK_INT(0600, mode_of(arena_printf(mem, "%s/%.*s.pem", place.path, STR_ARG(kid)).ptr));
    keyring_drop(&again);
}

TEST(keyring_look, makes_nothing_and_finds_what_is_there)
{
    AUTO(place) struct place place = place_new();
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(keyring) struct keyring *keys = NULL;
    CHECK_END(ERR_MISSING, keyring_look(path_of(&place), &keys)); /* no key in it */
    CHECK(rmdir(place.path) == 0);
    CHECK_END(ERR_MISSING, keyring_look(path_of(&place), &keys)); /* no folder */
    CHECK(access(place.path, F_OK) != 0 && keys == NULL);
    CHECK_END(ERR_INTERNAL, keyring_look(STR("/dev/null"), &keys));
    CHECK(mkdir(place.path, 0700) == 0);
    const struct str kid = put_key(&place, mem, 1000);
    CHECK_OK(keyring_look(path_of(&place), &keys));
    CHECK_STR(kid, keyring_active(keys));
}

TEST(keyring_open, signs_with_the_newest_key_and_checks_with_all)
{
    AUTO(place) struct place place = place_new();
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(keyring) struct keyring *keys = NULL;
    struct key_row *rows;
    size_t count;
    struct signature s;
    struct str kid;
    const struct str old = put_key(&place, mem, 1000), new = put_key(&place, mem, 3000),
                     mid = put_key(&place, mem, 2000);
    CHECK_OK(keyring_open(path_of(&place), &keys));
    CHECK_OK(keyring_list(keys, mem, &rows, &count));
    CHECK_INT(3, count);
    CHECK_STR(new, rows[0].kid);
    CHECK_STR(mid, rows[1].kid);
    CHECK_STR(old, rows[2].kid);
    CHECK_STR(STR("active"), rows[0].state);
    CHECK_STR(STR("valid"), rows[2].state);
    CHECK_INT(3000 * SECOND_US, rows[0].made_at);
    CHECK_OK(keyring_sign(keys, STR("text"), &kid, &s));
    CHECK_STR(new, kid);
    CHECK_OK(keyring_check(keys, new, STR("text"), &s));
    CHECK_END(ERR_DENIED, keyring_check(keys, old, STR("text"), &s));
    CHECK_END(ERR_MISSING, keyring_check(keys, STR("x"), STR("text"), &s));
    CHECK_END(ERR_MISSING, keyring_check(keys, str_slice(new, 0, 42), STR("text"), &s));
    CHECK_END(ERR_MISSING, keyring_check(keys, STR(""), STR("text"), &s));
}

TEST(keyring_jwks, shows_the_public_halves_and_nothing_else)
{
    AUTO(place) struct place place = place_new();
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(keyring) struct keyring *keys = NULL;
    struct json *tree = NULL;
    CHECK_OK(keyring_open(path_of(&place), &keys));
    struct str kid = { 0 }, kty = { 0 }, crv = { 0 }, alg = { 0 }, use = { 0 }, x = { 0 }, bytes;
    const struct str text = keyring_jwks(keys, mem);
    CHECK_OK(json_tree(text, &tree));
    const struct json *key = json_at(json_get(tree, "keys"), 0);
    CHECK_INT(1, json_size(json_get(tree, "keys")));
    CHECK_INT(7, json_size(key));
    CHECK(json_get_str(key, "kid", &kid) && json_get_str(key, "kty", &kty) && json_get_str(key, "crv", &crv));
    CHECK(json_get_str(key, "alg", &alg) && json_get_str(key, "use", &use) && json_get_str(key, "x", &x));
    CHECK_STR(keyring_active(keys), kid);
    CHECK_STR(STR("EC"), kty);
    CHECK_STR(STR("P-256"), crv);
    CHECK_STR(STR("ES256"), alg);
    CHECK_STR(STR("sig"), use);
    CHECK_OK(base64url_decode(mem, x, &bytes));
    CHECK_INT(32, bytes.len);
    json_tree_drop(&tree);
}

TEST(keyring_open, refuses_a_folder_and_a_file_that_others_may_read_or_change)
{
    static const mode_t open_modes[] = { 0640, 0604, 0620, 0602, 0610, 0601, 0644, 0666 };
    for (size_t i = 0; i < COUNT(open_modes); i++) {
        AUTO(place) struct place place = place_new();
        AUTO(arena) struct arena *mem = arena_new();
        AUTO(keyring) struct keyring *keys = NULL;
        const struct str kid = put_key(&place, mem, 1000);
        const char *file = arena_printf(mem, "%s/%.*s.pem", place.path, STR_ARG(kid)).ptr;
        CHECK(chmod(file, open_modes[i]) == 0);
        CHECK_END(ERR_INTERNAL, keyring_open(path_of(&place), &keys));
        CHECK(str_contains(str_of(note_get()->text), kid)); /* names the file */
        CHECK(chmod(file, 0600) == 0 && chmod(place.path, 0700 | (open_modes[i] & 077)) == 0);
        CHECK_END(ERR_INTERNAL, keyring_open(path_of(&place), &keys));
        CHECK(str_contains(str_of(note_get()->text), path_of(&place)));
        CHECK(chmod(place.path, 0700) == 0);
        CHECK_OK(keyring_open(path_of(&place), &keys));
    }
}

TEST(keyring_open, refuses_key_files_that_are_none)
{
    static const struct {
        const char *name;
        struct str text;
    } rows[] = {
        { "a.pem", STR("") },
        { "a.pem", STR("hello") },
        { ".pem.pem", STR("") },
        { "notes.pem", STR("-----BEGIN PRIVATE KEY-----\n") },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        AUTO(place) struct place place = place_new();
        AUTO(keyring) struct keyring *keys = NULL;
        const bool hidden = rows[i].name[0] == '.';
        put_file(&place, rows[i].name, rows[i].text, 0600);
        CHECK_END(hidden ? OK : ERR_INTERNAL, keyring_open(path_of(&place), &keys));
        if (!hidden)
            CHECK(str_contains(str_of(note_get()->text), str_of(rows[i].name)));
    }
}

TEST(keyring_open, refuses_a_key_under_the_name_of_another)
{
    AUTO(place) struct place place = place_new();
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(keyring) struct keyring *keys = NULL;
    const struct str kid = put_key(&place, mem, 1000);
    const struct str from = arena_printf(mem, "%s/%.*s.pem", place.path, STR_ARG(kid));
    CHECK(rename(from.ptr, arena_printf(mem, "%s/active.pem", place.path).ptr) == 0);
    CHECK_END(ERR_INTERNAL, keyring_open(path_of(&place), &keys));
    CHECK(str_contains(str_of(note_get()->text), STR("thumbprint")));
}

TEST(keyring_open, does_not_follow_a_link_to_a_key)
{
    AUTO(place) struct place place = place_new(), elsewhere = place_new();
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(keyring) struct keyring *keys = NULL;
    const struct str kid = put_key(&elsewhere, mem, 1000);
    CHECK(symlink(arena_printf(mem, "%s/%.*s.pem", elsewhere.path, STR_ARG(kid)).ptr,
                  arena_printf(mem, "%s/%.*s.pem", place.path, STR_ARG(kid)).ptr) == 0);
    CHECK_END(ERR_INTERNAL, keyring_open(path_of(&place), &keys));
}

TEST(keyring_open, passes_over_what_a_crash_left_and_names_a_folder_that_cannot_be_made)
{
    AUTO(place) struct place place = place_new();
    AUTO(keyring) struct keyring *keys = NULL, *none = NULL;
    put_file(&place, "unfinished", STR("-----BEGIN PRIV"), 0600);
    CHECK_OK(keyring_open(path_of(&place), &keys));
    CHECK_END(ERR_INTERNAL, keyring_open(STR("/nonexistent/keys"), &none));
    CHECK(str_contains(str_of(note_get()->text), STR("/nonexistent/keys")));
    CHECK_END(ERR_INTERNAL, keyring_open(STR("/dev/null"), &none));
    CHECK(none == NULL);
}

/* In a process of its own: open, and tell the kid through the pipe. */
static void open_and_tell(const struct place *place, int to)
{
    struct keyring *keys = NULL;
    if (keyring_open(path_of(place), &keys) == OK) {
        const struct str kid = keyring_active(keys);
        (void)!write(to, kid.ptr, kid.len);
    }
    _exit(0);
}

TEST(keyring_open, ends_with_one_key_when_many_processes_start_at_once)
{
    enum { PROCESSES = 8, KID = 43 };
    AUTO(place) struct place place = place_new();
    char kids[PROCESSES * KID + 1];
    int ends[2];
    size_t have = 0;
    CHECK(rmdir(place.path) == 0 && pipe(ends) == 0);
    for (int i = 0; i < PROCESSES; i++) {
        const pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0)
            open_and_tell(&place, ends[1]);
    }
    close(ends[1]);
    for (ssize_t got = 1; got > 0; have += (size_t)got)
        got = read(ends[0], kids + have, sizeof kids - have);
    close(ends[0]);
    while (wait(NULL) > 0)
        continue;
    CHECK_INT(PROCESSES * KID, have);
    for (int i = 1; i < PROCESSES; i++)
        CHECK(memcmp(kids, kids + i * KID, KID) == 0);
}

/* ---- refresh ---- */

TEST(refresh_read, takes_what_refresh_make_made_and_digests_it_alike)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct digest made, read, other;
    const struct str text = refresh_make(mem, &made), second = refresh_make(mem, &other);
    CHECK_INT(REFRESH_TEXT_LEN, text.len);
    CHECK_OK(refresh_read(text, &read));
    CHECK(digest_equal(&made, &read));
    CHECK(!digest_equal(&made, &other) && !str_equal(text, second));
}

TEST(refresh_read, refuses_every_other_form)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct digest made, read = { { 7 } };
    const struct str text = refresh_make(mem, &made);
    const struct str refused[] = {
        STR(""),
        (struct str){ 0 },
        str_slice(text, 0, 42),
        arena_printf(mem, "%.*sA", STR_ARG(text)),
        arena_printf(mem, "%.*s=", STR_ARG(text)),
        arena_printf(mem, "%.*s\n", STR_ARG(text)),
        arena_printf(mem, " %.*s", STR_ARG(str_slice(text, 1, 43))),
        arena_printf(mem, "%.*s+", STR_ARG(str_slice(text, 0, 42))),
        arena_printf(mem, "%.*s_", STR_ARG(str_slice(text, 0, 42))), /* bits that are left over */
        arena_printf(mem, "%.*s.", STR_ARG(str_slice(text, 0, 42))),
    };
    for (size_t i = 0; i < COUNT(refused); i++) {
        CHECK_END(ERR_UNAUTHENTICATED, refresh_read(refused[i], &read));
        CHECK_INT(WHY_REFRESH_INVALID, note_get()->why);
    }
    CHECK_INT(7, read.is[0]);
}

RUN_TESTS(CASE(key_thumbprint, is_that_of_rfc_7638),
          CASE(keyring_open, makes_a_closed_folder_and_one_key_and_finds_it_again),
          CASE(keyring_look, makes_nothing_and_finds_what_is_there),
          CASE(keyring_open, signs_with_the_newest_key_and_checks_with_all),
          CASE(keyring_jwks, shows_the_public_halves_and_nothing_else),
          CASE(keyring_open, refuses_a_folder_and_a_file_that_others_may_read_or_change),
          CASE(keyring_open, refuses_key_files_that_are_none),
          CASE(keyring_open, refuses_a_key_under_the_name_of_another),
          CASE(keyring_open, does_not_follow_a_link_to_a_key),
          CASE(keyring_open, passes_over_what_a_crash_left_and_names_a_folder_that_cannot_be_made),
          CASE(keyring_open, ends_with_one_key_when_many_processes_start_at_once),
          CASE(refresh_read, takes_what_refresh_make_made_and_digests_it_alike),
          CASE(refresh_read, refuses_every_other_form))
