#include "support/test.h"
#include "base/arena.h"
#include "base/secret.h"
#include "base/why.h"
#include "json/read.h"
#include "json/write.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

struct person {
    struct str name, nick, note;
    struct secret password;
    int64_t age;
    bool active;
    struct strs roles;
    struct marks marks;
};

static bool no_percent(struct str value, struct fault *fault)
{
    if (!str_contains(value, STR("%")))
        return true;
    fault->code = "no_percent";
    fault->message = "must not hold a percent sign";
    return false;
}

/* clang-format off */
static const struct field person_in[] = {
    FIELD_CHECKED(struct person, name, 2, 5, no_percent),
    FIELD_ROW(struct person, nick, FIELD_OPTIONAL | FIELD_NULLABLE, 0, 5, NULL),
    FIELD_ROW(struct person, note, FIELD_OPTIONAL, 0, 60000, NULL),
    FIELD_ROW(struct person, password, FIELD_OPTIONAL, 1, 8, NULL),
    FIELD_ROW(struct person, age, FIELD_OPTIONAL | FIELD_NULLABLE, -1, 150, NULL),
    FIELD_ROW(struct person, active, FIELD_OPTIONAL, 0, 0, NULL),
    FIELD_ROW(struct person, roles, FIELD_OPTIONAL, 1, 3, no_percent),
    FIELD_ROW(struct person, marks, FIELD_OPTIONAL, 0, 0, NULL),
    FIELD_END
};

struct inner { struct str a; };
struct view {
    struct str text, maybe, left_out, raw;
    int64_t number, at, never;
    bool yes;
    struct strs words, no_words;
    struct inner one;
    struct list many;
    struct secret password;
};
static const struct field inner_view[] = { VIEW(struct inner, a), FIELD_END };
static const struct field view_out[] = {
    VIEW(struct view, text), VIEW_NULLABLE(struct view, maybe), VIEW_OPTIONAL(struct view, left_out),
    VIEW_RAW(struct view, raw), VIEW(struct view, number), VIEW_TIME(struct view, at), VIEW_TIME(struct view, never),
    VIEW(struct view, yes), VIEW(struct view, words), VIEW(struct view, no_words),
    VIEW_OBJECT(struct view, one, inner_view), VIEW_OBJECTS(struct view, many, inner_view, struct inner),
    VIEW(struct view, password), FIELD_END
};
/* clang-format on */

/* One reading and what came of it. */
struct read {
    struct arena *mem;
    struct person got;
    struct faults faults;
};

static void read_drop(struct read *r)
{
    json_drop_secrets(person_in, &r->got);
    arena_drop(&r->mem);
}

static struct read read_text(struct str text)
{
    struct read r = { .mem = arena_new() };
    CHECK_OK(json_read(r.mem, text, person_in, &r.got, &r.faults));
    return r;
}

static void must_be_malformed(struct str text)
{
    AUTO(read) struct read r = { .mem = arena_new(), .got.age = 77 };
    note_clear();
    const enum err end = json_read(r.mem, text, person_in, &r.got, &r.faults);
    if (end != ERR_INVALID)
        FAIL_WITH("taken: %.*s", STR_ARG(str_slice(text, 0, 60)));
    CHECK(note_get()->why == WHY_JSON);
    CHECK_INT(77, r.got.age);
    CHECK_INT(0, r.faults.count);
    struct json *tree = NULL;
    CHECK_END(ERR_INVALID, json_tree(text, &tree));
    CHECK(tree == NULL);
}

static void must_fault(struct str text, const char *field, const char *code, const char *message)
{
    AUTO(read) struct read r = read_text(text);
    if (r.faults.count != 1)
        FAIL_WITH("%zu faults in %.*s", r.faults.count, STR_ARG(text));
    CHECK_STR(str_of(field), r.faults.items[0].field);
    CHECK_STR(str_of(code), str_of(r.faults.items[0].code));
    CHECK_STR(str_of(message), str_of(r.faults.items[0].message));
}

/* `open` n times, `middle`, `close` n times, between front and back. */
static struct str nested(struct arena *mem, size_t n, const char *open, const char *middle, const char *close)
{
    struct buf b = buf_new(mem, 64);
    buf_add(&b, STR("{\"note\":"));
    for (size_t i = 0; i < n; i++)
        buf_add(&b, str_of(open));
    buf_add(&b, str_of(middle));
    for (size_t i = 0; i < n; i++)
        buf_add(&b, str_of(close));
    buf_add_char(&b, '}');
    return buf_str(&b);
}

