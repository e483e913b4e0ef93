#include "support/test.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/secret.h"
#include "crypto/base64url.h"
#include "crypto/box.h"
#include "crypto/master.h"
#include "crypto/random.h"
#include "crypto/signature.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void __attribute__((constructor)) setup(void)
{
    crypto_setup();
}

/* ---- the master key ---- */

#define HEX    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1F"
#define BASE64 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

TEST(master_parse, takes_one_key_in_both_forms)
{
    static const struct str forms[] = { STR(HEX), STR(HEX "\n"), STR(BASE64), STR(BASE64 "\n") };
    for (size_t i = 0; i < COUNT(forms); i++) {
        AUTO(secret) struct secret key = { 0 };
        CHECK_OK(master_parse(forms[i], &key));
        CHECK_INT(MASTER_BYTES, key.len);
        for (size_t at = 0; at < key.len; at++)
            CHECK_INT(at, key.ptr[at]);
    }
}

TEST(master_parse, refuses_every_other_form)
{
    static const struct str refused[] = {
        STR(""),
        { NULL, 0 },
        STR("\n"),
        STR("password"),
        STR("0001"),
        STR(HEX "0"),
        STR(HEX "\n\n"),
        STR(HEX "\r\n"),
        STR(" " HEX),
        STR("g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
        STR("0x0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
        STR(BASE64 "="),
        STR(BASE64 "A"),
        STR("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9"), /* bits that are left over */
        STR("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg"),  /* 31 bytes */
        STR("0000000000000000000000000000000000000000000000000000000000000000"),
        STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        STR("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
    };
    AUTO(secret) struct secret key = { 0 };
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK_END(ERR_INVALID, master_parse(refused[i], &key));
    CHECK(key.ptr == NULL);
}

/* openssl kdf -keylen 32 -kdfopt digest:SHA2-256 -kdfopt hexkey:0001..1f -kdfopt info:signing-keys HKDF */
TEST(master_subkey, is_that_of_hkdf_and_another_for_each_purpose)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret key = { 0 };
    CHECK_OK(master_parse(STR(HEX), &key));
    AUTO(secret) struct secret one = master_subkey(&key, "signing-keys"), same = master_subkey(&key, "signing-keys");
    AUTO(secret) struct secret other = master_subkey(&key, "totp");
    CHECK_STR(STR("cP6epFyxq0hXqbMTxcHxFlsE7WaCkOmksO4oPGFc7eM"), base64url_encode(mem, secret_view(&one)));
    CHECK(str_equal(secret_view(&one), secret_view(&same)) && !str_equal(secret_view(&one), secret_view(&other)));
    CHECK(!str_equal(secret_view(&one), secret_view(&key)));
    secret_drop(&same);
}

static char folder[] = "/tmp/postern-master-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[64];
    if (strstr(folder, "XXXXXX") != NULL)
        CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void __attribute__((destructor)) clean(void)
{
    (void)unlink(path_of("key"));
    (void)rmdir(folder);
}

TEST(master_read, reads_what_master_make_made_for_its_owner_alone)
{
    static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0601 };
    AUTO(secret) struct secret key = { 0 }, none = { 0 };
    struct stat st;
    const char *path = path_of("key");
    CHECK_END(ERR_MISSING, master_read(path, true, &none));
    CHECK_OK(master_make(path));
    CHECK_END(ERR_CONFLICT, master_make(path));
    CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
    CHECK_OK(master_read(path, true, &key));
    CHECK_INT(MASTER_BYTES, key.len);
    for (size_t i = 0; i < COUNT(modes); i++) {
        CHECK_INT(0, chmod(path, modes[i]));
        CHECK_END(ERR_DENIED, master_read(path, true, &none));
        CHECK(strstr(note_get()->text, path) != NULL);
    }
    CHECK_INT(0, chmod(path, 0440)); /* as systemd's credentials may be */
    CHECK_OK(master_read(path, false, &none));
    CHECK_END(ERR_INVALID, master_read("/dev/null", false, &none));
    CHECK_END(ERR_INVALID, master_read("/etc/hostname", false, &none));
}

/* ---- boxes ---- */

static struct secret key_of(uint8_t byte)
{
    struct secret key = secret_new(BOX_KEY_BYTES);
    memset(key.ptr, byte, key.len);
    return key;
}

TEST(box_open, gives_back_what_was_sealed_and_never_twice_the_same_box)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret key = key_of(7);
    AUTO(secret) struct secret plain = { 0 };
    struct str one, two;
    CHECK_OK(box_seal(mem, &key, STR("kid|ES256"), STR("a private key"), &one));
    CHECK_OK(box_seal(mem, &key, STR("kid|ES256"), STR("a private key"), &two));
    CHECK(!str_equal(one, two) && !str_contains(one, STR("private")));
    CHECK_OK(box_open(&key, STR("kid|ES256"), one, &plain));
    CHECK_STR(STR("a private key"), secret_view(&plain));
    CHECK_END(ERR_INVALID, box_seal(mem, &key, STR(""), STR(""), &two));
}

