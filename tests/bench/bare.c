/* The bare work that the program is measured against, by the program's own rooms and nothing around them.
 *
 * usage: bare hash SECONDS CLIENTS      verifications a second of the password room's pool, at the default cost
 *        bare es256 SECONDS             processor time of one signature check, in microseconds
 *        bare jwt SECONDS               the same of one check of an access token that comes again and again
 *        bare jwt-new SECONDS           the same of tokens that come for the first time, which nothing is known of
 *        bare assertion SECONDS CREDENTIAL CHALLENGE KEY
 *                                       the same of an assertion, from the members of the response to the verdict; the
 *                                       credential is of example.org, its key COSE in base64url
 */
#include "base/clock.h"
#include "base/secret.h"
#include "crypto/base64url.h"
#include "crypto/random.h"
#include "json/read.h"
#include "password/password.h"
#include "token/jwt.h"
#include "webauthn/assertion.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 64
#define SERVICE     "http://127.0.0.1:8000"

static void must(enum err end)
{
    if (end != OK)
        die("%s", note_get()->text);
}

static int64_t number(const char *text, int64_t max)
{
    int64_t n = 0;
    if (!str_to_int(str_of(text), 1, max, &n))
        die("\"%s\" is no number from 1 to %lld", text, (long long)max);
    return n;
}

static int64_t in_seconds(const char *text)
{
    return clock_mono_ns() + number(text, 60) * 1000000000;
}

/* Of this process, whatever else the processor does meanwhile. */
static double cpu_us(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
}

struct hashing {
    struct passwords *passwords;
    struct secret password;
    struct str stored;
    int64_t until_ns;
    atomic_uint done;
    _Atomic int64_t first_ns, last_ns; /* ends of the first and the last one */
};

/* The first end starts the clock and is not counted: so no part of a verification is lost at either side. */
static void *verify_until(void *arg)
{
    struct hashing *h = arg;
    while (clock_mono_ns() < h->until_ns) {
        must(password_verify(h->passwords, h->stored, &h->password));
        int64_t now_ns = clock_mono_ns(), none = 0;
        atomic_fetch_add(&h->done, 1);
        atomic_compare_exchange_strong(&h->first_ns, &none, now_ns);
        atomic_store(&h->last_ns, now_ns);
    }
    return NULL;
}

static void run_clients(struct hashing *h, size_t clients)
{
    pthread_t threads[CLIENTS_MAX];
    for (size_t i = 0; i < clients; i++)
        if (pthread_create(&threads[i], NULL, verify_until, h) != 0)
            die("no thread");
    for (size_t i = 0; i < clients; i++)
        pthread_join(threads[i], NULL);
}

static void bare_hash(const char *seconds, const char *clients)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(passwords) struct passwords *passwords = NULL;
    const struct password_options options = { PASSWORD_ARGON2ID, 65536, 3, 12, 2, 8, 100, 0 };
    must(passwords_open(&options, &passwords));
    struct hashing h = { .passwords = passwords, .password = secret_copy(STR("correct horse battery")) };
    must(password_hash(passwords, &h.password, mem, &h.stored));
    h.until_ns = in_seconds(seconds);
    run_clients(&h, (size_t)number(clients, CLIENTS_MAX));
    printf("%.2f\n", (h.done - 1) * 1e9 / (double)(h.last_ns - h.first_ns));
    secret_drop(&h.password);
}

static void bare_es256(const char *seconds)
{
    struct sign_key *sign = NULL;
    struct check_key *check = NULL;
    struct signature signature;
    char message[700];
    uint64_t done = 0;
    memset(message, 'a', sizeof message); /* as long as the signed part of an access token */
    const struct str text = { message, sizeof message };
    must(sign_key_make(ALGORITHM_ES256, &sign));
    must(check_key_make(sign_key_public(sign), &check));
    must(signature_sign(sign, text, &signature));
    const double from_us = cpu_us();
    const int64_t until_ns = in_seconds(seconds);
    for (; clock_mono_ns() < until_ns; done++)
        must(signature_check(check, text, &signature));
    printf("%.2f\n", (cpu_us() - from_us) / (double)done);
    check_key_drop(&check);
    sign_key_drop(&sign);
}

static struct jwt_claims claims_now(char id[static UUID_TEXT_MAX], struct strs roles, struct strs amr)
{
    int64_t now_s = clock_now_us() / SECOND_US;
    uuid7(clock_now_us(), id);
    struct str uuid = str_of(id);
    return (struct jwt_claims){
        .issuer = STR(SERVICE),
        .audience = STR(SERVICE),
        .subject = uuid,
        .token_id = uuid,
        .session = uuid,
        .issued_at = now_s,
        .not_before = now_s,
        .expires_at = now_s + 900,
        .auth_time = now_s,
        .role = STR("user"),
        .roles = roles,
        .amr = amr,
        .scope = STR("openid profile"),
        .acr = STR("aal1"),
        .email = STR("ada@example.com"),
        .name = STR("Ada Lovelace"),
    };
}

