/* The log: one line an event on stdout, JSON or text.  Only faces and processes log; rooms return.
 *
 * Threads  any; a line is written with one write(2).
 * Never    a password, a hash, a token, a whole address line: callers hand in names and values one by one.
 */
#pragma once
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_JSON, LOG_TEXT };

struct log_pair {
    const char *name;
    struct str text; /* when present, written as a string */
    int64_t number;  /* else as a number */
};

#define LOG_S(key, value) ((struct log_pair){ .name = (key), .text = (value) })
#define LOG_N(key, value) ((struct log_pair){ .name = (key), .number = (value) })

void log_setup(enum log_level least, enum log_format format);
bool log_on(enum log_level level);
void log_pairs(enum log_level level, struct str event, const struct log_pair *pairs, size_t count);

/* log_event(LOG_INFO, "listening", LOG_S("address", a), LOG_N("workers", 16)); */
#define log_event(level, event, ...)                                                                                   \
    log_pairs((level), STR(event), (const struct log_pair[]){ __VA_ARGS__ },                                           \
              sizeof((const struct log_pair[]){ __VA_ARGS__ }) / sizeof(struct log_pair))
