#include "cli/help.h"

#include <stdlib.h>
#include <string.h>

#define PROGRAM_ABOUT                                                                                                  \
    "Postern signs people in and keeps their accounts. It is one program: the server, and the commands\n"              \
    "that look after its data.\n"

#define PROGRAM_MORE                                                                                                   \
    "\nFirst steps:\n"                                                                                                 \
    "  postern serve                              # on 127.0.0.1:8000, data in this folder\n"                          \
    "  postern user create --email ada@example.com --role admin,user\n"                                                \
    "  postern doctor                             # is everything as it should be?\n"                                  \
    "\nEvery command tells more with --help. Settings (the address, the database, the data folder ...) are taken\n"    \
    "as flags, from the environment, from a file (--config FILE) and, in development, from .env in this folder;\n"     \
    "postern serve --help names them all, postern config shows what is in effect.\n"                                   \
    "\nExit status: 0 done; 1 failed, with one sentence on stderr; 2 wrong usage or a setting that can't be read;\n"   \
    "3 requests were cut at the end of the drain (serve).\n"

static void print_names(FILE *to, struct str group)
{
    for (size_t i = 0; i < commands_count; i++) {
        struct str rest = str_of(commands[i].name), first;
        str_split(&rest, ' ', &first);
        if (group.ptr == NULL || str_equal(first, group))
            fprintf(to, "  %-20s %s\n", commands[i].name, commands[i].does);
    }
}

void help_program(FILE *to)
{
    fputs("Usage: postern COMMAND [options]\n\n" PROGRAM_ABOUT "\nCommands:\n", to);
    print_names(to, (struct str){ 0 });
    fputs(PROGRAM_MORE, to);
}

void help_group(FILE *to, struct str group)
{
    fprintf(to, "Usage: postern %.*s COMMAND [options]\n\nCommands:\n", STR_ARG(group));
    print_names(to, group);
    fprintf(to, "\nMore: postern %.*s COMMAND --help\n", STR_ARG(group));
}

static void print_option(const char *left, const char *does)
{
    if (strlen(left) > 26)
        printf("  %s\n  %-26s  %s\n", left, "", does);
    else
        printf("  %-26s  %s\n", left, does);
}

static void print_own(const struct run *r)
{
    for (const struct cli_option *o = r->command->manual->options; o != NULL && o->name != NULL; o++) {
        char letter[8] = "";
        if (o->letter != 0)
            snprintf(letter, sizeof letter, "-%c, ", o->letter);
        print_option(arena_printf(r->visit.mem, "%s--%s%s%s", letter, o->name, o->value != NULL ? " " : "",
                                  o->value != NULL ? o->value : "")
                         .ptr,
                     o->does);
    }
}

static void print_options(const struct run *r)
{
    puts("\nOptions:");
    print_own(r);
    if (r->command->manual->json != NULL)
        print_option("--json", r->command->manual->json);
    if (r->command->settings != NO_SETTINGS)
        print_option("--config FILE", "read settings from this file (else from the one that POSTERN_CONFIG names)");
    print_option("-h, --help", "print this");
}

static const char *kind_of(const char *unit)
{
    return unit[0] == '\0' ? "" : " ";
}

/* The whole table, as config_lines has it: it needs values, so the defaults are read. */
static void print_settings(const struct run *r)
{
    struct config config = { 0 };
    struct config_state *state = NULL;
    struct strs problems;
    const struct config_line *lines = NULL;
    const struct config_input nothing = { 0 };
    puts("\nSettings, in the order of precedence: flag, environment, file, .env (development only), default:");
    size_t count = config_read(&nothing, &config, &state, &problems) == OK ? config_lines(&config, state, &lines) : 0;
    for (size_t i = 0; i < count; i++)
        print_option(arena_printf(r->visit.mem, "%s=...", lines[i].flag).ptr,
                     arena_printf(r->visit.mem, "%s\n%30s%s; default %s%s%s", lines[i].meaning, "", lines[i].name,
                                  lines[i].fallback[0] == '\0' ? "none" : lines[i].fallback, kind_of(lines[i].unit),
                                  lines[i].unit)
                         .ptr);
    config_drop(&config, &state);
}

void help_command(const struct run *r)
{
    const struct command *c = r->command;
    const struct manual *m = c->manual;
    bool serves = c->run == serve_run;
    printf("Usage: postern %s%s%s [options]%s\n\n%s.\n", c->name, c->arguments[0] == '\0' ? "" : " ", c->arguments,
           serves ? " [settings]" : "", c->does);
    if (m->about != NULL)
        printf("\n%s\n", m->about);
    print_options(r);
    if (serves)
        print_settings(r);
    else if (c->settings != NO_SETTINGS)
        puts("\nSettings are taken as flags too, --data-dir and --database-url among them: postern serve --help names "
             "them.");
    printf("\nExample:\n%s\n\nExit status:\n%s\n", m->example, m->ends);
}
