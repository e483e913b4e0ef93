#include "support/test.h"
#include <pthread.h>
#include <stdatomic.h>
#include "base/why.h"
#include "crypto/base64url.h"
#include "crypto/random.h"
#include "json/read.h"
#include "token/keyring.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define NOW          INT64_C(1763690400000000)
#define DAY          INT64_C(86400000000)

static void __attribute__((constructor)) setup(void)
{
    crypto_setup();
    json_setup();
}

/* ---- rows, and a ring of them ---- */

struct bench {
    struct arena *mem;
    struct secret sealing;
    struct keyring *keys;
};

static struct bench bench_new(void)
{
    struct bench b = { .mem = arena_new(), .sealing = secret_new(32) };
    random_bytes(b.sealing.ptr, b.sealing.len);
    b.keys = keyring_new(&b.sealing);
    return b;
}

static void bench_drop(struct bench *b)
{
    keyring_drop(&b->keys);
    secret_drop(&b->sealing);
    arena_drop(&b->mem);
}

static struct signing_key_row row_of(struct bench *b, enum algorithm algorithm, int64_t active_at)
{
    struct signing_key_row row;
    CHECK_OK(key_make(b->mem, &b->sealing, algorithm, NOW - DAY, active_at, &row));
    return row;
}

/* Current, next and previous, as rows have them: the newest first. */
static void three(struct bench *b, struct signing_key_row rows[static 3])
{
    rows[0] = row_of(b, ALGORITHM_ES256, NOW + DAY);
    rows[1] = row_of(b, ALGORITHM_ES256, NOW - DAY);
    rows[2] = row_of(b, ALGORITHM_ES256, NOW - 2 * DAY);
    rows[1].retired_at = NOW + DAY, rows[1].expires_at = NOW + 2 * DAY;
    rows[2].retired_at = NOW - DAY, rows[2].expires_at = NOW + 1;
}

static struct str kid_now(struct bench *b, int64_t now_us)
{
    AUTO(key_hold) struct key_hold hold = { 0 };
    return keyring_hold(b->keys, now_us, &hold) == OK ? arena_copy(b->mem, hold.kid) : (struct str){ 0 };
}

/* Of the text "text", by that row's key whatever its moments. */
static struct signature signed_by(struct bench *b, struct signing_key_row row)
{
    AUTO(keyring) struct keyring *alone = keyring_new(&b->sealing);
    AUTO(key_hold) struct key_hold hold = { 0 };
    struct signature s;
    row.active_at = 0, row.retired_at = 0, row.expires_at = 0;
    CHECK_OK(keyring_fill(alone, &row, 1, NOW));
    CHECK_OK(keyring_hold(alone, NOW, &hold));
    CHECK_OK(key_hold_sign(&hold, STR("text"), &s));
    return s;
}

TEST(jwk_thumbprint, is_that_of_rfc_7638_for_each_kind)
{
    AUTO(arena) struct arena *mem = arena_new();
    static const struct {
        enum algorithm algorithm;
        struct str jwk, kid;
    } rows[] = {
        /* RFC 9449 4.1 and 6.1; RFC 8037 A.2 and A.3; RFC 7638 3.1 */
        { ALGORITHM_ES256,
          STR("{\"kty\":\"EC\",\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\","
              "\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\",\"crv\":\"P-256\"}"),
          STR("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I") },
        { ALGORITHM_EDDSA,
          STR("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"),
          STR("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k") },
        { ALGORITHM_RS256,
          STR("{\"kty\":\"RSA\",\"n\":"
              "\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS"
              "oc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
              "FDW2QvzqY368QQMicAtaSq"
              "zs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"
              "xBniIqbw0L"
              "s1jF44-csFCur-kEgU8awapJzKnqDKgw\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}"),
          STR("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs") },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct public_key key;
        AUTO(check_key) struct check_key *check = NULL;
        CHECK_OK(jwk_read(mem, rows[i].jwk, rows[i].algorithm, &key));
        CHECK_STR(rows[i].kid, jwk_thumbprint(mem, &key));
        CHECK_OK(check_key_make(&key, &check));
    }
}

