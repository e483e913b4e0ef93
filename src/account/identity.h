/* The names of an account: e-mail address, user name, and the texts of a profile; which are good, and when two are one.
 *
 * Owns     nothing: results lie in mem.
 * Threads  any; the functions are pure, but for the clock that says what "today" is.
 * Strict   refused though a mail server may take them: non-ASCII local parts, comments, address literals,
 *          domains without a dot, a trailing dot.  Refused as look-alikes (threat model AC10): what can't be seen, what
 *          turns the line around, and words that mix Latin, Greek and Cyrillic letters.
 * Sources  RFC 5321 4.1.2, 4.5.3.1 (mailbox; local part 64, path 256 with its brackets), RFC 5322 3.2.3 (dot-atom);
 *          quoted local parts are kept with the least quoting,
 *          RFC 5890, 5891 and UTS 46 non-transitional by libidn2, RFC 1123 2.1 (host names), NFKC by libunistring.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/field.h"

#define EMAIL_MAX        254 /* bytes, as typed and in ASCII form */
#define USERNAME_MIN     3   /* code points, as typed and in canonical form */
#define USERNAME_MAX     50  /* code points, likewise */
#define PROFILE_TEXT_MAX 200 /* bytes of a name or a job title; <limits.h> has a NAME_MAX of its own */

/* Canonical form for comparing: the local part in lower case, the domain as lower-case A-labels; ASCII throughout.
 * Ends: ERR_INVALID (the note says why: one word such as "local_too_long"). */
FALLIBLE email_canonical(struct arena *mem, struct str typed, struct str *out);
/* NFKC and case-folded; letters, digits, marks and "._-+", at least one letter or digit, no mark at the front.  '@' is
 * refused, so that a user name can never be somebody's e-mail address.  Ends: ERR_INVALID, as above. */
FALLIBLE username_canonical(struct arena *mem, struct str typed, struct str *out);
/* A text that name_check took, in NFC: the form to store.  May be longer than what was typed. */
struct str name_nfc(struct arena *mem, struct str typed);

const char *identity_idn2_version(void); /* of the library, as it is loaded */

/* Columns of field tables (base/field.h): true, or fault filled.
 * Codes: invalid_email; invalid_username; invalid_name; invalid_date, too_early, in_the_future. */
bool email_check(struct str value, struct fault *fault);
bool username_check(struct str value, struct fault *fault);
bool name_check(struct str value, struct fault *fault);          /* 1 to PROFILE_TEXT_MAX bytes, no hidden ones */
bool date_of_birth_check(struct str value, struct fault *fault); /* as clock_parse_date takes it; 1900-01-01 to today */
