/* The canonical form of a canonical form is itself, and it is within bounds. */
#include "account/identity.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

static bool last_at(struct str form, size_t *at)
{
    for (*at = form.len; *at > 0; (*at)--)
        if (form.ptr[*at - 1] == '@')
            break;
    return (*at)-- > 0;
}

static void email(struct arena *mem, struct str typed)
{
    struct str form, again, fault_free;
    struct fault fault = { 0 };
    size_t at = 0;

    if (email_canonical(mem, typed, &form) != OK) {
        must(!email_check(typed, &fault) && fault.code != NULL && fault.message != NULL);
        return;
    }
    must(email_check(typed, &fault) && fault.code == NULL);
    must(form.len >= 5 && form.len <= EMAIL_MAX && last_at(form, &at) && at >= 1 && at <= 64);
    const bool quoted = form.ptr[0] == '"';
    must(quoted || !str_contains(str_slice(form, 0, at), STR("@")));
    for (size_t i = 0; i < form.len; i++)
        must(form.ptr[i] > (quoted && i < at ? 0x1F : 0x20) && form.ptr[i] < 0x7F &&
             (form.ptr[i] < 'A' || form.ptr[i] > 'Z'));
    must(email_canonical(mem, form, &again) == OK && str_equal(form, again));
    must(username_canonical(mem, typed, &fault_free) != OK); /* nobody's address is another's user name */
}

static void username(struct arena *mem, struct str typed)
{
    struct str form, again;
    if (username_canonical(mem, typed, &form) != OK)
        return;
    must(str_utf8_ok(form) && str_code_points(form) >= USERNAME_MIN && str_code_points(form) <= USERNAME_MAX);
    must(username_canonical(mem, form, &again) == OK && str_equal(form, again));
}

static void name(struct arena *mem, struct str typed)
{
    struct fault fault = { 0 };
    if (!name_check(typed, &fault)) {
        must(fault.code != NULL && fault.message != NULL);
        return;
    }
    const struct str kept = name_nfc(mem, typed);
    must(str_utf8_ok(kept) && str_equal(kept, name_nfc(mem, kept)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena *mem = arena_new();
    const struct str typed = { (const char *)data, size };
    email(mem, typed);
    username(mem, typed);
    name(mem, typed);
    return 0;
}
