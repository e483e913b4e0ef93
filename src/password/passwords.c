#include "password/passwords.h"
#include "base/clock.h"
#include "password/scheme.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define REGION_SLACK_BYTES (64U * 1024)
#define MEAN_WEIGHT        8 /* of the past against one new value, less one */

/* Until a first hash was measured.  64 MiB in three passes take 76 to 100 ms, bcrypt of cost 12 takes 253 to 305 ms, on
 * one core of a 2023 server. */
static int64_t estimate_us(const struct password_options *o)
{
    if (o->scheme == PASSWORD_BCRYPT)
        return (INT64_C(280000) << o->bcrypt_cost) >> 12;
    return INT64_C(90000) * o->argon2_m_kib / 65536 * o->argon2_t / 3;
}

static FALLIBLE check_options(const struct password_options *o)
{
    if (o->argon2_m_kib < 8 || o->argon2_t < 1)
        return fail(ERR_INTERNAL, "argon2id can't have %u KiB and %u passes", o->argon2_m_kib, o->argon2_t);
    if (o->bcrypt_cost < BCRYPT_COST_MIN || o->bcrypt_cost > BCRYPT_COST_MAX)
        return fail(ERR_INTERNAL, "bcrypt's cost can't be %u", o->bcrypt_cost);
    return OK;
}

static void make_decoy(struct passwords *p)
{
    switch (p->options.scheme) {
    case PASSWORD_ARGON2ID:
        argon2_decoy(&p->options, p->decoy);
        return;
    case PASSWORD_BCRYPT:
        bcrypt_decoy(&p->options, p->decoy);
        return;
    }
    die("a password scheme that does not exist");
}

/* What we make ourselves must be taken back: the bounds of reading hold for the configured costs too. */
static FALLIBLE check_decoy(const struct passwords *p)
{
    struct stored read = { 0 };
    if (password_read(password_decoy(p), &read) != PASSWORD_READ)
        return fail(ERR_INTERNAL, "the configured password cost is past what is taken back");
    return OK;
}

static void make_sentences(struct passwords *p)
{
    snprintf(p->too_short, sizeof p->too_short, "Use at least %u characters", p->options.min_chars);
    snprintf(p->too_long, sizeof p->too_long, "Use at most %u characters", p->options.max_chars);
}

enum err passwords_open(const struct password_options *options, struct passwords **out)
{
    if (sodium_init() < 0)
        return fail(ERR_INTERNAL, "libsodium can't be made ready");
    TRY(check_options(options));
    AUTO(passwords) struct passwords *p = calloc(1, sizeof *p);
    if (p == NULL)
        die("out of memory");
    p->options = *options;
    p->mean_us = estimate_us(options);
    make_decoy(p);
    make_sentences(p);
    TRY(check_decoy(p));
    struct pool_options pool = { .workers = options->workers,
                                 .region_bytes = (size_t)options->argon2_m_kib * 1024 + REGION_SLACK_BYTES,
                                 .idle_ms = POOL_IDLE_MS };
    TRY(pool_open(&pool, &p->pool));
    *out = p;
    p = NULL;
    return OK;
}

void passwords_drop(struct passwords **passwords)
{
    if (*passwords == NULL)
        return;
    pool_drop(&(*passwords)->pool);
    free(*passwords);
    *passwords = NULL;
}

struct str password_decoy(const struct passwords *p)
{
    return str_of(p->decoy);
}

struct timed {
    enum err (*work)(void *arg);
    void *arg;
    enum err end;
    int64_t took_us;
};

static void run_timed(void *arg)
{
    struct timed *job = arg;
    int64_t from_ns = clock_mono_ns();
    job->end = job->work(job->arg);
    job->took_us = (clock_mono_ns() - from_ns) / 1000;
}

/* Two ends at once may lose one of the two values: it is a mean, and no lock is worth it. */
static void count(struct passwords *p, int64_t took_us, uint64_t waited_us)
{
    int64_t mean_us = atomic_load(&p->mean_us);
    atomic_store(&p->mean_us, mean_us + (took_us - mean_us) / MEAN_WEIGHT);
    atomic_fetch_add(&p->done, 1);
    atomic_fetch_add(&p->waited_us, waited_us);
}

enum err passwords_run(struct passwords *p, enum err (*work)(void *arg), void *arg)
{
    struct timed job = { .work = work, .arg = arg };
    uint64_t waited_us = pool_run(p->pool, run_timed, &job);
    count(p, job.took_us, waited_us);
    return job.end;
}

void password_load(struct passwords *p, struct password_load *out)
{
    struct pool_load pool;
    pool_load(p->pool, &pool);
    *out = (struct password_load){
        .workers = pool.workers,
        .running = pool.running,
        .waiting = pool.waiting,
        .mean_us = atomic_load(&p->mean_us),
        .done = atomic_load(&p->done),
        .waited_us = atomic_load(&p->waited_us),
    };
}
