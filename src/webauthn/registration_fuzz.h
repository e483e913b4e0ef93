/* What the fuzzers of attestation share: a registration in which all is right but for the attestation object.
 *
 * Owns     nothing.
 * Threads  one.
 */
#pragma once
#include "base/str.h"

/* The client data of the seeds, which their statements sign. */
#define FUZZ_CLIENT "{\"type\":\"webauthn.create\",\"challenge\":\"AAAA\",\"origin\":\"https://example.org\"}"

void fuzz_setup(void);
/* The whole of a registration.  What is taken must keep its bounds, and be read again as the same key; what is refused must
 * leave nothing.  format: of what is taken; absent: any. */
void fuzz_registration(struct str attestation_object, struct str format);
