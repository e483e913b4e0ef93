/* Models of authenticators by their AAGUID: what people call them, and how they are drawn.
 *
 * An AAGUID is hearsay unless an attestation is trusted (trust.h), so a name is for its owner's eyes and decides nothing.
 *
 * Owns     nothing: names live for ever.
 * Threads  any: pure.
 * Source   WebAuthn Level 3 6.5.1 (AAGUID); names as passkeydeveloper/passkey-authenticator-aaguids has those of password managers and
 *          devices, and FIDO's metadata (their descriptions) those of security keys.
 */
#pragma once
#include "base/arena.h"

/* By the UUID text, in lower case.  Absent: not known here. */
struct str model_name(struct str aaguid);
/* The word of the picture for it, of our own and not its maker's: "security_key", "password_manager", "device".  Likewise. */
struct str model_icon(struct str aaguid);
/* The UUID text of AAGUID_BYTES. */
struct str model_aaguid_text(struct arena *mem, struct str bytes);
