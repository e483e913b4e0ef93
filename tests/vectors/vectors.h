/* The areas of check-vectors.  Each prints a line per vector of the file and returns 0, or says on stderr why it can't be read. */
#pragma once

int vectors_password(const char *file);
int vectors_email(const char *file);
int vectors_jose(const char *file);
int vectors_webauthn(const char *file);
int vectors_webauthn_flips(const char *file);
