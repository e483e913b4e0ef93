#include "support/test.h"
#include "base/buf.h"
#include "token/members.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

TEST(members_read, reads_strings_numbers_and_lists)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct members got;
    struct str text;
    CHECK_OK(members_read(mem,
                          STR(" {\"a\":\"x\\u00e9\\ud83d\\ude00\\n\\/\" ,\t\"b\":-12,\"c\":[\"p\" , \"q\"],\"d\":[],"
                              "\"e\":{\"a\":[{}]},\"f\":1.5,\"g\":[1],\"h\":null,\"\":true}\r\n"),
                          &got));
    CHECK_INT(9, got.count);
    CHECK(members_str(&got, STR("a"), &text));
    CHECK_STR(STR("x\xc3\xa9\xf0\x9f\x98\x80\n/"), text);
    CHECK(got.items[1].kind == MEMBER_INT && got.items[1].number == -12);
    CHECK(got.items[2].kind == MEMBER_STRS && got.items[2].list.count == 2);
    CHECK_STR(STR("q"), got.items[2].list.items[1]);
    CHECK(got.items[3].kind == MEMBER_STRS && got.items[3].list.count == 0);
    CHECK_INT(MEMBER_OBJECT, got.items[4].kind);
    CHECK_STR(STR("{\"a\":[{}]}"), got.items[4].text);
    for (size_t i = 5; i < got.count; i++)
        CHECK_INT(MEMBER_OTHER, got.items[i].kind);
    CHECK(!members_str(&got, STR("b"), &text) && members_find(&got, STR("z")) == NULL);
}

TEST(members_read, refuses_all_that_is_no_strict_object)
{
    static const struct str refused[] = {
        STR(""),
        STR(" "),
        STR("{"),
        STR("}"),
        STR("[]"),
        STR("\"a\""),
        STR("1"),
        STR("null"),
        STR("{}x"),
        STR("{}{}"),
        STR("{} \0"),
        STR("\xEF\xBB\xBF{}"),
        STR("/**/{}"),
        STR("{,}"),
        STR("{\"a\":1,}"),
        STR("{\"a\"}"),
        STR("{\"a\":}"),
        STR("{\"a\" 1}"),
        STR("{a:1}"),
        STR("{'a':1}"),
        STR("{1:1}"),
        STR("{\"a\":1 \"b\":2}"),
        STR("{\"a\":1,,\"b\":2}"),
        STR("{\"a\":1,\"a\":1}"),
        STR("{\"a\":1,\"\\u0061\":2}"),
        STR("{\"a\":[}"),
        STR("{\"a\":[1,]}"),
        STR("{\"a\":[,1]}"),
        STR("{\"a\":[1 2]}"),
        STR("{\"a\":[\"x\"}"),
        STR("{\"a\":{\"b\"}}"),
        STR("{\"a\":{\"b\":1]}"),
        STR("{\"a\":01}"),
        STR("{\"a\":+1}"),
        STR("{\"a\":-}"),
        STR("{\"a\":-01}"),
        STR("{\"a\":.5}"),
        STR("{\"a\":1.}"),
        STR("{\"a\":1e}"),
        STR("{\"a\":1e+}"),
        STR("{\"a\":0x1}"),
        STR("{\"a\":NaN}"),
        STR("{\"a\":Infinity}"),
        STR("{\"a\":tru}"),
        STR("{\"a\":True}"),
        STR("{\"a\":nulll}"),
        STR("{\"a\":\"x}"),
        STR("{\"a\":\"x\\\"}"),
        STR("{\"a\":\"\\"),
        STR("{\"a\":\"\\x41\"}"),
        STR("{\"a\":\"\\'\"}"),
        STR("{\"a\":\"\\\0\"}"),
        STR("{\"a\":\"\\u12\"}"),
        STR("{\"a\":\"\\u12G4\"}"),
        STR("{\"a\":\"\\u0000\"}"),
        STR("{\"a\":\"\\ud800\"}"),
        STR("{\"a\":\"\\udc00\"}"),
        STR("{\"a\":\"\\ud800\\ud800\"}"),
        STR("{\"a\":\"\\ud800x\"}"),
        STR("{\"a\":\"\\ud83d\\u00\"}"),
        STR("{\"a\":\"\t\"}"),
        STR("{\"a\":\"\n\"}"),
        STR("{\"a\":\"\0\"}"),
        STR("{\"a\":\"\x1f\"}"),
        STR("{\"a\":\"\xff\"}"),
        STR("{\"a\":\"\xc0\xaf\"}"),
        STR("{\"a\":\"\xed\xa0\x80\"}"),
        STR("{\"a\":\"\xe2\x82\"}"),
        STR("{\"\xff\":1}"),
        STR("{\"a\":{\"\xff\":1}}"),
        STR("{\"a\":[\"b\",\"\xff\"]}"),
        STR("\v{}"),
        STR("{\"a\":1\v}"),
        STR("{\xc2\xa0}"),
    };
    AUTO(arena) struct arena *mem = arena_new();
    struct members got;
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK_END(ERR_INVALID, members_read(mem, refused[i], &got));
    CHECK_END(ERR_INVALID, members_read(mem, (struct str){ 0 }, &got));
}

