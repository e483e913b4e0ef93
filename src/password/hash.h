/* What a stored string says: its scheme and its costs.  The schemes are rows of one table (scheme.c).
 *
 * Owns     nothing.
 * Units    m_kib in KiB; cost is log2 of bcrypt's rounds; takes_bytes in bytes.
 * Threads  any: reading is pure.
 *
 * bcrypt uses 72 bytes of a password and no more, so 72 is where a plain bcrypt string ends here: a longer candidate
 * never matches one, whoever made it, and nothing is cut.  A longer password of ours is stored as
 * "$postern-bcrypt-sha384$2b$12$<salt><hash>": the bcrypt of base64(HMAC-SHA-384(key, password)), 64 characters, keyed
 * with the 22 characters of the salt.  The key keeps a leaked table of plain SHA-384 digests from being tried against
 * these strings.
 */
#pragma once
#include "password/password.h"

enum password_reading {
    PASSWORD_READ,        /* of a scheme here, within bounds */
    PASSWORD_MALFORMED,   /* of a scheme here, but not well formed */
    PASSWORD_UNSUPPORTED, /* of no scheme here, of another version, or past the bounds on memory and time */
};

struct stored {
    const struct scheme *scheme;
    uint32_t m_kib, passes, lanes; /* argon2, else 0 */
    uint32_t cost;                 /* bcrypt, else 0 */
    size_t salt_len, hash_len;     /* argon2, else 0; bytes */
};

struct scheme {
    const char *name;
    struct str prefix;
    bool weak;          /* cheap to guess by today's measure: verified, and replaced at the next sign-in */
    size_t takes_bytes; /* the scheme can't take a longer password whole */
    bool takes_nul;
    enum password_reading (*read)(struct str stored, struct stored *out); /* stored has the prefix; fills costs only */
    /* In a worker; stored ends in a NUL.  OK, ERR_DENIED, ERR_BUSY or ERR_INTERNAL. */
    enum err (*check)(const char *stored, const struct secret *password);
};

/* out is filled only for PASSWORD_READ. */
enum password_reading password_read(struct str stored, struct stored *out);

/* Can the scheme compare this password whole?  One that it can't never matches. */
bool password_whole(const struct scheme *scheme, const struct secret *password);
