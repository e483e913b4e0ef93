#include "support/test.h"
#include <stdlib.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/why.h"
#include "crypto/base64url.h"
#include "crypto/random.h"
#include "json/read.h"
#include "token/jws.h"
#include "token/jwt.h"
#include "token/members.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define NOW          INT64_C(1763690400)
#define ISSUER       "https://auth.example"
#define AUDIENCE     "https://api.example"
#define USER         "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
#define SESSION      "0193a1b2-c3d4-7e5f-8a9b-aaaaaaaaaaaa"

static void __attribute__((constructor)) setup(void)
{
    crypto_setup();
    json_setup();
}

/* Everything a check of tokens needs. */
struct desk {
    struct keyring *keys;
    struct arena *mem;
    struct visit visit;
    struct jwt_expect expect;
    struct str kid;
    const char *alg;
};

static struct desk desk_new_for(enum algorithm algorithm)
{
    struct desk desk = { .mem = arena_new(), .expect = { .issuer = STR(ISSUER), .audience = STR(AUDIENCE) } };
    AUTO(secret) struct secret sealing = secret_new(32);
    struct signing_key_row row;
    CHECK_OK(key_make(desk.mem, &sealing, algorithm, 0, 0, &row));
    desk.keys = keyring_new(&sealing);
    CHECK_OK(keyring_fill(desk.keys, &row, 1, NOW * SECOND_US));
    desk.kid = row.kid;
    desk.alg = algorithm_name(algorithm);
    desk.visit = (struct visit){ .mem = desk.mem, .now_us = NOW * SECOND_US };
    return desk;
}

static struct desk desk_new(void)
{
    return desk_new_for(ALGORITHM_ES256);
}

static void desk_drop(struct desk *desk)
{
    keyring_drop(&desk->keys);
    arena_drop(&desk->mem);
}

static struct jwt_claims usual(void)
{
    static struct str roles[] = { { "admin", 5 }, { "user", 4 } }, amr[] = { { "pwd", 3 } };
    return (struct jwt_claims){
        .issuer = STR(ISSUER),
        .audience = STR(AUDIENCE),
        .subject = STR(USER),
        .token_id = STR("a-token"),
        .session = STR(SESSION),
        .issued_at = NOW,
        .not_before = NOW,
        .expires_at = NOW + 900,
        .auth_time = NOW - 60,
        .token_version = 3,
        .role = STR("admin"),
        .roles = { roles, 2 },
        .amr = { amr, 1 },
        .scope = STR("users:read"),
        .acr = STR("aal1"),
        .email = STR("alice@example.com"),
        .name = STR("Al\"ice \xc3\xa9"),
    };
}

/* The text with KID for the key's id and the rest as it stands. */
static struct str with_kid(struct desk *desk, const char *text)
{
    struct buf out = buf_new(desk->mem, 512);
    size_t at;
    struct str rest = str_of(text);
    while (str_find(rest, STR("KID"), &at)) {
        buf_add(&out, str_slice(rest, 0, at));
        buf_add(&out, desk->kid);
        rest = str_slice(rest, at + 3, rest.len);
    }
    buf_add(&out, rest);
    return buf_str(&out);
}

#define HEADER "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"KID\"}"

/* A token of exactly these texts, rightly signed. */
static struct str signed_with(struct desk *desk, struct str header, struct str payload)
{
    const struct str head = base64url_encode(desk->mem, header), body = base64url_encode(desk->mem, payload);
    struct signature s;
    AUTO(key_hold) struct key_hold key = { 0 };
    const struct str text = arena_printf(desk->mem, "%.*s.%.*s", STR_ARG(head), STR_ARG(body));
    CHECK_OK(keyring_hold(desk->keys, desk->visit.now_us, &key));
    CHECK_OK(key_hold_sign(&key, text, &s));
    const struct str tail = base64url_encode(desk->mem, (struct str){ (const char *)s.is, s.len });
    return arena_printf(desk->mem, "%.*s.%.*s", STR_ARG(text), STR_ARG(tail));
}

static struct str good_token(struct desk *desk)
{
    struct str token;
    const struct jwt_claims claims = usual();
    CHECK_OK(jwt_sign(desk->keys, &desk->visit, &claims, &token));
    return token;
}

static struct str good_payload(struct desk *desk)
{
    struct str header, payload;
    CHECK_OK(jwt_decode(desk->mem, good_token(desk), &header, &payload));
    return payload;
}

#define CHECK_REFUSED(desk, token, check)                                                                              \
    do {                                                                                                               \
        struct jwt_claims got_claims_ = { .issued_at = 7 };                                                            \
        CHECK_END(ERR_UNAUTHENTICATED,                                                                                 \
                  jwt_check((desk)->keys, &(desk)->visit, (token), &(desk)->expect, &got_claims_));                    \
        CHECK_STR(str_of(check), str_of(note_get()->text));                                                            \
        CHECK_INT(strcmp((check), "exp") == 0 ? WHY_TOKEN_EXPIRED : WHY_TOKEN_INVALID, note_get()->why);               \
        CHECK(got_claims_.issued_at == 7 && got_claims_.subject.ptr == NULL); /* untouched on failure */               \
    } while (0)

#define CHECK_TAKEN(desk, token)                                                                                       \
    do {                                                                                                               \
        struct jwt_claims got_claims_;                                                                                 \
        CHECK_OK(jwt_check((desk)->keys, &(desk)->visit, (token), &(desk)->expect, &got_claims_));                     \
    } while (0)

/* ---- jws ---- */

