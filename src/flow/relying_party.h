/* What this service is to authenticators: its domain, its pages, whose word it takes for what an authenticator is.
 *
 * Owns     struct relying_party, dropped by relying_party_drop; texts of the settings are borrowed.
 * Threads  made before the service runs; after that it is constant.
 * Sources  WebAuthn Level 3 4 (Relying Party), 5.11 (related origins), 7.1 steps 20, 23, 24; 13.4.9.
 */
#pragma once
#include "config/config.h"
#include "webauthn/registration.h"

#define ALGORITHMS_MAX 5

struct relying_party {
    struct arena *mem;
    struct str id, name;
    struct strs origins;
    int64_t algorithms[ALGORITHMS_MAX]; /* the one we like best first */
    size_t algorithm_count;
    struct str attestation; /* what is asked of the browser: "none" or "direct" */
    bool take_counter_regress;
    struct anchors *anchors, *mds_signers;
    struct metadata *metadata;
    struct trust_policy trust; /* of the above */
};

/* port: the one that is bound, where the settings leave it open.
 * Ends: those of trust_files.h; the note names the file. */
FALLIBLE relying_party_open(const struct config *config, uint16_t port, int64_t now_s, struct relying_party **out);
void relying_party_drop(struct relying_party **rp); /* NULL is fine */