TEST(box_open, refuses_another_key_another_row_and_every_other_bit)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret key = key_of(7), other = key_of(8), plain = { 0 };
    struct str box, bytes;
    CHECK_OK(box_seal(mem, &key, STR("kid|ES256"), STR("a private key"), &box));
    CHECK_END(ERR_DENIED, box_open(&other, STR("kid|ES256"), box, &plain));
    CHECK_END(ERR_DENIED, box_open(&key, STR("kid|RS256"), box, &plain));
    CHECK_END(ERR_DENIED, box_open(&key, STR("kie|ES256"), box, &plain));
    CHECK_END(ERR_DENIED, box_open(&key, STR(""), box, &plain));
    CHECK_OK(base64url_decode(mem, box, &bytes));
    for (size_t bit = 0; bit < bytes.len * 8; bit++) {
        struct str changed = arena_copy(mem, bytes);
        ((char *)(uintptr_t)changed.ptr)[bit / 8] ^= (char)(1U << bit % 8);
        CHECK_END(ERR_DENIED, box_open(&key, STR("kid|ES256"), base64url_encode(mem, changed), &plain));
    }
    CHECK(plain.ptr == NULL);
}

TEST(box_reseal, gives_the_same_under_another_key_and_for_no_other_row)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret key = key_of(7), other = key_of(8), plain = { 0 };
    struct str box, moved = STR("untouched");
    CHECK_OK(box_seal(mem, &key, STR("x"), STR("a private key"), &box));
    CHECK_END(ERR_DENIED, box_reseal(mem, &other, &key, STR("x"), box, &moved));
    CHECK_END(ERR_DENIED, box_reseal(mem, &key, &other, STR("y"), box, &moved));
    CHECK_END(ERR_INVALID, box_reseal(mem, &key, &other, STR("x"), STR("no box!"), &moved));
    CHECK_STR(STR("untouched"), moved);
    CHECK_OK(box_reseal(mem, &key, &other, STR("x"), box, &moved));
    CHECK_END(ERR_DENIED, box_open(&key, STR("x"), moved, &plain));
    CHECK_END(ERR_DENIED, box_open(&other, STR("y"), moved, &plain));
    CHECK_OK(box_open(&other, STR("x"), moved, &plain));
    CHECK_STR(STR("a private key"), secret_view(&plain));
}

TEST(box_open, refuses_what_is_no_box)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret key = key_of(7), plain = { 0 };
    struct str box;
    CHECK_OK(box_seal(mem, &key, STR("x"), STR("a private key"), &box));
    for (size_t len = 0; len < box.len; len++) {
        const enum err end = box_open(&key, STR("x"), str_slice(box, 0, len), &plain);
        CHECK(end == ERR_INVALID || end == ERR_DENIED);
    }
    CHECK_END(ERR_INVALID, box_open(&key, STR("x"), (struct str){ 0 }, &plain));
    CHECK_END(ERR_INVALID, box_open(&key, STR("x"), STR("no box!"), &plain));
    CHECK(plain.ptr == NULL);
}

