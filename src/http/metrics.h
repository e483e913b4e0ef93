/* Counters of the server, written as Prometheus text.
 *
 * Owns     struct metrics, dropped by its _drop.
 * Threads  any: counters are atomic.
 * Units    durations are microseconds inside, seconds in the text (Prometheus naming).
 */
#pragma once
#include "base/buf.h"
#include "http/route.h"

struct metrics;

struct metrics *metrics_open(const struct route *table, size_t count);
void metrics_drop(struct metrics **metrics);

/* route NULL: an address that no row takes. */
void metrics_request(struct metrics *m, const struct route *route, unsigned status, int64_t duration_us);
void metrics_framing_refused(struct metrics *m);
void metrics_reaped(struct metrics *m);
void metrics_connection(struct metrics *m, int change);

void metrics_write(const struct metrics *m, struct buf *out);

/* For the other rooms' figures: one sample with its HELP and TYPE lines. */
void metrics_sample(struct buf *out, const char *name, const char *type, const char *help, double value);
