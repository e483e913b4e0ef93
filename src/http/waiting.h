/* The waiting room: calls with nothing to tell yet, asked again every WAIT_TICK_MS until they answer or their time is up.
 *
 * Owns     struct waiting_room, dropped by its _drop, which lets every call answer first.
 * Threads  any may add; one thread of its own runs the handlers again.
 * Shape    a call that waits holds a connection and no worker.
 */
#pragma once
#include "base/err.h"
#include "http/call.h"

#define WAIT_TICK_MS 500
#define WAITING_MAX  1024 /* calls; whoever comes then is answered at once */

struct waiting_room;

struct waiting_options {
    void *(*open)(void *cls);           /* the thread's own things */
    bool (*ask)(void *own, void *call); /* true: it has answered; false: it goes on waiting */
    void *cls;
};

struct waiting_room *waiting_open(const struct waiting_options *options);
void waiting_drop(struct waiting_room **room);
void waiting_close(struct waiting_room *room); /* nobody waits any longer: all are asked for their answer */

/* A place for one more call; false: there is none, or the room is closed.  Taken until ask has said true. */
bool waiting_take(struct waiting_room *room);
void waiting_add(struct waiting_room *room, void *call);
bool waiting_is_open(struct waiting_room *room);
unsigned waiting_count(struct waiting_room *room);
