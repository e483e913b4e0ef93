/* Links that all threads share for reading single rows: while one is away with somebody's statement others gather, and the next who
 * gets it takes along all that have gathered.  So many threads need few links, and the busier the server is, the more statements
 * share a message, a wake-up and a look at the clock there. */
#include "store/postgres_own.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"

/* Each finds at most one row by a unique key, so none holds up those that travel with it. */
static const bool travels[QUERY_COUNT] = {
    [QUERY_USER_BY_ID] = true,       [QUERY_USER_BY_PUBLIC_ID] = true, [QUERY_USER_BY_EMAIL] = true,
    [QUERY_USER_BY_USERNAME] = true, [QUERY_SESSION_BY_ID] = true,     [QUERY_SESSION_WITH_USER] = true,
    [QUERY_SESSION_STANDING] = true, [QUERY_CLIENT_BY_ID] = true,      [QUERY_BUCKET_READ] = true,
    [QUERY_TOTP_OF_USER] = true,
};

#define WORTH_A_LINK 3                /* that wait while a link is away: fewer go with that one, when it is back */
#define PATIENCE_NS  INT64_C(5000000) /* with a link that is away: then another goes, be it for one */

/* A thread's statement, on its stack: the thread sleeps until it is told. */
struct traveller {
    const struct ask *ask;
    struct traveller *next;
    sem_t told;
    struct conn *link; /* handed over: go, and take the others along */
    PGresult *result;
    enum err end;
    struct note note; /* when it failed */
};

struct company {
    struct traveller *all[READERS_TOGETHER];
    size_t items[READERS_TOGETHER]; /* where in the flight each one's answer is */
    size_t count;
};

void readers_open(struct engine *engine)
{
    struct readers *r = &engine->readers;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    /* The other half is for what goes before and after the statement, here. */
    r->most = processors < 4 ? 2 : (size_t)processors / 2;
    r->most = r->most > POSTGRES_READERS ? POSTGRES_READERS : r->most;
    pthread_mutex_init(&r->lock, NULL);
    r->last = &r->first;
}

void readers_close(struct engine *engine)
{
    for (size_t i = 0; i < engine->readers.made; i++)
        conn_free(engine->readers.all[i]);
    pthread_mutex_destroy(&engine->readers.lock);
}

bool readers_take(enum query_id query)
{
    return travels[query];
}

/* Under the lock. */
static struct conn *idle_link(struct engine *engine)
{
    struct readers *r = &engine->readers;

    if (r->idle_count > 0)
        return r->idle[--r->idle_count];
    if (r->made == r->most)
        return NULL;
    return r->all[r->made++] = conn_new(engine, false);
}

/* Under the lock. */
static struct traveller *leave_queue(struct readers *r)
{
    struct traveller *one = r->first;

    if (one == NULL)
        return NULL;
    r->first = one->next;
    r->waiting--;
    if (r->first == NULL)
        r->last = &r->first;
    return one;
}

static bool is_away(const struct readers *r)
{
    return r->made > r->idle_count;
}

/* Under the lock.  false: somebody has taken it along by now. */
static bool dequeue(struct readers *r, const struct traveller *me)
{
    struct traveller **at = &r->first;

    while (*at != NULL && *at != me)
        at = &(*at)->next;
    if (*at == NULL)
        return false;
    *at = me->next;
    if (r->last == &me->next)
        r->last = at;
    r->waiting--;
    return true;
}

/* The link that is away may not come back for long. */
static struct conn *lose_patience(struct engine *engine, struct traveller *me)
{
    struct readers *r = &engine->readers;
    struct conn *link;

    pthread_mutex_lock(&r->lock);
    link = idle_link(engine);
    if (link != NULL && !dequeue(r, me)) {
        r->idle[r->idle_count++] = link;
        link = NULL;
    }
    pthread_mutex_unlock(&r->lock);
    return link;
}

static struct conn *wait_for_link(struct engine *engine, struct traveller *me)
{
    struct conn *link = NULL;

