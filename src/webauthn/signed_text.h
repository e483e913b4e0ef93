/* A JWS that brings the certificates of who signed it: SafetyNet's answers, FIDO's metadata.
 *
 * That the signature is by the first certificate says nothing yet: whom to trust is for the caller.
 *
 * Owns     nothing: all lies in the caller's arena.
 * Threads  any: pure.
 * Sources  RFC 7515 3.1 (compact form), 4.1.6 (x5c: standard base64); RFC 4648 4, 5.
 */
#pragma once
#include "base/arena.h"
#include "crypto/certificate.h"

struct signed_text {
    struct strs chain; /* DER, the signer first */
    struct str payload;
};

/* RS256 alone: neither of the two has ever signed with another.
 * Ends: ERR_INVALID (another form, another algorithm, no certificates), ERR_DENIED (does not match). */
FALLIBLE signed_text_read(struct arena *mem, struct str text, struct signed_text *out);

/* Standard base64 (RFC 4648 4), with padding or without.  Ends: ERR_INVALID. */
FALLIBLE base64_decode(struct arena *mem, struct str text, struct str *out);
