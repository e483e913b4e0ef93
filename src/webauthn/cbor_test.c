#include "support/test.h"
#include "webauthn/cbor.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static struct cbor read_one(struct str bytes)
{
    struct cbor item = { 0 };
    CHECK_OK(cbor_read(bytes, &item));
    return item;
}

TEST(cbor_read, reads_numbers_in_their_shortest_form)
{
    static const struct {
        struct str bytes;
        int64_t is;
    } good[] = {
        { STR("\x00"), 0 },
        { STR("\x17"), 23 },
        { STR("\x18\x18"), 24 },
        { STR("\x18\xff"), 255 },
        { STR("\x19\x01\x00"), 256 },
        { STR("\x1a\x00\x01\x00\x00"), 65536 },
        { STR("\x1b\x00\x00\x00\x01\x00\x00\x00\x00"), INT64_C(4294967296) },
        { STR("\x1b\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MAX },
        { STR("\x20"), -1 },
        { STR("\x39\x01\x00"), -257 },
        { STR("\x3b\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MIN },
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        const struct cbor item = read_one(good[i].bytes);
        CHECK(item.kind == CBOR_INT && item.number == good[i].is);
    }
}

TEST(cbor_read, reads_strings_truths_and_nothing)
{
    CHECK_STR(STR("abc"), read_one(STR("\x43"
                                       "abc"))
                              .bytes);
    CHECK(read_one(STR("\x40")).kind == CBOR_BYTES);
    CHECK_STR(STR("\xc3\xa9"), read_one(STR("\x62\xc3\xa9")).bytes);
    CHECK(read_one(STR("\x60")).kind == CBOR_TEXT);
    CHECK(read_one(STR("\xf4")).kind == CBOR_BOOL && read_one(STR("\xf4")).number == 0);
    CHECK(read_one(STR("\xf5")).kind == CBOR_BOOL && read_one(STR("\xf5")).number == 1);
    CHECK(read_one(STR("\xf6")).kind == CBOR_NULL);
}

TEST(cbor_read, refuses_all_that_is_not_canonical)
{
    static const struct str refused[] = {
        STR(""),
        STR("\x18\x17"),                             /* 23 in two bytes */
        STR("\x19\x00\xff"),                         /* 255 in three */
        STR("\x1a\x00\x00\xff\xff"),                 /* 65535 in five */
        STR("\x1b\x00\x00\x00\x00\xff\xff\xff\xff"), /* 2^32-1 in nine */
        STR("\x58\x01"
            "a"),                /* a length in two bytes */
        STR("\xb8\x01\x01\x01"), /* a map's, too */
        STR("\x18"),
        STR("\x19\x01"),
        STR("\x1b\x00\x00\x00"),
        STR("\x1c"), /* reserved */
        STR("\x1d"),
        STR("\x1e"),
        STR("\x1f"),
        STR("\x1b\x80\x00\x00\x00\x00\x00\x00\x00"), /* 2^63 */
        STR("\x3b\x80\x00\x00\x00\x00\x00\x00\x00"),
        STR("\x5f\x41"
            "a\xff"), /* no definite length */
        STR("\x7f\x61"
            "a\xff"),
        STR("\x9f\x01\xff"),
        STR("\xbf\x01\x01\xff"),
        STR("\xff"),
        STR("\xc0\x00"), /* tags */
        STR("\xd9\xd9\xf7\x00"),
        STR("\xf9\x3c\x00"), /* floats */
        STR("\xfa\x3f\x80\x00\x00"),
        STR("\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00"),
        STR("\xe0"), /* simple values */
        STR("\xf7"),
        STR("\xf8\x20"),
        STR("\xf8\xff"),
        STR("\x00\x00"), /* something behind */
        STR("\xf6\x00"),
        STR("\x43"
            "ab"), /* cut off */
        STR("\x61"),
        STR("\x82\x01"),
        STR("\xa1\x01"),
        STR("\xa1"),
        STR("\x61\xff"), /* no UTF-8 */
        STR("\x63\xed\xa0\x80"),
        STR("\x62\xc0\x80"),
    };
    struct cbor item = { .kind = CBOR_NULL, .number = 7 };
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK_END(ERR_INVALID, cbor_read(refused[i], &item));
    CHECK(item.kind == CBOR_NULL && item.number == 7); /* untouched on failure */
}

TEST(cbor_read, refuses_lengths_that_nobody_has_at_once)
{
    static const struct str refused[] = {
        STR("\x5a\x80\x00\x00\x00"),
        STR("\x5b\xff\xff\xff\xff\xff\xff\xff\xff"),
        STR("\x7b\x7f\xff\xff\xff\xff\xff\xff\xff"),
        STR("\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),
        STR("\x9b\x40\x00\x00\x00\x00\x00\x00\x00\x00"),
        STR("\xba\x00\x01\x00\x00\x00\x00"),
        STR("\xbb\xff\xff\xff\xff\xff\xff\xff\xff"),
        STR("\xbb\x80\x00\x00\x00\x00\x00\x00\x01\x00\x00"),
    };
    struct cbor item;
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK_END(ERR_INVALID, cbor_read(refused[i], &item));
}

TEST(cbor_read, refuses_keys_that_come_twice_or_are_neither_number_nor_text)
{
    static const struct str refused[] = {
        STR("\xa2\x01\x00\x01\x00"), /* 1 twice */
        STR("\xa3\x61"
            "a\x00\x61"
            "b\x00\x61"
            "a\x01"),                    /* "a" twice, apart */
        STR("\x81\xa2\x20\x00\x20\x01"), /* inside */
        STR("\xa1\x41"
            "a\x00"),
        STR("\xa1\xf5\x00"),
        STR("\xa1\xf6\x00"),
        STR("\xa1\x80\x00"),
        STR("\xa1\xa0\x00"),
    };
    struct cbor item;
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK_END(ERR_INVALID, cbor_read(refused[i], &item));
    (void)read_one(STR("\xa2\x01\x00\x61\x01\x00")); /* 1 and "\1" are two keys */
    (void)read_one(STR("\xa3\x61"
                       "b\x00\x61"
                       "a\x00\x05\x00")); /* not in order */
}

TEST(cbor_read, takes_four_levels_and_no_fifth)
{
    struct cbor item;
    uint8_t deep[20000];

    (void)read_one(STR("\x81\x81\x81\x81\x00"));
    (void)read_one(STR("\xa1\x00\xa1\x00\x81\xa1\x00\x00"));
    CHECK_END(ERR_INVALID, cbor_read(STR("\x81\x81\x81\x81\x80"), &item));
    CHECK_END(ERR_INVALID, cbor_read(STR("\xa1\x00\xa1\x00\xa1\x00\xa1\x00\xa0"), &item));
    memset(deep, 0x81, sizeof deep);
    CHECK_END(ERR_INVALID, cbor_read((struct str){ (const char *)deep, sizeof deep }, &item));
}

TEST(cbor_read, takes_maps_of_up_to_32_pairs)
{
    uint8_t map[4 + 33 * 3] = { 0xb8 };
    struct cbor item;

    for (uint8_t count = 32; count <= 33; count++) {
        size_t len = 2;
        map[1] = count;
        for (uint8_t i = 0; i < count; i++) {
            if (i >= 24)
                map[len++] = 0x18;
            map[len++] = i;
            map[len++] = 0xf6;
        }
        CHECK_END(count == 32 ? OK : ERR_INVALID, cbor_read((struct str){ (const char *)map, len }, &item));
    }
}

TEST(cbor_take, takes_one_item_after_the_other)
{
    const struct cbor list = read_one(STR("\x83\x01\x82\x02\x03\x61z"));
    struct str rest = list.bytes;
    struct cbor item;

    CHECK_INT(3, list.count);
    CHECK_OK(cbor_take(&rest, &item));
    CHECK_INT(1, item.number);
    CHECK_OK(cbor_take(&rest, &item));
    CHECK(item.kind == CBOR_ARRAY && item.count == 2);
    CHECK_STR(STR("\x02\x03"), item.bytes);
    CHECK_OK(cbor_take(&rest, &item));
    CHECK_STR(STR("z"), item.bytes);
    CHECK_INT(0, rest.len);
    CHECK_END(ERR_INVALID, cbor_take(&rest, &item));
}

TEST(cbor_get, finds_values_by_name_and_by_label)
{
    const struct cbor map = read_one(STR("\xa3\x01\x02\x20\x03\x61"
                                         "a\x43xyz"));
    struct cbor value;

    CHECK(cbor_get_label(&map, 1, &value) && value.number == 2);
    CHECK(cbor_get_label(&map, -1, &value) && value.number == 3);
    CHECK(cbor_get_kind(&map, STR("a"), CBOR_BYTES, &value));
    CHECK_STR(STR("xyz"), value.bytes);
    CHECK(!cbor_get_label(&map, 2, &value) && !cbor_get(&map, STR("b"), &value) && !cbor_get(&map, STR("xyz"), &value));
    CHECK(!cbor_get_kind(&map, STR("a"), CBOR_TEXT, &value));
    CHECK(!cbor_get(&value, STR("a"), &value)); /* no map */
}

RUN_TESTS(CASE(cbor_read, reads_numbers_in_their_shortest_form), CASE(cbor_read, reads_strings_truths_and_nothing),
          CASE(cbor_read, refuses_all_that_is_not_canonical), CASE(cbor_read, refuses_lengths_that_nobody_has_at_once),
          CASE(cbor_read, refuses_keys_that_come_twice_or_are_neither_number_nor_text),
          CASE(cbor_read, takes_four_levels_and_no_fifth), CASE(cbor_read, takes_maps_of_up_to_32_pairs),
          CASE(cbor_take, takes_one_item_after_the_other), CASE(cbor_get, finds_values_by_name_and_by_label))