#define TOKENS 1000

/* So many tokens, each its own, or all the same. */
static void sign_tokens(struct keyring *keys, struct arena *mem, bool same, struct str *tokens)
{
    const struct visit v = { .mem = mem, .now_us = clock_now_us() };
    struct str user = STR("user"), pwd = STR("pwd");
    for (int i = 0; i < TOKENS; i++) {
        char id[UUID_TEXT_MAX];
        const struct jwt_claims claims = claims_now(id, (struct strs){ &user, 1 }, (struct strs){ &pwd, 1 });
        if (i > 0 && same)
            tokens[i] = tokens[0];
        else
            must(jwt_sign(keys, &v, &claims, &tokens[i]));
    }
}

static double check_tokens(struct keyring *keys, const struct str *tokens)
{
    const struct jwt_expect expect = { STR(SERVICE), STR(SERVICE), false };
    const double from_us = cpu_us();
    for (int i = 0; i < TOKENS; i++) {
        AUTO(arena) struct arena *once = arena_new();
        const struct visit v = { .mem = once, .now_us = clock_now_us() };
        struct jwt_claims got;
        must(jwt_check(keys, &v, tokens[i], &expect, &got));
    }
    return cpu_us() - from_us;
}

static void bare_jwt(const char *seconds, bool same)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(keyring) struct keyring *keys = NULL;
    AUTO(secret) struct secret sealing = secret_new(32);
    struct signing_key_row row;
    struct str tokens[TOKENS];
    uint64_t done = 0;
    double us = 0;
    keys = keyring_new(&sealing);
    must(key_make(mem, &sealing, ALGORITHM_ES256, 0, 0, &row));
    must(keyring_fill(keys, &row, 1, clock_now_us()));
    for (const int64_t until_ns = in_seconds(seconds); clock_mono_ns() < until_ns; done += TOKENS) {
        AUTO(arena) struct arena *round = arena_new();
        sign_tokens(keys, round, same, tokens);
        us += check_tokens(keys, tokens);
    }
    printf("%.2f\n", us / (double)done);
}

/* What a flow does with a body that was read, without looking for the record. */
static void verify_assertion(const struct json *credential, const struct assertion_options *options, struct str key)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct assertion_response response;
    struct assertion got;
    enum step failed;
    must(assertion_response_read(mem, credential, &response, &failed));
    const struct assertion_record record = { response.id, key, 0, false, response.user_handle };
    must(assertion_verify(mem, options, &record, &response, &got, &failed));
}

static void bare_assertion(const char *seconds, const char *credential, const char *challenge, const char *key)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(json_tree) struct json *tree = NULL;
    struct str origin = STR("https://example.org"), cose;
    const struct assertion_options options = { .ceremony = { .challenge = str_of(challenge),
                                                             .rp_id = STR("example.org"),
                                                             .origins = { &origin, 1 },
                                                             .need_user_verified = true },
                                               .user_known = true };
    uint64_t done = 0;
    json_setup();
    must(base64url_decode(mem, str_of(key), &cose));
    must(json_tree(str_of(credential), &tree));
    const double from_us = cpu_us();
    const int64_t until_ns = in_seconds(seconds);
    for (; clock_mono_ns() < until_ns; done++)
        verify_assertion(tree, &options, cose);
    printf("%.2f\n", (cpu_us() - from_us) / (double)done);
}

int main(int argc, char **argv)
{
    crypto_setup();
    if (argc == 4 && strcmp(argv[1], "hash") == 0)
        bare_hash(argv[2], argv[3]);
    else if (argc == 3 && strcmp(argv[1], "es256") == 0)
        bare_es256(argv[2]);
    else if (argc == 3 && strcmp(argv[1], "jwt") == 0)
        bare_jwt(argv[2], true);
    else if (argc == 3 && strcmp(argv[1], "jwt-new") == 0)
        bare_jwt(argv[2], false);
    else if (argc == 6 && strcmp(argv[1], "assertion") == 0)
        bare_assertion(argv[2], argv[3], argv[4], argv[5]);
    else
        die("usage: bare hash SECONDS CLIENTS | es256 SECONDS | jwt SECONDS | assertion SECONDS CREDENTIAL CHALLENGE "
            "KEY");
    return 0;
}
