/* What --help prints. */
#pragma once
#include "cli/command.h"
#include <stdio.h>

void help_program(FILE *to);
void help_group(FILE *to, struct str group); /* the commands whose first word it is */
void help_command(const struct run *r);
