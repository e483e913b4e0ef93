/* The one writer of bytes: append-only, grows inside an arena.
 *
 * Owns     nothing: the bytes lie in the arena.
 * Threads  one thread at a time.
 */
#pragma once
#include "base/arena.h"

struct buf {
    struct arena *mem;
    char *ptr;
    size_t len, room; /* bytes */
};

struct buf buf_new(struct arena *mem, size_t first_room);
void buf_add(struct buf *b, struct str s);
void buf_add_char(struct buf *b, char c);
void buf_add_int(struct buf *b, int64_t number);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Room for n more bytes at the end; the caller writes them and adds to len. */
char *buf_reserve(struct buf *b, size_t n);
struct str buf_str(const struct buf *b); /* borrowed until the next append */
