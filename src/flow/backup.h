/* Backups: one sealed file that holds the whole database.
 *
 * Owns     nothing; text lies in the visit's arena.
 * Threads  one at a time.
 * Not in it: the master key, with which the signing keys in it are sealed, and the mark (postern-epoch).
 * Plain    bytes of the copy lie in the data folder while it is made or checked, beside the database itself, never where
 * the backup goes.
 */
#pragma once
#include "crypto/seal.h"
#include "flow/services.h"

struct backup {
    struct str file;
    int64_t bytes, schema, epoch, made_at;
};

/* Beside a running server.  replace: a file of that name.
 * Ends: ERR_CONFLICT (there is one), ERR_BUSY (another backup runs), ERR_INVALID (no SQLite), ERR_INTERNAL. */
FALLIBLE flow_backup(struct services *at, const struct visit *v, const struct secret *key, struct str file,
                     bool replace, struct backup *out);

/* Read it to its end, and the database in it; nothing is changed.  Ends: those of seal_read, ERR_CONFLICT (of a newer
 * program), ERR_INTERNAL (damaged). */
FALLIBLE flow_backup_verify(const struct config *config, const struct visit *v, const struct secret *key,
                            struct str file, struct backup *out);

struct restored {
    struct backup backup;
    struct str place; /* the database's file */
    struct str kept;  /* the name that the old one got; absent: there was none, or it is gone */
};

/* Put the database in the backup in the place of the one there is.  All of the backup is checked before anything changes.
 * discard: the old one, else it is kept beside.  Sessions end when a server starts on it (flow/epoch.h).
 * Ends: those of flow_backup_verify, ERR_BUSY (a program has the database open). */
FALLIBLE flow_restore(const struct config *config, const struct visit *v, const struct secret *key, struct str file,
                      bool discard, struct restored *out);

/* For this room: unseal into the scratch file and look at what is in it; backup: without its bytes until then. */
struct scratch;
FALLIBLE backup_unseal(const struct visit *v, const struct secret *key, struct str file, struct scratch *to,
                       struct backup *out);
