#include "audit/audit.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/print.h"
#include "flow/operator.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#define TAIL_USUAL 20
#define TAIL_MAX   1000
#define PAGE       500 /* rows that are read at once */
#define POLL_MS    250

/* clang-format off */
#define FILTER_OPTIONS                                                                                                  \
    { "event", "NAME", "only this event, such as authn_login_fail" },                                                   \
    { "user", "USER", "only what this account did or what was done to it; \"cli\" and \"postern\" are actors too" },    \
    { "since", "TIME", "from here on: 2026-11-21, 2026-11-21T03:08:05Z, or 90s, 15m, 2h, 7d ago" },                     \
    { "until", "TIME", "up to here, itself not" },                                                                      \
    { "severity", "LEVEL", "INFO, WARN or CRITICAL" },                                                                  \
    { "request-id", "ID", "only what this request did" }

static const struct cli_option tail_options[] = {
    { "lines", "N", "the last N rows that fit, 0 to 1000; 20 when it is not given", 'n' },
    { "follow", NULL, "then print rows as they come, until Ctrl-C", 'f' },
    FILTER_OPTIONS,
    { NULL }
};
static const struct cli_option export_options[] = { FILTER_OPTIONS, { NULL } };

static const struct field row_fields[] = {
    VIEW(struct audit_row, seq),                 VIEW_TIME(struct audit_row, at),
    VIEW(struct audit_row, event),               VIEW(struct audit_row, severity),
    VIEW(struct audit_row, outcome),             VIEW_NULLABLE(struct audit_row, reason),
    VIEW_NULLABLE(struct audit_row, actor),      VIEW_NULLABLE(struct audit_row, target),
    VIEW_NULLABLE(struct audit_row, session),    VIEW_NULLABLE(struct audit_row, address),
    VIEW_NULLABLE(struct audit_row, user_agent), VIEW_NULLABLE(struct audit_row, method),
    VIEW_NULLABLE(struct audit_row, route),      VIEW_NULLABLE(struct audit_row, request_id),
    VIEW_RAW(struct audit_row, detail),          FIELD_END
};
/* clang-format on */

const struct manual audit_tail_manual = {
    .options = tail_options,
    .json = "print JSON lines: one object a row, as postern audit export does",
    .about =
        "The end of the audit trail: what happened, by whom (actor), to whom (target). With several filters, rows\n"
        "must fit all. An unknown name that somebody typed is shown as a keyed digest.",
    .example = "  postern audit tail -n 50 --event authn_login_fail --since 2h\n"
               "  postern audit tail --follow --user ada@example.com",
    .ends = "  0 printed, or ended by Ctrl-C; 1 it failed; 2 wrong usage",
};

const struct manual audit_export_manual = {
    .options = export_options,
    .json = "as without it: JSON lines are the only form",
    .about = "The whole audit trail, or what fits the filters, as JSON lines sorted by seq: one object a row.",
    .example = "  postern audit export --since 2026-11-01 > november.jsonl",
    .ends = "  0 all is written; 1 it failed; 2 wrong usage",
};

/* "15m": so long ago, in microseconds. */
static bool read_span(struct str text, int64_t *us)
{
    static const char units[] = "smhd";
    static const int64_t seconds[] = { 1, 60, 3600, 86400 };
    int64_t number = 0;
    if (text.len < 2 || !str_to_int(str_slice(text, 0, text.len - 1), 0, 1000000, &number))
        return false;
    for (size_t i = 0; units[i] != '\0'; i++)
        if (text.ptr[text.len - 1] == units[i]) {
            *us = number * seconds[i] * SECOND_US;
            return true;
        }
    return false;
}

static bool read_moment(struct str text, int64_t *at_us)
{
    char date[11];
    int64_t ago = 0;
    if (read_span(text, &ago)) {
        *at_us = clock_now_us() - ago;
        return true;
    }
    if (text.len != 10)
        return clock_parse(text, at_us);
    if (!clock_parse_date(text, date))
        return false;
    *at_us = clock_days(date) * 86400 * SECOND_US;
    return true;
}

static enum err read_time(struct run *r, const char *option, int64_t *at_us)
{
    struct str typed = run_value(r, option);
    if (typed.ptr == NULL || read_moment(typed, at_us))
        return OK;
    return run_usage(r, "--%s: must be a date, a date-time with its offset, or a span such as 15m", option);
}

/* Words of the audit trail that are no accounts. */
static bool is_actor(struct str typed)
{
    return str_equal(typed, OPERATOR) || str_equal(typed, STR("postern")) || str_starts(typed, STR("unknown:"));
}

static enum err read_user(struct run *r, struct str *out)
{
    struct user_row row = { 0 };
    struct str typed = run_value(r, "user");
    *out = typed;
    if (typed.ptr == NULL || is_actor(typed))
        return OK;
    TRY(flow_operator_find(r->own, &r->visit, typed, &row));
    *out = row.public_id;
    return OK;
}

static bool known_severity(struct str level)
{
    return level.ptr == NULL || str_equal(level, STR("INFO")) || str_equal(level, STR("WARN")) ||
           str_equal(level, STR("CRITICAL"));
}

