/* Recovery codes from outside: what is read reads the same again as we would write it. */
#include "factor/recovery_code.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct recovery_code code, again;
    char text[RECOVERY_CODE_TEXT_MAX];
    if (!recovery_code_read((struct str){ (const char *)data, size }, &code))
        return 0;
    recovery_code_text(&code, text);
    if (!recovery_code_read(str_of(text), &again) || memcmp(&code, &again, sizeof code) != 0)
        abort();
    return 0;
}
