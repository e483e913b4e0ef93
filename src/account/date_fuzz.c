/* A date that is taken is the date that its days since 1970 make again. */
#include "account/identity.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str text = { (const char *)data, size };
    struct fault fault = { 0 };
    char date[11], again[CLOCK_TEXT_MAX];
    int64_t at_us = 0;

    const bool taken = clock_parse_date(text, date);
    if (taken) {
        clock_format(clock_days(date) * 86400 * SECOND_US, again);
        must(memcmp(date, again, 10) == 0);
    }
    if (clock_parse(text, &at_us))
        must(taken);
    const bool born = date_of_birth_check(text, &fault);
    must(born ? taken && fault.code == NULL : fault.code != NULL && fault.message != NULL);
    return 0;
}
