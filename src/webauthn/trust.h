/* Whom to believe about an authenticator: anchors for attestation certificates, and which models are wanted.
 *
 * Owns     nothing: anchors and lists belong to the caller, for as long as the service runs.
 * Threads  any.
 * Sources  WebAuthn Level 3 7.1, steps 23 and 24.
 */
#pragma once
#include "webauthn/attestation.h"
#include "webauthn/metadata.h"

struct trust_policy {
    const struct anchors *anchors;   /* for models that metadata does not know; NULL: none */
    const struct metadata *metadata; /* a model that it knows has its anchors and no others; NULL: none */
    bool refuse_none, refuse_self;   /* registration without a statement of a maker */
    bool need_anchor;                /* else what leads to no anchor counts as self attestation */
    struct strs allowed, denied;     /* AAGUIDs of 16 bytes; none allowed: all that are not denied */
};

/* Whether the model is wanted.  hearsay: nothing signs what it is called; that is enough to be denied, and not to be allowed.
 * Self attestation vouches for no model either: who lists allowed ones wants need_anchor, too.  Ends: ERR_DENIED. */
FALLIBLE trust_model(const struct trust_policy *policy, struct str aaguid, bool hearsay);
/* out: whether a chain leads to an anchor.  Ends: ERR_DENIED (the policy wants more). */
FALLIBLE trust_assess(const struct trust_policy *policy, const struct attestation *attestation, struct str aaguid,
                      int64_t now_s, bool *out);
