/* The config file and .env: one `name = value` a line.
 *
 * Form     blank lines and lines that begin with # say nothing.  A value may stand in "..." or '...', which take every
 * byte as it is: nothing is escaped.  Outside quotes a # after a blank is refused, because it may be meant either way.
 * Owns     nothing: entries are views into the text.
 * Threads  any: the functions are pure but for the reading.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#define CONFIG_FILE_MAX 65536 /* bytes of a file */
#define CONFIG_LINE_MAX 4096  /* bytes of a line, without its end */

/* Ends: ERR_MISSING (no such file), ERR_INVALID (can't be read, no regular file, too long); the note says which. */
FALLIBLE config_file_read(struct arena *mem, const char *path, struct str *out);

struct config_text {
    struct str rest;
    int line; /* of the entry that came last, from 1 */
};

struct config_entry {
    struct str name, value; /* "" is a value too */
    const char *fault;      /* NULL, or what is wrong with the line; name and value are then absent */
};

/* The next line that says something; false at the end. */
bool config_file_next(struct config_text *text, struct config_entry *out);