static const struct ec_point rfc_point = {
    .x = { 127, 205, 206, 39, 112, 246, 196, 93, 65,  131, 203, 238, 111, 219, 75, 123,
           88,  7,   51,  53, 123, 233, 239, 19, 186, 207, 110, 60,  123, 209, 84, 69 },
    .y = { 199, 241, 68, 205, 27,  189, 155, 126, 135, 44, 223, 237, 185, 238, 185, 244,
           179, 105, 93, 110, 169, 11,  36,  173, 138, 70, 35,  40,  133, 136, 229, 173 },
};
#define RFC_HEAD "eyJhbGciOiJFUzI1NiJ9"
#define RFC_BODY "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define RFC_TAIL "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

TEST(jws_check, takes_the_example_of_rfc_7515_and_no_other_form_of_it)
{
    static const struct {
        enum err end;
        struct str token;
    } rows[] = {
        { OK, STR(RFC_HEAD "." RFC_BODY "." RFC_TAIL) },
        { ERR_INVALID, STR("") },
        { ERR_INVALID, STR(RFC_HEAD) },
        { ERR_INVALID, STR(RFC_HEAD "." RFC_BODY) },
        { ERR_INVALID, STR(RFC_HEAD "." RFC_BODY ".") },
        { ERR_INVALID, STR(RFC_HEAD "." RFC_BODY "." RFC_TAIL ".") },
        { ERR_INVALID, STR(RFC_HEAD "." RFC_BODY "." RFC_TAIL "=") },
        { ERR_INVALID, STR(RFC_HEAD "." RFC_BODY "." RFC_TAIL "\n") },
        { ERR_INVALID, STR(RFC_HEAD "." RFC_BODY "." RFC_TAIL "A") },
        { ERR_INVALID, STR("." RFC_BODY "." RFC_TAIL) },
        { ERR_INVALID, STR(" " RFC_HEAD "." RFC_BODY "." RFC_TAIL) },
        { ERR_INVALID, STR(RFC_HEAD "\0." RFC_BODY "." RFC_TAIL) },
        { ERR_DENIED, STR(RFC_HEAD ".." RFC_TAIL) },
        { ERR_DENIED, STR(RFC_HEAD "." RFC_BODY "A." RFC_TAIL) },
        { ERR_DENIED, STR(RFC_HEAD "." RFC_BODY "=." RFC_TAIL) },
    };
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(check_key) struct check_key *key = NULL;
    struct str payload;
    CHECK_OK(check_key_from_point(&rfc_point, &key));
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_END(rows[i].end, jws_check(mem, rows[i].token, key, &payload));
    CHECK(str_starts(payload, STR("{\"iss\":\"joe\",\r\n")));
}

TEST(jws_read_header, counts_its_bytes)
{
    AUTO(arena) struct arena *mem = arena_new();
    for (int more = -1; more <= 1; more++) {
        struct jws_header header;
        const int rest = JWS_HEADER_MAX + more - (int)STR("{\"alg\":\"ES256\",\"x\":\"\"}").len;
        const struct str text = arena_printf(mem, "{\"alg\":\"ES256\",\"x\":\"%0*d\"}", rest, 0);
        const struct jws jws = { .header = base64url_encode(mem, text) };
        CHECK_INT(JWS_HEADER_MAX + more, text.len);
        CHECK_END(more <= 0 ? OK : ERR_INVALID, jws_read_header(mem, &jws, &header));
    }
}

/* ---- jwt ---- */

TEST(jwt_sign, writes_the_header_and_the_claims_of_the_contract)
{
    AUTO(desk) struct desk desk = desk_new();
    struct str header, payload;
    CHECK_OK(jwt_decode(desk.mem, good_token(&desk), &header, &payload));
    CHECK_STR(with_kid(&desk, HEADER), header);
    CHECK_STR(STR("{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"sub\":\"" USER
                  "\",\"iat\":1763690400,\"nbf\":1763690400,"
                  "\"exp\":1763691300,\"jti\":\"a-token\",\"sid\":\"" SESSION "\",\"tv\":3,\"role\":\"admin\","
                  "\"roles\":[\"admin\",\"user\"],\"scope\":\"users:read\",\"amr\":[\"pwd\"],\"acr\":\"aal1\","
                  "\"auth_time\":1763690340,\"email\":\"alice@example.com\",\"name\":\"Al\\\"ice \xc3\xa9\"}"),
              payload);
}

TEST(jwt_check, gives_back_what_was_signed)
{
    AUTO(desk) struct desk desk = desk_new();
    const struct jwt_claims want = usual();
    struct jwt_claims got;
    CHECK_OK(jwt_check(desk.keys, &desk.visit, good_token(&desk), &desk.expect, &got));
    CHECK_STR(want.issuer, got.issuer);
    CHECK_STR(want.audience, got.audience);
    CHECK_STR(want.subject, got.subject);
    CHECK_STR(want.token_id, got.token_id);
    CHECK_STR(want.session, got.session);
    CHECK_STR(want.role, got.role);
    CHECK_STR(want.scope, got.scope);
    CHECK_STR(want.acr, got.acr);
    CHECK_STR(want.email, got.email);
    CHECK_STR(want.name, got.name);
    CHECK_INT(2, got.roles.count);
    CHECK_STR(STR("user"), got.roles.items[1]);
    CHECK_STR(STR("pwd"), got.amr.items[0]);
    CHECK(got.issued_at == NOW && got.not_before == NOW && got.expires_at == NOW + 900 && got.auth_time == NOW - 60);
    CHECK_INT(3, got.token_version);
}

