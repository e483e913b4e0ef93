#include "cli/command.h"
#include "base/clock.h"
#include "config/options.h"
#include "crypto/random.h"
#include "json/read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static size_t option_index(const struct run *r, const char *option)
{
    const struct cli_option *o = r->command->manual->options;
    for (size_t i = 0; o != NULL && o[i].name != NULL; i++)
        if (str_equal(str_of(o[i].name), str_of(option)))
            return i;
    die("%s has no option --%s", r->command->name, option);
}

struct str run_value(const struct run *r, const char *option)
{
    return str_of(r->values[option_index(r, option)]);
}

bool run_has(const struct run *r, const char *option)
{
    return r->values[option_index(r, option)] != NULL;
}

enum err run_number(struct run *r, const char *option, int64_t min, int64_t max, int64_t fallback, int64_t *out)
{
    struct str typed = run_value(r, option);
    *out = fallback;
    if (typed.ptr == NULL || str_to_int(typed, min, max, out))
        return OK;
    return run_usage(r, "--%s: must be a number from %lld to %lld", option, (long long)min, (long long)max);
}

const char *run_sentence(void)
{
    const struct note *note = note_get();
    return note->why != WHY_NONE ? why_sentence(note->why) : note->text;
}

enum err run_failed(struct run *r, const char *format, ...)
{
    va_list args;
    fputs("postern: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    r->status = CLI_FAILED;
    return ERR_INVALID;
}

enum err run_usage(struct run *r, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "postern %s: ", r->command->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nMore: postern %s --help\n", r->command->name);
    r->status = CLI_USAGE;
    return ERR_INVALID;
}

enum err run_settings(struct run *r)
{
    const char *named = getenv(OPTION_FILE_NAME);
    struct config_input in = {
        .argc = r->settings_count,
        .argv = r->settings,
        .environ = environ,
        .file = r->config_file != NULL              ? r->config_file
                : named != NULL && named[0] != '\0' ? named
                                                    : NULL,
        .dotenv = ".env",
    };
    return config_read(&in, &r->config, &r->state, &r->problems);
}

/* The audit trail is told that it was the console, which command, and which user of the machine. */
static void fill_visit(struct run *r)
{
    struct visit *v = &r->visit;
    char id[UUID_TEXT_MAX];
    v->now_us = clock_now_us();
    uuid7(v->now_us, id);
    v->request_id = arena_copy(v->mem, str_of(id));
    v->method = STR("CLI");
    v->route = str_of(r->command->name);
    v->user_agent = arena_printf(v->mem, "postern/" POSTERN_VERSION " (uid %u)", (unsigned)getuid());
}

void run_setup(struct run *r)
{
    if (r->visit.now_us != 0)
        return;
    json_setup();
    crypto_setup();
    r->shared.config = &r->config;
    fill_visit(r);
}

enum err run_open_store(struct run *r)
{
    run_setup(r);
    enum err end = shared_open_store(&r->shared, false);
    if (end == ERR_MISSING)
        return run_failed(r, "%s; postern serve and postern migrate up make it", run_sentence());
    TRY(end);
    return services_open(&r->shared, &r->own);
}

enum err run_open_services(struct run *r)
{
    TRY(run_open_store(r));
    TRY(store_ready(r->own->db));
    r->shared.limits = limits_open(false, NULL, NULL); /* the operator is not to be slowed down */
    random_bytes(&r->shared.name_key, sizeof r->shared.name_key);
    return OK;
}

enum err run_open_passwords(struct run *r)
{
    run_setup(r);
    return shared_open_passwords(&r->shared);
}

void run_drop(struct run *r)
{
    services_drop(&r->own);
    shared_close(&r->shared);
    config_drop(&r->config, &r->state);
    arena_drop(&r->visit.mem);
}
