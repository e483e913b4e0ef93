#include "store/news.h"
#include "store/driver.h"

#define NEWS_WORD(name, word) word,
static const char *const words[] = { NEWS_LIST(NEWS_WORD) };

const char *news_word(enum news topic)
{
    size_t at = 0;

    while (at + 1 < NEWS_COUNT && (1U << at) != topic)
        at++;
    return words[at];
}

unsigned news_of_word(const char *word)
{
    for (size_t i = 0; i < NEWS_COUNT; i++)
        if (str_equal(str_of(word), str_of(words[i])))
            return 1U << i;
    return NEWS_ALL;
}

FALLIBLE news_tell(struct tx *tx, enum news topic)
{
    const struct driver *driver = tx->db.store->driver;

    if (driver->tell == NULL)
        return OK;
    TRY(tx_open(tx));
    return driver->tell(tx->db.conn, news_word(topic));
}

FALLIBLE news_wait(struct db *db, int wake, int64_t most_ms, unsigned *heard)
{
    return db->store->driver->hear(db->conn, wake, most_ms, heard);
}
