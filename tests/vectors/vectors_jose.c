/* Area jose of check-vectors: reads one vector file and prints, for each vector, what this service does with it.
 *
 * Taken: ES256, EdDSA, RS256 and PS256 in compact form.  All else is "unsupported", which is an answer and no failure.
 * Recipes (jwt-attacks.json) become tokens here, signed with keys of our own and with claims as the service issues
 * them. */
#include <fcntl.h>
#include <jansson.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/secret.h"
#include "crypto/base64url.h"
#include "json/write.h"
#include "token/jws.h"
#include "token/jwt.h"
#include "vectors/vectors.h"

#define NOW      INT64_C(1763690400)
#define ISSUER   "https://auth.example"
#define AUDIENCE "https://api.example"
#define SUBJECT  "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
#define SESSION  "0193a1b2-c3d4-7e5f-8a9b-aaaaaaaaaaaa"

/* ---- what is printed ---- */

static void say(const char *name, bool accepted, const char *reason)
{
    json_t *line = json_pack("{s:s, s:b, s:s}", "name", name, "accepted", (int)accepted, "reason", reason);
    char *text = line == NULL ? NULL : json_dumps(line, JSON_COMPACT | JSON_PRESERVE_ORDER);
    puts(text == NULL ? "{}" : text);
    free(text);
    json_decref(line);
}

static void say_end(const char *name, enum err end)
{
    say(name, end == OK, end == OK ? "" : note_get()->text);
}

static void unsupported(const char *name)
{
    say(name, false, "unsupported");
}

static struct str text_of(const json_t *value)
{
    return (struct str){ json_string_value(value), json_string_length(value) };
}

static bool is_text(const json_t *object, const char *name, const char *want)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) && str_equal(text_of(value), str_of(want));
}

/* ---- keys that vectors bring ---- */

/* The algorithm of a key, by its kind.  An RSA key serves either of two: as it says, or as the caller has it. */
static bool algorithm_of(const json_t *jwk, const enum algorithm *rsa, enum algorithm *out)
{
    const json_t *alg = json_object_get(jwk, "alg");
    const bool ec = is_text(jwk, "kty", "EC") && is_text(jwk, "crv", "P-256");
    const bool ed = is_text(jwk, "kty", "OKP") && is_text(jwk, "crv", "Ed25519");

    if (ec || ed) {
        *out = ec ? ALGORITHM_ES256 : ALGORITHM_EDDSA;
        return true;
    }
    if (!is_text(jwk, "kty", "RSA") || rsa == NULL)
        return false;
    *out = *rsa;
    return alg == NULL || algorithm_find(text_of(alg), out);
}

/* Some vectors give both halves. */
static FALLIBLE key_of(struct arena *mem, const json_t *jwk, enum algorithm algorithm, struct check_key **out)
{
    static const char *const private[] = { "d", "p", "q", "dp", "dq", "qi", "oth" };
    json_t *open = json_copy((json_t *)(uintptr_t)jwk);
    struct public_key key;

    for (size_t i = 0; i < sizeof private / sizeof *private; i++)
        json_object_del(open, private[i]);
    char *text = json_dumps(open, JSON_COMPACT);
    json_decref(open);
    const enum err end = jwk_read(mem, arena_copy(mem, str_of(text)), algorithm, &key);
    free(text);
    TRY(end);
    return check_key_make(&key, out);
}

/* The first key of ours, of a key or a set of keys; NULL when there is none. */
static const json_t *ours_of(const json_t *key, const enum algorithm *rsa, enum algorithm *out)
{
    const json_t *keys = json_object_get(key, "keys"), *one;
    size_t i;

    json_array_foreach(keys, i, one) if (algorithm_of(one, rsa, out)) return one;
    return algorithm_of(key, rsa, out) ? key : NULL;
}

/* ---- signed texts ---- */

static FALLIBLE check_with(struct arena *mem, struct str token, const json_t *jwk, enum algorithm algorithm)
{
    AUTO(check_key) struct check_key *key = NULL;
    struct str payload;
    TRY(key_of(mem, jwk, algorithm, &key));
    return jws_check(mem, token, key, &payload);
}

/* Which of the two RSA algorithms a vector is about; NULL: one with another hash, which we do not have. */
static const enum algorithm *rsa_of(struct arena *mem, struct str token)
{
    static const enum algorithm plain = ALGORITHM_RS256, pss = ALGORITHM_PS256;
    struct jws jws;
    struct jws_header header;
    if (jws_split(token, &jws) != OK || jws_read_header(mem, &jws, &header) != OK)
        return &plain;
    if (str_equal(header.alg, STR("PS256")))
        return &pss;
    const bool other = header.alg.len == 5 && (str_ends(header.alg, STR("384")) || str_ends(header.alg, STR("512")));
    return other ? NULL : &plain;
}

