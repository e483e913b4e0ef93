#include "cli/doctor.h"
#include "cli/print.h"

#include <stdarg.h>
#include <stdio.h>

const struct manual doctor_manual = {
    .json = "print {\"fit\",\"items\":[{\"state\",\"check\",\"says\"}]}",
    .about =
        "Looks at the settings, the data folder, the database (reads all of it), the signing keys, the address to\n"
        "listen on, TLS, the clock, memory and open files. One line each: ok, warn (works, but look at it) or\n"
        "fail. What is missing only because postern serve has never run is a warning. Nothing is changed.",
    .example = "  postern doctor --config /etc/postern.conf",
    .ends = "  0 nothing fails; 1 something does; 2 wrong usage",
};

static const char *const words[] = { [HEALTH_OK] = "ok", [HEALTH_WARN] = "warn", [HEALTH_FAIL] = "fail" };

void found(struct examination *e, enum health health, const char *check, const char *format, ...)
{
    char says[512];
    va_list args;
    e->failed = e->failed || health == HEALTH_FAIL;
    if (e->count == FINDINGS_MAX)
        return;
    va_start(args, format);
    vsnprintf(says, sizeof says, format, args);
    va_end(args);
    e->findings[e->count++] =
        (struct finding){ str_of(words[health]), str_of(check), arena_copy(e->r->visit.mem, str_of(says)) };
}

static void found_all(struct examination *e, enum health health, const struct strs *sentences)
{
    for (size_t i = 0; i < sentences->count; i++)
        found(e, health, "settings", "%.*s", STR_ARG(sentences->items[i]));
}

/* false: there is nothing to look at the rest with. */
static bool check_settings(struct examination *e)
{
    struct run *r = e->r;
    if (run_settings(r) != OK) {
        found_all(e, HEALTH_FAIL, &r->problems);
        return false;
    }
    struct strs unsafe = config_unsafe(&r->config, r->state), warnings = config_warnings(&r->config, r->state);
    found_all(e, HEALTH_FAIL, &unsafe);
    found_all(e, HEALTH_WARN, &warnings);
    if (unsafe.count + warnings.count == 0)
        found(e, HEALTH_OK, "settings", "good, for the profile %s",
              r->config.profile == PROFILE_PRODUCTION ? "production" : "development");
    return true;
}

static void examine(struct examination *e)
{
    if (!check_settings(e))
        return;
    run_setup(e->r);
    check_folder(e);
    check_database(e);
    check_keys(e);
    check_listen_address(e);
    check_tls(e);
    check_clock(e);
    check_memory(e);
    check_files(e);
}

struct report {
    bool fit;
    struct list items;
};
static const struct field finding_fields[] = { VIEW(struct finding, state), VIEW(struct finding, check),
                                               VIEW(struct finding, says), FIELD_END };
static const struct field report_fields[] = { VIEW(struct report, fit),
                                              VIEW_OBJECTS(struct report, items, finding_fields, struct finding),
                                              FIELD_END };

static enum colour colour_of(struct str state)
{
    return str_equal(state, STR("ok")) ? GREEN : str_equal(state, STR("warn")) ? YELLOW : RED;
}

static void print_findings(const struct examination *e)
{
    struct arena *mem = e->r->visit.mem;
    for (size_t i = 0; i < e->count; i++) {
        const struct finding *f = &e->findings[i];
        struct str state = arena_printf(mem, "%-4.*s", STR_ARG(f->state));
        printf("%.*s  %-9.*s %.*s\n", STR_ARG(text_coloured(mem, colour_of(f->state), state)), STR_ARG(f->check),
               STR_ARG(text_plain(mem, f->says)));
    }
}

enum err doctor(struct run *r)
{
    struct examination *e = ARENA_NEW(r->visit.mem, struct examination);
    e->r = r;
    examine(e);
    struct report report = { !e->failed, { e->findings, e->count } };
    if (r->json)
        json_print(r->visit.mem, report_fields, &report);
    else
        print_findings(e);
    r->status = e->failed ? CLI_FAILED : 0;
    return OK;
}
