/* What both ceremonies ask, and the checks that they share.
 *
 * Owns     nothing.
 * Threads  any: pure.
 * Sources  WebAuthn Level 3 7.1, 7.2; 13.4.9 (origins: here by exact match only, never by a suffix).
 */
#pragma once
#include "webauthn/authenticator_data.h"
#include "webauthn/client_data.h"
#include "webauthn/cose.h"
#include "webauthn/step.h"

struct ceremony {
    struct str challenge; /* base64url, as the options said it */
    struct str rp_id;
    struct strs origins;     /* "https://example.org": scheme, host and port as a browser writes them */
    bool embedded;           /* pages in a frame of another origin may ask */
    struct strs top_origins; /* which pages may hold such a frame */
    bool need_user_verified;
    bool without_user_present; /* conditional registration: nobody touched anything */
};

FALLIBLE ceremony_check_type(const struct client_data *data, struct str want);
FALLIBLE ceremony_check_challenge(const struct ceremony *asked, const struct client_data *data);
FALLIBLE ceremony_check_origin(const struct ceremony *asked, const struct client_data *data);
FALLIBLE ceremony_check_cross_origin(const struct ceremony *asked, const struct client_data *data);
FALLIBLE ceremony_check_top_origin(const struct ceremony *asked, const struct client_data *data);
FALLIBLE ceremony_check_rp_id(const struct ceremony *asked, const struct authenticator_data *data);
FALLIBLE ceremony_check_user_present(const struct ceremony *asked, const struct authenticator_data *data);
FALLIBLE ceremony_check_user_verified(const struct ceremony *asked, const struct authenticator_data *data);
FALLIBLE ceremony_check_backup(const struct authenticator_data *data);
/* Whatever the extensions say, it changes nothing here; but they have names (WebAuthn Level 3 9.3). */
FALLIBLE ceremony_check_extensions(const struct authenticator_data *data);
