/* What the owner of an account should hear of, on its page and at the next sign-in: changes of its factors, and signs that somebody else
 * is at it.  Mail is another way for the same; who can read the mail can't put a notice away.
 *
 * Owns     nothing; rows lie in the visit's arena.
 * Bounds   NOTICES_KEPT of an account, the newest; of a kind that says the same again and again only the newest one.
 * Threads  any, with a transaction of one's own.
 * Sources  NIST SP 800-63B-4 4.1.2, 4.6 (notify of binding); threat model AC19, AC22, AC23.
 */
#pragma once
#include "base/visit.h"
#include "store/notices.h"

#define NOTICES_KEPT 50

/* clang-format off */
#define NOTICE_LIST(N)                                                                                      \
    N(NOTICE_FACTOR_ADDED,        "factor_added",        false)                                             \
    N(NOTICE_FACTOR_REMOVED,      "factor_removed",      false)                                             \
    N(NOTICE_FACTORS_RESET,       "factors_reset",       false) /* all of them, by an operator */            \
    N(NOTICE_CODES_MADE,          "recovery_codes_made", false)                                             \
    N(NOTICE_CODE_USED,           "recovery_code_used",  false)                                             \
    N(NOTICE_WEAKER_FACTOR,       "weaker_factor_used",  true) /* than the strongest that there is */       \
    N(NOTICE_SECOND_STEP_FAILED,  "second_step_failed",  true) /* the password was right, the factor not */ \
    N(NOTICE_CREDENTIAL_CLONED,   "credential_cloned",   false) /* its counter went backwards */
/* clang-format on */
#define NOTICE_NAME(name, word, repeats) name,
enum notice_kind { NOTICE_LIST(NOTICE_NAME) };

/* factor: "webauthn", "totp", "recovery_code", or absent; about: a name for it, or absent. */
FALLIBLE notice_leave(struct tx *tx, const struct visit *v, int64_t user_id, enum notice_kind kind, struct str factor,
                      struct str about);
