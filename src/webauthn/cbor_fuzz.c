/* CBOR from strangers.  What is read must be written by a writer of the canonical form as the same bytes: this one writes
 * each item in its only form, so a difference means that two forms of one thing were taken. */
#include "base/buf.h"
#include "webauthn/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_head(struct buf *out, unsigned major, uint64_t value)
{
    const unsigned size = value < 24            ? 0
                          : value <= UINT8_MAX  ? 1
                          : value <= UINT16_MAX ? 2
                          : value <= UINT32_MAX ? 4
                                                : 8;
    const unsigned more = size == 0 ? (unsigned)value : 24U + (unsigned)__builtin_ctz(size);

    buf_add_char(out, (char)(major << 5 | more));
    for (unsigned i = size; i-- > 0;)
        buf_add_char(out, (char)(value >> (8 * i)));
}

static void write_item(struct buf *out, const struct cbor *item);

static void write_items(struct buf *out, struct str inside, size_t count)
{
    struct cbor item;
    for (size_t i = 0; i < count; i++) {
        if (cbor_take(&inside, &item) != OK)
            die("an item that is not taken again: %s", note_get()->text);
        write_item(out, &item);
    }
    if (inside.len != 0)
        die("more inside than was counted");
}

static void write_item(struct buf *out, const struct cbor *item)
{
    static const unsigned majors[] = { [CBOR_BYTES] = 2, [CBOR_TEXT] = 3, [CBOR_ARRAY] = 4, [CBOR_MAP] = 5 };

    switch (item->kind) {
    case CBOR_INT:
        write_head(out, item->number < 0, (uint64_t)(item->number < 0 ? -1 - item->number : item->number));
        return;
    case CBOR_BYTES:
    case CBOR_TEXT:
        write_head(out, majors[item->kind], item->bytes.len);
        buf_add(out, item->bytes);
        return;
    case CBOR_ARRAY:
    case CBOR_MAP:
        write_head(out, majors[item->kind], item->count);
        write_items(out, item->bytes, item->kind == CBOR_MAP ? 2 * item->count : item->count);
        return;
    case CBOR_BOOL:
    case CBOR_NULL:
        write_head(out, 7, item->kind == CBOR_NULL ? 22 : item->number == 1 ? 21 : 20);
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena *mem = arena_new();
    const struct str bytes = { (const char *)data, size };
    struct buf out = buf_new(mem, size + 1);
    struct cbor item;

    if (cbor_read(bytes, &item) != OK)
        return 0;
    write_item(&out, &item);
    if (!str_equal(buf_str(&out), bytes))
        die("two forms of one thing");
    return 0;
}
