/* Services that may ask about tokens: their ids, secrets and scopes.
 *
 * Owns     nothing; text lies in the arena that is handed in.
 * Threads  any; the functions are pure but for client_secret_make.
 * Sources  RFC 6749 2.3.1 (client secrets), 3.3 (scope).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "store/clients.h"

#define CLIENT_ID_MIN   3
#define CLIENT_ID_MAX   64
#define CLIENT_SECRET   43  /* bytes of a secret: base64url of 256 random bits */
#define SCOPES_MAX      512 /* bytes of a list of scopes */
#define SCOPE_WORDS_MAX 32

/* Scopes that mean something here; all others are for the services themselves. */
#define SCOPE_INTROSPECT  STR("introspect")
#define SCOPE_REVOKE      STR("revoke")
#define SCOPE_REVOCATIONS STR("revocations")

/* a-z 0-9 . _ -, beginning with a letter or digit, and never of the form of an account's id: a service that looks at
 * `sub` alone must not take one for the other. */
bool client_id_ok(struct str id);

/* Words with blanks between them -> the same sorted, without doubles.
 * Ends: ERR_INVALID (a foreign character, too long, too many). */
FALLIBLE scopes_tidy(struct arena *mem, struct str typed, struct str *out);
bool scopes_hold(struct str scopes, struct str word);
/* Is every word of part among those of whole?  The empty list is a part of any. */
bool scopes_within(struct str part, struct str whole);

/* A fresh secret, which is shown once; digest: what is kept of it.  A digest without salt is right for 256 random bits. */
struct str client_secret_make(struct arena *mem, struct digest *digest);
/* Is it one of the client's secrets at this moment?  The same work whichever it is, and for a client that is none. */
bool client_secret_right(const struct client_row *client, struct str secret, int64_t now_us);
