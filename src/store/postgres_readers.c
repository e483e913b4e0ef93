/* Links that all threads share for reading single rows: while one is away with somebody's statement others gather, and the next who
 * gets it takes along all that have gathered.  So many threads need few links, and the busier the server is, the more statements
 * share a message, a wake-up and a look at the clock there.
 *
 * What each request reads, its session with the account, is asked in one statement for all who want it; the server spends more on
 * starting such a statement than on finding a row. */
#include "store/postgres_own.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Each finds at most one row by a unique key, so none holds up those that travel with it. */
static const bool travels[QUERY_COUNT] = {
    [QUERY_USER_BY_ID] = true,       [QUERY_USER_BY_PUBLIC_ID] = true, [QUERY_USER_BY_EMAIL] = true,
    [QUERY_USER_BY_USERNAME] = true, [QUERY_SESSION_BY_ID] = true,     [QUERY_SESSION_WITH_USER] = true,
    [QUERY_SESSION_STANDING] = true, [QUERY_CLIENT_BY_ID] = true,      [QUERY_BUCKET_READ] = true,
    [QUERY_TOTP_OF_USER] = true,
};

#define KEY_MOST  64 /* bytes of a key that is asked for with others; an id has 36 */
#define TYPE_TEXT 25 /* src/include/catalog/pg_type.dat of PostgreSQL */

/* What a flight has brought, for all that travelled: gone with the last of them. */
struct haul {
    _Atomic unsigned holders;
    size_t count;
    PGresult *answers[READERS_TOGETHER];
};

/* A thread's statement, on its stack: the thread sleeps until it is told. */
struct traveller {
    struct rider rider;
    const struct ask *ask;
    int64_t sharer; /* its number in the statement that it shares with others, from 1; 0: it has one of its own */
    size_t item;    /* where in the flight its answer is */
    struct haul *haul;
    struct portion portion; /* of it */
    enum err end;
    struct note note; /* when it failed */
};

_Static_assert(2 * READERS_TOGETHER <= FLIGHT_MAX, "a company lands at once");

struct company {
    struct traveller *all[READERS_TOGETHER];
    size_t count;
    struct traveller *sharers[READERS_TOGETHER];
    size_t sharer_count;
};

/* A text[] as PostgreSQL receives it in binary: dimensions, no NULL, type; length and first index; then each with its length. */
struct texts {
    char bytes[5 * sizeof(uint32_t) + READERS_TOGETHER * (sizeof(uint32_t) + KEY_MOST)];
    size_t len;
};

/* The more travel together the less each of them costs, so another link is worth it only for a company that this one can't take. */
void readers_open(struct engine *engine)
{
    combiner_open(&engine->readers.combiner, combiner_places(), READERS_TOGETHER);
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

static void put_number(struct texts *texts, size_t number)
{
    const uint32_t big_endian = htonl((uint32_t)number);

    memcpy(texts->bytes + texts->len, &big_endian, sizeof big_endian);
    texts->len += sizeof big_endian;
}

static void put_text(struct texts *texts, struct str text)
{
    put_number(texts, text.len);
    memcpy(texts->bytes + texts->len, text.ptr, text.len);
    texts->len += text.len;
}

static void put_keys(struct texts *texts, const struct company *c)
{
    const size_t head[] = { 1, 0, TYPE_TEXT, c->sharer_count, 1 };

    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        put_number(texts, head[i]);
    for (size_t i = 0; i < c->sharer_count; i++)
        put_text(texts, c->sharers[i]->ask->in[0].bytes);
}

static bool may_share(const struct ask *ask)
{
    return ask->query == QUERY_SESSION_STANDING && ask->in[0].kind == VALUE_TEXT && ask->in[0].bytes.len <= KEY_MOST;
}

/* One alone asks as ever. */
static void find_sharers(struct company *c)
{
    c->sharer_count = 0;
    for (size_t i = 0; i < c->count; i++) {
        c->all[i]->sharer = 0;
        if (may_share(c->all[i]->ask))
            c->sharers[c->sharer_count++] = c->all[i];
    }
    if (c->sharer_count == 1)
        c->sharer_count = 0;
    for (size_t i = 0; i < c->sharer_count; i++)
        c->sharers[i]->sharer = (int64_t)i + 1;
}

static FALLIBLE add_shared(struct conn *link, struct company *c)
{
    struct texts texts = { .len = 0 };
    struct value keys;

    if (c->sharer_count == 0)
        return OK;
    put_keys(&texts, c);
    keys = in_bytes((struct str){ texts.bytes, texts.len });
    TRY(flight_add(link, OWN_STANDINGS, &keys, 1));
    for (size_t i = 0; i < c->sharer_count; i++)
        c->sharers[i]->item = link->flight.count - 1;
    return OK;
}

static FALLIBLE add_own(struct conn *link, struct company *c)
{
    for (size_t i = 0; i < c->count; i++) {
        struct traveller *one = c->all[i];
        if (one->sharer != 0)
            continue;
        TRY(flight_add(link, (int)one->ask->query, one->ask->in, one->ask->count));
        one->item = link->flight.count - 1;
    }
    return OK;
}

/* Of a shared statement each has the row with its number before it, or none. */
static void share_out(const struct libpq *pq, struct company *c, const PGresult *answer)
{
    const int rows = pq->PQntuples(answer);

    for (int row = 0; row < rows; row++) {
        const int64_t sharer = answer_number(pq, answer, row);
        if (sharer >= 1 && sharer <= (int64_t)c->sharer_count)
            c->sharers[sharer - 1]->portion =
                (struct portion){ .answer = answer, .next = row, .end = row + 1, .column = 1 };
    }
}

static void deliver(struct conn *link, struct company *c)
{
    const struct libpq *pq = link->engine->pq;
    struct flight *flight = &link->flight;
    struct haul *haul = calloc(1, sizeof *haul);

    if (haul == NULL)
        die("out of memory");
    haul->holders = (unsigned)c->count;
    for (size_t i = 0; i < c->count; i++) {
        struct traveller *one = c->all[i];
        one->haul = haul;
        one->portion = (struct portion){ .answer = NULL };
        if (one->sharer == 0)
            one->portion = answer_whole(pq, flight->items[one->item].answer);
    }
    if (c->sharer_count > 0)
        share_out(pq, c, flight->items[c->sharers[0]->item].answer);
    for (size_t i = 0; i < flight->count; i++) {
        if (!flight->items[i].prepares)
            haul->answers[haul->count++] = flight->items[i].answer;
        else
            pq->PQclear(flight->items[i].answer);
        flight->items[i].answer = NULL;
    }
}

void haul_drop(struct engine *engine, struct haul **haul)
{
    struct haul *old = *haul;

    *haul = NULL;
    if (old == NULL || atomic_fetch_sub(&old->holders, 1) > 1)
        return;
    for (size_t i = 0; i < old->count; i++)
        engine->pq->PQclear(old->answers[i]);
    free(old);
}

static FALLIBLE go_once(struct conn *link, const void *what)
{
    struct company *c = *(struct company *const *)what;

    find_sharers(c);
    TRY(add_shared(link, c));
    TRY(add_own(link, c));
    TRY(flight_land(link));
    deliver(link, c);
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

FALLIBLE readers_ask(struct engine *engine, const struct ask *ask, struct haul **haul, struct portion *out)
{
    struct traveller me = { .ask = ask };

    if (combiner_enter(&engine->readers.combiner, &me.rider))
        lead(engine, &me);
    if (me.end == OK) {
        *haul = me.haul;
        *out = me.portion;
    } else {
        note_put(&me.note);
    }
    return me.end;
}
