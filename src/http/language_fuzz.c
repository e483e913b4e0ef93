/* What an Accept-Language can do to us. */
#include "http/language.h"

static const char *const known[] = { "en", "de", "fr" };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (language_choose((struct str){ (const char *)data, size }, known, 3) >= 3)
        __builtin_trap();
    return 0;
}
