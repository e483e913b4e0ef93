#include "cli/parse.h"
#include "config/options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define KEY_ID_LEN 43

static const struct command *command_named(struct str name)
{
    for (size_t i = 0; i < commands_count; i++)
        if (str_equal(name, str_of(commands[i].name)))
            return &commands[i];
    return NULL;
}

bool is_group(struct str word)
{
    for (size_t i = 0; i < commands_count; i++) {
        struct str rest = str_of(commands[i].name), first;
        if (str_split(&rest, ' ', &first) && rest.ptr != NULL && str_equal(first, word))
            return true;
    }
    return false;
}

static bool is_word(const char *text)
{
    return text[0] != '-';
}

/* "backup" is a command and the beginning of another: what follows it is a word of its own unless it makes the other. */
const struct command *command_find(int argc, char *const *argv, int *used)
{
    AUTO(arena) struct arena *mem = arena_new();
    const struct command *one, *two = NULL;
    *used = 1;
    if (argc == 0)
        return NULL;
    one = command_named(str_of(argv[0]));
    if (argc > 1 && is_word(argv[1]) && is_group(str_of(argv[0])))
        two = command_named(arena_printf(mem, "%s %s", argv[0], argv[1]));
    else
        return one;
    if (two == NULL)
        return one != NULL && one->most > 0 ? one : NULL;
    *used = 2;
    return two;
}

/* The candidate with the least distance so far. */
struct nearest {
    struct str typed;
    size_t distance;
    struct str name;
};

static void offer(struct nearest *n, struct str name)
{
    size_t distance = str_distance(n->typed, name);
    if (n->name.ptr != NULL && distance >= n->distance)
        return;
    n->distance = distance;
    n->name = name;
}

/* Half a name counts too: "usr" is nearer to "user" than to any whole one. */
struct str command_nearest(struct str typed)
{
    struct nearest n = { .typed = typed };
    for (size_t i = 0; i < commands_count; i++) {
        struct str rest = str_of(commands[i].name), first = rest;
        offer(&n, rest);
        str_split(&rest, ' ', &first);
        offer(&n, first);
    }
    return n.name;
}

static bool takes_settings(const struct run *r)
{
    return r->command->settings != NO_SETTINGS;
}

static struct str nearest_option(const struct run *r, struct str typed)
{
    struct nearest n = { .typed = typed };
    for (const struct cli_option *o = r->command->manual->options; o != NULL && o->name != NULL; o++)
        offer(&n, str_of(o->name));
    offer(&n, STR("help"));
    if (r->command->manual->json != NULL)
        offer(&n, STR("json"));
    if (takes_settings(r))
        offer(&n, STR("config"));
    for (size_t i = 0; takes_settings(r) && i < options_count; i++) {
        char flag[OPTION_NAME_MAX];
        option_flag(&options[i], flag);
        offer(&n, arena_copy(r->visit.mem, str_of(flag)));
    }
    return n.name;
}

/* What a person might try, and everybody on the machine could read in the list of processes. */
static bool smells_of_secret(struct str name)
{
    static const char *const words[] = { "password", "passwd", "pass", "pwd", "secret" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_equal(name, str_of(words[i])))
            return true;
    return false;
}

static enum err unknown_option(struct run *r, struct str name)
{
    if (smells_of_secret(name))
        return run_usage(
            r,
            "--%.*s: a password is never taken from the command line, where others can read it; it is read from stdin",
            STR_ARG(name));
    struct str nearest = nearest_option(r, name);
    return run_usage(r, "--%.*s: unknown option; the nearest is --%.*s", STR_ARG(str_slice(name, 0, OPTION_NAME_MAX)),
                     STR_ARG(nearest));
}

static const struct cli_option *own_option(const struct run *r, struct str name, char letter)
{
    for (const struct cli_option *o = r->command->manual->options; o != NULL && o->name != NULL; o++)
        if (str_equal(name, str_of(o->name)) || (letter != 0 && o->letter == letter))
            return o;
    return NULL;
}

/* One argument: "--name=value" or "--name value"; what follows is offered as value and counted in used when it is taken. */
struct argument {
    struct str name;
    const char *value, *next; /* NULL when there is none */
    int used;
};

static bool take_value(struct argument *a)
{
    if (a->value != NULL)
        return true;
    if (a->next == NULL)
        return false;
    a->value = a->next;
    a->used = 2;
    return true;
}

