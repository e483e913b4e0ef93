#include "token/replay.h"
#include "base/clock.h"
#include "crypto/random.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_US SECOND_US /* looking through a full table costs a millisecond or more */

/* Places are counted from 1; 0 is none. */
struct spent {
    struct digest id;
    int64_t until_us;
    uint32_t next;
};

struct replay {
    pthread_mutex_t lock;
    struct short_key key; /* else somebody could choose ids that all lie in one chain */
    size_t room, touched; /* places; how many have ever been used */
    uint32_t *heads;      /* of the chains, as many as places */
    uint32_t unused;      /* chain of places that are free again */
    int64_t swept_us;
    struct spent *places;
    struct replay_figures figures;
};

struct replay *replay_open(size_t room)
{
    struct replay *r = calloc(1, sizeof *r);
    if (r == NULL)
        die("out of memory");
    *r = (struct replay){ .room = room,
                          .heads = calloc(room, sizeof *r->heads),
                          .places = calloc(room, sizeof *r->places) };
    if (r->heads == NULL || r->places == NULL)
        die("out of memory");
    random_bytes(&r->key, sizeof r->key);
    pthread_mutex_init(&r->lock, NULL);
    return r;
}

void replay_drop(struct replay **replay)
{
    if (*replay == NULL)
        return;
    pthread_mutex_destroy(&(*replay)->lock);
    free((*replay)->heads);
    free((*replay)->places);
    free(*replay);
    *replay = NULL;
}

static struct spent *place(struct replay *r, uint32_t number)
{
    return &r->places[number - 1];
}

static uint32_t *chain_of(struct replay *r, const struct digest *id)
{
    return &r->heads[short_hash(&r->key, (struct str){ (const char *)id->is, sizeof id->is }) % r->room];
}

/* Take what has expired out of a chain; true when `id` is among the rest. */
static bool pass_chain(struct replay *r, uint32_t *link, const struct digest *id, int64_t now_us)
{
    bool found = false;
    while (*link != 0) {
        struct spent *s = place(r, *link);
        if (s->until_us > now_us) {
            found |= id != NULL && digest_equal(&s->id, id);
            link = &s->next;
            continue;
        }
        const uint32_t next = s->next;
        s->next = r->unused;
        r->unused = *link;
        *link = next;
        r->figures.held--;
    }
    return found;
}

static void sweep(struct replay *r, int64_t now_us)
{
    if (llabs(now_us - r->swept_us) < SWEEP_US)
        return;
    r->swept_us = now_us;
    for (size_t i = 0; i < r->room; i++)
        pass_chain(r, &r->heads[i], NULL, now_us);
}

static uint32_t place_take(struct replay *r, int64_t now_us)
{
    if (r->unused == 0 && r->touched < r->room)
        return (uint32_t)++r->touched;
    if (r->unused == 0)
        sweep(r, now_us);
    const uint32_t taken = r->unused;
    if (taken != 0)
        r->unused = place(r, taken)->next;
    return taken;
}

static FALLIBLE spend(struct replay *r, const struct digest *id, int64_t now_us, int64_t until_us)
{
    uint32_t *chain = chain_of(r, id);
    if (pass_chain(r, chain, id, now_us)) {
        r->figures.refused++;
        return fail(ERR_CONFLICT, "spent before");
    }
    const uint32_t number = place_take(r, now_us);
    if (number == 0) {
        r->figures.full++;
        return refuse(WHY_PROOFS_FULL);
    }
    *place(r, number) = (struct spent){ *id, until_us, *chain };
    *chain = number;
    r->figures.held++;
    r->figures.spent++;
    return OK;
}

enum err replay_spend(struct replay *replay, const struct digest *id, int64_t now_us, int64_t until_us)
{
    if (until_us <= now_us)
        return fail(ERR_EXPIRED, "too old by now");
    pthread_mutex_lock(&replay->lock);
    const enum err end = spend(replay, id, now_us, until_us);
    pthread_mutex_unlock(&replay->lock);
    return end;
}

void replay_figures(struct replay *replay, struct replay_figures *out)
{
    pthread_mutex_lock(&replay->lock);
    *out = replay->figures;
    pthread_mutex_unlock(&replay->lock);
}
