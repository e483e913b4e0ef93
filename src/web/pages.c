/* Pages out of the program itself: nothing is inline, nothing is of another host. */
#include "web/pages.h"
#include "base/buf.h"
#include "crypto/base64url.h"
#include "crypto/digest.h"
#include "http/cookie.h"
#include "http/language.h"
#include "web/assets.h"
#include "web/routes.h"

#define LANGUAGE_COOKIE "__Host-postern-language" /* set by the pages' own switch */

static const char *const languages[] = { "en", "de" };
#define LANGUAGES (sizeof languages / sizeof *languages)

/* No policy may be made, so no text ever becomes markup, a script or the address of one (Trusted Types).  data: is for the QR code. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types "
    "'none'";
static const char permissions[] = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), "
                                  "publickey-credentials-create=(self), publickey-credentials-get=(self)";

static const struct asset *asset_of(struct str name)
{
    return asset_find(web_assets, web_assets_count, name);
}

static struct str tag_of(struct call *c, struct str body)
{
    const struct digest digest = digest_of(body);
    const struct str text = { (const char *)digest.is, sizeof digest.is };
    return arena_printf(c->visit.mem, "\"%.*s\"", STR_ARG(base64url_encode(c->visit.mem, text)));
}

/* What somebody chose on a page, or else what the browser asks for. */
static const char *language_of(const struct call *c)
{
    struct str chosen = { 0 };
    if (cookie_find(call_header(c, "Cookie"), STR(LANGUAGE_COOKIE), &chosen) == OK)
        for (size_t i = 0; i < LANGUAGES; i++)
            if (str_equal(chosen, str_of(languages[i])))
                return languages[i];
    return languages[language_choose(call_header_list(c, "Accept-Language"), languages, LANGUAGES)];
}

static void add_escaped(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char ch = text.ptr[i];
        if (strchr("&<>\"'@", ch) != NULL)
            buf_printf(out, "&#%d;", ch);
        else
            buf_add_char(out, ch);
    }
}

/* From this address back to where "/" is, also where a proxy has put a path in front of it. */
static void add_base(struct buf *out, struct str path)
{
    for (size_t i = 1; i < path.len; i++)
        if (path.ptr[i] == '/')
            buf_add(out, STR("../"));
}

/* "@app@" is the name of the service, "@base@" where its addresses begin, "@dpop@" whether it takes a token without a proof. */
static struct str filled(struct call *c, struct str text)
{
    struct buf out = buf_new(c->visit.mem, text.len + 256);
    struct str piece;
    while (str_split(&text, '@', &piece)) {
        if (str_equal(piece, STR("app")))
            add_escaped(&out, c->realm);
        else if (str_equal(piece, STR("base")))
            add_base(&out, c->path);
        else if (str_equal(piece, STR("dpop")))
            buf_add(&out, c->dpop_only ? STR("required") : STR("optional"));
        else
            buf_add(&out, piece);
    }
    return buf_str(&out);
}

static enum err reply_page(struct call *c, unsigned status, struct str name)
{
    const char *language = language_of(c);
    const struct asset *a = asset_of(arena_printf(c->visit.mem, "%.*s.%s.html", STR_ARG(name), language));
    if (a == NULL)
        die("the page %.*s was not built in", STR_ARG(name));
    const struct str body = filled(c, asset_bytes(a)), tag = tag_of(c, body);
    c->reply.policy = policy;
    reply_header(c, "Permissions-Policy", str_of(permissions));
    reply_header(c, "Vary", STR("Accept-Language, Cookie"));
    if (status == 200) {
        reply_header(c, "Cache-Control", STR("no-cache"));
        reply_header(c, "ETag", tag);
    }
    if (status == 200 && call_has_tag(c, tag))
        return reply_empty(c, 304);
    reply_header(c, "Content-Language", str_of(language));
    return reply_text(c, status, a->content_type, body);
}

enum err web_home(struct call *c)
{
    reply_header(c, "Location", STR("account"));
    return reply_empty(c, 303);
}

enum err web_page(struct call *c)
{
    return reply_page(c, 200, str_slice(str_of(c->route->path), 1, SIZE_MAX));
}

/* An older version is asked for by a page of before an upgrade, or of another node: it gets what there is, and keeps nothing. */
enum err web_file(struct call *c)
{
    const struct asset *a = asset_of(c->params[1]);
    if (a == NULL || str_ends(c->params[1], STR(".html"))) {
        problem_http(c, 404, "not_found", "There is nothing at this address");
        return OK;
    }
    bool ours = str_equal(c->params[0], str_of(web_version));
    c->reply.policy = policy;
    reply_header(c, "Cache-Control", ours ? STR("public, max-age=31536000, immutable") : STR("no-store"));
    return asset_reply(c, a);
}

static bool is_visit(const struct call *c)
{
    return method_of(c->visit.method) == GET && str_contains(call_header_list(c, "Accept"), STR("text/html"));
}

void web_missing(struct call *c)
{
    if (is_visit(c) && reply_page(c, 404, STR("missing")) != OK)
        die("a page always ends well");
}