    while (link == NULL) {
        const int64_t until_ns = clock_mono_ns() + PATIENCE_NS;
        const struct timespec until = { until_ns / 1000000000, until_ns % 1000000000 };
        if (sem_clockwait(&me->told, CLOCK_MONOTONIC, &until) == 0)
            return me->link;
        if (errno == ETIMEDOUT)
            link = lose_patience(engine, me);
    }
    return link;
}

/* A link for me, or NULL: I was taken along, and know the end.  What waits in the queue by then goes with me. */
static struct conn *get_link(struct engine *engine, struct traveller *me)
{
    struct readers *r = &engine->readers;
    struct conn *link;

    pthread_mutex_lock(&r->lock);
    link = is_away(r) && r->waiting + 1 < WORTH_A_LINK ? NULL : idle_link(engine);
    if (link == NULL) {
        r->waiting++;
        *r->last = me;
        r->last = &me->next;
    }
    pthread_mutex_unlock(&r->lock);
    return link != NULL ? link : wait_for_link(engine, me);
}

static void gather(struct readers *r, struct company *company)
{
    pthread_mutex_lock(&r->lock);
    while (company->count < READERS_TOGETHER) {
        struct traveller *one = leave_queue(r);
        if (one == NULL)
            break;
        company->all[company->count++] = one;
    }
    pthread_mutex_unlock(&r->lock);
}

/* Whoever waits goes next; nobody does: the link rests. */
static void give_link(struct readers *r, struct conn *link)
{
    struct traveller *next;

    pthread_mutex_lock(&r->lock);
    next = leave_queue(r);
    if (next == NULL)
        r->idle[r->idle_count++] = link;
    pthread_mutex_unlock(&r->lock);
    if (next == NULL)
        return;
    next->link = link;
    sem_post(&next->told);
}

static FALLIBLE go_once(struct conn *link, const void *what)
{
    struct company *c = *(struct company *const *)what;

    for (size_t i = 0; i < c->count; i++) {
        const struct ask *ask = c->all[i]->ask;
        TRY(flight_add(link, (int)ask->query, ask->in, ask->count));
        c->items[i] = link->flight.count - 1;
    }
    TRY(flight_land(link));
    for (size_t i = 0; i < c->count; i++) {
        c->all[i]->result = link->flight.items[c->items[i]].answer;
        link->flight.items[c->items[i]].answer = NULL;
    }
    return OK;
}

static enum err go(struct conn *link, struct company *c)
{
    enum err end = conn_do(link, go_once, &c);

    for (size_t i = 0; i < c->count; i++) {
        c->all[i]->end = end;
        if (end != OK)
            c->all[i]->note = *note_get();
    }
    return end;
}

/* When one of several fails the server skips those behind it, so each goes alone then; but not when the server is away. */
static void go_together(struct conn *link, struct company *c)
{
    enum err end = go(link, c);

    if (end == OK || end == ERR_BUSY || c->count == 1)
        return;
    for (size_t i = 0; i < c->count; i++)
        (void)go(link, &(struct company){ .all = { c->all[i] }, .count = 1 });
}

/* A traveller may be gone as soon as it is told. */
static void lead(struct engine *engine, struct conn *link, struct traveller *me)
{
    struct company company = { .all = { me }, .count = 1 };

    gather(&engine->readers, &company);
    go_together(link, &company);
    give_link(&engine->readers, link);
    for (size_t i = 1; i < company.count; i++) {
        company.all[i]->link = NULL;
        sem_post(&company.all[i]->told);
    }
}

FALLIBLE readers_ask(struct engine *engine, const struct ask *ask, PGresult **out)
{
    struct traveller me = { .ask = ask };
    struct conn *link;

    sem_init(&me.told, 0, 0);
    link = get_link(engine, &me);
    if (link != NULL)
        lead(engine, link, &me);
    sem_destroy(&me.told);
    if (me.end == OK)
        *out = me.result;
    else
        note_put(&me.note);
    return me.end;
}
