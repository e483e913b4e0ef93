/* The API's own document and the page that shows it, out of the program itself: no outside host. */
#include "api/assets.h"
#include "api/handlers.h"

/* Swagger UI styles through the object model, which needs no 'unsafe-inline', and draws its icons from data: addresses; nothing
 * else is let in. */
static const char docs_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

static enum err reply_asset(struct call *c, struct str name, const char *policy)
{
    const struct asset *a = asset_find(assets, assets_count, name);
    if (a == NULL) {
        problem_http(c, 404, "not_found", "There is nothing at this address");
        return OK;
    }
    c->reply.policy = policy;
    reply_header(c, "Cache-Control", STR("public, max-age=3600"));
    return asset_reply(c, a);
}

static bool hidden(struct call *c)
{
    if (c->services->at->config->docs)
        return false;
    problem_http(c, 404, "not_found", "There is nothing at this address");
    return true;
}

enum err api_openapi(struct call *c)
{
    return reply_asset(c, STR("openapi.json"), NULL);
}

enum err api_docs(struct call *c)
{
    return hidden(c) ? OK : reply_asset(c, STR("docs.html"), docs_policy);
}

enum err api_docs_file(struct call *c)
{
    return hidden(c) ? OK : reply_asset(c, c->params[0], docs_policy);
}
