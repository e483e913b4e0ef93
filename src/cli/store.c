#include "store/transfer.h"
#include "base/buf.h"
#include "cli/command.h"
#include "cli/print.h"
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct cli_option copy_options[] = {
    { "from", "URL", "the source, as DATABASE_URL is written; DATABASE_URL itself when it is not given" },
    { "to", "URL", "the target: an empty database, or a file that is not there yet" },
    { "restart", NULL, "throw away what a broken-off copy has left in the target, and begin anew" },
    { "quiet", NULL, "show no progress", .letter = 'q' },
    { NULL }
};
/* clang-format on */

const struct manual store_copy_manual = {
    .options = copy_options,
    .json = "print "
            "{\"from\",\"to\",\"schema\",\"resumed\",\"rows\",\"seconds\",\"missed\",\"items\":[{\"table\",\"rows\","
            "\"digest\"}]}",
    .about =
        "Moves all of a database into another, from SQLite to PostgreSQL or back. Stop the server first: what is\n"
        "copied is the source as it is when the copy begins, and what is written to it later is not. The target gets\n"
        "the schema of the source, ids stay, and at the end all of it is read back and compared by row counts and\n"
        "digests. A copy that was broken off goes on where it was when the same command runs again; until it is\n"
        "whole no server starts on the target. Passwords are better kept in ~/.pgpass than in URL: docs/storage.md.",
    .example = "  postern store copy --from sqlite:postern.db --to postgresql://postern@db1/postern",
    .ends = "  0 copied, and the same; 1 refused or failed, with the reason; 2 wrong usage",
};

struct table_line {
    struct str table;
    int64_t rows;
    struct str digest;
};
static const struct field table_fields[] = { VIEW(struct table_line, table), VIEW(struct table_line, rows),
                                             VIEW(struct table_line, digest), FIELD_END };

struct copy_line {
    struct str from, to;
    int64_t schema;
    bool resumed;
    int64_t rows;
    struct str seconds;
    int64_t missed;
    struct list items;
};
static const struct field copy_fields[] = { VIEW(struct copy_line, from),
                                            VIEW(struct copy_line, to),
                                            VIEW(struct copy_line, schema),
                                            VIEW(struct copy_line, resumed),
                                            VIEW(struct copy_line, rows),
                                            VIEW_RAW(struct copy_line, seconds),
                                            VIEW(struct copy_line, missed),
                                            VIEW_OBJECTS(struct copy_line, items, table_fields, struct table_line),
                                            FIELD_END };

/* The address may hold a password, and everybody on the machine can read the arguments of a program that runs. */
static struct str take_url(struct run *r, const char *option)
{
    struct str typed = run_value(r, option);
    struct str url = arena_copy(r->visit.mem, typed);
    if (typed.ptr != NULL)
        memset((char *)(uintptr_t)typed.ptr, '*', typed.len);
    return url;
}

static struct str hex_of(struct arena *mem, const struct digest *digest)
{
    struct buf out = buf_new(mem, 2 * sizeof digest->is + 1);
    for (size_t i = 0; i < sizeof digest->is; i++)
        buf_printf(&out, "%02x", digest->is[i]);
    return buf_str(&out);
}

static struct table_line *lines_of(struct arena *mem, const struct transfer *t, int64_t *rows)
{
    struct table_line *lines = ARENA_ARRAY(mem, struct table_line, transfer_count(t));
    for (size_t i = 0; i < transfer_count(t); i++) {
        struct transfer_table table;
        transfer_table(t, i, &table);
        lines[i] = (struct table_line){ table.name, table.rows, hex_of(mem, &table.digest) };
        *rows += table.rows;
    }
    return lines;
}

static void print_lines(struct run *r, const struct copy_line *line)
{
    struct arena *mem = r->visit.mem;
    const struct table_line *tables = line->items.items;
    struct table table = { .heads = { "TABLE", "ROWS", "SHA-256" } };
    struct str *cells = ARENA_ARRAY(mem, struct str, line->items.count * 3);
    for (size_t i = 0; i < line->items.count; i++) {
        cells[i * 3] = tables[i].table;
        cells[i * 3 + 1] = text_int(mem, tables[i].rows);
        cells[i * 3 + 2] = tables[i].digest;
    }
    table_print(&table, mem, cells, line->items.count);
    printf("%lld rows are in %.*s, and the same; %.*s s%s\n", (long long)line->rows, STR_ARG(line->to),
           STR_ARG(line->seconds), line->resumed ? ", on from where the last copy was broken off" : "");
}

static void print_result(struct run *r, const struct transfer *t, int64_t missed, double seconds)
{
    struct arena *mem = r->visit.mem;
    struct copy_line line = { .from = transfer_from(t),
                              .to = transfer_to(t),
                              .schema = transfer_schema(t),
                              .resumed = transfer_resumed(t),
                              .missed = missed,
                              .seconds = arena_printf(mem, "%.2f", seconds) };
    line.items = (struct list){ lines_of(mem, t, &line.rows), transfer_count(t) };
    if (r->json)
        json_print(mem, copy_fields, &line);
    else
        print_lines(r, &line);
    if (missed > 0)
        fprintf(
            stderr,
            "postern: the source has been written to meanwhile: %lld rows of its audit trail, and what they tell of,"
            " are not in the copy; stop its server, and copy into an empty database\n",
            (long long)missed);
}

static enum err copy_all(struct transfer *t, struct progress *progress)
{
    bool more = true;
    while (more) {
        struct transfer_progress at;
        transfer_progress(t, &at);
        progress_show(progress, at.checking ? "comparing" : "copying", at.table, at.done, at.total);
        TRY(transfer_step(t, &more));
    }
    return OK;
}

enum err store_copy_run(struct run *r)
{
    AUTO(transfer) struct transfer *t = NULL;
    struct progress progress;
    int64_t missed = 0;
    struct str from = take_url(r, "from"), to = take_url(r, "to");
    if (to.len == 0)
        return run_usage(r, "needs --to URL");
    run_setup(r);
    struct transfer_options options = { .from = shared_store_options(&r->config, false),
                                        .to = shared_store_options(&r->config, true),
                                        .now_us = r->visit.now_us,
                                        .restart = run_has(r, "restart") };
    options.to.url = to;
    if (from.ptr != NULL)
        options.from.url = from;
    progress_begin(&progress, run_has(r, "quiet"));
    TRY(transfer_open(&options, &t));
    enum err end = copy_all(t, &progress);
    progress_end(&progress);
    TRY(end);
    double seconds = progress_seconds(&progress);
    TRY(transfer_missed(t, &missed));
    print_result(r, t, missed, seconds);
    return OK;
}
