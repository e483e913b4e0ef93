#include "base/clock.h"
#include "cli/command.h"
#include "cli/print.h"
#include "password/phc.h"

#include <stdio.h>

#define TARGET_MS        100
#define ROWS_MAX         12
#define PASSES_SHOWN_MAX 16 /* more passes than that: more memory is the better use of the time */

/* The floor of OWASP's Password Storage Cheat Sheet: 19 MiB and two passes. */
#define FLOOR_M_KIB 19456
#define FLOOR_T     2
/* RFC 9106 4 takes three passes where the memory is bounded; so does the default here. */
#define WANTED_T 3

/* clang-format off */
static const struct cli_option options_of[] = {
    { "target-ms", "N", "how long one hash may take, 10 to 5000 ms; 100 when it is not given" },
    { NULL }
};
/* clang-format on */

const struct manual password_calibrate_manual = {
    .options = options_of,
    .json = "print {\"target_ms\",\"items\",\"proposal\",\"floor\"}",
    .about =
        "Measures argon2id on one core of this machine, for several amounts of memory, and proposes the most memory\n"
        "that fits three passes into the time, never less than 19 MiB and two passes. Each hash worker needs that\n"
        "memory while it hashes; there are as many workers as processors unless --hash-workers says otherwise.\n"
        "Nothing is changed: put the proposal into your settings. Run it on the machine that will serve, when\n"
        "it is quiet.",
    .example = "  postern password calibrate --target-ms 150",
    .ends = "  0 measured; 1 it failed (too little memory, for one); 2 wrong usage",
};

struct row {
    int64_t m_kib, t, ms, memory_mib; /* of one hash; of all workers together */
    bool fits;
};
static const struct field row_fields[] = { VIEW(struct row, m_kib),      VIEW(struct row, t),    VIEW(struct row, ms),
                                           VIEW(struct row, memory_mib), VIEW(struct row, fits), FIELD_END };

struct calibration {
    int64_t target_ms;
    struct list items;
    struct row proposal;
    bool floor; /* the proposal is the floor, though it takes longer than wished */
};
static const struct field calibration_fields[] = { VIEW(struct calibration, target_ms),
                                                   VIEW_OBJECTS(struct calibration, items, row_fields, struct row),
                                                   VIEW_OBJECT(struct calibration, proposal, row_fields),
                                                   VIEW(struct calibration, floor), FIELD_END };

static enum err hash_once(struct passwords *p, int64_t *took_us)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret password = secret_copy(STR("a password to measure with"));
    struct str hash;
    int64_t from_ns = clock_mono_ns();
    TRY(password_hash(p, &password, mem, &hash));
    *took_us = (clock_mono_ns() - from_ns) / 1000;
    return OK;
}

/* The first hash of a worker takes its memory from the kernel, which a server does once: the least of three is what counts. */
static enum err measure(const struct run *r, int64_t m_kib, int64_t t, int64_t *least_us)
{
    AUTO(passwords) struct passwords *p = NULL;
    struct password_options options = shared_password_options(&r->config);
    options.scheme = PASSWORD_ARGON2ID;
    options.argon2_m_kib = (uint32_t)m_kib;
    options.argon2_t = (uint32_t)t;
    options.workers = 1;
    TRY(passwords_open(&options, &p));
    *least_us = INT64_MAX;
    for (int i = 0; i < 3; i++) {
        int64_t took_us = 0;
        TRY(hash_once(p, &took_us));
        *least_us = took_us < *least_us ? took_us : *least_us;
    }
    return OK;
}

static int64_t passes_in(int64_t target_ms, int64_t passes, int64_t took_us)
{
    int64_t t = took_us == 0 ? 1 : passes * target_ms * 1000 / took_us;
    return t < 1 ? 1 : t > PASSES_SHOWN_MAX ? PASSES_SHOWN_MAX : t;
}

