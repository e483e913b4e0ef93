#include "http/acceptor.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAUSE_MS 50 /* when the process or the machine has no descriptor left */

struct acceptor {
    struct acceptor_options options;
    pthread_t thread;
    int wake; /* an eventfd: something has left, or stop */
    atomic_uint held;
    atomic_bool is_full, stopping;
    bool stopped;
};

static void ring(struct acceptor *a)
{
    (void)!write(a->wake, &(uint64_t){ 1 }, sizeof(uint64_t));
}

/* Until there is a connection to take and room for it, or reason to look again. */
static void await(struct acceptor *a)
{
    bool full = atomic_load(&a->held) >= a->options.max;
    struct pollfd on[] = { { .fd = a->wake, .events = POLLIN },
                           { .fd = full ? -1 : a->options.socket, .events = POLLIN } };
    uint64_t count;
    poll(on, 2, -1);
    if (on[0].revents != 0)
        (void)!read(a->wake, &count, sizeof count);
}

/* Said before the count is looked at: whoever leaves between the two sees it, and rings. */
static bool has_room(struct acceptor *a)
{
    atomic_store(&a->is_full, true);
    if (atomic_load(&a->held) >= a->options.max)
        return false;
    atomic_store(&a->is_full, false);
    return true;
}

/* Ends: false, with errno, when there is nothing to take. */
static bool take_one(struct acceptor *a)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    int socket = accept4(a->options.socket, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0)
        return false;
    atomic_fetch_add(&a->held, 1);
    if (!a->options.give(a->options.cls, socket, &address, len))
        acceptor_left(a);
    return true;
}

static bool is_out_of_descriptors(int why)
{
    return why == EMFILE || why == ENFILE || why == ENOBUFS || why == ENOMEM;
}

static void take_all(struct acceptor *a)
{
    while (has_room(a))
        if (!take_one(a)) {
            if (is_out_of_descriptors(errno))
                poll(NULL, 0, PAUSE_MS);
            return;
        }
}

static void *accept_all(void *arg)
{
    struct acceptor *a = arg;
    while (!atomic_load(&a->stopping)) {
        take_all(a);
        await(a);
    }
    return NULL;
}

void acceptor_open(const struct acceptor_options *options, struct acceptor **out)
{
    struct acceptor *a = calloc(1, sizeof *a);
    if (a == NULL)
        die("out of memory");
    a->options = *options;
    a->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    *out = a; /* before its thread: what it gives may already leave */
    if (a->wake < 0 || pthread_create(&a->thread, NULL, accept_all, a) != 0)
        die("no thread for the acceptor: %m");
}

void acceptor_left(struct acceptor *a)
{
    atomic_fetch_sub(&a->held, 1);
    if (atomic_load(&a->is_full))
        ring(a);
}

void acceptor_stop(struct acceptor *a)
{
    if (a->stopped)
        return;
    a->stopped = true;
    atomic_store(&a->stopping, true);
    ring(a);
    pthread_join(a->thread, NULL);
    close(a->options.socket);
}

void acceptor_drop(struct acceptor **acceptor)
{
    struct acceptor *a = *acceptor;
    if (a == NULL)
        return;
    acceptor_stop(a);
    close(a->wake);
    free(a);
    *acceptor = NULL;
}