static struct str filled(struct arena *mem, const char *front, char with, size_t n, const char *back)
{
    struct buf b = buf_new(mem, n + 64);
    buf_add(&b, str_of(front));
    memset(buf_reserve(&b, n), with, n);
    b.len += n;
    buf_add(&b, str_of(back));
    return buf_str(&b);
}

TEST(json_read, refuses_what_is_not_one_strict_object)
{
    static const struct str table[] = {
        /* clang-format off */
        STR(""), STR(" "), STR("{"), STR("}"), STR("{\"name\""), STR("{\"name\":"), STR("{\"name\":\"abc\""),
        STR("null"), STR("true"), STR("1"), STR("\"abc\""), STR("[]"), STR("[{\"name\":\"abc\"}]"),
        STR("{\"name\":\"abc\"} x"), STR("{\"name\":\"abc\"}{}"), STR("{\"name\":\"abc\"},"), STR("{\"name\":\"abc\"}\0"),
        STR("\0{\"name\":\"abc\"}"), STR("\xEF\xBB\xBF{\"name\":\"abc\"}"), STR("\xFE\xFF\0{\0}"), STR("{\0}\0"),
        STR("{\"name\":\"abc\",}"), STR("{,\"name\":\"abc\"}"), STR("{\"name\":\"abc\" \"nick\":\"d\"}"),
        STR("{\"name\":\"abc\",\"name\":\"abd\"}"), STR("{\"name\":\"abc\",\"n\\u0061me\":\"abd\"}"),
        STR("{\"name\":\"abc\",\"x\":{\"y\":1,\"y\":2}}"),
        STR("{name:\"abc\"}"), STR("{'name':'abc'}"), STR("{\"name\":'abc'}"),
        STR("{\"name\":\"abc\"/* c */}"), STR("// c\n{\"name\":\"abc\"}"), STR("{\"name\":\"abc\"} # c"),
        STR("{\"age\":NaN}"), STR("{\"age\":Infinity}"), STR("{\"age\":-Infinity}"), STR("{\"age\":1e999}"), STR("{\"age\":-1e999}"),
        STR("{\"age\":01}"), STR("{\"age\":+1}"), STR("{\"age\":.5}"), STR("{\"age\":1.}"), STR("{\"age\":0x10}"), STR("{\"age\":1e}"),
        STR("{\"age\":-}"), STR("{\"age\":9223372036854775808}"), STR("{\"age\":-9223372036854775809}"),
        STR("{\"active\":True}"), STR("{\"active\":tru}"), STR("{\"active\":nul}"), STR("{\"active\":undefined}"),
        STR("{\"name\":\"a\\u0000b\"}"), STR("{\"name\":\"a\0b\"}"), STR("{\"a\\u0000b\":1}"),
        STR("{\"name\":\"a\nb\"}"), STR("{\"name\":\"a\tb\"}"), STR("{\"name\":\"a\x1f\"}"), STR("{\"name\":\"a\x01\"}"),
        STR("{\"name\":\"\\ud800\"}"), STR("{\"name\":\"\\udc00\"}"), STR("{\"name\":\"\\ud800\\ud800\"}"),
        STR("{\"name\":\"\\ud800x\"}"), STR("{\"name\":\"\\udc00\\ud800\"}"), STR("{\"name\":\"\\u12\"}"), STR("{\"name\":\"\\u12g4\"}"),
        STR("{\"name\":\"\\x41\"}"), STR("{\"name\":\"\\'\"}"), STR("{\"name\":\"\\"), STR("{\"name\":\"abc\\\"}"),
        STR("{\"name\":\"\xC0\xAF\"}"), STR("{\"name\":\"\xE0\x80\xAF\"}"), STR("{\"name\":\"\xF0\x80\x80\xAF\"}"),
        STR("{\"name\":\"\xED\xA0\x80\"}"), STR("{\"name\":\"\xF4\x90\x80\x80\"}"), STR("{\"name\":\"\xFF\"}"), STR("{\"name\":\"\x80\"}"),
        STR("{\"name\":\"\xE2\x82\"}"), STR("{\"\xC0\xAF\":1}"), STR("{\"name\":\"abc\"\xA0}"), STR("{\"name\":\"abc\"\v}"),
        STR("{\"name\":\"abc\"\f}"), STR("{1:2}"), STR("{null:2}"), STR("{\"name\"=\"abc\"}"), STR("{\"name\"::\"abc\"}"), STR("{\"roles\":[1,]}"),
        STR("{\"roles\":[,1]}"), STR("{\"roles\":[1}"), STR("{\"roles\":{]}"),
        /* clang-format on */
    };
    for (size_t i = 0; i < COUNT(table); i++)
        must_be_malformed(table[i]);
}