/* ---- every algorithm ---- */

static const enum algorithm all[] = { ALGORITHM_ES256, ALGORITHM_EDDSA, ALGORITHM_RS256, ALGORITHM_PS256 };

TEST(algorithm_find, knows_its_names_and_no_other)
{
    static const struct str refused[] = { STR(""),      STR("none"),   STR("es256"), STR("ES256K"),
                                          STR("ES384"), STR("HS256"),  STR("EDDSA"), STR("RS384"),
                                          STR("RSA"),   STR("ES256 "), { NULL, 0 } };
    enum algorithm found = ALGORITHM_PS256;
    for (size_t i = 0; i < COUNT(all); i++)
        CHECK(algorithm_find(str_of(algorithm_name(all[i])), &found) && found == all[i]);
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK(!algorithm_find(refused[i], &found));
}

TEST(signature, is_checked_by_its_own_key_alone_in_every_algorithm)
{
    struct check_key *checks[COUNT(all)];
    struct signature signatures[COUNT(all)];
    for (size_t i = 0; i < COUNT(all); i++) {
        AUTO(sign_key) struct sign_key *made = NULL, *again = NULL;
        AUTO(secret) struct secret der = { 0 };
        CHECK_OK(sign_key_make(all[i], &made));
        CHECK_OK(sign_key_write(made, &der));
        CHECK_OK(sign_key_read(all[i], secret_view(&der), &again));
        CHECK_OK(check_key_make(sign_key_public(again), &checks[i]));
        CHECK(check_key_algorithm(checks[i]) == all[i]);
        CHECK_OK(signature_sign(made, STR("text"), &signatures[i]));
        sign_key_drop(&again);
    }
    for (size_t i = 0; i < COUNT(all) * COUNT(all); i++) {
        const size_t key = i / COUNT(all), of = i % COUNT(all);
        const enum err end = signature_check(checks[key], STR("text"), &signatures[of]);
        CHECK(key == of ? end == OK : end == ERR_DENIED || end == ERR_INVALID);
        CHECK(key != of || signature_check(checks[key], STR("test"), &signatures[of]) == ERR_DENIED);
    }
    for (size_t i = 0; i < COUNT(all); i++) {
        struct signature *s = &signatures[i];
        for (size_t at = 0; at < s->len; at += 7) {
            s->is[at] ^= 1;
            CHECK_END(ERR_DENIED, signature_check(checks[i], STR("text"), s));
            s->is[at] ^= 1;
        }
        s->len--;
        CHECK_END(ERR_INVALID, signature_check(checks[i], STR("text"), s));
        s->len = 0;
        CHECK_END(ERR_INVALID, signature_check(checks[i], STR("text"), s));
        check_key_drop(&checks[i]);
    }
}

TEST(sign_key_read, refuses_a_key_of_another_algorithm_and_bytes_that_are_none)
{
    for (size_t i = 0; i < COUNT(all); i++) {
        AUTO(sign_key) struct sign_key *made = NULL, *none = NULL;
        AUTO(secret) struct secret der = { 0 };
        CHECK_OK(sign_key_make(all[i], &made));
        CHECK_OK(sign_key_write(made, &der));
        for (size_t other = 0; other < COUNT(all); other++)
            if (other != i && (i < 2 || other < 2))
                CHECK_END(ERR_INVALID, sign_key_read(all[other], secret_view(&der), &none));
        CHECK_END(ERR_INVALID, sign_key_read(all[i], str_slice(secret_view(&der), 0, der.len - 1), &none));
        CHECK_END(ERR_INVALID, sign_key_read(all[i], (struct str){ 0 }, &none));
        CHECK_END(ERR_INVALID, sign_key_read(all[i], STR("hello"), &none));
        CHECK(none == NULL);
    }
}

