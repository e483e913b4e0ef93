/* The query of an address, decoded over a field table like a body.
 *
 * Owns     nothing; strings lie in mem.
 * Bounds   QUERY_PAIRS_MAX pairs; the address itself is bounded by the server.
 */
#pragma once
#include "http/route.h"

#define QUERY_PAIRS_MAX 16

/* Unknown names, names that come twice, values out of bounds: faults.  A name that smells of a secret (password, token …) is
 * refused at once.  table NULL: no parameter is taken.
 * Ends: ERR_INVALID (WHY_QUERY; WHY_SECRET_IN_QUERY). */
FALLIBLE query_read(struct arena *mem, struct str query, const struct field *table, void *out, struct faults *faults);
