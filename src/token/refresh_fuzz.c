/* Refresh tokens from outside: no text crashes, none that we did not make is genuine, and one form is the only form. */
#include "token/refresh.h"

#include <stdint.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct mac_key key = { { 1 } };
    static const struct digest seed = { { 2 } };
    const struct str text = { (const char *)data, size };
    struct refresh_token got;
    if (refresh_read(text, &got) != OK)
        return 0;
    AUTO(arena) struct arena *mem = arena_new();
    struct str own = refresh_make(&key, &seed, str_of(got.session), got.number, mem);
    if (str_equal(own, text) != (refresh_check(&key, &seed, &got) == OK))
        abort();
    return 0;
}
