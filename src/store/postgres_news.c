/* News by LISTEN and NOTIFY, on one channel for all. */
#include "store/postgres_own.h"

#include <poll.h>
#include <stdio.h>
#include "base/clock.h"
#include "store/news.h"

#define CHANNEL  "postern_news"
#define PULSE_MS 3000 /* for the answer that shows whether the link still lives */

static FALLIBLE tell_once(struct conn *conn, const void *what)
{
    TRY(tx_ready(conn));
    return answer_to(conn, "notify", what, answer_wait_ms(conn->engine), NULL);
}

/* The word is one of ours, so it needs no escape. */
FALLIBLE postgres_tell(struct conn *conn, const char *word)
{
    char text[96];

    snprintf(text, sizeof text, "SELECT pg_catalog.pg_notify('" CHANNEL "', '%s')", word);
    return conn_do(conn, tell_once, text);
}

/* Heard from now on; what was told before is not, so all may have changed. */
static FALLIBLE begin(struct conn *conn, unsigned *heard)
{
    TRY(conn_up(conn));
    if (!conn->pooled)
        TRY(answer_to(conn, "listen", "LISTEN " CHANNEL, answer_wait_ms(conn->engine), NULL));
    conn->listens = true;
    *heard = NEWS_ALL;
    return OK;
}

static unsigned take_heard(struct conn *conn)
{
    const struct libpq *pq = conn->engine->pq;
    unsigned heard = 0;

    for (PGnotify *one = pq->PQnotifies(conn->link); one != NULL; one = pq->PQnotifies(conn->link)) {
        heard |= news_of_word(one->extra);
        pq->PQfreemem(one);
    }
    return heard;
}

/* What comes between two waits lies with libpq, and no poll would tell of it. */
static FALLIBLE take_input(struct conn *conn, unsigned *heard)
{
    if (!conn->engine->pq->PQconsumeInput(conn->link))
        return answer_send_failed(conn, "listen");
    *heard = take_heard(conn);
    return OK;
}

/* True: it can be read, or wake can. */
static bool wait_for(int fd, int wake, int64_t most_ms)
{
    struct pollfd both[] = { { .fd = wake, .events = POLLIN }, { .fd = fd, .events = POLLIN } };

    return poll(both, fd < 0 ? 1 : 2, (int)most_ms) != 0;
}

/* Nothing has come for a while: that may be for want of news, or of a link. */
static FALLIBLE feel_pulse(struct conn *conn, unsigned *heard)
{
    TRY(answer_to(conn, "listen", "SELECT 1", PULSE_MS, NULL));
    *heard = take_heard(conn);
    return OK;
}

FALLIBLE postgres_hear(struct conn *conn, int wake, int64_t most_ms, unsigned *heard)
{
    *heard = 0;
    if (conn->link == NULL || !conn->listens)
        return begin(conn, heard);
    if (conn->pooled) {
        (void)wait_for(-1, wake, most_ms < NEWS_POLL_MS ? most_ms : NEWS_POLL_MS);
        *heard = NEWS_ALL;
        return OK;
    }
    TRY(take_input(conn, heard));
    if (*heard != 0)
        return OK;
    if (wait_for(conn->engine->pq->PQsocket(conn->link), wake, most_ms))
        return take_input(conn, heard);
    return feel_pulse(conn, heard);
}
