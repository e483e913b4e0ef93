/* Authenticator data from strangers.  What is read has to be all that came: the parts, one behind the other, are the bytes again. */
#include "base/buf.h"
#include "webauthn/authenticator_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_number(struct buf *out, uint32_t value, unsigned bytes)
{
    for (unsigned i = bytes; i-- > 0;)
        buf_add_char(out, (char)(value >> (8 * i)));
}

static void write(struct buf *out, const struct authenticator_data *data)
{
    buf_add(out, (struct str){ (const char *)data->rp_id_hash.is, sizeof data->rp_id_hash.is });
    add_number(out, data->flags, 1);
    add_number(out, data->sign_count, 4);
    if ((data->flags & FLAG_AT) != 0) {
        buf_add(out, data->aaguid);
        add_number(out, (uint32_t)data->credential_id.len, 2);
        buf_add(out, data->credential_id);
        buf_add(out, data->public_key);
    }
    buf_add(out, data->extensions);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena *mem = arena_new();
    const struct str bytes = { (const char *)data, size };
    struct authenticator_data got = { 0 };
    struct buf out = buf_new(mem, AUTHENTICATOR_DATA_MAX + 1);

    if (authenticator_data_read(bytes, &got) != OK)
        return 0;
    write(&out, &got);
    if (!str_equal(buf_str(&out), bytes))
        die("read something else than what came");
    if (((got.flags & FLAG_AT) != 0) != (got.public_key.ptr != NULL) ||
        ((got.flags & FLAG_ED) != 0) != (got.extensions.ptr != NULL))
        die("parts that the flags do not tell of");
    return 0;
}
