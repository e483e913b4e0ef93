/* The service's own routes: is it there, is it ready, how does it do. */
#include "api/figures.h"
#include "api/handlers.h"
#include "base/buf.h"
#include "store/store.h"

struct ping_view {
    struct str status, message;
};
static const struct field ping_fields[] = { VIEW(struct ping_view, status), VIEW_OPTIONAL(struct ping_view, message),
                                            FIELD_END };

enum err api_ping(struct call *c)
{
    struct ping_view view = { STR("ok"), STR("pong") };
    return reply(c, 200, ping_fields, &view);
}

enum err api_healthz(struct call *c)
{
    struct ping_view view = { .status = STR("ok") };
    return reply(c, 200, ping_fields, &view);
}

struct readiness {
    struct str status, store, schema, signing_key;
};
static const struct field readiness_fields[] = { VIEW(struct readiness, status), VIEW(struct readiness, store),
                                                 VIEW(struct readiness, schema), VIEW(struct readiness, signing_key),
                                                 FIELD_END };

/* 503 is a plain answer here, not a problem: it names what is not ready. */
enum err api_readyz(struct call *c)
{
    struct readiness now = { STR("ready"), STR("ok"), STR("ok"), STR("ok") };
    enum err store = store_ready(c->services->db);
    if (store == ERR_CONFLICT)
        now.schema = STR("not current");
    else if (store != OK)
        now.store = now.schema = STR("does not answer");
    if (!keyring_ready(c->services->at->keys, c->visit.now_us))
        now.signing_key = STR("missing");
    bool ready = store == OK && str_equal(now.signing_key, STR("ok"));
    if (ready)
        return reply(c, 200, readiness_fields, &now);
    now.status = STR("not ready");
    reply_header(c, "Retry-After", STR("1"));
    return reply(c, 503, readiness_fields, &now);
}

enum err api_metrics(struct call *c)
{
    struct buf out = buf_new(c->visit.mem, 16384);
    figures_write(c->services, c->server, &out);
    return reply_text(c, 200, "text/plain; version=0.0.4; charset=utf-8", buf_str(&out));
}
