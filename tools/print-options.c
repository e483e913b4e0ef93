/* Prints the table of settings as it stands in docs/configuration.md; see tools/check-options. */
#include "config/options.h"

#include <stdio.h>

static void print_bounds(const struct option *row)
{
    switch (row->kind) {
    case OPTION_TEXT:
    case OPTION_LIST:
        printf("%lld to %lld bytes", (long long)row->min, (long long)row->max);
        return;
    case OPTION_INT:
        printf("%lld to %lld%s%s", (long long)row->min, (long long)row->max, row->unit != NULL ? " " : "",
               row->unit != NULL ? row->unit : "");
        return;
    case OPTION_SWITCH:
        printf("`on`, `off`");
        return;
    case OPTION_WORD:
        for (size_t i = 0; row->words[i] != NULL; i++)
            printf("%s`%s`", i > 0 ? ", " : "", row->words[i]);
        return;
    }
}

static void print_default(const struct option *row)
{
    if (row->fallback == NULL)
        printf("%s", row->fallback_words);
    else if (row->fallback[0] == '\0')
        printf("none");
    else
        printf("`%s`", row->fallback);
}

int main(void)
{
    char flag[OPTION_NAME_MAX];

    printf("| environment | flag | default | bounds | meaning |\n| --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < options_count; i++) {
        option_flag(&options[i], flag);
        printf("| `%s` | `--%s` | ", options[i].name, flag);
        print_default(&options[i]);
        printf(" | ");
        print_bounds(&options[i]);
        printf(" | %s |\n", options[i].meaning);
    }
    return 0;
}
