/* One-time passwords by time, as authenticator apps show them: HMAC-SHA-1, 6 digits, a new one every 30 s, which is what every
 * app takes for granted.
 *
 * Owns     nothing: the secret is the caller's to drop, texts lie in the arena.
 * Units    a step is 30 s since 1970; a distance is in steps, positive where the app is ahead of us.
 * Threads  any; totp_setup once, before threads.
 * Sources  RFC 6238 4.2, 5.2 (how late a code may come); RFC 4226 4 R6 (160 bits); NIST SP 800-63B-4 3.1.4.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"

#define TOTP_SECRET_BYTES 20
#define TOTP_DIGITS       6
#define TOTP_TYPED_MAX    16 /* bytes: the digits, and the blanks that apps show between them */
#define TOTP_STEP_S       30
#define TOTP_LATE         1 /* steps that a code may be behind; ahead: none */
#define TOTP_LOOK         10 /* steps to both sides in which a code is recognised, if only to tell that a clock is wrong */

/* Ends the process when the library can't be made ready. */
void totp_setup(void);

/* 160 random bits. */
struct secret totp_secret_new(void);
/* In base32 without padding, as people type it into an app (RFC 4648 6). */
struct str totp_secret_text(struct arena *mem, const struct secret *secret);
/* otpauth://totp/ISSUER:ACCOUNT?secret=...&issuer=... */
struct str totp_uri(struct arena *mem, struct str issuer, struct str account, const struct secret *secret);

struct totp_code {
    char digits[TOTP_DIGITS + 1];
};
/* What somebody typed, without blanks.  false: that is no code. */
bool totp_code_read(struct str typed, struct totp_code *out);

struct totp_found {
    int64_t step;
    int distance; /* of that step from now's */
};
/* Which step shows this code, from the likeliest on: now's, the one before, then the others within TOTP_LOOK.
 * Ends: ERR_DENIED (none of them), ERR_INTERNAL. */
FALLIBLE totp_find(const struct secret *secret, int64_t now_s, const struct totp_code *code, struct totp_found *out);
/* RFC 6238 5.2: "We RECOMMEND that at most one time step is allowed as the network delay." */
bool totp_is_timely(const struct totp_found *found);
