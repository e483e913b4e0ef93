#include "store/file.h"

#include <stdlib.h>
#include "store/driver.h"

FALLIBLE store_copy(struct db *db, const char *path, struct db **copy)
{
    const struct file_driver *file = db->store->driver->file;
    struct conn *conn = NULL;

    if (file == NULL)
        return fail(ERR_INVALID, "a PostgreSQL database is backed up with its own tools; see docs/backup.md");
    TRY(file->copy(db->conn, path, &conn));
    *copy = calloc(1, sizeof **copy);
    if (*copy == NULL)
        die("out of memory");
    **copy = (struct db){ .store = db->store, .conn = conn };
    return OK;
}

struct seizure {
    const struct file_driver *file;
    struct held *held;
};

FALLIBLE seizure_find(const struct store_options *options, struct seizure **out)
{
    AUTO(seizure) struct seizure *seizure = calloc(1, sizeof *seizure);
    const struct driver *driver = NULL;

    if (seizure == NULL)
        die("out of memory");
    TRY(driver_find(options->url, &driver));
    seizure->file = driver->file;
    if (driver->file == NULL)
        return fail(ERR_INVALID, "a PostgreSQL database is restored with its own tools; see docs/backup.md");
    TRY(driver->file->find(options, &seizure->held));
    *out = seizure;
    seizure = NULL;
    return OK;
}

const char *seizure_path(const struct seizure *seizure)
{
    return seizure->file->path(seizure->held);
}

FALLIBLE seizure_take(struct seizure *seizure)
{
    return seizure->file->take(seizure->held);
}

FALLIBLE seizure_replace(struct seizure *seizure, const char *by, const char *kept)
{
    return seizure->file->replace(seizure->held, by, kept);
}

void seizure_drop(struct seizure **seizure)
{
    if (*seizure != NULL && (*seizure)->held != NULL)
        (*seizure)->file->let_go((*seizure)->held);
    free(*seizure);
    *seizure = NULL;
}