TEST(json_read, refuses_nesting_past_16)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct json *tree = NULL;

    for (size_t inner = 14; inner <= 15; inner++) { /* and the object around makes 15 and 16 */
        CHECK_OK(json_tree(nested(mem, inner, "[", "", "]"), &tree));
        json_tree_drop(&tree);
        CHECK_OK(json_tree(nested(mem, inner, "{\"a\":", "1", "}"), &tree));
        json_tree_drop(&tree);
    }
    must_be_malformed(nested(mem, 16, "[", "", "]"));
    must_be_malformed(nested(mem, 16, "{\"a\":", "1", "}"));
    must_be_malformed(nested(mem, 30000, "[", "", "]"));
    must_be_malformed(nested(mem, 30000, "[", "", ""));
    must_be_malformed(nested(mem, 16, "[", "\"]\"", "]"));
    must_be_malformed(nested(mem, 16, "[", "\"\\\"]\"", "]"));
}

TEST(json_read, does_not_count_brackets_within_strings)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(read) struct read r = read_text(filled(mem, "{\"name\":\"abc\",\"note\":\"\\\"\\\\", '[', 100, "\"}"));
    CHECK_INT(0, r.faults.count);
    CHECK_INT(102, r.got.note.len);
}

TEST(json_read, refuses_a_text_past_64_kib)
{
    AUTO(arena) struct arena *mem = arena_new();
    static const char front[] = "{\"name\":\"abc\"", back[] = "}";
    const size_t fits = JSON_TEXT_MAX - (sizeof front - 1) - (sizeof back - 1);

    for (size_t less = 0; less <= 1; less++) {
        AUTO(read) struct read r = read_text(filled(mem, front, ' ', fits - less, back));
        CHECK_INT(0, r.faults.count);
    }
    must_be_malformed(filled(mem, front, ' ', fits + 1, back));
    must_be_malformed(filled(mem, "{\"name\":\"", 'a', 1000000, "\"}"));
}

TEST(json_read, fills_every_kind)
{
    AUTO(read)
    struct read r =
        read_text(STR("\r\n\t {\"roles\":[\"admin\",\"user\"],\"password\":\"hunter2\",\"nick\":\"\\u20ac\\/\","
                      "\"name\":\"\\ud83d\\udd11\",\"age\":-1,\"active\":true,\"note\":\"\"}\n"));
    CHECK_INT(0, r.faults.count);
    CHECK_STR(STR("\xF0\x9F\x94\x91"), r.got.name);
    CHECK_STR(STR("\xE2\x82\xAC/"), r.got.nick);
    CHECK(r.got.note.ptr != NULL && r.got.note.len == 0);
    CHECK_STR(STR("hunter2"), secret_view(&r.got.password));
    CHECK_INT(-1, r.got.age);
    CHECK(r.got.active);
    CHECK_INT(2, r.got.roles.count);
    CHECK_STR(STR("admin"), r.got.roles.items[0]);
    CHECK_STR(STR("user"), r.got.roles.items[1]);
}

struct letter {
    struct str inside;
};
static const struct field letter_in[] = { FIELD_JSON(struct letter, inside, 3, 20), FIELD_END };

static void must_hold(const char *text, const char *inside, const char *code)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct letter got = { 0 };
    struct faults faults = { 0 };
    CHECK_OK(json_read(mem, str_of(text), letter_in, &got, &faults));
    CHECK_INT(code == NULL ? 0 : 1, faults.count);
    CHECK_STR(str_of(inside), got.inside);
    if (code != NULL)
        CHECK_STR(str_of(code), str_of(faults.items[0].code));
}

