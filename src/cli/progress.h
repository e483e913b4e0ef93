/* How far a long command is, on stderr: a bar that is drawn anew on a terminal, elsewhere a line for each thing it begins and one
 * every ten seconds.
 *
 * Threads  one.
 */
#pragma once
#include "base/str.h"

struct progress {
    bool quiet;
    bool bar;        /* stderr is a terminal */
    bool drawn;      /* the bar stands on the line */
    int64_t last_ns; /* when something was printed last */
    const char *what;
    const char *of; /* what it was about; compared by address */
    int64_t begin_ns;
};

void progress_begin(struct progress *progress, bool quiet);
/* "copying", "users"; both live as long as the progress.  Called as often as one likes. */
void progress_show(struct progress *progress, const char *what, struct str of, int64_t done, int64_t total);
void progress_end(struct progress *progress); /* takes the bar away */
double progress_seconds(const struct progress *progress);
