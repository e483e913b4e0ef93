/* A value of the table, from text into struct config and back. */
#include "base/buf.h"
#include "config/state.h"

#include <string.h>

static void *member(struct config *config, const struct option *row)
{
    return (char *)config + row->offset;
}

static bool is_clean(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
            return false;
    return str_utf8_ok(s);
}

static const char *must_join(struct arena *mem, const char *const *words)
{
    struct buf b = buf_new(mem, 64);

    for (size_t i = 0; words[i] != NULL; i++) {
        if (i > 0)
            buf_add(&b, words[i + 1] == NULL ? STR(" or ") : STR(", "));
        buf_add(&b, str_of(words[i]));
    }
    return arena_cstr(mem, buf_str(&b));
}

static const char *set_int(struct arena *mem, const struct option *row, struct str value, int64_t *out)
{
    bool padded = value.len > 1 && value.ptr[0] == '0'; /* elsewhere that would be octal */

    if (!padded && str_to_int(value, row->min, row->max, out))
        return NULL;
    return arena_printf(mem, "a whole number from %lld to %lld", (long long)row->min, (long long)row->max).ptr;
}

static const char *set_switch(struct str value, bool *out)
{
    if (!str_equal(value, STR("on")) && !str_equal(value, STR("off")))
        return "on or off";
    *out = str_equal(value, STR("on"));
    return NULL;
}

static const char *set_word(struct arena *mem, const struct option *row, struct str value, void *out)
{
    for (unsigned i = 0; row->words[i] != NULL; i++)
        if (str_equal(value, str_of(row->words[i]))) {
            memcpy(out, &i, sizeof i);
            return NULL;
        }
    return must_join(mem, row->words);
}

static const char *check_text(struct arena *mem, const struct option *row, struct str value)
{
    if ((int64_t)value.len >= row->min && (int64_t)value.len <= row->max && is_clean(value))
        return NULL;
    return arena_printf(mem, "%lld to %lld bytes of UTF-8 without control characters", (long long)row->min,
                        (long long)row->max)
        .ptr;
}

static const char *set_text(struct arena *mem, const struct option *row, struct str value, struct str *out)
{
    const char *must = check_text(mem, row, value);

    if (must == NULL && row->check != NULL)
        must = row->check(value);
    if (must == NULL)
        *out = value;
    return must;
}

static const char *set_list(struct arena *mem, const struct option *row, struct str value, struct strs *out)
{
    struct strs list = { .items = ARENA_ARRAY(mem, struct str, LIST_ITEMS_MAX) };
    const char *must = check_text(mem, row, value);
    struct str item;

    if (value.len == 0)
        value.ptr = NULL; /* no item, where an empty text would be one */
    while (must == NULL && str_split(&value, ',', &item)) {
        item = str_trim(item);
        must = list.count == LIST_ITEMS_MAX ? "at most 64 items" : row->check(item);
        if (must == NULL)
            list.items[list.count++] = item;
    }
    if (must == NULL)
        *out = list;
    return must;
}

const char *config_value_set(struct arena *mem, const struct option *row, struct str value, struct config *config)
{
    switch (row->kind) {
    case OPTION_TEXT:
        return set_text(mem, row, value, member(config, row));
    case OPTION_LIST:
        return set_list(mem, row, value, member(config, row));
    case OPTION_INT:
        return set_int(mem, row, value, member(config, row));
    case OPTION_SWITCH:
        return set_switch(value, member(config, row));
    case OPTION_WORD:
        return set_word(mem, row, value, member(config, row));
    }
    return "nothing";
}

/* An address without what stands before the @, and without its query: libpq takes a password in both.  Where an @ comes
 * only after the ? it can't be told which of the two is meant, so nothing is shown. */
static struct str masked(struct arena *mem, struct str url)
{
    struct str rest, head, place;
    size_t at;

    if (!str_find(url, STR("://"), &at))
        return url;
    rest = str_slice(url, at + 3, url.len);
    str_split(&rest, '?', &head);
    place = head;
    while (str_find(place, STR("@"), &at))
        place = str_slice(place, at + 1, place.len);
    if (place.len == head.len && str_contains(rest, STR("@")))
        return arena_printf(mem, "%.*s***", (int)(head.ptr - url.ptr), url.ptr);
    return arena_printf(mem, "%.*s%s%.*s%s", (int)(head.ptr - url.ptr), url.ptr, place.len < head.len ? "***@" : "",
                        STR_ARG(place), rest.ptr != NULL ? "?***" : "");
}

static struct str joined(struct arena *mem, const struct strs *list)
{
    struct buf b = buf_new(mem, 64);

    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            buf_add_char(&b, ',');
        buf_add(&b, list->items[i]);
    }
    return buf_str(&b);
}

struct str config_value_text(struct arena *mem, const struct option *row, const struct config *config)
{
    const void *at = (const char *)config + row->offset;
    unsigned word;

    switch (row->kind) {
    case OPTION_TEXT:
        return row->secret ? masked(mem, *(const struct str *)at) : *(const struct str *)at;
    case OPTION_LIST:
        return joined(mem, at);
    case OPTION_INT:
        return arena_printf(mem, "%lld", (long long)*(const int64_t *)at);
    case OPTION_SWITCH:
        return *(const bool *)at ? STR("on") : STR("off");
    case OPTION_WORD:
        memcpy(&word, at, sizeof word);
        return str_of(row->words[word]);
    }
    return STR("");
}