TEST(json_read, keeps_an_object_as_text_for_who_knows_it)
{
    must_hold("{\"inside\": {\"a\" : [1, \"x\"]}}", "{\"a\":[1,\"x\"]}", NULL);
    must_hold("{\"inside\":{\"a\":\"012345678901\"}}", "{\"a\":\"012345678901\"}", NULL);
    must_hold("{\"inside\":{\"a\":\"0123456789012\"}}", NULL, "too_long");
    must_hold("{\"inside\":{}}", NULL, "too_short");
    must_hold("{\"inside\":[1]}", NULL, "wrong_type");
    must_hold("{\"inside\":\"{}\"}", NULL, "wrong_type");
    must_hold("{\"inside\":null}", NULL, "wrong_type");
    must_hold("{}", NULL, "missing");
}

TEST(json_read, names_each_fault)
{
    static const struct {
        struct str text;
        const char *field, *code, *message;
    } table[] = {
        /* clang-format off */
        { STR("{}"), "name", "missing", "is required" },
        { STR("{\"name\":1}"), "name", "wrong_type", "must be a string" },
        { STR("{\"name\":null}"), "name", "wrong_type", "must be a string" },
        { STR("{\"name\":[\"abc\"]}"), "name", "wrong_type", "must be a string" },
        { STR("{\"name\":{}}"), "name", "wrong_type", "must be a string" },
        { STR("{\"name\":\"\"}"), "name", "too_short", "must have at least 2 bytes" },
        { STR("{\"name\":\"a\"}"), "name", "too_short", "must have at least 2 bytes" },
        { STR("{\"name\":\"abcdef\"}"), "name", "too_long", "must have at most 5 bytes" },
        { STR("{\"name\":\"\xC3\xA9\xC3\xA9\xC3\xA9\"}"), "name", "too_long", "must have at most 5 bytes" },
        { STR("{\"name\":\"a%\"}"), "name", "no_percent", "must not hold a percent sign" },
        { STR("{\"name\":\"%\"}"), "name", "too_short", "must have at least 2 bytes" },
        { STR("{\"name\":\"abc\",\"note\":null}"), "note", "wrong_type", "must be a string" },
        { STR("{\"name\":\"abc\",\"password\":\"\"}"), "password", "too_short", "must not be empty" },
        { STR("{\"name\":\"abc\",\"password\":\"123456789\"}"), "password", "too_long", "must have at most 8 bytes" },
        { STR("{\"name\":\"abc\",\"password\":12345}"), "password", "wrong_type", "must be a string" },
        { STR("{\"name\":\"abc\",\"age\":-2}"), "age", "out_of_range", "must be from -1 to 150" },
        { STR("{\"name\":\"abc\",\"age\":151}"), "age", "out_of_range", "must be from -1 to 150" },
        { STR("{\"name\":\"abc\",\"age\":9223372036854775807}"), "age", "out_of_range", "must be from -1 to 150" },
        { STR("{\"name\":\"abc\",\"age\":1.0}"), "age", "wrong_type", "must be an integer" },
        { STR("{\"name\":\"abc\",\"age\":1e2}"), "age", "wrong_type", "must be an integer" },
        { STR("{\"name\":\"abc\",\"age\":\"1\"}"), "age", "wrong_type", "must be an integer" },
        { STR("{\"name\":\"abc\",\"age\":true}"), "age", "wrong_type", "must be an integer" },
        { STR("{\"name\":\"abc\",\"active\":1}"), "active", "wrong_type", "must be true or false" },
        { STR("{\"name\":\"abc\",\"active\":\"true\"}"), "active", "wrong_type", "must be true or false" },
        { STR("{\"name\":\"abc\",\"active\":null}"), "active", "wrong_type", "must be true or false" },
        { STR("{\"name\":\"abc\",\"roles\":\"user\"}"), "roles", "wrong_type", "must be a list of strings" },
        { STR("{\"name\":\"abc\",\"roles\":{\"0\":\"user\"}}"), "roles", "wrong_type", "must be a list of strings" },
        { STR("{\"name\":\"abc\",\"roles\":[]}"), "roles", "too_short", "must not be empty" },
        { STR("{\"name\":\"abc\",\"roles\":[\"a\",\"b\",\"c\",\"d\"]}"), "roles", "too_long", "must have at most 3 items" },
        { STR("{\"name\":\"abc\",\"roles\":[\"a\",2]}"), "roles[1]", "wrong_type", "must be a string" },
        { STR("{\"name\":\"abc\",\"roles\":[null]}"), "roles[0]", "wrong_type", "must be a string" },
        { STR("{\"name\":\"abc\",\"roles\":[\"a\",\"b\",\"%\"]}"), "roles[2]", "no_percent", "must not hold a percent sign" },
        { STR("{\"name\":\"abc\",\"other\":1}"), "other", "unknown_field", "is not a field of this request" },
        { STR("{\"name\":\"abc\",\"Name\":\"abc\"}"), "Name", "unknown_field", "is not a field of this request" },
        { STR("{\"name\":\"abc\",\"marks\":1}"), "marks", "unknown_field", "is not a field of this request" },
        { STR("{\"name\":\"abc\",\"\":1}"), "", "unknown_field", "is not a field of this request" },
        /* clang-format on */
    };
    for (size_t i = 0; i < COUNT(table); i++)
        must_fault(table[i].text, table[i].field, table[i].code, table[i].message);
}

