#include "cli/progress.h"
#include "base/clock.h"

#include <stdio.h>
#include <unistd.h>

#define BAR_WIDTH 30
#define DRAW_NS   INT64_C(100000000)   /* between two drawings of the bar */
#define LINE_NS   INT64_C(10000000000) /* between two lines */

void progress_begin(struct progress *p, bool quiet)
{
    *p = (struct progress){ .quiet = quiet, .bar = isatty(STDERR_FILENO) == 1, .begin_ns = clock_mono_ns() };
    p->last_ns = p->begin_ns;
}

double progress_seconds(const struct progress *p)
{
    return (double)(clock_mono_ns() - p->begin_ns) / 1e9;
}

static void draw_bar(int64_t done, int64_t total)
{
    int full = total > 0 ? (int)(done * BAR_WIDTH / total) : BAR_WIDTH;
    fputs("\r\033[K[", stderr);
    for (int i = 0; i < BAR_WIDTH; i++)
        fputc(i < full ? '#' : '.', stderr);
    fprintf(stderr, "] %3d%% ", total > 0 ? (int)(done * 100 / total) : 100);
}

static bool is_due(struct progress *p, const char *what, struct str of)
{
    int64_t now_ns = clock_mono_ns();
    bool other = what != p->what || of.ptr != p->of;
    p->what = what;
    p->of = of.ptr;
    if (p->quiet || (now_ns - p->last_ns < (p->bar ? DRAW_NS : LINE_NS) && (p->bar || !other)))
        return false;
    p->last_ns = now_ns;
    return true;
}

void progress_show(struct progress *p, const char *what, struct str of, int64_t done, int64_t total)
{
    if (!is_due(p, what, of))
        return;
    if (p->bar)
        draw_bar(done, total);
    fprintf(stderr, "%s %.*s: %lld of %lld rows", what, STR_ARG(of), (long long)done, (long long)total);
    fputs(p->bar ? "" : "\n", stderr);
    fflush(stderr);
    p->drawn = p->bar;
}

void progress_end(struct progress *p)
{
    if (p->drawn)
        fputs("\r\033[K", stderr);
    p->drawn = false;
}