TEST(jwk_read, refuses_other_keys_private_keys_and_other_uses)
{
#define X          "\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\""
#define Y          "\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\""
#define P256(more) "{\"kty\":\"EC\",\"crv\":\"P-256\"," X "," Y more "}"
    static const struct str refused[] = {
        STR(""),
        STR("[]"),
        STR("{}"),
        STR("{\"kty\":\"EC\",\"crv\":\"P-256\"," X "}"),
        STR("{\"kty\":\"EC\"," X "," Y "}"),
        STR("{\"crv\":\"P-256\"," X "," Y "}"),
        STR("{\"kty\":\"EC\",\"crv\":\"P-384\"," X "," Y "}"),
        STR("{\"kty\":\"OKP\",\"crv\":\"P-256\"," X "," Y "}"),
        STR("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\"," Y "}"),
        STR("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":1," Y "}"),
        STR("{\"kty\":\"EC\",\"crv\":\"P-256\"," X ",\"y\":\"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDB\"}"),
        STR("{\"kty\":\"EC\",\"crv\":\"P-256\"," X "," X "," Y "}"),
        STR(P256(",\"d\":\"AAAA\"")),
        STR(P256(",\"k\":\"AAAA\"")),
        STR(P256(",\"alg\":\"ES384\"")),
        STR(P256(",\"alg\":1")),
        STR(P256(",\"use\":\"enc\"")),
        STR(P256(",\"key_ops\":[\"sign\"]")),
        STR(P256(",\"key_ops\":[]")),
        STR(P256(",\"key_ops\":\"verify\"")),
    };
    AUTO(arena) struct arena *mem = arena_new();
    struct public_key key;
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK_END(ERR_INVALID, jwk_read(mem, refused[i], ALGORITHM_ES256, &key));
    CHECK_END(ERR_INVALID, jwk_read(mem, STR(P256("")), ALGORITHM_EDDSA, &key));
    CHECK_END(ERR_INVALID, jwk_read(mem, STR(P256("")), ALGORITHM_RS256, &key));
    CHECK_OK(jwk_read(mem,
                      STR(P256(",\"use\":\"sig\",\"alg\":\"ES256\",\"key_ops\":[\"sign\",\"verify\"],\"x\\u0000\":1")),
                      ALGORITHM_ES256, &key) == ERR_INVALID
                 ? OK
                 : ERR_INTERNAL); /* a NUL in a name */
    CHECK_OK(jwk_read(mem, STR(P256(",\"use\":\"sig\",\"alg\":\"ES256\",\"key_ops\":[\"verify\"],\"kid\":\"a\"")),
                      ALGORITHM_ES256, &key));
}

TEST(key_state, follows_the_moments_of_the_row)
{
    struct signing_key_row row = { .active_at = 10 };
    CHECK(key_state(&row, 9) == KEY_NEXT && key_state(&row, 10) == KEY_CURRENT && key_state(&row, NOW) == KEY_CURRENT);
    row.retired_at = 20, row.expires_at = 30;
    CHECK(key_state(&row, 19) == KEY_CURRENT && key_state(&row, 20) == KEY_PREVIOUS &&
          key_state(&row, 29) == KEY_PREVIOUS);
    CHECK(key_state(&row, 30) == KEY_EXPIRED);
    row.revoked_at = 5;
    CHECK(key_state(&row, 9) == KEY_REVOKED && key_state(&row, 31) == KEY_REVOKED);
}

TEST(keyring_hold, goes_from_key_to_key_by_the_clock)
{
    AUTO(bench) struct bench b = bench_new();
    struct signing_key_row rows[3];
    three(&b, rows);
    CHECK(!keyring_ready(b.keys, NOW));
    CHECK_OK(keyring_fill(b.keys, rows, 3, NOW));
    CHECK(keyring_ready(b.keys, NOW));
    CHECK_STR(rows[1].kid, kid_now(&b, NOW));
    CHECK_STR(rows[1].kid, kid_now(&b, NOW + DAY - 1));
    CHECK_STR(rows[0].kid, kid_now(&b, NOW + DAY));
    CHECK_STR(rows[0].kid, kid_now(&b, NOW + 400 * DAY));
}

/* The node that revoked the one before has a clock that is ahead of ours. */
TEST(keyring_hold, does_not_leave_nobody_to_sign_while_a_clock_is_behind)
{
    AUTO(bench) struct bench b = bench_new();
    struct signing_key_row rows[] = { row_of(&b, ALGORITHM_ES256, NOW + 2), row_of(&b, ALGORITHM_ES256, NOW - DAY) };
    rows[1].revoked_at = NOW + 2;
    CHECK_OK(keyring_fill(b.keys, rows, 2, NOW));
    CHECK_STR(rows[0].kid, kid_now(&b, NOW));
}