/* {"a":[[...]]} with this many brackets open at the deepest, the object among them. */
static struct str nested(struct arena *mem, size_t depth)
{
    struct buf text = buf_new(mem, 64);
    buf_add(&text, STR("{\"a\":"));
    for (size_t i = 1; i < depth; i++)
        buf_add_char(&text, '[');
    for (size_t i = 1; i < depth; i++)
        buf_add_char(&text, ']');
    buf_add_char(&text, '}');
    return buf_str(&text);
}

static struct str many_members(struct arena *mem, size_t count)
{
    struct buf text = buf_new(mem, 64);
    for (size_t i = 0; i < count; i++)
        buf_printf(&text, "%c\"k%zu\":1", i == 0 ? '{' : ',', i);
    buf_add_char(&text, '}');
    return buf_str(&text);
}

static struct str long_list(struct arena *mem, size_t count)
{
    struct buf text = buf_new(mem, 64);
    buf_add(&text, STR("{\"a\":"));
    for (size_t i = 0; i < count; i++)
        buf_printf(&text, "%c\"s\"", i == 0 ? '[' : ',');
    buf_add(&text, STR("]}"));
    return buf_str(&text);
}

TEST(members_read, keeps_its_bounds)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct members got;
    CHECK_OK(members_read(mem, nested(mem, MEMBER_DEPTH_MAX - 1), &got));
    CHECK_OK(members_read(mem, nested(mem, MEMBER_DEPTH_MAX), &got));
    CHECK_END(ERR_INVALID, members_read(mem, nested(mem, MEMBER_DEPTH_MAX + 1), &got));
    CHECK_END(ERR_INVALID, members_read(mem, nested(mem, 100000), &got));
    CHECK_OK(members_read(mem, many_members(mem, MEMBERS_MAX - 1), &got));
    CHECK_OK(members_read(mem, many_members(mem, MEMBERS_MAX), &got));
    CHECK_END(ERR_INVALID, members_read(mem, many_members(mem, MEMBERS_MAX + 1), &got));
    CHECK_OK(members_read(mem, long_list(mem, MEMBER_LIST_MAX), &got));
    CHECK_INT(MEMBER_STRS, got.items[0].kind);
    CHECK_OK(members_read(mem, long_list(mem, MEMBER_LIST_MAX + 1), &got));
    CHECK_INT(MEMBER_OTHER, got.items[0].kind); /* nothing of ours is that long */
}

TEST(members_read, takes_whole_numbers_up_to_18_digits)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct members got;
    CHECK_OK(members_read(mem, STR("{\"a\":999999999999999999,\"b\":1000000000000000000,\"c\":-0,\"d\":1e2,\"e\":0.0}"),
                          &got));
    CHECK(got.items[0].kind == MEMBER_INT && got.items[0].number == INT64_C(999999999999999999));
    CHECK_INT(MEMBER_OTHER, got.items[1].kind);
    CHECK(got.items[2].kind == MEMBER_INT && got.items[2].number == 0);
    CHECK_INT(MEMBER_OTHER, got.items[3].kind);
    CHECK_INT(MEMBER_OTHER, got.items[4].kind);
}

TEST(members_inner, reads_an_object_inside_as_strictly_as_the_outer_one)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct members outer, got = { .count = 7 };
    struct str text;
    CHECK_OK(members_read(
        mem, STR("{\"good\":{ \"jkt\" : \"x\" },\"twice\":{\"a\":1,\"a\":2},\"text\":\"{}\",\"list\":[]}"), &outer));
    CHECK_END(ERR_INVALID, members_inner(mem, &outer, STR("twice"), &got));
    CHECK_END(ERR_INVALID, members_inner(mem, &outer, STR("text"), &got));
    CHECK_END(ERR_INVALID, members_inner(mem, &outer, STR("list"), &got));
    CHECK_END(ERR_INVALID, members_inner(mem, &outer, STR("nothing"), &got));
    CHECK_OK(members_inner(mem, &outer, STR("good"), &got));
    CHECK_INT(1, got.count);
    CHECK(members_str(&got, STR("jkt"), &text));
    CHECK_STR(STR("x"), text);
}

RUN_TESTS(CASE(members_inner, reads_an_object_inside_as_strictly_as_the_outer_one),
          CASE(members_read, reads_strings_numbers_and_lists), CASE(members_read, refuses_all_that_is_no_strict_object),
          CASE(members_read, keeps_its_bounds), CASE(members_read, takes_whole_numbers_up_to_18_digits))
