/* Cookie headers from outside: what is found is one pair of the header, and there is no second one. */
#include "http/cookie.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str header = { (const char *)data, size };
    struct str value = { 0 };
    if (cookie_find(header, STR("__Host-a"), &value) != OK)
        return 0;
    if (!str_contains(header, STR("__Host-a")) || str_contains(value, STR(";")))
        abort();
    return 0;
}
