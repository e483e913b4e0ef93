/* The words of the command line: which command, its options, its settings.
 *
 * Owns     nothing: what is found are views of argv.
 */
#pragma once
#include "cli/command.h"

/* The row of a command; NULL when the words name none.  used: how many words its name takes. */
const struct command *command_find(int argc, char *const *argv, int *used);
bool is_group(struct str word); /* the first word of commands with two */
/* The name nearest to what was typed. */
struct str command_nearest(struct str typed);

/* The words behind the name.  Ends: ERR_INVALID (told, wrong usage). */
FALLIBLE run_parse(struct run *r, int argc, char *const *argv);
