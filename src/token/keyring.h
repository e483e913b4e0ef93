/* The signing keys in memory: bytes in, signature out.  Alone knows them in the clear.
 *
 * A key is published when its row is there (next), signs from active_at on (current), then only checks what it signed
 * (previous), until expires_at.  Every node goes from one to the next by its own clock; nothing has to be told.
 * Every row is bound to its kid, the thumbprint of its public half, and the sealed private half to kid and algorithm: rows
 * can't be given another key.
 *
 * Owns     every key; dropped by keyring_drop.
 * Threads  any worker may sign and check while one thread fills: who holds a key goes on with it, and nobody waits.
 * Units    moments are microseconds UTC.
 * Sources  RFC 7517 4, 5 (JWK, JWK Set), RFC 7638 3 (the thumbprint is the kid), RFC 8725 3.1 (the key fixes the algorithm).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "crypto/signature.h"
#include "store/rows.h"
#include "token/jwk.h"

#define KID_MAX  64 /* bytes of a key id that is looked at; ours have 43 */
#define KEYS_MAX 64 /* keys that are neither expired nor revoked; each is looked at for every token */

enum key_state { KEY_NEXT, KEY_CURRENT, KEY_PREVIOUS, KEY_EXPIRED, KEY_REVOKED };
enum key_state key_state(const struct signing_key_row *row, int64_t now_us);
const char *key_state_name(enum key_state state); /* "next" */

struct keyring;
struct seen;

/* A new key, sealed, in mem; it signs from active_at on.  Ends: ERR_INTERNAL. */
FALLIBLE key_make(struct arena *mem, const struct secret *sealing, enum algorithm algorithm, int64_t now_us,
                  int64_t active_at, struct signing_key_row *out);
/* The same of a key that there is. */
FALLIBLE key_seal(struct arena *mem, const struct secret *sealing, const struct sign_key *key,
                  struct signing_key_row *out);
/* row->sealed under another key, in mem.  Ends: ERR_INTERNAL (it can't be opened; the note names the kid). */
FALLIBLE key_reseal(struct arena *mem, const struct secret *from, const struct secret *to, struct signing_key_row *row);

/* Empty.  sealing: what private halves are sealed with; copied.  NULL: for who only checks. */
struct keyring *keyring_new(const struct secret *sealing);
void keyring_drop(struct keyring **keys);

/* These keys instead of those there are; all or none.  The same rows again cost no more than a comparison.
 * Ends: ERR_INTERNAL (a row that is not what its kid says, a seal that does not match; the note names the kid). */
FALLIBLE keyring_fill(struct keyring *keys, const struct signing_key_row *rows, size_t count, int64_t now_us);

/* The key that signs now, held so long as somebody works with it. */
struct key_hold {
    struct ring *ring;
    const struct key *key;
    struct str kid;
    enum algorithm algorithm;
};

/* Ends: ERR_INTERNAL (none signs now). */
FALLIBLE keyring_hold(struct keyring *keys, int64_t now_us, struct key_hold *out);
size_t key_hold_length(const struct key_hold *hold); /* bytes of its signatures */
FALLIBLE key_hold_sign(const struct key_hold *hold, struct str message, struct signature *out);
void key_hold_drop(struct key_hold *hold); /* zeroed is fine */

/* Is there a key that signs now? */
bool keyring_ready(struct keyring *keys, int64_t now_us);

/* alg: what the token says; it must be the key's own.
 * Ends: ERR_MISSING (no such kid, or not any more), ERR_DENIED (does not match), ERR_CONFLICT (another algorithm),
 * ERR_INVALID (a signature of another length), ERR_INTERNAL. */
FALLIBLE keyring_check(struct keyring *keys, int64_t now_us, struct str kid, struct str alg, struct str message,
                       const struct signature *signature);

/* Is there a key of this id whose signatures count? */
bool keyring_knows(struct keyring *keys, int64_t now_us, struct str kid);
/* Where who checks tokens by these keys keeps what has passed; it goes with them. */
struct seen *keyring_seen(struct keyring *keys);

/* {"keys":[{..., "kid","use":"sig","alg"}]}, the newest first. */
struct str keyring_jwks(struct keyring *keys, int64_t now_us, struct arena *mem);
