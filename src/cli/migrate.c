#include "store/migrate.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/print.h"
#include "cli/prompt.h"

#include <stdio.h>

/* clang-format off */
static const struct cli_option up_options[] = {
    { "to", "N", "stop at this number; the newest when it is not given" },
    { NULL }
};

static const struct cli_option plan_options[] = {
    { "to", "N", "the number to get to; the newest when it is not given" },
    { NULL }
};

static const struct cli_option down_options[] = {
    { "to", "N", "go back to this number, 0 is an empty database; one step when it is not given" },
    { "yes", NULL, "do not ask: drop the tables, and what is in them" },
    { NULL }
};
/* clang-format on */

#define STEPS_JSON "print {\"steps\",\"schema\"}: how many ran, and the number now"

const struct manual migrate_up_manual = {
    .options = up_options,
    .json = STEPS_JSON,
    .about = "Makes the database when it is missing, and applies every migration of this program that is not yet\n"
             "applied, each in a transaction of its own. Two that run at once wait for each other. On SQLite, postern\n"
             "serve does the same when it starts; on PostgreSQL only with --migrate=on.",
    .example = "  postern migrate up --database-url sqlite:/var/lib/postern/postern.db",
    .ends = "  0 the schema is there; 1 it failed: what was applied stays; 2 wrong usage",
};

const struct manual migrate_down_manual = {
    .options = down_options,
    .json = STEPS_JSON,
    .about = "Undoes migrations, the newest first. Undoing one drops its tables with all that is in them, so it asks\n"
             "on a terminal, and elsewhere refuses without --yes. Stop the server and keep a copy first.",
    .example = "  postern migrate down --to 2 --yes",
    .ends = "  0 undone, or there was nothing to undo; 1 refused or failed; 2 wrong usage",
};

const struct manual migrate_plan_manual = {
    .options = plan_options,
    .json = "print {\"schema\",\"items\":[{\"number\",\"name\",\"direction\",\"sql\"}]}",
    .about = "Prints what postern migrate up, or down, would run to get to a number, and changes nothing: SQL with a\n"
             "line before each step.",
    .example = "  postern migrate plan --to 2",
    .ends = "  0 printed, also when there is nothing to do; 1 there is no database, or it failed; 2 wrong usage",
};

const struct manual migrate_show_manual = {
    .json = "print {\"schema\",\"newest\",\"items\":[{\"number\",\"name\",\"state\",\"applied_at\"}]}",
    .about = "One line a migration: applied, pending, or changed (applied from another text than this program's, or\n"
             "not known to it: then the schema is of another program).",
    .example = "  postern migrate status",
    .ends = "  0 printed, pending or not; 1 there is no database, or it failed; 2 wrong usage",
};

struct steps {
    int64_t steps, schema;
};
static const struct field steps_fields[] = { VIEW(struct steps, steps), VIEW(struct steps, schema), FIELD_END };

struct schema {
    struct migration_row *rows;
    size_t count;
    int64_t now; /* the greatest number that is applied */
};

static enum err open_store(struct run *r, bool create)
{
    r->shared.config = &r->config;
    enum err end = shared_open_store(&r->shared, create);
    return end == ERR_MISSING ? run_failed(r, "%s; postern migrate up makes it", run_sentence()) : end;
}

static enum err read_schema(struct run *r, struct schema *out)
{
    TRY(migrate_status(r->shared.store, r->visit.mem, &out->rows, &out->count));
    for (size_t i = 0; i < out->count; i++)
        if (out->rows[i].applied_at != 0 && out->rows[i].number > out->now)
            out->now = out->rows[i].number;
    return OK;
}

static void print_steps(struct run *r, int64_t count, int64_t schema)
{
    struct steps steps = { count, schema };
    if (r->json)
        json_print(r->visit.mem, steps_fields, &steps);
    else
        printf("%lld step%s; the schema is at %lld of %lld\n", (long long)count, count == 1 ? "" : "s",
               (long long)schema, (long long)migrate_newest());
}

static enum err go(struct run *r, int64_t to)
{
    struct schema after = { 0 };
    int steps = 0;
    TRY(migrate_to(r->shared.store, clock_now_us(), to, &steps));
    TRY(read_schema(r, &after));
    print_steps(r, steps, after.now);
    return OK;
}

enum err migrate_up(struct run *r)
{
    struct schema before = { 0 };
    int64_t to = 0;
    TRY(run_number(r, "to", 1, migrate_newest(), migrate_newest(), &to));
    TRY(open_store(r, true));
    TRY(read_schema(r, &before));
    /* A schema that is newer than this program is told by migrate_to. */
    if (to < before.now && before.now <= migrate_newest())
        return run_failed(r, "the schema is at %lld already; postern migrate down goes back", (long long)before.now);
    return go(r, to);
}

/* The number before the last one that is applied. */
static int64_t one_back(const struct schema *schema)
{
    int64_t to = 0;
    for (size_t i = 0; i < schema->count; i++)
        if (schema->rows[i].applied_at != 0 && schema->rows[i].number < schema->now && schema->rows[i].number > to)
            to = schema->rows[i].number;
    return to;
}

