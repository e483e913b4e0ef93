#include "api/browser.h"
#include "base/why.h"
#include "flow/services.h"
#include "http/cookie.h"

/* "https://auth.example.com/x" -> "https://auth.example.com" */
static struct str origin_of(struct str issuer)
{
    size_t at = 0;
    struct str scheme = STR("://");
    if (!str_find(issuer, scheme, &at))
        return issuer;
    for (at += scheme.len; at < issuer.len && issuer.ptr[at] != '/'; at++)
        continue;
    return str_slice(issuer, 0, at);
}

/* In development the machine's own names count as well: browsers have passkeys at "localhost", not at 127.0.0.1. */
static bool is_ours(const struct strs *places, struct str origin)
{
    for (size_t i = 0; i < places->count; i++)
        if (str_equal(origin, origin_of(places->items[i])))
            return true;
    return false;
}

/* Browsers send Origin with every POST, and Sec-Fetch-Site with all they send since 2023; what an old one leaves out, the cookie's own
 * rule and CORS still hold. */
static bool comes_from_our_page(struct call *c)
{
    struct str origin = call_header(c, "Origin"), site = call_header(c, "Sec-Fetch-Site");
    return origin.ptr != NULL && is_ours(&c->services->at->places, origin) &&
           (site.ptr == NULL || str_equal(site, STR("same-origin")));
}

enum err browser_admit(struct call *c, bool *is_web)
{
    struct str client = call_header(c, "X-Postern-Client");
    *is_web = client.ptr != NULL && str_equal(client, STR("web"));
    return *is_web && !comes_from_our_page(c) ? refuse(WHY_CROSS_SITE) : OK;
}

enum err browser_token(struct call *c, struct str *refresh_token)
{
    if (cookie_find(call_header(c, "Cookie"), STR(BROWSER_COOKIE), refresh_token) != OK)
        return refuse(WHY_REFRESH_INVALID);
    return OK;
}

/* "none": somebody typed the address, or took a bookmark. */
static bool comes_from_elsewhere(struct call *c)
{
    struct str site = call_header(c, "Sec-Fetch-Site");
    return site.ptr != NULL && !str_equal(site, STR("same-origin")) && !str_equal(site, STR("none"));
}

enum err browser_token_shown(struct call *c, struct str *refresh_token)
{
    struct str cookies = call_header(c, "Cookie");
    if (cookie_find(cookies, STR(BROWSER_COOKIE), refresh_token) == ERR_MISSING)
        return refuse(WHY_TOKEN_MISSING);
    return comes_from_elsewhere(c) ? refuse(WHY_CROSS_SITE) : browser_token(c, refresh_token);
}

void browser_keep(struct call *c, struct tokens *tokens)
{
    cookie_set(c, STR(BROWSER_COOKIE), tokens->refresh_token, tokens->refresh_expires_in);
    tokens->refresh_token = (struct str){ 0 };
}

void browser_forget(struct call *c)
{
    cookie_set(c, STR(BROWSER_COOKIE), STR(""), 0);
}
