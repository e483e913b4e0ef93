/* A reader keeps its snapshot while nobody commits.
 *
 * To open and close one for each statement costs two locks on the file and more than the statement itself.  Whether the snapshot
 * is still the newest is seen in the header of the log's index, which all connections share in memory: every commit, of
 * whichever program, changes it before its caller is told (sqlite.org/walformat.html, "The WAL-Index File Format"; it is there
 * twice, so that who reads it while it is written finds two that differ).
 *
 * A snapshot that is kept holds the log back from starting over.  So none outlives a commit for long: its reader gives it up
 * with the next statement, and who listens for news or moves the log takes it from those that are at rest.
 */
#include "store/sqlite_own.h"

#include <string.h>

#define REGION (32 * 1024) /* bytes of a block of the index, the first of which begins with its header */

static bool control(sqlite3 *db, const char *text, sqlite3_stmt **kept)
{
    int code = SQLITE_OK;

    if (*kept == NULL)
        code = sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, kept, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(*kept);
    sqlite3_reset(*kept);
    return code == SQLITE_DONE;
}

/* A connection has its part of the index from its first read on, and for as long as it is open. */
static const volatile void *find_index(sqlite3 *db)
{
    sqlite3_file *file = NULL;
    volatile void *index = NULL;

    sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (file == NULL || file->pMethods == NULL || file->pMethods->iVersion < 2)
        return NULL;
    return file->pMethods->xShmMap(file, 0, REGION, 0, &index) == SQLITE_OK ? index : NULL;
}

/* Others write to it while we look: what is half written equals nothing that was there before. */
static struct index_header copy_of(const volatile struct index_header *at)
{
    struct index_header copy;

    for (size_t i = 0; i < sizeof copy.words / sizeof *copy.words; i++)
        copy.words[i] = at->words[i];
    return copy;
}

static bool is_as_seen(const struct hold *hold)
{
    const volatile struct index_header *both = hold->index;
    struct index_header first, second;

    if (both == NULL)
        return false;
    first = copy_of(&both[0]);
    second = copy_of(&both[1]);
    return memcmp(&first, &hold->seen, sizeof first) == 0 && memcmp(&second, &hold->seen, sizeof second) == 0;
}

static void see(struct hold *hold)
{
    if (hold->index != NULL)
        hold->seen = copy_of(hold->index);
}

/* Under its lock. */
static void let_go(struct conn *conn)
{
    if (conn->hold.open)
        (void)control(conn->db, "COMMIT", &conn->hold.end); /* of what has only read: it can't fail */
    conn->hold.open = false;
}

void hold_open(struct conn *conn)
{
    struct engine *engine = conn->engine;

    pthread_mutex_init(&conn->hold.lock, NULL);
    pthread_mutex_lock(&engine->readers_lock);
    conn->hold.next = engine->readers;
    engine->readers = conn;
    pthread_mutex_unlock(&engine->readers_lock);
    conn->hold.listed = true;
}

void hold_close(struct conn *conn)
{
    struct engine *engine = conn->engine;
    struct conn **at = &engine->readers;

    if (!conn->hold.listed)
        return;
    pthread_mutex_lock(&engine->readers_lock);
    while (*at != conn)
        at = &(*at)->hold.next;
    *at = conn->hold.next;
    pthread_mutex_unlock(&engine->readers_lock);
    let_go(conn);
    sqlite3_finalize(conn->hold.begin);
    sqlite3_finalize(conn->hold.end);
    pthread_mutex_destroy(&conn->hold.lock);
}

/* What is seen before the snapshot opens is no newer than it.  So the snapshot is the newest for as long as the same is seen; a
 * commit that came between costs one more opening. */
void hold_begin(struct conn *conn)
{
    struct hold *hold = &conn->hold;
    bool quiet;

    if (!hold->listed)
        return;
    pthread_mutex_lock(&hold->lock);
    hold->busy = true;
    quiet = is_as_seen(hold);
    if (!quiet) {
        let_go(conn);
        see(hold);
    } else if (!hold->open && sqlite3_get_autocommit(conn->db) != 0) {
        hold->open = control(conn->db, "BEGIN", &hold->begin);
    }
}

void hold_end(struct conn *conn, bool good)
{
    struct hold *hold = &conn->hold;

    if (!hold->busy)
        return;
    hold->busy = false;
    if (!good)
        let_go(conn);
    if (hold->index == NULL)
        hold->index = find_index(conn->db);
    pthread_mutex_unlock(&hold->lock);
}

void hold_drop(struct conn *conn)
{
    if (!conn->hold.listed)
        return;
    pthread_mutex_lock(&conn->hold.lock);
    let_go(conn);
    pthread_mutex_unlock(&conn->hold.lock);
}

void holds_drop(struct engine *engine)
{
    pthread_mutex_lock(&engine->readers_lock);
    for (struct conn *conn = engine->readers; conn != NULL; conn = conn->hold.next)
        hold_drop(conn);
    pthread_mutex_unlock(&engine->readers_lock);
}