static struct str nearest_event(struct str typed)
{
#define EVENT_TEXT(name, event, severity) event,
    static const char *const events[] = { AUDIT_LIST(EVENT_TEXT) };
    struct str nearest = str_of(events[0]);
    for (size_t i = 1; i < sizeof events / sizeof *events; i++)
        if (str_distance(typed, str_of(events[i])) < str_distance(typed, nearest))
            nearest = str_of(events[i]);
    return nearest;
}

static enum err check_words(struct run *r, const struct audit_filter *f)
{
    if (f->event.ptr != NULL && !audit_event_known(f->event))
        return run_usage(r, "--event: there is no such event; the nearest is %s", nearest_event(f->event).ptr);
    if (!known_severity(f->severity))
        return run_usage(r, "--severity: must be INFO, WARN or CRITICAL");
    return OK;
}

static enum err read_filter(struct run *r, struct audit_filter *out)
{
    out->event = run_value(r, "event");
    out->severity = run_value(r, "severity");
    out->request_id = run_value(r, "request-id");
    TRY(check_words(r, out));
    TRY(read_time(r, "since", &out->since));
    TRY(read_time(r, "until", &out->until));
    TRY(run_open_services(r));
    return read_user(r, &out->user);
}

static void print_as_json(struct arena *mem, const struct audit_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        json_print(mem, row_fields, &rows[i]);
}

/* The reason of a refusal stands with its outcome. */
static struct str outcome_of(struct arena *mem, const struct audit_row *row)
{
    if (row->reason.len == 0)
        return row->outcome;
    return arena_printf(mem, "%.*s: %.*s", STR_ARG(row->outcome), STR_ARG(row->reason));
}

static void print_as_table(struct table *table, struct arena *mem, const struct audit_row *rows, size_t count)
{
    struct str *cells = ARENA_ARRAY(mem, struct str, count * 9);
    for (size_t i = 0; i < count; i++) {
        const struct audit_row *row = &rows[i];
        const struct str line[] = { text_int(mem, row->seq),
                                    text_time(mem, row->at),
                                    row->severity,
                                    row->event,
                                    outcome_of(mem, row),
                                    row->actor,
                                    row->target,
                                    row->address,
                                    row->route };
        for (size_t c = 0; c < 9; c++)
            cells[i * 9 + c] = line[c];
    }
    table_print(table, mem, cells, count);
}

/* What a reader has printed so far, and what comes next. */
struct reading {
    struct run *r;
    struct audit_filter filter;
    struct table table;
};

static void print_rows(struct reading *to, struct arena *mem, const struct audit_row *rows, size_t count)
{
    if (to->r->json)
        print_as_json(mem, rows, count);
    else
        print_as_table(&to->table, mem, rows, count);
    if (count > 0)
        to->filter.after_seq = rows[count - 1].seq;
}

/* The next page along seq; count: how many rows it had. */
static enum err next_page(struct reading *to, size_t *count)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct audit_row *rows = NULL;
    to->filter.limit = PAGE;
    TRY(audit_rows_list(to->r->own->db, mem, &to->filter, &rows, count));
    if (*count > 0)
        print_rows(to, mem, rows, *count);
    return OK;
}

/* No further than the trail is complete: a row that is committed late would never be printed. */
static enum err next_rows(struct reading *to)
{
    size_t count = 0;
    TRY(audit_rows_settled(to->r->own->db, &to->filter.upto_seq));
    do
        TRY(next_page(to, &count));
    while (count == PAGE);
    return OK;
}

/* Nothing of what is there already is printed again: reading goes on behind the last row of all. */
static enum err print_tail(struct reading *to, int64_t lines)
{
    struct audit_row *rows = NULL;
    size_t count = 0;
    to->filter.limit = lines > 0 ? lines : 1;
    TRY(audit_rows_tail(to->r->own->db, to->r->visit.mem, &to->filter, &rows, &count));
    if (lines == 0 && count > 0)
        to->filter.after_seq = rows[count - 1].seq;
    else
        print_rows(to, to->r->visit.mem, rows, count);
    return OK;
}

/* The database tells nobody when a row comes, so it is asked four times a second.  The signals that end it are waited for, not
 * handled. */
static enum err follow(struct reading *to)
{
    const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    do {
        TRY(next_rows(to));
        if (fflush(stdout) != 0)
            return fail(ERR_INTERNAL, "write to stdout: %m");
    } while (sigtimedwait(&ends, NULL, &pause) < 0);
    return OK;
}

/* Before any thread is made, so that all inherit it. */
static void block_ends(void)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
}

enum err audit_tail(struct run *r)
{
    struct reading to = { .r = r,
                          .table = { .heads = { "SEQ", "TIME", "SEVERITY", "EVENT", "OUTCOME", "ACTOR", "TARGET",
                                                "ADDRESS", "ROUTE" } } };
    int64_t lines = 0;
    TRY(run_number(r, "lines", 0, TAIL_MAX, TAIL_USUAL, &lines));
    if (run_has(r, "follow"))
        block_ends();
    TRY(read_filter(r, &to.filter));
    if (!run_has(r, "follow"))
        return print_tail(&to, lines);
    TRY(audit_rows_settled(r->own->db, &to.filter.upto_seq));
    TRY(print_tail(&to, lines));
    return follow(&to);
}

enum err audit_export(struct run *r)
{
    struct reading to = { .r = r };
    TRY(read_filter(r, &to.filter));
    r->json = true;
    return next_rows(&to);
}
