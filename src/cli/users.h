/* How accounts look on the command line; for the files of the command "user" alone. */
#pragma once
#include "cli/command.h"
#include "cli/print.h"
#include "store/rows.h"

/* One account, as pairs or as JSON.  The view has no place for a hash. */
void user_print(struct arena *mem, bool json, const struct user_row *row);

/* "admin,user" as typed, sorted.  Ends: ERR_INVALID (told, wrong usage). */
FALLIBLE roles_typed(struct run *r, struct str typed, struct str *out);
