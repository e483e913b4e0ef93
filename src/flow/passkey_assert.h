/* What the flows that end in an assertion share: the steps of 7.2 around the core.  Only for the flows of this room.
 *
 * Threads  any worker with its services.
 * Source   WebAuthn Level 3 7.2.
 */
#pragma once
#include "flow/passkey_ceremony.h"
#include "webauthn/assertion.h"

struct passkey_asking {
    bool user_known;    /* the options named credentials */
    int64_t user_id;    /* of whom; 0: of nobody that there is */
    bool need_verified; /* by the authenticator: where nothing else shows who it is */
};

/* A credential that has shown itself. */
struct passkey_shown {
    struct credential_row row;
    struct user_row owner;
    struct assertion got;
    bool known; /* the credential is somebody's: row and owner are filled */
    bool counter_regressed;
};

/* Steps 3 to 23.  out->known, its row and owner, and out->counter_regressed are told in any end; the rest only when all holds.
 * Ends: those of passkey_judged with WHY_CREDENTIALS. */
FALLIBLE passkey_assert(struct services *at, const struct visit *v, const struct passkey_taken *taken,
                        const struct passkey_asking *asking, struct str credential, struct passkey_shown *out,
                        struct str *reason);

/* Step 24, in the transaction of what it buys, with the account held: compared with what is stored by now, and stored.
 * beside: another factor has vouched for who it is. */
FALLIBLE passkey_update(struct services *at, struct tx *tx, const struct visit *v, struct passkey_shown *shown,
                        bool beside, struct str *reason);

/* After the ceremony, however it ended: when the counter went backwards, an audit row and a notice for the owner.  The same answer that
 * comes twice brings the same number, too: that is a ceremony that has served and no copy, and *end and *reason say so. */
FALLIBLE passkey_weigh(struct services *at, const struct visit *v, const struct passkey_taken *taken,
                       struct passkey_shown *shown, struct str *reason, enum err *end);

/* Options for credentials of this account, or any. */
void passkey_request(const struct services *at, const struct visit *v, struct list allow, bool need_verified,
                     struct request_options *out);
