/* Transactions that are data (parcel.h).  Few threads lead at once; whoever leads does those of all who wait in one transaction of the
 * server.  A first message begins it and has the statements whose answers somebody looks at; when each is as it must be, a second one
 * has the others and COMMIT.  So one number, one record in the log and two wake-ups there serve many; and who is refused has written
 * no row of the trail, whose number would be missing there.
 *
 * Together is only the quick way.  Whatever goes wrong up to COMMIT undoes it for all of them, and each goes alone; a lock of somebody
 * else is not waited for together, since that would hold up those who have nothing to do with it.  Two that wait for each other's
 * locks are parted by that too. */
#include "store/postgres_own.h"

#include <stddef.h>
#include <stdlib.h>
#include "base/clock.h"

/* One of them, on the stack of its thread. */
struct posted {
    struct rider rider;
    const struct parcel *parcel;
    int64_t since_ns;
    bool alone; /* nothing was done: it is to go alone */
    enum err end;
    struct note note; /* when it failed */
};

struct group {
    struct posted *all[POSTED_TOGETHER];
    size_t count;
    bool hasty;                                  /* no lock is waited for long */
    size_t items[POSTED_TOGETHER * PARCEL_ASKS]; /* where in the flight the answers are, in the order of the asks */
};

void posted_open(struct engine *engine)
{
    combiner_open(&engine->posted, combiner_places(), 1);
}

void posted_close(struct engine *engine)
{
    combiner_close(&engine->posted);
}

/* How many of its statements go before the judgement: all up to the last one that is judged. */
static size_t judged(const struct parcel *parcel)
{
    size_t count = parcel->count;

    while (count > 0 && parcel->items[count - 1].rows == ROWS_ANY && parcel->items[count - 1].number == NULL)
        count--;
    return count;
}

static FALLIBLE add(struct conn *conn, const struct ask *ask)
{
    return flight_add(conn, (int)ask->query, ask->in, ask->count);
}

static FALLIBLE add_judged(struct conn *conn, const struct parcel *parcel, size_t *items)
{
    for (size_t i = 0; i < judged(parcel); i++) {
        TRY(add(conn, &parcel->items[i].ask));
        items[i] = conn->flight.count - 1;
    }
    return OK;
}

static FALLIBLE try_once(struct conn *conn, const void *what)
{
    struct group *g = *(struct group *const *)what;
    size_t *items = g->items;

    TRY(tx_begin(conn));
    if (g->hasty)
        TRY(flight_add(conn, OWN_HASTE, NULL, 0));
    for (size_t i = 0; i < g->count; items += judged(g->all[i++]->parcel))
        TRY(add_judged(conn, g->all[i]->parcel, items));
    TRY(flight_land(conn));
    tx_landed(conn);
    return OK;
}

/* A number is given out when it is asked for; who asked looks at it when the commit is there. */
static FALLIBLE judge(struct conn *conn, const struct parcel *parcel, const size_t *items)
{
    const struct libpq *pq = conn->engine->pq;

    for (size_t i = 0; i < judged(parcel); i++) {
        const PGresult *answer = conn->flight.items[items[i]].answer;
        TRY(parcel_judge(&parcel->items[i], answer_changed(pq, answer)));
        if (parcel->items[i].number != NULL)
            *parcel->items[i].number = answer_number(pq, answer, 0);
    }
    return OK;
}

static FALLIBLE add_others(struct conn *conn, const void *what)
{
    const struct group *g = *(struct group *const *)what;

    for (size_t i = 0; i < g->count; i++) {
        const struct parcel *parcel = g->all[i]->parcel;
        for (size_t k = judged(parcel); k < parcel->count; k++)
            TRY(add(conn, &parcel->items[k].ask));
    }
    return OK;
}

static FALLIBLE run(struct work *work, struct group *g)
{
    const size_t *items = g->items;

    TRY(conn_do(work->conn, try_once, &g));
    for (size_t i = 0; i < g->count; items += judged(g->all[i++]->parcel))
        TRY(judge(work->conn, g->all[i]->parcel, items));
    TRY(conn_do(work->conn, add_others, &g));
    return tx_commit(work);
}

/* Would one of them alone fare better?  Not where the server is away, or may have done it, nor where it was alone and nobody's lock
 * was in its way. */
static bool is_worth_going_alone(const struct group *g, const struct conn *conn, enum err end)
{
    return g->hasty && conn->link != NULL && conn->tx == TX_BEGUN && (g->count > 1 || end == ERR_BUSY);
}

static void end_all(struct group *g, enum err end, bool alone)
{
    for (size_t i = 0; i < g->count; i++) {
        g->all[i]->alone = alone;
        g->all[i]->end = end;
        if (end != OK)
            g->all[i]->note = *note_get();
    }
}

static void count_waiting(struct tally *tally, const struct group *g)
{
    int64_t now_ns = clock_mono_ns();

    for (size_t i = 0; i < g->count; i++)
        tally_add(&tally->wait_ns, (uint64_t)(now_ns - g->all[i]->since_ns));
}

static void go(struct engine *engine, struct group *g)
{
    struct work *work = NULL;
    enum err end = postgres_begin(engine, &work);
    bool alone = false;

    if (end == OK) {
        work->members = g->count;
        end = run(work, g);
        alone = end != OK && is_worth_going_alone(g, work->conn, end);
        postgres_rollback(work);
    }
    end_all(g, end, alone);
}

static struct posted *posted_of(struct rider *rider)
{
    return (struct posted *)(void *)((char *)rider - offsetof(struct posted, rider));
}

static void lead(struct engine *engine, struct posted *me)
{
    struct group g = { .all = { me }, .count = 1, .hasty = true };
    size_t place = me->rider.place;
    struct rider *one;

    while (g.count < POSTED_TOGETHER && (one = combiner_next(&engine->posted)) != NULL)
        g.all[g.count++] = posted_of(one);
    count_waiting(engine->tally, &g);
    go(engine, &g);
    combiner_leave(&engine->posted, place);
    for (size_t i = 1; i < g.count; i++)
        combiner_tell(&g.all[i]->rider);
}

/* Nothing begins before the commit. */
struct work *postgres_post(struct engine *engine, const struct parcel *parcel)
{
    struct work *work = calloc(1, sizeof *work);

    if (work == NULL)
        die("out of memory");
    *work = (struct work){ .engine = engine, .parcel = parcel };
    return work;
}

FALLIBLE posted_commit(struct work *work)
{
    struct posted me = { .parcel = work->parcel, .since_ns = clock_mono_ns() };

    if (combiner_enter(&work->engine->posted, &me.rider))
        lead(work->engine, &me);
    if (me.alone)
        go(work->engine, &(struct group){ .all = { &me }, .count = 1 });
    if (me.end != OK)
        note_put(&me.note);
    return me.end;
}
