/* Where a PostgreSQL address leads, as libpq reads it: an operator's slip must not send passwords over a network to nobody
 * knows whom.
 *
 * Source   PostgreSQL 15, 34.1.1.2 (URIs), 34.1.2 (parameters), 34.15 (environment), 34.17 (service file).
 */
#pragma once
#include "base/arena.h"

/* True when a host of it may lie beyond this machine and nothing makes sure that it is the right one (sslmode=verify-full).
 * environ: "NAME=value", NULL at the end; of it PGHOST, PGHOSTADDR, PGSSLMODE and PGSERVICE count.  What can't be read is true;
 * what is no address of PostgreSQL is false. */
bool database_unguarded(struct arena *mem, struct str url, char *const *environ);
