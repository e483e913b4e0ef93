#include "json/read.h"
#include "json/grammar.h"

/* The parsed object under its public name, and back. */
static const json_t *inside(const struct json *value)
{
    return (const json_t *)value;
}

static const struct json *outside(const json_t *value)
{
    return (const struct json *)value;
}

FALLIBLE json_tree(struct str text, struct json **out)
{
    return json_tree_of_file(text, JSON_TEXT_MAX, out);
}

FALLIBLE json_tree_of_file(struct str text, size_t max, struct json **out)
{
    size_t at = 0;
    json_t *top = json_parse(text, max, &at);
    if (top == NULL)
        return fail(ERR_INVALID, "no strict JSON object, byte %zu", at);
    *out = (struct json *)top;
    return OK;
}

void json_tree_drop(struct json **tree)
{
    if (*tree != NULL)
        json_decref((json_t *)*tree);
    *tree = NULL;
}

const struct json *json_get(const struct json *object, const char *name)
{
    return outside(json_object_get(inside(object), name));
}

bool json_is_str(const struct json *value, struct str *out)
{
    if (!json_is_string(inside(value)))
        return false;
    *out = (struct str){ json_string_value(inside(value)), json_string_length(inside(value)) };
    return true;
}

bool json_get_str(const struct json *object, const char *name, struct str *out)
{
    return json_is_str(json_get(object, name), out);
}

bool json_get_int(const struct json *object, const char *name, int64_t *out)
{
    const json_t *value = inside(json_get(object, name));
    if (!json_is_integer(value))
        return false;
    *out = json_integer_value(value);
    return true;
}

bool json_get_bool(const struct json *object, const char *name, bool *out)
{
    const json_t *value = inside(json_get(object, name));
    if (!json_is_boolean(value))
        return false;
    *out = json_is_true(value);
    return true;
}

size_t json_size(const struct json *value)
{
    if (json_is_array(inside(value)))
        return json_array_size(inside(value));
    return json_object_size(inside(value)); /* 0 for all that is no object */
}

const struct json *json_at(const struct json *array, size_t index)
{
    return outside(json_array_get(inside(array), index));
}

struct str json_text(struct arena *mem, const struct json *value)
{
    size_t len = json_dumpb(inside(value), NULL, 0, JSON_COMPACT);
    char *text = ARENA_ARRAY(mem, char, len + 1);
    return (struct str){ text, json_dumpb(inside(value), text, len, JSON_COMPACT) };
}

bool json_is_members(const struct json *value)
{
    return json_is_object(inside(value));
}

bool json_is_nothing(const struct json *value)
{
    return json_is_null(inside(value));
}
