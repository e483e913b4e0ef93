#include "webauthn/cbor.h"

/* RFC 8949 3.1: the three bits in front. */
enum major { MAJOR_UNSIGNED, MAJOR_NEGATIVE, MAJOR_BYTES, MAJOR_TEXT, MAJOR_ARRAY, MAJOR_MAP, MAJOR_TAG, MAJOR_SIMPLE };

#define SIMPLE_FALSE 20U
#define SIMPLE_TRUE  21U
#define SIMPLE_NULL  22U

struct head {
    enum major major;
    uint64_t value;
};

static bool take_byte(struct str *rest, uint8_t *out)
{
    if (rest->len == 0)
        return false;
    *out = (uint8_t)rest->ptr[0];
    *rest = str_slice(*rest, 1, rest->len);
    return true;
}

/* The value that stands in 1, 2, 4 or 8 bytes behind the first; one that would have fitted into less is refused. */
static FALLIBLE take_value(struct str *rest, unsigned size, uint64_t *out)
{
    uint64_t value = 0;
    uint8_t byte = 0;

    for (unsigned i = 0; i < size; i++) {
        if (!take_byte(rest, &byte))
            return fail(ERR_INVALID, "cbor: ends in a head");
        value = value << 8 | byte;
    }
    if (size == 1 ? value < 24 : value >> (4 * size) == 0)
        return fail(ERR_INVALID, "cbor: not in the shortest form");
    *out = value;
    return OK;
}

static FALLIBLE take_head(struct str *rest, struct head *out)
{
    uint8_t first = 0;

    if (!take_byte(rest, &first))
        return fail(ERR_INVALID, "cbor: ends where an item should stand");
    const unsigned more = first & 0x1FU;
    *out = (struct head){ (enum major)(first >> 5), more };
    if (more < 24)
        return OK;
    if (more > 27)
        return fail(ERR_INVALID, "cbor: no definite length");
    if (out->major == MAJOR_SIMPLE)
        return fail(ERR_INVALID, "cbor: a float or an unknown simple value");
    return take_value(rest, 1U << (more - 24), &out->value);
}

static FALLIBLE read_int(const struct head *head, struct cbor *out)
{
    if (head->value > INT64_MAX)
        return fail(ERR_INVALID, "cbor: a number past 63 bits");
    const int64_t value = (int64_t)head->value;
    *out = (struct cbor){ .kind = CBOR_INT, .number = head->major == MAJOR_NEGATIVE ? -1 - value : value };
    return OK;
}

static FALLIBLE read_string(struct str *rest, const struct head *head, struct cbor *out)
{
    if (head->value > rest->len)
        return fail(ERR_INVALID, "cbor: a string that is longer than what is there");
    const size_t len = (size_t)head->value;
    *out =
        (struct cbor){ .kind = head->major == MAJOR_TEXT ? CBOR_TEXT : CBOR_BYTES, .bytes = str_slice(*rest, 0, len) };
    *rest = str_slice(*rest, len, rest->len);
    if (out->kind == CBOR_TEXT && !str_utf8_ok(out->bytes))
        return fail(ERR_INVALID, "cbor: text that is not UTF-8");
    return OK;
}

static FALLIBLE read_simple(const struct head *head, struct cbor *out)
{
    if (head->value != SIMPLE_FALSE && head->value != SIMPLE_TRUE && head->value != SIMPLE_NULL)
        return fail(ERR_INVALID, "cbor: an unknown simple value");
    *out = (struct cbor){ .kind = head->value == SIMPLE_NULL ? CBOR_NULL : CBOR_BOOL,
                          .number = head->value == SIMPLE_TRUE };
    return OK;
}

static FALLIBLE take_item(struct str *rest, unsigned depth, struct cbor *out);

static FALLIBLE skip_items(struct str *rest, uint64_t count, unsigned depth)
{
    struct cbor item = { 0 };
    for (uint64_t i = 0; i < count; i++)
        TRY(take_item(rest, depth, &item));
    return OK;
}

static FALLIBLE take_key(struct str *rest, unsigned depth, struct str *key)
{
    const struct str from = *rest;
    struct cbor item = { 0 };

    TRY(take_item(rest, depth, &item));
    if (item.kind != CBOR_INT && item.kind != CBOR_TEXT)
        return fail(ERR_INVALID, "cbor: a key that is neither a number nor text");
    *key = str_slice(from, 0, from.len - rest->len);
    return OK;
}

