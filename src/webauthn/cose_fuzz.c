/* Keys from strangers, before anything vouches for them.  What is read has an algorithm of ours and the numbers of its kind, and takes
 * no signature that nobody made. */
#include "crypto/random.h"
#include "webauthn/cose.h"

#define SIGNATURE "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc __attribute__((unused)), char ***argv __attribute__((unused)))
{
    crypto_setup();
    return 0;
}

static void check_key(const struct cose_key *key, struct str bytes)
{
    enum foreign_algorithm ignored;
    int64_t algorithm = 0;

    if (cose_read_algorithm(bytes, &algorithm) != OK || algorithm != key->algorithm ||
        !cose_algorithm(algorithm, &ignored))
        die("a key of another algorithm than it says");
    if (key->key == NULL || (key->x.len == 0 && (key->n.len == 0 || key->e.len == 0)))
        die("a key without its numbers");
    if (cose_key_check(key, bytes, STR(SIGNATURE)) == OK)
        die("a signature that nobody made");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str bytes = { (const char *)data, size };
    struct cose_key key = { 0 };

    if (cose_key_read(bytes, &key) == OK)
        check_key(&key, bytes);
    else if (key.key != NULL)
        die("refused, and yet something came out");
    cose_key_drop(&key);
    return 0;
}
