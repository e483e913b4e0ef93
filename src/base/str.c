#include "base/str.h"

#include <string.h>
#include <strings.h>

struct str str_of(const char *text)
{
    return text == NULL ? (struct str){ 0 } : (struct str){ text, strlen(text) };
}

bool str_equal_nocase(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_equal(str_slice(s, 0, prefix.len), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len && str_equal(str_slice(s, s.len - suffix.len, s.len), suffix);
}

bool str_find(struct str s, struct str needle, size_t *at)
{
    if (needle.len == 0 || s.len < needle.len)
        return false;
    const char *hit = memmem(s.ptr, s.len, needle.ptr, needle.len);
    if (hit == NULL)
        return false;
    *at = (size_t)(hit - s.ptr);
    return true;
}

bool str_contains(struct str s, struct str needle)
{
    size_t at;
    return str_find(s, needle, &at);
}

struct str str_slice(struct str s, size_t from, size_t to)
{
    if (to > s.len)
        to = s.len;
    if (from > to)
        from = to;
    return s.ptr == NULL ? s : (struct str){ s.ptr + from, to - from };
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
    while (s.len > 0 && is_blank(s.ptr[0]))
        s = str_slice(s, 1, s.len);
    while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

bool str_split(struct str *rest, char mark, struct str *part)
{
    if (rest->ptr == NULL)
        return false;
    const char *hit = rest->len == 0 ? NULL : memchr(rest->ptr, mark, rest->len);
    if (hit == NULL) {
        *part = *rest;
        *rest = (struct str){ 0 };
        return true;
    }
    size_t at = (size_t)(hit - rest->ptr);
    *part = str_slice(*rest, 0, at);
    *rest = (struct str){ hit + 1, rest->len - at - 1 };
    return true;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t str_distance(struct str a, struct str b)
{
    size_t row[STR_DISTANCE_MAX + 1];
    a = str_slice(a, 0, STR_DISTANCE_MAX);
    b = str_slice(b, 0, STR_DISTANCE_MAX);
    for (size_t i = 0; i <= b.len; i++)
        row[i] = i;
    for (size_t line = 1; line <= a.len; line++) {
        size_t diagonal = row[0];
        row[0] = line;
        for (size_t i = 1; i <= b.len; i++) {
            size_t replaced = diagonal + (a.ptr[line - 1] != b.ptr[i - 1]);
            diagonal = row[i];
            row[i] = least(replaced, least(row[i], row[i - 1]) + 1);
        }
    }
    return row[b.len];
}

bool str_to_int(struct str s, int64_t min, int64_t max, int64_t *out)
{
    if (s.len == 0 || s.len > 18)
        return false;
    int64_t number = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        number = number * 10 + (s.ptr[i] - '0');
    }
    if (number < min || number > max)
        return false;
    *out = number;
    return true;
}

/* Length of the well-formed sequence at s, 0 when there is none (RFC 3629 4, the table UTF8-octets). */
static size_t utf8_step(const uint8_t *s, size_t left)
{
    if (s[0] < 0x80)
        return 1;
    size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || left < len)
        return 0;
    uint8_t low = 0x80, high = 0xbf;
    if (s[0] == 0xe0)
        low = 0xa0;
    if (s[0] == 0xed)
        high = 0x9f;
    if (s[0] == 0xf0)
        low = 0x90;
    if (s[0] == 0xf4)
        high = 0x8f;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

bool str_utf8_ok(struct str s)
{
    for (size_t at = 0; at < s.len;) {
        size_t step = utf8_step((const uint8_t *)s.ptr + at, s.len - at);
        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

size_t str_code_points(struct str s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.len; i++)
        count += ((uint8_t)s.ptr[i] & 0xc0) != 0x80;
    return count;
}