TEST(keyring_check, takes_next_current_and_previous_until_each_has_expired)
{
    AUTO(bench) struct bench b = bench_new();
    struct signing_key_row rows[3];
    three(&b, rows);
    CHECK_OK(keyring_fill(b.keys, rows, 3, NOW));
    for (size_t i = 0; i < 3; i++) {
        const struct signature s = signed_by(&b, rows[i]);
        CHECK_OK(keyring_check(b.keys, NOW, rows[i].kid, STR("ES256"), STR("text"), &s));
        CHECK_END(ERR_DENIED, keyring_check(b.keys, NOW, rows[i].kid, STR("ES256"), STR("test"), &s));
        CHECK_END(ERR_DENIED, keyring_check(b.keys, NOW, rows[(i + 1) % 3].kid, STR("ES256"), STR("text"), &s));
        CHECK_END(ERR_CONFLICT, keyring_check(b.keys, NOW, rows[i].kid, STR("RS256"), STR("text"), &s));
        CHECK_END(ERR_CONFLICT, keyring_check(b.keys, NOW, rows[i].kid, STR("none"), STR("text"), &s));
        CHECK_END(ERR_CONFLICT, keyring_check(b.keys, NOW, rows[i].kid, STR(""), STR("text"), &s));
        CHECK_END(i == 2 ? ERR_MISSING : OK,
                  keyring_check(b.keys, NOW + 1, rows[i].kid, STR("ES256"), STR("text"), &s));
    }
    const struct signature s = signed_by(&b, rows[0]);
    CHECK_END(ERR_MISSING, keyring_check(b.keys, NOW, STR("x"), STR("ES256"), STR("text"), &s));
    CHECK_END(ERR_MISSING, keyring_check(b.keys, NOW, str_slice(rows[0].kid, 0, 42), STR("ES256"), STR("text"), &s));
    CHECK_END(ERR_MISSING, keyring_check(b.keys, NOW, STR(""), STR("ES256"), STR("text"), &s));
}

TEST(keyring_check, lets_nothing_pass_by_a_good_signature)
{
    AUTO(bench) struct bench b = bench_new();
    struct signing_key_row row = row_of(&b, ALGORITHM_ES256, NOW - DAY);
    const struct signature s = signed_by(&b, row);
    CHECK_OK(keyring_fill(b.keys, &row, 1, NOW));
    for (int round = 0; round < 2; round++) {
        struct signature shorter = s, other = s;
        CHECK_OK(keyring_check(b.keys, NOW, row.kid, STR("ES256"), STR("text"), &s));
        CHECK_END(ERR_DENIED, keyring_check(b.keys, NOW, row.kid, STR("ES256"), STR("texts"), &s));
        CHECK_END(ERR_DENIED, keyring_check(b.keys, NOW, row.kid, STR("ES256"), STR(""), &s));
        other.is[63] ^= 1;
        CHECK_END(ERR_DENIED, keyring_check(b.keys, NOW, row.kid, STR("ES256"), STR("text"), &other));
        shorter.len--;
        CHECK_END(ERR_INVALID, keyring_check(b.keys, NOW, row.kid, STR("ES256"),
                                             arena_printf(b.mem, "%ctext", (char)s.is[63]), &shorter));
    }
}

TEST(keyring_fill, forgets_a_revoked_key_while_who_holds_it_goes_on)
{
    AUTO(bench) struct bench b = bench_new();
    AUTO(key_hold) struct key_hold held = { 0 };
    struct signing_key_row rows[3];
    struct signature s;
    three(&b, rows);
    CHECK_OK(keyring_fill(b.keys, rows, 3, NOW));
    CHECK_OK(keyring_hold(b.keys, NOW, &held));
    rows[1].revoked_at = NOW, rows[1].sealed = (struct str){ 0 };
    rows[0].active_at = NOW;
    CHECK_OK(keyring_fill(b.keys, rows, 3, NOW));
    CHECK_STR(rows[0].kid, kid_now(&b, NOW));
    CHECK_OK(key_hold_sign(&held, STR("text"), &s));
    CHECK_END(ERR_MISSING, keyring_check(b.keys, NOW, rows[1].kid, STR("ES256"), STR("text"), &s));
    CHECK(!str_contains(keyring_jwks(b.keys, NOW, b.mem), rows[1].kid));
}

