/* Links that all threads share for reading single rows: while one is away with somebody's statement others gather, and the next who
 * gets it takes along all that have gathered.  So many threads need few links, and the busier the server is, the more statements
 * share a message, a wake-up and a look at the clock there. */
#include "store/postgres_own.h"

#include <stddef.h>

/* Each finds at most one row by a unique key, so none holds up those that travel with it. */
static const bool travels[QUERY_COUNT] = {
    [QUERY_USER_BY_ID] = true,       [QUERY_USER_BY_PUBLIC_ID] = true, [QUERY_USER_BY_EMAIL] = true,
    [QUERY_USER_BY_USERNAME] = true, [QUERY_SESSION_BY_ID] = true,     [QUERY_SESSION_WITH_USER] = true,
    [QUERY_SESSION_STANDING] = true, [QUERY_CLIENT_BY_ID] = true,      [QUERY_BUCKET_READ] = true,
    [QUERY_TOTP_OF_USER] = true,
};

#define WORTH_A_LINK 3 /* that wait while a link is away */

/* A thread's statement, on its stack: the thread sleeps until it is told. */
struct traveller {
    struct rider rider;
    const struct ask *ask;
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
    combiner_open(&engine->readers.combiner, combiner_places(), WORTH_A_LINK);
}

void readers_close(struct engine *engine)
{
    for (size_t i = 0; i < COMBINER_PLACES; i++)
        conn_free(engine->readers.links[i]);
    combiner_close(&engine->readers.combiner);
}

bool readers_take(enum query_id query)
{
    return travels[query];
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

static struct traveller *traveller_of(struct rider *rider)
{
    return (struct traveller *)(void *)((char *)rider - offsetof(struct traveller, rider));
}

static void gather(struct combiner *c, struct company *company)
{
    struct rider *one;

    while (company->count < READERS_TOGETHER && (one = combiner_next(c)) != NULL)
        company->all[company->count++] = traveller_of(one);
}

static struct conn *link_at(struct engine *engine, size_t place)
{
    struct conn **link = &engine->readers.links[place];

    if (*link == NULL)
        *link = conn_new(engine, false);
    return *link;
}

static void lead(struct engine *engine, struct traveller *me)
{
    struct combiner *c = &engine->readers.combiner;
    struct company company = { .all = { me }, .count = 1 };

    gather(c, &company);
    go_together(link_at(engine, me->rider.place), &company);
    combiner_leave(c, me->rider.place);
    for (size_t i = 1; i < company.count; i++)
        combiner_tell(&company.all[i]->rider);
}

FALLIBLE readers_ask(struct engine *engine, const struct ask *ask, PGresult **out)
{
    struct traveller me = { .ask = ask };

    if (combiner_enter(&engine->readers.combiner, &me.rider))
        lead(engine, &me);
    if (me.end == OK)
        *out = me.result;
    else
        note_put(&me.note);
    return me.end;
}
