/* Passwords: hash, verify, needs_rehash behind one bounded pool of low-priority workers.
 *
 * Owns     the workers and their memory: one region of the configured size each, reserved at open, kept, given back
 * when idle. Threads  any may call; the caller waits for its own answer.  The work runs in the pool's threads
 * (SCHED_IDLE). Never    cuts a password: bcrypt over 72 bytes is pre-hashed by a scheme of its own (see hash.h), NUL
 * is refused before. Sources  RFC 9106 (argon2id), NIST SP 800-63B-4 3.1.1.2 (NFC, length, blocklist), the crypt(5)
 * family of libxcrypt.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/field.h"
#include "base/secret.h"

#define PASSWORD_HASH_MAX  512 /* bytes of a stored string */
#define PASSWORD_BYTES_MAX 400 /* 100 code points of 4 bytes */

enum password_scheme { PASSWORD_ARGON2ID, PASSWORD_BCRYPT };

struct password_options {
    enum password_scheme scheme;     /* of new hashes */
    uint32_t argon2_m_kib, argon2_t; /* KiB; passes */
    uint32_t bcrypt_cost;            /* log2 of the rounds */
    uint32_t min_score;              /* zxcvbn, 0 to 4 */
    uint32_t min_chars, max_chars;   /* code points after NFC */
    uint32_t workers;                /* 0: as many as cores */
};

struct passwords;

FALLIBLE passwords_open(const struct password_options *options, struct passwords **out);
void passwords_drop(struct passwords **passwords); /* waits for running work */

/* The NFC form, the only one that is hashed or compared.  Ends: ERR_INVALID (not UTF-8, holds NUL or another control
 * character). */
FALLIBLE password_normalise(const struct secret *typed, struct secret *out);

/* A new hash at today's scheme and cost.  out: lies in mem.  Ends: ERR_INTERNAL, ERR_BUSY (no memory). */
FALLIBLE password_hash(struct passwords *p, const struct secret *password, struct arena *mem, struct str *out);

/* Ends: ERR_DENIED (does not match; an unreadable or unknown stored string too), ERR_BUSY, ERR_INTERNAL. */
FALLIBLE password_verify(struct passwords *p, struct str stored, const struct secret *password);

/* Is the stored string of another scheme, cost or lane count than new hashes get? */
bool password_needs_rehash(const struct passwords *p, struct str stored);

/* A string that costs as much as a real one and matches nothing; made at open from random bytes, without hashing. */
struct str password_decoy(const struct passwords *p);

/* What is known of the account, which the password must not hold. */
struct password_context {
    struct str email, username, name;
};

/* May this be an account's password?  Checks length, the list of common passwords, the account's own words, then the
 * zxcvbn score (in the pool).  fault is filled when it may not: codes too_short, too_long, control_character,
 * too_common, contains_identity, too_weak. Ends: ERR_INVALID (see fault), ERR_INTERNAL. */
FALLIBLE password_policy(struct passwords *p, const struct secret *password, const struct password_context *of,
                         struct fault *fault);

/* For admission and /metrics: what the pool does now. */
struct password_load {
    uint32_t workers, running, waiting;
    int64_t mean_us;    /* of one hash, moving average; an estimate from the parameters before the first */
    uint64_t done;      /* hashes and verifications so far */
    uint64_t waited_us; /* sum of the time that they waited */
};
void password_load(struct passwords *p, struct password_load *out);
