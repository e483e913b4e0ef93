#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_FIRST (8U * 1024)
#define ALIGNMENT   _Alignof(max_align_t)

struct chunk {
    struct chunk *before;
    size_t used, room;
    _Alignas(max_align_t) char bytes[];
};

struct arena {
    struct chunk *last;
    size_t given; /* bytes given out, over all chunks */
};

/* Each thread keeps the last first chunk that it wiped: the library's allocator would take it from and give it to what all threads
 * share, and tidy up each time. */
static pthread_key_t spare;
static pthread_once_t spare_once = PTHREAD_ONCE_INIT;

static void spare_open(void)
{
    if (pthread_key_create(&spare, free) != 0)
        die("no key for the spare chunks");
}

static struct chunk *spare_take(void)
{
    pthread_once(&spare_once, spare_open);
    struct chunk *c = pthread_getspecific(spare);
    if (c != NULL)
        pthread_setspecific(spare, NULL);
    return c;
}

#ifdef POSTERN_SANITISED
#define KEEPS_SPARE false /* who uses a request's memory after its end has to be found */
#else
#define KEEPS_SPARE true
#endif

static bool spare_give(struct chunk *c)
{
    return KEEPS_SPARE && c->before == NULL && pthread_getspecific(spare) == NULL && pthread_setspecific(spare, c) == 0;
}

static struct chunk *chunk_new(struct chunk *before, size_t room)
{
    struct chunk *c = malloc(sizeof *c + room);
    if (c == NULL)
        die("out of memory (%zu bytes)", room);
    c->before = before;
    c->used = 0;
    c->room = room;
    return c;
}

/* The arena's own record is the first thing in its first chunk: one allocation for a usual request. */
struct arena *arena_new(void)
{
    struct chunk *first = spare_take();
    if (first == NULL)
        first = chunk_new(NULL, CHUNK_FIRST);
    struct arena *arena = (struct arena *)(void *)first->bytes;
    first->used = (sizeof *arena + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    *arena = (struct arena){ .last = first };
    return arena;
}

void arena_drop(struct arena **arena)
{
    struct chunk *c = *arena == NULL ? NULL : (*arena)->last;
    *arena = NULL;
    while (c != NULL) {
        struct chunk *before = c->before;
        wipe(c->bytes, c->used);
        if (!spare_give(c))
            free(c);
        c = before;
    }
}

static void grow(struct arena *arena, size_t size)
{
    size_t room = arena->last->room * 2;
    while (room < size)
        room *= 2;
    arena->last = chunk_new(arena->last, room);
}

/* As it was. */
static void *take(struct arena *arena, size_t size)
{
    if (size > ARENA_MAX || arena->given + size > ARENA_MAX)
        die("a request asked for more than its %u bytes", ARENA_MAX);
    size_t whole = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (whole == 0)
        whole = ALIGNMENT;
    if (arena->last->room - arena->last->used < whole)
        grow(arena, whole);
    void *at = arena->last->bytes + arena->last->used;
    arena->last->used += whole;
    arena->given += whole;
    return at;
}

void *arena_take(struct arena *arena, size_t size)
{
    return memset(take(arena, size), 0, size);
}

void *arena_take_array(struct arena *arena, size_t size, size_t count)
{
    size_t whole;
    if (__builtin_mul_overflow(size, count, &whole))
        die("an array of %zu times %zu bytes", count, size);
    return arena_take(arena, whole);
}

struct str arena_copy(struct arena *arena, struct str s)
{
    if (s.ptr == NULL)
        return s;
    return (struct str){ arena_cstr(arena, s), s.len };
}

const char *arena_cstr(struct arena *arena, struct str s)
{
    char *copy = take(arena, s.len + 1);
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        die("a format that can't be printed: %s", format);
    char *text = arena_take(arena, (size_t)len + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return (struct str){ text, (size_t)len };
}

size_t arena_used(const struct arena *arena)
{
    return arena->given;
}
