#include "support/test.h"
#include <pthread.h>
#include "base/secret.h"
#include "crypto/base64url.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/signature.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void __attribute__((constructor)) setup(void)
{
    crypto_setup();
}

/* ---- base64url ---- */

TEST(base64url, writes_and_reads_the_vectors_of_rfc_4648_without_padding)
{
    /* RFC 4648 10; the last two need the URL alphabet. */
    static const struct {
        struct str bytes, text;
    } vectors[] = {
        { { "", 0 }, { "", 0 } },
        { { "f", 1 }, { "Zg", 2 } },
        { { "fo", 2 }, { "Zm8", 3 } },
        { { "foo", 3 }, { "Zm9v", 4 } },
        { { "foob", 4 }, { "Zm9vYg", 6 } },
        { { "fooba", 5 }, { "Zm9vYmE", 7 } },
        { { "foobar", 6 }, { "Zm9vYmFy", 8 } },
        { { "\xfb\xff", 2 }, { "-_8", 3 } },
        { { "\0", 1 }, { "AA", 2 } },
    };
    AUTO(arena) struct arena *mem = arena_new();
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct str got;
        CHECK_STR(vectors[i].text, base64url_encode(mem, vectors[i].bytes));
        CHECK_OK(base64url_decode(mem, vectors[i].text, &got));
        CHECK_STR(vectors[i].bytes, got);
    }
}

TEST(base64url, refuses_all_that_is_not_canonical)
{
    static const struct str refused[] = {
        { "Z", 1 },          { "Zm9vY", 5 },     { "Zg==", 4 },    { "Zm8=", 4 },    { "=", 1 },
        { "Zh", 2 },         { "Zm9", 3 },       { "Z+", 2 },      { "Zm+v", 4 },    { "Zm/v", 4 },
        { "Zm9v\n", 5 },     { " Zm9v", 5 },     { "Zm 9v", 5 },   { "Zm9v ", 5 },   { "Zm\r\n9v", 6 },
        { "Zm9v\0", 5 },     { "\0", 1 },        { "Zm9v.", 5 },   { "Zm9v%3D", 7 }, { "Zm\xc3\xa9v", 5 },
        { "\xff\xff", 2 },   { "Zm9v,Zm9v", 9 }, { "Zm9vYg=", 7 }, { "Zm9vYh", 6 },  { "Zm9vYmF", 7 },
        { "\xa7h\xa7h", 4 },
    };
    AUTO(arena) struct arena *mem = arena_new();
    struct str got = STR("untouched");
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK_END(ERR_INVALID, base64url_decode(mem, refused[i], &got));
    CHECK_STR(STR("untouched"), got);
}

TEST(base64url, knows_64_characters_of_256)
{
    AUTO(arena) struct arena *mem = arena_new();
    const struct str letters = STR("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    for (int c = 0; c < 256; c++) {
        char text[4] = { 'A', 'A', 'A', (char)c };
        struct str got;
        const bool known = memchr(letters.ptr, c, letters.len) != NULL;
        for (size_t at = 0; at < 4; at++) {
            memset(text, 'A', sizeof text);
            text[at] = (char)c;
            CHECK_END(known ? OK : ERR_INVALID, base64url_decode(mem, (struct str){ text, 4 }, &got));
        }
    }
    for (size_t i = 0; i < letters.len; i++) {
        const char text[4] = { 'A', 'A', 'A', letters.ptr[i] };
        struct str got;
        CHECK_OK(base64url_decode(mem, (struct str){ text, 4 }, &got));
        CHECK_INT(i, (uint8_t)got.ptr[2]);
    }
}

TEST(base64url, gives_back_bytes_of_every_length)
{
    AUTO(arena) struct arena *mem = arena_new();
    char bytes[200];
    random_bytes(bytes, sizeof bytes);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        struct str got;
        CHECK_OK(base64url_decode(mem, base64url_encode(mem, (struct str){ bytes, len }), &got));
        CHECK_STR(((struct str){ bytes, len }), got);
    }
}

/* ---- digest ---- */

