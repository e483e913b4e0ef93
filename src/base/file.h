/* Files that are there whole or not at all: written under another name, then put in place at once.
 *
 * Owns     struct scratch: the unfinished file, until scratch_put or scratch_drop.
 * Threads  one thread at a time.
 * Promise  after scratch_put the file and its name are on the disk; before it nothing has the name.  What a crash leaves
 * behind is the unfinished file, which the next scratch_open of that name empties.
 */
#pragma once
#include <sys/types.h>
#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"

struct scratch {
    int fd; /* read and write; closed by scratch_put and scratch_drop */
    char *path;
};

/* An empty file for its owner alone, locked (flock) against another program that is at the same name.  wait: until that
 * one has ended.  Ends: ERR_BUSY (not waiting: another is at it), ERR_INTERNAL. */
FALLIBLE scratch_open(const char *path, bool wait, struct scratch **out);
/* Take its name away: the bytes go with the descriptor. */
FALLIBLE scratch_hide(struct scratch *scratch);
/* Onto the disk, and there under `path`, in the same folder.  replace: what has the name already.  *scratch becomes NULL
 * in any end.  Ends: ERR_CONFLICT (not replacing: the name is taken), ERR_INTERNAL. */
FALLIBLE scratch_put(struct scratch **scratch, const char *path, bool replace);
void scratch_drop(struct scratch **scratch); /* removes the file; NULL is fine */

/* Make what happened to the names of its folder last.  Ends: ERR_INTERNAL. */
FALLIBLE file_sync_folder(const char *path);

void fd_drop(int *fd); /* -1 is fine */
bool fd_write(int fd, struct str bytes);
/* As many bytes as there are, up to size; less only at the end.  -1: failed. */
ssize_t fd_read(int fd, void *to, size_t size);

/* All of a small file that holds a key: at most size bytes of it.  closed: only its owner may read or change it, and that
 * is us or root.  Ends: ERR_MISSING, ERR_DENIED (open to others), ERR_INVALID (no plain file), ERR_INTERNAL. */
FALLIBLE file_read_secret(const char *path, size_t size, bool closed, struct secret *out);