/* What is wrong with a row, and the word that the note has for it. */
TEST(keyring_fill, refuses_rows_that_were_changed_and_keeps_the_keys_it_has)
{
    AUTO(bench) struct bench b = bench_new();
    const struct signing_key_row good = row_of(&b, ALGORITHM_ES256, 1), other = row_of(&b, ALGORITHM_ES256, 1),
                                 ed = row_of(&b, ALGORITHM_EDDSA, 1);
    struct signing_key_row bad[10];
    for (size_t i = 0; i < COUNT(bad); i++)
        bad[i] = other;
    bad[0].public_jwk = good.public_jwk;
    bad[1].kid = good.kid;
    bad[2].sealed = good.sealed;
    bad[3].algorithm = STR("RS256");
    bad[4].algorithm = STR("none");
    bad[5].sealed = (struct str){ 0 };
    bad[6].sealed = STR("AAAA");
    bad[7].public_jwk = STR("{}");
    bad[8].public_jwk = ed.public_jwk;
    bad[9].kid = STR("short");
    CHECK_OK(keyring_fill(b.keys, &good, 1, NOW));
    for (size_t i = 0; i < COUNT(bad); i++) {
        const struct signing_key_row rows[] = { good, bad[i] };
        CHECK_END(ERR_INTERNAL, keyring_fill(b.keys, rows, 2, NOW));
        CHECK(str_contains(str_of(note_get()->text), bad[i].kid));
        CHECK_STR(good.kid, kid_now(&b, NOW));
    }
}

TEST(key_reseal, moves_a_key_to_another_key_and_no_changed_row)
{
    AUTO(bench) struct bench b = bench_new();
    AUTO(secret) struct secret other = secret_new(32);
    AUTO(keyring) struct keyring *keys = keyring_new(&other);
    struct signing_key_row row = row_of(&b, ALGORITHM_ES256, 1), bad = row;
    bad.algorithm = STR("EdDSA");
    CHECK_END(ERR_INTERNAL, key_reseal(b.mem, &b.sealing, &other, &bad));
    CHECK(str_contains(str_of(note_get()->text), row.kid));
    CHECK_STR(row.sealed, bad.sealed);
    CHECK_END(ERR_INTERNAL, key_reseal(b.mem, &other, &b.sealing, &row));
    CHECK_OK(key_reseal(b.mem, &b.sealing, &other, &row));
    CHECK_END(ERR_INTERNAL, keyring_fill(b.keys, &row, 1, NOW));
    CHECK_OK(keyring_fill(keys, &row, 1, NOW));
}

TEST(keyring_fill, refuses_keys_that_are_sealed_with_another_key)
{
    AUTO(bench) struct bench b = bench_new(), stranger = bench_new();
    const struct signing_key_row row = row_of(&stranger, ALGORITHM_ES256, 1);
    CHECK_END(ERR_INTERNAL, keyring_fill(b.keys, &row, 1, NOW));
    AUTO(keyring) struct keyring *looks = keyring_new(NULL);
    CHECK_OK(keyring_fill(looks, &row, 1, NOW)); /* who only checks unseals nothing */
    const struct signature s = signed_by(&stranger, row);
    CHECK_OK(keyring_check(looks, NOW, row.kid, STR("ES256"), STR("text"), &s));
    CHECK(!keyring_ready(looks, NOW));
}

TEST(keyring_fill, has_room_for_its_bound_and_no_more)
{
    AUTO(bench) struct bench b = bench_new();
    struct signing_key_row rows[KEYS_MAX + 2];
    for (size_t i = 0; i < COUNT(rows); i++) {
        rows[i] = row_of(&b, ALGORITHM_EDDSA, NOW - 2);
        rows[i].retired_at = NOW - 1, rows[i].expires_at = NOW + DAY;
    }
    rows[KEYS_MAX].expires_at = NOW; /* expired ones do not count */
    CHECK_OK(keyring_fill(b.keys, rows, KEYS_MAX + 1, NOW));
    CHECK_END(ERR_INTERNAL, keyring_fill(b.keys, rows, KEYS_MAX + 2, NOW));
}