TEST(json_read, tells_all_faults_and_fills_what_is_good)
{
    AUTO(read)
    struct read r =
        read_text(STR("{\"nick\":\"abcdef\",\"age\":7,\"active\":0,\"roles\":[1,2],\"zip\":1,\"password\":\"pw\"}"));
    static const char *const fields[] = { "name", "nick", "active", "roles[0]", "roles[1]", "zip" };
    CHECK_INT(COUNT(fields), r.faults.count);
    for (size_t i = 0; i < COUNT(fields); i++)
        CHECK_STR(str_of(fields[i]), r.faults.items[i].field);
    CHECK_INT(7, r.got.age);
    CHECK_STR(STR("pw"), secret_view(&r.got.password));
    CHECK(r.got.nick.ptr == NULL && r.got.roles.items == NULL);
}

TEST(json_read, takes_lengths_at_their_bounds)
{
    static const struct str table[] = { STR("{\"name\":\"ab\"}"),
                                        STR("{\"name\":\"abcde\"}"),
                                        STR("{\"name\":\"abc\",\"age\":-1}"),
                                        STR("{\"name\":\"abc\",\"age\":150}"),
                                        STR("{\"name\":\"abc\",\"age\":-0}"),
                                        STR("{\"name\":\"abc\",\"password\":\"12345678\"}"),
                                        STR("{\"name\":\"abc\",\"roles\":[\"a\",\"b\",\"c\"]}") };
    for (size_t i = 0; i < COUNT(table); i++) {
        AUTO(read) struct read r = read_text(table[i]);
        CHECK_INT(0, r.faults.count);
    }
}

TEST(json_read, bounds_the_strings_of_a_list_at_64_bytes)
{
    AUTO(arena) struct arena *mem = arena_new();
    for (size_t len = 63; len <= 64; len++) {
        AUTO(read) struct read r = read_text(filled(mem, "{\"name\":\"abc\",\"roles\":[\"", 'r', len, "\"]}"));
        CHECK_INT(0, r.faults.count);
        CHECK_INT(len, r.got.roles.items[0].len);
    }
    must_fault(filled(mem, "{\"name\":\"abc\",\"roles\":[\"", 'r', 65, "\"]}"), "roles[0]", "too_long",
               "must have at most 64 bytes");
}

TEST(json_read, marks_what_came_and_what_came_as_null)
{
    AUTO(read) struct read r = read_text(STR("{\"name\":\"abc\",\"nick\":null,\"age\":null}"));
    CHECK_INT(0, r.faults.count);
    CHECK(marks_given(&r.got.marks, person_in, "name") && !marks_null(&r.got.marks, person_in, "name"));
    CHECK(marks_given(&r.got.marks, person_in, "nick") && marks_null(&r.got.marks, person_in, "nick"));
    CHECK(marks_null(&r.got.marks, person_in, "age"));
    CHECK(!marks_given(&r.got.marks, person_in, "note") && !marks_null(&r.got.marks, person_in, "note"));
    CHECK(r.got.nick.ptr == NULL);
}

TEST(json_read, cuts_an_unknown_name_where_a_character_ends)
{
    AUTO(arena) struct arena *mem = arena_new();
    static const struct {
        size_t ahead, shown;
    } table[] = { { 61, 64 }, { 62, 62 }, { 63, 63 }, { 64, 64 } }; /* letters before a run of three-byte characters */
    for (size_t i = 0; i < COUNT(table); i++) {
        AUTO(read)
        struct read r =
            read_text(filled(mem, "{\"name\":\"abc\",\"", 'n', table[i].ahead, "\xE2\x82\xAC\xE2\x82\xAC\":1}"));
        CHECK_INT(1, r.faults.count);
        CHECK_INT(table[i].shown, r.faults.items[0].field.len);
        CHECK(str_utf8_ok(r.faults.items[0].field));
    }
}

