#include "http/route.h"

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

static bool has_braces(const struct route *row)
{
    return str_contains(str_of(row->path), STR("{"));
}

static bool row_takes(const struct route *row, bool braces, struct str path, struct str raw[static ROUTE_PARAMS_MAX])
{
    if (!braces)
        return str_equal(str_of(row->path), path) && !has_braces(row);
    return has_braces(row) && template_takes(str_of(row->path), path, raw);
}

enum err route_find(const struct route *table, size_t count, struct arena *mem, int method, struct str path,
                    struct route_match *out)
{
    struct route_match found = { 0 };
    /* "/users/me" before "/users/{id}": a literal row wins wherever it stands in the table. */
    for (int braces = 0; braces < 2 && found.methods == 0; braces++) {
        for (size_t i = 0; i < count; i++) {
            struct str raw[ROUTE_PARAMS_MAX] = { 0 };
            if (!row_takes(&table[i], braces == 1, path, raw))
                continue;
            found.methods |= 1U << table[i].method;
            if ((int)table[i].method != method)
                continue;
            found.route = &table[i];
            for (size_t p = 0; p < ROUTE_PARAMS_MAX && raw[p].ptr != NULL; p++)
                TRY(percent_decode(mem, raw[p], false, &found.params[p]));
        }
    }
    *out = found;
    return OK;
}
