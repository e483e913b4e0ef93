/* Lists whose items have weights: what a client likes, and how much.
 *
 * Owns     nothing.
 * Units    weights are thousandths, 0 to WEIGHT_MOST.
 * Threads  any: the functions are pure.
 * Sources  RFC 9110 12.4.2 (weights), 12.5.3 (Accept-Encoding), 8.4.1.3 (gzip).
 */
#pragma once
#include "base/str.h"

#define WEIGHT_MOST 1000

/* Take the next item off the list: its name, without blanks, and its weight; 0 for what is malformed, which nobody wants either.
 * false: there is none. */
bool weight_next(struct str *list, struct str *name, int64_t *weight);

/* May an answer come as gzip, and is plain not liked better?  header: all of an Accept-Encoding, absent or not; absent is no,
 * though the standard would leave it open: who says nothing may not look. */
bool weight_takes_gzip(struct str header);
