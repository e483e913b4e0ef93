/* A database that is one file: copy it while others write, put another in its place.  Of SQLite only; a database with a
 * server has tools of its own, and ends here in ERR_INVALID.
 *
 * Owns     struct seizure, until seizure_drop.
 * Threads  one thread at a time.
 */
#pragma once
#include "store/store.h"

/* All that is in the database at this moment, in an empty file that is there already; others write on meanwhile and wait
 * for nothing.  copy: to read it with; it belongs to the store of db, and is dropped by db_drop before that.
 * Ends: ERR_INVALID, ERR_INTERNAL (damage in the copy too is one). */
FALLIBLE store_copy(struct db *db, const char *path, struct db **copy);

/* The file that DATABASE_URL names, there or not; nothing is changed yet.
 * Ends: ERR_BUSY (a program has it open), ERR_INVALID, ERR_INTERNAL. */
struct seizure;
FALLIBLE seizure_find(const struct store_options *options, struct seizure **out);
const char *seizure_path(const struct seizure *seizure);
/* From now on nobody else has it open, and nobody gets it until seizure_drop.  What a crash has left in its log is moved
 * into it, unless it is too damaged for that.  Ends: ERR_BUSY, ERR_INTERNAL. */
FALLIBLE seizure_take(struct seizure *seizure);
/* Then: put the file `by`, of the same folder and wholly on the disk, in its place; at every moment the name has the one
 * or the other.  kept: the name that the old one gets; NULL: it is lost.
 * Ends: ERR_CONFLICT (kept is taken), ERR_BUSY (there was none, and now there is), ERR_INTERNAL. */
FALLIBLE seizure_replace(struct seizure *seizure, const char *by, const char *kept);
void seizure_drop(struct seizure **seizure);
