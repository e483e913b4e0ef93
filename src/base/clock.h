/* The clocks and the text forms of time.
 *
 * Units    wall clock in microseconds since 1970 UTC; monotonic in nanoseconds since an arbitrary point.
 * Threads  any.
 * Sources  RFC 3339 5.6 (date-time, full-date).
 */
#pragma once
#include "base/str.h"

#define SECOND_US      INT64_C(1000000)
#define CLOCK_TEXT_MAX 25 /* "2026-11-21T03:08:05.123Z" and a NUL */

int64_t clock_now_us(void);
int64_t clock_mono_ns(void);
int64_t clock_mono_coarse_ns(void); /* the same, behind by some milliseconds, at a fifth of the price */

/* RFC 3339 UTC with milliseconds, for years 1 to 9999. */
void clock_format(int64_t at_us, char out[static CLOCK_TEXT_MAX]);

/* A full-date "YYYY-MM-DD" that exists in the Gregorian calendar, or a date-time, of which only the date is kept.
 * date: 10 bytes "YYYY-MM-DD" and a NUL.  false when s is neither. */
bool clock_parse_date(struct str s, char date[static 11]);
/* A date-time with offset, to microseconds since 1970 UTC. */
bool clock_parse(struct str s, int64_t *at_us);
/* Days since 1970-01-01 of a date from clock_parse_date. */
int64_t clock_days(const char date[static 11]);
