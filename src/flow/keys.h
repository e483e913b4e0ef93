/* The signing keys over their life: the first one, the next, the end of one.
 *
 * next     in the database and at /.well-known/jwks.json, POSTERN_KEY_LEAD before it signs
 * current  signs
 * previous only checks what it signed, until no token can be left that it signed
 * revoked  neither signs nor checks, from one moment to the next
 *
 * Every change is one transaction that holds the row of the master key: of several servers and consoles one does it, and
 * the others find it done.
 *
 * Owns     nothing; rows lie in the visit's arena.
 * Threads  one at a time, beside any that sign and check.
 */
#pragma once
#include "base/visit.h"
#include "flow/services.h"
#include "store/signing_keys.h"

/* The master key and what is derived from it; see flow/master.c for where it comes from.  Of this room.
 * make: in development, and only for a database that has none yet. */
FALLIBLE flow_master_open(struct shared *at, const struct visit *v, bool make);
/* For who only looks.  Ends: ERR_EXPIRED (the database has none yet, and here is none either), ERR_MISSING, ERR_DENIED
 * (another one), ERR_INVALID, ERR_INTERNAL. */
FALLIBLE flow_master_fits(struct shared *at, const struct visit *v, struct db *db);

/* What is sealed with the master key, sealed with another one from now on; in one transaction, for every server or for none.  Nobody
 * is signed out, and recovery codes stay good: the keys of both follow from the lasting key of the database, which is sealed anew
 * too.  Whoever serves meanwhile, and `at` itself, goes on with the key that it knows, and seals with that: stop it before.
 * Ends: ERR_CONFLICT (it is that one already), ERR_MISSING (there are no keys yet), ERR_DENIED, ERR_BUSY, ERR_INTERNAL. */
struct master_change {
    int64_t signing_keys, apps;
    int64_t unreadable; /* apps: sealed with a key that was lost before, or changed; they stay as they are */
};
FALLIBLE flow_master_change(struct shared *at, const struct visit *v, struct str actor, const struct secret *master,
                            struct master_change *out);

/* What a start did. */
struct keys_opened {
    struct str made; /* kid of a first key; absent: there was one */
    size_t imported; /* key files of an earlier release */
};

/* For a server: find the master key, take key files of earlier releases in, make the first key, read all.
 * Ends: ERR_DENIED (another master key), ERR_MISSING (none), ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_keys_open(struct shared *at, const struct visit *v, struct keys_opened *out);
/* For who only looks and checks: no master key is needed. */
FALLIBLE flow_keys_look(struct shared *at, const struct visit *v, struct db *db);
/* Read them again. */
FALLIBLE flow_keys_read(struct shared *at, const struct visit *v, struct db *db);

/* The same, and publish the next key when the one that signs is old enough; change: also when it is of another algorithm
 * than the setting.  made: absent: not due, or another server was faster. */
FALLIBLE flow_keys_tick(struct shared *at, const struct visit *v, struct db *db, bool change, struct str *made);

struct key_wish {
    struct str actor;
    enum algorithm algorithm;
    bool at_once;  /* it signs at once; who has an old copy of the JWKS refuses its tokens until they fetch it anew */
    bool when_due; /* only when the key that signs is old enough, or of another algorithm and change is set */
    bool change;
};

/* Publish the next key.  out: it; kid absent: not due.
 * Ends: ERR_CONFLICT (there is a next one already; the note says until when), ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_key_rotate(struct shared *at, const struct visit *v, const struct key_wish *wish,
                         struct signing_key_row *out);

/* End a key at once.  Was it the one that signs, then the next one signs from now on, or a new one.
 * by: the row of the key that signs now.
 * Ends: ERR_MISSING (no such key), ERR_CONFLICT (revoked or expired already), ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_key_revoke(struct shared *at, const struct visit *v, struct str actor, struct str kid,
                         struct signing_key_row *by);
