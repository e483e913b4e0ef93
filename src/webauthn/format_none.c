#include "webauthn/formats.h"

/* WebAuthn Level 3 8.7: the statement is the empty map. */
FALLIBLE none_verify(const struct attested *about __attribute__((unused)), const struct cbor *statement,
                     struct attestation *out)
{
    TRY(statement_members(statement, 0));
    *out = (struct attestation){ .type = ATTESTATION_NONE };
    return OK;
}