TEST(keyring_jwks, shows_the_public_halves_and_nothing_else)
{
    AUTO(bench) struct bench b = bench_new();
    static const enum algorithm all[] = { ALGORITHM_ES256, ALGORITHM_EDDSA, ALGORITHM_RS256, ALGORITHM_PS256 };
    static const char *const kinds[] = { "EC", "OKP", "RSA", "RSA" };
    static const size_t members[] = { 7, 6, 6, 6 };
    struct signing_key_row rows[COUNT(all)];
    struct json *tree = NULL;
    for (size_t i = 0; i < COUNT(all); i++)
        rows[i] = row_of(&b, all[i], 1);
    CHECK_OK(keyring_fill(b.keys, rows, COUNT(all), NOW));
    CHECK_OK(json_tree(keyring_jwks(b.keys, NOW, b.mem), &tree));
    CHECK_INT(COUNT(all), json_size(json_get(tree, "keys")));
    for (size_t i = 0; i < COUNT(all); i++) {
        const struct json *key = json_at(json_get(tree, "keys"), i);
        struct str kid = { 0 }, kty = { 0 }, alg = { 0 }, use = { 0 };
        CHECK(json_get_str(key, "kid", &kid) && json_get_str(key, "kty", &kty));
        CHECK(json_get_str(key, "alg", &alg) && json_get_str(key, "use", &use));
        CHECK_INT(members[i], json_size(key));
        CHECK_STR(rows[i].kid, kid);
        CHECK_STR(str_of(kinds[i]), kty);
        CHECK_STR(str_of(algorithm_name(all[i])), alg);
        CHECK_STR(STR("sig"), use);
        CHECK(json_get(key, "d") == NULL);
    }
    json_tree_drop(&tree);
    AUTO(keyring) struct keyring *none = keyring_new(NULL);
    CHECK_STR(STR("{\"keys\":[]}"), keyring_jwks(none, NOW, b.mem));
}

/* One fills with either of two keys, others sign and check with whatever there is. */
struct race {
    struct keyring *keys;
    struct signing_key_row rows[2];
    atomic_bool over;
    atomic_int wrong, done;
};

static void *work(void *with)
{
    struct race *race = with;
    while (!race->over) {
        AUTO(key_hold) struct key_hold hold = { 0 };
        struct signature s;
        if (keyring_hold(race->keys, NOW, &hold) != OK || key_hold_sign(&hold, STR("text"), &s) != OK) {
            race->wrong++;
            continue;
        }
        const enum err end = keyring_check(race->keys, NOW, hold.kid, STR("EdDSA"), STR("text"), &s);
        race->wrong += end != OK && end != ERR_MISSING; /* another is there by now */
        race->done++;
    }
    return NULL;
}

TEST(keyring_fill, never_shows_half_a_ring_to_who_signs_meanwhile)
{
    AUTO(bench) struct bench b = bench_new();
    struct race race = { .keys = b.keys };
    pthread_t threads[4];
    for (size_t i = 0; i < 2; i++)
        race.rows[i] = row_of(&b, ALGORITHM_EDDSA, 1);
    CHECK_OK(keyring_fill(b.keys, &race.rows[0], 1, NOW));
    for (size_t i = 0; i < COUNT(threads); i++)
        CHECK_INT(0, pthread_create(&threads[i], NULL, work, &race));
    for (int i = 0; i < 300 || race.done < 300; i++)
        CHECK_OK(keyring_fill(b.keys, &race.rows[i % 2], 1, NOW));
    race.over = true;
    for (size_t i = 0; i < COUNT(threads); i++)
        CHECK_INT(0, pthread_join(threads[i], NULL));
    CHECK_INT(0, race.wrong);
}

RUN_TESTS(CASE(jwk_thumbprint, is_that_of_rfc_7638_for_each_kind),
          CASE(jwk_read, refuses_other_keys_private_keys_and_other_uses),
          CASE(key_state, follows_the_moments_of_the_row), CASE(keyring_hold, goes_from_key_to_key_by_the_clock),
          CASE(keyring_hold, does_not_leave_nobody_to_sign_while_a_clock_is_behind),
          CASE(keyring_check, takes_next_current_and_previous_until_each_has_expired),
          CASE(keyring_check, lets_nothing_pass_by_a_good_signature),
          CASE(keyring_fill, forgets_a_revoked_key_while_who_holds_it_goes_on),
          CASE(keyring_fill, refuses_rows_that_were_changed_and_keeps_the_keys_it_has),
          CASE(key_reseal, moves_a_key_to_another_key_and_no_changed_row),
          CASE(keyring_fill, refuses_keys_that_are_sealed_with_another_key),
          CASE(keyring_fill, has_room_for_its_bound_and_no_more),
          CASE(keyring_jwks, shows_the_public_halves_and_nothing_else),
          CASE(keyring_fill, never_shows_half_a_ring_to_who_signs_meanwhile))
