/* The signing keys: bytes in, signature out.  Alone knows where keys are.
 *
 * Owns     every key; dropped by keyring_drop.
 * Files    <folder>/<kid>.pem, PKCS#8, mode 0600, in a folder of mode 0700; the first is made when there is none.
 * Threads  any worker may sign and check; open and drop by one.
 *          The folder is locked while it is read: two processes that start at once end with the same one key.
 * Sources  RFC 7517 4, 5 (JWK, JWK Set), RFC 7638 3 (the thumbprint is the kid), RFC 7518 3.4.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "crypto/signature.h"

#define KID_MAX 64 /* bytes of a key id that is looked at; ours have 43 */

struct keyring;

struct key_row {
    struct str kid, state; /* state: "active" (the newest, signs) or "valid" (only checks) */
    struct str algorithm;  /* "ES256" */
    int64_t made_at;       /* microseconds, from the file */
    struct ec_point point;
};

/* Make the folder and the first key when missing, load all keys, check their modes.
 * Ends: ERR_INTERNAL (files; a key readable by others; no P-256 key): the note names the file. */
FALLIBLE keyring_open(struct str folder, struct keyring **out);
/* The same for who only looks: nothing is made.  Ends: ERR_MISSING (no folder, or no key in it), ERR_INTERNAL. */
FALLIBLE keyring_look(struct str folder, struct keyring **out);
void keyring_drop(struct keyring **keys);

/* The newest first. */
FALLIBLE keyring_list(const struct keyring *keys, struct arena *mem, struct key_row **rows, size_t *count);

/* Sign with the active key.  kid: borrowed from the keyring, valid until it is dropped.  Ends: ERR_INTERNAL. */
FALLIBLE keyring_sign(struct keyring *keys, struct str message, struct str *kid, struct signature *out);
struct str keyring_active(const struct keyring *keys); /* kid of the active key; absent when there is none */
/* Ends: ERR_MISSING (no such kid), ERR_DENIED (does not match), ERR_INTERNAL. */
FALLIBLE keyring_check(struct keyring *keys, struct str kid, struct str message, const struct signature *signature);

/* {"keys":[{"kty":"EC","crv":"P-256","x","y","kid","use":"sig","alg":"ES256"}]} */
struct str keyring_jwks(const struct keyring *keys, struct arena *mem);

/* The kid of a key with this point: 43 characters. */
struct str key_thumbprint(struct arena *mem, const struct ec_point *point);
