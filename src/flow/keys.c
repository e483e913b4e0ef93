#include "base/clock.h"
#include "crypto/master.h"
#include "crypto/random.h"
#include "flow/key_own.h"
#include "flow/open.h"
#include "store/news.h"
#include "token/key_files.h"

#define SERVER STR("postern")

struct secret keys_sealing(const struct secret *master)
{
    return master_subkey(master, "signing-keys");
}

struct signing_key_row *keys_newest(const struct key_list *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->rows[i].revoked_at == 0 && keys->rows[i].retired_at == 0)
            return &keys->rows[i];
    return NULL;
}

/* A database that has no row yet gets a lasting key with it: this one, unless another server is faster. */
static FALLIBLE own_row(const struct shared *at, const struct visit *v, struct master_key_row *out)
{
    AUTO(secret) struct secret fresh = secret_new(MASTER_BYTES);
    random_bytes(fresh.ptr, fresh.len);
    const struct secret *lasting = at->lasting.len > 0 ? &at->lasting : &fresh;
    return master_row(&at->master, at->first_lasts ? NULL : lasting, v->mem, out);
}

FALLIBLE keys_begin(struct shared *at, const struct visit *v, struct tx **tx, struct key_list *out)
{
    AUTO(tx) struct tx *begun = NULL;
    struct master_key_row row, there;
    TRY(own_row(at, v, &row));
    TRY(store_begin(at->store, &begun));
    TRY(master_key_hold(begun, v->mem, &row, v->now_us, &there));
    if (at->lasting.len == 0)
        TRY(master_open_lasting(at, &there));
    TRY(signing_keys_list(tx_db(begun), v->mem, &out->rows, &out->count));
    *tx = begun;
    begun = NULL;
    return OK;
}

FALLIBLE keys_commit(struct tx **tx)
{
    TRY(news_tell(*tx, NEWS_KEYS));
    return store_commit(tx);
}

FALLIBLE keys_tell(struct tx *tx, const struct visit *v, struct str actor, enum audit_kind kind, struct str reason,
                   const struct signing_key_row *row)
{
    const struct audit_who who = { .actor = actor };
    return audit_add(tx, v, kind, &who, reason,
                     arena_printf(v->mem, "{\"kid\":\"%.*s\",\"algorithm\":\"%.*s\",\"active_at\":%lld}",
                                  STR_ARG(row->kid), STR_ARG(row->algorithm), (long long)(row->active_at / SECOND_US)));
}

FALLIBLE keys_add(struct tx *tx, const struct visit *v, struct str actor, enum audit_kind kind,
                  const struct signing_key_row *row)
{
    TRY(signing_keys_add(tx, row));
    return keys_tell(tx, v, actor, kind, (struct str){ 0 }, row);
}

/* ---- key files of releases before the keys were in the database ---- */

struct import {
    struct tx *tx;
    struct shared *at;
    const struct visit *v;
    struct key_list there;
    struct signing_key_row youngest; /* of those that came; kid absent: none */
    size_t count;
};

static bool is_there(const struct key_list *keys, struct str kid)
{
    for (size_t i = 0; i < keys->count; i++)
        if (str_equal(keys->rows[i].kid, kid))
            return true;
    return false;
}

/* All of them come as keys that only check; the youngest signs on when the database has none. */
static FALLIBLE take_file(void *to, const struct key_file *file)
{
    struct import *import = to;
    AUTO(sign_key) struct sign_key *key = NULL;
    AUTO(secret) struct secret sealing = keys_sealing(&import->at->master);
    struct signing_key_row row;
    TRY(sign_key_read_pem(ALGORITHM_ES256, secret_view(&file->pem), &key));
    TRY(key_seal(import->v->mem, &sealing, key, &row));
    if (!str_equal(file->kid, row.kid))
        return fail(ERR_INVALID, "its name is not its thumbprint");
    if (is_there(&import->there, row.kid))
        return OK; /* a start before this one ended between commit and the removal of the files */
    row.made_at = row.active_at = file->made_at < import->v->now_us ? file->made_at : import->v->now_us;
    row.retired_at = import->v->now_us;
    row.expires_at = import->v->now_us + KEY_KEPT_US;
    import->count++;
    if (import->youngest.kid.ptr == NULL || row.made_at > import->youngest.made_at)
        import->youngest = row;
    return keys_add(import->tx, import->v, SERVER, AUDIT_KEY_IMPORTED, &row);
}

static FALLIBLE import_files(struct import *import, const struct key_folder *folder)
{
    const struct signing_key_row *first = &import->youngest;
    if (folder == NULL)
        return OK;
    TRY(key_folder_each(folder, take_file, import));
    if (first->kid.ptr == NULL || keys_newest(&import->there) != NULL)
        return OK;
    return signing_keys_plan(import->tx, first->kid, first->active_at, 0, 0);
}

static FALLIBLE open_folder(const struct shared *at, const struct visit *v, struct key_folder **out)
{
    const enum err end = key_folder_open(shared_key_folder(at->config, v->mem), out);
    return end == ERR_MISSING ? OK : end;
}

/* ---- the start of a server ---- */

static FALLIBLE make_first(struct import *import, struct keys_opened *out)
{
    AUTO(secret) struct secret sealing = keys_sealing(&import->at->master);
    const struct visit *v = import->v;
    struct signing_key_row row;
    if (keys_newest(&import->there) != NULL || import->youngest.kid.ptr != NULL)
        return OK;
    TRY(key_make(v->mem, &sealing, import->at->config->token_alg, v->now_us, v->now_us, &row));
    out->made = row.kid;
    return keys_add(import->tx, v, SERVER, AUDIT_KEY_MADE, &row);
}

/* The files go when what was in them is on the disk, and not before. */
static FALLIBLE settle(struct shared *at, const struct visit *v, struct keys_opened *out)
{
    AUTO(key_folder) struct key_folder *folder = NULL;
    AUTO(tx) struct tx *tx = NULL;
    struct import import = { .at = at, .v = v };
    TRY(open_folder(at, v, &folder));
    TRY(keys_begin(at, v, &tx, &import.there));
    import.tx = tx;
    TRY(import_files(&import, folder));
    TRY(make_first(&import, out));
    TRY(keys_commit(&tx));
    out->imported = import.count;
    return folder == NULL ? OK : key_folder_clear(folder);
}

FALLIBLE flow_keys_open(struct shared *at, const struct visit *v, struct keys_opened *out)
{
    AUTO(db) struct db *db = NULL;
    TRY(flow_master_open(at, v, true));
    TRY(settle(at, v, out));
    AUTO(secret) struct secret sealing = keys_sealing(&at->master);
    at->keys = keyring_new(&sealing);
    at->expect = (struct jwt_expect){ .issuer = at->config->issuer, .audience = at->config->audience };
    TRY(db_open(at->store, &db));
    return flow_keys_read(at, v, db);
}

FALLIBLE flow_keys_look(struct shared *at, const struct visit *v, struct db *db)
{
    at->keys = keyring_new(NULL);
    at->expect = (struct jwt_expect){ .issuer = at->config->issuer, .audience = at->config->audience };
    return flow_keys_read(at, v, db);
}

FALLIBLE flow_keys_read(struct shared *at, const struct visit *v, struct db *db)
{
    struct key_list list = { 0 };
    TRY(signing_keys_list(db, v->mem, &list.rows, &list.count));
    return keyring_fill(at->keys, list.rows, list.count, v->now_us);
}