TEST(digest, is_sha_256)
{
    /* FIPS 180-4, the examples "abc" and the empty message. */
    static const struct digest abc = { { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                         0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                         0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad } };
    static const uint8_t nothing[] = { 0xe3, 0xb0, 0xc4, 0x42 };
    const struct digest got = digest_of(STR("abc")), empty = digest_of(STR("")), absent = digest_of((struct str){ 0 });
    CHECK(digest_equal(&abc, &got));
    CHECK(memcmp(nothing, empty.is, sizeof nothing) == 0);
    CHECK(digest_equal(&empty, &absent));
}

TEST(digest, differs_when_any_bit_does)
{
    const struct digest whole = digest_of(STR("abc"));
    for (size_t bit = 0; bit < 256; bit++) {
        struct digest other = whole;
        other.is[bit / 8] ^= (uint8_t)(1U << bit % 8);
        CHECK(!digest_equal(&whole, &other));
    }
}

TEST(short_hash, is_siphash_2_4_and_depends_on_its_key)
{
    /* SipHash paper, appendix A: key 00..0f, message 00..0e. */
    struct short_key key;
    char message[15];
    for (size_t i = 0; i < sizeof key.is; i++)
        key.is[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (char)i;
    const struct str bytes = { message, sizeof message };
    CHECK(short_hash(&key, bytes) == UINT64_C(0xa129ca6149be45e5));
    key.is[0] ^= 1;
    CHECK(short_hash(&key, bytes) != UINT64_C(0xa129ca6149be45e5));
}

TEST(digest, short_is_siphash_2_4_of_128_bits)
{
    /* vectors_sip128 of the reference implementation: key 00..0f, no message, and the message 00. */
    static const uint8_t none[] = { 0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
                                    0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93 };
    static const uint8_t zero[] = { 0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44,
                                    0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45 };
    struct short_key key;
    for (size_t i = 0; i < sizeof key.is; i++)
        key.is[i] = (uint8_t)i;
    struct short_digest of_none = short_digest_of(&key, STR("")),
                        of_zero = short_digest_of(&key, (struct str){ "\0", 1 });
    CHECK(memcmp(none, of_none.is, sizeof none) == 0);
    CHECK(memcmp(zero, of_zero.is, sizeof zero) == 0);
    key.is[0] ^= 1;
    of_none = short_digest_of(&key, STR(""));
    CHECK(memcmp(none, of_none.is, sizeof none) != 0);
}

/* ---- ids ---- */

TEST(uuid7, has_its_version_its_variant_and_its_time)
{
    char text[UUID_TEXT_MAX];
    uuid7(INT64_C(0x017F22E279B0) * 1000 + 500, text); /* the moment of RFC 9562 A.6, and half a millisecond */
    CHECK(strncmp(text, "017f22e2-79b0-7800-", 19) == 0);
    CHECK(strchr("89ab", text[19]) != NULL);
    CHECK(uuid_ok(str_of(text)));
}

TEST(uuid7, sorts_by_its_time_and_never_repeats)
{
    char before[UUID_TEXT_MAX], after[UUID_TEXT_MAX];
    uuid7(INT64_C(1763690400000000), before);
    for (int64_t us = 1; us < 3000; us++, memcpy(before, after, sizeof after)) {
        uuid7(INT64_C(1763690400000000) + us, after);
        CHECK(strcmp(before, after) < 0);
    }
    uuid7(INT64_C(1763690400000000), before);
    uuid7(INT64_C(1763690400000000), after);
    CHECK(strcmp(before, after) != 0);
}

TEST(uuid_ok, takes_only_the_lower_case_text_form)
{
    static const struct str refused[] = {
        STR(""),
        STR("0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5"),   /* 35 */
        STR("0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5bb"), /* 37 */
        STR("0193A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B"),
        STR("0193a1b2c-3d4-7e5f-8a9b-0c1d2e3f4a5b"),
        STR("0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5g"),
        STR("0193a1b2_c3d4_7e5f_8a9b_0c1d2e3f4a5b"),
        STR("0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5\0"),
        STR(" 193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"),
        STR("{193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5}"),
        STR("0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4\xc3\xa9"),
    };
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK(!uuid_ok(refused[i]));
    CHECK(!uuid_ok((struct str){ 0 }));
    CHECK(uuid_ok(STR("0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")));
}

/* ---- signatures ---- */

/* RFC 7515 A.3: the key, the text that is signed, the signature. */
static const struct ec_point rfc_point = {
    .x = { 127, 205, 206, 39, 112, 246, 196, 93, 65,  131, 203, 238, 111, 219, 75, 123,
           88,  7,   51,  53, 123, 233, 239, 19, 186, 207, 110, 60,  123, 209, 84, 69 },
    .y = { 199, 241, 68, 205, 27,  189, 155, 126, 135, 44, 223, 237, 185, 238, 185, 244,
           179, 105, 93, 110, 169, 11,  36,  173, 138, 70, 35,  40,  133, 136, 229, 173 },
};
static const struct signature rfc_signature = { .len = ES256_BYTES,
                                                .is = {
                                                    14,  209, 33,  83,  121, 99,  108, 72,  60,  47,  127, 21,  88,
                                                    7,   212, 2,   163, 178, 40,  3,   58,  249, 124, 126, 23,  129,
                                                    154, 195, 22,  158, 166, 101, 197, 10,  7,   211, 140, 60,  112,
                                                    229, 216, 241, 45,  175, 8,   74,  84,  128, 166, 101, 144, 197,
                                                    242, 147, 80,  154, 143, 63,  127, 138, 131, 163, 84,  213,
                                                } };
#define RFC_TEXT                                                                                                       \
    "eyJhbGciOiJFUzI1NiJ9."                                                                                            \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

TEST(signature_check, takes_the_example_of_rfc_7515)
{
    AUTO(check_key) struct check_key *key = NULL;
    CHECK_OK(check_key_from_point(&rfc_point, &key));
    CHECK_OK(signature_check(key, STR(RFC_TEXT), &rfc_signature));
}

TEST(signature_check, refuses_any_other_bit_of_signature_and_text)
{
    AUTO(check_key) struct check_key *key = NULL;
    char text[] = RFC_TEXT;
    CHECK_OK(check_key_from_point(&rfc_point, &key));
    for (size_t bit = 0; bit < ES256_BYTES * 8; bit++) {
        struct signature other = rfc_signature;
        other.is[bit / 8] ^= (uint8_t)(1U << bit % 8);
        CHECK_END(ERR_DENIED, signature_check(key, STR(RFC_TEXT), &other));
    }
    for (size_t at = 0; at < sizeof text - 1; at++) {
        text[at] ^= 1;
        CHECK_END(ERR_DENIED, signature_check(key, (struct str){ text, sizeof text - 1 }, &rfc_signature));
        text[at] ^= 1;
    }
    CHECK_END(ERR_DENIED, signature_check(key, (struct str){ text, sizeof text - 2 }, &rfc_signature));
    CHECK_END(ERR_DENIED, signature_check(key, STR(""), &rfc_signature));
    CHECK_END(ERR_DENIED, signature_check(key, (struct str){ 0 }, &rfc_signature));
}

static const uint8_t zero[32], one[32] = { [31] = 1 };
static const uint8_t order[32] = { 0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,    0xff, 0xff, 0xff,
                                   0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                   0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 };

/* a = a + b over 32 big-endian bytes; what runs over is lost. */
static void add(uint8_t a[static 32], const uint8_t b[static 32])
{
    unsigned sum = 0;
    for (size_t i = 32; i-- > 0; sum >>= 8) {
        sum += (unsigned)a[i] + b[i];
        a[i] = (uint8_t)sum;
    }
}

TEST(signature_check, refuses_r_and_s_out_of_range)
{
    AUTO(check_key) struct check_key *key = NULL;
    struct signature s = { .len = ES256_BYTES };
    uint8_t before_order[32], past[32], all[32];
    CHECK_OK(check_key_from_point(&rfc_point, &key));
    memcpy(before_order, order, 32);
    before_order[31]--;
    memcpy(past, order, 32);
    add(past, one);
    memset(all, 0xff, 32);
    const uint8_t *const numbers[] = { zero, one, before_order,     order,
                                       past, all, rfc_signature.is, rfc_signature.is + 32 };
    for (size_t i = 0; i < COUNT(numbers) * COUNT(numbers); i++) {
        const size_t r = i / COUNT(numbers), at = i % COUNT(numbers);
        memcpy(s.is, numbers[r], 32);
        memcpy(s.is + 32, numbers[at], 32);
        CHECK_END(r == 6 && at == 7 ? OK : ERR_DENIED, signature_check(key, STR(RFC_TEXT), &s));
        const bool in_range = r != 0 && at != 0 && (r < 3 || r > 5) && (at < 3 || at > 5);
        if (!in_range)
            CHECK_STR(STR("R or S out of range"), str_of(note_get()->text));
    }
}

TEST(signature_check, refuses_r_with_the_order_added_where_it_fits)
{
    AUTO(sign_key) struct sign_key *key = NULL;
    AUTO(check_key) struct check_key *check = NULL;
    struct ec_point point;
    struct signature s;
    CHECK_OK(sign_key_make(ALGORITHM_ES256, &key));
    point = sign_key_public(key)->point;
    CHECK_OK(check_key_from_point(&point, &check));
    for (int i = 0; i < 50; i++) {
        CHECK_OK(signature_sign(key, STR("text"), &s));
        CHECK_OK(signature_check(check, STR("text"), &s));
        add(s.is + 32 * (i % 2), order); /* runs over for nearly every number: another one, out of reach as well */
        CHECK_END(ERR_DENIED, signature_check(check, STR("text"), &s));
    }
}

TEST(check_key, refuses_a_point_that_is_not_on_the_curve)
{
    AUTO(check_key) struct check_key *key = NULL;
    struct ec_point points[5] = { rfc_point, rfc_point, rfc_point, rfc_point, { { 0 }, { 0 } } };
    points[0].x[31] ^= 1;
    points[1].y[31] ^= 1;
    memcpy(points[2].x, rfc_point.y, 32);
    memcpy(points[2].y, rfc_point.x, 32);
    memset(points[3].x, 0xff, 32); /* past the prime of the field */
    for (size_t i = 0; i < COUNT(points); i++)
        CHECK_END(ERR_INVALID, check_key_from_point(&points[i], &key));
    CHECK(key == NULL);
}

/* Test keys, made for this file with openssl genpkey. */
#define PEM(type, lines) "-----BEGIN " type "-----\n" lines "-----END " type "-----\n"
#define P256                                                                                                           \
    PEM("PRIVATE KEY", "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgEkoAmgy4vAXuKaNR\n"                            \
                       "dKWLNEwSwJTtblUh62Tu4cMeaNihRANCAARxNFX5uqka0/6W1zsXxd0qr8WxKM+r\n"                            \
                       "KqERFmIBhh37tq096cSOORTtKHFBZ90hShH5KqUixTKV61uTwMAIhMzl\n")
#define P256_WITHOUT_ITS_POINT                                                                                         \
    PEM("PRIVATE KEY", "MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCASSgCaDLi8Be4po1F0\n"                            \
                       "pYs0TBLAlO1uVSHrZO7hwx5o2A==\n")
#define POINT_OF_ANOTHER_KEY                                                                                           \
    PEM("PRIVATE KEY", "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgEkoAmgy4vAXuKaNR\n"                            \
                       "dKWLNEwSwJTtblUh62Tu4cMeaNihRANCAARCmUp2om/RuHIidH6AUFEpXwhY7unh\n"                            \
                       "JGGomyCc4ONyCmSbUZn8kseWc6Nsl86g8IlkgL37eihioGrUbncJR5wb\n")
#define POINT_OFF_THE_CURVE                                                                                            \
    PEM("PRIVATE KEY", "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgEkoAmgy4vAXuKaNR\n"                            \
                       "dKWLNEwSwJTtblUh62Tu4cMeaNihRANCAARxNFX5uqka0/6W1zsXxd0qr8WxKM+r\n"                            \
                       "KqERFmIBhh37tq096cSOORTtKHFBZ90hShH5KqUixTKV61uTwMAIhMzk\n")
#define P384                                                                                                           \
    PEM("PRIVATE KEY", "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDA30LsfDOdi4bRAvRhr\n"                            \
                       "72zvChj6LqY5DTbGsVgbpt5jRhn7idL/nFLOeUogwxFESv6hZANiAAQHsVWtixre\n"                            \
                       "zm0XGQ8GuUpFDqFHvF7q+9UqdqDLpqxLd434XWe0gAxP9UOWezfITrctKlHrFnmj\n"                            \
                       "wlIH0fW9pv4qzLs/sdmQW4+EZ4KGe/7lwEyKg9GdQv57zj2eRe5MgwM=\n")
#define ED25519 PEM("PRIVATE KEY", "MC4CAQAwBQYDK2VwBCIEIBJvznF8SVpCsXIpLOWYe41DKMVg/A451V6cGeBrO2jO\n")
#define SEC1                                                                                                           \
    PEM("EC PRIVATE KEY", "MHcCAQEEIBJKAJoMuLwF7imjUXSlizRMEsCU7W5VIetk7uHDHmjYoAoGCCqGSM49\n"                         \
                          "AwEHoUQDQgAEcTRV+bqpGtP+ltc7F8XdKq/FsSjPqyqhERZiAYYd+7atPenEjjkU\n"                         \
                          "7ShxQWfdIUoR+SqlIsUyletbk8DACITM5Q==\n")
#define PUBLIC                                                                                                         \
    PEM("PUBLIC KEY", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEcTRV+bqpGtP+ltc7F8XdKq/FsSjP\n"                             \
                      "qyqhERZiAYYd+7atPenEjjkU7ShxQWfdIUoR+SqlIsUyletbk8DACITM5Q==\n")
#define ENCRYPTED                                                                                                      \
    PEM("ENCRYPTED PRIVATE KEY", "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjilkCUF0C6DwICCAAw\n"                  \
                                 "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEJjqDKk5LBrwbGyG4t13EkcEgZCA\n"                  \
                                 "raZPGZQR4MrPfBIYFJc1DQD4Q/o18Irrz6x1Ijp8OvVZH7dXTAOGKi1uhPGtkNNE\n"                  \
                                 "k3bijWQnun72Ht2NFOuGnBEB72uJTyGpTX8IGABgnedsegaeG0DLHxWXx7DOzseQ\n"                  \
                                 "KcSbilQA0wQMKli5ITGD4LFil8C+GECaB6bjj9J5m6TaFPBsjvucrQbP9PjWB64=\n")

TEST(sign_key_read_pem, takes_a_key_of_the_openssl_tool_with_or_without_its_point)
{
    AUTO(sign_key) struct sign_key *whole = NULL, *half = NULL;
    struct ec_point a, b;
    CHECK_OK(sign_key_read_pem(ALGORITHM_ES256, STR(P256), &whole));
    CHECK_OK(sign_key_read_pem(ALGORITHM_ES256, STR(P256_WITHOUT_ITS_POINT), &half));
    a = sign_key_public(whole)->point;
    b = sign_key_public(half)->point;
    sign_key_drop(&half);
    CHECK(memcmp(&a, &b, sizeof a) == 0);
    CHECK_INT(0x71, a.x[0]);
    CHECK_INT(0xe5, b.y[31]);
}

TEST(sign_key_read_pem, refuses_all_that_is_no_private_key_of_p_256)
{
    static const struct str refused[] = {
        STR(""),
        STR("-----BEGIN PRIVATE KEY-----"),
        STR(P384),
        STR(ED25519),
        STR(SEC1),
        STR(PUBLIC),
        STR("\n" P256),
        STR("x" P256),
        STR(ENCRYPTED),
        STR(POINT_OF_ANOTHER_KEY),
        STR(POINT_OFF_THE_CURVE),
        STR(PEM("PRIVATE KEY", "")),
        STR(PEM("PRIVATE KEY", "AAAA\n")),
        STR(PEM("PRIVATE KEY", "!!!!\n")),
    };
    AUTO(sign_key) struct sign_key *key = NULL;
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK_END(ERR_INVALID, sign_key_read_pem(ALGORITHM_ES256, refused[i], &key));
    for (size_t len = 0; len < sizeof P256 - 8; len += 7)
        CHECK_END(ERR_INVALID, sign_key_read_pem(ALGORITHM_ES256, (struct str){ P256, len }, &key));
    CHECK_END(ERR_INVALID, sign_key_read_pem(ALGORITHM_ES256, (struct str){ 0 }, &key));
    CHECK(key == NULL);
}

TEST(sign_key_write, gives_what_sign_key_read_takes)
{
    AUTO(sign_key) struct sign_key *made = NULL, *again = NULL;
    AUTO(check_key) struct check_key *check = NULL;
    AUTO(secret) struct secret der = { 0 };
    struct ec_point a, b;
    struct signature s;
    CHECK_OK(sign_key_make(ALGORITHM_ES256, &made));
    CHECK_OK(sign_key_write(made, &der));
    CHECK_OK(sign_key_read(ALGORITHM_ES256, secret_view(&der), &again));
    a = sign_key_public(made)->point;
    b = sign_key_public(again)->point;
    CHECK(memcmp(&a, &b, sizeof a) == 0);
    CHECK_OK(signature_sign(again, STR("text"), &s));
    sign_key_drop(&again);
    CHECK_OK(check_key_from_point(&a, &check));
    CHECK_OK(signature_check(check, STR("text"), &s));
}

TEST(signature_check, refuses_the_signature_of_another_key)
{
    AUTO(sign_key) struct sign_key *other = NULL;
    AUTO(check_key) struct check_key *check = NULL;
    struct signature s;
    CHECK_OK(sign_key_make(ALGORITHM_ES256, &other));
    CHECK_OK(signature_sign(other, STR(RFC_TEXT), &s));
    CHECK_OK(check_key_from_point(&rfc_point, &check));
    CHECK_END(ERR_DENIED, signature_check(check, STR(RFC_TEXT), &s));
}

/* Two numbers of one byte, then what is wrong. */
TEST(signature_from_der, takes_the_one_der_form_only)
{
    static const struct str refused[] = {
        { "", 0 },
        { "\x30", 1 },
        { "\x30\x00", 2 },
        { "\x30\x06\x02\x01\x01\x02\x01", 7 },                  /* cut */
        { "\x30\x06\x02\x01\x01\x02\x01\x02\x00", 9 },          /* one byte after */
        { "\x30\x07\x02\x01\x01\x02\x01\x02\x00", 9 },          /* one byte after, inside */
        { "\x30\x81\x06\x02\x01\x01\x02\x01\x02", 9 },          /* length in the long form */
        { "\x30\x80\x02\x01\x01\x02\x01\x02\x00\x00", 10 },     /* no length */
        { "\x31\x06\x02\x01\x01\x02\x01\x02", 8 },              /* a set */
        { "\x30\x06\x03\x01\x01\x02\x01\x02", 8 },              /* a bit string */
        { "\x30\x06\x02\x01\x00\x02\x01\x02", 8 },              /* r is 0 */
        { "\x30\x06\x02\x01\x01\x02\x01\x00", 8 },              /* s is 0 */
        { "\x30\x06\x02\x01\x81\x02\x01\x02", 8 },              /* r is negative */
        { "\x30\x07\x02\x02\x00\x01\x02\x01\x02", 9 },          /* a zero too many */
        { "\x30\x05\x02\x00\x02\x01\x02", 7 },                  /* r has no bytes */
        { "\x30\x09\x02\x01\x01\x02\x01\x02\x02\x01\x03", 11 }, /* three numbers */
        { "\x30\x03\x02\x01\x01", 5 },                          /* one */
        { "\x30\x06\x02\x7f\x01\x02\x01\x02", 8 },              /* a length past the end */
    };
    struct signature s = { { 7 } };
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK_END(ERR_INVALID, signature_from_der(refused[i], &s));
    CHECK_INT(7, s.is[0]);
    CHECK_OK(signature_from_der((struct str){ "\x30\x07\x02\x01\x01\x02\x02\x00\x81", 9 }, &s));
    CHECK_INT(0, s.is[0]);
    CHECK_INT(1, s.is[31]);
    CHECK_INT(0x81, s.is[63]);
}

TEST(signature_from_der, refuses_numbers_from_the_order_upwards)
{
    uint8_t der[2 + 3 + 32 + 3] = { 0x30, 38, 0x02, 33, 0 };
    struct signature s;
    memcpy(der + 5, order, 32);
    memcpy(der + 37, "\x02\x01\x01", 3);
    const struct str text = { (const char *)der, sizeof der };
    CHECK_END(ERR_INVALID, signature_from_der(text, &s)); /* n */
    der[36]++;
    CHECK_END(ERR_INVALID, signature_from_der(text, &s)); /* n + 1 */
    der[36] -= 2;
    CHECK_OK(signature_from_der(text, &s)); /* n - 1 */
    der[4] = 1;
    CHECK_END(ERR_INVALID, signature_from_der(text, &s)); /* 33 bytes without a zero before */
}

/* One pair of keys for all threads. */
struct shared {
    struct sign_key *sign;
    struct check_key *check;
};

static void *sign_and_check(void *with)
{
    const struct shared *keys = with;
    size_t wrong = 0;
    for (int i = 0; i < 50; i++) {
        struct signature s;
        wrong += signature_sign(keys->sign, STR("text"), &s) != OK;
        wrong += signature_check(keys->check, STR("text"), &s) != OK;
        wrong += signature_check(keys->check, STR("test"), &s) != ERR_DENIED;
    }
    return (void *)wrong;
}

TEST(signature, serves_many_threads_with_one_key)
{
    AUTO(sign_key) struct sign_key *sign = NULL;
    AUTO(check_key) struct check_key *check = NULL;
    struct ec_point point;
    pthread_t threads[4];
    CHECK_OK(sign_key_make(ALGORITHM_ES256, &sign));
    point = sign_key_public(sign)->point;
    CHECK_OK(check_key_from_point(&point, &check));
    struct shared keys = { sign, check };
    for (size_t i = 0; i < COUNT(threads); i++)
        CHECK_INT(0, pthread_create(&threads[i], NULL, sign_and_check, &keys));
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *wrong = NULL;
        CHECK_INT(0, pthread_join(threads[i], &wrong));
        CHECK(wrong == NULL);
    }
}

RUN_TESTS(CASE(base64url, writes_and_reads_the_vectors_of_rfc_4648_without_padding),
          CASE(base64url, refuses_all_that_is_not_canonical), CASE(base64url, knows_64_characters_of_256),
          CASE(base64url, gives_back_bytes_of_every_length), CASE(digest, is_sha_256),
          CASE(digest, differs_when_any_bit_does), CASE(digest, short_is_siphash_2_4_of_128_bits),
          CASE(short_hash, is_siphash_2_4_and_depends_on_its_key),
          CASE(uuid7, has_its_version_its_variant_and_its_time), CASE(uuid7, sorts_by_its_time_and_never_repeats),
          CASE(uuid_ok, takes_only_the_lower_case_text_form), CASE(signature_check, takes_the_example_of_rfc_7515),
          CASE(signature_check, refuses_any_other_bit_of_signature_and_text),
          CASE(signature_check, refuses_r_and_s_out_of_range),
          CASE(signature_check, refuses_r_with_the_order_added_where_it_fits),
          CASE(signature_check, refuses_the_signature_of_another_key),
          CASE(check_key, refuses_a_point_that_is_not_on_the_curve),
          CASE(sign_key_read_pem, takes_a_key_of_the_openssl_tool_with_or_without_its_point),
          CASE(sign_key_read_pem, refuses_all_that_is_no_private_key_of_p_256),
          CASE(sign_key_write, gives_what_sign_key_read_takes), CASE(signature_from_der, takes_the_one_der_form_only),
          CASE(signature_from_der, refuses_numbers_from_the_order_upwards),
          CASE(signature, serves_many_threads_with_one_key))
