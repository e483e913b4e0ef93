#include "config/config.h"
#include "base/arena.h"
#include "config/file.h"
#include "config/options.h"
#include "support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_MAX    16
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* One reading of settings, with files in a folder of its own. */
struct reading {
    const char *flags[WORDS_MAX], *environ[WORDS_MAX];
    const char *file, *dotenv; /* their text; NULL: there is none */
    size_t file_len;           /* 0: up to the NUL */
    struct config config;
    struct config_state *state;
    struct strs problems;
    enum err end;
    char folder[64], file_path[96], dotenv_path[96];
};

static void write_file(const char *path, const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(len, write(fd, text, len));
    close(fd);
}

static struct reading *read_it(struct reading *r)
{
    struct config_input in = { .argv = (char *const *)r->flags, .environ = (char *const *)r->environ };

    while (r->flags[in.argc] != NULL)
        in.argc++;
    snprintf(r->folder, sizeof r->folder, "/tmp/postern-config-XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    snprintf(r->file_path, sizeof r->file_path, "%s/postern.conf", r->folder);
    snprintf(r->dotenv_path, sizeof r->dotenv_path, "%s/.env", r->folder);
    if (r->file != NULL) {
        write_file(r->file_path, r->file, r->file_len > 0 ? r->file_len : strlen(r->file));
        in.file = r->file_path;
    }
    if (r->dotenv != NULL)
        write_file(r->dotenv_path, r->dotenv, strlen(r->dotenv));
    in.dotenv = r->dotenv_path;
    r->end = config_read(&in, &r->config, &r->state, &r->problems);
    return r;
}

static void reading_drop(struct reading *r)
{
    unlink(r->file_path);
    unlink(r->dotenv_path);
    rmdir(r->folder);
    config_drop(&r->config, &r->state);
}

/* READ(r, .flags = { "--listen=..." }, .file = "...") */
#define READ(name, ...)                                                                                                \
    __attribute__((cleanup(reading_drop))) struct reading name = { __VA_ARGS__ };                                      \
    read_it(&name)

static bool mentions(struct strs list, const char *part)
{
    for (size_t i = 0; i < list.count; i++)
        if (str_contains(list.items[i], str_of(part)))
            return true;
    return false;
}

static void check_mentions(struct strs list, const char *part)
{
    if (mentions(list, part))
        return;
    for (size_t i = 0; i < list.count; i++)
        print_error("  has: %.*s\n", STR_ARG(list.items[i]));
    FAIL_WITH("nothing says \"%s\"", part);
}

static void check_good(const struct reading *r)
{
    if (r->end != OK && r->problems.count > 0)
        print_error("  %.*s\n", STR_ARG(r->problems.items[0]));
    CHECK_INT(OK, r->end);
    CHECK_INT(0, r->problems.count);
}

static void check_bad(const struct reading *r, const char *part)
{
    CHECK_INT(ERR_INVALID, r->end);
    check_mentions(r->problems, part);
    CHECK(r->config.listen.ptr == NULL); /* untouched */
}

static const struct config_line *line_of(struct reading *r, const char *name)
{
    const struct config_line *lines;
    size_t count = config_lines(&r->config, r->state, &lines);

    for (size_t i = 0; i < count; i++)
        if (strcmp(lines[i].name, name) == 0)
            return &lines[i];
    FAIL_WITH("no line %s", name);
    return NULL;
}

static void check_origin_of(struct reading *r, const char *name, const char *ending)
{
    struct str origin = line_of(r, name)->origin;

    if (!str_ends(origin, str_of(ending)))
        FAIL_WITH("%s comes from \"%.*s\", not \"%s\"", name, STR_ARG(origin), ending);
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

TEST(options, every_row_has_its_words_and_a_default_that_it_takes)
{
    READ(r, .file = NULL);

    check_good(&r);
    CHECK(options_count > 25);
    for (size_t i = 0; i < options_count; i++) {
        const struct option *row = &options[i];
        CHECK(row->meaning != NULL && strlen(row->name) < OPTION_NAME_MAX);
        CHECK((row->fallback == NULL) != (row->fallback_words == NULL));
        CHECK((row->kind == OPTION_WORD) == (row->words != NULL));
        CHECK(row->kind != OPTION_LIST || row->check != NULL);
        CHECK(option_by_name(str_of(row->name)) == row);
        check_origin_of(&r, row->name, "default");
    }
}

TEST(options, defaults_are_those_of_the_contract)
{
    READ(r, .file = NULL);

    CHECK_STR(STR("127.0.0.1:8000"), r.config.listen);
    CHECK_STR(STR("sqlite:postern.db"), r.config.database_url);
    CHECK_STR(STR("http://127.0.0.1:8000"), r.config.issuer);
    CHECK_STR(STR("http://127.0.0.1:8000"), r.config.audience);
    CHECK_INT(PASSWORD_ARGON2ID, r.config.password_scheme);
    CHECK_INT(65536, r.config.argon2_m_kib);
    CHECK_INT(3, r.config.argon2_t);
    CHECK_INT(12, r.config.bcrypt_cost);
    CHECK_INT(8, r.config.password_min);
    CHECK_INT(100, r.config.password_max);
    CHECK_INT(2, r.config.password_score);
    CHECK_INT(900, r.config.access_ttl_s);
    CHECK_INT(1209600, r.config.refresh_ttl_s);
    CHECK_INT(2592000, r.config.session_ttl_s);
    CHECK_INT(PROFILE_DEVELOPMENT, r.config.profile);
    CHECK_INT(LOG_JSON, r.config.log_format);
    CHECK_INT(LOG_INFO, r.config.log_level);
    CHECK_INT(32, r.config.workers);
    CHECK_INT(0, r.config.hash_workers);
    CHECK_INT(0, r.config.cors_origins.count);
    CHECK_INT(0, r.config.trusted_proxies.count);
    CHECK(r.config.limits && r.config.docs);
}

TEST(options, flags_follow_from_the_names)
{
    static const struct {
        const char *name, *flag;
    } rows[] = {
        { "POSTERN_LISTEN", "listen" },
        { "DATABASE_URL", "database-url" },
        { "APP_NAME", "app-name" },
        { "POSTERN_ARGON2_M_KIB", "argon2-m-kib" },
    };
    char flag[OPTION_NAME_MAX];

    for (size_t i = 0; i < COUNT(rows); i++) {
        option_flag(option_by_name(str_of(rows[i].name)), flag);
        assert_string_equal(rows[i].flag, flag);
        CHECK(option_by_flag(str_of(flag)) == option_by_name(str_of(rows[i].name)));
    }
    CHECK(option_by_flag(STR("postern-listen")) == NULL);
    CHECK(option_by_flag(STR("Listen")) == NULL);
    CHECK(option_by_name(STR("postern_listen")) == NULL);
    CHECK(option_by_name(STR("")) == NULL);
}

TEST(options, nearest_finds_the_real_name_behind_a_slip)
{
    static const struct {
        const char *typed, *nearest;
    } rows[] = {
        { "POSTERN_LISEN", "POSTERN_LISTEN" },
        { "POSTERN_WORKRES", "POSTERN_WORKERS" },
        { "POSTERN_DATABASE_URL", "DATABASE_URL" },
        { "databse-url", "DATABASE_URL" },
        { "argon2-m", "POSTERN_ARGON2_T" },
        { "POSTERN_CORS_ORIGIN", "POSTERN_CORS_ORIGINS" },
        { "LISTEN", "POSTERN_LISTEN" },
        { "posternlisten", "POSTERN_LISTEN" },
    };
    char longest[5000];

    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(rows[i].nearest, option_nearest(str_of(rows[i].typed))->name);
    memset(longest, 'x', sizeof longest);
    CHECK(option_nearest((struct str){ longest, sizeof longest }) != NULL);
    CHECK(option_nearest(STR("")) != NULL);
}

/* --- where values come from -----------------------------------------------------------------------------------------
 */

TEST(config, takes_each_value_from_the_strongest_source)
{
    READ(r, .flags = { "--workers=1", "--max-connections", "11" },
         .environ = { "POSTERN_WORKERS=2", "POSTERN_HASH_WORKERS=2" },
         .file = "workers = 3\nPOSTERN_HASH_WORKERS = 3\nPOSTERN_HEAD_TIMEOUT = 3\n",
         .dotenv = "POSTERN_WORKERS=4\nPOSTERN_HASH_WORKERS=4\nPOSTERN_HEAD_TIMEOUT=4\nPOSTERN_BODY_TIMEOUT=4\n");

    check_good(&r);
    CHECK_INT(1, r.config.workers);
    CHECK_INT(2, r.config.hash_workers);
    CHECK_INT(3, r.config.head_timeout_s);
    CHECK_INT(4, r.config.body_timeout_s);
    CHECK_INT(11, r.config.max_connections);
    check_origin_of(&r, "POSTERN_WORKERS", "flag");
    check_origin_of(&r, "POSTERN_HASH_WORKERS", "environment");
    check_origin_of(&r, "POSTERN_HEAD_TIMEOUT", "postern.conf:3");
    CHECK(str_starts(line_of(&r, "POSTERN_HEAD_TIMEOUT")->origin, STR("file ")));
    check_origin_of(&r, "POSTERN_BODY_TIMEOUT", ".env:4");
    check_origin_of(&r, "POSTERN_DRAIN_TIMEOUT", "default");
}

TEST(config, tells_the_name_the_place_and_the_nearest_of_unknown_names)
{
    READ(r, .flags = { "--lisen=x", "--wrkers", "3", "--docs=on" },
         .environ = { "POSTERN_LISEN=x", "PATH=/bin", "APPNAME=x", "POSTERN_CONFIG=x" }, .file = "\nlog-levl = info\n",
         .dotenv = "OTHER_TOOL=1\nPOSTERN_DOC=on\n");

    check_bad(&r, "--lisen (flag): unknown; the nearest is --listen");
    check_bad(&r, "--wrkers (flag): unknown; the nearest is --workers");
    check_bad(&r, "POSTERN_LISEN (environment): unknown; the nearest is POSTERN_LISTEN");
    check_bad(&r, "postern.conf:2): unknown; the nearest is POSTERN_LOG_LEVEL");
    check_bad(&r, ".env:2): unknown; the nearest is POSTERN_DOCS");
    CHECK_INT(5, r.problems.count);
}

TEST(config, refuses_flags_without_value_twice_or_out_of_form)
{
    static const struct {
        const char *flags[4], *says;
    } rows[] = {
        { { "--listen" }, "POSTERN_LISTEN (flag): --listen needs a value" },
        { { "--listen", "--workers=3" }, "POSTERN_LISTEN (flag): --listen needs a value" },
        { { "--workers=3", "--workers=3" }, "POSTERN_WORKERS (flag): given twice" },
        { { "--workers=3", "--workers", "4" }, "POSTERN_WORKERS (flag): given twice" },
        { { "workers=3" }, "\"workers=3\" (flag): settings are given as --name=value" },
        { { "-w", "3" }, "\"-w\" (flag)" },
        { { "--" }, "-- (flag): unknown" },
        { { "--=3" }, "-- (flag): unknown" },
        { { "--workers=" }, "POSTERN_WORKERS (flag): must be a whole number" },
        { { "--listen=" }, "POSTERN_LISTEN (flag): must be" },
        { { "--POSTERN_LISTEN=127.0.0.1:1" }, "unknown" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        READ(r, .flags = { rows[i].flags[0], rows[i].flags[1], rows[i].flags[2] });
        check_bad(&r, rows[i].says);
    }
}

TEST(config, a_value_may_hold_an_equals_sign)
{
    READ(r, .flags = { "--app-name=a=b" }, .environ = { "POSTERN_AUDIENCE=c=d" }, .file = "data-dir = e=f\n");

    check_good(&r);
    CHECK_STR(STR("a=b"), r.config.app_name);
    CHECK_STR(STR("c=d"), r.config.audience);
    CHECK_STR(STR("e=f"), r.config.data_dir);
}

TEST(config, tells_all_problems_at_once)
{
    READ(r, .flags = { "--workers=0" }, .environ = { "POSTERN_LIMITS=yes", "POSTERN_NOTHING=1" },
         .file = "broken\nlisten = nowhere\n");

    CHECK_INT(5, r.problems.count);
    check_bad(&r, "POSTERN_WORKERS (flag): must be a whole number from 1 to 256, not \"0\"");
    check_bad(&r, "POSTERN_LIMITS (environment): must be on or off, not \"yes\"");
    check_bad(&r, "POSTERN_NOTHING");
    check_bad(&r, "postern.conf:1: the line is not `name = value`");
    check_bad(&r, "postern.conf:2): must be an address and a port");
}

TEST(config, counts_problems_past_the_fiftieth_and_keeps_its_memory_bounded)
{
    char text[CONFIG_FILE_MAX + 1];

    for (size_t i = 0; i < CONFIG_FILE_MAX; i += 2)
        memcpy(text + i, "x\n", 2);
    text[CONFIG_FILE_MAX] = '\0';
    READ(r, .file = text);
    CHECK_INT(51, r.problems.count);
    check_bad(&r, "and 32718 more");
}

/* --- files -------------------------------------------------------------------------------------------------------- */

TEST(config_file, takes_names_flags_quotes_comments_and_both_line_ends)
{
    READ(r, .file = "# a comment\r\n"
                    "\t # another\n"
                    "POSTERN_LISTEN=127.0.0.1:1\r\n"
                    "  workers\t=  7  \n"
                    "app-name = \"A # 'b' \\n\" # why\n"
                    "issuer='http://a.example/x'\n"
                    "audience = it's \"fine\"\n"
                    "tls-cert = \"\"\n"
                    "tls-key =\n"
                    "data-dir = /last#line");

    check_good(&r);
    CHECK_STR(STR("127.0.0.1:1"), r.config.listen);
    CHECK_INT(7, r.config.workers);
    CHECK_STR(STR("A # 'b' \\n"), r.config.app_name);
    CHECK_STR(STR("http://a.example/x"), r.config.issuer);
    CHECK_STR(STR("it's \"fine\""), r.config.audience);
    CHECK_STR(STR("/last#line"), r.config.data_dir);
    CHECK_INT(0, r.config.tls_key.len);
}

TEST(config_file, refuses_lines_that_could_be_meant_otherwise)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        { "listen", ":1: the line is not `name = value`" },
        { "= 3", ":1: no name stands before the =" },
        { "app-name = \"open", ":1: the quote is not closed" },
        { "app-name = '", ":1: the quote is not closed" },
        { "app-name = 'a\"", ":1: the quote is not closed" },
        { "app-name = \"a\" b", ":1: something stands after the closing quote" },
        { "app-name = \"a\" \"b\"", ":1: something stands after the closing quote" },
        { "app-name = a # b", ":1: a comment stands on a line of its own" },
        { "app-name = a\t#b", ":1: a comment stands on a line of its own" },
        { "app-name = #b", ":1: a comment stands on a line of its own" },
        { "\n\napp-name = a\001", ":3: the line holds a control character" },
        { "app-name = a\rb", ":1: the line holds a control character" },
        { "app-name = \"\x7f\"", ":1: the line holds a control character" },
        { "app-name = \xff", ":1: the line is not UTF-8" },
        { "# \xff", ":1: the line is not UTF-8" },
        { "export APP_NAME=a", "export APP_NAME (file " },
        { "Listen = 127.0.0.1:1", "Listen (file " },
        { "--listen = 127.0.0.1:1", "--listen (file " },
        { "workers = 3\nworkers = 3", ":2): given twice" },
        { "workers = 3\nPOSTERN_WORKERS = 4", ":2): given twice" },
        { "app-name = \"\"", ":1): must be 1 to 64 bytes" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        READ(r, .file = rows[i].text);
        check_bad(&r, rows[i].says);
        CHECK_INT(1, r.problems.count);
    }
}

TEST(config_file, refuses_a_nul_in_a_line_and_in_a_comment)
{
    READ(value, .file = "app-name = a\0b\n", .file_len = 15);
    READ(comment, .file = "# a\0b\n", .file_len = 6);

    check_bad(&value, ":1: the line holds a NUL byte");
    check_bad(&comment, ":1: the line holds a NUL byte");
}

TEST(config_file, takes_a_line_of_4096_bytes_and_none_of_4097)
{
    static const size_t lengths[] = { CONFIG_LINE_MAX - 1, CONFIG_LINE_MAX, CONFIG_LINE_MAX + 1 };

    for (size_t i = 0; i < COUNT(lengths); i++) {
        char text[CONFIG_LINE_MAX + 2] = "#";
        memset(text + 1, 'x', lengths[i] - 1);
        READ(r, .file = text);
        if (lengths[i] <= CONFIG_LINE_MAX)
            check_good(&r);
        else
            check_bad(&r, ":1: the line is longer than 4096 bytes");
    }
}

TEST(config_file, takes_a_file_of_65536_bytes_and_none_of_65537)
{
    static const size_t lengths[] = { CONFIG_FILE_MAX - 1, CONFIG_FILE_MAX, CONFIG_FILE_MAX + 1 };
    char text[CONFIG_FILE_MAX + 1];

    memset(text, '\n', sizeof text);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        READ(r, .file = text, .file_len = lengths[i]);
        if (lengths[i] <= CONFIG_FILE_MAX)
            check_good(&r);
        else
            check_bad(&r, "longer than 65536 bytes");
    }
}

static void check_file_end(enum err end, const char *path, const char *says)
{
    struct arena *mem = arena_new();
    struct str text = { 0 };

    CHECK_END(end, config_file_read(mem, path, &text));
    CHECK(text.ptr == NULL);
    CHECK(str_contains(str_of(note_get()->text), str_of(says)));
    arena_drop(&mem);
}

TEST(config_file, tells_why_a_file_is_not_read)
{
    char fifo[] = "/tmp/postern-fifo-XXXXXX";

    check_file_end(ERR_MISSING, "/nowhere/postern.conf", "/nowhere/postern.conf: No such file");
    check_file_end(ERR_INVALID, "/", "not a regular file");
    check_file_end(ERR_INVALID, "/dev/null", "not a regular file");
    check_file_end(ERR_INVALID, "/dev/null/postern.conf", "Not a directory");
    close(mkstemp(fifo));
    unlink(fifo);
    assert_int_equal(0, mkfifo(fifo, 0600));
    check_file_end(ERR_INVALID, fifo, "not a regular file"); /* and does not wait for a writer */
    unlink(fifo);
}

TEST(config_file, is_refused_when_it_was_named_and_is_missing)
{
    struct config_input in = { .file = "/nowhere/postern.conf" };
    struct config config = { 0 };
    struct config_state *s = NULL;
    struct strs problems;

    CHECK_END(ERR_INVALID, config_read(&in, &config, &s, &problems));
    check_mentions(problems, "config file /nowhere/postern.conf: No such file");
    config_drop(&config, &s);
    CHECK(s == NULL);
}

/* --- .env --------------------------------------------------------------------------------------------------------- */

TEST(dotenv, is_read_in_development_only)
{
    READ(development, .environ = { "POSTERN_PROFILE=development" }, .dotenv = "APP_NAME=dot");
    READ(by_flag, .flags = { "--profile=production" }, .dotenv = "APP_NAME=dot\nbroken");
    READ(by_file, .file = "profile = production", .dotenv = "APP_NAME=dot");

    check_good(&development);
    CHECK_STR(STR("dot"), development.config.app_name);
    check_good(&by_flag);
    CHECK_STR(STR("Postern"), by_flag.config.app_name);
    check_mentions(config_warnings(&by_flag.config, by_flag.state), ".env of the working folder is not read");
    CHECK_STR(STR("Postern"), by_file.config.app_name);
}

TEST(dotenv, can_not_decide_the_profile)
{
    READ(production, .dotenv = "POSTERN_PROFILE=production");
    READ(development, .dotenv = "POSTERN_PROFILE=development");

    check_bad(&production, ".env:1): can't be set here");
    check_bad(&development, ".env:1): can't be set here");
}

TEST(dotenv, takes_names_of_the_environment_only)
{
    READ(r, .dotenv = "listen=127.0.0.1:1\nNODE_ENV=x\n");

    check_good(&r);
    CHECK_STR(STR("127.0.0.1:8000"), r.config.listen);
}

TEST(dotenv, that_is_missing_is_no_problem)
{
    READ(r, .flags = { "--profile=production" });

    check_good(&r);
    CHECK(!mentions(config_warnings(&r.config, r.state), ".env"));
}

/* --- bounds ------------------------------------------------------------------------------------------------------- */

static enum err end_with(const struct option *row, const char *value)
{
    char pair[8192];