/* The second time nothing is read anew. */
TEST(jwt_check, gives_back_the_same_of_a_token_that_it_knows)
{
    AUTO(desk) struct desk desk = desk_new();
    const struct str token = good_token(&desk);
    struct jwt_claims first, again;
    CHECK_OK(jwt_check(desk.keys, &desk.visit, token, &desk.expect, &first));
    CHECK_OK(jwt_check(desk.keys, &desk.visit, token, &desk.expect, &again));
    CHECK_STR(first.issuer, again.issuer);
    CHECK_STR(first.audience, again.audience);
    CHECK_STR(first.subject, again.subject);
    CHECK_STR(first.token_id, again.token_id);
    CHECK_STR(first.session, again.session);
    CHECK_STR(first.role, again.role);
    CHECK_STR(first.scope, again.scope);
    CHECK_STR(first.acr, again.acr);
    CHECK_STR(first.email, again.email);
    CHECK_STR(first.name, again.name);
    CHECK(first.jkt.ptr == NULL && again.jkt.ptr == NULL && again.client_id.ptr == NULL);
    CHECK_INT(2, again.roles.count);
    CHECK_STR(first.roles.items[0], again.roles.items[0]);
    CHECK_STR(first.roles.items[1], again.roles.items[1]);
    CHECK_INT(1, again.amr.count);
    CHECK_STR(first.amr.items[0], again.amr.items[0]);
    CHECK(again.issued_at == first.issued_at && again.not_before == first.not_before &&
          again.expires_at == first.expires_at && again.auth_time == first.auth_time &&
          again.token_version == first.token_version);
}

TEST(jwt_check, takes_a_token_that_it_knows_for_no_other_reader_and_no_other_kind)
{
    AUTO(desk) struct desk desk = desk_new();
    const struct jwt_claims of_client = { .issuer = STR(ISSUER),
                                          .audience = STR(AUDIENCE),
                                          .subject = STR("billing"),
                                          .client_id = STR("billing"),
                                          .token_id = STR("x"),
                                          .scope = STR(""),
                                          .issued_at = NOW,
                                          .not_before = NOW,
                                          .expires_at = NOW + 60 };
    struct jwt_expect other = desk.expect;
    struct jwt_claims got = { 0 };
    struct str token = good_token(&desk), clients;
    CHECK_OK(jwt_sign(desk.keys, &desk.visit, &of_client, &clients));
    CHECK_TAKEN(&desk, token);
    CHECK_OK(jwt_check_client(desk.keys, &desk.visit, clients, &desk.expect, &got));
    for (int round = 0; round < 2; round++) {
        got = (struct jwt_claims){ 0 };
        CHECK_REFUSED(&desk, clients, "claims");
        CHECK_END(ERR_UNAUTHENTICATED, jwt_check_client(desk.keys, &desk.visit, token, &desk.expect, &got));
        CHECK(got.subject.ptr == NULL);
        other.audience = STR("https://other.example");
        CHECK_END(ERR_UNAUTHENTICATED, jwt_check(desk.keys, &desk.visit, token, &other, &got));
        CHECK_STR(STR("aud"), str_of(note_get()->text));
        CHECK_TAKEN(&desk, token);
        CHECK_OK(jwt_check_client(desk.keys, &desk.visit, clients, &desk.expect, &got));
        CHECK_STR(STR("billing"), got.client_id);
    }
}

TEST(jwt_check, forgets_a_token_with_its_key)
{
    AUTO(desk) struct desk desk = desk_new();
    AUTO(secret) struct secret sealing = secret_new(32);
    AUTO(keyring) struct keyring *keys = keyring_new(&sealing);
    struct signing_key_row rows[2];
    struct str token;
    for (int i = 0; i < 2; i++)
        CHECK_OK(key_make(desk.mem, &sealing, ALGORITHM_ES256, 0, 1 - i, &rows[i]));
    CHECK_OK(keyring_fill(keys, rows, 2, NOW * SECOND_US));
    const struct jwt_claims claims = usual();
    CHECK_OK(jwt_sign(keys, &desk.visit, &claims, &token));
    struct jwt_claims got;
    CHECK_OK(jwt_check(keys, &desk.visit, token, &desk.expect, &got));
    rows[0].revoked_at = 1, rows[0].sealed = (struct str){ 0 };
    CHECK_OK(keyring_fill(keys, rows, 2, NOW * SECOND_US));
    CHECK_END(ERR_UNAUTHENTICATED, jwt_check(keys, &desk.visit, token, &desk.expect, &got));
    CHECK_STR(STR("kid"), str_of(note_get()->text));
}

TEST(jwt_draft, lacks_nothing_but_its_signature_whatever_becomes_of_its_key)
{
    AUTO(desk) struct desk desk = desk_new();
    AUTO(jwt_draft) struct jwt_draft draft = { 0 };
    const struct jwt_claims claims = usual();
    struct jwt_claims too_long = usual(), got;
    struct str token;
    CHECK_OK(jwt_draft_make(desk.keys, &desk.visit, &claims, &draft));
    CHECK_OK(keyring_fill(desk.keys, NULL, 0, NOW * SECOND_US));
    CHECK_OK(jwt_draft_sign(&draft, &token));
    CHECK_REFUSED(&desk, token, "kid");
    CHECK_END(ERR_INTERNAL, jwt_draft_make(desk.keys, &desk.visit, &claims, &draft));
    AUTO(desk) struct desk other = desk_new();
    char name[1024];
    struct str roles[MEMBER_LIST_MAX];
    memset(name, 'n', sizeof name);
    for (size_t i = 0; i < COUNT(roles); i++)
        roles[i] = (struct str){ name, 100 };
    too_long.roles = (struct strs){ roles, COUNT(roles) };
    CHECK_END(ERR_INVALID, jwt_draft_make(other.keys, &other.visit, &too_long, &draft));
    CHECK_OK(jwt_sign(other.keys, &other.visit, &claims, &token));
    CHECK_OK(jwt_check(other.keys, &other.visit, token, &other.expect, &got));
}

