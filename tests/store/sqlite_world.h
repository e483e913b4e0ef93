/* What the tests of the SQLite driver share: files of their own, and children that may come to harm. */
#pragma once
#include <stdio.h>
#include <unistd.h>
#include "store/driver.h"
#include "store/migrate.h"
#include "store/people.h"
#include "support/test.h"

extern char folder[]; /* of this run; emptied at its end */

struct str fresh(void); /* the URL of a file that is not there yet; lives until the next call */
const char *path_of(struct str url);
enum err open_as(struct str url, bool create, int64_t busy_ms, struct store **store);
struct store *open_new(struct str url); /* made and migrated */
struct db *reader(struct store *store);

/* Run it in a child; returns the child's exit status, -1 when it was killed. */
int run_child(void (*body)(struct str url), struct str url);

/* In a child a failed check ends the child. */
#define MUST(truth)                                                                                                    \
    do {                                                                                                               \
        if (!(truth)) {                                                                                                \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #truth, note_get()->text);                          \
            _exit(1);                                                                                                  \
        }                                                                                                              \
    } while (0)

/* The parts; each returns how many tests failed. */
int sqlite_file_tests(void);
int sqlite_commit_tests(void);
int sqlite_fault_tests(void);
int sqlite_hold_tests(void);
int sqlite_backup_tests(void);
