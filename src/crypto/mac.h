/* Message authentication codes: HMAC with SHA-256.
 *
 * Threads  any.
 * Source   RFC 2104, FIPS 198-1.
 */
#pragma once
#include "crypto/digest.h"

struct mac_key {
    uint8_t is[32];
};

struct digest mac_of(const struct mac_key *key, struct str bytes);
