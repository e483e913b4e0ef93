/* The query of an address, decoded over a field table like a body.
 *
 * Owns     nothing; strings lie in mem.
 * Bounds   QUERY_PAIRS_MAX pairs; the address itself is bounded by the server.
 */
#pragma once
#include "http/route.h"

#define QUERY_PAIRS_MAX 16

/* What becomes of a name that is not in the table. */
enum query_strangers { QUERY_REFUSES_STRANGERS, QUERY_PASSES_STRANGERS };

/* Unknown names, names that come twice, values out of bounds: faults.  A name that smells of a secret (password, token …) is
 * refused at once, and broken text too, whoever's it is.  table NULL: no parameter is known.
 * Ends: ERR_INVALID (WHY_QUERY; WHY_SECRET_IN_QUERY). */
FALLIBLE query_read(struct arena *mem, struct str query, const struct field *table, enum query_strangers strangers,
                    void *out, struct faults *faults);
