#include "support/test.h"
#include "base/buf.h"
#include "password/common.h"
#include "password/hmac384.h"
#include "password/keep.h"
#include "password/passwords.h"
#include "password/phc.h"
#include "password/scheme.h"
#include "password/strength.h"

#include <pthread.h>
#include <sched.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Small costs: the rules are the same as with large ones. */
static struct password_options cheap(enum password_scheme scheme)
{
    return (struct password_options){ .scheme = scheme,
                                      .argon2_m_kib = 64,
                                      .argon2_t = 1,
                                      .bcrypt_cost = 4,
                                      .min_score = 2,
                                      .min_chars = 8,
                                      .max_chars = 100,
                                      .workers = 2 };
}

static struct passwords *opened(enum password_scheme scheme)
{
    struct password_options options = cheap(scheme);
    struct passwords *p = NULL;
    CHECK_OK(passwords_open(&options, &p));
    return p;
}

static enum err verify_text(struct passwords *p, struct str stored, struct str text)
{
    AUTO(secret) struct secret password = secret_copy(text);
    return password_verify(p, stored, &password);
}

static struct str hash_text(struct passwords *p, struct arena *mem, struct str text)
{
    AUTO(secret) struct secret password = secret_copy(text);
    struct str out = { 0 };
    CHECK_OK(password_hash(p, &password, mem, &out));
    return out;
}

static struct str repeated(struct arena *mem, char c, size_t len)
{
    char *text = arena_take(mem, len + 1);
    memset(text, c, len);
    return (struct str){ text, len };
}

/* ---- stored strings ---- */

#define SALT "c29tZXNhbHQ"                                 /* 8 bytes */
#define HASH "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc" /* 32 bytes */
#define TAIL "$" SALT "$" HASH

struct reading_row {
    const char *stored;
    enum password_reading is;
};

static void check_readings(const struct reading_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct stored out = { 0 };
        enum password_reading is = password_read(str_of(rows[i].stored), &out);
        if (is != rows[i].is)
            FAIL_WITH("%s is read as %d, not %d", rows[i].stored, (int)is, (int)rows[i].is);
        CHECK((out.scheme != NULL) == (is == PASSWORD_READ)); /* untouched on failure */
    }
}

