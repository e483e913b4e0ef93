#include "factor/drift.h"
#include "base/err.h"

#include <pthread.h>
#include <stdlib.h>

struct seen {
    int64_t user_id;
    int distance;
    bool timely;
};

struct drift {
    pthread_mutex_t lock;
    struct seen newest[DRIFT_ACCOUNTS]; /* the last one first */
    size_t count;
    bool wrong, told;
    struct drift_figures figures;
};

struct drift *drift_open(void)
{
    struct drift *d = calloc(1, sizeof *d);
    if (d == NULL)
        die("out of memory");
    pthread_mutex_init(&d->lock, NULL);
    return d;
}

void drift_drop(struct drift **drift)
{
    if (*drift == NULL)
        return;
    pthread_mutex_destroy(&(*drift)->lock);
    free(*drift);
    *drift = NULL;
}

/* The account's place, or that of the one that was not seen for longest. */
static size_t place_of(const struct drift *d, int64_t user_id)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->newest[i].user_id == user_id)
            return i;
    return d->count < DRIFT_ACCOUNTS ? d->count : DRIFT_ACCOUNTS - 1;
}

static void put_first(struct drift *d, struct seen seen)
{
    size_t at = place_of(d, seen.user_id);
    if (at == d->count)
        d->count++;
    for (; at > 0; at--)
        d->newest[at] = d->newest[at - 1];
    d->newest[0] = seen;
}

static bool looks_wrong(const struct drift *d)
{
    size_t off = 0;
    for (size_t i = 0; i < d->count; i++)
        off += !d->newest[i].timely;
    return off >= DRIFT_LEAST && 2 * off > d->count;
}

static void count(struct drift_figures *f, int distance, bool timely)
{
    f->timely += timely;
    f->early += !timely && distance > 0;
    f->late += !timely && distance < 0;
}

void drift_note(struct drift *drift, int64_t user_id, int distance, bool timely)
{
    pthread_mutex_lock(&drift->lock);
    put_first(drift, (struct seen){ user_id, distance, timely });
    count(&drift->figures, distance, timely);
    drift->wrong = looks_wrong(drift);
    drift->told = drift->told && drift->wrong;
    pthread_mutex_unlock(&drift->lock);
}

bool drift_news(struct drift *drift)
{
    pthread_mutex_lock(&drift->lock);
    const bool news = drift->wrong && !drift->told;
    drift->told = drift->wrong;
    pthread_mutex_unlock(&drift->lock);
    return news;
}

static int by_size(const void *left, const void *right)
{
    const int *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static int median(const struct drift *d)
{
    int distances[DRIFT_ACCOUNTS];
    for (size_t i = 0; i < d->count; i++)
        distances[i] = d->newest[i].distance;
    qsort(distances, d->count, sizeof *distances, by_size);
    return d->count == 0 ? 0 : distances[d->count / 2];
}

void drift_figures(struct drift *drift, struct drift_figures *out)
{
    pthread_mutex_lock(&drift->lock);
    *out = drift->figures;
    out->middle = median(drift);
    pthread_mutex_unlock(&drift->lock);
}
