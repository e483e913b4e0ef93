#include "http/exchange.h"
#include "http/address.h"
#include "http/form.h"
#include "http/query.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/random.h"
#include "json/read.h"

struct exchange *exchange_open(struct server *server, struct MHD_Connection *connection, const char *target)
{
    struct arena *mem = arena_new();
    struct exchange *ex = ARENA_NEW(mem, struct exchange);
    struct str whole = str_of(target);
    ex->server = server;
    ex->connection = connection;
    ex->call.server = server;
    ex->call.visit.mem = mem;
    ex->call.realm = server->options.realm;
    ex->call.dpop_algs = server->options.dpop_algs;
    ex->call.dpop_only = server->options.dpop_only;
    ex->target = arena_copy(mem, str_slice(whole, 0, TARGET_MAX + 1));
    atomic_fetch_add(&server->active, 1);
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    ex->watched = info == NULL ? NULL : info->socket_context;
    if (ex->watched != NULL)
        watched_expect(ex->watched, server->options.head_timeout_s);
    return ex;
}

void exchange_drop(struct exchange *ex)
{
    struct arena *mem = ex->call.visit.mem;
    if (ex->call.body != NULL && ex->call.route->body.fields != NULL)
        json_drop_secrets(ex->call.route->body.fields, ex->call.body);
    if (ex->watched != NULL)
        watched_expect(ex->watched, KEEP_ALIVE_S);
    atomic_fetch_sub(&ex->server->active, 1);
    arena_drop(&mem);
}

/* X-Request-Id of the caller, when it is 1 to 64 of [A-Za-z0-9._-]; else one of ours. */
static bool request_id_ok(struct str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
              c == '-'))
            return false;
    }
    return id.len >= 1 && id.len <= 64;
}

static void name_request(struct exchange *ex)
{
    struct visit *v = &ex->call.visit;
    v->request_id = call_header(&ex->call, "X-Request-Id");
    if (request_id_ok(v->request_id))
        return;
    char fresh[UUID_TEXT_MAX];
    uuid7(v->now_us, fresh);
    v->request_id = arena_copy(v->mem, str_of(fresh));
}

/* Trace Context 3.2.2: "00-" 32 hex digits, "-" 16 hex digits, "-" 2 hex digits, not all zero.  Answers the trace id. */
static struct str read_trace(struct str header)
{
    static const char form[] = "00-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";
    bool any_trace = false, any_parent = false;
    if (header.len != sizeof form - 1)
        return (struct str){ 0 };
    for (size_t i = 0; i < header.len; i++) {
        char c = header.ptr[i];
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (form[i] == 'h' ? !hex : c != form[i])
            return (struct str){ 0 };
        any_trace |= i >= 3 && i < 35 && c != '0';
        any_parent |= i >= 36 && i < 52 && c != '0';
    }
    return any_trace && any_parent ? str_slice(header, 3, 35) : (struct str){ 0 };
}

