/* Registering a credential: WebAuthn Level 3 7.1, step by step.
 *
 * What needs storage is left to the caller: that the challenge is spent, that the credential id is new, that it is stored.
 *
 * Owns     nothing: the result borrows from the response and from mem.
 * Threads  any: pure.
 * Source   WebAuthn Level 3 7.1.
 */
#pragma once
#include "webauthn/ceremony.h"
#include "webauthn/response.h"
#include "webauthn/trust.h"

#define REGISTRATION_TYPE "webauthn.create"

struct registration_options {
    struct ceremony ceremony;
    const int64_t *algorithms; /* COSE identifiers, as pubKeyCredParams had them */
    size_t algorithm_count;
    bool refuse_backup_eligible; /* keys that never leave one device (AAL3) */
    bool refuse_backed_up;
    struct trust_policy trust;
    int64_t now_s;
};

/* The credential record (WebAuthn Level 3 4), and what was said of the authenticator. */
struct registration {
    struct str credential_id; /* 1 to CREDENTIAL_ID_MAX bytes */
    struct str public_key;    /* COSE_Key, at most COSE_KEY_MAX bytes */
    int64_t algorithm;
    uint32_t sign_count;
    struct str aaguid; /* AAGUID_BYTES */
    bool user_present, user_verified, backup_eligible, backup_state;
    struct strs transports;
    struct str extensions; /* CBOR, unread; absent when there are none */
    const char *format;    /* "packed" */
    enum attestation_type attestation;
    bool trusted; /* leads to an anchor; if not, nothing but aaguid says what it is, and anybody can say that */
};

/* out is filled only when all holds.  *failed: which step did not, STEP_NONE when all did.
 * Ends: ERR_INVALID, ERR_DENIED, ERR_INTERNAL.  The note names the step. */
FALLIBLE registration_verify(struct arena *mem, const struct registration_options *options,
                             const struct registration_response *response, struct registration *out, enum step *failed);
