/* A proxy between a program and the server that does mischief when it is told to. */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "store/postgres_world.h"

#define PAIRS_MAX 64
#define PIECE_MAX 65536

struct pair {
    int program, server; /* -1: closed */
};

struct proxy {
    int listens, wakes[2]; /* a byte in wakes ends it */
    int port, server_port;
    _Atomic int what;
    pthread_t thread;
    struct pair pairs[PAIRS_MAX];
    size_t count;
};

static struct sockaddr_in at_port(int port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void pair_close(struct pair *pair)
{
    close(pair->program);
    close(pair->server);
    pair->program = pair->server = -1;
}

static void let_in(struct proxy *p)
{
    struct sockaddr_in server = at_port(p->server_port);
    struct pair pair = { .program = accept(p->listens, NULL, NULL), .server = socket(AF_INET, SOCK_STREAM, 0) };

    if (p->what == PROXY_CUT_FOR_GOOD || p->count == PAIRS_MAX ||
        connect(pair.server, (struct sockaddr *)&server, sizeof server) != 0)
        pair_close(&pair);
    else
        p->pairs[p->count++] = pair;
}

/* The message that binds the statement "COMMIT" to the portal "" (PostgreSQL 15, 55.7: B, length, portal, NUL, statement, NUL),
 * alone or behind others. */
static bool is_commit(const char *bytes, ssize_t length)
{
    static const char commit[] = "\0COMMIT";
    return length > 0 && memmem(bytes, (size_t)length, commit, sizeof commit) != NULL;
}

static bool cuts(int what)
{
    return what == PROXY_CUT_BEFORE_COMMIT || what == PROXY_CUT_AFTER_COMMIT || what == PROXY_CUT_FOR_GOOD;
}

/* COMMIT came, and there is something to be done to it.  The server's answer is awaited, so that it is done for sure. */
static void harm(struct proxy *p, struct pair *pair, const char *bytes, ssize_t length)
{
    char answer[PIECE_MAX];

    if (p->what != PROXY_CUT_BEFORE_COMMIT && write(pair->server, bytes, (size_t)length) == length)
        (void)!read(pair->server, answer, sizeof answer);
    if (p->what != PROXY_CUT_FOR_GOOD)
        p->what = PROXY_HONEST;
    pair_close(pair);
}

static void hand_on(struct proxy *p, struct pair *pair, int from, int to)
{
    char bytes[PIECE_MAX];
    ssize_t length = read(from, bytes, sizeof bytes);

    if (p->what == PROXY_SILENT && length > 0)
        return;
    if (length > 0 && from == pair->program && cuts(p->what) && is_commit(bytes, length))
        harm(p, pair, bytes, length);
    else if (length <= 0 || write(to, bytes, (size_t)length) != length)
        pair_close(pair);
}

static void serve_ready(struct proxy *p, const struct pollfd *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct pair *pair = &p->pairs[i];
        if (pair->program >= 0 && fds[2 * i].revents != 0)
            hand_on(p, pair, pair->program, pair->server);
        if (pair->program >= 0 && fds[2 * i + 1].revents != 0)
            hand_on(p, pair, pair->server, pair->program);
    }
}

static void *run(void *context)
{
    struct proxy *p = context;

    for (;;) {
        struct pollfd fds[2 * PAIRS_MAX + 2];
        size_t count = p->count;
        for (size_t i = 0; i < count; i++) {
            fds[2 * i] = (struct pollfd){ .fd = p->pairs[i].program, .events = POLLIN };
            fds[2 * i + 1] = (struct pollfd){ .fd = p->pairs[i].server, .events = POLLIN };
        }
        fds[2 * count] = (struct pollfd){ .fd = p->listens, .events = POLLIN };
        fds[2 * count + 1] = (struct pollfd){ .fd = p->wakes[0], .events = POLLIN };
        if (poll(fds, 2 * count + 2, -1) < 0 || fds[2 * count + 1].revents != 0)
            return NULL;
        serve_ready(p, fds, count);
        if (fds[2 * count].revents != 0)
            let_in(p);
    }
}

/* Where the port stands in an URL: behind the host. */
static const char *port_in(struct str url)
{
    return strchr(strchr(url.ptr, '@'), ':') + 1;
}

struct proxy *proxy_open(void)
{
    struct proxy *p = calloc(1, sizeof *p);
    struct sockaddr_in any = at_port(0);
    socklen_t length = sizeof any;

    p->server_port = (int)strtol(port_in(str_of(getenv("POSTERN_TEST_POSTGRES"))), NULL, 10);
    p->listens = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(0, bind(p->listens, (struct sockaddr *)&any, sizeof any));
    CHECK_INT(0, listen(p->listens, PAIRS_MAX));
    CHECK_INT(0, getsockname(p->listens, (struct sockaddr *)&any, &length));
    p->port = ntohs(any.sin_port);
    CHECK_INT(0, pipe(p->wakes));
    CHECK_INT(0, pthread_create(&p->thread, NULL, run, p));
    return p;
}

void proxy_do(struct proxy *proxy, enum mischief what)
{
    proxy->what = (int)what;
}

void proxy_drop(struct proxy **proxy)
{
    struct proxy *p = *proxy;

    CHECK_INT(1, write(p->wakes[1], "", 1));
    pthread_join(p->thread, NULL);
    for (size_t i = 0; i < p->count; i++)
        if (p->pairs[i].program >= 0)
            pair_close(&p->pairs[i]);
    close(p->listens);
    close(p->wakes[0]);
    close(p->wakes[1]);
    free(p);
    *proxy = NULL;
}

struct str proxy_url(struct proxy *proxy, struct str url)
{
    static char out[512];
    const char *port = port_in(url);

    snprintf(out, sizeof out, "%.*s%d%s?connect_timeout=2", (int)(port - url.ptr), url.ptr, proxy->port,
             strchr(port, '/'));
    return str_of(out);
}
