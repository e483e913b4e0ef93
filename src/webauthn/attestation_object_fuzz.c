/* Attestation objects from strangers, of all formats, as far as the whole of a registration goes.  The RP ID and the client
 * data are those of the seeds, the challenge and the origin are always right. */
#include "webauthn/registration_fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc __attribute__((unused)), char ***argv __attribute__((unused)))
{
    fuzz_setup();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_registration((struct str){ (const char *)data, size }, (struct str){ 0 });
    return 0;
}
