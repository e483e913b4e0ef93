#include "json/read.h"
#include "base/why.h"
#include "json/grammar.h"

#include <inttypes.h>
#include <string.h>

#define NAME_SHOWN_MAX 64 /* bytes of an unknown name that are said back */
#define ITEM_MAX       64 /* bytes of a string in a list */

/* What one reading works on. */
struct reading {
    struct arena *mem;
    const struct field *table;
    char *out;
    struct faults *faults;
};

static bool refused(struct reading *r, struct str name, const char *code, const char *message)
{
    faults_add(r->faults, name, code, message);
    return false;
}

static bool bad_count(struct reading *r, struct str name, bool less, int64_t bound, const char *of)
{
    if (less && bound == 1)
        return refused(r, name, "too_short", "must not be empty");
    struct str said = arena_printf(r->mem, "must have %s %" PRId64 " %s", less ? "at least" : "at most", bound, of);
    return refused(r, name, less ? "too_short" : "too_long", said.ptr);
}

static bool count_ok(struct reading *r, struct str name, const struct field *row, size_t count, const char *of)
{
    if ((int64_t)count < row->min)
        return bad_count(r, name, true, row->min, of);
    if ((int64_t)count > row->max)
        return bad_count(r, name, false, row->max, of);
    return true;
}

static bool own_check_ok(struct reading *r, struct str name, const struct field *row, struct str value)
{
    struct fault found = { 0 };
    if (row->check == NULL || row->check(value, &found))
        return true;
    return refused(r, name, found.code, found.message);
}

/* A view into the tree, when the value is a string that the row allows. */
static bool text_ok(struct reading *r, const struct field *row, const json_t *value, struct str *text)
{
    const struct str name = str_of(row->name);
    if (!json_is_string(value))
        return refused(r, name, "wrong_type", "must be a string");
    *text = (struct str){ json_string_value(value), json_string_length(value) };
    return count_ok(r, name, row, text->len, "bytes") && own_check_ok(r, name, row, *text);
}

static void read_str(struct reading *r, const struct field *row, const json_t *value)
{
    struct str text;
    if (text_ok(r, row, value, &text))
        *(struct str *)(void *)(r->out + row->offset) = arena_copy(r->mem, text);
}

static void read_secret(struct reading *r, const struct field *row, const json_t *value)
{
    struct str text;
    if (text_ok(r, row, value, &text))
        *(struct secret *)(void *)(r->out + row->offset) = secret_copy(text);
}

static void read_int(struct reading *r, const struct field *row, const json_t *value)
{
    const struct str name = str_of(row->name);
    if (!json_is_integer(value)) { /* 1.0 is a real number to the parser, and to us */
        (void)refused(r, name, "wrong_type", "must be an integer");
        return;
    }
    const int64_t number = json_integer_value(value);
    if (number < row->min || number > row->max) {
        struct str said = arena_printf(r->mem, "must be from %" PRId64 " to %" PRId64, row->min, row->max);
        (void)refused(r, name, "out_of_range", said.ptr);
        return;
    }
    *(int64_t *)(void *)(r->out + row->offset) = number;
}

static void read_bool(struct reading *r, const struct field *row, const json_t *value)
{
    if (!json_is_boolean(value))
        (void)refused(r, str_of(row->name), "wrong_type", "must be true or false");
    else
        *(bool *)(r->out + row->offset) = json_is_true(value);
}

static bool item_ok(struct reading *r, const struct field *row, size_t index, const json_t *value, struct str *item)
{
    const struct str name = arena_printf(r->mem, "%s[%zu]", row->name, index);
    if (!json_is_string(value))
        return refused(r, name, "wrong_type", "must be a string");
    const struct str text = { json_string_value(value), json_string_length(value) };
    if (text.len > ITEM_MAX)
        return bad_count(r, name, false, ITEM_MAX, "bytes");
    *item = arena_copy(r->mem, text);
    return own_check_ok(r, name, row, text);
}

static void read_strs(struct reading *r, const struct field *row, const json_t *value)
{
    const struct str name = str_of(row->name);
    if (!json_is_array(value)) {
        (void)refused(r, name, "wrong_type", "must be a list of strings");
        return;
    }
    const size_t count = json_array_size(value);
    if (!count_ok(r, name, row, count, "items"))
        return;
    struct str *items = ARENA_ARRAY(r->mem, struct str, count);
    bool good = true;
    for (size_t i = 0; i < count; i++)
        good = item_ok(r, row, i, json_array_get(value, i), &items[i]) && good;
    if (good)
        *(struct strs *)(void *)(r->out + row->offset) = (struct strs){ items, count };
}

