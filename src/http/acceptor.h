/* The acceptor: one thread that takes connections and gives them to the workers in turn.  Workers that accept for themselves leave most of them
 * to whoever wakes first, and a worker holds up all that it has while it waits for the database.
 *
 * Owns     struct acceptor, its thread, and the listening socket.
 * Threads  open, stop and drop by one thread; acceptor_left by any.
 * Bounds   no more than max connections are given and not yet left; who comes then waits in the kernel's queue.
 */
#pragma once
#include <stdbool.h>
#include "base/err.h"

struct acceptor;

struct acceptor_options {
    int socket; /* listening, not blocking */
    unsigned max;
    /* Takes the socket, and closes it whatever becomes of it.  false: acceptor_left will not be called for it. */
    bool (*give)(void *cls, int socket, const void *address, unsigned address_len);
    void *cls;
};

void acceptor_open(const struct acceptor_options *options, struct acceptor **out);
void acceptor_left(struct acceptor *acceptor); /* a connection has ended */
void acceptor_stop(struct acceptor *acceptor); /* take no more, and close the listening socket; may be called twice */
void acceptor_drop(struct acceptor **acceptor);