TEST(jwt_check, takes_a_token_without_email_name_roles_and_scope)
{
    AUTO(desk) struct desk desk = desk_new();
    struct jwt_claims claims = usual(), got;
    struct str token;
    claims.email = claims.name = (struct str){ 0 };
    claims.roles = claims.amr = (struct strs){ 0 };
    claims.scope = claims.role = claims.acr = STR("");
    CHECK_OK(jwt_sign(desk.keys, &desk.visit, &claims, &token));
    CHECK_OK(jwt_check(desk.keys, &desk.visit, token, &desk.expect, &got));
    CHECK(got.email.ptr == NULL && got.name.ptr == NULL && got.roles.count == 0 && got.scope.len == 0);
}

TEST(jwt_check, takes_tokens_that_only_enrol_where_they_are_expected_and_nowhere_else)
{
    AUTO(desk) struct desk desk = desk_new();
    struct jwt_claims claims = usual(), got = { 0 };
    struct jwt_expect enrolling = desk.expect;
    struct str token;
    enrolling.enrolment = true;
    CHECK_OK(jwt_check(desk.keys, &desk.visit, good_token(&desk), &enrolling, &got));
    claims.audience = jwt_enrolment_audience(desk.mem, STR(ISSUER));
    CHECK_STR(STR(ISSUER "/enrolment"), claims.audience);
    CHECK_OK(jwt_sign(desk.keys, &desk.visit, &claims, &token));
    CHECK_OK(jwt_check(desk.keys, &desk.visit, token, &enrolling, &got));
    CHECK_END(ERR_UNAUTHENTICATED, jwt_check(desk.keys, &desk.visit, token, &desk.expect, &got));
    CHECK_STR(STR("aud"), str_of(note_get()->text));
    static const char *const others[] = { ISSUER "/enrolment/", ISSUER "enrolment", ISSUER, "/enrolment",
                                          ISSUER "//enrolment" };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        claims.audience = str_of(others[i]);
        CHECK_OK(jwt_sign(desk.keys, &desk.visit, &claims, &token));
        CHECK_END(ERR_UNAUTHENTICATED, jwt_check(desk.keys, &desk.visit, token, &enrolling, &got));
    }
}

#define JKT "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"

TEST(jwt_check, gives_back_the_key_that_a_token_is_bound_to)
{
    AUTO(desk) struct desk desk = desk_new();
    struct jwt_claims claims = usual(), got;
    struct str token, header, payload;
    claims.jkt = STR(JKT);
    CHECK_OK(jwt_sign(desk.keys, &desk.visit, &claims, &token));
    CHECK_OK(jwt_decode(desk.mem, token, &header, &payload));
    CHECK(str_ends(payload, STR(",\"cnf\":{\"jkt\":\"" JKT "\"}}")));
    CHECK_OK(jwt_check(desk.keys, &desk.visit, token, &desk.expect, &got));
    CHECK_STR(STR(JKT), got.jkt);
}

TEST(jwt_check, refuses_a_confirmation_that_it_does_not_know)
{
    AUTO(desk) struct desk desk = desk_new();
    static const char *const refused[] = {
        "null",
        "\"" JKT "\"",
        "[]",
        "{}",
        "{\"jkt\":null}",
        "{\"jkt\":7}",
        "{\"jkt\":\"\"}",
        "{\"jkt\":\"" JKT "A\"}",
        "{\"jkt\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4=\"}",
        "{\"jkt\":\"" JKT "\",\"jkt\":\"" JKT "\"}",
        "{\"jkt\":\"" JKT "\",\"x5t#S256\":\"" JKT "\"}",
        "{\"x5t#S256\":\"" JKT "\"}",
        "{\"jwk\":{}}",
    };
    struct jwt_claims got;
    struct str header, payload;
    CHECK_OK(jwt_decode(desk.mem, good_token(&desk), &header, &payload));
    for (size_t i = 0; i < COUNT(refused); i++) {
        const struct str bad =
            arena_printf(desk.mem, "%.*s,\"cnf\":%s}", (int)payload.len - 1, payload.ptr, refused[i]);
        if (jwt_check(desk.keys, &desk.visit, signed_with(&desk, header, bad), &desk.expect, &got) !=
            ERR_UNAUTHENTICATED)
            FAIL_WITH("taken: cnf %s", refused[i]);
        CHECK_STR(STR("claims"), str_of(note_get()->text));
    }
}

TEST(jwt_sign, refuses_what_jwt_check_would_refuse)
{
    AUTO(desk) struct desk desk = desk_new();
    struct jwt_claims bad[14];
    struct str token = STR("untouched"), many[MEMBER_LIST_MAX + 1];
    for (size_t i = 0; i < COUNT(bad); i++)
        bad[i] = usual();
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = STR("r");
    bad[0].subject = STR("");
    bad[1].subject = STR("1");
    bad[2].session = (struct str){ 0 };
    bad[3].issuer = (struct str){ 0 };
    bad[4].audience = STR("");
    bad[5].token_id = STR("");
    bad[6].scope = (struct str){ 0 };
    bad[7].token_version = -1;
    bad[8].issued_at = bad[8].expires_at + 1;
    bad[9].expires_at = INT64_MAX;
    bad[10].roles = (struct strs){ many, COUNT(many) };
    bad[11].jkt = STR("");
    bad[12].jkt = STR(JKT "A");
    bad[13].jkt = STR("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA\"}");
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_END(ERR_INVALID, jwt_sign(desk.keys, &desk.visit, &bad[i], &token));
    CHECK_STR(STR("untouched"), token);
}

