#include "base/clock.h"
#include "cli/doctor.h"
#include "http/listen.h"
#include "http/tls.h"
#include "store/audit_rows.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <unistd.h>

#define DAY_US         (86400 * SECOND_US)
#define TLS_WARN_DAYS  14
#define CLOCK_LEAST_US (INT64_C(1767225600) * SECOND_US) /* 2026-01-01: this program is younger */
#define CLOCK_SLACK_US (5 * SECOND_US)
#define FILES_BESIDE   64 /* descriptors that are no connections */

/* A server of ours that runs there is what one hopes for. */
void check_listen_address(struct examination *e)
{
    struct listen_place place;
    struct str wish = e->r->config.listen;
    int fd = -1;
    if (listen_place_read(wish, &place) != OK) {
        found(e, HEALTH_FAIL, "address", "%s", run_sentence());
        return;
    }
    if (listen_open(&place, &fd) == OK) {
        found(e, HEALTH_OK, "address", "%.*s is free: no server runs there", STR_ARG(wish));
        close(fd);
        return;
    }
    struct str why = str_of(run_sentence());
    if (str_contains(why, STR(" is taken by postern (")))
        found(e, HEALTH_OK, "address", "%.*s: postern runs there", STR_ARG(wish));
    else
        found(e, str_contains(why, STR(" is taken")) ? HEALTH_WARN : HEALTH_FAIL, "address", "%s", why.ptr);
}

static void check_end(struct examination *e, int64_t ends_at_s)
{
    int64_t left_us = ends_at_s * SECOND_US - clock_now_us();
    char text[CLOCK_TEXT_MAX];
    clock_format(ends_at_s * SECOND_US, text);
    if (left_us <= 0)
        found(e, HEALTH_FAIL, "tls", "the certificate ended at %s", text);
    else if (left_us < TLS_WARN_DAYS * DAY_US)
        found(e, HEALTH_WARN, "tls", "the certificate ends soon, at %s", text);
    else
        found(e, HEALTH_OK, "tls", "the certificate and its key fit; it ends at %s", text);
}

void check_tls(struct examination *e)
{
    AUTO(tls) struct tls *tls = NULL;
    const struct config *c = &e->r->config;
    int64_t ends_at_s = 0;
    if (c->tls_cert.len == 0)
        found(e, HEALTH_OK, "tls", "not used here: %s",
              c->trusted_proxies.count > 0 ? "the proxies in front are trusted to" : "plain HTTP");
    else if (tls_open(c->tls_cert, c->tls_key, &tls) != OK || tls_ends_at(tls, &ends_at_s) != OK)
        found(e, HEALTH_FAIL, "tls", "%s", run_sentence());
    else
        check_end(e, ends_at_s);
}

/* The newest row of the audit trail can't be of tomorrow, unless the clock was wrong then or is now. */
static bool before_the_trail(struct examination *e, int64_t now_us)
{
    const struct audit_filter last = { .limit = 1 };
    struct audit_row *rows = NULL;
    size_t count = 0;
    return e->r->own != NULL && audit_rows_tail(e->r->own->db, e->r->visit.mem, &last, &rows, &count) == OK &&
           count == 1 && rows[0].at > now_us + CLOCK_SLACK_US;
}

void check_clock(struct examination *e)
{
    struct timex kernel = { 0 };
    int64_t now_us = clock_now_us();
    char text[CLOCK_TEXT_MAX];
    clock_format(now_us, text);
    if (now_us < CLOCK_LEAST_US)
        found(e, HEALTH_FAIL, "clock", "it says %s, which is past", text);
    else if (before_the_trail(e, now_us))
        found(e, HEALTH_WARN, "clock", "it says %s, which is before the last row of the audit trail", text);
    else if (adjtimex(&kernel) == TIME_ERROR)
        found(e, HEALTH_WARN, "clock", "it says %s, and nothing keeps it right as far as the kernel knows", text);
    else
        found(e, HEALTH_OK, "clock", "%s", text);
}

/* A number in a file of the kernel; limit when there is none, or no limit ("max"). */
static int64_t number_in(const char *path, int64_t limit)
{
    char text[64];
    int64_t number = limit;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return limit;
    ssize_t got = read(fd, text, sizeof text);
    close(fd);
    struct str digits = { text, got > 0 ? (size_t)got : 0 };
    if (str_ends(digits, STR("\n")))
        digits.len--;
    return str_to_int(digits, 1, INT64_MAX, &number) ? number : limit;
}

static int64_t memory_mib(void)
{
    int64_t bytes = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    int64_t bound = number_in("/sys/fs/cgroup/memory.max", bytes);
    return (bound < bytes ? bound : bytes) / 1024 / 1024;
}

static int64_t cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : sysconf(_SC_NPROCESSORS_ONLN);
}

/* Each hash worker keeps the memory of one argon2id hash; it may have to verify one even where new ones are bcrypt. */
void check_memory(struct examination *e)
{
    const struct config *c = &e->r->config;
    int64_t workers = c->hash_workers > 0 ? c->hash_workers : cores();
    int64_t need = workers * c->argon2_m_kib / 1024, have = memory_mib();
    enum health health = need > have ? HEALTH_FAIL : need > have / 2 ? HEALTH_WARN : HEALTH_OK;
    found(e, health, "memory", "%lld hash worker%s of %lld MiB: %lld of %lld MiB when all hash at once",
          (long long)workers, workers == 1 ? "" : "s", (long long)c->argon2_m_kib / 1024, (long long)need,
          (long long)have);
}

void check_files(struct examination *e)
{
    struct rlimit files;
    int64_t wish = e->r->config.max_connections + FILES_BESIDE;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    if (files.rlim_cur != RLIM_INFINITY && (int64_t)files.rlim_cur < wish)
        found(e, HEALTH_WARN, "files",
              "%lld descriptors, too few for %lld connections: raise the limit (ulimit -n %lld)",
              (long long)files.rlim_cur, (long long)e->r->config.max_connections, (long long)wish);
    else
        found(e, HEALTH_OK, "files", "enough descriptors for %lld connections",
              (long long)e->r->config.max_connections);
}
