/* Recovery codes: what an account's owner keeps on paper for the day when the other factors are lost.
 *
 *     7K3M-9QX2-D4WT-0HVN-Z8PB-6RCE        120 random bits, 24 characters of Crockford's base32
 *
 * Case, blanks and hyphens do not matter, and O, I and L are read as the digits that they look like.  Stored is a keyed digest over account
 * and code: with this much entropy no stretching is needed (OWASP ASVS 5.0 6.5.2), and the database alone tells nothing.
 *
 * Owns     nothing.
 * Threads  any.
 * Sources  NIST SP 800-63B-4 4.2.1.1 (saved recovery codes: at least 64 bits, stored hashed), 3.1.2; Crockford, Base 32.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "crypto/mac.h"

#define RECOVERY_CODES          10 /* of one sheet */
#define RECOVERY_CODE_CHARS     24 /* 5 bits each */
#define RECOVERY_CODE_TEXT_MAX  30 /* six groups of four, hyphens between them, and a NUL */
#define RECOVERY_CODE_TYPED_MAX 64 /* bytes */

struct recovery_code {
    char chars[RECOVERY_CODE_CHARS + 1]; /* in the one form that is digested */
};

struct recovery_code recovery_code_new(void);
/* As people read it. */
void recovery_code_text(const struct recovery_code *code, char out[static RECOVERY_CODE_TEXT_MAX]);
/* What somebody typed.  false: that is no code. */
bool recovery_code_read(struct str typed, struct recovery_code *out);
/* user: the account's public id; another account's code of the same characters has another digest. */
struct digest recovery_code_digest(const struct mac_key *key, struct str user, const struct recovery_code *code);
