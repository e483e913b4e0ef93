#include "support/test.h"
#include "base/buf.h"
#include "base/clock.h"
#include "crypto/base64url.h"
#include "crypto/random.h"
#include "crypto/signature.h"
#include "token/dpop.h"
#include "token/dpop_nonce.h"
#include "token/jwk.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define NOW          INT64_C(1763690400)
#define PLACE        "https://auth.example"
#define TOKEN        "an-access-token"

static void __attribute__((constructor)) setup(void)
{
    crypto_setup();
}

/* A client with its key, and the service that it calls. */
struct desk {
    struct arena *mem;
    struct sign_key *key;
    struct visit visit;
    struct mac_key nonce_key;
    struct str place;
    struct dpop_expect expect;
};

static struct desk *desk_new(void)
{
    struct arena *mem = arena_new();
    struct desk *desk = ARENA_NEW(mem, struct desk);
    *desk = (struct desk){ .mem = mem, .place = STR(PLACE), .visit = { .mem = mem, .now_us = NOW * SECOND_US } };
    CHECK_OK(sign_key_make(ALGORITHM_ES256, &desk->key));
    memset(&desk->nonce_key, 7, sizeof desk->nonce_key);
    desk->expect = (struct dpop_expect){
        .method = STR("POST"), .places = { &desk->place, 1 }, .path = STR("/login"), .nonce_key = &desk->nonce_key
    };
    return desk;
}

static void desk_drop(struct desk **desk)
{
    struct arena *mem = (*desk)->mem;
    sign_key_drop(&(*desk)->key);
    arena_drop(&mem);
}

static struct str encoded(struct desk *desk, const void *bytes, size_t len)
{
    return base64url_encode(desk->mem, (struct str){ bytes, len });
}

/* The text with KX, KY for the key and NONCE for a good nonce. */
static struct str filled(struct desk *desk, struct str text)
{
    const struct ec_point *point = &sign_key_public(desk->key)->point;
    const struct {
        struct str mark, value;
    } marks[] = { { STR("@KX"), encoded(desk, point->x, 32) },
                  { STR("@KY"), encoded(desk, point->y, 32) },
                  { STR("@NONCE"), dpop_nonce_now(desk->mem, &desk->nonce_key, NOW) } };
    for (size_t i = 0; i < COUNT(marks); i++) {
        size_t at;
        if (str_find(text, marks[i].mark, &at))
            text = arena_printf(desk->mem, "%.*s%.*s%.*s", (int)at, text.ptr, STR_ARG(marks[i].value),
                                STR_ARG(str_slice(text, at + marks[i].mark.len, text.len)));
    }
    return text;
}

static struct str signed_by(struct desk *desk, const struct sign_key *key, struct str header, struct str payload)
{
    struct signature s;
    const struct str head = base64url_encode(desk->mem, header), body = base64url_encode(desk->mem, payload);
    const struct str text = arena_printf(desk->mem, "%.*s.%.*s", STR_ARG(head), STR_ARG(body));
    CHECK_OK(signature_sign(key, text, &s));
    return arena_printf(desk->mem, "%.*s.%.*s", STR_ARG(text), STR_ARG(encoded(desk, s.is, s.len)));
}

#define JWK    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"@KX\",\"y\":\"@KY\"}"
#define HEADER "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":" JWK "}"
#define CLAIMS "\"jti\":\"one\",\"htm\":\"POST\",\"htu\":\"" PLACE "/login\",\"iat\":1763690400"

static struct str proof_of(struct desk *desk, struct str header, struct str payload)
{
    return signed_by(desk, desk->key, filled(desk, header), filled(desk, payload));
}

