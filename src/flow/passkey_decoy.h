/* Credentials that nobody has, for names that nobody has.  Only for the flows of this room.
 *
 * The same name is shown the same each time, by a key that is not in the database, on every node; so asking twice tells nothing.
 *
 * Threads  any worker with its services.
 * Source   WebAuthn Level 3 14.6.2: "plausible imaginary values", "pseudo-random values derived deterministically from the username".
 */
#pragma once
#include "flow/passkey.h"

/* struct passkey_descriptor; subject: the canonical form of the name. */
struct list passkey_decoys(const struct services *at, const struct visit *v, struct str subject);