static void check_jws(const char *name, const json_t *token, const json_t *key)
{
    AUTO(arena) struct arena *mem = arena_new();
    enum algorithm algorithm = ALGORITHM_ES256;
    const json_t *jwk = json_is_string(token) ? ours_of(key, rsa_of(mem, text_of(token)), &algorithm) : NULL;
    if (jwk == NULL)
        unsupported(name);
    else
        say_end(name, check_with(mem, text_of(token), jwk, algorithm));
}

static void check_plain_vector(const json_t *vector)
{
    const char *name = json_string_value(json_object_get(vector, "name"));
    const json_t *input = json_object_get(vector, "input");
    /* Claims by a policy of the caller's, and payloads that are sent apart, are nothing that the service does. */
    if (is_text(vector, "kind", "jws") && json_object_get(input, "detachedPayload") == NULL)
        check_jws(name, json_object_get(input, "token"), json_object_get(input, "key"));
    else
        unsupported(name);
}

/* ---- Wycheproof ---- */

static struct str hex_bytes(struct arena *mem, const json_t *value)
{
    const struct str text = text_of(value);
    char *bytes = arena_take(mem, text.len / 2 + 1);
    for (size_t i = 0; i + 1 < text.len; i += 2) {
        const char pair[3] = { text.ptr[i], text.ptr[i + 1], 0 };
        bytes[i / 2] = (char)strtoul(pair, NULL, 16);
    }
    return (struct str){ bytes, text.len / 2 };
}

static FALLIBLE take_bytes(struct str bytes, uint8_t *out, size_t room, size_t *len)
{
    if (bytes.len == 0 || bytes.len > room)
        return fail(ERR_INVALID, "%zu bytes", bytes.len);
    memcpy(out, bytes.ptr, bytes.len);
    *len = bytes.len;
    return OK;
}

static FALLIBLE signature_of(struct str bytes, bool der, struct signature *out)
{
    return der ? signature_from_der(bytes, out) : take_bytes(bytes, out->is, sizeof out->is, &out->len);
}

static FALLIBLE point_of(struct arena *mem, const json_t *group, struct public_key *out)
{
    const struct str point = hex_bytes(mem, json_object_get(json_object_get(group, "publicKey"), "uncompressed"));
    if (point.len != 65)
        return fail(ERR_INVALID, "key");
    memcpy(out->point.x, point.ptr + 1, 32);
    memcpy(out->point.y, point.ptr + 33, 32);
    return OK;
}

static FALLIBLE ed25519_of(struct arena *mem, const json_t *group, struct public_key *out)
{
    size_t len;
    return take_bytes(hex_bytes(mem, json_object_get(json_object_get(group, "publicKey"), "pk")), out->ed25519, 32,
                      &len);
}

/* They write a zero before a first bit that is set. */
static FALLIBLE number_of(struct arena *mem, const json_t *group, const char *name, uint8_t *out, size_t room,
                          size_t *len)
{
    struct str bytes = hex_bytes(mem, json_object_get(json_object_get(group, "publicKey"), name));
    while (bytes.len > 0 && bytes.ptr[0] == 0)
        bytes = str_slice(bytes, 1, bytes.len);
    return take_bytes(bytes, out, room, len);
}

static FALLIBLE rsa_key_of(struct arena *mem, const json_t *group, struct public_key *out)
{
    TRY(number_of(mem, group, "modulus", out->rsa.n, sizeof out->rsa.n, &out->rsa.n_len));
    return number_of(mem, group, "publicExponent", out->rsa.e, sizeof out->rsa.e, &out->rsa.e_len);
}

/* The groups of bare signatures that are ours; ES256 in two forms. */
static const struct bare_kind {
    const char *type;
    bool der;
    enum algorithm algorithm;
    FALLIBLE (*key)(struct arena *mem, const json_t *group, struct public_key *out);
} bare_kinds[] = {
    { "EcdsaVerify", true, ALGORITHM_ES256, point_of },
    { "EcdsaP1363Verify", false, ALGORITHM_ES256, point_of },
    { "EddsaVerify", false, ALGORITHM_EDDSA, ed25519_of },
    { "RsassaPkcs1Verify", false, ALGORITHM_RS256, rsa_key_of },
    { "RsassaPssVerify", false, ALGORITHM_PS256, rsa_key_of },
};