/* clang-format off */
static const struct reading_row argon2_rows[] = {
    { "$argon2id$v=19$m=65536,t=3,p=1" TAIL, PASSWORD_READ },
    { "$argon2i$v=19$m=65536,t=3,p=4" TAIL, PASSWORD_READ },
    /* costs at their bounds */
    { "$argon2id$v=19$m=262143,t=15,p=15" TAIL, PASSWORD_READ },
    { "$argon2id$v=19$m=262144,t=16,p=16" TAIL, PASSWORD_READ },
    { "$argon2id$v=19$m=262145,t=16,p=16" TAIL, PASSWORD_UNSUPPORTED },
    { "$argon2id$v=19$m=262144,t=17,p=16" TAIL, PASSWORD_UNSUPPORTED },
    { "$argon2id$v=19$m=262144,t=16,p=17" TAIL, PASSWORD_UNSUPPORTED },
    { "$argon2id$v=19$m=4194304,t=1,p=1" TAIL, PASSWORD_UNSUPPORTED },
    { "$argon2id$v=19$m=64,t=100000000,p=1" TAIL, PASSWORD_UNSUPPORTED },
    { "$argon2id$v=19$m=4294967360,t=1,p=1" TAIL, PASSWORD_UNSUPPORTED }, /* 64 after 32 bits */
    { "$argon2id$v=19$m=18446744073709551680,t=1,p=1" TAIL, PASSWORD_MALFORMED }, /* 64 after 64 bits */
    { "$argon2id$v=19$m=7,t=1,p=1" TAIL, PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=8,t=1,p=1" TAIL, PASSWORD_READ },
    { "$argon2id$v=19$m=15,t=1,p=2" TAIL, PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=16,t=1,p=2" TAIL, PASSWORD_READ },
    { "$argon2id$v=19$m=64,t=0,p=1" TAIL, PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=64,t=1,p=0" TAIL, PASSWORD_MALFORMED },
    /* one way of writing only */
    { "$argon2id$v=19$m=064,t=1,p=1" TAIL, PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=+64,t=1,p=1" TAIL, PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=-64,t=1,p=1" TAIL, PASSWORD_MALFORMED },
    { "$argon2id$v=19$m= 64,t=1,p=1" TAIL, PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=0x40,t=1,p=1" TAIL, PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=,t=1,p=1" TAIL, PASSWORD_MALFORMED },
    { "$argon2id$v=19$t=1,m=64,p=1" TAIL, PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=64,t=1" TAIL, PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=64,p=1" TAIL, PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=64,t=1,p=1," TAIL, PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=64,t=1,p=1,x=1" TAIL, PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=64,m=64,t=1,p=1" TAIL, PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=64,t=1,p=1,keyid=8PDw8A" TAIL, PASSWORD_MALFORMED },
    /* versions */
    { "$argon2id$v=16$m=64,t=1,p=1" TAIL, PASSWORD_UNSUPPORTED },
    { "$argon2id$m=64,t=1,p=1" TAIL, PASSWORD_UNSUPPORTED },
    { "$argon2id$v=20$m=64,t=1,p=1" TAIL, PASSWORD_UNSUPPORTED },
    { "$argon2id$v=019$m=64,t=1,p=1" TAIL, PASSWORD_MALFORMED },
    { "$argon2id$v=$m=64,t=1,p=1" TAIL, PASSWORD_MALFORMED },
    { "$argon2id$v=19", PASSWORD_MALFORMED },
    { "$argon2id$", PASSWORD_MALFORMED },
    { "$argon2d$v=19$m=64,t=1,p=1" TAIL, PASSWORD_UNSUPPORTED },
    { "$argon2x$v=19$m=64,t=1,p=1" TAIL, PASSWORD_UNSUPPORTED },
    /* salt and hash: 7, 8, 64, 65 and 15, 16, 64, 65 bytes; padding, stray bits, the other alphabet */
    { "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAA$" HASH, PASSWORD_UNSUPPORTED },
    { "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAA$" HASH, PASSWORD_READ },
    { "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA$" HASH, PASSWORD_READ },
    { "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA$" HASH, PASSWORD_UNSUPPORTED },
    { "$argon2id$v=19$m=64,t=1,p=1$" SALT "$AAAAAAAAAAAAAAAAAAAA", PASSWORD_UNSUPPORTED },
    { "$argon2id$v=19$m=64,t=1,p=1$" SALT "$AAAAAAAAAAAAAAAAAAAAAA", PASSWORD_READ },
    { "$argon2id$v=19$m=64,t=1,p=1$" SALT "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", PASSWORD_READ },
    { "$argon2id$v=19$m=64,t=1,p=1$" SALT "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", PASSWORD_UNSUPPORTED },
    { "$argon2id$v=19$m=64,t=1,p=1$" SALT "$" HASH "=", PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=64,t=1,p=1$" SALT "$AAAAAAAAAAAAAAAAAAAAAB", PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=64,t=1,p=1$-_-_-_-_-_-_-_-_$" HASH, PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=64,t=1,p=1$$" HASH, PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=64,t=1,p=1$" SALT "$", PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=64,t=1,p=1$" SALT, PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=64,t=1,p=1" TAIL "$", PASSWORD_MALFORMED },
    { "$argon2id$v=19$m=64,t=1,p=1" TAIL "\n", PASSWORD_MALFORMED },
    { " $argon2id$v=19$m=64,t=1,p=1" TAIL, PASSWORD_UNSUPPORTED },
    { "argon2id$v=19$m=64,t=1,p=1" TAIL, PASSWORD_UNSUPPORTED },
    { "$", PASSWORD_UNSUPPORTED },
    { "", PASSWORD_UNSUPPORTED },
};

#define BCRYPT_TAIL "c4O.umZmWZavUqT3FYNZhuaeDuPtyKBci7J3kTmxjRzJ06pzb/DV6"
#define SHA512_HASH "57O/04.p0l0zGVWrFUDGC9hmrk1wP6HyTV8Y.SSMZkbyC8BaDEMrpizLfQGcLfIWozNQrkZl9/GiKf6S3CZFw0"
#define CRYPT_HASH "SpJsFY2pIFcsdECgiLhE7VnInSJAT3kTfdlS6S6xFq9"

static const struct reading_row crypt_rows[] = {
    { "$2b$12$" BCRYPT_TAIL, PASSWORD_READ },
    { "$2a$12$" BCRYPT_TAIL, PASSWORD_READ },
    { "$2y$12$" BCRYPT_TAIL, PASSWORD_READ },
    { "$2x$12$" BCRYPT_TAIL, PASSWORD_UNSUPPORTED },
    { "$2c$12$" BCRYPT_TAIL, PASSWORD_UNSUPPORTED },
    { "$2$12$" BCRYPT_TAIL, PASSWORD_UNSUPPORTED },
    { "$2b$03$" BCRYPT_TAIL, PASSWORD_UNSUPPORTED },
    { "$2b$04$" BCRYPT_TAIL, PASSWORD_READ },
    { "$2b$15$" BCRYPT_TAIL, PASSWORD_READ },
    { "$2b$16$" BCRYPT_TAIL, PASSWORD_UNSUPPORTED },
    { "$2b$31$" BCRYPT_TAIL, PASSWORD_UNSUPPORTED },
    { "$2b$1$0" BCRYPT_TAIL, PASSWORD_MALFORMED },
    { "$2b$5$" BCRYPT_TAIL, PASSWORD_MALFORMED },
    { "$2b$ 5$" BCRYPT_TAIL, PASSWORD_MALFORMED },
    { "$2b$12$" BCRYPT_TAIL "a", PASSWORD_MALFORMED },
    { "$2b$12$c4O.umZmWZavUqT3FYNZhuaeDuPtyKBci7J3kTmxjRzJ06pzb/DV", PASSWORD_MALFORMED },
    { "$2b$12$c4O.umZmWZavUqT3FYNZhvaeDuPtyKBci7J3kTmxjRzJ06pzb/DV6", PASSWORD_MALFORMED }, /* stray bits of the salt */
    { "$2b$12$c4O.umZmWZavUqT3FYNZhu$eDuPtyKBci7J3kTmxjRzJ06pzb/DV", PASSWORD_MALFORMED },
    { "$2b$12$c4O.umZmWZavUqT3FYNZhu!eDuPtyKBci7J3kTmxjRzJ06pzb/DV6", PASSWORD_MALFORMED },
    { BCRYPT_LONG_PREFIX "$2b$12$" BCRYPT_TAIL, PASSWORD_READ },
    { BCRYPT_LONG_PREFIX "$2b$16$" BCRYPT_TAIL, PASSWORD_UNSUPPORTED },
    { BCRYPT_LONG_PREFIX "$2a$12$" BCRYPT_TAIL, PASSWORD_UNSUPPORTED },
    { BCRYPT_LONG_PREFIX "$2b$12$", PASSWORD_MALFORMED },
    { "$6$saltstring$" SHA512_HASH, PASSWORD_READ },
    { "$6$$" SHA512_HASH, PASSWORD_READ },
    { "$6$aaaaaaaaaaaaaaaa$" SHA512_HASH, PASSWORD_READ },
    { "$6$aaaaaaaaaaaaaaaaa$" SHA512_HASH, PASSWORD_MALFORMED },
    { "$6$rounds=999$saltstring$" SHA512_HASH, PASSWORD_UNSUPPORTED },
    { "$6$rounds=1000$saltstring$" SHA512_HASH, PASSWORD_READ },
    { "$6$rounds=1000000$saltstring$" SHA512_HASH, PASSWORD_READ },
    { "$6$rounds=1000001$saltstring$" SHA512_HASH, PASSWORD_UNSUPPORTED },
    { "$6$rounds=999999999999999999999$saltstring$" SHA512_HASH, PASSWORD_MALFORMED },
    { "$6$rounds=01000$saltstring$" SHA512_HASH, PASSWORD_MALFORMED },
    { "$6$rounds=$saltstring$" SHA512_HASH, PASSWORD_MALFORMED },
    { "$6$salt:string$" SHA512_HASH, PASSWORD_MALFORMED },
    { "$6$saltstring$" SHA512_HASH "$", PASSWORD_MALFORMED },
    { "$6$saltstring", PASSWORD_MALFORMED },
    { "$5$saltstring$" CRYPT_HASH, PASSWORD_READ },
    { "$5$saltstring$" SHA512_HASH, PASSWORD_MALFORMED },
    { "!$6$saltstring$" SHA512_HASH, PASSWORD_UNSUPPORTED },
    { "$1$saltstring$" CRYPT_HASH, PASSWORD_UNSUPPORTED },
    { "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$" CRYPT_HASH, PASSWORD_READ },
    { "$y$jA.0./$salt$" CRYPT_HASH, PASSWORD_READ },        /* p = 2, t = 2 */
    { "$y$jDT$salt$" CRYPT_HASH, PASSWORD_READ },           /* N = 2^16, r = 32: 256 MiB */
    { "$y$jET$salt$" CRYPT_HASH, PASSWORD_UNSUPPORTED },    /* N = 2^17 */
    { "$y$jDT0.$salt$" CRYPT_HASH, PASSWORD_MALFORMED },    /* says that p and t follow; t does not */
    { "$y$jDT/.$salt$" CRYPT_HASH, PASSWORD_READ },         /* t = 1 */
    { "$y$jDT//$salt$" CRYPT_HASH, PASSWORD_UNSUPPORTED },  /* t = 2 */
    { "$y$j9T5.$salt$" CRYPT_HASH, PASSWORD_UNSUPPORTED },  /* a shared table */
    { "$y$jz$salt$" CRYPT_HASH, PASSWORD_MALFORMED },
    { "$y$$salt$" CRYPT_HASH, PASSWORD_MALFORMED },
    { "$y$j9T$salt", PASSWORD_MALFORMED },
    { "$7$C6..../....SodiumChloride$" CRYPT_HASH, PASSWORD_READ },       /* N = 2^14, r = 8, p = 1 */
    { "$7$HU..../....SodiumChloride$" CRYPT_HASH, PASSWORD_UNSUPPORTED },
    { "$7$z6..../....SodiumChloride$" CRYPT_HASH, PASSWORD_UNSUPPORTED },
    { "$7$C.....0....SodiumChloride$" CRYPT_HASH, PASSWORD_UNSUPPORTED }, /* r = 0 */
    { "$7$C6.........SodiumChloride$" CRYPT_HASH, PASSWORD_UNSUPPORTED }, /* p = 0 */
    { "$7$C6zzzzz/....SodiumChloride$" CRYPT_HASH, PASSWORD_UNSUPPORTED },
    { "$7$C6...", PASSWORD_MALFORMED },
};

static const struct {
    const char *scheme, *password, *stored;
} known_strings[] = {
    { "argon2id, four lanes", "herminetincture", "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$Hnm7B2p4pnTo3mQ5qFmnHjR1OZBtVXd1B33joTc/XXg" },
    { "argon2id, eight lanes", "correct horse battery staple", "$argon2id$v=19$m=64,t=1,p=8$B6sgYzmOu6Xkb9eBGoEXlg$+m1Df3w59YUFm08YHAyB1aVaqqvFvJaX8FEKEIVn8pY" },
    { "argon2id, one lane", "password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc" },
    { "argon2i", "password", "$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E" },
    { "bcrypt", "correct horse battery staple", "$2b$04$" BCRYPT_TAIL },
    { "sha256crypt", "", "$5$rounds=1000$saltstring$TzAJABAaJwl111nyuH1uQy8kjHahyMHq1D7Y09hLQV1" },
    { "sha512crypt", "letmein", "$6$rounds=1000$saltstring$" SHA512_HASH },
    { "yescrypt", "", "$y$j85$.......$zzMmbb9N2eIInsJNTpiAwUZmq5hS27wfdyT35REbpjC" },
    { "scrypt", "", "$7$66..../....SodiumChloride$" CRYPT_HASH },
};
/* clang-format on */

TEST(stored, of_argon2_are_read_in_one_form_and_within_bounds)
{
    check_readings(argon2_rows, COUNT(argon2_rows));
}

TEST(stored, of_crypt_are_read_in_one_form_and_within_bounds)
{
    check_readings(crypt_rows, COUNT(crypt_rows));
}

TEST(stored, with_a_nul_inside_is_malformed)
{
    struct stored out = { 0 };
    CHECK(password_read(STR("$2b$12$c4O.umZmWZavUqT3FYNZhu\0eDuPtyKBci7J3kTmxjRzJ06pzb/DV"), &out) ==
          PASSWORD_MALFORMED);
    CHECK(password_read(STR("$argon2id$v=19$m=64,\0t=1,p=1" TAIL), &out) == PASSWORD_MALFORMED);
}

TEST(stored, longer_than_the_column_is_malformed)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct stored out = { 0 };
    struct str rest = repeated(mem, 'a', PASSWORD_HASH_MAX);
    CHECK(password_read(arena_printf(mem, "$6$%.*s", STR_ARG(rest)), &out) == PASSWORD_MALFORMED);
}

TEST(phc, gives_costs_salt_and_hash)
{
    struct phc got = { 0 };
    CHECK(phc_parse(STR("v=19$m=65536,t=3,p=4$c29tZXNhbHQ$" HASH), &got) == PHC_OK);
    CHECK(got.m_kib == 65536 && got.passes == 3 && got.lanes == 4);
    CHECK(got.salt_len == 8 && memcmp(got.salt, "somesalt", 8) == 0 && got.hash_len == 32);
}

/* ---- hash and verify ---- */

TEST(password_verify, takes_the_strings_of_other_programs)
{
    AUTO(passwords) struct passwords *p = opened(PASSWORD_ARGON2ID);
    for (size_t i = 0; i < COUNT(known_strings); i++) {
        struct str stored = str_of(known_strings[i].stored);
        if (verify_text(p, stored, str_of(known_strings[i].password)) != OK)
            FAIL_WITH("%s does not match", known_strings[i].scheme);
        if (verify_text(p, stored, STR("another password")) != ERR_DENIED)
            FAIL_WITH("%s matches another password", known_strings[i].scheme);
    }
}

static void check_round_trip(enum password_scheme scheme, struct str prefix)
{
    AUTO(passwords) struct passwords *p = opened(scheme);
    AUTO(arena) struct arena *mem = arena_new();
    struct str stored = hash_text(p, mem, STR("SecurePass123"));
    CHECK(str_starts(stored, prefix));
    CHECK(!str_equal(stored, hash_text(p, mem, STR("SecurePass123")))); /* a salt of its own */
    CHECK_OK(verify_text(p, stored, STR("SecurePass123")));
    CHECK_END(ERR_DENIED, verify_text(p, stored, STR("SecurePass124")));
    CHECK_END(ERR_DENIED, verify_text(p, stored, STR("securePass123")));
    CHECK_END(ERR_DENIED, verify_text(p, stored, STR("SecurePass12")));
    CHECK_END(ERR_DENIED, verify_text(p, stored, STR("SecurePass123 ")));
    CHECK_END(ERR_DENIED, verify_text(p, stored, STR("SecurePass123\0")));
    CHECK_END(ERR_DENIED, verify_text(p, stored, STR("")));
    CHECK(!password_needs_rehash(p, stored));
}

TEST(password_hash, of_argon2id_matches_its_password_and_nothing_else)
{
    check_round_trip(PASSWORD_ARGON2ID, STR("$argon2id$v=19$m=64,t=1,p=1$"));
}

TEST(password_hash, of_bcrypt_matches_its_password_and_nothing_else)
{
    check_round_trip(PASSWORD_BCRYPT, STR("$2b$04$"));
}

TEST(password_hash, leaves_out_untouched_when_it_fails)
{
    AUTO(passwords) struct passwords *p = opened(PASSWORD_ARGON2ID);
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret password = secret_copy(STR("SecurePass123"));
    struct str out = STR("before");
    p->options.argon2_t = 0; /* the library refuses it */
    CHECK_END(ERR_INTERNAL, password_hash(p, &password, mem, &out));
    CHECK_STR(STR("before"), out);
}

/* Address space for what there is and 64 MiB more. */
static struct rlimit narrow(void)
{
    struct rlimit before = { 0 };
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%lu", &pages) == 1);
    (void)fclose(file);
    CHECK(getrlimit(RLIMIT_AS, &before) == 0);
    struct rlimit now = { .rlim_cur = pages * (unsigned long)sysconf(_SC_PAGESIZE) + 64UL * 1024 * 1024,
                          .rlim_max = before.rlim_max };
    CHECK(setrlimit(RLIMIT_AS, &now) == 0);
    return before;
}

TEST(password_verify, is_busy_and_not_denied_when_memory_lacks)
{
    if (!keep_serves()) /* a sanitizer needs its own address space */
        skip();
    AUTO(passwords) struct passwords *p = opened(PASSWORD_ARGON2ID);
    struct str large = STR("$argon2id$v=19$m=262144,t=1,p=1" TAIL);
    CHECK_END(ERR_DENIED, verify_text(p, large, STR("password")));
    struct rlimit before = narrow();
    enum err end = verify_text(p, large, STR("password"));
    CHECK(setrlimit(RLIMIT_AS, &before) == 0);
    CHECK_END(ERR_BUSY, end);
    CHECK_END(ERR_DENIED, verify_text(p, large, STR("password")));
}

TEST(bcrypt, never_cuts_a_password_of_71_to_73_bytes)
{
    AUTO(passwords) struct passwords *p = opened(PASSWORD_BCRYPT);
    AUTO(arena) struct arena *mem = arena_new();
    for (size_t len = 71; len <= 73; len++) {
        struct str password = repeated(mem, 'x', len);
        struct str stored = hash_text(p, mem, password);
        CHECK(str_starts(stored, STR("$2b$04$")) == (len <= 72));
        CHECK(str_starts(stored, STR(BCRYPT_LONG_PREFIX "$2b$04$")) == (len > 72));
        CHECK_OK(verify_text(p, stored, password));
        CHECK_END(ERR_DENIED, verify_text(p, stored, repeated(mem, 'x', len - 1)));
        CHECK_END(ERR_DENIED, verify_text(p, stored, repeated(mem, 'x', len + 1)));
        CHECK(!password_needs_rehash(p, stored));
    }
}

TEST(bcrypt, tells_long_passwords_apart_by_their_last_byte)
{
    AUTO(passwords) struct passwords *p = opened(PASSWORD_BCRYPT);
    AUTO(arena) struct arena *mem = arena_new();
    struct str start = repeated(mem, 'x', PASSWORD_BYTES_MAX - 1);
    struct str stored = hash_text(p, mem, arena_printf(mem, "%.*sa", STR_ARG(start)));
    CHECK_OK(verify_text(p, stored, arena_printf(mem, "%.*sa", STR_ARG(start))));
    CHECK_END(ERR_DENIED, verify_text(p, stored, arena_printf(mem, "%.*sb", STR_ARG(start))));
}

TEST(bcrypt, refuses_73_bytes_against_the_string_of_a_program_that_cut)
{
    AUTO(passwords) struct passwords *p = opened(PASSWORD_BCRYPT);
    AUTO(arena) struct arena *mem = arena_new();
    struct str stored = STR("$2b$04$jL.oyjEDxUmD66zW0RXStu3/eQ2I6h5ieEyXSmPcCKvPtGAMW9tVy");
    CHECK_OK(verify_text(p, stored, repeated(mem, 'x', 72)));
    CHECK_END(ERR_DENIED, verify_text(p, stored, repeated(mem, 'x', 73)));
    CHECK_END(ERR_DENIED, verify_text(p, stored, repeated(mem, 'x', 71)));
}

TEST(bcrypt, never_ends_a_password_at_a_nul)
{
    AUTO(passwords) struct passwords *p = opened(PASSWORD_BCRYPT);
    AUTO(arena) struct arena *mem = arena_new();
    struct str plain = hash_text(p, mem, STR("pass")), odd = hash_text(p, mem, STR("pass\0word"));
    CHECK_END(ERR_DENIED, verify_text(p, plain, STR("pass\0word")));
    CHECK_END(ERR_DENIED, verify_text(p, plain, STR("pass\0")));
    CHECK_END(ERR_DENIED, verify_text(p, odd, STR("pass")));
    CHECK_OK(verify_text(p, odd, STR("pass\0word")));
}

TEST(password_verify, denies_what_it_can_not_read_after_the_work_of_a_decoy)
{
    static const char *const odd[] = {
        "", "$", "plain text", "$argon2id$v=19$m=4194304,t=1,p=1" TAIL, "$2b$31$" BCRYPT_TAIL, "$2x$04$" BCRYPT_TAIL
    };
    AUTO(passwords) struct passwords *p = opened(PASSWORD_ARGON2ID);
    struct password_load load;
    for (size_t i = 0; i < COUNT(odd); i++) {
        CHECK_END(ERR_DENIED, verify_text(p, str_of(odd[i]), STR("plain text")));
        password_load(p, &load);
        CHECK_INT(i + 1, load.done);
    }
}

TEST(password_decoy, is_of_todays_cost_and_matches_nothing)
{
    for (int scheme = PASSWORD_ARGON2ID; scheme <= PASSWORD_BCRYPT; scheme++) {
        AUTO(passwords)
        struct passwords *p = opened((enum password_scheme)scheme), *other = opened((enum password_scheme)scheme);
        CHECK(!password_needs_rehash(p, password_decoy(p)));
        CHECK_END(ERR_DENIED, verify_text(p, password_decoy(p), STR("")));
        CHECK_END(ERR_DENIED, verify_text(p, password_decoy(p), STR("SecurePass123")));
        CHECK(!str_equal(password_decoy(p), password_decoy(other)));
    }
}

struct rehash_row {
    const char *stored;
    bool argon2id, bcrypt; /* needed when new hashes are of this scheme */
};

TEST(password_needs_rehash, compares_scheme_costs_and_lanes)
{
    /* clang-format off */
    static const struct rehash_row rows[] = {
        { "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$" HASH,  false, true },
        { "$argon2id$v=19$m=64,t=1,p=4$AAAAAAAAAAAAAAAAAAAAAA$" HASH,  true,  true },
        { "$argon2id$v=19$m=63,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$" HASH,  true,  true },
        { "$argon2id$v=19$m=65,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$" HASH,  true,  true },
        { "$argon2id$v=19$m=64,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$" HASH,  true,  true },
        { "$argon2id$v=19$m=64,t=1,p=1$" SALT "$" HASH,                true,  true }, /* a salt of 8 bytes */
        { "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", true, true }, /* a hash of 16 */
        { "$argon2i$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$" HASH,   true,  true },
        { "$2b$04$" BCRYPT_TAIL,                                       true,  false },
        { BCRYPT_LONG_PREFIX "$2b$04$" BCRYPT_TAIL,                    true,  false },
        { "$2b$05$" BCRYPT_TAIL,                                       true,  true },
        { "$2a$04$" BCRYPT_TAIL,                                       true,  true },
        { "$2y$04$" BCRYPT_TAIL,                                       true,  true },
        { "$6$saltstring$" SHA512_HASH,                                true,  true },
        { "$y$j9T$salt$" CRYPT_HASH,                                   true,  true },
        { "",                                                          true,  true },
    };
    /* clang-format on */
    AUTO(passwords) struct passwords *argon2id = opened(PASSWORD_ARGON2ID), *bcrypt = opened(PASSWORD_BCRYPT);
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK_INT(rows[i].argon2id, password_needs_rehash(argon2id, str_of(rows[i].stored)));
        CHECK_INT(rows[i].bcrypt, password_needs_rehash(bcrypt, str_of(rows[i].stored)));
    }
}

TEST(passwords_open, refuses_costs_that_can_not_be)
{
    static const struct password_options rows[] = {
        { .argon2_m_kib = 7, .argon2_t = 1, .bcrypt_cost = 4 },
        { .argon2_m_kib = 64, .argon2_t = 0, .bcrypt_cost = 4 },
        { .argon2_m_kib = PHC_M_KIB_MAX + 1, .argon2_t = 1, .bcrypt_cost = 4 },
        { .argon2_m_kib = 64, .argon2_t = PHC_PASSES_MAX + 1, .bcrypt_cost = 4 },
        { .argon2_m_kib = 64, .argon2_t = 1, .bcrypt_cost = 3 },
        { .argon2_m_kib = 64, .argon2_t = 1, .bcrypt_cost = 16 },
        { .argon2_m_kib = 64, .argon2_t = 1, .bcrypt_cost = 4, .workers = POOL_WORKERS_MAX + 1 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct passwords *p = NULL;
        CHECK_END(ERR_INTERNAL, passwords_open(&rows[i], &p));
        CHECK(p == NULL);
    }
}

TEST(password_load, has_an_estimate_first_and_then_counts)
{
    struct password_options options = cheap(PASSWORD_ARGON2ID);
    options.argon2_m_kib = 65536;
    options.argon2_t = 3;
    AUTO(passwords) struct passwords *p = NULL;
    struct password_load load;
    CHECK_OK(passwords_open(&options, &p));
    password_load(p, &load);
    CHECK(load.mean_us >= 76000 && load.mean_us <= 100000 && load.done == 0 && load.workers == 2);
    CHECK(load.running == 0 && load.waiting == 0);
    CHECK_OK(verify_text(p, STR("$2b$04$" BCRYPT_TAIL), STR("correct horse battery staple")));
    int64_t before_us = load.mean_us;
    password_load(p, &load);
    CHECK(load.mean_us < before_us && load.mean_us > 0 && load.done == 1 && load.running == 0);
}

/* RFC 4231 4.2 to 4.4 and 4.8 (a key of 131 bytes, which we do not take, is left out). */
TEST(hmac384, agrees_with_rfc_4231)
{
    static const struct {
        const char *key, *message, *tag;
    } rows[] = {
        { "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "Hi There",
          "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6" },
        { "4a656665", "what do ya want for nothing?",
          "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char key[64], hex[2 * HMAC384_BYTES + 1];
        size_t key_len = 0;
        uint8_t tag[HMAC384_BYTES];
        CHECK(sodium_hex2bin((uint8_t *)key, sizeof key, rows[i].key, strlen(rows[i].key), NULL, &key_len, NULL) == 0);
        hmac384((struct str){ key, key_len }, str_of(rows[i].message), tag);
        CHECK_STR(str_of(rows[i].tag), str_of(sodium_bin2hex(hex, sizeof hex, tag, sizeof tag)));
    }
}

/* ---- text ---- */

TEST(password_normalise, gives_nfc_and_nothing_else)
{
    static const struct {
        const char *typed, *is;
    } rows[] = {
        { "SecurePass123", "SecurePass123" },
        { "cafe\xcc\x81 noir", "caf\xc3\xa9 noir" },
        { "caf\xc3\xa9 noir", "caf\xc3\xa9 noir" },
        { "\xe2\x84\xabngstr\xc3\xb6m", "\xc3\x85ngstr\xc3\xb6m" }, /* the sign for angstrom is the letter */
        { "\xef\xac\x81sh", "\xef\xac\x81sh" },                     /* a ligature stays: not NFKC */
        { " two  spaces ", " two  spaces " },
        { "\xc2\xa0", "\xc2\xa0" }, /* U+00A0, the first after the control characters */
        { "", "" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        AUTO(secret) struct secret typed = secret_copy(str_of(rows[i].typed)), got = { 0 };
        CHECK_OK(password_normalise(&typed, &got));
        CHECK_STR(str_of(rows[i].is), secret_view(&got));
    }
}

TEST(password_normalise, refuses_control_characters_and_what_is_no_text)
{
    static const struct str rows[] = {
        STR("pass\0word"),
        STR("\0"),
        STR("pass\tword"),
        STR("password\n"),
        STR("\x1f"),
        STR("\x7f"),
        STR("a\xc2\x80"),
        STR("a\xc2\x9f"),
        STR("\xc3"),
        STR("\xc0\xaf"),
        STR("\xff"),
        STR("\xed\xa0\x80"),
        STR("\xf4\x90\x80\x80"),
        STR("password\xe2\x82"),
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        AUTO(secret) struct secret typed = secret_copy(rows[i]), got = { 0 };
        CHECK_END(ERR_INVALID, password_normalise(&typed, &got));
        CHECK(got.ptr == NULL); /* untouched on failure */
    }
}

/* ---- policy ---- */

static const struct password_context someone = { .email = STR("maria.keller@example.org"),
                                                 .username = STR("mkel"),
                                                 .name = STR("Maria O'Neill-Gr\xc3\xbcn von Au") };

static const char *policy_code(struct passwords *p, struct str text)
{
    AUTO(secret) struct secret password = secret_copy(text);
    struct fault fault = { .code = "none" };
    enum err end = password_policy(p, &password, &someone, &fault);
    CHECK(end == OK || (end == ERR_INVALID && str_equal(fault.field, STR("password")) && fault.message != NULL));
    CHECK((end == OK) == (strcmp(fault.code, "none") == 0)); /* untouched unless refused */
    return fault.code;
}

struct policy_row {
    const char *password, *code;
};

static void check_policy(struct passwords *p, const struct policy_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *code = policy_code(p, str_of(rows[i].password));
        if (strcmp(code, rows[i].code) != 0)
            FAIL_WITH("\"%s\" is %s, not %s", rows[i].password, code, rows[i].code);
    }
}

TEST(password_policy, lets_the_example_passwords_of_the_tutorials_pass)
{
    static const struct policy_row rows[] = {
        { "SecurePass123", "none" },
        { "SecurePassword123", "none" },
        { "StrongPassword123!", "none" },
        { "SecurePass123!", "none" },
        { "SuperSecret123!", "none" },
        { "correct horse battery staple", "none" },
        { "kB8#vQ2!zL9@", "none" },
        { "\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c \xd0\xb4\xd0\xbb\xd1\x8f", "none" },
    };
    AUTO(passwords) struct passwords *p = opened(PASSWORD_ARGON2ID);
    check_policy(p, rows, COUNT(rows));
}

TEST(password_policy, refuses_what_is_guessed_first)
{
    static const struct policy_row rows[] = {
        { "password123", "too_common" },
        { "PASSWORD123", "too_common" },
        { "P@ssw0rd123", "too_common" },
        { "qwertyuiop", "too_common" },
        { "12345678", "too_common" },
        { "Welcome2024", "too_common" },
        { "password1234567", "too_weak" },
        { "aaaaaaaaaaaaaaaa", "too_weak" },
        { "abcdefghijklmnop", "too_weak" },
        { "NewPassword456", "too_weak" },
        { "TestPassword1", "too_weak" },
        { "strongpassword", "too_weak" },
        { "Password123Password123", "too_weak" },
        { "19840101", "too_weak" },
        { "zxcvbnm,./", "too_common" },
        { "Secret123!", "too_weak" },
        { "qwerty123qwerty123", "too_weak" },
    };
    AUTO(passwords) struct passwords *p = opened(PASSWORD_ARGON2ID);
    check_policy(p, rows, COUNT(rows));
}

TEST(password_policy, refuses_the_accounts_own_words_in_any_case)
{
    static const struct policy_row rows[] = {
        { "maria.keller@example.org", "contains_identity" },
        { "xx-Maria.Keller-8832-tq", "contains_identity" },
        { "tq7-MKEL-pp31-zulu", "contains_identity" },
        { "zulu-maria-8832-tq", "contains_identity" },
        { "zulu-neill-8832-tq", "contains_identity" },
        { "zulu-GR\xc3\x9cN-8832-tq", "contains_identity" },
        { "zulu-GRU\xcc\x88N-8832-tq", "contains_identity" }, /* in two code points */
        { "zulu-von-8832-tq", "none" },                       /* three characters are no word */
        { "zulu-keller-8832-tq", "none" },                    /* a part of the address, but not of the name */
    };
    AUTO(passwords) struct passwords *p = opened(PASSWORD_ARGON2ID);
    check_policy(p, rows, COUNT(rows));
}

TEST(password_policy, counts_code_points_after_nfc)
{
    AUTO(passwords) struct passwords *p = opened(PASSWORD_ARGON2ID);
    AUTO(arena) struct arena *mem = arena_new();
    struct str base = STR("7f3Gh2kLq9Zt");
    CHECK_STR(STR("too_short"), str_of(policy_code(p, STR("7f3Gh2k"))));
    CHECK_STR(STR("none"), str_of(policy_code(p, STR("7f3Gh2kL"))));
    CHECK_STR(STR("none"), str_of(policy_code(p, STR("7f3Gh2kL9"))));
    CHECK_STR(STR("too_short"), str_of(policy_code(p, STR("7f3Gh2e\xcc\x81")))); /* 8 before, 7 after */
    for (size_t chars = 99; chars <= 101; chars++) {
        struct buf b = buf_new(mem, 512);
        buf_add(&b, base);
        for (size_t i = base.len; i < chars; i++)
            buf_add(&b, STR("\xe5\xaf\x86")); /* three bytes each */
        CHECK_STR(chars <= 100 ? STR("none") : STR("too_long"), str_of(policy_code(p, buf_str(&b))));
    }
}

TEST(password_policy, tells_the_configured_lengths)
{
    struct password_options options = cheap(PASSWORD_ARGON2ID);
    options.min_chars = 12;
    AUTO(passwords) struct passwords *p = NULL;
    AUTO(secret) struct secret password = secret_copy(STR("7f3Gh2kLq9Z"));
    struct fault fault = { 0 };
    CHECK_OK(passwords_open(&options, &p));
    CHECK_END(ERR_INVALID, password_policy(p, &password, &someone, &fault));
    CHECK_STR(STR("Use at least 12 characters"), str_of(fault.message));
}

TEST(password_policy, refuses_control_characters)
{
    AUTO(passwords) struct passwords *p = opened(PASSWORD_ARGON2ID);
    CHECK_STR(STR("control_character"), str_of(policy_code(p, STR("SecurePass\0"
                                                                  "123"))));
    CHECK_STR(STR("control_character"), str_of(policy_code(p, STR("SecurePass\t123"))));
    CHECK_STR(STR("control_character"), str_of(policy_code(p, STR("SecurePass\xff"
                                                                  "123"))));
}

TEST(password_policy, follows_the_configured_score)
{
    static const char *const weakest[] = { "", "strongpassword", "SecurePassword123", "StrongPassword123!",
                                           "kB8#vQ2!zL9@" };
    struct password_options options = cheap(PASSWORD_ARGON2ID);
    for (uint32_t score = 1; score <= 4; score++) {
        options.min_score = score;
        AUTO(passwords) struct passwords *p = NULL;
        CHECK_OK(passwords_open(&options, &p));
        CHECK_STR(STR("none"), str_of(policy_code(p, str_of(weakest[score]))));
        if (score > 1)
            CHECK_STR(STR("too_weak"), str_of(policy_code(p, str_of(weakest[score - 1]))));
    }
}

TEST(password_policy, knows_an_account_without_words)
{
    AUTO(passwords) struct passwords *p = opened(PASSWORD_ARGON2ID);
    AUTO(secret) struct secret password = secret_copy(STR("SecurePass123"));
    struct password_context nobody = { 0 };
    struct fault fault = { 0 };
    CHECK_OK(password_policy(p, &password, &nobody, &fault));
}

TEST(strength, keeps_to_the_thresholds_of_zxcvbn)
{
    static const struct {
        const char *password;
        unsigned score;
    } rows[] = {
        { "123456", 0 },
        { "p@ssword", 0 },
        { "rosebud", 0 },
        { "angel08", 1 },
        { "briansmith", 1 },
        { "alpha bravo charlie delta", 4 },
        { "Tr0ub4dour&3", 2 },
        { "b6b4Bb8b", 2 },
        { "correcthorsebatterystaple", 4 },
        { "a", 0 },
        { "hunter2hunter2", 1 },
        { "asdfghju7654rewq", 3 },
    };
    const char *none[] = { NULL };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (strength_score(str_of(rows[i].password), none) != rows[i].score)
            FAIL_WITH("\"%s\" has score %u", rows[i].password, strength_score(str_of(rows[i].password), none));
}

TEST(strength, counts_the_accounts_words_and_their_disguises)
{
    const char *none[] = { NULL }, *words[] = { "zweigelt", NULL };
    CHECK(strength_score(STR("Zw3igelt"), words) < strength_score(STR("Zw3igelt"), none));
}

TEST(strength, looks_at_64_bytes_and_cuts_no_character)
{
    AUTO(arena) struct arena *mem = arena_new();
    const char *none[] = { NULL };
    struct str a = repeated(mem, 'a', 62);
    for (size_t more = 0; more <= 4; more++) {
        struct str text = arena_printf(mem, "%.*s%.*s\xe5\xaf\x86", STR_ARG(a), (int)more, "bcde");
        CHECK(strength_guesses_log10(text, none) <= 5);
    }
    CHECK(strength_guesses_log10(arena_printf(mem, "%.*sbbkB8#vQ2!zL9@", STR_ARG(a)), none) <= 5);
}

TEST(common, words_are_sorted_and_long_enough_to_matter)
{
    for (size_t i = 0; i < common_words_count; i++) {
        CHECK(strlen(common_words[i]) >= 8 && strlen(common_words[i]) <= COMMON_BYTES_MAX);
        CHECK(i == 0 || strcmp(common_words[i - 1], common_words[i]) < 0);
        CHECK(common_password(str_of(common_words[i])));
    }
}

TEST(common, is_asked_for_the_whole_password)
{
    CHECK(common_password(STR("ILoveYou")));
    CHECK(!common_password(STR("iloveyo")));
    CHECK(!common_password(STR("iloveyou ")));
    CHECK(!common_password(STR("")));
    CHECK(!common_password(STR("SecurePass123")));
}

/* ---- the pool ---- */

static struct pool *pool_of(uint32_t workers, uint32_t idle_ms)
{
    struct pool_options options = { .workers = workers, .region_bytes = 32U * 1024 * 1024, .idle_ms = idle_ms };
    struct pool *pool = NULL;
    CHECK_OK(pool_open(&options, &pool));
    return pool;
}

struct block_job {
    size_t bytes;
    bool lent;
    uint8_t write;
    void *at[2];
    uint8_t found;
};

/* The symbol itself: with 64-bit file offsets the system's header turns "mmap" into "mmap64". */
void *plain_mmap(void *at, size_t bytes, int protection, int flags, int file, off_t from) __asm__("mmap");

/* What libsodium does around a hash. */
static void block_work(void *arg)
{
    struct block_job *job = arg;
    if (job->lent)
        keep_lend();
    for (size_t i = 0; i < 2; i++)
        job->at[i] = plain_mmap(NULL, job->bytes, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    uint8_t *first = job->at[0];
    job->found = first[4096];
    first[4096] = job->write;
    for (size_t i = 0; i < 2; i++)
        munmap(job->at[i], job->bytes);
    (void)keep_take_back();
}

TEST(keep, serves_one_large_block_again_and_again)
{
    if (!keep_serves())
        skip();
    AUTO(pool) struct pool *pool = pool_of(1, POOL_IDLE_MS);
    struct block_job a = { .bytes = KEEP_LEAST_BYTES, .lent = true, .write = 7 }, b = a;
    pool_run(pool, block_work, &a);
    pool_run(pool, block_work, &b);
    CHECK(a.found == 0 && b.found == 7 && a.at[0] == b.at[0]);
    CHECK(a.at[1] != a.at[0]); /* the second at once is the kernel's */
}

TEST(keep, leaves_everything_else_to_the_kernel)
{
    if (!keep_serves())
        skip();
    AUTO(pool) struct pool *pool = pool_of(1, POOL_IDLE_MS);
    struct block_job kept = { .bytes = KEEP_LEAST_BYTES, .lent = true, .write = 7 };
    const struct block_job others[] = {
        { .bytes = KEEP_LEAST_BYTES - 4096, .lent = true }, /* too small */
        { .bytes = 33U * 1024 * 1024, .lent = true },       /* larger than the region */
        { .bytes = KEEP_LEAST_BYTES, .lent = false },       /* nobody lent it */
    };
    pool_run(pool, block_work, &kept);
    for (size_t i = 0; i < COUNT(others); i++) {
        struct block_job other = others[i];
        pool_run(pool, block_work, &other);
        CHECK(other.at[0] != kept.at[0] && other.found == 0);
    }
    struct block_job here = { .bytes = KEEP_LEAST_BYTES, .lent = true }; /* this thread has no region */
    block_work(&here);
    CHECK(here.found == 0 && here.at[0] != kept.at[0]);
}

/* With no time to wait the worker gives back as soon as it finds nothing to do; until it is seen, it is asked again. */
TEST(pool, gives_the_pages_back_and_so_wipes_them)
{
    if (!keep_serves())
        skip();
    AUTO(pool) struct pool *pool = pool_of(1, 0);
    struct block_job job = { .bytes = KEEP_LEAST_BYTES, .lent = true, .write = 7 };
    pool_run(pool, block_work, &job);
    struct pool_load load = { 0 };
    while (load.given_back == 0)
        pool_load(pool, &load);
    job.found = 1;
    pool_run(pool, block_work, &job);
    CHECK_INT(0, job.found);
}

#define CALLERS 8

struct caller {
    struct passwords *p;
    struct str stored;
    enum err right, wrong;
};

static void *call_both(void *arg)
{
    struct caller *me = arg;
    me->right = verify_text(me->p, me->stored, STR("SecurePass123"));
    me->wrong = verify_text(me->p, me->stored, STR("SecurePass124"));
    return NULL;
}

TEST(pool, gives_each_of_many_callers_its_own_answer)
{
    AUTO(passwords) struct passwords *p = opened(PASSWORD_ARGON2ID);
    AUTO(arena) struct arena *mem = arena_new();
    struct caller callers[CALLERS];
    pthread_t threads[CALLERS];
    struct password_load load;
    for (size_t i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){ .p = p, .stored = hash_text(p, mem, STR("SecurePass123")) };
        CHECK(pthread_create(&threads[i], NULL, call_both, &callers[i]) == 0);
    }
    for (size_t i = 0; i < CALLERS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < CALLERS; i++)
        CHECK(callers[i].right == OK && callers[i].wrong == ERR_DENIED);
    password_load(p, &load);
    CHECK(load.done == 3 * CALLERS && load.running == 0 && load.waiting == 0);
}

TEST(pool, has_as_many_workers_as_processors_when_nothing_is_said)
{
    AUTO(pool) struct pool *pool = pool_of(0, POOL_IDLE_MS);
    struct pool_load load;
    pool_load(pool, &load);
    CHECK(load.workers >= 1 && load.workers <= POOL_WORKERS_MAX);
}

static void note_policy(void *arg)
{
    *(int *)arg = sched_getscheduler(0);
}

TEST(pool, runs_its_jobs_at_idle_priority)
{
    AUTO(pool) struct pool *pool = pool_of(1, POOL_IDLE_MS);
    int policy = -1;
    pool_run(pool, note_policy, &policy);
    CHECK_INT(SCHED_IDLE, policy);
}

TEST(pool, refuses_a_size_that_can_not_be)
{
    struct pool_options none = { .workers = 1 }, huge = { .workers = 1, .region_bytes = SIZE_MAX / 2 };
    struct pool *pool = NULL;
    CHECK_END(ERR_INTERNAL, pool_open(&none, &pool));
    CHECK_END(ERR_INTERNAL, pool_open(&huge, &pool));
    CHECK(pool == NULL);
}

RUN_TESTS(CASE(stored, of_argon2_are_read_in_one_form_and_within_bounds),
          CASE(stored, of_crypt_are_read_in_one_form_and_within_bounds), CASE(stored, with_a_nul_inside_is_malformed),
          CASE(stored, longer_than_the_column_is_malformed), CASE(phc, gives_costs_salt_and_hash),
          CASE(password_verify, takes_the_strings_of_other_programs),
          CASE(password_hash, of_argon2id_matches_its_password_and_nothing_else),
          CASE(password_hash, of_bcrypt_matches_its_password_and_nothing_else),
          CASE(password_hash, leaves_out_untouched_when_it_fails),
          CASE(password_verify, is_busy_and_not_denied_when_memory_lacks),
          CASE(bcrypt, never_cuts_a_password_of_71_to_73_bytes),
          CASE(bcrypt, tells_long_passwords_apart_by_their_last_byte),
          CASE(bcrypt, refuses_73_bytes_against_the_string_of_a_program_that_cut),
          CASE(bcrypt, never_ends_a_password_at_a_nul),
          CASE(password_verify, denies_what_it_can_not_read_after_the_work_of_a_decoy),
          CASE(password_decoy, is_of_todays_cost_and_matches_nothing),
          CASE(password_needs_rehash, compares_scheme_costs_and_lanes),
          CASE(passwords_open, refuses_costs_that_can_not_be),
          CASE(password_load, has_an_estimate_first_and_then_counts), CASE(hmac384, agrees_with_rfc_4231),
          CASE(password_normalise, gives_nfc_and_nothing_else),
          CASE(password_normalise, refuses_control_characters_and_what_is_no_text),
          CASE(password_policy, lets_the_example_passwords_of_the_tutorials_pass),
          CASE(password_policy, refuses_what_is_guessed_first),
          CASE(password_policy, refuses_the_accounts_own_words_in_any_case),
          CASE(password_policy, counts_code_points_after_nfc), CASE(password_policy, tells_the_configured_lengths),
          CASE(password_policy, refuses_control_characters), CASE(password_policy, follows_the_configured_score),
          CASE(password_policy, knows_an_account_without_words), CASE(strength, keeps_to_the_thresholds_of_zxcvbn),
          CASE(strength, counts_the_accounts_words_and_their_disguises),
          CASE(strength, looks_at_64_bytes_and_cuts_no_character),
          CASE(common, words_are_sorted_and_long_enough_to_matter), CASE(common, is_asked_for_the_whole_password),
          CASE(keep, serves_one_large_block_again_and_again), CASE(keep, leaves_everything_else_to_the_kernel),
          CASE(pool, gives_the_pages_back_and_so_wipes_them), CASE(pool, gives_each_of_many_callers_its_own_answer),
          CASE(pool, has_as_many_workers_as_processors_when_nothing_is_said),
          CASE(pool, runs_its_jobs_at_idle_priority), CASE(pool, refuses_a_size_that_can_not_be))