TEST(jwt_sign, refuses_a_token_longer_than_its_bound)
{
    AUTO(desk) struct desk desk = desk_new();
    struct jwt_claims claims = usual();
    char text[200];
    struct str roles[MEMBER_LIST_MAX], token;
    memset(text, 'r', sizeof text);
    for (size_t i = 0; i < COUNT(roles); i++)
        roles[i] = (struct str){ text, sizeof text };
    claims.roles = (struct strs){ roles, 10 };
    CHECK_OK(jwt_sign(desk.keys, &desk.visit, &claims, &token));
    CHECK_TAKEN(&desk, token);
    claims.roles.count = 14;
    CHECK_END(ERR_INVALID, jwt_sign(desk.keys, &desk.visit, &claims, &token));
}

#define H(more) "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"KID\"," more "}"

TEST(jwt_check, refuses_every_trick_of_the_header)
{
    static const struct {
        const char *header, *check;
    } rows[] = {
        { "{\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"KID\"}", "alg" },
        { "{\"alg\":\"None\",\"typ\":\"at+jwt\",\"kid\":\"KID\"}", "alg" },
        { "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"KID\"}", "alg" },
        { "{\"alg\":\"ES384\",\"typ\":\"at+jwt\",\"kid\":\"KID\"}", "alg" },
        { "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"KID\"}", "alg" },
        { "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"KID\"}", "alg" },
        { "{\"alg\":\"es256\",\"typ\":\"at+jwt\",\"kid\":\"KID\"}", "alg" },
        { "{\"alg\":\"ES256 \",\"typ\":\"at+jwt\",\"kid\":\"KID\"}", "alg" },
        { "{\"alg\":\"\",\"typ\":\"at+jwt\",\"kid\":\"KID\"}", "alg" },
        { "{\"alg\":\"ES256K\",\"typ\":\"at+jwt\",\"kid\":\"KID\"}", "alg" },
        { "{\"alg\":null,\"typ\":\"at+jwt\",\"kid\":\"KID\"}", "malformed" },
        { "{\"alg\":[\"ES256\"],\"typ\":\"at+jwt\",\"kid\":\"KID\"}", "malformed" },
        { "{\"alg\":256,\"typ\":\"at+jwt\",\"kid\":\"KID\"}", "malformed" },
        { "{\"alg\":\"ES256\\u0000\",\"typ\":\"at+jwt\",\"kid\":\"KID\"}", "malformed" },
        { "{\"typ\":\"at+jwt\",\"kid\":\"KID\"}", "malformed" },
        { "{\"alg\":\"ES256\",\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"KID\"}", "malformed" },
        { "{\"alg\":\"none\",\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"KID\"}", "malformed" },
        { "{\"alg\":\"ES256\",\"\\u0061lg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"KID\"}", "malformed" },
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"x\",\"kid\":\"KID\"}", "malformed" },
        { H("\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}"), "malformed" },
        { H("\"jku\":\"http://127.0.0.1:9/\""), "malformed" },
        { H("\"x5u\":\"http://127.0.0.1:9/\""), "malformed" },
        { H("\"x5c\":[\"AA\"]"), "malformed" },
        { H("\"x5t\":\"AA\""), "malformed" },
        { H("\"x5t#S256\":\"AA\""), "malformed" },
        { H("\"crit\":[\"exp\"]"), "malformed" },
        { H("\"crit\":[]"), "malformed" },
        { H("\"crit\":null"), "malformed" },
        { H("\"b64\":false"), "malformed" },
        { H("\"b64\":false,\"crit\":[\"b64\"]"), "malformed" },
        { H("\"b64\":true"), "malformed" },
        { H("\"zip\":\"DEF\""), "malformed" },
        { H("\"enc\":\"A128GCM\""), "malformed" },
        { H("\"\\u006a\\u0077\\u006b\":{}"), "malformed" },
        { "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"KID\"}", "typ" },
        { "{\"alg\":\"ES256\",\"typ\":\"AT+JWT\",\"kid\":\"KID\"}", "typ" },
        { "{\"alg\":\"ES256\",\"typ\":\"application/at+jwt\",\"kid\":\"KID\"}", "typ" },
        { "{\"alg\":\"ES256\",\"typ\":\"dpop+jwt\",\"kid\":\"KID\"}", "typ" },
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt \",\"kid\":\"KID\"}", "typ" },
        { "{\"alg\":\"ES256\",\"kid\":\"KID\"}", "typ" },
        { "{\"alg\":\"ES256\",\"typ\":null,\"kid\":\"KID\"}", "malformed" },
        { "{\"alg\":\"ES256\",\"typ\":[\"at+jwt\"],\"kid\":\"KID\"}", "malformed" },
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", "kid" },
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\"}", "kid" },
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"KID \"}", "kid" },
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"../../etc/passwd\"}", "kid" },
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"' OR '1'='1\"}", "kid" },
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"KIDKID\"}", "kid" },
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":1}", "malformed" },
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"KID\\u0000\"}", "malformed" },
        { "[\"alg\",\"ES256\"]", "malformed" },
        { "hello", "malformed" },
        { "", "malformed" },
        { HEADER "x", "malformed" },
        { " " HEADER, NULL },
        { H("\"x\":{\"y\":[1]}"), NULL }, /* RFC 7515 4: not understood, ignored */
    };
    AUTO(desk) struct desk desk = desk_new();
    const struct str payload = good_payload(&desk);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct str token = signed_with(&desk, with_kid(&desk, rows[i].header), payload);
        if (rows[i].check == NULL)
            CHECK_TAKEN(&desk, token);
        else
            CHECK_REFUSED(&desk, token, rows[i].check);
    }
}

