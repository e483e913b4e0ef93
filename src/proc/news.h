/* One thread for each server that listens to the others, and lets parts of this one read again what they keep in memory.
 *
 * Owns     struct newsroom and its thread, until newsroom_drop.
 * Threads  opening and dropping by one; the listeners are called by the newsroom's own thread, one after the other.
 * Promise  as store/news.h: within 1 s of the commit; a lost one at the next NEWS_AGAIN_MS.
 */
#pragma once
#include "base/err.h"
#include "flow/services.h"

struct news_listener {
    unsigned topics;                                   /* bits of enum news */
    void (*hear)(void *context, struct services *own); /* own: the newsroom's connection for reading */
    void *context;
};

struct newsroom;

/* listeners: as many as have a function; they must outlive the newsroom.  All are called once at the beginning, and at the
 * latest every NEWS_AGAIN_MS.  Ends: ERR_BUSY, ERR_INTERNAL. */
FALLIBLE newsroom_open(const struct shared *shared, const struct news_listener *listeners, size_t count,
                       struct newsroom **out);
void newsroom_drop(struct newsroom **newsroom); /* NULL is fine; waits for the listener that is at work */
