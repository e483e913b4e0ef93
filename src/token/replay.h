/* What may come only once: ids that have been spent, until each would be refused for its age anyway.
 *
 * Owns     struct replay: a table of fixed room, dropped by replay_drop.  Memory that was never needed is never touched.
 * Units    moments are microseconds; the caller hands in the clock as it is now, not as it was when the request began.
 * Threads  any.
 * Bounds   `room` ids at once.  When all are still live, a new one is refused: accepting it would mean to forget another.
 * Nodes    where several programs share one database, dpop_proofs.h in store/ decides between them; this one is of the process.
 * Source   RFC 9449 11.1 ("servers can store the jti value [...] or store only a hash thereof").
 */
#pragma once
#include "base/err.h"
#include "crypto/digest.h"

struct replay;

struct replay *replay_open(size_t room);
void replay_drop(struct replay **replay);

/* Ends: ERR_CONFLICT (spent before), ERR_EXPIRED (until_us is over), ERR_BUSY (WHY_PROOFS_FULL). */
FALLIBLE replay_spend(struct replay *replay, const struct digest *id, int64_t now_us, int64_t until_us);

struct replay_figures {
    uint64_t held, spent, refused, full; /* ids in the table; since the start: taken, seen before, no room */
};
void replay_figures(struct replay *replay, struct replay_figures *out);
