/* Client data from strangers.  What is read is text, has the same members when it is read once more, and is one JSON object. */
#include "json/read.h"
#include "webauthn/client_data.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc __attribute__((unused)), char ***argv __attribute__((unused)))
{
    json_setup();
    return 0;
}

static bool read(struct arena *mem, struct str bytes, struct client_data *out)
{
    struct str text = { 0 };
    return client_data_decode(bytes, &text) == OK && client_data_parse(mem, text, out) == OK;
}

static bool same(const struct client_data *a, const struct client_data *b)
{
    return str_equal(a->type, b->type) && str_equal(a->challenge, b->challenge) && str_equal(a->origin, b->origin) &&
           str_equal(a->top_origin, b->top_origin) && a->cross_origin == b->cross_origin;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena *mem = arena_new();
    const struct str bytes = { (const char *)data, size };
    struct client_data got = { 0 }, again = { 0 };

    if (!read(mem, bytes, &got))
        return 0;
    if (!str_utf8_ok(got.type) || !str_utf8_ok(got.challenge) || !str_utf8_ok(got.origin) ||
        !str_utf8_ok(got.top_origin))
        die("a member that is no text");
    if (!read(mem, bytes, &again) || !same(&got, &again))
        die("read twice, and not the same");
    return 0;
}
