/* News between servers on one database: who changes what others keep in memory says so in the transaction of the change.
 *
 * PostgreSQL  NOTIFY on one channel, heard as soon as the change is committed.  Behind a pooler in transaction mode nothing
 *             can be heard: then all is read again every NEWS_POLL_MS.
 * SQLite      nothing has to be said: PRAGMA data_version tells of every commit of every process, asked for every
 *             NEWS_LOOK_MS.
 * Promise     a change is heard within 1 s.  News can be lost with a connection; so whoever listens reads all again at the
 *             latest every NEWS_AGAIN_MS, and after each reconnection.  That is the bound of a lost one.
 * Threads     telling: as the transaction.  Waiting: one thread, with a connection that serves nothing else.
 * Sources     postgresql.org/docs/15/sql-notify.html, sql-listen.html; sqlite.org/pragma.html#pragma_data_version
 */
#pragma once
#include "store/store.h"

#define NEWS_LOOK_MS  250
#define NEWS_POLL_MS  500
#define NEWS_AGAIN_MS 10000

/* clang-format off */
#define NEWS_LIST(N) N(KEYS, "keys")
/* clang-format on */
#define NEWS_PLACE(name, word) NEWS_AT_##name,
enum news_place { NEWS_LIST(NEWS_PLACE) NEWS_COUNT };
#define NEWS_BIT(name, word) NEWS_##name = 1U << NEWS_AT_##name,
enum news { NEWS_LIST(NEWS_BIT) NEWS_ALL = (1U << NEWS_COUNT) - 1 };

/* Heard when, and only when, the transaction is committed. */
FALLIBLE news_tell(struct tx *tx, enum news topic);

/* Wait for news, at most so long; sooner when wake, a descriptor, can be read.  heard: bits of enum news; NEWS_ALL when it
 * can't be told what changed, and the first time on a connection.
 * Ends: ERR_BUSY (the connection is lost: the next call makes another; meanwhile all may have changed), ERR_INTERNAL. */
FALLIBLE news_wait(struct db *db, int wake, int64_t most_ms, unsigned *heard);

/* For the drivers: the word of a topic, and back; a word that is not known may mean anything. */
const char *news_word(enum news topic);
unsigned news_of_word(const char *word);
