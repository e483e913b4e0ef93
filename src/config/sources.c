#include "config/file.h"
#include "config/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 64 /* bytes of foreign text in a sentence */

void config_problem(struct config_state *state, const char *format, ...)
{
    char text[512];
    va_list args;

    if (state->problems_count == PROBLEMS_MAX) {
        state->problems_more++;
        return;
    }
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    state->problems[state->problems_count++] = arena_copy(state->mem, str_of(text));
}

struct shown config_shown(struct str foreign)
{
    struct shown out = { "" };
    size_t len = foreign.len < SHOWN_MAX ? foreign.len : SHOWN_MAX;

    for (size_t i = 0; i < len; i++)
        out.text[i] = foreign.ptr[i] >= ' ' && foreign.ptr[i] <= '~' ? foreign.ptr[i] : '?';
    if (foreign.len > SHOWN_MAX)
        memcpy(out.text + len, "...", 4);
    return out;
}

struct shown config_place(const struct config_state *state, const struct given *given)
{
    static const char *const words[] = {
        [SOURCE_DEFAULT] = "default", [SOURCE_FLAG] = "flag", [SOURCE_ENVIRONMENT] = "environment",
        [SOURCE_FILE] = "file ",      [SOURCE_DOTENV] = "",
    };
    struct shown out;
    const char *path = given->source == SOURCE_DOTENV ? state->dotenv : state->file;

    if (given->source == SOURCE_FILE || given->source == SOURCE_DOTENV)
        snprintf(out.text, sizeof out.text, "%s%s:%d", words[given->source], path, given->line);
    else
        snprintf(out.text, sizeof out.text, "%s", words[given->source]);
    return out;
}

static void offer(struct config_state *state, const struct option *row, struct given from)
{
    struct given *given = &state->given[row - options];

    if (given->source == from.source)
        config_problem(state, "%s (%s): given twice", row->name, config_place(state, &from).text);
    if (given->source != SOURCE_DEFAULT)
        return;
    *given = from;
    given->value = arena_copy(state->mem, from.value);
}

static void unknown_name(struct config_state *state, struct str name, struct given from)
{
    config_problem(state, "%s (%s): unknown; the nearest is %s", config_shown(name).text,
                   config_place(state, &from).text, option_nearest(name)->name);
}

static void unknown_flag(struct config_state *state, struct str flag)
{
    char nearest[OPTION_NAME_MAX];

    option_flag(option_nearest(flag), nearest);
    config_problem(state, "--%s (flag): unknown; the nearest is --%s", config_shown(flag).text, nearest);
}

static bool is_flag(const char *word)
{
    return strncmp(word, "--", 2) == 0;
}

/* One flag, with the word behind it when that is its value.  Gives the number of words used up. */
static int read_flag(struct config_state *state, const char *word, const char *next)
{
    struct str value = str_of(word + 2), flag;
    const struct option *row;
    int used = 1;

    str_split(&value, '=', &flag);
    if (value.ptr == NULL && next != NULL && !is_flag(next)) {
        value = str_of(next);
        used = 2;
    }
    row = option_by_flag(flag);
    if (row == NULL)
        unknown_flag(state, flag);
    else if (value.ptr == NULL)
        config_problem(state, "%s (flag): --%s needs a value", row->name, config_shown(flag).text);
    else
        offer(state, row, (struct given){ .source = SOURCE_FLAG, .value = value });
    return used;
}

void config_take_flags(struct config_state *state, int argc, char *const *argv)
{
    for (int i = 0; i < argc;) {
        if (is_flag(argv[i])) {
            i += read_flag(state, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
            continue;
        }
        config_problem(state, "\"%s\" (flag): settings are given as --name=value", config_shown(str_of(argv[i])).text);
        i++;
    }
}

/* A variable of the environment or of .env: others than ours are none of our business, unless they look like ours. */
static void read_variable(struct config_state *state, struct str name, struct given from)
{
    const struct option *row = option_by_name(name);

    if (row != NULL)
        offer(state, row, from);
    else if (option_comes_later(name))
        state->later_given = true;
    else if (str_starts(name, STR(OPTION_PREFIX)) && !str_equal(name, STR(OPTION_FILE_NAME)))
        unknown_name(state, name, from);
}

/* What is taken from the environment alone, and is no row. */
static bool is_aside(struct config_state *state, struct str name, struct str value)
{
    if (str_equal(name, STR(OPTION_MASTER_KEY)))
        state->master_key = value;
    else if (str_equal(name, STR(OPTION_CREDENTIALS_DIR)))
        state->credentials_dir = value;
    else
        return false;
    return true;
}

void config_take_environment(struct config_state *state, char *const *environ)
{
    for (char *const *at = environ; at != NULL && *at != NULL; at++) {
        struct str value = str_of(*at), name;
        str_split(&value, '=', &name);
        if (value.ptr != NULL && !is_aside(state, name, value))
            read_variable(state, name, (struct given){ .source = SOURCE_ENVIRONMENT, .value = value });
    }
}

/* A line of the config file: each must be ours, by its name or its flag. */
static void read_setting(struct config_state *state, struct str name, struct given from)
{
    const struct option *row = option_by_name(name);

    if (row == NULL)
        row = option_by_flag(name);
    if (row != NULL)
        offer(state, row, from);
    else if (option_comes_later(name))
        state->later_given = true;
    else
        unknown_name(state, name, from);
}

static void read_lines(struct config_state *state, struct str text, enum source source)
{
    struct config_text reader = { .rest = text };
    struct config_entry entry;

    while (config_file_next(&reader, &entry)) {
        struct given from = { .source = source, .line = reader.line, .value = entry.value };
        if (entry.fault != NULL)
            config_problem(state, "%s: %s", config_place(state, &from).text, entry.fault);
        else if (source == SOURCE_DOTENV)
            read_variable(state, entry.name, from);
        else
            read_setting(state, entry.name, from);
    }
}

void config_take_file(struct config_state *state, const char *path, enum source source)
{
    struct str text;
    enum err end;

    if (path == NULL)
        return;
    end = config_file_read(state->mem, path, &text);
    if (end == OK)
        read_lines(state, text, source);
    else if (source == SOURCE_FILE || end != ERR_MISSING)
        config_problem(state, "config file %s", note_get()->text);
}
