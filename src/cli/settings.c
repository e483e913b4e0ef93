#include "base/log.h"
#include "cli/command.h"
#include "cli/print.h"

#include <stdio.h>

const struct manual config_show_manual = {
    .json = "print one object, {\"items\":[{\"name\",\"flag\",\"value\",\"unit\",\"origin\",\"default\",\"meaning\"}]}",
    .about =
        "Each setting with the value that is in effect here, with these flags and in this folder, and where it comes\n"
        "from: flag, environment, a line of the file or of .env, or the default. The password in a database address\n"
        "is not shown.",
    .example = "  postern config\n  postern config --config /etc/postern.conf --json",
    .ends = "  0 printed; 2 wrong usage, or a setting that can't be read",
};

const struct manual config_check_manual = {
    .json = "print {\"fit\",\"problems\",\"unsafe\",\"warnings\"}",
    .about =
        "Reads the settings as postern serve would, and says what it would refuse: what can't be read, and what is\n"
        "unsafe in the profile production. Warnings do not count. To see what a development set-up lacks, give\n"
        "--profile=production.",
    .example = "  postern config check --profile=production",
    .ends = "  0 fit to serve with; 1 something is wrong or unsafe; 2 wrong usage",
};

const struct manual serve_manual = {
    .about = "Listens, makes the database file and the first signing key when they are missing, and answers until\n"
             "SIGTERM or SIGINT; then it lets running requests end. SIGHUP reads the certificate again. On SQLite it\n"
             "applies migrations; on PostgreSQL it does so with --migrate=on, and otherwise does not start before\n"
             "postern migrate up. The log is on stdout, one line an event.",
    .example = "  postern serve --listen=127.0.0.1:9000 --data-dir=/var/lib/postern",
    .ends = "  0 a clean stop; 1 it could not start, told in one sentence; 2 wrong usage, or a setting that can't be\n"
            "  read; 3 requests were cut at the end of the drain",
};

struct setting {
    struct str name, flag, value, unit, origin, fallback, meaning;
};

/* clang-format off */
static const struct field setting_fields[] = {
    VIEW(struct setting, name), VIEW(struct setting, flag),    VIEW(struct setting, value), VIEW(struct setting, unit),
    VIEW(struct setting, origin),
    { .name = "default", .kind = FIELD_STR, .offset = offsetof(struct setting, fallback) },
    VIEW(struct setting, meaning), FIELD_END
};
/* clang-format on */

static void print_as_json(struct run *r, const struct config_line *lines, size_t count)
{
    size_t items = 0;
    for (size_t i = 0; i < count; i++) {
        const struct config_line *l = &lines[i];
        struct setting s = { str_of(l->name), str_of(l->flag),     l->value,          str_of(l->unit),
                             l->origin,       str_of(l->fallback), str_of(l->meaning) };
        json_items_add(r->visit.mem, &items, setting_fields, &s);
    }
    json_items_end(items);
}

enum err config_show(struct run *r)
{
    struct arena *mem = r->visit.mem;
    const struct config_line *lines = NULL;
    size_t count = config_lines(&r->config, r->state, &lines);
    struct table table = { .heads = { "NAME", "VALUE", "FROM" } };
    struct str *cells = ARENA_ARRAY(mem, struct str, count * 3);
    if (r->json) {
        print_as_json(r, lines, count);
        return OK;
    }
    for (size_t i = 0; i < count; i++) {
        bool plain = lines[i].unit[0] == '\0';
        cells[i * 3] = str_of(lines[i].name);
        cells[i * 3 + 1] =
            arena_printf(mem, "%.*s%s%s", STR_ARG(lines[i].value), plain ? "" : " ", plain ? "" : lines[i].unit);
        cells[i * 3 + 2] = lines[i].origin;
    }
    table_print(&table, mem, cells, count);
    return OK;
}

struct verdict {
    bool fit;
    struct strs problems, unsafe, warnings;
};
static const struct field verdict_fields[] = { VIEW(struct verdict, fit), VIEW(struct verdict, problems),
                                               VIEW(struct verdict, unsafe), VIEW(struct verdict, warnings),
                                               FIELD_END };

static void print_sentences(const char *word, const struct strs *sentences)
{
    for (size_t i = 0; i < sentences->count; i++)
        printf("%-8s %.*s\n", word, STR_ARG(sentences->items[i]));
}

static void print_verdict(const struct verdict *verdict)
{
    print_sentences("wrong", &verdict->problems);
    print_sentences("unsafe", &verdict->unsafe);
    print_sentences("warning", &verdict->warnings);
    puts(verdict->fit ? "fit to serve with" : "not fit to serve with");
}

enum err config_check(struct run *r)
{
    struct verdict verdict = { 0 };
    if (run_settings(r) == OK) {
        verdict.unsafe = config_unsafe(&r->config, r->state);
        verdict.warnings = config_warnings(&r->config, r->state);
    }
    verdict.problems = r->problems;
    verdict.fit = verdict.problems.count == 0 && verdict.unsafe.count == 0;
    if (r->json)
        json_print(r->visit.mem, verdict_fields, &verdict);
    else
        print_verdict(&verdict);
    r->status = verdict.fit ? 0 : CLI_FAILED;
    return OK;
}

/* The process role is above this face and was handed in. */
enum err serve_run(struct run *r)
{
    r->status = r->serve(&r->config, r->state);
    return OK;
}
