#include "http/acceptor.h"
#include "http/exchange.h"
#include "http/tls.h"
#include "base/clock.h"
#include "base/log.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CONNECTION_MEMORY (20U * 1024) /* the library's pool: 8 KiB of header fields and its own records of them */
#define WORKER_SLACK      2 /* the library bounds each worker by itself; the bound of all is the acceptor's */
#define ANSWERS_IN_A_ROW  4 /* of a worker, until the others have their turn */
#define OVERRUN_MAX       (1024U * 1024) /* bytes of a refused body that are read and left before the connection is cut */

struct str call_header(const struct call *c, const char *name)
{
    const struct str wanted = str_of(name);
    const struct field_line *found = NULL;
    for (size_t i = 0; i < c->fields.count; i++) {
        if (!str_equal_nocase(c->fields.items[i].name, wanted))
            continue;
        if (found != NULL)
            return (struct str){ 0 };
        found = &c->fields.items[i];
    }
    return found == NULL ? (struct str){ 0 } : found->value;
}

struct str call_header_list(const struct call *c, const char *name)
{
    const struct str wanted = str_of(name);
    struct str all = { 0 };
    for (size_t i = 0; i < c->fields.count; i++) {
        const struct field_line *line = &c->fields.items[i];
        if (!str_equal_nocase(line->name, wanted))
            continue;
        all = all.ptr == NULL ? line->value
                              : arena_printf(c->visit.mem, "%.*s, %.*s", STR_ARG(all), STR_ARG(line->value));
    }
    return all;
}

/* A thread that is woken then waits for the one that runs, instead of driving it off the processor: what it would do, it does a
 * moment later together with what has come by then (sched(7), SCHED_BATCH).  Those that hash come last all the same. */
static void work_in_batches(void)
{
    const struct sched_param none = { 0 };
    (void)sched_setscheduler(0, SCHED_BATCH, &none); /* a kernel that refuses it is no slower than it was */
}

struct services *server_worker(struct server *s)
{
    struct services *own = pthread_getspecific(s->worker_key);
    if (own == NULL) {
        work_in_batches();
        own = s->options.face.worker_open(s->options.face.cls);
        pthread_setspecific(s->worker_key, own);
    }
    return own;
}

static void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    return exchange_open(cls, connection, target);
}

static enum MHD_Result on_bytes(struct exchange *ex, const char *bytes, size_t *len)
{
    exchange_body(ex, bytes, *len);
    *len = 0;
    return ex->body_seen > OVERRUN_MAX ? MHD_NO : MHD_YES;
}

/* The library calls this for the head, for each piece of the body, for its end, and after a resumption. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *bytes, size_t *len, void **con_cls)
{
    struct exchange *ex = *con_cls;
    (void)cls;
    (void)connection;
    if (ex->stage == STAGE_TARGET) {
        exchange_head(ex, method, url, version);
        /* Framing can't be trusted or the body is too large: answer before the body, which closes the connection. */
        if (!ex->close)
            return MHD_YES;
        exchange_run(ex);
        return exchange_send(ex);
    }
    if (*len > 0)
        return on_bytes(ex, bytes, len);
    if (ex->stage == STAGE_BODY && exchange_run(ex))
        return MHD_YES;
    return exchange_send(ex);
}

/* A worker whose clients never pause would keep the processor for a whole slice of the kernel's, 4 ms, while the clients of the
 * others wait for each of them in turn.  One that writes waits for the disk anyway. */
static void give_way(const struct exchange *ex)
{
    static _Thread_local unsigned answered;
    if (ex->call.route != NULL && ex->call.route->method == GET && ++answered % ANSWERS_IN_A_ROW == 0)
        sched_yield();
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)connection;
    (void)code;
    if (*con_cls == NULL)
        return;
    give_way(*con_cls);
    exchange_drop(*con_cls);
    *con_cls = NULL;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct server *s = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct watched *w = reaper_watch(s->reaper, info->connect_fd);
        watched_expect(w, s->options.head_timeout_s);
        *socket_context = w;
        metrics_connection(s->metrics, 1);
    } else {
        reaper_forget(s->reaper, *socket_context);
        *socket_context = NULL;
        metrics_connection(s->metrics, -1);
        acceptor_left(s->acceptor);
    }
}

/* The library picks the worker by the socket's number, so the workers have as good as the same number of connections. */
static bool give(void *cls, int socket, const void *address, unsigned address_len)
{
    struct server *s = cls;
    return MHD_add_connection(s->daemon, socket, address, address_len) == MHD_YES;
}

static void on_reaped(void *cls)
{
    struct server *s = cls;
    metrics_reaped(s->metrics);
}