/* A pass costs about the same each time, so one measurement tells how many fit; another confirms it, or takes some away. */
static enum err measure_row(const struct run *r, int64_t m_kib, int64_t target_ms, int64_t workers, struct row *out)
{
    int64_t took_us = 0, t = 1;
    bool fits;
    TRY(measure(r, m_kib, t, &took_us));
    t = passes_in(target_ms, t, took_us);
    do {
        TRY(measure(r, m_kib, t, &took_us));
        fits = took_us <= target_ms * 1100; /* one tenth over is what two measurements differ by */
        *out = (struct row){ m_kib, t, (took_us + 500) / 1000, m_kib * workers / 1024, fits };
        t = passes_in(target_ms, t, took_us) < t ? passes_in(target_ms, t, took_us) : t - 1;
    } while (!fits && t >= 1);
    return OK;
}

static enum err measure_all(const struct run *r, int64_t workers, struct calibration *c, struct row *rows)
{
    static const int64_t sizes[] = { FLOOR_M_KIB, 32768, 47104, 65536, 98304, 131072, 196608, PHC_M_KIB_MAX };
    _Static_assert(sizeof sizes / sizeof *sizes <= ROWS_MAX, "rows are of ROWS_MAX");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        TRY(measure_row(r, sizes[i], c->target_ms, workers, &rows[i]));
        c->items = (struct list){ rows, i + 1 };
        if (rows[i].t == 1) /* and more memory would not fit at all */
            return OK;
    }
    return OK;
}

/* The most memory with three passes; else with two; else the floor. */
static void propose(struct calibration *c, const struct row *rows)
{
    c->proposal = (struct row){ 0 };
    for (int64_t passes = WANTED_T; passes >= FLOOR_T && c->proposal.t == 0; passes--)
        for (size_t i = 0; i < c->items.count; i++)
            if (rows[i].fits && rows[i].t >= passes)
                c->proposal = rows[i];
    if (c->proposal.t != 0)
        return;
    c->floor = true;
    c->proposal = rows[0];
    c->proposal.t = FLOOR_T;
    c->proposal.ms = rows[0].t == 1 ? rows[0].ms * FLOOR_T : rows[0].ms * FLOOR_T / rows[0].t;
    c->proposal.fits = false;
}

static void print_for_people(struct run *r, const struct calibration *c, const struct row *rows)
{
    struct arena *mem = r->visit.mem;
    struct table table = { .heads = { "MEMORY (KiB)", "PASSES", "ONE HASH (ms)", "ALL WORKERS (MiB)", "FITS" } };
    struct str *cells = ARENA_ARRAY(mem, struct str, c->items.count * 5);
    for (size_t i = 0; i < c->items.count; i++) {
        const struct str line[] = { text_int(mem, rows[i].m_kib), text_int(mem, rows[i].t), text_int(mem, rows[i].ms),
                                    text_int(mem, rows[i].memory_mib), rows[i].fits ? STR("yes") : STR("no") };
        for (size_t k = 0; k < 5; k++)
            cells[i * 5 + k] = line[k];
    }
    table_print(&table, mem, cells, c->items.count);
    printf("\nProposal for %lld ms%s:\n  POSTERN_ARGON2_M_KIB=%lld\n  POSTERN_ARGON2_T=%lld\n", (long long)c->target_ms,
           c->floor ? ", which is too short: the least that is safe" : "", (long long)c->proposal.m_kib,
           (long long)c->proposal.t);
}

static int64_t workers_of(const struct run *r)
{
    struct password_load load;
    password_load(r->shared.passwords, &load);
    return load.workers;
}

enum err password_calibrate(struct run *r)
{
    struct row *rows = ARENA_ARRAY(r->visit.mem, struct row, ROWS_MAX);
    struct calibration c = { 0 };
    TRY(run_number(r, "target-ms", 10, 5000, TARGET_MS, &c.target_ms));
    TRY(run_open_passwords(r));
    TRY(measure_all(r, workers_of(r), &c, rows));
    propose(&c, rows);
    if (r->json)
        json_print(r->visit.mem, calibration_fields, &c);
    else
        print_for_people(r, &c, rows);
    return OK;
}
