/* What other services find by themselves: the public keys, and where everything is. */
#include "api/handlers.h"
#include "base/buf.h"
#include "crypto/base64url.h"
#include "crypto/digest.h"
#include "flow/relying_party.h"
#include "json/write.h"
#include "token/dpop.h"

#define ACCOUNT_PAGE  "/account"
#define DPOP_ALGS_MAX 8
#define KEPT_MOST_S                                                                                                    \
    300 /* how long others may keep it; never longer than half the time that a key is published before it signs */

/* RFC 9110 8.8.3: a strong validator; the same bytes, the same tag. */
static struct str tag_of(struct call *c, struct str body)
{
    const struct digest digest = digest_of(body);
    const struct str text = { (const char *)digest.is, sizeof digest.is };
    return arena_printf(c->visit.mem, "\"%.*s\"", STR_ARG(base64url_encode(c->visit.mem, text)));
}

static enum err reply_kept(struct call *c, struct str body)
{
    const int64_t half_s = c->services->at->config->key_lead_s / 2;
    const struct str tag = tag_of(c, body);
    reply_header(c, "ETag", tag);
    reply_header(
        c, "Cache-Control",
        arena_printf(c->visit.mem, "public, max-age=%lld", (long long)(half_s < KEPT_MOST_S ? half_s : KEPT_MOST_S)));
    return call_has_tag(c, tag) ? reply_empty(c, 304) : reply_text(c, 200, "application/json", body);
}

enum err api_jwks(struct call *c)
{
    return reply_kept(c, keyring_jwks(c->services->at->keys, c->visit.now_us, c->visit.mem));
}

/* RFC 8414 2.  response_types_supported is REQUIRED, and empty: there is no authorization endpoint. */
struct server_metadata {
    struct str issuer, jwks_uri, token_endpoint, introspection_endpoint, revocation_endpoint;
    struct strs response_types_supported, grant_types_supported;
    struct strs token_endpoint_auth_methods_supported, token_endpoint_auth_signing_alg_values_supported;
    struct strs introspection_endpoint_auth_methods_supported, introspection_endpoint_auth_signing_alg_values_supported;
    struct strs revocation_endpoint_auth_methods_supported, revocation_endpoint_auth_signing_alg_values_supported;
    struct strs dpop_signing_alg_values_supported; /* RFC 9449 5.1 */
};

/* clang-format off */
#define META(member) VIEW(struct server_metadata, member)
static const struct field metadata_view[] = {
    META(issuer), META(jwks_uri), META(token_endpoint), META(introspection_endpoint), META(revocation_endpoint),
    META(response_types_supported), META(grant_types_supported),
    META(token_endpoint_auth_methods_supported), META(token_endpoint_auth_signing_alg_values_supported),
    META(introspection_endpoint_auth_methods_supported), META(introspection_endpoint_auth_signing_alg_values_supported),
    META(revocation_endpoint_auth_methods_supported), META(revocation_endpoint_auth_signing_alg_values_supported),
    META(dpop_signing_alg_values_supported), FIELD_END
};
#define WORDS(list) ((struct strs){ (list), sizeof(list) / sizeof *(list) })
/* clang-format on */

static struct str beneath(struct call *c, const char *path)
{
    const struct str issuer = c->services->at->config->issuer;
    const size_t slash = str_ends(issuer, STR("/")) ? 1 : 0; /* one between the two, not two */
    return arena_printf(c->visit.mem, "%.*s%s", STR_ARG(str_slice(issuer, 0, issuer.len - slash)), path);
}

static struct strs dpop_words(struct call *c)
{
    struct str rest = dpop_algs();
    struct strs words = { ARENA_ARRAY(c->visit.mem, struct str, DPOP_ALGS_MAX), 0 };
    while (words.count < DPOP_ALGS_MAX && str_split(&rest, ' ', &words.items[words.count]))
        words.count++;
    return words;
}

enum err api_authorization_server(struct call *c)
{
    struct str grants[] = { STR("client_credentials") };
    struct str methods[] = { STR("client_secret_basic"), STR("private_key_jwt") };
    /* Of a client's assertion, not of our tokens. */
    struct str algorithms[] = { STR("ES256"), STR("EdDSA"), STR("RS256"), STR("PS256") };
    struct buf text = buf_new(c->visit.mem, 1024);
    const struct server_metadata all = {
        .issuer = c->services->at->config->issuer,
        .jwks_uri = beneath(c, "/.well-known/jwks.json"),
        .token_endpoint = beneath(c, "/oauth/token"),
        .introspection_endpoint = beneath(c, "/oauth/introspect"),
        .revocation_endpoint = beneath(c, "/oauth/revoke"),
        .dpop_signing_alg_values_supported = dpop_words(c),
        .grant_types_supported = WORDS(grants),
        .token_endpoint_auth_methods_supported = WORDS(methods),
        .token_endpoint_auth_signing_alg_values_supported = WORDS(algorithms),
        .introspection_endpoint_auth_methods_supported = WORDS(methods),
        .introspection_endpoint_auth_signing_alg_values_supported = WORDS(algorithms),
        .revocation_endpoint_auth_methods_supported = WORDS(methods),
        .revocation_endpoint_auth_signing_alg_values_supported = WORDS(algorithms),
    };
    json_write(&text, metadata_view, &all);
    return reply_kept(c, buf_str(&text));
}

struct origins_view {
    struct strs origins;
};
static const struct field origins_fields[] = { VIEW(struct origins_view, origins), FIELD_END };

/* WebAuthn Level 3 5.11: "an array of one or more strings containing web origins", so the origins of apps stay out. */
enum err api_related_origins(struct call *c)
{
    const struct strs all = c->services->at->rp->origins;
    struct origins_view view = { { ARENA_ARRAY(c->visit.mem, struct str, all.count), 0 } };
    struct buf text = buf_new(c->visit.mem, 256);
    for (size_t i = 0; i < all.count; i++)
        if (str_starts(all.items[i], STR("http")))
            view.origins.items[view.origins.count++] = all.items[i];
    json_write(&text, origins_fields, &view);
    return reply_kept(c, buf_str(&text));
}

struct endpoints_view {
    struct str enroll, manage;
};
static const struct field endpoints_fields[] = { VIEW(struct endpoints_view, enroll),
                                                 VIEW(struct endpoints_view, manage), FIELD_END };

/* W3C, A Well-Known URL for Relying Party Passkey Endpoints: where a password manager may send people. */
enum err api_passkey_endpoints(struct call *c)
{
    const struct str page = beneath(c, ACCOUNT_PAGE "#passkeys");
    const struct endpoints_view view = { page, page };
    struct buf text = buf_new(c->visit.mem, 256);
    json_write(&text, endpoints_fields, &view);
    return reply_kept(c, buf_str(&text));
}

/* W3C, A Well-Known URL for Changing Passwords: "a redirect [...] to the actual change password page". */
enum err api_change_password(struct call *c)
{
    reply_header(c, "Location", beneath(c, ACCOUNT_PAGE "#password"));
    reply_header(c, "Cache-Control", STR("public, max-age=300"));
    return reply_empty(c, 302);
}