static enum err agree(struct run *r, int64_t from, int64_t to)
{
    struct arena *mem = r->visit.mem;
    const struct str what = arena_printf(mem, "going from %lld to %lld drops tables with all that is in them",
                                         (long long)from, (long long)to);
    const struct str question =
        arena_printf(mem, "Going from %lld to %lld drops tables of %.*s with all that is in them.", (long long)from,
                     (long long)to, STR_ARG(store_place(r->shared.store)));
    return agreement(r, what.ptr, question.ptr);
}

enum err migrate_down(struct run *r)
{
    struct schema before = { 0 };
    int64_t to = 0;
    TRY(run_number(r, "to", 0, migrate_newest(), -1, &to));
    TRY(open_store(r, false));
    TRY(read_schema(r, &before));
    if (to < 0)
        to = one_back(&before);
    if (to >= before.now) {
        print_steps(r, 0, before.now);
        return OK;
    }
    TRY(agree(r, before.now, to));
    return go(r, to);
}

struct step_line {
    int64_t number;
    struct str name, direction, sql;
};
static const struct field step_fields[] = { VIEW(struct step_line, number), VIEW(struct step_line, name),
                                            VIEW(struct step_line, direction), VIEW(struct step_line, sql), FIELD_END };

struct plan {
    int64_t schema;
    struct list items;
};
static const struct field plan_fields[] = { VIEW(struct plan, schema),
                                            VIEW_OBJECTS(struct plan, items, step_fields, struct step_line),
                                            FIELD_END };

static void print_plan(const struct step_line *lines, size_t count, int64_t schema)
{
    if (count == 0)
        printf("-- nothing to do; the schema is at %lld\n", (long long)schema);
    for (size_t i = 0; i < count; i++)
        printf("-- %.*s %lld %.*s\n%.*s\n", STR_ARG(lines[i].direction), (long long)lines[i].number,
               STR_ARG(lines[i].name), STR_ARG(lines[i].sql));
}

enum err migrate_plan_run(struct run *r)
{
    struct schema schema = { 0 };
    struct migration_step *steps = NULL;
    size_t count = 0;
    int64_t to = 0;
    TRY(run_number(r, "to", 0, migrate_newest(), migrate_newest(), &to));
    TRY(open_store(r, false));
    TRY(read_schema(r, &schema));
    TRY(migrate_plan(r->shared.store, r->visit.mem, to, &steps, &count));
    struct step_line *lines = ARENA_ARRAY(r->visit.mem, struct step_line, count);
    for (size_t i = 0; i < count; i++)
        lines[i] =
            (struct step_line){ steps[i].number, steps[i].name, steps[i].up ? STR("up") : STR("down"), steps[i].text };
    struct plan plan = { schema.now, { lines, count } };
    if (r->json)
        json_print(r->visit.mem, plan_fields, &plan);
    else
        print_plan(lines, count, schema.now);
    return OK;
}

struct migration_line {
    int64_t number;
    struct str name, state;
    int64_t applied_at;
};
static const struct field line_fields[] = { VIEW(struct migration_line, number), VIEW(struct migration_line, name),
                                            VIEW(struct migration_line, state),
                                            VIEW_TIME(struct migration_line, applied_at), FIELD_END };

struct status {
    int64_t schema, newest;
    struct list items;
};
static const struct field status_fields[] = { VIEW(struct status, schema), VIEW(struct status, newest),
                                              VIEW_OBJECTS(struct status, items, line_fields, struct migration_line),
                                              FIELD_END };

static struct migration_line line_of(const struct migration_row *row)
{
    struct str state = row->changed ? STR("changed") : row->applied_at != 0 ? STR("applied") : STR("pending");
    return (struct migration_line){ row->number, row->name, state, row->applied_at };
}

static void print_lines(struct run *r, const struct migration_line *lines, size_t count)
{
    struct arena *mem = r->visit.mem;
    struct table table = { .heads = { "NUMBER", "NAME", "STATE", "APPLIED" } };
    struct str *cells = ARENA_ARRAY(mem, struct str, count * 4);
    for (size_t i = 0; i < count; i++) {
        cells[i * 4] = text_int(mem, lines[i].number);
        cells[i * 4 + 1] = lines[i].name;
        cells[i * 4 + 2] = lines[i].state;
        cells[i * 4 + 3] = text_time(mem, lines[i].applied_at);
    }
    table_print(&table, mem, cells, count);
}

enum err migrate_show(struct run *r)
{
    struct schema schema = { 0 };
    TRY(open_store(r, false));
    TRY(read_schema(r, &schema));
    struct migration_line *lines = ARENA_ARRAY(r->visit.mem, struct migration_line, schema.count);
    for (size_t i = 0; i < schema.count; i++)
        lines[i] = line_of(&schema.rows[i]);
    struct status status = { schema.now, migrate_newest(), { lines, schema.count } };
    if (r->json)
        json_print(r->visit.mem, status_fields, &status);
    else
        print_lines(r, lines, schema.count);
    return OK;
}