#define GOOD(desk)           proof_of((desk), STR(HEADER), STR("{" CLAIMS "}"))
#define SAYING(desk, claims) proof_of((desk), STR(HEADER), STR("{" claims "}"))
#define CHECK_REFUSED(end, word, desk, proof)                                                                          \
    do {                                                                                                               \
        struct dpop_proof out_ = { .good_until_us = 7 };                                                               \
        CHECK_END((end), dpop_check(&(desk)->visit, (proof), &(desk)->expect, &out_));                                 \
        CHECK_STR(STR(word), str_of(note_get()->text));                                                                \
        CHECK(out_.good_until_us == 7 && out_.jkt.ptr == NULL);                                                        \
    } while (0)
#define CHECK_TAKEN(desk, proof, out) CHECK_OK(dpop_check(&(desk)->visit, (proof), &(desk)->expect, (out)))

TEST(dpop_check, takes_a_proof_and_tells_its_key)
{
    AUTO(desk) struct desk *desk = desk_new();
    struct dpop_proof got;
    CHECK_TAKEN(desk, GOOD(desk), &got);
    CHECK_STR(jwk_thumbprint(desk->mem, sign_key_public(desk->key)), got.jkt);
    CHECK(got.good_until_us == (NOW + DPOP_WINDOW_S + 1) * SECOND_US && !got.nonce_fresh);
}

/* RFC 9449 4.1, figure 2; 6.1, figure 9. */
TEST(dpop_check, takes_the_example_of_the_standard)
{
    AUTO(desk) struct desk *desk = desk_new();
    struct dpop_proof got;
    const struct str proof = STR(
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscE"
        "Jo"
        "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19."
        "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwia"
        "WF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg");
    desk->visit.now_us = INT64_C(1562262616) * SECOND_US;
    desk->place = STR("https://server.example.com/");
    desk->expect.path = STR("/token");
    CHECK_TAKEN(desk, proof, &got);
    CHECK_STR(STR("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"), got.jkt);
}

TEST(dpop_check, tells_the_same_id_for_the_same_key_and_jti_only)
{
    AUTO(desk) struct desk *desk = desk_new();
    AUTO(desk) struct desk *other = desk_new();
    struct dpop_proof first, again, later, elsewhere;
    CHECK_TAKEN(desk, GOOD(desk), &first);
    CHECK_TAKEN(desk, GOOD(desk), &again); /* another signature */
    CHECK_TAKEN(desk, SAYING(desk, "\"jti\":\"two\",\"htm\":\"POST\",\"htu\":\"" PLACE "/login\",\"iat\":1763690400"),
                &later);
    CHECK_TAKEN(other, GOOD(other), &elsewhere);
    CHECK(digest_equal(&first.id, &again.id) && !digest_equal(&first.id, &later.id) &&
          !digest_equal(&first.id, &elsewhere.id));
}