TEST(jwt_check, refuses_every_other_form_of_a_good_token)
{
    AUTO(desk) struct desk desk = desk_new();
    const struct str good = good_token(&desk);
    struct jws parts;
    CHECK_OK(jws_split(good, &parts));
#define FORM(...) arena_printf(desk.mem, __VA_ARGS__)
    const struct str h = parts.header, p = parts.payload, s = parts.signature;
    const struct str forms[] = {
        STR(""),
        STR("."),
        STR(".."),
        STR("..."),
        (struct str){ 0 },
        h,
        parts.signed_text,
        FORM("%.*s.", STR_ARG(parts.signed_text)),
        FORM("%.*s.", STR_ARG(good)),
        FORM(".%.*s", STR_ARG(good)),
        FORM("%.*s.AAAA", STR_ARG(good)),
        FORM("%.*s.AAAA.AAAA", STR_ARG(good)),
        FORM("%.*s\n", STR_ARG(good)),
        FORM(" %.*s", STR_ARG(good)),
        FORM("%.*s ", STR_ARG(good)),
        FORM("Bearer %.*s", STR_ARG(good)),
        FORM("\"%.*s\"", STR_ARG(good)),
        FORM("\xEF\xBB\xBF%.*s", STR_ARG(good)),
        FORM("%.*s==", STR_ARG(good)),
        FORM("%.*s=.%.*s.%.*s", STR_ARG(h), STR_ARG(p), STR_ARG(s)),
        FORM("%.*s,%.*s", STR_ARG(good), STR_ARG(good)),
        FORM(".%.*s.%.*s", STR_ARG(p), STR_ARG(s)),
        FORM("%.*s.%.*s.%.*s", STR_ARG(p), STR_ARG(h), STR_ARG(s)),
        FORM("%.*sA", STR_ARG(good)),
        str_slice(good, 0, good.len - 1),
        str_slice(good, 0, good.len - 2),
        FORM("%.*s.%.*s.AAAA", STR_ARG(h), STR_ARG(p)),
        (struct str){ good.ptr, good.len + 1 } /* and a NUL */,
        FORM("%.*s.%.*s.\n%.*s", STR_ARG(h), STR_ARG(p), STR_ARG(s)),
    };
    for (size_t i = 0; i < COUNT(forms); i++)
        CHECK_REFUSED(&desk, forms[i], "malformed");
    CHECK_REFUSED(&desk, FORM("%.*s..%.*s", STR_ARG(h), STR_ARG(s)), "bad_sig");
    CHECK_REFUSED(&desk, FORM("%.*s.%.*s=.%.*s", STR_ARG(h), STR_ARG(p), STR_ARG(s)), "bad_sig");
#undef FORM
}

TEST(jwt_check, refuses_tokens_past_its_bound_at_once)
{
    AUTO(desk) struct desk desk = desk_new();
    char *huge = arena_take(desk.mem, 1000000);
    memset(huge, '.', 1000000);
    CHECK_REFUSED(&desk, ((struct str){ huge, 1000000 }), "malformed");
    const struct str good = good_token(&desk);
    memcpy(huge, good.ptr, good.len);
    CHECK_REFUSED(&desk, ((struct str){ huge, JWT_MAX }), "malformed");
    CHECK_REFUSED(&desk, ((struct str){ huge, JWT_MAX + 1 }), "malformed");
}

TEST(jwt_check, takes_a_token_of_exactly_its_bound)
{
    AUTO(desk) struct desk desk = desk_new();
    const struct str payload = good_payload(&desk), header = with_kid(&desk, HEADER);
    for (int more = 0; more <= 1; more++) {
        /* Blanks behind the object fill it up: 4096 - 2 dots - header - 86 of the signature. */
        const size_t room = (JWT_MAX - 88 - base64url_encode(desk.mem, header).len) * 3 / 4 + (size_t)more;
        const struct str token = signed_with(
            &desk, header, arena_printf(desk.mem, "%.*s%*s", STR_ARG(payload), (int)(room - payload.len), ""));
        CHECK(more == 0 ? token.len <= JWT_MAX : token.len > JWT_MAX);
        if (more == 0)
            CHECK_TAKEN(&desk, token);
        else
            CHECK_REFUSED(&desk, token, "malformed");
    }
}

TEST(jwt_check, refuses_a_change_of_any_character)
{
    AUTO(desk) struct desk desk = desk_new();
    const struct str good = good_token(&desk);
    char *other = arena_take(desk.mem, good.len);
    for (size_t i = 0; i < good.len; i++) {
        struct jwt_claims got;
        memcpy(other, good.ptr, good.len);
        other[i] = other[i] == 'A' ? 'B' : 'A';
        CHECK_END(ERR_UNAUTHENTICATED,
                  jwt_check(desk.keys, &desk.visit, (struct str){ other, good.len }, &desk.expect, &got));
    }
}

TEST(jwt_check, refuses_a_key_that_is_not_ours_even_under_our_kid)
{
    AUTO(desk) struct desk desk = desk_new(), attacker = desk_new();
    const struct str header = with_kid(&desk, HEADER), payload = good_payload(&desk);
    CHECK_REFUSED(&desk, signed_with(&attacker, header, payload), "bad_sig");
    CHECK_REFUSED(&desk, good_token(&attacker), "kid");
}

