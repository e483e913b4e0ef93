/* A borrowed view of bytes.  Never NUL-terminated by contract; ptr NULL means "absent".
 *
 * Owns     nothing.
 * Threads  any: the functions are pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *ptr;
    size_t len; /* bytes */
};

struct strs {
    struct str *items;
    size_t count;
};

#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
#define STR_ARG(s)   (int)(s).len, (s).ptr /* for "%.*s" */

struct str str_of(const char *text); /* a C string from a library's edge; NULL becomes the absent view */
/* Here and not in str.c: most pairs differ in length or at once, and tables are searched with it. */
static inline bool str_equal(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || (a.ptr[0] == b.ptr[0] && memcmp(a.ptr, b.ptr, a.len) == 0));
}
bool str_equal_nocase(struct str a, struct str b); /* ASCII only */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
bool str_find(struct str s, struct str needle, size_t *at);
bool str_contains(struct str s, struct str needle);
struct str str_slice(struct str s, size_t from, size_t to); /* clamped to s */
struct str str_trim(struct str s);                          /* spaces and tabs at both ends */

/* Take what stands before the next `mark` off the front of *rest; false when *rest is used up. */
bool str_split(struct str *rest, char mark, struct str *part);

/* Levenshtein: insertions, deletions and replacements from a to b; what is longer than STR_DISTANCE_MAX counts as cut.  To name
 * the real word that a mistyped one is nearest to. */
#define STR_DISTANCE_MAX 63 /* bytes */
size_t str_distance(struct str a, struct str b);

/* Decimal digits only, no sign, no blanks, at most 18 digits, within [min, max]. */
bool str_to_int(struct str s, int64_t min, int64_t max, int64_t *out);

/* True for well-formed UTF-8 (RFC 3629 3: no overlong forms, no surrogates, nothing past U+10FFFF). */
bool str_utf8_ok(struct str s);
/* Code points of well-formed UTF-8. */
size_t str_code_points(struct str s);