TEST(json_read, stays_small_with_thousands_of_members)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct buf b = buf_new(mem, 65536);
    buf_add(&b, STR("{\"name\":\"abc\""));
    for (int i = 0; b.len < JSON_TEXT_MAX - 20; i++)
        buf_printf(&b, ",\"%x\":1", i);
    buf_add_char(&b, '}');
    AUTO(read) struct read r = read_text(buf_str(&b));
    CHECK_INT(FAULTS_MAX, r.faults.count);
    CHECK_STR(STR("abc"), r.got.name);

    b.len = 0; /* twenty thousand are longer than a body may be */
    buf_add(&b, STR("{\"name\":\"abc\""));
    for (int i = 0; i < 20000; i++)
        buf_printf(&b, ",\"k%d\":1", i);
    buf_add_char(&b, '}');
    must_be_malformed(buf_str(&b));
}

TEST(json_read, takes_a_string_as_long_as_a_body_can_hold)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(read) struct read r = read_text(filled(mem, "{\"name\":\"abc\",\"note\":\"", 'x', 60000, "\"}"));
    CHECK_INT(0, r.faults.count);
    CHECK_INT(60000, r.got.note.len);
    must_fault(filled(mem, "{\"name\":\"abc\",\"note\":\"", 'x', 60001, "\"}"), "note", "too_long",
               "must have at most 60000 bytes");
}

TEST(json_tree, gives_members_of_the_right_type_only)
{
    struct json *tree = NULL;
    struct str text = { 0 };
    int64_t number = 5;
    bool truth = true;
    AUTO(arena) struct arena *mem = arena_new();
    CHECK_OK(json_tree(STR("{\"s\":\"x\",\"i\":3,\"r\":3.0,\"b\":false,\"l\":[\"a\",1],\"n\":null}"), &tree));

    CHECK(json_get_str(tree, "s", &text) && str_equal(text, STR("x")));
    CHECK(json_get_bool(tree, "b", &truth) && !truth);
    CHECK(json_get_int(tree, "i", &number) && number == 3);
    CHECK(!json_get_int(tree, "r", &number) && !json_get_int(tree, "s", &number) &&
          !json_get_int(tree, "none", &number));
    CHECK(!json_get_str(tree, "i", &text) && !json_get_str(tree, "n", &text) && !json_get_bool(tree, "i", &truth));
    CHECK_INT(3, number);
    CHECK_INT(6, json_size(tree));
    CHECK_INT(2, json_size(json_get(tree, "l")));
    CHECK_INT(0, json_size(json_get(tree, "s")));
    CHECK_INT(0, json_size(NULL));
    CHECK_STR(STR("[\"a\",1]"), json_text(mem, json_get(tree, "l")));
    CHECK_INT(0, json_text(mem, json_get(tree, "s")).len);
    CHECK(json_is_str(json_at(json_get(tree, "l"), 0), &text) && str_equal(text, STR("a")));
    CHECK(!json_is_str(json_at(json_get(tree, "l"), 1), &text) && !json_is_str(json_at(json_get(tree, "l"), 2), &text));
    CHECK(json_get(json_get(tree, "l"), "s") == NULL && json_at(tree, 0) == NULL);
    json_tree_drop(&tree);
    json_tree_drop(&tree);
    CHECK(tree == NULL);
}

TEST(json_tree, keeps_the_input_out_of_the_log)
{
    struct json *tree = NULL;
    CHECK_END(ERR_INVALID, json_tree(STR("{\"password\":hunter2}"), &tree));
    CHECK(!str_contains(str_of(note_get()->text), STR("hunter2")));
}

static void must_write(struct str text, const char *want)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct buf b = buf_new(mem, 1);
    json_write_str(&b, text);
    CHECK_STR(str_of(want), buf_str(&b));
}