/* One claim of a good payload replaced: the text from `"name":` to the comma or bracket after its value. */
static struct str with_claim(struct desk *desk, const char *name, const char *value)
{
    const struct str payload = good_payload(desk), key = arena_printf(desk->mem, "\"%s\":", name);
    size_t at, end;
    CHECK(str_find(payload, key, &at));
    for (end = at + key.len; payload.ptr[end] != '}'; end++)
        if (payload.ptr[end] == ',' && payload.ptr[end + 1] == '"' &&
            strchr("\"]0123456789", payload.ptr[end - 1]) != NULL &&
            !(payload.ptr[at + key.len] == '[' && payload.ptr[end - 1] != ']'))
            break;
    const struct str head = str_slice(payload, 0, at);
    const struct str tail = str_slice(payload, end, payload.len);
    if (value == NULL) /* leave it out, with one comma */
        return arena_printf(desk->mem, "%.*s%.*s", STR_ARG(head), STR_ARG(str_slice(tail, 1, tail.len)));
    return arena_printf(desk->mem, "%.*s%.*s%s%.*s", STR_ARG(head), STR_ARG(key), value, STR_ARG(tail));
}

TEST(jwt_check, refuses_claims_that_are_wrong)
{
    static const struct {
        const char *claim, *value, *check; /* value NULL: left out; check NULL: taken */
    } rows[] = {
        { "iss", NULL, "claims" },
        { "iss", "\"\"", "claims" },
        { "iss", "\"https://auth.example/\"", "iss" },
        { "iss", "\"HTTPS://auth.example\"", "iss" },
        { "iss", "[\"" ISSUER "\"]", "claims" },
        { "iss", "null", "claims" },
        { "aud", NULL, "claims" },
        { "aud", "\"\"", "claims" },
        { "aud", "\"*\"", "aud" },
        { "aud", "[]", "claims" },
        { "aud", "[\"" AUDIENCE "\"]", "claims" },
        { "aud", "\"https://other.example\"", "aud" },
        { "aud", "1", "claims" },
        { "aud", "{\"0\":\"" AUDIENCE "\"}", "claims" },
        { "sub", NULL, "claims" },
        { "sub", "\"\"", "claims" },
        { "sub", "\"admin\"", "claims" },
        { "sub", "null", "claims" },
        { "sub", "\"" USER "\\u0000x\"", "malformed" },
        { "sub", "\"' OR 1=1 --\"", "claims" },
        { "sub", "1", "claims" },
        { "exp", NULL, "claims" },
        { "exp", "null", "claims" },
        { "exp", "\"1763691300\"", "claims" },
        { "exp", "1763691300.5", "claims" },
        { "exp", "true", "claims" },
        { "exp", "[1763691300]", "claims" },
        { "exp", "-1", "claims" },
        { "exp", "0", "claims" },
        { "exp", "9223372036854775807", "claims" },
        { "exp", "9223372036854775808", "claims" },
        { "exp", "18446744075473242916", "claims" },
        { "exp", "1763691300000", "claims" },
        { "exp", "1e99", "claims" },
        { "exp", "253402300799", NULL },
        { "exp", "253402300800", "claims" },
        { "nbf", NULL, "claims" },
        { "nbf", "\"tomorrow\"", "claims" },
        { "nbf", "1763690405", NULL },
        { "nbf", "1763690406", "nbf" },
        { "iat", NULL, "claims" },
        { "iat", "\"now\"", "claims" },
        { "iat", "1763690405", NULL },
        { "iat", "1763690406", "nbf" },
        { "iat", "1763691301", "claims" },
        { "jti", NULL, "claims" },
        { "jti", "\"\"", "claims" },
        { "jti", "7", "claims" },
        { "sid", NULL, "claims" },
        { "sid", "\"x\"", "claims" },
        { "tv", NULL, "claims" },
        { "tv", "-1", "claims" },
        { "tv", "\"3\"", "claims" },
        { "tv", "3.0", "claims" },
        { "role", NULL, "claims" },
        { "role", "[]", "claims" },
        { "roles", NULL, "claims" },
        { "roles", "\"admin\"", "claims" },
        { "roles", "[1]", "claims" },
        { "roles", "[\"admin\",[]]", "claims" },
        { "roles", "[]", NULL },
        { "scope", NULL, "claims" },
        { "scope", "[\"users:read\"]", "claims" },
        { "amr", NULL, "claims" },
        { "amr", "{}", "claims" },
        { "acr", NULL, "claims" },
        { "acr", "1", "claims" },
        { "auth_time", NULL, "claims" },
        { "auth_time", "\"1\"", "claims" },
        { "email", NULL, NULL },
        { "email", "1", "claims" },
        { "email", "null", "claims" },
        { "tv", "3,\"sub\":\"" USER "\"", "malformed" },
        { "tv", "3,\"\\u0073ub\":\"" USER "\"", "malformed" },
        { "tv", "3,\"x\":{\"y\":[1,2]}", NULL },
        { "tv", "3,\"x\":\"\\ud800\"", "malformed" },
        { "tv", "03", "malformed" },
        { "tv", "3}", "malformed" },
    };
    AUTO(desk) struct desk desk = desk_new();
    const struct str header = with_kid(&desk, HEADER);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct str token = signed_with(&desk, header, with_claim(&desk, rows[i].claim, rows[i].value));
        if (rows[i].check == NULL)
            CHECK_TAKEN(&desk, token);
        else
            CHECK_REFUSED(&desk, token, rows[i].check);
    }
}

