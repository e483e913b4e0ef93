/* Whatever decodes must be the one text of its bytes. */
#include <string.h>
#include "crypto/base64url.h"
#include "crypto/random.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc __attribute__((unused)), char ***argv __attribute__((unused)))
{
    crypto_setup();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena *mem = arena_new();
    const struct str input = { (const char *)data, size };
    struct str bytes, again;

    if (base64url_decode(mem, input, &bytes) == OK && !str_equal(base64url_encode(mem, bytes), input))
        die("decoded a text that is not canonical");
    if (base64url_decode(mem, base64url_encode(mem, input), &again) != OK || !str_equal(again, input))
        die("bytes did not come back");
    return 0;
}