static enum err take_own(struct run *r, const struct cli_option *o, struct argument *a)
{
    const char **value = &r->values[o - r->command->manual->options];
    if (*value != NULL)
        return run_usage(r, "--%s: given twice", o->name);
    if (o->value == NULL && a->value != NULL)
        return run_usage(r, "--%s: takes no value", o->name);
    if (o->value != NULL && !take_value(a))
        return run_usage(r, "--%s: needs a value: --%s %s", o->name, o->name, o->value);
    *value = o->value == NULL ? "" : a->value;
    return OK;
}

static enum err take_config(struct run *r, struct argument *a)
{
    if (r->config_file != NULL)
        return run_usage(r, "--config: given twice");
    if (!take_value(a))
        return run_usage(r, "--config: needs a value: --config FILE");
    r->config_file = a->value;
    return OK;
}

/* A setting goes to config_read as it stands: both its words, when the value is a word of its own. */
static void take_setting(struct run *r, char *const *argv, struct argument *a)
{
    r->settings[r->settings_count++] = argv[0];
    if (a->value != NULL || a->next == NULL || strncmp(a->next, "--", 2) == 0)
        return;
    r->settings[r->settings_count++] = argv[1];
    a->used = 2;
}

static enum err take_switch(struct run *r, struct argument *a, bool *out)
{
    if (a->value != NULL)
        return run_usage(r, "--%.*s: takes no value", STR_ARG(a->name));
    *out = true;
    return OK;
}

static enum err take_long(struct run *r, char *const *argv, struct argument *a)
{
    const struct cli_option *own = own_option(r, a->name, 0);
    if (own != NULL)
        return take_own(r, own, a);
    if (str_equal(a->name, STR("help")))
        return take_switch(r, a, &r->help);
    if (r->command->manual->json != NULL && str_equal(a->name, STR("json")))
        return take_switch(r, a, &r->json);
    if (takes_settings(r) && str_equal(a->name, STR("config")))
        return take_config(r, a);
    if (!takes_settings(r) || option_by_flag(a->name) == NULL)
        return unknown_option(r, a->name);
    take_setting(r, argv, a);
    return OK;
}

static enum err take_short(struct run *r, const char *text, struct argument *a)
{
    const struct cli_option *own = own_option(r, (struct str){ "", 0 }, text[1]);
    if (strcmp(text, "-h") == 0)
        return take_switch(r, a, &r->help);
    if (own == NULL)
        return run_usage(r, "-%c: unknown option", text[1] >= ' ' && text[1] <= '~' ? text[1] : '?');
    if (text[2] != '\0')
        a->value = text + 2;
    return take_own(r, own, a);
}

static enum err take_word(struct run *r, const char *text)
{
    if (r->word_count == r->command->most)
        return run_usage(r, r->command->most == 0 ? "takes no arguments beside its options" : "too many arguments");
    r->words[r->word_count++] = str_of(text);
    return OK;
}

/* The id of a key begins with "-" once in 64 times, and is 43 letters of base64url, which no option has: nobody should have to
 * know "--" to revoke it. */
static bool is_key_id(const char *text)
{
    size_t len = 0;
    while (isalnum((unsigned char)text[len]) || text[len] == '-' || text[len] == '_')
        len++;
    return len == KEY_ID_LEN && text[len] == '\0';
}

static enum err take_argument(struct run *r, char *const *argv, struct argument *a)
{
    const char *text = argv[0];
    if (text[0] != '-' || text[1] == '\0' || is_key_id(text))
        return take_word(r, text);
    if (text[1] != '-')
        return take_short(r, text, a);
    struct str rest = str_of(text + 2);
    str_split(&rest, '=', &a->name);
    a->value = rest.ptr;
    return take_long(r, argv, a);
}

static enum err check_words(struct run *r)
{
    if (r->help || r->word_count >= r->command->least)
        return OK;
    return run_usage(r, "needs %s", r->command->arguments);
}

enum err run_parse(struct run *r, int argc, char *const *argv)
{
    bool options_end = false;
    r->settings = ARENA_ARRAY(r->visit.mem, char *, (size_t)argc + 1);
    for (int i = 0; i < argc;) {
        struct argument a = { .next = i + 1 < argc ? argv[i + 1] : NULL, .used = 1 };
        if (options_end)
            TRY(take_word(r, argv[i]));
        else if (strcmp(argv[i], "--") == 0)
            options_end = true;
        else
            TRY(take_argument(r, argv + i, &a));
        i += a.used;
    }
    return check_words(r);
}