static const struct bare_kind *bare_kind_of(const json_t *group)
{
    const json_t *curve = json_object_get(json_object_get(group, "publicKey"), "curve");
    const json_t *hash = json_object_get(group, "sha");

    if ((hash != NULL && !is_text(group, "sha", "SHA-256")) ||
        (curve != NULL && !str_equal(text_of(curve), STR("secp256r1")) &&
         !str_equal(text_of(curve), STR("edwards25519"))))
        return NULL;
    for (size_t i = 0; i < sizeof bare_kinds / sizeof *bare_kinds; i++)
        if (is_text(group, "type", bare_kinds[i].type))
            return &bare_kinds[i];
    return NULL;
}

static FALLIBLE check_bare(struct arena *mem, const struct bare_kind *kind, const json_t *group, const json_t *test)
{
    AUTO(check_key) struct check_key *key = NULL;
    struct public_key open = { .algorithm = kind->algorithm };
    struct signature signature;

    TRY(kind->key(mem, group, &open));
    TRY(check_key_make(&open, &key));
    TRY(signature_of(hex_bytes(mem, json_object_get(test, "sig")), kind->der, &signature));
    return signature_check(key, hex_bytes(mem, json_object_get(test, "msg")), &signature);
}

static void check_wycheproof_test(const char *prefix, const json_t *group, const json_t *test)
{
    AUTO(arena) struct arena *mem = arena_new();
    const json_t *key = json_object_get(group, "public");
    const char *name =
        arena_printf(mem, "%s.tc%lld", prefix, (long long)json_integer_value(json_object_get(test, "tcId"))).ptr;
    const struct bare_kind *kind = bare_kind_of(group);

    if (kind != NULL)
        say_end(name, check_bare(mem, kind, group, test));
    else
        check_jws(name, json_object_get(test, "jws"), key != NULL ? key : json_object_get(group, "private"));
}

static void check_wycheproof(const json_t *file)
{
    const json_t *group, *test, *named = json_object_get(file, "algorithm");
    size_t i, j;

    json_array_foreach(json_object_get(file, "testGroups"), i, group)
    {
        const char *type = json_string_value(json_object_get(group, "type"));
        const char *prefix = named != NULL ? json_string_value(named) : type;
        json_array_foreach(json_object_get(group, "tests"), j, test) check_wycheproof_test(prefix, group, test);
    }
}

/* ---- recipes: the keys and the token that they start from ---- */

struct kitchen {
    struct arena *mem;
    struct keyring *keys;                /* two of them */
    struct sign_key *attacker, *retired; /* not in it */
    struct str kid, other_kid, attacker_kid, retired_kid, token;
    struct ec_point point;
    json_t *header, *payload; /* as the service issues them */
};

static void kitchen_drop(struct kitchen *k)
{
    json_decref(k->header);
    json_decref(k->payload);
    sign_key_drop(&k->attacker);
    sign_key_drop(&k->retired);
    keyring_drop(&k->keys);
    arena_drop(&k->mem);
}

static FALLIBLE fresh_key(struct arena *mem, struct sign_key **key, struct str *kid)
{
    TRY(sign_key_make(ALGORITHM_ES256, key));
    *kid = jwk_thumbprint(mem, sign_key_public(*key));
    return OK;
}

/* The first signs, the second only checks. */
static FALLIBLE open_two_keys(struct kitchen *k)
{
    AUTO(secret) struct secret sealing = secret_new(32);
    struct signing_key_row rows[2];
    struct public_key open;

    TRY(key_make(k->mem, &sealing, ALGORITHM_ES256, 0, 0, &rows[0]));
    TRY(key_make(k->mem, &sealing, ALGORITHM_ES256, 0, 0, &rows[1]));
    rows[1].retired_at = 1;
    rows[1].expires_at = INT64_MAX;
    k->keys = keyring_new(&sealing);
    TRY(keyring_fill(k->keys, rows, 2, NOW * SECOND_US));
    TRY(jwk_read(k->mem, rows[0].public_jwk, ALGORITHM_ES256, &open));
    k->kid = rows[0].kid;
    k->point = open.point;
    k->other_kid = rows[1].kid;
    return OK;
}

/* The name needs the two last letters of the alphabet, in which the two alphabets differ. */
static FALLIBLE issue(struct kitchen *k)
{
    struct str role = STR("user"), amr = STR("pwd"), header, payload;
    const struct jwt_claims claims = {
        .issuer = STR(ISSUER),
        .audience = STR(AUDIENCE),
        .subject = STR(SUBJECT),
        .token_id = STR(SESSION),
        .session = STR(SESSION),
        .issued_at = NOW,
        .not_before = NOW,
        .expires_at = NOW + 900,
        .auth_time = NOW,
        .role = role,
        .roles = { &role, 1 },
        .amr = { &amr, 1 },
        .scope = STR(""),
        .acr = STR("aal1"),
        .email = STR("alice@example.com"),
        .name = STR("a>>>~~~?~~~"),
    };
    const struct visit visit = { .mem = k->mem, .now_us = NOW * SECOND_US };
    TRY(jwt_sign(k->keys, &visit, &claims, &k->token));
    TRY(jwt_decode(k->mem, k->token, &header, &payload));
    k->header = json_loadb(header.ptr, header.len, 0, NULL);
    k->payload = json_loadb(payload.ptr, payload.len, 0, NULL);
    return k->header != NULL && k->payload != NULL ? OK : fail(ERR_INTERNAL, "no token to start from");
}

