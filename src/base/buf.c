#include "base/buf.h"
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct buf buf_new(struct arena *mem, size_t first_room)
{
    return (struct buf){ .mem = mem, .ptr = arena_take(mem, first_room), .room = first_room };
}

char *buf_reserve(struct buf *b, size_t n)
{
    if (b->room - b->len < n) {
        size_t room = b->room * 2 > b->len + n ? b->room * 2 : b->len + n;
        char *wider = arena_take(b->mem, room);
        memcpy(wider, b->ptr, b->len);
        b->ptr = wider;
        b->room = room;
    }
    return b->ptr + b->len;
}

void buf_add(struct buf *b, struct str s)
{
    if (s.len == 0)
        return;
    memcpy(buf_reserve(b, s.len), s.ptr, s.len);
    b->len += s.len;
}

void buf_add_char(struct buf *b, char c)
{
    *buf_reserve(b, 1) = c;
    b->len++;
}

void buf_add_int(struct buf *b, int64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0)
        buf_add_char(b, '-');
    buf_add(b, (struct str){ digits + at, sizeof digits - at });
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        die("a format that can't be printed: %s", format);
    char *at = buf_reserve(b, (size_t)len + 1);
    va_start(args, format);
    vsnprintf(at, (size_t)len + 1, format, args);
    va_end(args);
    b->len += (size_t)len;
}

struct str buf_str(const struct buf *b)
{
    return (struct str){ b->ptr, b->len };
}
