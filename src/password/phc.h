/* Argon2 strings in PHC form: $argon2id$v=19$m=65536,t=3,p=1$salt$hash.
 *
 * Owns     nothing.
 * Units    m_kib in KiB, the lengths in bytes.
 * Threads  any: the function is pure.
 * Sources  The PHC string format (parameters in the order m, t, p; decimal without leading zeros; base64 without
 * padding, with no stray bits); RFC 9106 3.1 (at least 8 KiB a lane).
 */
#pragma once
#include "base/str.h"

/* A stored string must not be able to take the memory or the time of the machine: what is above is not taken.  The
 * worst that passes (256 MiB, 16 passes) keeps a worker busy for about three seconds. */
#define PHC_M_KIB_MAX  262144U
#define PHC_PASSES_MAX 16U
#define PHC_LANES_MAX  16U
#define PHC_SALT_MIN   8U
#define PHC_SALT_MAX   64U
#define PHC_HASH_MIN   16U
#define PHC_HASH_MAX   64U

enum phc_end {
    PHC_OK,
    PHC_MALFORMED, /* not of this form */
    PHC_BEYOND,    /* of this form, but another version, or past a bound above */
};

struct phc {
    uint32_t m_kib, passes, lanes;
    size_t salt_len, hash_len;
    uint8_t salt[PHC_SALT_MAX], hash[PHC_HASH_MAX];
};

/* rest: what follows "$argon2id$" or "$argon2i$".  out is filled only for PHC_OK. */
enum phc_end phc_parse(struct str rest, struct phc *out);
