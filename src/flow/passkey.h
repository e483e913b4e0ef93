/* The stories of passkeys and security keys: an account adds one, looks at them, names and removes them.
 *
 * A ceremony has two halves.  The first gives options for the browser and a text that holds the challenge, sealed; the second takes
 * that text and what the authenticator made of the options.  Nothing is written in between (ticket/ticket.h).
 *
 * Owns     nothing; all lies in the visit's arena.
 * Threads  any worker with its services.
 * Sources  WebAuthn Level 3 5.4 (options), 7.1, 7.2; threat model AC23–AC27.
 */
#pragma once
#include "access/access.h"
#include "base/field.h"
#include "base/visit.h"
#include "flow/services.h"

#define PASSKEYS_MAX         32          /* of one account */
#define PASSKEY_NAME_MAX     100         /* bytes of a name */
#define PASSKEY_RESPONSE_MAX (56 * 1024) /* bytes of what the authenticator answers, as JSON */

/* PublicKeyCredentialCreationOptionsJSON and PublicKeyCredentialRequestOptionsJSON, 5.4 and 5.5, as they are sent. */
struct passkey_descriptor {
    struct str type, id; /* base64url */
    struct strs transports;
};
struct passkey_parameter {
    struct str type;
    int64_t alg;
};
struct passkey_rp {
    struct str id, name;
};
struct passkey_user {
    struct str id, name, display_name; /* id: base64url */
};
struct passkey_selection {
    struct str resident_key, user_verification;
    bool require_resident_key;
};
struct creation_options {
    struct passkey_rp rp;
    struct passkey_user user;
    struct str challenge;   /* base64url */
    struct list algorithms; /* struct passkey_parameter */
    int64_t timeout_ms;
    struct list exclude; /* struct passkey_descriptor */
    struct passkey_selection selection;
    struct strs hints;
    struct str attestation;
};
struct request_options {
    struct str challenge;
    int64_t timeout_ms;
    struct str rp_id;
    struct list allow; /* struct passkey_descriptor; none: any */
    struct str user_verification;
    struct strs hints;
};

/* How a credential can be reached, as words. */
struct strs passkey_transports(const struct visit *v, const struct credential_row *row);

struct passkey_asked {
    struct str ceremony; /* to be handed back */
    struct creation_options options;
};

/* Of a signed-in user.  Ends: ERR_DENIED (WHY_SIGNIN_NOT_RECENT), ERR_CONFLICT (WHY_PASSKEYS_MANY), ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_passkey_add_begin(struct services *at, const struct visit *v, const struct caller *caller,
                                struct passkey_asked *out);

struct passkey_answer {
    struct str ceremony, credential; /* RegistrationResponseJSON or AuthenticationResponseJSON */
    struct str name;                 /* of what is added; absent: that of its model */
};
/* Ends: ERR_INVALID (WHY_CEREMONY: not of this account and session, too old, has served; WHY_PASSKEY: any step of 7.1; the audit
 * trail tells which), ERR_CONFLICT (WHY_PASSKEYS_MANY), ERR_UNAUTHENTICATED (the account has changed meanwhile). */
FALLIBLE flow_passkey_add_complete(struct services *at, const struct visit *v, const struct caller *caller,
                                   const struct passkey_answer *answer, struct credential_row *out);

struct passkeys_page {
    struct credential_row *rows;
    size_t count;
    struct str rp_id;
    struct str user_handle; /* base64url; absent: the account never had a passkey */
};
/* One's own, the oldest first. */
FALLIBLE flow_passkeys_list(struct services *at, const struct visit *v, const struct caller *caller,
                            struct passkeys_page *out);
/* Ends: ERR_MISSING (WHY_PASSKEY_MISSING). */
FALLIBLE flow_passkey_rename(struct services *at, const struct visit *v, const struct caller *caller, struct str id,
                             struct str name, struct credential_row *out);
/* Ends: ERR_MISSING, ERR_DENIED (WHY_SIGNIN_NOT_RECENT), ERR_CONFLICT (WHY_LAST_PASSKEY: nothing else could sign in). */
FALLIBLE flow_passkey_remove(struct services *at, const struct visit *v, const struct caller *caller, struct str id);
