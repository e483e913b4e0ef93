#include "cli/cli.h"
#include "cli/help.h"
#include "cli/parse.h"

#include <stdio.h>
#include <string.h>

static int unknown_command(int argc, char *const *argv)
{
    AUTO(arena) struct arena *mem = arena_new();
    bool two = argc > 1 && argv[1][0] != '-';
    struct str typed = two ? arena_printf(mem, "%s %s", argv[0], argv[1]) : str_of(argv[0]);
    struct str nearest = command_nearest(typed);
    fprintf(stderr, "postern: there is no command \"%.*s\"; the nearest is \"%.*s\"\nMore: postern --help\n",
            STR_ARG(str_slice(typed, 0, 64)), STR_ARG(nearest));
    return CLI_USAGE;
}

/* "postern user" is half a command: what it could become is told. */
static int half_command(int argc, char *const *argv)
{
    bool asked = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    if (!is_group(str_of(argv[0])) || (argc > 1 && !asked))
        return unknown_command(argc, argv);
    help_group(asked ? stdout : stderr, str_of(argv[0]));
    return asked ? 0 : CLI_USAGE;
}

static enum err read_settings(struct run *r)
{
    if (r->command->settings != SETTINGS || run_settings(r) == OK)
        return OK;
    for (size_t i = 0; i < r->problems.count; i++)
        fprintf(stderr, "postern: %.*s\n", STR_ARG(r->problems.items[i]));
    r->status = CLI_USAGE;
    return ERR_INVALID;
}

static enum err run_command(struct run *r, int argc, char *const *argv)
{
    TRY(run_parse(r, argc, argv));
    if (r->help) {
        help_command(r);
        return OK;
    }
    TRY(read_settings(r));
    return r->command->run(r);
}

/* What could not be written was not done, as far as the reader can tell: a full disk must not look like an empty list. */
static enum err flush(void)
{
    return fflush(stdout) == 0 && ferror(stdout) == 0 ? OK : fail(ERR_INTERNAL, "write to stdout: %m");
}

static int status_of(struct run *r, enum err end)
{
    if (end == OK)
        end = flush();
    if (end == OK || r->status != 0)
        return r->status;
    fprintf(stderr, "postern: %s\n", run_sentence());
    return CLI_FAILED;
}

static int run_row(struct run *r, int argc, char *const *argv)
{
    r->visit.mem = arena_new();
    int status = status_of(r, run_command(r, argc, argv));
    run_drop(r);
    return status;
}

/* Words that are asked for as options in other programs. */
static const char *usual_word(const char *word)
{
    return strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0 ? "version" : word;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

int cli_main(int argc, char **argv, int (*serve)(const struct config *config, struct config_state *state))
{
    int used = 0;
    if (argc < 2 || asks_for_help(argv[1])) {
        help_program(argc < 2 ? stderr : stdout);
        return argc < 2 ? CLI_USAGE : 0;
    }
    argv[1] = (char *)usual_word(argv[1]);
    const struct command *row = command_find(argc - 1, argv + 1, &used);
    if (row == NULL)
        return half_command(argc - 1, argv + 1);
    struct run r = { .command = row, .serve = serve };
    return run_row(&r, argc - 1 - used, argv + 1 + used);
}
