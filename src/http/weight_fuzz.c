/* What a list with weights can do to us. */
#include "http/weight.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str header = { (const char *)data, size };
    struct str list = header, name = { 0 };
    int64_t weight = 0, most = 0;
    while (weight_next(&list, &name, &weight)) {
        if (weight < 0 || weight > WEIGHT_MOST || name.len > size)
            __builtin_trap();
        most = weight > most ? weight : most;
    }
    if (weight_takes_gzip(header) && most == 0)
        __builtin_trap();
    return 0;
}
