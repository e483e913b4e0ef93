#include "json/grammar.h"
#include "base/err.h"
#include "base/secret.h"
#include "json/read.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void *take_or_die(size_t size)
{
    void *bytes = malloc(size > 0 ? size : 1);
    if (bytes == NULL)
        die("json: out of memory");
    return bytes;
}

/* A body may hold a password, and the parser copies it more than once. */
static void wipe_and_free(void *bytes)
{
    if (bytes == NULL)
        return;
    wipe(bytes, malloc_usable_size(bytes));
    free(bytes);
}

void json_setup(void)
{
    json_set_alloc_funcs(take_or_die, wipe_and_free);
    json_object_seed(0); /* 0: from the system's random source, so that names can't be chosen to collide */
}

/* The byte after the string whose first quote stands at `at`; the end of text when it has no second. */
static size_t after_string(struct str text, size_t at)
{
    for (at++; at < text.len; at++) {
        if (text.ptr[at] == '"')
            return at + 1;
        if (text.ptr[at] == '\\')
            at++;
    }
    return text.len;
}

/* The parser recurses on brackets; its own bound of 2048 is far above what a body of ours can need. */
static bool too_deep(struct str text, size_t *at)
{
    size_t depth = 0;
    size_t i = 0;

    while (i < text.len) {
        const char c = text.ptr[i];
        if (c == '"') {
            i = after_string(text, i);
            continue;
        }
        if ((c == '{' || c == '[') && ++depth > JSON_DEPTH_MAX) {
            *at = i;
            return true;
        }
        if ((c == '}' || c == ']') && depth > 0)
            depth--;
        i++;
    }
    return false;
}

static bool fit_for_the_parser(struct str text, size_t max, size_t *at)
{
    /* RFC 8259 8.1: "Implementations MUST NOT add a byte order mark"; a parser may take one, ours does not. */
    *at = 0;
    if (text.len == 0 || text.len > max || str_starts(text, STR("\xEF\xBB\xBF")))
        return false;
    const char *nul = memchr(text.ptr, 0, text.len);
    if (nul != NULL) {
        *at = (size_t)(nul - text.ptr);
        return false;
    }
    return !too_deep(text, at);
}

json_t *json_parse(struct str text, size_t max, size_t *at)
{
    json_error_t error = { 0 };

    if (!fit_for_the_parser(text, max, at))
        return NULL;
    json_t *top = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);
    *at = error.position > 0 ? (size_t)error.position : 0;
    if (top != NULL && !json_is_object(top)) {
        json_decref(top);
        return NULL;
    }
    return top;
}