/* What is inside is for whoever knows it. */
static void read_raw(struct reading *r, const struct field *row, const json_t *value)
{
    const struct str name = str_of(row->name);
    if (!json_is_object(value)) {
        (void)refused(r, name, "wrong_type", "must be an object");
        return;
    }
    const struct str text = json_text(r->mem, (const struct json *)(const void *)value);
    if (count_ok(r, name, row, text.len, "bytes"))
        *(struct str *)(void *)(r->out + row->offset) = text;
}

static void read_value(struct reading *r, const struct field *row, const json_t *value)
{
    switch (row->kind) {
    case FIELD_STR:
        read_str(r, row, value);
        return;
    case FIELD_SECRET:
        read_secret(r, row, value);
        return;
    case FIELD_INT:
        read_int(r, row, value);
        return;
    case FIELD_BOOL:
        read_bool(r, row, value);
        return;
    case FIELD_STRS:
        read_strs(r, row, value);
        return;
    case FIELD_RAW:
        read_raw(r, row, value);
        return;
    case FIELD_MARKS:
    case FIELD_TIME:
    case FIELD_OBJECT:
    case FIELD_OBJECTS:
        break;
    }
    die("json: field %s is of a kind that is not read", row->name);
}

static void read_row(struct reading *r, const struct field *row, const json_t *value, struct marks *marks)
{
    const uint64_t bit = UINT64_C(1) << (row - r->table);

    if (value == NULL) {
        if ((row->flags & FIELD_OPTIONAL) == 0)
            (void)refused(r, str_of(row->name), "missing", "is required");
        return;
    }
    marks->given |= bit;
    if (json_is_null(value) && (row->flags & FIELD_NULLABLE) != 0)
        marks->null |= bit;
    else
        read_value(r, row, value); /* a null where none is allowed is of the wrong type */
}

static const struct field *row_of(const struct field *table, const char *name)
{
    for (const struct field *row = table; row->name != NULL; row++) {
        if (row->kind != FIELD_MARKS && strcmp(row->name, name) == 0)
            return row;
    }
    return NULL;
}

/* The front of a name, cut where a character ends. */
static struct str shown(struct reading *r, const char *name)
{
    struct str all = str_of(name);
    size_t len = all.len;
    if (len > NAME_SHOWN_MAX) {
        for (len = NAME_SHOWN_MAX; ((unsigned char)name[len] & 0xC0) == 0x80;)
            len--;
    }
    return arena_copy(r->mem, str_slice(all, 0, len));
}

static void find_unknown(struct reading *r, json_t *top, size_t known)
{
    const char *name;
    json_t *value;

    if (json_object_size(top) == known)
        return;
    json_object_foreach(top, name, value)
    {
        if (r->faults->count == FAULTS_MAX)
            return;
        if (row_of(r->table, name) == NULL)
            (void)refused(r, shown(r, name), "unknown_field", "is not a field of this request");
    }
}

static void read_object(struct reading *r, json_t *top)
{
    struct marks marks = { 0 };
    const struct field *marks_row = NULL;

    for (const struct field *row = r->table; row->name != NULL; row++) {
        if (row - r->table >= 64)
            die("json: table of %s has over 64 rows", r->table->name);
        if (row->kind == FIELD_MARKS)
            marks_row = row;
        else
            read_row(r, row, json_object_get(top, row->name), &marks);
    }
    if (marks_row != NULL)
        *(struct marks *)(void *)(r->out + marks_row->offset) = marks;
    find_unknown(r, top, (size_t)__builtin_popcountll(marks.given));
}

FALLIBLE json_read(struct arena *mem, struct str text, const struct field *table, void *out, struct faults *faults)
{
    size_t at = 0;
    json_t *top = json_parse(text, JSON_TEXT_MAX, &at);
    if (top == NULL)
        return refuse(WHY_JSON);
    struct reading r = { mem, table, out, faults };
    read_object(&r, top);
    json_decref(top);
    return OK;
}

const char *json_jansson_version(void)
{
    return jansson_version_str();
}

void json_drop_secrets(const struct field *table, void *in)
{
    for (const struct field *row = table; row->name != NULL; row++) {
        if (row->kind == FIELD_SECRET)
            secret_drop((struct secret *)(void *)((char *)in + row->offset));
    }
}
