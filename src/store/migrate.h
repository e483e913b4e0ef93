/* Numbered migrations, embedded in the program: the same numbers and names for every database.
 *
 * A migration that a program does not know stops it (store_ready), unless its name says that it can live with it: expand_THING only adds
 * what no program before it needs, contract_NNNN_THING takes away what no program needs that knows migration NNNN.
 *
 * Threads  one at a time; the database's own lock keeps two programs apart.
 */
#pragma once
#include "store/store.h"

struct migration_row {
    int64_t number;
    struct str name;
    int64_t applied_at; /* microseconds; 0: not applied */
    bool changed;       /* applied from another text than this program's */
};

/* Bring the schema to number `to` (-1: the newest this program knows; 0: empty).  steps: how many ran.
 * Ends: ERR_CONFLICT (the schema is newer than this program, or an applied text differs), ERR_BUSY (another program migrates for
 * long), ERR_INTERNAL. */
FALLIBLE migrate_to(struct store *store, int64_t now_us, int64_t to, int *steps);
FALLIBLE migrate_status(struct store *store, struct arena *mem, struct migration_row **rows, size_t *count);
int64_t migrate_newest(void);

struct migration_step {
    int64_t number;
    struct str name;
    bool up;
    struct str text; /* SQL */
};
/* What migrate_to would run, in its order.  Ends: as there. */
FALLIBLE migrate_plan(struct store *store, struct arena *mem, int64_t to, struct migration_step **steps, size_t *count);
/* The greatest number that is applied, 0 for none, whoever's it is. */
FALLIBLE migrate_applied(struct db *db, int64_t *number);
/* Is all that is applied this program's?  Ends: ERR_CONFLICT (newer, or from another text), ERR_INTERNAL. */
FALLIBLE migrate_known(struct db *db);

/* While a copy into a database is unfinished (store/transfer.h), its ledger has a mark at which every program, also an older
 * one, refuses to work with it. */
FALLIBLE migrate_mark(struct tx *tx, int64_t now_us);
FALLIBLE migrate_unmark(struct tx *tx);
/* migrate_applied and migrate_known at once, the mark apart from them. */
FALLIBLE migrate_look(struct db *db, int64_t *number, bool *unfinished);
/* Undo every migration of a database with that mark.  Ends: ERR_CONFLICT (it has none), ERR_INTERNAL. */
FALLIBLE migrate_wipe(struct store *store);