/* Since every item has one form only, keys are the same exactly when their bytes are. */
static FALLIBLE skip_pairs(struct str *rest, uint64_t count, unsigned depth)
{
    struct str keys[CBOR_PAIRS_MAX];
    struct cbor value = { 0 };

    if (count > CBOR_PAIRS_MAX)
        return fail(ERR_INVALID, "cbor: a map of more than %d pairs", CBOR_PAIRS_MAX);
    for (size_t i = 0; i < count; i++) {
        TRY(take_key(rest, depth, &keys[i]));
        for (size_t j = 0; j < i; j++)
            if (str_equal(keys[i], keys[j]))
                return fail(ERR_INVALID, "cbor: a key that comes twice");
        TRY(take_item(rest, depth, &value));
    }
    return OK;
}

static FALLIBLE read_container(struct str *rest, const struct head *head, unsigned depth, struct cbor *out)
{
    const struct str from = *rest;
    const bool map = head->major == MAJOR_MAP;

    if (depth == CBOR_DEPTH_MAX)
        return fail(ERR_INVALID, "cbor: nested over %d levels", CBOR_DEPTH_MAX);
    TRY(map ? skip_pairs(rest, head->value, depth + 1) : skip_items(rest, head->value, depth + 1));
    *out = (struct cbor){ .kind = map ? CBOR_MAP : CBOR_ARRAY,
                          .bytes = str_slice(from, 0, from.len - rest->len),
                          .count = (size_t)head->value };
    return OK;
}

/* depth: how many arrays and maps it stands in.  Calls itself CBOR_DEPTH_MAX times at most. */
static FALLIBLE take_item(struct str *rest, unsigned depth, struct cbor *out)
{
    struct head head = { 0 };

    TRY(take_head(rest, &head));
    switch (head.major) {
    case MAJOR_UNSIGNED:
    case MAJOR_NEGATIVE:
        return read_int(&head, out);
    case MAJOR_BYTES:
    case MAJOR_TEXT:
        return read_string(rest, &head, out);
    case MAJOR_ARRAY:
    case MAJOR_MAP:
        return read_container(rest, &head, depth, out);
    case MAJOR_SIMPLE:
        return read_simple(&head, out);
    case MAJOR_TAG:
        break;
    }
    return fail(ERR_INVALID, "cbor: a tag");
}

FALLIBLE cbor_take(struct str *rest, struct cbor *out)
{
    struct str left = *rest;
    struct cbor item = { 0 };

    TRY(take_item(&left, 0, &item));
    *rest = left;
    *out = item;
    return OK;
}

FALLIBLE cbor_read(struct str bytes, struct cbor *out)
{
    struct cbor item = { 0 };

    TRY(cbor_take(&bytes, &item));
    if (bytes.len != 0)
        return fail(ERR_INVALID, "cbor: %zu bytes behind the end", bytes.len);
    *out = item;
    return OK;
}

static bool key_is(const struct cbor *key, const struct cbor *want)
{
    return key->kind == want->kind &&
           (want->kind == CBOR_INT ? key->number == want->number : str_equal(key->bytes, want->bytes));
}

static bool find(const struct cbor *map, const struct cbor *want, struct cbor *out)
{
    struct str rest = map->bytes;
    struct cbor key = { 0 }, value = { 0 };

    if (map->kind != CBOR_MAP)
        return false;
    while (rest.len > 0 && cbor_take(&rest, &key) == OK && cbor_take(&rest, &value) == OK)
        if (key_is(&key, want)) {
            *out = value;
            return true;
        }
    return false;
}

bool cbor_get(const struct cbor *map, struct str name, struct cbor *out)
{
    return find(map, &(struct cbor){ .kind = CBOR_TEXT, .bytes = name }, out);
}

bool cbor_get_label(const struct cbor *map, int64_t label, struct cbor *out)
{
    return find(map, &(struct cbor){ .kind = CBOR_INT, .number = label }, out);
}

bool cbor_get_kind(const struct cbor *map, struct str name, enum cbor_kind kind, struct cbor *out)
{
    struct cbor value = { 0 };

    if (!cbor_get(map, name, &value) || value.kind != kind)
        return false;
    *out = value;
    return true;
}