TEST(jwt_check, reads_a_name_that_is_written_with_escapes)
{
    AUTO(desk) struct desk desk = desk_new();
    const struct str payload = good_payload(&desk);
    size_t at;
    CHECK(str_find(payload, STR("\"sub\""), &at));
    const struct str head = str_slice(payload, 0, at), tail = str_slice(payload, at + 5, payload.len);
    CHECK_TAKEN(&desk, signed_with(&desk, with_kid(&desk, HEADER),
                                   arena_printf(desk.mem, "%.*s\"\\u0073ub\"%.*s", STR_ARG(head), STR_ARG(tail))));
}

TEST(jwt_check, refuses_a_payload_that_is_no_object)
{
    static const struct str payloads[] = { STR(""),     STR("hello"), STR("[]"), STR("\"x\""),
                                           STR("null"), STR("1"),     STR("{") };
    AUTO(desk) struct desk desk = desk_new();
    for (size_t i = 0; i < COUNT(payloads); i++)
        CHECK_REFUSED(&desk, signed_with(&desk, with_kid(&desk, HEADER), payloads[i]), "malformed");
}

TEST(jwt_check, believes_nothing_before_the_signature)
{
    AUTO(desk) struct desk desk = desk_new(), attacker = desk_new();
    CHECK_REFUSED(&desk, signed_with(&attacker, with_kid(&desk, HEADER), STR("hello")), "bad_sig");
    CHECK_REFUSED(
        &desk, signed_with(&attacker, with_kid(&desk, "{\"alg\":\"ES256\",\"typ\":\"x\",\"kid\":\"KID\"}"), STR("{}")),
        "bad_sig");
}

TEST(jwt_check, ends_a_token_at_its_second)
{
    AUTO(desk) struct desk desk = desk_new();
    const struct str token = good_token(&desk);
    desk.visit.now_us = (NOW + 899) * SECOND_US + 999999;
    CHECK_TAKEN(&desk, token);
    desk.visit.now_us = (NOW + 900) * SECOND_US;
    CHECK_REFUSED(&desk, token, "exp");
    desk.visit.now_us = (NOW + 901) * SECOND_US;
    CHECK_REFUSED(&desk, token, "exp");
    desk.visit.now_us = (NOW - JWT_LEEWAY_S) * SECOND_US;
    CHECK_TAKEN(&desk, token);
    desk.visit.now_us = (NOW - JWT_LEEWAY_S - 1) * SECOND_US;
    CHECK_REFUSED(&desk, token, "nbf");
}

TEST(jwt_decode, shows_a_token_that_nobody_would_take)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct str header, payload;
    CHECK_OK(jwt_decode(mem, STR("eyJhbGciOiJub25lIn0.eyJhIjoxfQ."), &header, &payload));
    CHECK_STR(STR("{\"alg\":\"none\"}"), header);
    CHECK_STR(STR("{\"a\":1}"), payload);
}

TEST(jwt_decode, refuses_what_is_no_token)
{
    static const struct str refused[] = { STR(""),
                                          STR("a.b"),
                                          STR("a.b.c.d"),
                                          STR("eyJhIjoxfQ.eyJhIjoxfQ"),
                                          STR("eyJhIjoxfQ=.eyJhIjoxfQ."),
                                          STR("aGVsbG8.eyJhIjoxfQ."),
                                          STR("eyJhIjoxfQ.aGVsbG8."),
                                          STR("..") };
    AUTO(arena) struct arena *mem = arena_new();
    struct str header = STR("untouched"), payload = STR("untouched");
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK_END(ERR_INVALID, jwt_decode(mem, refused[i], &header, &payload));
    CHECK_STR(STR("untouched"), header);
    CHECK_STR(STR("untouched"), payload);
}

RUN_TESTS(CASE(jwt_check, gives_back_the_key_that_a_token_is_bound_to),
          CASE(jwt_check, refuses_a_confirmation_that_it_does_not_know),
          CASE(jws_check, takes_the_example_of_rfc_7515_and_no_other_form_of_it),
          CASE(jws_read_header, counts_its_bytes), CASE(jwt_sign, writes_the_header_and_the_claims_of_the_contract),
          CASE(jwt_check, gives_back_the_same_of_a_token_that_it_knows),
          CASE(jwt_check, takes_a_token_that_it_knows_for_no_other_reader_and_no_other_kind),
          CASE(jwt_check, forgets_a_token_with_its_key),
          CASE(jwt_draft, lacks_nothing_but_its_signature_whatever_becomes_of_its_key),
          CASE(jwt_check, gives_back_what_was_signed),
          CASE(jwt_check, takes_a_token_without_email_name_roles_and_scope),
          CASE(jwt_check, takes_tokens_that_only_enrol_where_they_are_expected_and_nowhere_else),
          CASE(jwt_sign, refuses_what_jwt_check_would_refuse), CASE(jwt_sign, refuses_a_token_longer_than_its_bound),
          CASE(jwt_check, refuses_every_trick_of_the_header), CASE(jwt_check, refuses_every_other_form_of_a_good_token),
          CASE(jwt_check, refuses_tokens_past_its_bound_at_once), CASE(jwt_check, takes_a_token_of_exactly_its_bound),
          CASE(jwt_check, refuses_a_change_of_any_character),
          CASE(jwt_check, refuses_a_key_that_is_not_ours_even_under_our_kid),
          CASE(jwt_check, refuses_claims_that_are_wrong), CASE(jwt_check, reads_a_name_that_is_written_with_escapes),
          CASE(jwt_check, refuses_a_payload_that_is_no_object), CASE(jwt_check, believes_nothing_before_the_signature),
          CASE(jwt_check, ends_a_token_at_its_second), CASE(jwt_decode, shows_a_token_that_nobody_would_take),
          CASE(jwt_decode, refuses_what_is_no_token))
