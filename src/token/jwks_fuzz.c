/* Key sets from strangers: whatever is found fit must be usable, and no token passes by a key that nobody has. */
#include "crypto/random.h"
#include "json/read.h"
#include "token/jwks.h"

#define TOKEN                                                                                                          \
    STR("eyJhbGciOiJFUzI1NiJ9.e30."                                                                                    \
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc __attribute__((unused)), char ***argv __attribute__((unused)))
{
    crypto_setup();
    json_setup();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct str text = { (const char *)data, size }, payload = { 0 };
    (void)jwks_fit(mem, text);
    if (jwks_check(mem, text, TOKEN, &payload) == OK)
        __builtin_trap();
    return 0;
}
