/* The stories of an authenticator app: shown, confirmed, removed.
 *
 * A secret is shown once and waits TOTP_ENROL_S for a first code; until then the app that was there before, if any, goes on.
 *
 * Owns     nothing; results lie in the visit's arena.
 * Threads  any worker with its services.
 * Sources  RFC 6238; NIST SP 800-63B-4 3.1.4, 3.2.2, 4.1.2; OWASP ASVS 5.0 6.5; threat model AC20, AC21, AC23.
 */
#pragma once
#include "access/access.h"
#include "base/visit.h"
#include "factor/totp.h"
#include "flow/services.h"

#define TOTP_ENROL_S 600

struct totp_enrolment {
    struct str secret; /* base32 */
    struct str uri;    /* otpauth://totp/... */
    struct str qr;     /* the same as a picture, SVG */
    int64_t expires_in;
};

/* In the place of an enrolment that was not confirmed.  Ends: ERR_DENIED (WHY_SIGNIN_NOT_RECENT), ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_totp_enrol(struct services *at, const struct visit *v, const struct caller *caller,
                         struct totp_enrolment *out);
/* Ends: ERR_CONFLICT (WHY_ENROLMENT_MISSING), ERR_DENIED (WHY_CODE_WRONG), ERR_LIMITED, ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_totp_confirm(struct services *at, const struct visit *v, const struct caller *caller,
                           const struct totp_code *code);
/* Ends: ERR_MISSING (WHY_FACTOR_MISSING), ERR_DENIED (WHY_SIGNIN_NOT_RECENT), ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_totp_remove(struct services *at, const struct visit *v, const struct caller *caller);
