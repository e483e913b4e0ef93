/* What a form and Basic credentials can do to us. */
#include "http/form.h"

struct form {
    struct str token, hint;
};
static const struct field fields[] = { FIELD(struct form, token, 1, 16),
                                       FIELD_ROW(struct form, hint, FIELD_OPTIONAL, 1, 8, NULL), FIELD_END };

static void check(struct str value, size_t max)
{
    if (value.len > max || !str_utf8_ok(value) || memchr(value.len > 0 ? value.ptr : "x", '\0', value.len) != NULL)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct str text = { (const char *)data, size }, id = { 0 }, secret = { 0 };
    struct form form = { 0 };
    if (form_read(mem, text, fields, &form) == OK) {
        if (form.token.len == 0)
            __builtin_trap();
        check(form.token, 16);
        check(form.hint, 8);
    }
    if (basic_read(mem, text, &id, &secret) == OK) {
        check(id, size);
        check(secret, size);
    }
    return 0;
}
