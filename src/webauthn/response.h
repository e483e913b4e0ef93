/* What the browser sends, as JSON, and the same as bytes.
 *
 * Members that are not known are passed over, as the standard wants; those that are read have to be of their type, and all
 * base64url canonical.
 *
 * Owns     nothing: what is decoded lies in the caller's arena.
 * Threads  any.
 * Sources  WebAuthn Level 3 5.1.8 (RegistrationResponseJSON, AuthenticationResponseJSON), 5.2.1.1 (transports),
 *          5.4.3 (a user handle has 1 to 64 bytes).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "webauthn/step.h"

#define RESPONSE_TRANSPORTS_MAX 8
#define TRANSPORT_MAX           32   /* bytes */
#define CREDENTIAL_ID_MAX       1023 /* bytes: WebAuthn Level 3 7.1, step 25 */
#define USER_HANDLE_MAX         64   /* bytes */
#define ATTESTATION_OBJECT_MAX  16384
#define ASSERTION_SIGNATURE_MAX 512

struct json;

struct registration_response {
    struct str id;          /* raw; 1 to CREDENTIAL_ID_MAX bytes */
    struct str client_data; /* as it came: it is hashed like that */
    struct str attestation_object;
    struct strs transports; /* what the client says, untouched */
};

struct assertion_response {
    struct str id;
    struct str client_data, authenticator_data, signature;
    struct str user_handle; /* absent when it did not come, or as null */
};

/* Steps 3 and 4 of the two ceremonies.  *failed: which of them did not hold, STEP_NONE when both did.
 * Ends: ERR_INVALID (a member is missing, of another type, no base64url, too long; id and rawId differ; no public key). */
FALLIBLE registration_response_read(struct arena *mem, const struct json *credential, struct registration_response *out,
                                    enum step *failed);
FALLIBLE assertion_response_read(struct arena *mem, const struct json *credential, struct assertion_response *out,
                                 enum step *failed);
