/* What is handed out once and brought back soon: the mfa_token, the ceremony of WebAuthn, session_data.
 *
 * A ticket is sealed, not stored.  Who begins something writes nothing to the database, so what is abandoned leaves nothing behind, and a
 * flood of beginnings fills no table.  Spending it writes its id, in the transaction of what it buys: it serves once, on all nodes.
 *
 *     base64url( id, 16 random bytes ) box( what it says )
 *
 * Each ticket is sealed with a key of its own, derived from its id, so nobody counts how often a key has sealed.  It is bound to
 * its purpose, its account with the token version of then, its session, and the epoch of the database: a database that was restored
 * takes no ticket from before (store/epoch.h).  Whether account and session still are what they were is for the caller to compare.
 *
 * Owns     nothing: text and data lie in the visit's arena.
 * Units    moments are Unix microseconds UTC; lengths are bytes.
 * Threads  any.
 * Sources  WebAuthn Level 3 13.4.3 (challenges); threat model AC18, AC27 (bound to flow, user and purpose; spent once).
 */
#pragma once
#include "base/visit.h"
#include "crypto/mac.h"
#include "store/store.h"

#define TICKET_TTL_S    300  /* of every purpose */
#define TICKET_DATA_MAX 1024 /* bytes */
#define TICKET_MAX      1536 /* characters of the text; longer is no ticket */
#define TICKET_ID_BYTES 16

/* The word is what the seal is bound to: a ticket of one purpose never opens as another. */
/* clang-format off */
#define TICKET_LIST(T)                                                                              \
    T(TICKET_SECOND_STEP,    "second_step")    /* the password was right; a factor is still due */  \
    T(TICKET_PASSKEY_ADD,    "passkey_add")    /* an account adds a credential */                   \
    T(TICKET_PASSKEY_SIGNIN, "passkey_signin") /* a credential signs in, named or not */            \
    T(TICKET_PASSKEY_SIGNUP, "passkey_signup") /* an account is made with its first credential */   \
    T(TICKET_STEP_UP,        "step_up")        /* a session signs in again, stronger */             \
    T(TICKET_TOTP_ENROL,     "totp_enrol")     /* an authenticator app is shown its secret */
/* clang-format on */
#define TICKET_NAME(name, word) name,
enum ticket_purpose { TICKET_LIST(TICKET_NAME) };

struct ticket {
    enum ticket_purpose purpose;
    int64_t user_id;             /* 0: nobody yet */
    int64_t token_version;       /* of that account when it was made */
    struct str session_id;       /* absent: of no session; else at most 36 bytes */
    struct str data;             /* the flow's own; may be empty */
    int64_t expires_at_us;       /* sealing sets it, TICKET_TTL_S ahead */
    int64_t epoch;               /* likewise */
    uint8_t id[TICKET_ID_BYTES]; /* likewise */
};

/* What seals them; the same on every node but for the epoch, which each looks up (flow/epoch.h). */
struct ticket_key {
    struct mac_key is;
    _Atomic int64_t epoch;
};

/* Ends: ERR_INVALID (data or session too long: a fault of the caller), ERR_INTERNAL. */
FALLIBLE ticket_seal(const struct ticket_key *key, const struct visit *v, const struct ticket *in, struct str *out);
/* Ends: ERR_DENIED (no ticket, forged, of another purpose), ERR_EXPIRED; the note has no reason for the caller: each flow has its own. */
FALLIBLE ticket_open(const struct ticket_key *key, const struct visit *v, enum ticket_purpose purpose, struct str text,
                     struct ticket *out);
/* In the transaction of what it buys.  Ends: ERR_CONFLICT (served before, or from before a restore), ERR_BUSY, ERR_INTERNAL. */
FALLIBLE ticket_spend(struct tx *tx, const struct ticket *t);

/* Forget the spent ones that expired before a moment. */
FALLIBLE tickets_forget(struct tx *tx, int64_t before_us);
