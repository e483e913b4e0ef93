/* Passwords and yes-or-no from stdin.  A password never comes from the command line, where every process could read it.
 *
 * Owns     what is read belongs to the caller: secret_drop.
 */
#pragma once
#include "cli/command.h"

/* On a terminal: asked for without echo, twice when it is a new one.  Else: all of stdin, without one line end behind it.
 * Ends: ERR_INVALID (told: empty, too long, the two differ, stdin can't be read). */
FALLIBLE password_read_typed(struct run *r, bool is_new, struct secret *out);

bool on_terminal(void); /* stdin is one */
/* For what can't be taken back, by a command with the option --yes: that, or the word yes on the terminal.  what: the sentence that
 * is told where nobody can be asked.  Ends: ERR_INVALID (told). */
FALLIBLE agreement(struct run *r, const char *what, const char *question);
/* All of stdin as text, without the line end behind it.  Ends: ERR_INVALID (told). */
FALLIBLE text_read(struct run *r, size_t max_bytes, struct str *out);
