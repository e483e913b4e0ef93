#include "json/write.h"
#include "base/clock.h"

/* What has to be done with a byte of a string. */
enum step { PLAIN, SHORT, LONG, MULTI };

/* A table, since every byte that is answered passes here. */
static enum step step_of(unsigned char c)
{
    static const uint8_t steps[256] = {
        [0x00 ... 0x07] = LONG, ['\b' ... '\n'] = SHORT, ['\v'] = LONG, ['\f' ... '\r'] = SHORT, [0x0e ... 0x1f] = LONG,
        ['"'] = SHORT,          ['\\'] = SHORT,          [0x7f] = LONG, [0x80 ... 0xff] = MULTI,
    };
    return (enum step)steps[c];
}

/* RFC 8259 7: the two-character escapes. */
static void add_short(struct buf *out, unsigned char c)
{
    static const char letters[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"', ['\\'] = '\\'
    };
    buf_add_char(out, '\\');
    buf_add_char(out, letters[c]);
}

static void add_long(struct buf *out, unsigned code)
{
    static const char hex[] = "0123456789abcdef";
    const char text[] = { '\\', 'u', hex[code >> 12 & 15], hex[code >> 8 & 15], hex[code >> 4 & 15], hex[code & 15] };
    buf_add(out, (struct str){ text, sizeof text });
}

/* Bytes of the character at the front of s, 2 to 4; 0 when it is not well formed. */
static size_t character(struct str s)
{
    const unsigned char first = (unsigned char)s.ptr[0];
    const size_t len = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    return len <= s.len && str_utf8_ok(str_slice(s, 0, len)) ? len : 0;
}

/* U+2028 and U+2029 end a line in older JavaScript, where the text may land. */
static bool line_end(struct str s)
{
    return str_starts(s, STR("\xE2\x80\xA8")) || str_starts(s, STR("\xE2\x80\xA9"));
}

/* The bytes at the front of s that need no change: 0 when the first does. */
static size_t plain_run(struct str s)
{
    size_t at = 0;
    while (at < s.len) {
        const enum step step = step_of((unsigned char)s.ptr[at]);
        if (step == PLAIN) {
            at++;
            continue;
        }
        const struct str rest = { s.ptr + at, s.len - at };
        const size_t len = step == MULTI && !line_end(rest) ? character(rest) : 0;
        if (len == 0)
            return at;
        at += len;
    }
    return at;
}

/* Write what plain_run stopped at; returns the bytes it took. */
static size_t add_escaped(struct buf *out, struct str s)
{
    const unsigned char c = (unsigned char)s.ptr[0];
    if (line_end(s)) {
        add_long(out, 0x2000 | ((unsigned)s.ptr[2] & 0x3FU));
        return 3;
    }
    if (step_of(c) == MULTI)
        buf_add(out, STR("\xEF\xBF\xBD"));
    else if (step_of(c) == SHORT)
        add_short(out, c);
    else
        add_long(out, c);
    return 1;
}

void json_write_str(struct buf *out, struct str s)
{
    buf_add_char(out, '"');
    while (s.len > 0) {
        size_t taken = plain_run(s);
        if (taken > 0)
            buf_add(out, (struct str){ s.ptr, taken });
        else
            taken = add_escaped(out, s);
        s = (struct str){ s.ptr + taken, s.len - taken };
    }
    buf_add_char(out, '"');
}

static void add_strs(struct buf *out, const struct strs *list)
{
    buf_add_char(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        json_write_str(out, list->items[i]);
    }
    buf_add_char(out, ']');
}

static void add_objects(struct buf *out, const struct field *row, const struct list *list)
{
    buf_add_char(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        json_write(out, row->sub, (const char *)list->items + i * row->sub_size);
    }
    buf_add_char(out, ']');
}

static void add_time(struct buf *out, int64_t at_us)
{
    char text[CLOCK_TEXT_MAX];
    clock_format(at_us, text);
    buf_add_char(out, '"');
    buf_add(out, str_of(text));
    buf_add_char(out, '"');
}

/* Numbers and truth values are always there; time 0 is "never". */
static bool absent(const struct field *row, const void *at)
{
    switch (row->kind) {
    case FIELD_STR:
    case FIELD_RAW:
        return ((const struct str *)at)->ptr == NULL;
    case FIELD_STRS:
        return ((const struct strs *)at)->items == NULL;
    case FIELD_OBJECTS:
        return ((const struct list *)at)->items == NULL;
    case FIELD_TIME:
        return *(const int64_t *)at == 0;
    case FIELD_INT:
        return (row->flags & FIELD_OPTIONAL) != 0 && *(const int64_t *)at == 0;
    case FIELD_BOOL:
    case FIELD_OBJECT:
    case FIELD_SECRET:
    case FIELD_MARKS:
        break;
    }
    return false;
}

/* A list that is not there and has no flag is an empty list; all else that is not there is null. */
static bool null_for(const struct field *row, const void *at)
{
    if (!absent(row, at))
        return false;
    return (row->flags & FIELD_NULLABLE) != 0 || (row->kind != FIELD_STRS && row->kind != FIELD_OBJECTS);
}

static void add_value(struct buf *out, const struct field *row, const void *at)
{
    switch (row->kind) {
    case FIELD_STR:
        json_write_str(out, *(const struct str *)at);
        return;
    case FIELD_RAW:
        buf_add(out, *(const struct str *)at);
        return;
    case FIELD_INT:
        buf_add_int(out, *(const int64_t *)at);
        return;
    case FIELD_BOOL:
        buf_add(out, *(const bool *)at ? STR("true") : STR("false"));
        return;
    case FIELD_TIME:
        add_time(out, *(const int64_t *)at);
        return;
    case FIELD_STRS:
        add_strs(out, at);
        return;
    case FIELD_OBJECTS:
        add_objects(out, row, at);
        return;
    case FIELD_OBJECT:
        json_write(out, row->sub, at);
        return;
    case FIELD_SECRET:
    case FIELD_MARKS:
        return; /* is_written keeps them away */
    }
}

/* A secret has no way out, whatever a table says. */
static bool is_written(const struct field *row, const void *at)
{
    if (row->kind == FIELD_SECRET || row->kind == FIELD_MARKS)
        return false;
    return (row->flags & FIELD_OPTIONAL) == 0 || !absent(row, at);
}

void json_write(struct buf *out, const struct field *table, const void *from)
{
    char before = '{';

    for (const struct field *row = table; row->name != NULL; row++) {
        const void *at = (const char *)from + row->offset;
        if (!is_written(row, at))
            continue;
        buf_add_char(out, before);
        before = ',';
        buf_add_char(out, '"'); /* names are C names: nothing in them to escape */
        buf_add(out, str_of(row->name));
        buf_add(out, STR("\":"));
        if (null_for(row, at))
            buf_add(out, STR("null"));
        else
            add_value(out, row, at);
    }
    if (before == '{')
        buf_add_char(out, '{');
    buf_add_char(out, '}');
}
