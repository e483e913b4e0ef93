/* From struct reply to the wire: the headers that stand on every answer. */
#include "http/exchange.h"
#include "crypto/random.h"

#include <stdio.h>
#include <string.h>

/* An answer that is no page may load, run and be framed by nothing. */
static const char api_policy[] = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

static void add(struct MHD_Response *r, const char *name, const char *value)
{
    if (MHD_add_response_header(r, name, value) != MHD_YES)
        die("the header %s can't be added", name);
}

static void add_str(struct exchange *ex, struct MHD_Response *r, const char *name, struct str value)
{
    add(r, name, arena_cstr(ex->call.visit.mem, value));
}

static void add_security(const struct exchange *ex, struct MHD_Response *r)
{
    const struct reply *reply = &ex->call.reply;
    add(r, "X-Content-Type-Options", "nosniff");
    add(r, "Content-Security-Policy", reply->policy == NULL ? api_policy : reply->policy);
    add(r, "Referrer-Policy", "no-referrer");
    add(r, "X-Frame-Options", "DENY");
    add(r, "Cross-Origin-Resource-Policy", "same-origin");
    if (reply->policy != NULL)
        add(r, "Cross-Origin-Opener-Policy", "same-origin");
    if (ex->server->options.https)
        add(r, "Strict-Transport-Security", "max-age=31536000; includeSubDomains");
}

static void add_cors(struct exchange *ex, struct MHD_Response *r)
{
    if (ex->server->options.cors_origins.count > 0)
        add(r, "Vary", "Origin");
    if (ex->origin.ptr == NULL)
        return;
    add_str(ex, r, "Access-Control-Allow-Origin", ex->origin);
    add(r, "Access-Control-Expose-Headers", "DPoP-Nonce, Location, Retry-After, WWW-Authenticate, X-Request-Id");
}

/* Trace Context 3.2: the caller's trace, and our own part of it. */
static void add_trace(struct exchange *ex, struct MHD_Response *r)
{
    uint8_t parent[8];
    char text[64];
    if (ex->trace.ptr == NULL)
        return;
    random_bytes(parent, sizeof parent);
    int len = snprintf(text, sizeof text, "00-%.*s-", STR_ARG(ex->trace));
    for (size_t i = 0; i < sizeof parent; i++)
        len += snprintf(text + len, sizeof text - (size_t)len, "%02x", parent[i]);
    snprintf(text + len, sizeof text - (size_t)len, "-00");
    add(r, "traceparent", text);
}

static void add_headers(struct exchange *ex, struct MHD_Response *r)
{
    struct reply *reply = &ex->call.reply;
    if (reply->content_type != NULL)
        add(r, "Content-Type", reply->content_type);
    if (reply->encoding != NULL)
        add(r, "Content-Encoding", reply->encoding);
    add_str(ex, r, "X-Request-Id", ex->call.visit.request_id);
    if (reply->no_store)
        add(r, "Cache-Control", "no-store");
    for (size_t i = 0; i < reply->header_count; i++)
        add_str(ex, r, reply->headers[i].name, reply->headers[i].value);
    add_security(ex, r);
    add_cors(ex, r);
    add_trace(ex, r);
    if (ex->close || atomic_load_explicit(&ex->server->draining, memory_order_relaxed))
        add(r, "Connection", "close");
}

enum MHD_Result exchange_send(struct exchange *ex)
{
    struct reply *reply = &ex->call.reply;
    struct MHD_Response *r =
        MHD_create_response_from_buffer(reply->body.len, (void *)(uintptr_t)reply->body.ptr, MHD_RESPMEM_PERSISTENT);
    if (r == NULL)
        die("out of memory");
    add_headers(ex, r);
    if (ex->watched != NULL)
        watched_expect(ex->watched, REPLY_TIMEOUT_S);
    enum MHD_Result queued = MHD_queue_response(ex->connection, reply->status, r);
    MHD_destroy_response(r);
    return queued;
}
