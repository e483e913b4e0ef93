/* Assertions from strangers: two bytes of length for the client data, the same for the authenticator data, the rest is the
 * signature.  The key is one whose private half was thrown away, so nothing may be taken. */
#include "crypto/random.h"
#include "json/read.h"
#include "webauthn/assertion.h"

#define KEY                                                                                                            \
    "\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20\xaa\x47\x76\xee\xef\x99\x80\xbf\xf4\xd1\x4f\x28\x10\x78\x6a"             \
    "\xfe\xd7\xd6\x22\xfe\xe9\x2a\x2f\x86\x71\xa1\x78\x2d\xc1\x85\x2e\x77\x22\x58\x20\x12\x58\x0d\x2f\x05"             \
    "\x06\xb1\x66\x83\xa6\x9c\xa0\xca\x0e\xf0\x3d\xae\x8b\xca\xed\x0f\x7b\xff\xb4\x35\x1a\xa5\x41\xde\xaf"             \
    "\xc0\xce"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc __attribute__((unused)), char ***argv __attribute__((unused)))
{
    json_setup();
    crypto_setup();
    return 0;
}

static struct str take(struct str *rest)
{
    if (rest->len < 2)
        return STR("");
    const size_t len = (size_t)(uint8_t)rest->ptr[0] << 8 | (uint8_t)rest->ptr[1];
    const struct str part = str_slice(*rest, 2, 2 + len);
    *rest = str_slice(*rest, 2 + len, rest->len);
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct str rest = { (const char *)data, size }, origin = STR("https://example.org");
    const struct assertion_options options = {
        .ceremony = { .challenge = STR("AAAA"), .rp_id = STR("example.org"), .origins = { &origin, 1 } },
        .user_known = true,
        .take_counter_regress = true,
    };
    const struct assertion_record record = { .credential_id = STR("id"),
                                             .public_key = STR(KEY),
                                             .user_handle = STR("u") };
    struct assertion_response response = { .id = STR("id") };
    struct assertion got = { 0 };
    enum step failed = STEP_NONE;

    response.client_data = take(&rest);
    response.authenticator_data = take(&rest);
    response.signature = rest;
    if (assertion_verify(mem, &options, &record, &response, &got, &failed) == OK || failed == STEP_NONE)
        die("taken without a private key");
    return 0;
}
