/* Whatever json_read takes, written and read again, is the same. */
#include "base/arena.h"
#include "base/buf.h"
#include "json/read.h"
#include "json/write.h"

#include <stdlib.h>
#include <string.h>

struct thing {
    struct str a, b;
    int64_t n;
    bool t;
    struct strs list;
    struct secret secret;
    struct marks marks;
};

/* clang-format off */
static const struct field thing_table[] = {
    FIELD_ROW(struct thing, a, FIELD_OPTIONAL | FIELD_NULLABLE, 0, 65536, NULL),
    FIELD_ROW(struct thing, b, FIELD_OPTIONAL, 1, 16, NULL),
    FIELD_ROW(struct thing, n, FIELD_OPTIONAL, INT64_MIN, INT64_MAX, NULL),
    FIELD_ROW(struct thing, t, FIELD_OPTIONAL, 0, 0, NULL),
    FIELD_ROW(struct thing, list, FIELD_OPTIONAL, 0, 65536, NULL),
    FIELD_ROW(struct thing, secret, FIELD_OPTIONAL, 0, 64, NULL),
    FIELD_ROW(struct thing, marks, FIELD_OPTIONAL, 0, 0, NULL),
    FIELD_END
};
/* clang-format on */

static void must(bool truth)
{
    if (!truth)
        abort();
}

static bool same_list(const struct strs *x, const struct strs *y)
{
    bool same = x->count == y->count;
    for (size_t i = 0; same && i < x->count; i++)
        same = str_equal(x->items[i], y->items[i]);
    return same;
}

static void round_trip(struct arena *mem, const struct thing *first)
{
    struct buf text = buf_new(mem, 64);
    struct thing second = { 0 };
    struct faults faults = { 0 };

    json_write(&text, thing_table, first);
    if (text.len > JSON_TEXT_MAX) /* escapes are longer than what they stand for */
        return;
    must(str_utf8_ok(buf_str(&text)));
    must(json_read(mem, buf_str(&text), thing_table, &second, &faults) == OK && faults.count == 0);
    must(str_equal(first->a, second.a) && str_equal(first->b, second.b) && second.secret.ptr == NULL);
    must(first->n == second.n && first->t == second.t && same_list(&first->list, &second.list));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    json_setup();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena *mem = arena_new();
    const struct str text = { (const char *)data, size };
    struct thing first = { 0 };
    struct faults faults = { 0 };

    const enum err end = json_read(mem, text, thing_table, &first, &faults);
    if (end != OK)
        must(faults.count == 0 && first.marks.given == 0);
    for (size_t i = 0; i < faults.count; i++)
        must(str_utf8_ok(faults.items[i].field) && faults.items[i].code != NULL && faults.items[i].message != NULL);
    if (end == OK && faults.count == 0)
        round_trip(mem, &first);
    json_drop_secrets(thing_table, &first);

    struct buf raw = buf_new(mem, 64); /* any bytes become UTF-8 */
    json_write_str(&raw, text);
    must(str_utf8_ok(buf_str(&raw)));
    return 0;
}
