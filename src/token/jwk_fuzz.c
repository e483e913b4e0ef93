/* Public keys from strangers.  The first byte chooses the algorithm, the rest is the text.
 * Whatever is read must be written and read again as the same key, under the same thumbprint. */
#include <string.h>
#include "crypto/random.h"
#include "token/jwk.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc __attribute__((unused)), char ***argv __attribute__((unused)))
{
    crypto_setup();
    return 0;
}

static void again(struct arena *mem, const struct public_key *key)
{
    const struct str text = jwk_write(mem, key);
    struct public_key same;
    if (text.len >= JWK_MAX || jwk_read(mem, text, key->algorithm, &same) != OK)
        die("a key that is not read again: %s", note_get()->text);
    if (!str_equal(jwk_thumbprint(mem, key), jwk_thumbprint(mem, &same)))
        die("another thumbprint");
}

static void check_with(const struct check_key *check)
{
    const struct signature none = { .len = ES256_BYTES };
    if (signature_check(check, STR("text"), &none) == OK)
        die("a signature of nothing is taken");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(check_key) struct check_key *check = NULL;
    struct public_key key;
    if (size == 0)
        return 0;
    const struct str text = { (const char *)data + 1, size - 1 };
    if (jwk_read(mem, text, (enum algorithm)(data[0] % 4), &key) != OK)
        return 0;
    again(mem, &key);
    if (check_key_make(&key, &check) == OK)
        check_with(check);
    return 0;
}
