/* What the ceremonies of passkeys share.  Only for the flows of this room.
 *
 * Threads  any worker with its services.
 * Sources  WebAuthn Level 3 13.4.3 (challenges), 5.4.1 (hints and transports are for the browser to weigh).
 */
#pragma once
#include "audit/audit.h"
#include "flow/passkey.h"
#include "flow/relying_party.h"
#include "flow/second_step.h"
#include "ticket/ticket.h"

#define PASSKEY_TIMEOUT_MS (INT64_C(1000) * TICKET_TTL_S) /* what the browser is told */
#define CHALLENGE_BYTES    32
#define USER_HANDLE_BYTES  64

/* Draw a challenge and seal it with what else the flow has to know again.  challenge: base64url. */
FALLIBLE passkey_begin(struct services *at, const struct visit *v, const struct ticket *bound, struct str more,
                       struct str *ceremony, struct str *challenge);

/* The other half: what was sealed. */
struct passkey_taken {
    struct ticket ticket;
    struct str challenge, more;
};
/* reason: for the audit trail.  Ends: ERR_INVALID (WHY_CEREMONY). */
FALLIBLE passkey_take(struct services *at, const struct visit *v, enum ticket_purpose purpose, struct str ceremony,
                      struct passkey_taken *out, struct str *reason);
/* Begun by this account, in this session, and nothing has voided its tokens since.  Ends: ERR_INVALID (WHY_CEREMONY). */
FALLIBLE passkey_check_owner(const struct caller *caller, const struct ticket *ticket, struct str *reason);
/* In the transaction of what it buys.  Ends: ERR_INVALID (WHY_CEREMONY: served before). */
FALLIBLE passkey_spend(struct tx *tx, const struct passkey_taken *taken, struct str *reason);

/* What both kinds of responses are checked against. */
struct ceremony passkey_expect(const struct services *at, const struct passkey_taken *taken, bool need_verified);

/* The outcome of a ceremony's steps: what failed is told to the audit trail, one reason for all of them to the caller.
 * ERR_INTERNAL and ERR_BUSY stay what they are. */
FALLIBLE passkey_judged(enum err end, enum step failed, enum why why, struct str *reason);

/* A refusal changes nothing else, so its row is alone.  end: is returned, and the reason for the caller stays. */
FALLIBLE passkey_refused(struct services *at, const struct visit *v, enum audit_kind kind, const struct audit_who *who,
                         struct str reason, enum err end);
/* Which credential, for an audit row. */
struct str passkey_detail(const struct visit *v, const struct credential_row *row);
/* What it says of who shows it (RFC 8176 2; NIST SP 800-63B-4 2.3.2: keys that are copied elsewhere are no AAL3), alone or beside a password. */
struct factor_shown passkey_factor(const struct visit *v, const struct credential_row *row, bool verified);

/* The steps of 7.1 over a response, up to the record that is to be stored. */
FALLIBLE passkey_register(struct services *at, const struct visit *v, const struct passkey_taken *taken,
                          struct str credential, bool need_verified, struct credential_row *out, struct str *reason);
/* Step 26, by the unique index, and 29. */
FALLIBLE passkey_store(struct tx *tx, const struct credential_row *row, struct str *reason);

/* For the browser: what it should leave out or may take. */
struct list passkey_descriptors(const struct visit *v, const struct credential_row *rows, size_t count);
void passkey_creation(const struct services *at, const struct visit *v, struct creation_options *out);
struct str passkey_new_handle(const struct visit *v);