static FALLIBLE kitchen_open(struct kitchen *k)
{
    *k = (struct kitchen){ .mem = arena_new() };
    TRY(open_two_keys(k));
    TRY(fresh_key(k->mem, &k->attacker, &k->attacker_kid));
    TRY(fresh_key(k->mem, &k->retired, &k->retired_kid));
    return issue(k);
}

/* ---- recipes: ${...} and <...> ---- */

static struct str coordinate(struct kitchen *k, const uint8_t is[static 32])
{
    return base64url_encode(k->mem, (struct str){ (const char *)is, 32 });
}

static struct str jwk_text(struct kitchen *k, const struct ec_point *point, struct str kid)
{
    return arena_printf(k->mem, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%.*s\",\"y\":\"%.*s\",\"kid\":\"%.*s\"}",
                        STR_ARG(coordinate(k, point->x)), STR_ARG(coordinate(k, point->y)), STR_ARG(kid));
}

static struct str attacker_jwk(struct kitchen *k)
{
    return jwk_text(k, &sign_key_public(k->attacker)->point, k->attacker_kid);
}

static struct str uncompressed(struct kitchen *k)
{
    struct buf out = buf_new(k->mem, 65);
    buf_add_char(&out, 4);
    buf_add(&out, (struct str){ (const char *)k->point.x, 32 });
    buf_add(&out, (struct str){ (const char *)k->point.y, 32 });
    return buf_str(&out);
}

/* SubjectPublicKeyInfo of a point of P-256 (RFC 5480 2): all but the point is the same for every key. */
static struct str spki(struct kitchen *k)
{
    static const char first[] = "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03"
                                "\x01\x07\x03\x42\x00";
    struct buf out = buf_new(k->mem, 91);
    buf_add(&out, (struct str){ first, sizeof first - 1 });
    buf_add(&out, uncompressed(k));
    return buf_str(&out);
}

static struct str pem(struct kitchen *k, const char *line_end)
{
    const struct str der = spki(k);
    uint8_t *text = arena_take(k->mem, der.len * 2);
    struct str rest = { (const char *)text, (size_t)EVP_EncodeBlock(text, (const uint8_t *)der.ptr, (int)der.len) };
    struct buf out = buf_new(k->mem, 256);
    buf_printf(&out, "-----BEGIN PUBLIC KEY-----%s", line_end);
    for (; rest.len > 0; rest = str_slice(rest, 64, rest.len))
        buf_printf(&out, "%.*s%s", STR_ARG(str_slice(rest, 0, 64)), line_end);
    buf_printf(&out, "-----END PUBLIC KEY-----%s", line_end);
    return buf_str(&out);
}

static struct str swapped_case(struct kitchen *k, struct str s)
{
    char *out = arena_take(k->mem, s.len);
    for (size_t i = 0; i < s.len; i++)
        out[i] = (char)(s.ptr[i] ^
                        ((s.ptr[i] >= 'a' && s.ptr[i] <= 'z') || (s.ptr[i] >= 'A' && s.ptr[i] <= 'Z') ? 0x20 : 0));
    return (struct str){ out, s.len };
}

/* NOW, NOW+3600, NOW+3600+2^64, (NOW+3600)*1000. */
static struct str moment(struct kitchen *k, struct str name)
{
    const char *text = arena_cstr(k->mem, name);
    char *rest;
    const bool bracket = *text == '(';
    __int128 value = NOW + strtoll(text + 3 + bracket, &rest, 10);
    char digits[40];
    size_t at = sizeof digits;

    if (strcmp(rest, "+2^64") == 0)
        value += (__int128)1 << 64;
    if (bracket)
        value *= strtoll(rest + 2, NULL, 10);
    for (; value > 0; value /= 10)
        digits[--at] = (char)('0' + (int)(value % 10));
    return arena_copy(k->mem, (struct str){ digits + at, sizeof digits - at });
}

static bool is_moment(struct str name)
{
    return str_starts(name, STR("NOW")) || str_starts(name, STR("(NOW"));
}

