#include "http/route.h"

#include <stdlib.h>

static const char *const method_names[METHODS] = { "GET", "POST", "PATCH", "DELETE" };

const char *method_name(enum method method)
{
    return method_names[method];
}

int method_of(struct str name)
{
    if (str_equal(name, STR("HEAD")))
        return GET; /* RFC 9110 9.3.2: the same as GET but for the content, which the server leaves out */
    for (int m = 0; m < METHODS; m++)
        if (str_equal(name, str_of(method_names[m])))
            return m;
    return -1;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum err percent_decode(struct arena *mem, struct str text, bool plus_is_space, struct str *out)
{
    char *decoded = arena_take(mem, text.len + 1);
    size_t len = 0;
    for (size_t at = 0; at < text.len; at++) {
        char c = text.ptr[at];
        if (c == '%') {
            int high = at + 2 < text.len ? hex_digit(text.ptr[at + 1]) : -1;
            int low = at + 2 < text.len ? hex_digit(text.ptr[at + 2]) : -1;
            if (high < 0 || low < 0 || high * 16 + low == 0)
                return fail(ERR_INVALID, "a broken escape in the address");
            c = (char)(high * 16 + low);
            at += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        decoded[len++] = c;
    }
    if (!str_utf8_ok((struct str){ decoded, len }))
        return fail(ERR_INVALID, "the address is not UTF-8");
    *out = (struct str){ decoded, len };
    return OK;
}

/* Does the template take this path?  raw: the segments that stand for its braces, still encoded. */
static bool template_takes(struct str template, struct str path, struct str raw[static ROUTE_PARAMS_MAX])
{
    struct str want, got;
    size_t params = 0;
    while (str_split(&template, '/', &want)) {
        if (!str_split(&path, '/', &got))
            return false;
        bool braces = want.len > 0 && want.ptr[0] == '{';
        if (braces ? got.len == 0 : !str_equal(want, got))
            return false;
        if (braces)
            raw[params++] = got;
    }
    return path.ptr == NULL;
}

struct entry {
    const struct route *row;
    struct str path;
};

/* Rows without braces first: "/users/me" before "/users/{id}", wherever it stands in the table. */
struct routes {
    size_t literal, count;
    struct entry entries[];
};

static void add_rows(struct routes *routes, const struct route *table, size_t count, bool braces)
{
    for (size_t i = 0; i < count; i++) {
        const struct str path = str_of(table[i].path);
        if (str_contains(path, STR("{")) == braces)
            routes->entries[routes->count++] = (struct entry){ &table[i], path };
    }
}

struct routes *routes_open(const struct route *table, size_t count)
{
    struct routes *routes = calloc(1, sizeof *routes + count * sizeof *routes->entries);
    if (routes == NULL)
        die("out of memory");
    add_rows(routes, table, count, false);
    routes->literal = routes->count;
    add_rows(routes, table, count, true);
    return routes;
}

void routes_drop(struct routes **routes)
{
    free(*routes);
    *routes = NULL;
}

static enum err take(const struct route *row, int method, struct arena *mem,
                     const struct str raw[static ROUTE_PARAMS_MAX], struct route_match *found)
{
    found->methods |= 1U << row->method;
    if ((int)row->method != method)
        return OK;
    found->route = row;
    for (size_t p = 0; p < ROUTE_PARAMS_MAX && raw[p].ptr != NULL; p++)
        TRY(percent_decode(mem, raw[p], false, &found->params[p]));
    return OK;
}

static enum err find_literal(const struct routes *routes, struct arena *mem, int method, struct str path,
                             struct route_match *found)
{
    static const struct str none[ROUTE_PARAMS_MAX];
    for (size_t i = 0; i < routes->literal; i++)
        if (str_equal(routes->entries[i].path, path))
            TRY(take(routes->entries[i].row, method, mem, none, found));
    return OK;
}

static enum err find_template(const struct routes *routes, struct arena *mem, int method, struct str path,
                              struct route_match *found)
{
    for (size_t i = routes->literal; i < routes->count; i++) {
        struct str raw[ROUTE_PARAMS_MAX] = { 0 };
        if (template_takes(routes->entries[i].path, path, raw))
            TRY(take(routes->entries[i].row, method, mem, raw, found));
    }
    return OK;
}

enum err route_find(const struct routes *routes, struct arena *mem, int method, struct str path,
                    struct route_match *out)
{
    struct route_match found = { 0 };
    TRY(find_literal(routes, mem, method, path, &found));
    if (found.methods == 0)
        TRY(find_template(routes, mem, method, path, &found));
    *out = found;
    return OK;
}
