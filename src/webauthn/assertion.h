/* Signing in with a credential: WebAuthn Level 3 7.2, step by step.
 *
 * What needs storage is left to the caller: that the challenge is spent, finding the record by the response's id, updating it.
 *
 * Owns     nothing: the result borrows from the response.
 * Threads  any: pure.
 * Source   WebAuthn Level 3 7.2.
 */
#pragma once
#include "webauthn/ceremony.h"
#include "webauthn/response.h"

#define ASSERTION_TYPE "webauthn.get"

struct assertion_options {
    struct ceremony ceremony;
    struct strs allowed;       /* credential ids as the options had them, raw; none: any */
    bool user_known;           /* who signs in was known before: then the response may leave the user handle out */
    bool take_counter_regress; /* a counter that does not grow is told in the result instead of refused */
};

/* The credential record that the caller found, and whose it is. */
struct assertion_record {
    struct str credential_id;
    struct str public_key; /* COSE_Key, as registration gave it */
    uint32_t sign_count;
    bool backup_eligible;
    struct str user_handle; /* raw; of the account that the record belongs to */
};

struct assertion {
    uint32_t sign_count; /* to be stored */
    bool user_present, user_verified, backup_eligible, backup_state;
    bool counter_regressed; /* a sign of a cloned authenticator: for an alert */
    struct str extensions;
};

/* out is filled only when all holds.  STEP_ASSERTION_COUNTER as the step that failed is the sign of a cloned authenticator.
 * *failed: which step did not hold, STEP_NONE when all did.  Ends: ERR_INVALID, ERR_DENIED, ERR_INTERNAL. */
FALLIBLE assertion_verify(struct arena *mem, const struct assertion_options *options,
                          const struct assertion_record *record, const struct assertion_response *response,
                          struct assertion *out, enum step *failed);