static struct str value_of(struct kitchen *k, struct str name)
{
    const struct {
        const char *name;
        struct str value;
    } rows[] = {
        { "ALG", STR("ES256") },
        { "ALG_LOWER", STR("es256") },
        { "TYP", STR("at+jwt") },
        { "TYP_UPPER", STR("AT+JWT") },
        { "ISS", STR(ISSUER) },
        { "AUD", STR(AUDIENCE) },
        { "SUB", STR(SUBJECT) },
        { "KID", k->kid },
        { "KID_SWAPCASE", swapped_case(k, k->kid) },
        { "OTHER_KID", k->other_kid },
        { "RETIRED_KID", k->retired_kid },
        { "ATTACKER_KID", k->attacker_kid },
        { "ATTACKER_JWK", attacker_jwk(k) },
        { "VALID_TOKEN", k->token },
        { "PUBLIC_JWK", jwk_text(k, &k->point, k->kid) },
        { "PUBLIC_JWK_JSON", jwk_text(k, &k->point, k->kid) },
        { "JWKS_JSON", keyring_jwks(k->keys, NOW * SECOND_US, k->mem) },
        { "PUBLIC_KEY_DER", spki(k) },
        { "PUBLIC_KEY_PEM", pem(k, "\n") },
        { "PUBLIC_KEY_PEM_CRLF", pem(k, "\r\n") },
        { "PUBLIC_KEY_UNCOMPRESSED_POINT", uncompressed(k) },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (str_equal(name, str_of(rows[i].name)))
            return rows[i].value;
    if (is_moment(name))
        return moment(k, name);
    die("a recipe asks for %.*s", STR_ARG(name));
}

/* repeat:TEXT:N, members:N, hex:.. ; false for what only looks like one. */
static bool generate(struct str order, struct buf *out)
{
    struct str part[3] = { { 0 } };
    for (size_t i = 0; i < 3; i++)
        str_split(&order, ':', &part[i]);
    int64_t count = 0;
    if (!str_to_int(part[2].ptr != NULL ? part[2] : part[1], 0, 1000000, &count))
        count = 0;
    if (str_equal(part[0], STR("repeat")))
        for (int64_t i = 0; i < count; i++)
            buf_add(out, part[1]);
    else if (str_equal(part[0], STR("members")))
        for (long i = 1; i <= count; i++)
            buf_printf(out, ",\"k%ld\":1", i);
    else
        return false;
    return true;
}

static struct str expand(struct kitchen *k, struct str text)
{
    struct buf out = buf_new(k->mem, 256);
    size_t end;
    while (text.len > 0) {
        const bool value = str_starts(text, STR("${"));
        const bool order =
            text.ptr[0] == '<' && str_find(text, STR(">"), &end) && generate(str_slice(text, 1, end), &out);
        if (value && str_find(text, STR("}"), &end))
            buf_add(&out, value_of(k, str_slice(text, 2, end)));
        else if (!order) {
            buf_add_char(&out, text.ptr[0]);
            end = 0;
        }
        text = str_slice(text, end + 1, text.len);
    }
    return buf_str(&out);
}

/* ---- recipes: header and payload ---- */

/* Text that stands for JSON as it is: a moment, a key, a number that the parser would not take. */
static bool stands_for_json(struct str text)
{
    return str_contains(text, STR("${NOW")) || str_contains(text, STR("${(NOW")) ||
           str_equal(text, STR("${ATTACKER_JWK}")) || str_equal(text, STR("${PUBLIC_JWK}"));
}

static void add_json(struct kitchen *k, struct buf *out, const json_t *value)
{
    if (json_is_string(value) && str_starts(text_of(value), STR("<raw:"))) {
        buf_add(out, str_slice(text_of(value), 5, json_string_length(value) - 1));
        return;
    }
    if (json_is_string(value) && stands_for_json(text_of(value))) {
        buf_add(out, expand(k, text_of(value)));
        return;
    }
    if (json_is_string(value)) {
        json_write_str(out, expand(k, text_of(value)));
        return;
    }
    if (json_is_array(value)) {
        const json_t *one;
        size_t i;
        buf_add_char(out, '[');
        json_array_foreach(value, i, one)
        {
            if (i > 0)
                buf_add_char(out, ',');
            add_json(k, out, one);
        }
        buf_add_char(out, ']');
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    buf_add(out, str_of(text));
    free(text);
}

static void add_member(struct kitchen *k, struct buf *out, const char *name, const json_t *value)
{
    if (json_is_string(value) && str_equal(text_of(value), STR("<absent>")))
        return;
    buf_add_char(out, out->len == 0 ? '{' : ',');
    json_write_str(out, str_of(name));
    buf_add_char(out, ':');
    add_json(k, out, value);
}

static struct str overridden(struct kitchen *k, json_t *issued, json_t *with)
{
    struct buf out = buf_new(k->mem, 512);
    const char *name;
    json_t *value;
    json_object_foreach(issued, name, value)
        add_member(k, &out, name, json_object_get(with, name) != NULL ? json_object_get(with, name) : value);
    json_object_foreach(with, name, value) if (json_object_get(issued, name) == NULL) add_member(k, &out, name, value);
    buf_add_char(&out, '}');
    return buf_str(&out);
}

static struct str part_of(struct kitchen *k, const json_t *construct, const char *name, const char *raw, json_t *issued)
{
    const json_t *text = json_object_get(construct, raw);
    if (json_is_string(text))
        return expand(k, text_of(text));
    return overridden(k, issued, json_object_get(construct, name));
}

/* ---- recipes: signing ---- */

static FALLIBLE hmac(struct kitchen *k, struct str secret, struct str header, struct str text, struct str *out)
{
    const EVP_MD *hash = str_contains(header, STR("HS384")) ? EVP_sha384() : EVP_sha256();
    uint8_t *tag = arena_take(k->mem, EVP_MAX_MD_SIZE);
    unsigned len = 0;
    if (HMAC(hash, secret.ptr, (int)secret.len, (const uint8_t *)text.ptr, text.len, tag, &len) == NULL)
        return fail(ERR_INTERNAL, "hmac");
    *out = (struct str){ (const char *)tag, len };
    return OK;
}

static FALLIBLE sign_own(struct kitchen *k, struct str text, struct signature *out)
{
    AUTO(key_hold) struct key_hold key = { 0 };
    TRY(keyring_hold(k->keys, NOW * SECOND_US, &key));
    return key_hold_sign(&key, text, out);
}

/* Ends: ERR_MISSING (a way of signing that we don't have). */
static FALLIBLE sign_as(struct kitchen *k, struct str how, struct str header, struct str text, struct str *out)
{
    struct signature *s = ARENA_NEW(k->mem, struct signature);

    *out = (struct str){ (const char *)s->is, ES256_BYTES };
    if (str_equal(how, STR("own")) || str_equal(how, STR("own-with-real-alg")))
        return sign_own(k, text, s);
    if (str_equal(how, STR("attacker")))
        return signature_sign(k->attacker, text, s);
    if (str_equal(how, STR("retired-key")))
        return signature_sign(k->retired, text, s);
    if (str_starts(how, STR("hmac:")))
        return hmac(k, expand(k, str_slice(how, 5, how.len)), header, text, out);
    out->len = 0;
    return str_equal(how, STR("empty")) ? OK : fail(ERR_MISSING, "no such way of signing");
}

/* ---- recipes: what is done to the finished token ---- */

struct segments {
    struct str of[3];
};

static struct segments cut(struct str token)
{
    struct segments s = { { { 0 } } };
    for (size_t i = 0; i < 3; i++)
        str_split(&token, '.', &s.of[i]);
    return s;
}

static struct str joined(struct kitchen *k, const struct segments *s)
{
    return arena_printf(k->mem, "%.*s.%.*s.%.*s", STR_ARG(s->of[0]), STR_ARG(s->of[1]), STR_ARG(s->of[2]));
}

static struct str together(struct kitchen *k, struct str a, struct str b)
{
    struct buf out = buf_new(k->mem, a.len + b.len + 1);
    buf_add(&out, a);
    buf_add(&out, b);
    return buf_str(&out);
}

static struct str replaced(struct kitchen *k, struct str s, char from, struct str to)
{
    struct buf out = buf_new(k->mem, s.len + 1);
    for (size_t i = 0; i < s.len; i++)
        buf_add(&out, s.ptr[i] == from ? to : (struct str){ s.ptr + i, 1 });
    return buf_str(&out);
}

/* One more in the last letter: a bit that belongs to no byte. */
static struct str with_stray_bit(struct kitchen *k, struct str text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *out = arena_take(k->mem, text.len);
    memcpy(out, text.ptr, text.len);
    out[text.len - 1] = letters[(strchr(letters, out[text.len - 1]) - letters) | 1];
    return (struct str){ out, text.len };
}

static struct str filled(struct kitchen *k, size_t len, int with)
{
    return (struct str){ memset(arena_take(k->mem, len), with, len), len };
}

/* On the bytes of a signature. */
static bool change_bytes(struct kitchen *k, struct str op, const json_t *step, struct str *bytes)
{
    const struct str hex = hex_bytes(k->mem, json_object_get(step, "hex"));
    const json_t *count = json_object_get(step, "count");
    const size_t cut_off = json_is_integer(count) ? (size_t)json_integer_value(count) : bytes->len / 2;

    if (str_equal(op, STR("truncate-bytes")))
        *bytes = str_slice(*bytes, 0, bytes->len - cut_off);
    else if (str_equal(op, STR("set-bytes")))
        *bytes = hex;
    else if (str_equal(op, STR("append-bytes")))
        *bytes = together(k, *bytes, hex);
    else if (str_equal(op, STR("prepend-bytes")))
        *bytes = together(k, hex, *bytes);
    else if (str_equal(op, STR("zero-bytes")))
        *bytes = filled(k, bytes->len, 0);
    else if (str_equal(op, STR("set-all-bytes")))
        *bytes = filled(k, bytes->len, hex.ptr[0]);
    else if (str_equal(op, STR("ecdsa-set")) && is_text(step, "spec", "r=0"))
        *bytes = together(k, filled(k, 32, 0), str_slice(*bytes, 32, 64));
    else if (str_equal(op, STR("ecdsa-set")) && is_text(step, "spec", "r and s swapped"))
        *bytes = together(k, str_slice(*bytes, 32, 64), str_slice(*bytes, 0, 32));
    else
        return false; /* r + n and s + n do not fit into 32 bytes */
    return true;
}

/* On the letters of one segment. */
static bool change_letters(struct kitchen *k, struct str op, const json_t *step, struct str *segment)
{
    const size_t at = (size_t)json_integer_value(json_object_get(step, "at"));
    const struct str text = text_of(json_object_get(step, "text")), before = *segment;
    const struct str head = str_slice(before, 0, at), tail = str_slice(before, at, before.len);

    if (str_equal(op, STR("to-standard-base64-alphabet")))
        *segment = replaced(k, replaced(k, before, '-', STR("+")), '_', STR("/"));
    else if (str_equal(op, STR("insert")))
        *segment = together(k, together(k, head, text), tail);
    else if (str_equal(op, STR("percent-encode-char")))
        *segment = arena_printf(k->mem, "%.*s%%%02X%.*s", STR_ARG(head), (unsigned char)before.ptr[at],
                                STR_ARG(str_slice(tail, 1, tail.len)));
    else if (str_equal(op, STR("set-unused-bits")))
        *segment = with_stray_bit(k, before);
    else if (str_equal(op, STR("append")))
        *segment = together(k, before, text);
    else if (str_equal(op, STR("set-segment")))
        *segment = text;
    else
        return false;
    return !str_equal(before, *segment); /* else the recipe has nothing to bite on */
}

static bool change_segment(struct kitchen *k, struct str op, const json_t *step, struct str *token)
{
    struct segments s = cut(*token);
    const struct str name = text_of(json_object_get(step, "segment"));
    struct str *segment = &s.of[str_equal(name, STR("header")) ? 0 : str_equal(name, STR("payload")) ? 1 : 2];
    struct str bytes;
    bool good = change_letters(k, op, step, segment);

    if (!good && base64url_decode(k->mem, *segment, &bytes) == OK && change_bytes(k, op, step, &bytes)) {
        *segment = base64url_encode(k->mem, bytes);
        good = true;
    }
    *token = together(k, together(k, together(k, s.of[0], STR(".")), together(k, s.of[1], STR("."))), s.of[2]);
    return good;
}

static void edit_claim(struct kitchen *k, const json_t *step, struct str *token)
{
    struct segments s = cut(*token);
    json_t *with = json_object();
    json_object_set(with, json_string_value(json_object_get(step, "claim")), json_object_get(step, "value"));
    s.of[1] = base64url_encode(k->mem, overridden(k, k->payload, with));
    json_decref(with);
    *token = joined(k, &s);
}

/* On the whole token; false when it is none of these. */
static bool change_token(struct kitchen *k, struct str op, const json_t *step, struct str *token)
{
    const struct str text = expand(k, text_of(json_object_get(step, "text")));
    const struct segments s = cut(*token);

    if (str_equal(op, STR("drop-last-dot")))
        *token = str_slice(*token, 0, token->len - s.of[2].len - 1);
    else if (str_equal(op, STR("keep-segments")))
        *token = s.of[0];
    else if (str_equal(op, STR("append-raw")))
        *token = together(k, *token, text);
    else if (str_equal(op, STR("prepend-raw")))
        *token = together(k, text, *token);
    else if (str_equal(op, STR("replace-all")))
        *token = text;
    else if (str_equal(op, STR("replace-dots")))
        *token = replaced(k, *token, '.', text);
    else if (str_equal(op, STR("replace-all-repeat")))
        *token = filled(k, (size_t)json_integer_value(json_object_get(step, "count")), text.ptr[0]);
    else if (str_equal(op, STR("to-flattened-json")))
        *token = arena_printf(k->mem, "{\"protected\":\"%.*s\",\"payload\":\"%.*s\",\"signature\":\"%.*s\"}",
                              STR_ARG(s.of[0]), STR_ARG(s.of[1]), STR_ARG(s.of[2]));
    else if (str_equal(op, STR("claim-edit-after-signing")))
        edit_claim(k, step, token);
    else
        return false;
    return true;
}

/* Ends: ERR_MISSING (needs what we don't have). */
static FALLIBLE cook(struct kitchen *k, const json_t *recipe, struct str *token)
{
    const json_t *construct = json_object_get(recipe, "construct"), *step;
    const struct str header = part_of(k, construct, "header", "headerRaw", k->header);
    const struct str payload = part_of(k, construct, "payload", "payloadRaw", k->payload);
    struct buf text =
        buf_new(k->mem, (header.len + payload.len) * 4 / 3 + 128); /* some are as big as an arena allows */
    struct str signature;
    size_t i;

    buf_add(&text, base64url_encode(k->mem, header));
    buf_add_char(&text, '.');
    buf_add(&text, base64url_encode(k->mem, payload));
    TRY(sign_as(k, text_of(json_object_get(construct, "sign")), header, buf_str(&text), &signature));
    buf_add_char(&text, '.');
    buf_add(&text, base64url_encode(k->mem, signature));
    *token = buf_str(&text);
    json_array_foreach(json_object_get(construct, "post"), i, step)
    {
        const struct str op = text_of(json_object_get(step, "op"));
        if (!change_token(k, op, step, token) && !change_segment(k, op, step, token))
            return fail(ERR_MISSING, "no such step, or nothing that it changes");
    }
    return OK;
}

static bool needs_met(const json_t *recipe)
{
    return json_object_get(recipe, "needs") == NULL || is_text(recipe, "needs", "EC signing key") ||
           is_text(recipe, "needs", "a retired signing key") || is_text(recipe, "needs", "two active keys");
}

static FALLIBLE check_recipe(const json_t *recipe)
{
    struct kitchen kitchen __attribute__((cleanup(kitchen_drop)));
    const struct jwt_expect expect = { .issuer = STR(ISSUER), .audience = STR(AUDIENCE) };
    struct jwt_claims claims;
    struct str token;

    TRY(kitchen_open(&kitchen));
    TRY(cook(&kitchen, recipe, &token));
    const struct visit visit = { .mem = kitchen.mem, .now_us = NOW * SECOND_US };
    return jwt_check(kitchen.keys, &visit, token, &expect, &claims);
}

/* A signature has no letter of the other alphabet one time in fifteen; then the recipe is cooked again. */
static void check_attack(const json_t *recipe)
{
    const char *name = json_string_value(json_object_get(recipe, "name"));
    enum err end = ERR_MISSING;
    for (int i = 0; i < 20 && end == ERR_MISSING && needs_met(recipe); i++)
        end = check_recipe(recipe);
    if (end == ERR_MISSING)
        unsupported(name);
    else
        say_end(name, end);
}

/* ---- the file ---- */

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Numbers past 18 digits become strings "<raw:...>": the parser would refuse the file for them. */
static struct str without_big_numbers(struct arena *mem, struct str text)
{
    struct buf out = buf_new(mem, text.len + 256);
    bool inside = false;
    for (size_t i = 0, len = 1; i < text.len; i += len, len = 1) {
        if (text.ptr[i] == '\\' && inside)
            len = 2;
        else if (text.ptr[i] == '"')
            inside = !inside;
        else if (!inside && digit(text.ptr[i]))
            while (digit(text.ptr[i + len]))
                len++;
        if (len > 18)
            buf_printf(&out, "\"<raw:%.*s>\"", (int)len, text.ptr + i);
        else
            buf_add(&out, str_slice(text, i, i + len));
    }
    return buf_str(&out);
}

static json_t *load(struct arena *mem, const char *path)
{
    struct stat st;
    FILE *file = fopen(path, "r");
    if (file == NULL || fstat(fileno(file), &st) != 0)
        return NULL;
    char *text = arena_take(mem, (size_t)st.st_size + 1);
    const size_t len = fread(text, 1, (size_t)st.st_size, file);
    fclose(file);
    const struct str ready = without_big_numbers(mem, (struct str){ text, len });
    return json_loadb(ready.ptr, ready.len, JSON_ALLOW_NUL, NULL);
}

int vectors_jose(const char *file)
{
    AUTO(arena) struct arena *mem = arena_new();
    json_t *all = load(mem, file);
    const json_t *vector;
    size_t i;

    if (all == NULL) {
        fprintf(stderr, "%s: no vector file\n", file);
        return 1;
    }
    if (json_is_object(all))
        check_wycheproof(all);
    json_array_foreach(all, i, vector)
    {
        if (json_object_get(vector, "construct") != NULL)
            check_attack(vector);
        else
            check_plain_vector(vector);
    }
    json_decref(all);
    return 0;
}