TEST(dpop_check, refuses_what_is_no_proof)
{
    AUTO(desk) struct desk *desk = desk_new();
    const struct str good = GOOD(desk);
    const struct {
        struct str proof;
        const char *word;
    } rows[] = {
        { STR(""), "dpop_malformed" },
        { STR("."), "dpop_malformed" },
        { STR(".."), "dpop_malformed" },
        { STR("a.b.c"), "dpop_malformed" },
        { STR("a.b.c.d"), "dpop_malformed" },
        { str_slice(good, 1, good.len), "dpop_malformed" },
        { arena_printf(desk->mem, "%.*s.x", STR_ARG(good)), "dpop_malformed" },
        { arena_printf(desk->mem, " %.*s", STR_ARG(good)), "dpop_malformed" },
        { arena_printf(desk->mem, "%.*s=", STR_ARG(good)), "dpop_signature" },
        { arena_printf(desk->mem, "%.*s, %.*s", STR_ARG(good), STR_ARG(good)), "dpop_repeated" },
        { arena_printf(desk->mem, "%.*s,", STR_ARG(good)), "dpop_repeated" },
        { arena_printf(desk->mem, "%.*s%4096s", STR_ARG(good), "A"), "dpop_malformed" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct dpop_proof got;
        CHECK_END(ERR_INVALID, dpop_check(&desk->visit, rows[i].proof, &desk->expect, &got));
        CHECK_STR(str_of(rows[i].word), str_of(note_get()->text));
    }
}

TEST(dpop_check, refuses_a_header_that_is_not_exactly_right)
{
    AUTO(desk) struct desk *desk = desk_new();
#define H(more) STR("{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"," more "}")
#define K(more) H("\"jwk\":{" more "}")
#define EC      "\"kty\":\"EC\",\"crv\":\"P-256\""
#define XY      "\"x\":\"@KX\",\"y\":\"@KY\""
    const struct {
        struct str header;
        const char *word;
    } rows[] = {
        { STR("{}"), "dpop_typ" },
        { STR("[]"), "dpop_malformed" },
        { STR("{\"alg\":\"ES256\",\"jwk\":" JWK "}"), "dpop_typ" },
        { STR("{\"typ\":\"JWT\",\"alg\":\"ES256\",\"jwk\":" JWK "}"), "dpop_typ" },
        { STR("{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"jwk\":" JWK "}"), "dpop_typ" },
        { STR("{\"typ\":\"DPOP+JWT\",\"alg\":\"ES256\",\"jwk\":" JWK "}"), "dpop_typ" },
        { STR("{\"typ\":\"application/dpop+jwt\",\"alg\":\"ES256\",\"jwk\":" JWK "}"), "dpop_typ" },
        { STR("{\"typ\":7,\"alg\":\"ES256\",\"jwk\":" JWK "}"), "dpop_typ" },
        { STR("{\"typ\":\"dpop+jwt\",\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":" JWK "}"), "dpop_malformed" },
        { STR("{\"typ\":\"dpop+jwt\",\"jwk\":" JWK "}"), "dpop_alg" },
        { STR("{\"typ\":\"dpop+jwt\",\"alg\":\"none\",\"jwk\":" JWK "}"), "dpop_alg" },
        { STR("{\"typ\":\"dpop+jwt\",\"alg\":\"HS256\",\"jwk\":" JWK "}"), "dpop_alg" },
        { STR("{\"typ\":\"dpop+jwt\",\"alg\":\"ES384\",\"jwk\":" JWK "}"), "dpop_alg" },
        { STR("{\"typ\":\"dpop+jwt\",\"alg\":\"RS256\",\"jwk\":" JWK "}"), "dpop_alg" },
        { STR("{\"typ\":\"dpop+jwt\",\"alg\":\"EdDSA\",\"jwk\":" JWK "}"), "dpop_jwk" },
        { STR("{\"typ\":\"dpop+jwt\",\"alg\":\"es256\",\"jwk\":" JWK "}"), "dpop_alg" },
        { STR("{\"typ\":\"dpop+jwt\",\"alg\":[\"ES256\"],\"jwk\":" JWK "}"), "dpop_alg" },
        { H("\"kid\":\"x\""), "dpop_jwk" },
        { H("\"jwk\":null"), "dpop_jwk" },
        { H("\"jwk\":\"x\""), "dpop_jwk" },
        { H("\"jwk\":[" JWK "]"), "dpop_jwk" },
        { H("\"jwk\":" JWK ",\"jwk\":" JWK), "dpop_malformed" },
        { H("\"jwk\":" JWK ",\"crit\":[\"exp\"]"), "dpop_malformed" },
        { H("\"jwk\":" JWK ",\"b64\":false"), "dpop_malformed" },
        { H("\"jwk\":" JWK ",\"zip\":\"DEF\""), "dpop_malformed" },
        { H("\"jwk\":" JWK ",\"jku\":\"https://evil.example\""), "dpop_malformed" },
        { H("\"jwk\":" JWK ",\"x5c\":[]"), "dpop_malformed" },
        { K(""), "dpop_jwk" },
        { K(EC), "dpop_jwk" },
        { K(EC ",\"x\":\"@KX\""), "dpop_jwk" },
        { K(EC ",\"y\":\"@KY\""), "dpop_jwk" },
        { K("\"crv\":\"P-256\"," XY), "dpop_jwk" },
        { K("\"kty\":\"EC\"," XY), "dpop_jwk" },
        { K("\"kty\":\"ec\",\"crv\":\"P-256\"," XY), "dpop_jwk" },
        { K("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"@KX\""), "dpop_jwk" },
        { K("\"kty\":\"oct\",\"k\":\"@KX\""), "dpop_jwk" },
        { K("\"kty\":\"EC\",\"crv\":\"P-384\"," XY), "dpop_jwk" },
        { K("\"kty\":\"EC\",\"crv\":\"secp256k1\"," XY), "dpop_jwk" },
        { K(EC "," XY ",\"x\":\"@KX\""), "dpop_jwk" },
        { K(EC ",\"x\":\"@KX\",\"y\":\"@KX\""), "dpop_jwk" }, /* not on the curve */
        { K(EC ",\"x\":\"AA\",\"y\":\"@KY\""), "dpop_jwk" },
        { K(EC ",\"x\":\"@KX=\",\"y\":\"@KY\""), "dpop_jwk" },
        { K(EC ",\"x\":7,\"y\":\"@KY\""), "dpop_jwk" },
        { K(EC "," XY ",\"alg\":\"EdDSA\""), "dpop_jwk" },
        { K(EC "," XY ",\"use\":\"enc\""), "dpop_jwk" },
        { K(EC "," XY ",\"d\":\"AA\""), "dpop_jwk" },
        { K(EC "," XY ",\"d\":null"), "dpop_jwk" },
        { K(EC "," XY ",\"k\":\"AA\""), "dpop_jwk" },
        { K(EC "," XY ",\"p\":\"AA\""), "dpop_jwk" },
        { K(EC "," XY ",\"oth\":[]"), "dpop_jwk" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct dpop_proof got;
        const enum err end =
            dpop_check(&desk->visit, proof_of(desk, rows[i].header, STR("{" CLAIMS "}")), &desk->expect, &got);
        if (end != ERR_INVALID || !str_equal(str_of(rows[i].word), str_of(note_get()->text)))
            FAIL_WITH("%.*s: %s %s", STR_ARG(rows[i].header), err_name(end), note_get()->text);
    }
}

TEST(dpop_check, passes_over_header_members_that_mean_nothing_to_it)
{
    AUTO(desk) struct desk *desk = desk_new();
    struct dpop_proof got;
    CHECK_TAKEN(desk, proof_of(desk, H("\"kid\":\"x\",\"cty\":\"y\",\"jwk\":" JWK), STR("{" CLAIMS "}")), &got);
    CHECK_TAKEN(desk,
                proof_of(desk, K(EC "," XY ",\"alg\":\"ES256\",\"use\":\"sig\",\"kid\":\"k\""), STR("{" CLAIMS "}")),
                &got);
    CHECK_STR(jwk_thumbprint(desk->mem, sign_key_public(desk->key)),
              got.jkt); /* RFC 7638 3.2: of the required members alone */
}

TEST(dpop_check, takes_ed25519_under_both_of_its_names)
{
    AUTO(desk) struct desk *desk = desk_new();
    struct dpop_proof got;
    sign_key_drop(&desk->key);
    CHECK_OK(sign_key_make(ALGORITHM_EDDSA, &desk->key));
    const struct public_key *key = sign_key_public(desk->key);
    const struct str jwk = jwk_write(desk->mem, key);
    static const char *const names[] = { "EdDSA", "Ed25519" };
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct str header =
            arena_printf(desk->mem, "{\"typ\":\"dpop+jwt\",\"alg\":\"%s\",\"jwk\":%.*s}", names[i], STR_ARG(jwk));
        CHECK_TAKEN(desk, signed_by(desk, desk->key, header, STR("{" CLAIMS "}")), &got);
        CHECK_STR(jwk_thumbprint(desk->mem, key), got.jkt);
    }
    CHECK_REFUSED(
        ERR_INVALID, "dpop_jwk", desk,
        signed_by(desk, desk->key,
                  arena_printf(desk->mem, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%.*s}", STR_ARG(jwk)),
                  STR("{" CLAIMS "}")));
}

TEST(dpop_check, refuses_a_signature_of_another_key)
{
    AUTO(desk) struct desk *desk = desk_new();
    AUTO(desk) struct desk *thief = desk_new();
    const struct str good = GOOD(desk);
    struct str flipped = arena_copy(desk->mem, good);
    const struct str none = str_slice(good, 0, good.len - 86);
    char *letter = (char *)(uintptr_t)flipped.ptr + good.len - 20;
    *letter = *letter == 'A' ? 'B' : 'A'; /* another letter of base64url: a comma would make two headers of it */
    CHECK_REFUSED(ERR_INVALID, "dpop_signature", desk,
                  signed_by(desk, thief->key, filled(desk, STR(HEADER)), STR("{" CLAIMS "}")));
    CHECK_REFUSED(ERR_INVALID, "dpop_signature", desk, flipped);
    CHECK_REFUSED(ERR_INVALID, "dpop_signature", desk, none);
    CHECK_REFUSED(ERR_INVALID, "dpop_signature", desk, str_slice(good, 0, good.len - 2));
    CHECK_REFUSED(ERR_INVALID, "dpop_signature", desk,
                  arena_printf(desk->mem, "%.*s%86s", STR_ARG(none),
                               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
}

TEST(dpop_check, refuses_claims_that_are_not_exactly_right)
{
    AUTO(desk) struct desk *desk = desk_new();
#define JTI "\"jti\":\"one\","
#define HTM "\"htm\":\"POST\","
#define HTU "\"htu\":\"" PLACE "/login\","
#define IAT "\"iat\":1763690400"
    const struct {
        struct str payload;
        const char *word;
    } rows[] = {
        { STR(""), "dpop_malformed" },
        { STR("[]"), "dpop_malformed" },
        { STR("{" CLAIMS "} "
              "x"),
          "dpop_malformed" },
        { STR("{" JTI CLAIMS "}"), "dpop_malformed" },
        { STR("{}"), "dpop_claims" },
        { STR("{" HTM HTU IAT "}"), "dpop_claims" },
        { STR("{" JTI HTU IAT "}"), "dpop_claims" },
        { STR("{" JTI HTM IAT "}"), "dpop_claims" },
        { STR("{" JTI HTM HTU "\"x\":1}"), "dpop_claims" },
        { STR("{\"jti\":\"\"," HTM HTU IAT "}"), "dpop_claims" },
        { STR("{\"jti\":7," HTM HTU IAT "}"), "dpop_claims" },
        { STR("{\"jti\":null," HTM HTU IAT "}"), "dpop_claims" },
        { STR("{\"jti\":\"12345678901234567890123456789012345678901234567890123456789012345\"," HTM HTU IAT "}"),
          "dpop_claims" },
        { STR("{" JTI HTM HTU "\"iat\":\"1763690400\"}"), "dpop_claims" },
        { STR("{" JTI HTM HTU "\"iat\":1763690400.5}"), "dpop_claims" },
        { STR("{" JTI HTM HTU "\"iat\":null}"), "dpop_claims" },
        { STR("{" CLAIMS ",\"ath\":7}"), "dpop_claims" },
        { STR("{" CLAIMS ",\"nonce\":7}"), "dpop_claims" },
        { STR("{" CLAIMS ",\"exp\":1763690400}"), "dpop_claims" },
        { STR("{" CLAIMS ",\"exp\":\"never\"}"), "dpop_claims" },
        { STR("{" CLAIMS ",\"nbf\":1763690461}"), "dpop_claims" },
        { STR("{" JTI "\"htm\":\"GET\"," HTU IAT "}"), "dpop_htm" },
        { STR("{" JTI "\"htm\":\"post\"," HTU IAT "}"), "dpop_htm" },
        { STR("{" JTI "\"htm\":\"\"," HTU IAT "}"), "dpop_htm" },
        { STR("{" JTI HTM "\"htu\":\"\"," IAT "}"), "dpop_htu" },
        { STR("{" JTI HTM "\"htu\":\"/login\"," IAT "}"), "dpop_htu" },
        { STR("{" JTI HTM "\"htu\":\"" PLACE "/\"," IAT "}"), "dpop_htu" },
        { STR("{" JTI HTM "\"htu\":\"" PLACE "/login/\"," IAT "}"), "dpop_htu" },
        { STR("{" JTI HTM "\"htu\":\"" PLACE "/LOGIN\"," IAT "}"), "dpop_htu" },
        { STR("{" JTI HTM "\"htu\":\"" PLACE "/token/refresh\"," IAT "}"), "dpop_htu" },
        { STR("{" JTI HTM "\"htu\":\"http://auth.example/login\"," IAT "}"), "dpop_htu" },
        { STR("{" JTI HTM "\"htu\":\"https://auth.example:8443/login\"," IAT "}"), "dpop_htu" },
        { STR("{" JTI HTM "\"htu\":\"https://evil.example/login\"," IAT "}"), "dpop_htu" },
        { STR("{" JTI HTM "\"htu\":\"https://auth.example.evil.example/login\"," IAT "}"), "dpop_htu" },
        { STR("{" JTI HTM "\"htu\":\"https://x@auth.example/login\"," IAT "}"), "dpop_htu" },
        { STR("{" JTI HTM HTU "\"iat\":1763690339}"), "dpop_iat" },
        { STR("{" JTI HTM HTU "\"iat\":1763690461}"), "dpop_iat" },
        { STR("{" JTI HTM HTU "\"iat\":0}"), "dpop_iat" },
        { STR("{" JTI HTM HTU "\"iat\":-1763690400}"), "dpop_iat" },
        { STR("{" JTI HTM HTU "\"iat\":999999999999999999}"), "dpop_iat" },
        { STR("{" JTI HTM HTU "\"iat\":1763690400000}"), "dpop_iat" }, /* milliseconds */
        { STR("{" CLAIMS ",\"ath\":\"\"}"), "dpop_ath" },
        { STR("{" CLAIMS ",\"ath\":\"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU\"}"), "dpop_ath" },
        { STR("{" JTI HTM HTU "\"nonce\":\"@NONCE\",\"iat\":1763689799}"), "dpop_iat" },
        { STR("{" JTI HTM HTU "\"nonce\":\"@NONCE\",\"iat\":1763691001}"), "dpop_iat" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct dpop_proof got;
        const enum err end =
            dpop_check(&desk->visit, proof_of(desk, STR(HEADER), rows[i].payload), &desk->expect, &got);
        if (end != ERR_INVALID || !str_equal(str_of(rows[i].word), str_of(note_get()->text)))
            FAIL_WITH("%.*s: %s %s", STR_ARG(rows[i].payload), err_name(end), note_get()->text);
    }
}

TEST(dpop_check, takes_other_spellings_of_the_address_and_clocks_that_are_a_little_off)
{
    AUTO(desk) struct desk *desk = desk_new();
    struct dpop_proof got;
    static const struct str taken[] = {
        STR("{" JTI HTM "\"htu\":\"HTTPS://AUTH.example:443/%6cogin?x=/y#z\"," IAT "}"),
        STR("{" JTI HTM "\"htu\":\"https://auth.example/a/../login\"," IAT "}"),
        STR("{" JTI HTM "\"htu\":\"https:\\/\\/auth.example\\/login\"," IAT "}"),
        STR("{" JTI HTM HTU "\"iat\":1763690340}"),
        STR("{" JTI HTM HTU "\"iat\":1763690460}"),
        STR("{" CLAIMS ",\"exp\":1763690401,\"nbf\":1763690400,\"more\":{}}"),
        STR("{\"jti\":\"1234567890123456789012345678901234567890123456789012345678901234\"," HTM HTU IAT "}"),
    };
    for (size_t i = 0; i < COUNT(taken); i++)
        CHECK_TAKEN(desk, proof_of(desk, STR(HEADER), taken[i]), &got);
}

TEST(dpop_check, compares_with_every_place_and_its_base)
{
    AUTO(desk) struct desk *desk = desk_new();
    struct dpop_proof got;
    struct str places[] = { STR("https://other.example/base/"), STR(PLACE) };
    desk->expect.places = (struct strs){ places, 2 };
    CHECK_TAKEN(desk, GOOD(desk), &got);
    CHECK_TAKEN(desk, SAYING(desk, JTI HTM "\"htu\":\"https://other.example/base/login\"," IAT), &got);
    CHECK_REFUSED(ERR_INVALID, "dpop_htu", desk, SAYING(desk, JTI HTM "\"htu\":\"https://other.example/login\"," IAT));
    desk->expect.places.count = 0;
    CHECK_REFUSED(ERR_INVALID, "dpop_htu", desk, GOOD(desk));
}

TEST(dpop_check, binds_a_proof_to_the_access_token_beside_it)
{
    AUTO(desk) struct desk *desk = desk_new();
    struct dpop_proof got;
    const struct digest digest = digest_of(STR(TOKEN));
    const struct str ath = encoded(desk, digest.is, sizeof digest.is);
    const struct str with =
        proof_of(desk, STR(HEADER), arena_printf(desk->mem, "{" CLAIMS ",\"ath\":\"%.*s\"}", STR_ARG(ath)));
    CHECK_REFUSED(ERR_INVALID, "dpop_ath", desk, with);
    desk->expect.access_token = STR(TOKEN);
    CHECK_TAKEN(desk, with, &got);
    CHECK_REFUSED(ERR_INVALID, "dpop_ath", desk, GOOD(desk));
    desk->expect.access_token = STR(TOKEN "x");
    CHECK_REFUSED(ERR_INVALID, "dpop_ath", desk, with);
}

TEST(dpop_check, asks_for_a_nonce_when_one_is_due)
{
    AUTO(desk) struct desk *desk = desk_new();
    struct dpop_proof got;
    desk->expect.nonce_due = true;
    CHECK_REFUSED(ERR_EXPIRED, "dpop_nonce", desk, GOOD(desk));
    CHECK_REFUSED(ERR_EXPIRED, "dpop_nonce", desk, SAYING(desk, CLAIMS ",\"nonce\":\"\""));
    CHECK_REFUSED(ERR_EXPIRED, "dpop_nonce", desk, SAYING(desk, CLAIMS ",\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAA\""));
    CHECK_TAKEN(desk, SAYING(desk, CLAIMS ",\"nonce\":\"@NONCE\""), &got);
    CHECK(got.nonce_fresh && got.good_until_us > desk->visit.now_us);
}

TEST(dpop_check, takes_the_time_of_a_nonce_for_clocks_that_are_far_off)
{
    AUTO(desk) struct desk *desk = desk_new();
    struct dpop_proof got;
    CHECK_TAKEN(desk, SAYING(desk, JTI HTM HTU "\"nonce\":\"@NONCE\",\"iat\":1763689800"), &got);
    CHECK_TAKEN(desk, SAYING(desk, JTI HTM HTU "\"nonce\":\"@NONCE\",\"iat\":1763691000"), &got);
}

TEST(dpop_check, wants_a_good_nonce_where_one_is_given_though_none_is_due)
{
    AUTO(desk) struct desk *desk = desk_new();
    struct dpop_proof got;
    CHECK_TAKEN(desk, SAYING(desk, CLAIMS ",\"nonce\":\"@NONCE\""), &got);
    CHECK_REFUSED(ERR_EXPIRED, "dpop_nonce", desk, SAYING(desk, CLAIMS ",\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAA\""));
}

TEST(dpop_check, asks_for_a_nonce_when_the_proof_is_older_than_what_it_knows)
{
    AUTO(desk) struct desk *desk = desk_new();
    struct dpop_proof got;
    desk->expect.since_s = NOW;
    CHECK_TAKEN(desk, GOOD(desk), &got);
    desk->expect.since_s = NOW + 1;
    CHECK_REFUSED(ERR_EXPIRED, "dpop_nonce", desk, GOOD(desk));
    CHECK_TAKEN(desk, SAYING(desk, CLAIMS ",\"nonce\":\"@NONCE\""), &got);
}

TEST(dpop_nonce_good, takes_the_span_of_now_its_neighbours_and_no_other)
{
    AUTO(arena) struct arena *mem = arena_new();
    const struct mac_key key = { { 1 } }, other = { { 2 } };
    int64_t until = 0;
    bool fresh = false;
    const int64_t start = NOW / DPOP_NONCE_SPAN_S * DPOP_NONCE_SPAN_S, s = DPOP_NONCE_SPAN_S;
    const struct str nonce = dpop_nonce_now(mem, &key, start);
    CHECK_INT(22, nonce.len);
    CHECK_STR(nonce, dpop_nonce_now(mem, &key, start + s - 1));
    CHECK(!str_equal(nonce, dpop_nonce_now(mem, &key, start + s)));
    CHECK(dpop_nonce_good(&key, nonce, start, &until, &fresh) && fresh && until == start + 2 * s);
    CHECK(dpop_nonce_good(&key, nonce, start - 1, &until, &fresh) && fresh && until == start + 2 * s);
    CHECK(dpop_nonce_good(&key, nonce, start + 2 * s - 1, &until, &fresh) && !fresh && until == start + 2 * s);
    until = 7;
    CHECK(!dpop_nonce_good(&key, nonce, start + 2 * s, &until, &fresh));
    CHECK(!dpop_nonce_good(&key, nonce, start - s - 1, &until, &fresh));
    CHECK(!dpop_nonce_good(&other, nonce, start, &until, &fresh));
    CHECK(!dpop_nonce_good(&key, STR(""), start, &until, &fresh));
    CHECK(!dpop_nonce_good(&key, str_slice(nonce, 0, 21), start, &until, &fresh));
    CHECK_INT(7, until);
}

RUN_TESTS(CASE(dpop_check, takes_a_proof_and_tells_its_key), CASE(dpop_check, takes_the_example_of_the_standard),
          CASE(dpop_check, tells_the_same_id_for_the_same_key_and_jti_only), CASE(dpop_check, refuses_what_is_no_proof),
          CASE(dpop_check, refuses_a_header_that_is_not_exactly_right),
          CASE(dpop_check, passes_over_header_members_that_mean_nothing_to_it),
          CASE(dpop_check, takes_ed25519_under_both_of_its_names), CASE(dpop_check, refuses_a_signature_of_another_key),
          CASE(dpop_check, refuses_claims_that_are_not_exactly_right),
          CASE(dpop_check, takes_other_spellings_of_the_address_and_clocks_that_are_a_little_off),
          CASE(dpop_check, compares_with_every_place_and_its_base),
          CASE(dpop_check, binds_a_proof_to_the_access_token_beside_it),
          CASE(dpop_check, asks_for_a_nonce_when_one_is_due),
          CASE(dpop_check, takes_the_time_of_a_nonce_for_clocks_that_are_far_off),
          CASE(dpop_check, wants_a_good_nonce_where_one_is_given_though_none_is_due),
          CASE(dpop_check, asks_for_a_nonce_when_the_proof_is_older_than_what_it_knows),
          CASE(dpop_nonce_good, takes_the_span_of_now_its_neighbours_and_no_other))