static void name_peer(struct exchange *ex)
{
    struct visit *v = &ex->call.visit;
    char text[ADDRESS_TEXT_MAX];
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(ex->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    v->peer = address_of(info == NULL ? NULL : info->client_addr);
    v->peer = proxies_client(ex->server->options.proxies, v->peer, call_header_list(&ex->call, "X-Forwarded-For"));
    v->peer_text = arena_copy(v->mem, address_text(&v->peer, text));
    struct str agent = str_slice(call_header(&ex->call, "User-Agent"), 0, 256);
    v->user_agent = str_utf8_ok(agent) ? agent : (struct str){ 0 };
}

static struct str allowed_origin(const struct exchange *ex)
{
    const struct strs *allowed = &ex->server->options.cors_origins;
    struct str origin = call_header(&ex->call, "Origin");
    for (size_t i = 0; i < allowed->count && origin.ptr != NULL; i++)
        if (str_equal(allowed->items[i], origin))
            return allowed->items[i];
    return (struct str){ 0 };
}

/* The answer is known before the body: it is still read, so that the connection stays usable, unless close is set. */
static void refuse_early(struct exchange *ex, unsigned status, const char *code, const char *detail)
{
    problem_http(&ex->call, status, code, detail);
    ex->refused = true;
}

static void refuse_and_close(struct exchange *ex, unsigned status, const char *code, const char *detail)
{
    refuse_early(ex, status, code, detail);
    ex->close = true;
}

static void allow_methods(struct exchange *ex, unsigned methods)
{
    struct buf allow = buf_new(ex->call.visit.mem, 64);
    for (int m = 0; m < METHODS; m++)
        if ((methods & 1U << m) != 0)
            buf_printf(&allow, "%s, ", m == GET ? "GET, HEAD" : method_name((enum method)m));
    buf_add(&allow, STR("OPTIONS"));
    reply_header(&ex->call, "Allow", buf_str(&allow));
}

/* Fetch 3.2.2: a preflight is answered for the origins of the setting only; others see a plain OPTIONS. */
static void answer_options(struct exchange *ex, unsigned methods)
{
    reply_empty(&ex->call, 204);
    allow_methods(ex, methods);
    if (ex->origin.ptr != NULL && call_header(&ex->call, "Access-Control-Request-Method").ptr != NULL) {
        reply_header(&ex->call, "Access-Control-Allow-Methods", STR("GET, POST, PATCH, DELETE"));
        reply_header(&ex->call, "Access-Control-Allow-Headers",
                     STR("Authorization, Content-Type, DPoP, X-Postern-Client, X-Request-Id, traceparent"));
        reply_header(&ex->call, "Access-Control-Max-Age", STR("600"));
    }
    ex->refused = true;
}

static void refuse_unknown(struct exchange *ex)
{
    refuse_early(ex, 404, "not_found", "There is nothing at this address");
    if (ex->server->options.face.missing != NULL)
        ex->server->options.face.missing(&ex->call);
}

static void find_route(struct exchange *ex, struct str method)
{
    struct str path = ex->target, query = ex->target;
    struct route_match match;
    str_split(&query, '?', &path);
    ex->call.path = path;
    if (route_find(ex->server->routes, ex->call.visit.mem, method_of(method), path, &match) != OK) {
        refuse_early(ex, 400, "invalid_path", "The address holds a broken escape");
    } else if (match.methods == 0) {
        refuse_unknown(ex);
    } else if (str_equal(method, STR("OPTIONS"))) {
        answer_options(ex, match.methods);
    } else if (match.route == NULL) {
        refuse_early(ex, 405, "method_not_allowed", "This address does not take this method");
        allow_methods(ex, match.methods);
    } else {
        ex->call.route = match.route;
        ex->call.visit.route = str_of(match.route->path);
        for (size_t i = 0; i < ROUTE_PARAMS_MAX; i++)
            ex->call.params[i] = match.params[i];
    }
}

void exchange_head(struct exchange *ex, const char *method, const char *target, const char *version)
{
    struct visit *v = &ex->call.visit;
    v->now_us = clock_now_us();
    v->method = arena_copy(v->mem, str_slice(str_of(method), 0, 16));
    ex->call.fields = framing_fields(ex->connection, v->mem);
    enum framing framing =
        framing_check(ex->connection, str_of(method), ex->target, target, str_of(version), &ex->call.fields, &ex->head);
    name_request(ex);
    name_peer(ex);
    ex->origin = allowed_origin(ex);
    ex->trace = read_trace(call_header(&ex->call, "traceparent"));
    ex->stage = STAGE_BODY;
    if (ex->watched != NULL)
        watched_expect(ex->watched, ex->server->options.body_timeout_s);
    if (ex->target.len > TARGET_MAX) {
        refuse_and_close(ex, 414, "uri_too_long", "The address is longer than 4096 bytes");
    } else if (framing == FRAMING_BAD) {
        metrics_framing_refused(ex->server->metrics);
        refuse_and_close(ex, 400, "bad_framing", "The request's header fields are malformed or contradict each other");
    } else if (framing == FRAMING_TOO_LARGE) {
        refuse_and_close(ex, 431, "header_too_large",
                         "The request's header fields are larger than 8 KiB or more than 64");
    } else if (ex->head.content_length > BODY_MAX) {
        refuse_and_close(ex, 413, "body_too_large", "The request body is larger than 64 KiB");
    } else {
        find_route(ex, v->method);
    }
}

void exchange_body(struct exchange *ex, const char *bytes, size_t len)
{
    ex->body_seen += len;
    if (ex->refused)
        return;
    if (ex->body_seen > BODY_MAX) {
        refuse_and_close(ex, 413, "body_too_large", "The request body is larger than 64 KiB");
        return;
    }
    if (ex->body.mem == NULL)
        ex->body = buf_new(ex->call.visit.mem, ex->head.content_length > 0 ? (size_t)ex->head.content_length : 1024);
    buf_add(&ex->body, (struct str){ bytes, len });
}

/* The wanted one, with charset utf-8 at most (RFC 8259 11 has no parameters; clients send this one). */
static bool is_type(struct str type, struct str wanted)
{
    struct str media = { 0 };
    if (!str_split(&type, ';', &media) || !str_equal_nocase(str_trim(media), wanted))
        return false;
    struct str more = str_trim(type);
    return more.len == 0 || str_equal_nocase(more, STR("charset=utf-8")) ||
           str_equal_nocase(more, STR("charset=\"utf-8\""));
}

static const struct field no_fields[] = { FIELD_END };

static enum err read_form(struct exchange *ex)
{
    struct call *c = &ex->call;
    if (!is_type(call_header(c, "Content-Type"), STR("application/x-www-form-urlencoded"))) {
        problem_http(c, 415, "unsupported_media_type", "A body is taken as application/x-www-form-urlencoded only");
        return OK;
    }
    c->body = arena_take(c->visit.mem, c->route->body.size);
    return form_read(c->visit.mem, buf_str(&ex->body), c->route->body.fields, c->body);
}

static enum err read_body(struct exchange *ex)
{
    struct call *c = &ex->call;
    const struct field *fields = c->route->body.fields;
    if (c->route->oauth)
        return read_form(ex);
    if (ex->body.len == 0 && fields == NULL)
        return OK;
    if (ex->body.len > 0 && !is_type(call_header(c, "Content-Type"), STR("application/json"))) {
        problem_http(c, 415, "unsupported_media_type", "A body is taken as application/json only");
        return OK;
    }
    c->body = arena_take(c->visit.mem, c->route->body.size);
    return json_read(c->visit.mem, buf_str(&ex->body), fields == NULL ? no_fields : fields, c->body, &c->faults);
}

static enum err read_query(struct exchange *ex)
{
    struct call *c = &ex->call;
    struct str query = ex->target, path;
    str_split(&query, '?', &path);
    c->query = arena_take(c->visit.mem, c->route->query.size);
    const enum query_strangers strangers = c->route->is_page ? QUERY_PASSES_STRANGERS : QUERY_REFUSES_STRANGERS;
    return query_read(c->visit.mem, query, c->route->query.fields, strangers, c->query, &c->faults);
}

/* What stands before the handler, in this order: a secret in the address, guard and limit, the body. */
static enum err prepare(struct exchange *ex)
{
    struct call *c = &ex->call;
    note_clear();
    TRY(read_query(ex));
    TRY(ex->server->options.face.admit(c));
    TRY(read_body(ex));
    if (c->reply.status == 0 && c->faults.count > 0 && !c->route->collects)
        return refuse(WHY_VALIDATION);
    return OK;
}

static void log_answer(const struct exchange *ex, int64_t took_us)
{
    const struct call *c = &ex->call;
    const struct visit *v = &c->visit;
    bool quiet = c->reply.status < 400 && c->route != NULL && c->route->method == GET;
    enum log_level level = c->reply.status >= 500 ? LOG_WARN : quiet ? LOG_DEBUG : LOG_INFO;
    if (!log_on(level))
        return;
    struct log_pair pairs[9] = {
        LOG_S("method", v->method),         LOG_S("route", c->route == NULL ? STR("other") : v->route),
        LOG_N("status", c->reply.status),   LOG_N("took_us", took_us),
        LOG_S("request_id", v->request_id), LOG_S("peer", v->peer_text),
    };
    size_t count = 6;
    if (c->reply.code != NULL)
        pairs[count++] = LOG_S("code", str_of(c->reply.code));
    if (ex->trace.ptr != NULL)
        pairs[count++] = LOG_S("trace_id", ex->trace);
    log_pairs(level, STR("request"), pairs, count);
}

static void finish(struct exchange *ex, enum err end)
{
    struct call *c = &ex->call;
    if (end != OK) {
        if (end == ERR_INTERNAL)
            log_event(LOG_ERROR, "failed", LOG_S("what", str_of(note_get()->text)), LOG_S("route", c->visit.route),
                      LOG_S("request_id", c->visit.request_id));
        struct note kept = *note_get();
        ex->server->options.face.refused(c, end);
        note_put(&kept); /* what the face did about it must not change what the caller is told */
        problem(c, end);
    } else if (c->reply.status == 0) {
        die("the handler of %s answered nothing", c->route->path);
    }
}

static void account_for(struct exchange *ex)
{
    int64_t took_us = (clock_mono_ns() - ex->complete_ns) / 1000;
    metrics_request(ex->server->metrics, ex->call.route, ex->call.reply.status, took_us);
    log_answer(ex, took_us);
    ex->stage = STAGE_ANSWERED;
}

static void hand_over(struct exchange *ex)
{
    MHD_suspend_connection(ex->connection);
    if (lane_offer(ex->server->lane, ex) == OK)
        return;
    finish(ex, ERR_BUSY);
    account_for(ex);
    MHD_resume_connection(ex->connection);
}

bool exchange_run(struct exchange *ex)
{
    struct call *c = &ex->call;
    ex->complete_ns = clock_mono_ns();
    ex->stage = STAGE_RUNNING;
    if (ex->watched != NULL)
        watched_expect(ex->watched, 0);
    if (!ex->refused) {
        c->services = server_worker(ex->server);
        enum err end = prepare(ex);
        if (end == OK && c->reply.status == 0 && c->route->lane == SLOW) {
            hand_over(ex);
            return true; /* the library calls again once it has taken note of the resumption */
        }
        if (end == OK && c->reply.status == 0)
            end = c->route->run(c);
        if (end == OK && c->reply.status == 0 && c->waits) {
            MHD_suspend_connection(ex->connection);
            waiting_add(ex->server->waiting, ex);
            return true;
        }
        finish(ex, end);
    }
    account_for(ex);
    return false;
}

void exchange_run_in_lane(struct services *own, struct exchange *ex)
{
    note_clear();
    ex->call.services = own;
    finish(ex, ex->call.route->run(&ex->call));
    account_for(ex);
    MHD_resume_connection(ex->connection);
}

bool call_wait(struct call *c, int64_t seconds)
{
    struct waiting_room *room = c->server->waiting;
    int64_t now_ns = clock_mono_ns();
    if (c->wait_until_ns == 0) {
        if (!waiting_take(room))
            return false;
        c->wait_until_ns = now_ns + seconds * INT64_C(1000000000);
    }
    c->waits = now_ns < c->wait_until_ns && waiting_is_open(room);
    return c->waits;
}

bool exchange_ask(struct services *own, struct exchange *ex)
{
    struct call *c = &ex->call;
    note_clear();
    c->services = own;
    c->waits = false;
    c->visit.now_us = clock_now_us();
    enum err end = c->route->run(c);
    if (end == OK && c->reply.status == 0 && c->waits)
        return false;
    finish(ex, end);
    account_for(ex);
    MHD_resume_connection(ex->connection);
    return true;
}
