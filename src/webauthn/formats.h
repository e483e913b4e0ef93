/* The verification procedures of the attestation formats, one file each.  Of this room only: the table in attestation.c.
 *
 * Ends     of all: ERR_INVALID (no statement of this format), ERR_DENIED (it says something else than it should, or its
 *          signature does not match), ERR_INTERNAL.
 * Sources  WebAuthn Level 3 8.2 (packed), 8.3 (tpm), 8.4 (android-key), 8.5 (android-safetynet), 8.6 (fido-u2f), 8.7 (none),
 *          8.8 (apple).
 */
#pragma once
#include "webauthn/attestation.h"

FALLIBLE none_verify(const struct attested *about, const struct cbor *statement, struct attestation *out);
FALLIBLE packed_verify(const struct attested *about, const struct cbor *statement, struct attestation *out);
FALLIBLE fido_u2f_verify(const struct attested *about, const struct cbor *statement, struct attestation *out);
FALLIBLE tpm_verify(const struct attested *about, const struct cbor *statement, struct attestation *out);
FALLIBLE android_key_verify(const struct attested *about, const struct cbor *statement, struct attestation *out);
FALLIBLE android_safetynet_verify(const struct attested *about, const struct cbor *statement, struct attestation *out);
FALLIBLE apple_verify(const struct attested *about, const struct cbor *statement, struct attestation *out);
