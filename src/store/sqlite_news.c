/* News by the counter of commits that every connection sees. */
#include "store/sqlite_own.h"

#include <poll.h>
#include "base/clock.h"
#include "store/news.h"

/* "the integer values returned by two invocations of PRAGMA data_version from the same connection will be different if
 * changes were committed to the database by any other connection in the interim" (sqlite.org/pragma.html). */
static FALLIBLE version_of(struct conn *conn, int64_t *out)
{
    int code = conn->versions == NULL ? sqlite3_prepare_v3(conn->db, "PRAGMA data_version", -1,
                                                           SQLITE_PREPARE_PERSISTENT, &conn->versions, NULL)
                                      : SQLITE_OK;

    if (code == SQLITE_OK)
        code = sqlite3_step(conn->versions);
    if (code != SQLITE_ROW)
        return sqlite_fail(conn->db, code, "data_version");
    *out = sqlite3_column_int64(conn->versions, 0);
    sqlite3_reset(conn->versions);
    return OK;
}

FALLIBLE sqlite_hear(struct conn *conn, int wake, int64_t most_ms, unsigned *heard)
{
    int64_t until_ns = clock_mono_ns() + most_ms * 1000000, version = 0;
    struct pollfd one = { .fd = wake, .events = POLLIN };
    bool over = false;

    hold_drop(conn);
    TRY(version_of(conn, &version));
    while (version == conn->version && !over) {
        over = poll(&one, 1, NEWS_LOOK_MS) != 0 || clock_mono_ns() >= until_ns;
        TRY(version_of(conn, &version));
    }
    *heard = version == conn->version ? 0 : NEWS_ALL;
    if (version != conn->version)
        holds_drop(conn->engine);
    conn->version = version;
    return OK;
}
