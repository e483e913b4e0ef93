#include "token/packed.h"
#include "base/err.h"

#define ABSENT UINT32_MAX

static void add_bytes(struct buf *out, const void *from, size_t len)
{
    buf_add(out, (struct str){ from, len });
}

void packed_add_str(struct buf *out, struct str text)
{
    const uint32_t len = text.ptr == NULL ? ABSENT : (uint32_t)text.len;

    add_bytes(out, &len, sizeof len);
    buf_add(out, text);
}

static void add_list(struct buf *out, const struct strs *list)
{
    const uint32_t count = (uint32_t)list->count;

    add_bytes(out, &count, sizeof count);
    for (size_t i = 0; i < list->count; i++)
        packed_add_str(out, list->items[i]);
}

void packed_add(struct buf *out, const struct field *table, const void *from)
{
    for (const struct field *row = table; row->name != NULL; row++) {
        const void *at = (const char *)from + row->offset;
        if (row->kind == FIELD_STR)
            packed_add_str(out, *(const struct str *)at);
        else if (row->kind == FIELD_STRS)
            add_list(out, at);
        else if (row->kind == FIELD_INT)
            add_bytes(out, at, sizeof(int64_t));
        else
            die("%s is of a kind that is not packed", row->name);
    }
}

static void pass(struct str *rest, size_t len)
{
    *rest = (struct str){ rest->ptr + len, rest->len - len };
}

static void take_bytes(struct str *rest, void *out, size_t len)
{
    if (len > rest->len)
        die("packed bytes end before their time");
    memcpy(out, rest->ptr, len);
    pass(rest, len);
}

struct str packed_take_str(struct str *rest)
{
    uint32_t len;
    struct str text;

    take_bytes(rest, &len, sizeof len);
    if (len == ABSENT)
        return (struct str){ 0 };
    if (len > rest->len)
        die("packed bytes end before their time");
    text = (struct str){ rest->ptr, len };
    pass(rest, len);
    return text;
}

static void take_list(struct str *rest, struct arena *mem, struct strs *out)
{
    uint32_t count;

    take_bytes(rest, &count, sizeof count);
    *out = (struct strs){ ARENA_ARRAY(mem, struct str, count), count };
    for (size_t i = 0; i < count; i++)
        out->items[i] = packed_take_str(rest);
}

void packed_take(struct str *rest, struct arena *mem, const struct field *table, void *out)
{
    for (const struct field *row = table; row->name != NULL; row++) {
        void *at = (char *)out + row->offset;
        if (row->kind == FIELD_STR)
            *(struct str *)at = packed_take_str(rest);
        else if (row->kind == FIELD_STRS)
            take_list(rest, mem, at);
        else
            take_bytes(rest, at, sizeof(int64_t));
    }
}
