/* The folder of signing keys of releases before 0.2: they are in the database now, and what still lies here is taken in once.
 * Of flow/keys.c only.
 *
 * Owns     struct key_folder: the folder and its lock, until key_folder_drop.
 * Files    <kid>.pem, mode 0600, of our own user or root, in a folder of mode 0700; other names are passed over.
 * Threads  one.
 */
#pragma once
#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"

#define KEY_FILE_MAX 4096 /* bytes */

struct key_folder;

struct key_file {
    struct str kid; /* its name without ".pem" */
    struct secret pem;
    int64_t made_at; /* microseconds, when it was last written */
};

/* Waits until no other process has it open.  Ends: ERR_MISSING (no such folder), ERR_INTERNAL (files; others may read or
 * change it). */
FALLIBLE key_folder_open(struct str path, struct key_folder **out);
void key_folder_drop(struct key_folder **folder); /* NULL is fine */

/* Call take for each key file.  Ends: ERR_INTERNAL (files; one that others may read; one that take refuses): the note
 * names the file. */
FALLIBLE key_folder_each(const struct key_folder *folder, enum err (*take)(void *to, const struct key_file *file),
                         void *to);
/* Remove the key files, and the folder when nothing else is in it.  Ends: ERR_INTERNAL. */
FALLIBLE key_folder_clear(const struct key_folder *folder);