TEST(json_write_str, escapes_what_must_not_stand_bare)
{
    static const struct {
        struct str text;
        const char *want;
    } table[] = {
        /* clang-format off */
        { STR(""), "\"\"" },
        { { NULL, 0 }, "\"\"" },
        { STR("plain /text"), "\"plain /text\"" },
        { STR("\"\\"), "\"\\\"\\\\\"" },
        { STR("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"" },
        { STR("\0\x01\v\x1f\x7f"), "\"\\u0000\\u0001\\u000b\\u001f\\u007f\"" },
        { STR("a\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAAz"), "\"a\\u2028\\u2029\xE2\x80\xAAz\"" },
        { STR("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\x91"), "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\x91\"" },
        { STR("\xFF"), "\"\xEF\xBF\xBD\"" },
        { STR("a\x80z"), "\"a\xEF\xBF\xBDz\"" },
        { STR("a\xC3"), "\"a\xEF\xBF\xBD\"" },
        { STR("\xC3\""), "\"\xEF\xBF\xBD\\\"\"" },
        { STR("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"" },
        { STR("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"" },
        { STR("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"" },
        { STR("\xF4\x90\x80\x80!"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD!\"" },
        /* clang-format on */
    };
    for (size_t i = 0; i < COUNT(table); i++)
        must_write(table[i].text, table[i].want);
}

TEST(json_write, writes_every_kind_and_never_a_secret)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct buf b = buf_new(mem, 16);
    struct str words[] = { STR("a"), STR("b\"") };
    struct inner many[] = { { STR("1") }, { { 0 } } };
    struct view v = { .text = STR("t"),
                      .maybe = STR("m"),
                      .left_out = STR("l"),
                      .raw = STR("[1]"),
                      .number = INT64_MIN,
                      .at = INT64_C(1700000000123456),
                      .yes = true,
                      .words = { words, 2 },
                      .no_words = { words, 0 },
                      .one = { STR("x") },
                      .many = { many, 2 },
                      .password = secret_copy(STR("hunter2")) };
    json_write(&b, view_out, &v);
    CHECK_STR(STR("{\"text\":\"t\",\"maybe\":\"m\",\"left_out\":\"l\",\"raw\":[1],\"number\":-9223372036854775808,"
                  "\"at\":\"2023-11-14T22:13:20.123Z\",\"never\":null,\"yes\":true,\"words\":[\"a\",\"b\\\"\"],"
                  "\"no_words\":[],\"one\":{\"a\":\"x\"},\"many\":[{\"a\":\"1\"},{\"a\":null}]}"),
              buf_str(&b));
    secret_drop(&v.password);
}

TEST(json_write, writes_what_is_absent_as_its_flags_say)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct buf b = buf_new(mem, 16);
    static const struct field only_optional[] = { VIEW_OPTIONAL(struct view, left_out),
                                                  VIEW_OPTIONAL(struct view, words), VIEW_OPTIONAL(struct view, number),
                                                  FIELD_END };
    static const struct field null_list[] = { VIEW_NULLABLE(struct view, words), FIELD_END };
    const struct view v = { 0 };

    json_write(&b, view_out, &v);
    CHECK_STR(STR("{\"text\":null,\"maybe\":null,\"raw\":null,\"number\":0,\"at\":null,\"never\":null,\"yes\":false,"
                  "\"words\":[],\"no_words\":[],\"one\":{\"a\":null},\"many\":[]}"),
              buf_str(&b));
    b.len = 0;
    json_write(&b, only_optional, &v);
    json_write(&b, null_list, &v);
    CHECK_STR(STR("{}{\"words\":null}"), buf_str(&b));
}

static int setup(void **state __attribute__((unused)))
{
    json_setup();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(json_read, refuses_what_is_not_one_strict_object),
        CASE(json_read, refuses_nesting_past_16),
        CASE(json_read, does_not_count_brackets_within_strings),
        CASE(json_read, refuses_a_text_past_64_kib),
        CASE(json_read, fills_every_kind),
        CASE(json_read, keeps_an_object_as_text_for_who_knows_it),
        CASE(json_read, names_each_fault),
        CASE(json_read, tells_all_faults_and_fills_what_is_good),
        CASE(json_read, takes_lengths_at_their_bounds),
        CASE(json_read, bounds_the_strings_of_a_list_at_64_bytes),
        CASE(json_read, marks_what_came_and_what_came_as_null),
        CASE(json_read, cuts_an_unknown_name_where_a_character_ends),
        CASE(json_read, stays_small_with_thousands_of_members),
        CASE(json_read, takes_a_string_as_long_as_a_body_can_hold),
        CASE(json_tree, gives_members_of_the_right_type_only),
        CASE(json_tree, keeps_the_input_out_of_the_log),
        CASE(json_write_str, escapes_what_must_not_stand_bare),
        CASE(json_write, writes_every_kind_and_never_a_secret),
        CASE(json_write, writes_what_is_absent_as_its_flags_say),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
