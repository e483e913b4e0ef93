/* Results on stdout: aligned tables and pairs for people, JSON for programs.
 *
 * What was typed by others (names, tokens) is printed without control characters: a terminal takes some for orders.
 */
#pragma once
#include "base/arena.h"
#include "base/field.h"

#define TABLE_COLUMNS_MAX 10

/* A table may be printed in pages: the first decides the widths. */
struct table {
    const char *heads[TABLE_COLUMNS_MAX]; /* NULL behind the last */
    size_t width[TABLE_COLUMNS_MAX];      /* code points; 0 until the first page */
    bool begun;
};

/* cells: rows of as many columns as there are heads. */
void table_print(struct table *t, struct arena *mem, const struct str *cells, size_t rows);

/* "name   value", for one thing; an absent value is "-". */
struct pair {
    const char *name;
    struct str value;
};
void pairs_print(struct arena *mem, const struct pair *pairs, size_t count);

void json_print(struct arena *mem, const struct field *table, const void *from); /* one line */
/* {"items":[...]} in pieces; items: how many so far, 0 at the beginning. */
void json_items_add(struct arena *mem, size_t *items, const struct field *table, const void *from);
void json_items_end(size_t items);

struct str text_time(struct arena *mem, int64_t at_us); /* to the second, RFC 3339; "-" for 0 */
struct str text_int(struct arena *mem, int64_t number);
struct str text_plain(struct arena *mem, struct str foreign); /* each control character as "?" */

/* The text in a colour of ECMA-48, when stdout is a terminal and NO_COLOR is not set. */
enum colour { GREEN = 32, YELLOW = 33, RED = 31 };
struct str text_coloured(struct arena *mem, enum colour colour, struct str text);
