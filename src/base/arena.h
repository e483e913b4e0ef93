/* The memory of one request: taken bit by bit, wiped and freed at once.
 *
 * Owns     every byte it gave out; they live until arena_drop.
 * Threads  one thread at a time.
 * Ends     none: out of memory, or past the cap, ends the process (die).  Bounds on inputs keep the cap out of reach.
 */
#pragma once
#include "base/str.h"

#define ARENA_MAX (8U * 1024 * 1024) /* bytes one arena may give out */

struct arena;

struct arena *arena_new(void);
void arena_drop(struct arena **arena); /* NULL is fine; wipes, then frees */

/* Zeroed, aligned for any type; size 0 gives a valid pointer. */
void *arena_take(struct arena *arena, size_t size) __attribute__((malloc, returns_nonnull));
#define ARENA_NEW(arena, type)          ((type *)arena_take((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_take_array((arena), sizeof(type), (count)))
void *arena_take_array(struct arena *arena, size_t size, size_t count) __attribute__((returns_nonnull));

/* Copies end in a NUL that their length does not count, so that C libraries can read them. */
struct str arena_copy(struct arena *arena, struct str s);
const char *arena_cstr(struct arena *arena, struct str s);
struct str arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

size_t arena_used(const struct arena *arena); /* bytes given out */
