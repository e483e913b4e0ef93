#include "http/form.h"
#include "http/route.h"
#include "base/why.h"
#include "crypto/base64url.h"

static const struct field *row_of(const struct field *table, struct str name)
{
    for (const struct field *row = table; row->name != NULL; row++)
        if (str_equal(str_of(row->name), name))
            return row;
    return NULL;
}

struct names {
    struct str seen[FORM_PAIRS_MAX];
    size_t count;
};

/* "Request and response parameters MUST NOT be included more than once": of those too that nobody knows. */
static bool name_add(struct names *names, struct str name)
{
    for (size_t i = 0; i < names->count; i++)
        if (str_equal(names->seen[i], name))
            return false;
    if (names->count == FORM_PAIRS_MAX)
        return false;
    names->seen[names->count++] = name;
    return true;
}

static bool within(const struct field *row, struct str value)
{
    return (int64_t)value.len >= row->min && (int64_t)value.len <= row->max;
}

static enum err read_pair(struct arena *mem, struct str pair, const struct field *table, void *out, struct names *names)
{
    struct str name = { 0 }, value = STR("");
    str_split(&pair, '=', &name);
    TRY(percent_decode(mem, name, true, &name));
    if (pair.ptr != NULL)
        TRY(percent_decode(mem, pair, true, &value));
    if (name.len == 0 || !name_add(names, name))
        return refuse(WHY_OAUTH_REQUEST);
    const struct field *row = row_of(table, name);
    /* "Parameters sent without a value MUST be treated as if they were omitted from the request.  The authorization server
     * MUST ignore unrecognized request parameters." */
    if (row == NULL || value.len == 0)
        return OK;
    if (!within(row, value))
        return refuse(WHY_OAUTH_REQUEST);
    *(struct str *)(void *)((char *)out + row->offset) = value;
    return OK;
}

static bool all_there(const struct field *table, const void *in)
{
    for (const struct field *row = table; row->name != NULL; row++)
        if ((row->flags & FIELD_OPTIONAL) == 0 &&
            ((const struct str *)(const void *)((const char *)in + row->offset))->ptr == NULL)
            return false;
    return true;
}

enum err form_read(struct arena *mem, struct str text, const struct field *table, void *out)
{
    struct names names = { .count = 0 };
    struct str pair, rest = text.len > 0 ? text : (struct str){ NULL, 0 };
    while (str_split(&rest, '&', &pair))
        if (read_pair(mem, pair, table, out, &names) != OK)
            return refuse(WHY_OAUTH_REQUEST);
    return all_there(table, out) ? OK : refuse(WHY_OAUTH_REQUEST);
}

/* The alphabet of RFC 4648 4 with its padding, as that of section 5 without. */
static enum err base64_decode(struct arena *mem, struct str text, struct str *out)
{
    size_t len = text.len;
    char *url = arena_take(mem, len + 1);
    if (len == 0 || len % 4 != 0)
        return fail(ERR_INVALID, "no base64");
    for (int padding = 0; padding < 2 && text.ptr[len - 1] == '='; padding++)
        len--;
    for (size_t i = 0; i < len; i++) {
        char c = text.ptr[i];
        if (c == '-' || c == '_')
            return fail(ERR_INVALID, "no base64");
        url[i] = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    return base64url_decode(mem, (struct str){ url, len }, out);
}

enum err basic_read(struct arena *mem, struct str credentials, struct str *id, struct str *secret)
{
    struct str both = { 0 }, name = { 0 }, word = { 0 };
    TRY(base64_decode(mem, credentials, &both));
    if (!str_split(&both, ':', &name) || both.ptr == NULL)
        return fail(ERR_INVALID, "no colon between id and secret");
    TRY(percent_decode(mem, name, true, &name));
    TRY(percent_decode(mem, both, true, &word));
    *id = name;
    *secret = word;
    return OK;
}
