#include "store/clients.h"

#include "store/query.h"

#define CLIENT_COLUMN(name) COLUMN(struct client_row, name),
static const struct column client_columns[] = { CLIENT_COLUMNS(CLIENT_COLUMN, CLIENT_COLUMN) };
const struct shape client_shape = SHAPE(struct client_row, client_columns);

static const struct column revoked_columns[] = { COLUMN(struct revoked_row, id), COLUMN(struct revoked_row, version),
                                                 COLUMN(struct revoked_row, at) };
static const struct shape revoked_shape = SHAPE(struct revoked_row, revoked_columns);

/* All zero stands for none. */
static struct value in_secret(const struct digest *secret)
{
    static const struct digest none;
    return digest_equal(secret, &none) ? in_text((struct str){ NULL, 0 }) : in_digest(secret);
}

FALLIBLE clients_by_id(struct db *db, struct arena *mem, struct str id, struct client_row *out, bool *found)
{
    const struct part parts[] = { { &client_shape, out }, { NULL, NULL } };
    return query_one(db, mem, ASK(CLIENT_BY_ID, in_text(id)), parts, found);
}

FALLIBLE clients_list(struct db *db, struct arena *mem, struct client_row **rows, size_t *count)
{
    void *found = NULL;
    TRY(query_all(db, mem, ASK(CLIENTS_LIST), &client_shape, &found, count));
    *rows = found;
    return OK;
}

FALLIBLE clients_add(struct tx *tx, const struct client_row *row)
{
    const struct ask ask = ASK(CLIENT_ADD, in_text(row->id), in_text(row->name), in_secret(&row->secret),
                               in_secret(&row->former_secret), in_int(row->former_until), in_text(row->keys),
                               in_text(row->scopes), in_int(row->created_at), in_int(row->disabled_at));
    enum err end = query_run(tx, ask, NULL);
    return end == ERR_CONFLICT ? refuse(WHY_CLIENT_TAKEN) : end;
}

FALLIBLE clients_set_secret(struct tx *tx, struct str id, const struct digest *secret, int64_t former_until)
{
    int64_t changed = 0;
    TRY(query_run(tx, ASK(CLIENT_SET_SECRET, in_int(former_until), in_digest(secret), in_text(id)), &changed));
    return changed == 1 ? OK : refuse(WHY_CLIENT_MISSING);
}

FALLIBLE clients_disable(struct tx *tx, struct str id, int64_t now_us, int64_t *changed)
{
    return query_run(tx, ASK(CLIENT_DISABLE, in_int(now_us), in_text(id)), changed);
}

FALLIBLE assertions_keep(struct tx *tx, const struct digest *digest, int64_t expires_at, int64_t now_us)
{
    TRY(query_run(tx, ASK(ASSERTIONS_FORGET, in_int(now_us)), NULL));
    return query_run(tx, ASK(ASSERTION_ADD, in_digest(digest), in_int(expires_at)), NULL);
}

FALLIBLE revoked_list(struct db *db, struct arena *mem, enum revoked_kind kind, int64_t after, int64_t limit,
                      struct revoked_row **rows, size_t *count)
{
    static const enum query_id queries[] = { [REVOKED_SESSIONS] = QUERY_REVOKED_SESSIONS,
                                             [REVOKED_VERSIONS] = QUERY_REVOKED_VERSIONS,
                                             [REVOKED_CLIENTS] = QUERY_REVOKED_CLIENTS };
    const struct value in[] = { in_int(after), in_int(limit) };
    void *found = NULL;
    TRY(query_all(db, mem, (struct ask){ queries[kind], in, 2 }, &revoked_shape, &found, count));
    *rows = found;
    return OK;
}