/* The library would decode in place and cut at %00; addresses are decoded by percent_decode. */
static size_t leave_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return str_of(text).len;
}

__attribute__((format(printf, 2, 0))) static void on_library_log(void *cls, const char *format, va_list args)
{
    char text[256];
    (void)cls;
    if (!log_on(LOG_DEBUG))
        return;
    vsnprintf(text, sizeof text, format, args);
    log_event(LOG_DEBUG, "http_library", LOG_S("says", str_of(text)));
}

static void *lane_open(void *cls)
{
    return server_worker(cls);
}

static void lane_close(void *own)
{
    (void)own; /* the thread's key gives it back */
}

static void lane_run(void *own, void *job)
{
    exchange_run_in_lane(own, job);
}

static bool ask_again(void *own, void *call)
{
    return exchange_ask(own, call);
}

static void open_parts(struct server *s)
{
    if (pthread_key_create(&s->worker_key, (void (*)(void *))s->options.face.worker_close) != 0)
        die("no key for the workers");
    s->routes = routes_open(s->options.face.routes, s->options.face.count);
    s->metrics = metrics_open(s->options.face.routes, s->options.face.count);
    s->reaper = reaper_open(on_reaped, s);
    s->lane = lane_pool_open(&(struct lane_options){ s->options.slow_threads, s->options.slow_guess_us, lane_open,
                                                     lane_close, lane_run, s });
    s->waiting = waiting_open(&(struct waiting_options){ lane_open, ask_again, s });
}

static struct MHD_Daemon *start_daemon(struct server *s)
{
    unsigned flags =
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_NO_LISTEN_SOCKET;
    struct MHD_OptionItem tls_items[] = {
        { MHD_OPTION_HTTPS_CERT_CALLBACK, 0, tls_callback() },
        { MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t) "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" },
        { MHD_OPTION_END, 0, NULL },
    };
    if (s->options.tls != NULL) {
        tls_serve_with(s->options.tls);
        flags |= MHD_USE_TLS;
    } else {
        tls_items[0].option = MHD_OPTION_END;
    }
    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL,
                            MHD_OPTION_THREAD_POOL_SIZE, s->options.workers, MHD_OPTION_CONNECTION_LIMIT,
                            WORKER_SLACK * (s->options.max_connections + s->options.workers),
                            MHD_OPTION_PER_IP_CONNECTION_LIMIT, s->options.max_per_address,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT,
                            1, MHD_OPTION_URI_LOG_CALLBACK, on_target, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes,
                            NULL, MHD_OPTION_ARRAY, tls_items, MHD_OPTION_END);
}

enum err server_open(const struct server_options *options, struct server **out)
{
    struct server *s = calloc(1, sizeof *s);
    if (s == NULL)
        die("out of memory");
    s->options = *options;
    open_parts(s);
    s->daemon = start_daemon(s);
    if (s->daemon == NULL) {
        server_drop(&s);
        return fail(ERR_INTERNAL, "the HTTP server can't start: %m");
    }
    acceptor_open(&(struct acceptor_options){ options->socket, options->max_connections, give, s }, &s->acceptor);
    *out = s;
    return OK;
}

bool server_drain(struct server *s, int64_t drain_s)
{
    int64_t until = clock_mono_ns() + drain_s * INT64_C(1000000000);
    atomic_store(&s->draining, true);
    acceptor_stop(s->acceptor);
    waiting_close(s->waiting);
    while (atomic_load(&s->active) > 0 && clock_mono_ns() < until)
        nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
    return atomic_load(&s->active) == 0;
}

void server_drop(struct server **server)
{
    struct server *s = *server;
    if (s == NULL)
        return;
    /* First the lanes and the waiting room: what they still hold is resumed, so that the library can close every connection. */
    lane_pool_drop(&s->lane);
    waiting_drop(&s->waiting);
    if (s->acceptor != NULL)
        acceptor_stop(s->acceptor);
    if (s->daemon != NULL)
        MHD_stop_daemon(s->daemon); /* each connection that it ends leaves the acceptor */
    acceptor_drop(&s->acceptor);
    reaper_drop(&s->reaper);
    metrics_drop(&s->metrics);
    routes_drop(&s->routes);
    struct services *own = pthread_getspecific(s->worker_key);
    if (own != NULL)
        s->options.face.worker_close(own);
    pthread_key_delete(s->worker_key);
    free(s);
    *server = NULL;
}

struct metrics *server_metrics(struct server *s)
{
    return s->metrics;
}

void server_lane_figures(struct server *s, struct lane_figures *out)
{
    lane_figures(s->lane, out);
}

unsigned server_waiting(struct server *s)
{
    return waiting_count(s->waiting);
}

const char *server_microhttpd_version(void)
{
    return MHD_get_version();
}