    snprintf(pair, sizeof pair, "%s=%s", row->name, value);
    bool is_access = row->offset == offsetof(struct config, access_ttl_s);
    bool is_longer =
        row->offset == offsetof(struct config, refresh_ttl_s) || row->offset == offsetof(struct config, session_ttl_s);
    bool is_rotation = row->offset == offsetof(struct config, key_rotation_s);
    READ(r, .environ = { pair, is_access     ? "POSTERN_REFRESH_TTL=31536000"
                               : is_longer   ? "POSTERN_ACCESS_TTL=1"
                               : is_rotation ? "POSTERN_KEY_LEAD=1"
                                             : NULL });
    return r.end;
}

TEST(bounds, every_number_is_taken_at_its_bounds_and_refused_past_them)
{
    size_t numbers = 0;

    for (size_t i = 0; i < options_count; i++) {
        const struct option *row = &options[i];
        const struct {
            int64_t value;
            enum err end;
        } tries[] = {
            { row->min - 1, ERR_INVALID }, { row->min, OK }, { row->min + 1, OK },
            { row->max - 1, OK },          { row->max, OK }, { row->max + 1, ERR_INVALID },
        };
        if (row->kind != OPTION_INT)
            continue;
        numbers++;
        for (size_t t = 0; t < COUNT(tries); t++) {
            char text[32];
            snprintf(text, sizeof text, "%lld", (long long)tries[t].value);
            if (end_with(row, text) != tries[t].end)
                FAIL_WITH("%s=%s", row->name, text);
        }
    }
    CHECK(numbers >= 14);
}

TEST(bounds, numbers_are_decimal_digits_and_nothing_else)
{
    static const char *const bad[] = { "",    " 4",      "4 ",  "+4",   "-4", "0x4",
                                       "04",  "4.0",     "4e0", "four", "4s", "99999999999999999999",
                                       "4\n", "\xd9\xa4" };

    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_INT(ERR_INVALID, end_with(option_by_name(STR("POSTERN_WORKERS")), bad[i]));
    CHECK_INT(OK, end_with(option_by_name(STR("POSTERN_WORKERS")), "4"));
    CHECK_INT(OK, end_with(option_by_name(STR("POSTERN_HASH_WORKERS")), "0"));
}

TEST(bounds, every_text_is_refused_past_its_bytes)
{
    char text[2048];

    for (size_t i = 0; i < options_count; i++) {
        const struct option *row = &options[i];
        if (row->kind != OPTION_TEXT || row->check != NULL || row->min == 0)
            continue;
        memset(text, 'x', sizeof text);
        text[row->max + 1] = '\0';
        CHECK_INT(ERR_INVALID, end_with(row, text));
        text[row->max] = '\0';
        CHECK_INT(OK, end_with(row, text));
        text[row->max - 1] = '\0';
        CHECK_INT(OK, end_with(row, text));
        CHECK_INT(ERR_INVALID, end_with(row, ""));
        CHECK_INT(ERR_INVALID, end_with(row, "a\nb"));
        CHECK_INT(ERR_INVALID, end_with(row, "a\xc3"));
    }
}

TEST(bounds, words_and_switches_are_exact)
{
    static const struct {
        const char *name, *value;
        enum err end;
    } rows[] = {
        { "POSTERN_LIMITS", "on", OK },
        { "POSTERN_LIMITS", "off", OK },
        { "POSTERN_LIMITS", "ON", ERR_INVALID },
        { "POSTERN_LIMITS", "true", ERR_INVALID },
        { "POSTERN_LIMITS", "1", ERR_INVALID },
        { "POSTERN_LIMITS", "", ERR_INVALID },
        { "POSTERN_PASSWORD_SCHEME", "bcrypt", OK },
        { "POSTERN_PASSWORD_SCHEME", "argon2", ERR_INVALID },
        { "POSTERN_PASSWORD_SCHEME", "bcrypt ", ERR_INVALID },
        { "POSTERN_PROFILE", "production", OK },
        { "POSTERN_PROFILE", "prod", ERR_INVALID },
        { "POSTERN_LOG_FORMAT", "text", OK },
        { "POSTERN_LOG_FORMAT", "Text", ERR_INVALID },
        { "POSTERN_LOG_LEVEL", "error", OK },
        { "POSTERN_LOG_LEVEL", "fatal", ERR_INVALID },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        if (end_with(option_by_name(str_of(rows[i].name)), rows[i].value) != rows[i].end)
            FAIL_WITH("%s=%s", rows[i].name, rows[i].value);
}

static void check_row(const char *name, const char *value, bool good)
{
    if ((end_with(option_by_name(str_of(name)), value) == OK) != good)
        FAIL_WITH("%s=%s should be %s", name, value, good ? "taken" : "refused");
}

TEST(bounds, addresses_origins_and_networks_have_one_form)
{
    static const struct {
        const char *name, *value;
        bool good;
    } rows[] = {
        { "POSTERN_LISTEN", "127.0.0.1:0", true },
        { "POSTERN_LISTEN", "0.0.0.0:65535", true },
        { "POSTERN_LISTEN", "[::1]:8000", true },
        { "POSTERN_LISTEN", "127.0.0.1:65536", false },
        { "POSTERN_LISTEN", "127.0.0.1", false },
        { "POSTERN_LISTEN", "127.0.0.1:", false },
        { "POSTERN_LISTEN", ":8000", false },
        { "POSTERN_LISTEN", "8000", false },
        { "POSTERN_LISTEN", "localhost:8000", false },
        { "POSTERN_LISTEN", "::1:8000", false },
        { "POSTERN_LISTEN", "[127.0.0.1]:8000", false },
        { "POSTERN_LISTEN", "[::1]", false },
        { "POSTERN_LISTEN", "[]:1", false },
        { "POSTERN_LISTEN", "256.0.0.1:1", false },
        { "POSTERN_LISTEN", "127.0.0.1:+1", false },
        { "DATABASE_URL", "sqlite:x.db", true },
        { "DATABASE_URL", "postgresql+psycopg2://u:p@h/d", true },
        { "DATABASE_URL", "sqlite:", false },
        { "DATABASE_URL", "mysql://h/d", false },
        { "DATABASE_URL", "x.db", false },
        { "POSTERN_ISSUER", "https://auth.example.com", true },
        { "POSTERN_ISSUER", "https://auth.example.com:8443/a/b", true },
        { "POSTERN_ISSUER", "http://[::1]:8000", true },
        { "POSTERN_ISSUER", "auth.example.com", false },
        { "POSTERN_ISSUER", "https://", false },
        { "POSTERN_ISSUER", "https://a.example?x", false },
        { "POSTERN_ISSUER", "https://a.example/#x", false },
        { "POSTERN_ISSUER", "https://a.example/ x", false },
        { "POSTERN_ISSUER", "https://u@a.example", false },
        { "POSTERN_ISSUER", "https://A.example", false },
        { "POSTERN_ISSUER", "https://a.example:x", false },
        { "POSTERN_ISSUER", "ftp://a.example", false },
        { "POSTERN_CORS_ORIGINS", "", true },
        { "POSTERN_CORS_ORIGINS", "https://a.example", true },
        { "POSTERN_CORS_ORIGINS", "https://a.example, http://localhost:3000", true },
        { "POSTERN_CORS_ORIGINS", "https://a.example:8443", true },
        { "POSTERN_CORS_ORIGINS", "*", false },
        { "POSTERN_CORS_ORIGINS", "null", false },
        { "POSTERN_CORS_ORIGINS", "https://*.example", false },
        { "POSTERN_CORS_ORIGINS", "https://a.example/", false },
        { "POSTERN_CORS_ORIGINS", "https://a.example:443", false },
        { "POSTERN_CORS_ORIGINS", "http://a.example:80", false },
        { "POSTERN_CORS_ORIGINS", "https://a.example:0", false },
        { "POSTERN_CORS_ORIGINS", "https://a.example:", false },
        { "POSTERN_CORS_ORIGINS", "https://a.example,", false },
        { "POSTERN_CORS_ORIGINS", ",", false },
        { "POSTERN_RP_ID", "localhost", true },
        { "POSTERN_RP_ID", "com", false },
        { "POSTERN_RP_ID", "Example.com", false },
        { "POSTERN_RP_ID", "example.com.", false },
        { "POSTERN_RP_ID", "example..com", false },
        { "POSTERN_RP_ID", ".example.com", false },
        { "POSTERN_RP_ID", "https://example.com", false },
        { "POSTERN_RP_ID", "example.com:443", false },
        { "POSTERN_RP_ID", "*.example.com", false },
        { "POSTERN_RP_ID", "127.0.0.1", false },
        { "POSTERN_RP_ID", "[::1]", false },
        { "POSTERN_RP_ID", "", false },
        { "POSTERN_ORIGINS", "https://example.com,http://localhost:8000", true },
        { "POSTERN_ORIGINS", "http://localhost,android:apk-key-hash:-sYXRdwJA3hvue3mKpYrOZ9zSPC7b4mbgzJmdZEDO5w",
          true },
        { "POSTERN_ORIGINS", "http://localhost,android:apk-key-hash:-sYXRdwJA3hvue3mKpYrOZ9zSPC7b4mbgzJmdZEDO5",
          false },
        { "POSTERN_ORIGINS",
          "http://localhost,android:apk-key-hash:-sYXRdwJA3hvue3mKpYrOZ9zSPC7b4mbgzJmdZEDO5=", false },
        { "POSTERN_ORIGINS", "http://localhost,https://*.example.com", false },
        { "POSTERN_ORIGINS", "http://localhost,https://example.com/", false },
        { "POSTERN_ORIGINS", "http://localhost,example.com", false },
        { "POSTERN_ORIGINS", "", false },
        { "POSTERN_AAGUIDS_DENIED", "08987058-cadc-4b81-b6e1-30de50dcbe96", true },
        { "POSTERN_AAGUIDS_DENIED", "08987058-CADC-4b81-b6e1-30de50dcbe96", false },
        { "POSTERN_AAGUIDS_DENIED", "08987058cadc4b81b6e130de50dcbe96", false },
        { "POSTERN_TRUSTED_PROXIES", "", true },
        { "POSTERN_TRUSTED_PROXIES", "10.0.0.0/8,::1/128", true },
        { "POSTERN_TRUSTED_PROXIES", "127.0.0.1/32", true },
        { "POSTERN_TRUSTED_PROXIES", "0.0.0.0/0", true },
        { "POSTERN_TRUSTED_PROXIES", "2001:db8::/32", true },
        { "POSTERN_TRUSTED_PROXIES", "127.0.0.1", false },
        { "POSTERN_TRUSTED_PROXIES", "10.0.0.0/33", false },
        { "POSTERN_TRUSTED_PROXIES", "::/129", false },
        { "POSTERN_TRUSTED_PROXIES", "10.0.0.1/8", false },
        { "POSTERN_TRUSTED_PROXIES", "2001:db8::1/64", false },
        { "POSTERN_TRUSTED_PROXIES", "10.0.0.0/", false },
        { "POSTERN_TRUSTED_PROXIES", "10.0.0.0/8 ,", false },
        { "POSTERN_TRUSTED_PROXIES", "proxy.example/32", false },
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        check_row(rows[i].name, rows[i].value, rows[i].good);
}

TEST(bounds, lists_hold_64_items_and_no_65th)
{
    static const size_t counts[] = { LIST_ITEMS_MAX - 1, LIST_ITEMS_MAX, LIST_ITEMS_MAX + 1 };

    for (size_t i = 0; i < COUNT(counts); i++) {
        char list[2048] = "";
        for (size_t n = 0; n < counts[i]; n++)
            snprintf(list + strlen(list), sizeof list - strlen(list), "%shttp://a%zu.b", n > 0 ? "," : "", n);
        check_row("POSTERN_CORS_ORIGINS", list, counts[i] <= LIST_ITEMS_MAX);
    }
}

TEST(bounds, settings_that_contradict_each_other_are_refused)
{
    READ(cert, .flags = { "--tls-cert=a.pem" });
    READ(key, .flags = { "--tls-key=a.pem" });
    READ(shorter, .flags = { "--access-ttl=100", "--refresh-ttl=99" });
    READ(equal, .flags = { "--access-ttl=100", "--refresh-ttl=100" });

    check_bad(&cert, "POSTERN_TLS_CERT and POSTERN_TLS_KEY");
    check_bad(&key, "POSTERN_TLS_CERT and POSTERN_TLS_KEY");
    READ(over, .flags = { "--access-ttl=100", "--session-ttl=99" });

    check_bad(&shorter, "POSTERN_REFRESH_TTL (99 s)");
    check_bad(&over, "POSTERN_SESSION_TTL (99 s)");
    check_good(&equal);
}

/* --- values that follow from others --------------------------------------------------------------------------------
 */

TEST(config, works_out_who_brings_the_schema_up_to_date)
{
    READ(sqlite, .flags = { "--database-url=sqlite:x.db" });
    READ(postgres, .flags = { "--database-url=postgresql+psycopg2://u:p@h/d" });
    READ(asked, .flags = { "--database-url=postgresql://u:p@h/d", "--migrate=on" });
    READ(refused, .flags = { "--migrate=off" });

    CHECK(sqlite.config.migrate && asked.config.migrate);
    CHECK(!postgres.config.migrate && !refused.config.migrate);
}

TEST(config, works_out_the_issuer_the_audience_and_the_docs_page)
{
    READ(tls, .flags = { "--tls-cert=c", "--tls-key=k", "--listen=[::1]:8443" });
    READ(named, .flags = { "--issuer=https://a.example" });
    READ(apart, .flags = { "--issuer=https://a.example", "--audience=api" });
    READ(production, .flags = { "--profile=production" });
    READ(asked, .flags = { "--profile=production", "--docs=on" });

    CHECK_STR(STR("https://[::1]:8443"), tls.config.issuer);
    CHECK_STR(STR("https://a.example"), named.config.audience);
    CHECK_STR(STR("api"), apart.config.audience);
    CHECK(!production.config.docs);
    CHECK(asked.config.docs);
}

TEST(config, works_out_what_passkeys_belong_to)
{
    static const struct {
        const char *flags[2], *rp_id, *origin;
    } rows[] = {
        { { NULL }, "localhost", "http://localhost:8000" },
        { { "--listen=[::1]:0" }, "localhost", "http://localhost:0" },
        { { "--issuer=https://10.0.0.1:8443/x" }, "localhost", "https://localhost:8443" },
        { { "--issuer=https://auth.example.com/x" }, "auth.example.com", "https://auth.example.com" },
        { { "--issuer=https://auth.example.com:8443" }, "auth.example.com", "https://auth.example.com:8443" },
        { { "--issuer=https://auth.example.com", "--rp-id=example.com" }, "example.com", "https://auth.example.com" },
        { { "--rp-id=example.com", "--origins=https://example.com" }, "example.com", "https://example.com" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        READ(r, .flags = { rows[i].flags[0], rows[i].flags[1] });
        check_good(&r);
        CHECK_STR(str_of(rows[i].rp_id), r.config.rp_id);
        CHECK_INT(1, r.config.origins.count);
        CHECK_STR(str_of(rows[i].origin), r.config.origins.items[0]);
    }
}

TEST(config, refuses_what_makes_no_sense_of_passkeys)
{
    static const struct {
        const char *flags[3], *names;
    } rows[] = {
        { { "--rp-id=example.com" }, "POSTERN_ORIGINS" },
        { { "--rp-id=example.com", "--origins=https://notexample.com,https://example.com.evil.org" },
          "POSTERN_ORIGINS" },
        { { "--attestation=required" }, "POSTERN_ATTESTATION_ROOTS" },
        { { "--aaguids-allowed=08987058-cadc-4b81-b6e1-30de50dcbe96" }, "POSTERN_AAGUIDS_ALLOWED" },
        { { "--attestation-mds=x" }, "POSTERN_ATTESTATION_MDS_ROOT" },
        { { "--attestation-mds-root=x" }, "POSTERN_ATTESTATION_MDS_ROOT" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        READ(r, .flags = { rows[i].flags[0], rows[i].flags[1], rows[i].flags[2] });
        CHECK_INT(1, r.problems.count);
        check_mentions(r.problems, rows[i].names);
    }
}

/* --- what production refuses -----------------------------------------------------------------------------------------
 */

#define FIT                                                                                                            \
    "profile = production\nissuer = https://a.example\ntrusted-proxies = 10.0.0.0/8\npassword-min = 12\n"              \
    "cors-origins = https://b.example\nmaster-key-file = /nowhere/key\n"

TEST(production, starts_on_safe_settings_without_a_word)
{
    READ(proxy, .file = FIT);
    READ(tls, .file = FIT "tls-cert = c\ntls-key = k\n", .flags = { "--trusted-proxies=" });

    check_good(&proxy);
    CHECK_INT(0, config_unsafe(&proxy.config, proxy.state).count);
    CHECK_INT(0, config_warnings(&proxy.config, proxy.state).count);
    check_good(&tls);
    CHECK_INT(0, config_unsafe(&tls.config, tls.state).count);
}

TEST(production, refuses_each_unsafe_setting_by_name)
{
    static const struct {
        const char *flags[3], *names;
    } rows[] = {
        { { "--limits=off" }, "POSTERN_LIMITS" },
        { { "--issuer=http://a.example" }, "POSTERN_ISSUER" },
        { { "--issuer=http://127.0.0.1:8000" }, "POSTERN_ISSUER" },
        { { "--trusted-proxies=" }, "POSTERN_TLS_CERT and POSTERN_TRUSTED_PROXIES" },
        { { "--trusted-proxies=10.0.0.0/8,0.0.0.0/0" }, "POSTERN_TRUSTED_PROXIES" },
        { { "--trusted-proxies=::/0" }, "POSTERN_TRUSTED_PROXIES" },
        { { "--argon2-m-kib=19455", "--argon2-t=2" }, "POSTERN_ARGON2_M_KIB" },
        { { "--argon2-m-kib=19456", "--argon2-t=1" }, "POSTERN_ARGON2_T" },
        { { "--password-scheme=bcrypt", "--bcrypt-cost=11" }, "POSTERN_BCRYPT_COST" },
        { { "--cors-origins=https://b.example,http://c.example" }, "POSTERN_CORS_ORIGINS" },
        { { "--origins=https://a.example,http://c.example" }, "POSTERN_ORIGINS" },
        { { "--master-key-file=" }, "POSTERN_MASTER_KEY_FILE" },
        { { "--master-key-file=/etc/../etc/hostname", "--data-dir=/etc" }, "POSTERN_MASTER_KEY_FILE" },
        { { "--database-url=postgresql://u:p@db.example/d" }, "DATABASE_URL" },
        { { "--database-url=postgresql://u:p@127.0.0.1,db.example/d?sslmode=require" }, "DATABASE_URL" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        READ(r, .file = FIT, .flags = { rows[i].flags[0], rows[i].flags[1] });
        check_good(&r);
        CHECK_INT(1, config_unsafe(&r.config, r.state).count);
        check_mentions(config_unsafe(&r.config, r.state), rows[i].names);
    }
}

TEST(production, takes_what_lies_on_the_floor_and_ignores_the_other_scheme)
{
    static const char *const rows[][3] = {
        { "--argon2-m-kib=19456", "--argon2-t=2" },
        { "--password-scheme=bcrypt", "--bcrypt-cost=12" },
        { "--bcrypt-cost=10" },
        { "--password-scheme=bcrypt", "--argon2-t=1" },
        { "--docs=on" },
        { "--database-url=postgresql://u:p@localhost/d" },
        { "--database-url=postgresql://u:p@db.example/d?sslmode=verify-full" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        READ(r, .file = FIT, .flags = { rows[i][0], rows[i][1] });
        check_good(&r);
        CHECK_INT(0, config_unsafe(&r.config, r.state).count);
    }
}

TEST(production, reads_the_environment_of_libpq_too)
{
    READ(guarded, .file = FIT "database-url = postgresql://u@db.example/d\n", .environ = { "PGSSLMODE=verify-full" });
    READ(elsewhere, .file = FIT "database-url = postgresql:///d\n", .environ = { "PGHOST=db.example" });

    CHECK_INT(0, config_unsafe(&guarded.config, guarded.state).count);
    CHECK_INT(1, config_unsafe(&elsewhere.config, elsewhere.state).count);
}

TEST(production, names_all_that_is_missing_on_the_defaults)
{
    READ(r, .flags = { "--profile=production", "--limits=off" });
    struct strs unsafe = config_unsafe(&r.config, r.state);

    CHECK_INT(4, unsafe.count);
    check_mentions(unsafe, "POSTERN_MASTER_KEY_FILE");
    check_mentions(unsafe, "POSTERN_LIMITS");
    check_mentions(unsafe, "POSTERN_ISSUER");
    check_mentions(unsafe, "POSTERN_TLS_CERT");
}

/* A flag would show it to everybody who may list processes, a file is what POSTERN_MASTER_KEY_FILE is for. */
TEST(master_key, is_taken_from_the_environment_and_from_nowhere_else)
{
    READ(given, .environ = { "POSTERN_MASTER_KEY=0123", "CREDENTIALS_DIRECTORY=/nowhere" });
    READ(flag, .flags = { "--master-key=0123" });
    READ(file, .file = "POSTERN_MASTER_KEY = 0123\n");
    READ(fit, .file = FIT, .environ = { "POSTERN_MASTER_KEY=0123" }, .flags = { "--master-key-file=" });

    check_good(&given);
    CHECK_STR(STR("0123"), given.config.master_key);
    CHECK(given.config.master_key_credential.ptr == NULL);
    check_mentions(config_warnings(&given.config, given.state), "POSTERN_MASTER_KEY is in the environment");
    CHECK_INT(ERR_INVALID, flag.end);
    CHECK_INT(ERR_INVALID, file.end);
    CHECK_INT(0, config_unsafe(&fit.config, fit.state).count);
}

TEST(master_key, is_found_among_the_credentials_of_systemd)
{
    char folder[] = "/tmp/postern-credentials-XXXXXX", name[96], pair[96];

    assert_non_null(mkdtemp(folder));
    snprintf(name, sizeof name, "%s/postern-master-key", folder);
    snprintf(pair, sizeof pair, "CREDENTIALS_DIRECTORY=%s", folder);
    write_file(name, "x", 1);
    READ(r, .file = FIT, .environ = { pair }, .flags = { "--master-key-file=" });
    unlink(name);
    rmdir(folder);
    CHECK_STR(str_of(name), r.config.master_key_credential);
    CHECK_INT(0, config_unsafe(&r.config, r.state).count);
}

TEST(keys, are_followed_no_sooner_than_they_are_published)
{
    READ(bad, .flags = { "--key-rotation=60", "--key-lead=61" });
    READ(never, .flags = { "--key-rotation=0", "--token-alg=EdDSA" });

    check_bad(&bad, "POSTERN_KEY_ROTATION (60 s): must be 0 or at least POSTERN_KEY_LEAD (61 s)");
    check_good(&never);
    CHECK(never.config.token_alg == ALGORITHM_EDDSA);
}

TEST(production, is_not_asked_of_development)
{
    READ(r, .flags = { "--limits=off", "--argon2-m-kib=8", "--argon2-t=1" });

    CHECK_INT(0, config_unsafe(&r.config, r.state).count);
}

TEST(warnings, name_what_is_worth_a_look)
{
    static const struct {
        const char *file, *flags[3], *says;
    } rows[] = {
        { FIT, { "--password-min=11" }, "POSTERN_PASSWORD_MIN" },
        { FIT, { "--password-score=1" }, "POSTERN_PASSWORD_SCORE" },
        { FIT, { "--access-ttl=3601" }, "POSTERN_ACCESS_TTL" },
        { NULL, { "--limits=off" }, "POSTERN_LIMITS" },
        { NULL, { "--listen=10.0.0.1:8000" }, "POSTERN_PROFILE" },
        { FIT, { "--listen=0.0.0.0:8000" }, NULL },
        { NULL, { "--listen=127.0.0.2:8000", "--access-ttl=3600" }, NULL },
        { NULL, { "--listen=[::1]:8000" }, NULL },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        READ(r, .file = rows[i].file, .flags = { rows[i].flags[0], rows[i].flags[1] });
        struct strs said = config_warnings(&r.config, r.state);
        check_good(&r);
        CHECK_INT(rows[i].says != NULL, said.count);
        if (rows[i].says != NULL)
            check_mentions(said, rows[i].says);
    }
}

TEST(warnings, tell_of_an_issuer_that_nobody_can_reach)
{
    READ(four, .flags = { "--listen=0.0.0.0:8000" });
    READ(six, .flags = { "--listen=[::]:8000" });

    check_mentions(config_warnings(&four.config, four.state), "POSTERN_ISSUER");
    check_mentions(config_warnings(&six.config, six.state), "POSTERN_ISSUER");
}

TEST(warnings, tell_of_passkeys_that_work_nowhere_else)
{
    READ(r, .flags = { "--profile=production", "--issuer=https://10.0.0.1" });

    check_mentions(config_warnings(&r.config, r.state), "POSTERN_RP_ID");
}

TEST(warnings, tell_of_settings_of_later_versions)
{
    READ(file, .file = "POSTERN_SMTP_URL = smtp://localhost\n");
    READ(environment, .environ = { "POSTERN_SMTP_URL=smtp://mail.example" });

    check_mentions(config_warnings(&file.config, file.state), "POSTERN_SMTP_URL");
    check_mentions(config_warnings(&environment.config, environment.state), "POSTERN_SMTP_URL");
}

/* --- for people --------------------------------------------------------------------------------------------------- */

TEST(lines, show_flag_unit_default_value_and_no_password)
{
    static const struct {
        const char *url, *shown;
    } rows[] = {
        { "postgresql://ann:s3cret@h:5432/d", "postgresql://***@h:5432/d" },
        { "postgresql://ann:s@cr@et@h/d", "postgresql://***@h/d" },
        { "postgresql://h/d?password=s3cret", "postgresql://h/d?***" },
        { "postgresql://ann:s3cr?et@h/d", "postgresql://***" },
        { "postgresql://h/d?password=s3cr@et", "postgresql://***" },
        { "postgresql://ann:s3cret@h/d?user=x", "postgresql://***@h/d?***" },
        { "postgresql://h/d", "postgresql://h/d" },
        { "sqlite:/srv/s.db", "sqlite:/srv/s.db" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        READ(r, .flags = { "--database-url", rows[i].url });
        const struct config_line *line = line_of(&r, "DATABASE_URL");
        check_good(&r);
        CHECK_STR(str_of(rows[i].shown), line->value);
        CHECK(!mentions((struct strs){ (struct str *)&line->value, 1 }, "s3cr"));
        assert_string_equal("--database-url", line->flag);
        assert_string_equal("sqlite:postern.db", line->fallback);
    }
}

TEST(lines, show_every_kind_of_value)
{
    READ(r, .flags = { "--cors-origins=https://a.b, https://c.d", "--limits=off", "--log-level=warn", "--workers=9" });

    CHECK_STR(STR("https://a.b,https://c.d"), line_of(&r, "POSTERN_CORS_ORIGINS")->value);
    CHECK_STR(STR("off"), line_of(&r, "POSTERN_LIMITS")->value);
    CHECK_STR(STR("warn"), line_of(&r, "POSTERN_LOG_LEVEL")->value);
    CHECK_STR(STR("9"), line_of(&r, "POSTERN_WORKERS")->value);
    CHECK_STR(STR("http://127.0.0.1:8000"), line_of(&r, "POSTERN_AUDIENCE")->value);
    assert_string_equal("threads", line_of(&r, "POSTERN_WORKERS")->unit);
}

TEST(problems, never_repeat_a_secret)
{
    READ(r, .flags = { "--database-url=mysql://ann:s3cret@h/d", "--database-pasword=s3cret" },
         .environ = { "POSTERN_SECRET=s3cret" }, .file = "s3cret\n");

    CHECK_INT(4, r.problems.count);
    CHECK(!mentions((struct strs){ r.problems.items, r.problems.count }, "s3cret"));
}

TEST(problems, show_foreign_bytes_cut_and_printable)
{
    char longest[400] = "POSTERN_WORKERS=\x1b[31m";
    memset(longest + strlen(longest), 'x', 300);
    READ(r, .environ = { longest });

    check_bad(&r, "not \"?[31mxxx");
    CHECK(r.problems.items[0].len < 200);
}

RUN_TESTS(CASE(options, every_row_has_its_words_and_a_default_that_it_takes),
          CASE(options, defaults_are_those_of_the_contract), CASE(options, flags_follow_from_the_names),
          CASE(options, nearest_finds_the_real_name_behind_a_slip),
          CASE(config, takes_each_value_from_the_strongest_source),
          CASE(config, tells_the_name_the_place_and_the_nearest_of_unknown_names),
          CASE(config, refuses_flags_without_value_twice_or_out_of_form), CASE(config, a_value_may_hold_an_equals_sign),
          CASE(config, tells_all_problems_at_once),
          CASE(config, counts_problems_past_the_fiftieth_and_keeps_its_memory_bounded),
          CASE(config_file, takes_names_flags_quotes_comments_and_both_line_ends),
          CASE(config_file, refuses_lines_that_could_be_meant_otherwise),
          CASE(config_file, refuses_a_nul_in_a_line_and_in_a_comment),
          CASE(config_file, takes_a_line_of_4096_bytes_and_none_of_4097),
          CASE(config_file, takes_a_file_of_65536_bytes_and_none_of_65537),
          CASE(config_file, tells_why_a_file_is_not_read),
          CASE(config_file, is_refused_when_it_was_named_and_is_missing), CASE(dotenv, is_read_in_development_only),
          CASE(dotenv, can_not_decide_the_profile), CASE(dotenv, takes_names_of_the_environment_only),
          CASE(dotenv, that_is_missing_is_no_problem),
          CASE(bounds, every_number_is_taken_at_its_bounds_and_refused_past_them),
          CASE(bounds, numbers_are_decimal_digits_and_nothing_else), CASE(bounds, every_text_is_refused_past_its_bytes),
          CASE(bounds, words_and_switches_are_exact), CASE(bounds, addresses_origins_and_networks_have_one_form),
          CASE(bounds, lists_hold_64_items_and_no_65th), CASE(bounds, settings_that_contradict_each_other_are_refused),
          CASE(config, works_out_who_brings_the_schema_up_to_date),
          CASE(config, works_out_the_issuer_the_audience_and_the_docs_page),
          CASE(config, works_out_what_passkeys_belong_to), CASE(config, refuses_what_makes_no_sense_of_passkeys),
          CASE(production, starts_on_safe_settings_without_a_word),
          CASE(production, refuses_each_unsafe_setting_by_name), CASE(production, reads_the_environment_of_libpq_too),
          CASE(production, takes_what_lies_on_the_floor_and_ignores_the_other_scheme),
          CASE(production, names_all_that_is_missing_on_the_defaults), CASE(production, is_not_asked_of_development),
          CASE(master_key, is_taken_from_the_environment_and_from_nowhere_else),
          CASE(master_key, is_found_among_the_credentials_of_systemd),
          CASE(keys, are_followed_no_sooner_than_they_are_published), CASE(warnings, name_what_is_worth_a_look),
          CASE(warnings, tell_of_an_issuer_that_nobody_can_reach), CASE(warnings, tell_of_settings_of_later_versions),
          CASE(warnings, tell_of_passkeys_that_work_nowhere_else),
          CASE(lines, show_flag_unit_default_value_and_no_password), CASE(lines, show_every_kind_of_value),
          CASE(problems, never_repeat_a_secret), CASE(problems, show_foreign_bytes_cut_and_printable))
