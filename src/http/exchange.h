/* One request inside the server, from its first line to its last byte.  Only for the files of this room. */
#pragma once
#include "http/framing.h"
#include "http/reaper.h"
#include "http/server.h"
#include "http/waiting.h"
#include "base/buf.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#define BODY_MAX        (64U * 1024) /* bytes of a request body */
#define TARGET_MAX      4096         /* bytes of the address with its query */
#define KEEP_ALIVE_S    75           /* an idle connection between two requests */
#define REPLY_TIMEOUT_S 60           /* a client that reads its answer slowly */

enum stage { STAGE_TARGET, STAGE_BODY, STAGE_RUNNING, STAGE_ANSWERED };

struct exchange {
    struct server *server;
    struct MHD_Connection *connection;
    struct watched *watched; /* of the connection; may be NULL */
    enum stage stage;
    struct call call;
    struct str target; /* as it came */
    struct framing_head head;
    struct buf body;
    size_t body_seen;         /* bytes, those past the bound included */
    bool refused;             /* answered already; the body is read and left */
    bool close;               /* the connection must not be used again */
    struct str origin, trace; /* request's Origin when allowed; trace id when one came */
    int64_t complete_ns;      /* monotonic, when the last byte was there */
};

struct server {
    struct server_options options;
    struct routes *routes;
    struct MHD_Daemon *daemon;
    struct acceptor *acceptor;
    struct reaper *reaper;
    struct lane_pool *lane;
    struct waiting_room *waiting;
    struct metrics *metrics;
    pthread_key_t worker_key; /* each thread's struct services */
    atomic_bool draining;
    atomic_int active; /* requests between their first line and their last byte */
};

struct exchange *exchange_open(struct server *server, struct MHD_Connection *connection, const char *target);
void exchange_drop(struct exchange *ex);

/* The stages, in order.  head: everything up to the blank line is there. */
void exchange_head(struct exchange *ex, const char *method, const char *target, const char *version);
void exchange_body(struct exchange *ex, const char *bytes, size_t len);
/* All is there: run it here, or hand it to the lane of its row (true: suspended). */
bool exchange_run(struct exchange *ex);
void exchange_run_in_lane(struct services *own, struct exchange *ex);
/* Run one that waits again.  true: it has answered, and is not ours any longer. */
bool exchange_ask(struct services *own, struct exchange *ex);
/* Queue the answer. */
enum MHD_Result exchange_send(struct exchange *ex);

struct services *server_worker(struct server *server);
