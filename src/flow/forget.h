/* What was spent is kept only until it would be refused for its age: proofs and tickets.
 *
 * Threads  one at a time, beside any that spend.
 */
#pragma once
#include "flow/services.h"

/* For the server's tick.  Ends: ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_forget(const struct shared *shared, int64_t now_us);
