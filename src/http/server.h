/* The server: connections in, calls of the routes table out.
 *
 * Owns     struct server, dropped by its _drop.  Everything in server_options must outlive it.
 * Threads  open, drain and drop by one thread; handlers run in the server's workers.
 * Shape    the acceptor gives connections to the workers in turn; fast calls run straight to their end in the event-loop worker
 *          that read them; slow ones are suspended, run by the slow lane and resumed.
 * Sources  RFC 9110, RFC 9112; W3C Trace Context 3.2 (traceparent); Fetch 3.2 (CORS).
 */
#pragma once
#include "http/call.h"
#include "http/lane.h"
#include "http/metrics.h"

struct server;
struct tls;
struct proxies;

/* What the face above gives. */
struct server_face {
    const struct route *routes;
    size_t count;
    void *cls;
    struct services *(*worker_open)(void *cls); /* a thread's own services */
    void (*worker_close)(struct services *own);
    enum err (*admit)(struct call *c);             /* guard and limit of the row; before the body is read as JSON */
    void (*refused)(struct call *c, enum err end); /* told of every end but OK, before the problem is written */
    void (*missing)(struct call *c);               /* answers for an address that no row takes; may be NULL */
};

struct server_options {
    struct server_face face;
    int socket;                                                       /* from listen_open; the server closes it */
    unsigned workers, slow_threads, max_connections, max_per_address; /* max_per_address 0: no bound */
    int64_t slow_guess_us;
    int64_t head_timeout_s, body_timeout_s;
    struct strs cors_origins;
    const struct proxies *proxies;
    struct tls *tls; /* NULL: plain HTTP */
    bool https;      /* reached by TLS, here or at the proxy: adds Strict-Transport-Security */
    struct str realm;
    struct str dpop_algs; /* words of RFC 7518 3.1, separated by blanks */
    bool dpop_only;
};

/* Ends: ERR_INTERNAL. */
FALLIBLE server_open(const struct server_options *options, struct server **out);
/* Take no new connections, let running requests end for at most drain_s seconds.  true: all ended. */
bool server_drain(struct server *server, int64_t drain_s);
void server_drop(struct server **server);

const char *server_microhttpd_version(void); /* of the library, as it is loaded */

struct metrics *server_metrics(struct server *server);
unsigned server_waiting(struct server *server); /* calls that wait for news */
void server_lane_figures(struct server *server, struct lane_figures *out);
