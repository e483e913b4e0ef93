/* Which of our languages a client reads best.
 *
 * Owns     nothing.
 * Threads  any: the functions are pure.
 * Sources  RFC 9110 12.5.4 (Accept-Language), 12.4.2 (weights); RFC 4647 3.4 (lookup, by the first subtag alone).
 */
#pragma once
#include "base/str.h"

/* known: ours, as first subtags in lower case ("en"), the one to fall back on first.  header: all of the field, absent or not.
 * The index of the one with the highest weight; of those that weigh the same the one that is named first.  What is malformed, or
 * has weight 0, is passed over; "*" is the first of ours. */
size_t language_choose(struct str header, const char *const *known, size_t count);