/* RFC 8037 A.2, A.4. */
TEST(signature_check, takes_the_example_of_rfc_8037)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(check_key) struct check_key *key = NULL;
    struct public_key open = { .algorithm = ALGORITHM_EDDSA };
    struct signature s = { .len = 64 };
    struct str x, bytes;
    CHECK_OK(base64url_decode(mem, STR("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"), &x));
    CHECK_OK(base64url_decode(
        mem, STR("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"), &bytes));
    memcpy(open.ed25519, x.ptr, 32);
    memcpy(s.is, bytes.ptr, 64);
    CHECK_OK(check_key_make(&open, &key));
    CHECK_OK(signature_check(key, STR("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"), &s));
    CHECK_END(ERR_DENIED, signature_check(key, STR("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmd"), &s));
}

static void refuse_key(struct public_key key)
{
    AUTO(check_key) struct check_key *made = NULL;
    CHECK_END(ERR_INVALID, check_key_make(&key, &made));
    CHECK(made == NULL);
}

TEST(check_key_make, refuses_points_and_moduli_that_make_no_key)
{
    AUTO(sign_key) struct sign_key *rsa = NULL;
    struct public_key ed = { .algorithm = ALGORITHM_EDDSA }, key;
    refuse_key(ed); /* all zero: a point of small order */
    ed.ed25519[0] = 1;
    refuse_key(ed); /* the neutral point */
    memset(ed.ed25519, 0xff, 32);
    refuse_key(ed); /* not canonical */
    CHECK_OK(sign_key_make(ALGORITHM_RS256, &rsa));
    const struct public_key *good = sign_key_public(rsa);
    CHECK_INT(RSA_MADE / 8, good->rsa.n_len);
    key = *good;
    key.rsa.n_len = 255; /* under 2048 bits */
    refuse_key(key);
    key = *good;
    key.rsa.n_len = 0;
    refuse_key(key);
    key = *good;
    key.rsa.n[0] = 0;
    refuse_key(key);
    key = *good;
    key.rsa.n[key.rsa.n_len - 1] &= 0xfe; /* even */
    refuse_key(key);
    key = *good;
    key.rsa.e[key.rsa.e_len - 1] = 0;
    refuse_key(key);
    key = *good;
    key.rsa.e[0] = 1, key.rsa.e_len = 1; /* would sign nothing */
    refuse_key(key);
    key = *good;
    key.rsa.e_len = 0;
    refuse_key(key);
    key = *good;
    key.rsa.n_len = 256, key.rsa.n[0] = 0x7f, key.rsa.n[255] |= 1; /* 2047 bits */
    refuse_key(key);
}

RUN_TESTS(CASE(master_parse, takes_one_key_in_both_forms), CASE(master_parse, refuses_every_other_form),
          CASE(master_subkey, is_that_of_hkdf_and_another_for_each_purpose),
          CASE(master_read, reads_what_master_make_made_for_its_owner_alone),
          CASE(box_open, gives_back_what_was_sealed_and_never_twice_the_same_box),
          CASE(box_open, refuses_another_key_another_row_and_every_other_bit), CASE(box_open, refuses_what_is_no_box),
          CASE(box_reseal, gives_the_same_under_another_key_and_for_no_other_row),
          CASE(algorithm_find, knows_its_names_and_no_other),
          CASE(signature, is_checked_by_its_own_key_alone_in_every_algorithm),
          CASE(sign_key_read, refuses_a_key_of_another_algorithm_and_bytes_that_are_none),
          CASE(signature_check, takes_the_example_of_rfc_8037),
          CASE(check_key_make, refuses_points_and_moduli_that_make_no_key))
