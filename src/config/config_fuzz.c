/* The parser of the config file over any bytes: it ends, its lines go forward, and what it hands out lies in the text.
 */
#include "config/file.h"
#include "base/err.h"

static bool lies_in(struct str part, struct str whole)
{
    return part.ptr == NULL || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct str whole = { (const char *)bytes, len };
    struct config_text text = { .rest = whole };
    struct config_entry entry;
    int line = 0;

    while (config_file_next(&text, &entry)) {
        if (text.line <= line || !lies_in(entry.name, whole) || !lies_in(entry.value, whole))
            die("an entry outside the text");
        if (entry.fault == NULL &&
            (entry.name.len == 0 || !str_utf8_ok(entry.value) || entry.value.len > CONFIG_LINE_MAX))
            die("an entry that should be a fault");
        if (entry.fault != NULL && (entry.name.ptr != NULL || entry.value.ptr != NULL))
            die("a fault with an entry");
        line = text.line;
    }
    return 0;
}
