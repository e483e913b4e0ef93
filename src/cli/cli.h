/* The operator's face: a table of commands.
 *
 * Exit status  0 done, 1 failed (one sentence on stderr), 2 wrong usage, 3 requests were cut at the end of the drain (serve).
 * Streams      results on stdout, JSON with --json; everything else on stderr.
 */
#pragma once
#include "config/config.h"

/* serve is handed in by main: a process role is above this face. */
int cli_main(int argc, char **argv, int (*serve)(const struct config *config, struct config_state *state));
