#include "http/metrics.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <dirent.h>
#include <stdio.h>

#define STATUS_CLASSES 6 /* 1xx … 5xx, by their first digit */

/* Upper bounds of the duration buckets; the last one is +Inf. */
static const int64_t bounds_us[] = { 100,   250,    500,    1000,   2500,    5000,   10000,
                                     50000, 100000, 250000, 500000, 1000000, 2500000 };
#define BOUNDS (sizeof bounds_us / sizeof *bounds_us)

struct route_counters {
    atomic_uint_fast64_t status[STATUS_CLASSES];
    atomic_uint_fast64_t buckets[BOUNDS + 1];
    atomic_uint_fast64_t sum_us;
};

struct metrics {
    const struct route *table;
    size_t count;
    atomic_uint_fast64_t framing_refused, reaped;
    atomic_int_fast64_t connections;
    int64_t started_s;
    struct route_counters routes[]; /* count + 1: the last is for unknown addresses */
};

struct metrics *metrics_open(const struct route *table, size_t count)
{
    struct metrics *m = calloc(1, sizeof *m + (count + 1) * sizeof *m->routes);
    if (m == NULL)
        die("out of memory");
    m->table = table;
    m->count = count;
    m->started_s = (int64_t)time(NULL);
    return m;
}

void metrics_drop(struct metrics **metrics)
{
    free(*metrics);
    *metrics = NULL;
}

static void count_one(atomic_uint_fast64_t *counter, uint64_t by)
{
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

void metrics_request(struct metrics *m, const struct route *route, unsigned status, int64_t duration_us)
{
    struct route_counters *of = &m->routes[route == NULL ? m->count : (size_t)(route - m->table)];
    size_t bucket = 0;
    while (bucket < BOUNDS && duration_us > bounds_us[bucket])
        bucket++;
    count_one(&of->status[status / 100 % STATUS_CLASSES], 1);
    count_one(&of->buckets[bucket], 1);
    count_one(&of->sum_us, (uint64_t)duration_us);
}

void metrics_framing_refused(struct metrics *m)
{
    count_one(&m->framing_refused, 1);
}

void metrics_reaped(struct metrics *m)
{
    count_one(&m->reaped, 1);
}

void metrics_connection(struct metrics *m, int change)
{
    atomic_fetch_add_explicit(&m->connections, change, memory_order_relaxed);
}

void metrics_sample(struct buf *out, const char *name, const char *type, const char *help, double value)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", name, help, name, type, name, value);
}

struct labels {
    const char *method, *path;
};

static struct labels labels_of(const struct metrics *m, size_t row)
{
    if (row == m->count)
        return (struct labels){ "other", "other" };
    return (struct labels){ method_name(m->table[row].method), m->table[row].path };
}

static void write_statuses(const struct metrics *m, struct buf *out)
{
    buf_printf(out, "# HELP http_requests_total Answered requests by route template and status class.\n"
                    "# TYPE http_requests_total counter\n");
    for (size_t row = 0; row <= m->count; row++) {
        struct labels l = labels_of(m, row);
        for (int class = 1; class < STATUS_CLASSES; class ++) {
            uint64_t n = atomic_load(&m->routes[row].status[class]);
            if (n > 0)
                buf_printf(out, "http_requests_total{method=\"%s\",route=\"%s\",status=\"%dxx\"} %llu\n", l.method,
                           l.path, class, (unsigned long long)n);
        }
    }
}

static void write_durations_of(const struct metrics *m, size_t row, struct buf *out)
{
    const struct route_counters *of = &m->routes[row];
    struct labels l = labels_of(m, row);
    uint64_t total = 0;
    for (size_t b = 0; b <= BOUNDS; b++)
        total += atomic_load(&of->buckets[b]);
    if (total == 0)
        return;
    uint64_t below = 0;
    for (size_t b = 0; b < BOUNDS; b++) {
        below += atomic_load(&of->buckets[b]);
        buf_printf(out, "http_request_duration_seconds_bucket{method=\"%s\",route=\"%s\",le=\"%g\"} %llu\n", l.method,
                   l.path, (double)bounds_us[b] / 1e6, (unsigned long long)below);
    }
    buf_printf(out, "http_request_duration_seconds_bucket{method=\"%s\",route=\"%s\",le=\"+Inf\"} %llu\n", l.method,
               l.path, (unsigned long long)total);
    buf_printf(out, "http_request_duration_seconds_sum{method=\"%s\",route=\"%s\"} %g\n", l.method, l.path,
               (double)atomic_load(&of->sum_us) / 1e6);
    buf_printf(out, "http_request_duration_seconds_count{method=\"%s\",route=\"%s\"} %llu\n", l.method, l.path,
               (unsigned long long)total);
}

/* /proc/self/statm: the second number is the resident set in pages (proc(5)). */
static double resident_bytes(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL)
        return 0;
    if (fscanf(f, "%*s %ld", &pages) != 1)
        pages = 0;
    fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double open_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    double n = 0;
    if (d == NULL)
        return 0;
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n - 3; /* ".", ".." and the folder's own descriptor */
}

static void write_process(const struct metrics *m, struct buf *out)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                 (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    metrics_sample(out, "process_cpu_seconds_total", "counter", "Processor time used.", cpu);
    metrics_sample(out, "process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
    metrics_sample(out, "process_open_fds", "gauge", "Open file descriptors.", open_files());
    metrics_sample(out, "process_start_time_seconds", "gauge", "When the process started, Unix time.",
                   (double)m->started_s);
}

void metrics_write(const struct metrics *m, struct buf *out)
{
    write_statuses(m, out);
    buf_printf(
        out,
        "# HELP http_request_duration_seconds From the last byte of the request to the answer, by route template.\n"
        "# TYPE http_request_duration_seconds histogram\n");
    for (size_t row = 0; row <= m->count; row++)
        write_durations_of(m, row, out);
    metrics_sample(out, "http_framing_refused_total", "counter", "Requests refused by the framing guard.",
                   (double)atomic_load(&m->framing_refused));
    metrics_sample(out, "http_connections_reaped_total", "counter", "Connections closed past a deadline.",
                   (double)atomic_load(&m->reaped));
    metrics_sample(out, "http_connections", "gauge", "Open connections.", (double)atomic_load(&m->connections));
    write_process(m, out);
}
