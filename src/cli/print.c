#include "cli/print.h"
#include "base/clock.h"
#include "json/write.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* C0, DEL, and C1 as UTF-8 writes it: C2 80 to C2 9F. */
static bool is_control(struct str s, size_t at)
{
    unsigned char c = (unsigned char)s.ptr[at];
    return c < 0x20 || c == 0x7f || (c == 0xc2 && at + 1 < s.len && (unsigned char)s.ptr[at + 1] < 0xa0);
}

struct str text_plain(struct arena *mem, struct str foreign)
{
    struct buf out = buf_new(mem, foreign.len + 1);
    for (size_t i = 0; i < foreign.len; i++) {
        if (!is_control(foreign, i)) {
            buf_add_char(&out, foreign.ptr[i]);
            continue;
        }
        buf_add_char(&out, '?');
        i += (unsigned char)foreign.ptr[i] == 0xc2;
    }
    return buf_str(&out);
}

struct str text_time(struct arena *mem, int64_t at_us)
{
    char text[CLOCK_TEXT_MAX];
    if (at_us == 0)
        return STR("-");
    clock_format(at_us, text);
    return arena_printf(mem, "%.19sZ", text);
}

struct str text_int(struct arena *mem, int64_t number)
{
    return arena_printf(mem, "%lld", (long long)number);
}

struct str text_coloured(struct arena *mem, enum colour colour, struct str text)
{
    if (!isatty(STDOUT_FILENO) || getenv("NO_COLOR") != NULL)
        return text;
    return arena_printf(mem, "\033[%dm%.*s\033[0m", (int)colour, STR_ARG(text));
}

static size_t columns_of(const struct table *t)
{
    size_t count = 0;
    while (count < TABLE_COLUMNS_MAX && t->heads[count] != NULL)
        count++;
    return count;
}

static struct str cell_of(struct arena *mem, struct str value)
{
    return value.len == 0 ? STR("-") : text_plain(mem, value);
}

static void measure(struct table *t, struct arena *mem, const struct str *cells, size_t rows)
{
    size_t columns = columns_of(t);
    for (size_t c = 0; c < columns; c++)
        t->width[c] = str_of(t->heads[c]).len;
    for (size_t i = 0; i < rows * columns; i++) {
        size_t width = str_code_points(cell_of(mem, cells[i]));
        if (width > t->width[i % columns])
            t->width[i % columns] = width;
    }
}

/* Nothing is padded behind the last column. */
static void print_cell(struct str text, size_t width, bool last)
{
    size_t have = str_code_points(text);
    printf("%.*s", STR_ARG(text));
    if (last)
        putchar('\n');
    else
        printf("%*s", (int)((have < width ? width - have : 0) + 2), "");
}

void table_print(struct table *t, struct arena *mem, const struct str *cells, size_t rows)
{
    size_t columns = columns_of(t);
    if (!t->begun) {
        measure(t, mem, cells, rows);
        for (size_t c = 0; c < columns; c++)
            print_cell(str_of(t->heads[c]), t->width[c], c + 1 == columns);
    }
    t->begun = true;
    for (size_t i = 0; i < rows * columns; i++)
        print_cell(cell_of(mem, cells[i]), t->width[i % columns], i % columns + 1 == columns);
}

void pairs_print(struct arena *mem, const struct pair *pairs, size_t count)
{
    size_t width = 0;
    for (size_t i = 0; i < count; i++)
        if (str_of(pairs[i].name).len > width)
            width = str_of(pairs[i].name).len;
    for (size_t i = 0; i < count; i++) {
        print_cell(str_of(pairs[i].name), width, false);
        print_cell(cell_of(mem, pairs[i].value), 0, true);
    }
}

static void print_object(struct arena *mem, const struct field *table, const void *from)
{
    struct buf line = buf_new(mem, 512);
    json_write(&line, table, from);
    fwrite(line.ptr, 1, line.len, stdout);
}

void json_print(struct arena *mem, const struct field *table, const void *from)
{
    print_object(mem, table, from);
    putchar('\n');
}

void json_items_add(struct arena *mem, size_t *items, const struct field *table, const void *from)
{
    fputs(*items == 0 ? "{\"items\":[" : ",", stdout);
    *items += 1;
    print_object(mem, table, from);
}

void json_items_end(size_t items)
{
    puts(items == 0 ? "{\"items\":[]}" : "]}");
}
