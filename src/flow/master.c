/* Where the master key comes from, the strongest first:
 *
 *   POSTERN_MASTER_KEY_FILE                       a file of our own user or root, mode 0600
 *   $CREDENTIALS_DIRECTORY/postern-master-key     as systemd hands it over (LoadCredential=, LoadCredentialEncrypted=)
 *   POSTERN_MASTER_KEY of the environment         with a warning: children and core dumps inherit it
 *   postern-master-key in the data folder         in development only, made at the first start
 */
#include "crypto/base64url.h"
#include "crypto/box.h"
#include "crypto/master.h"
#include "flow/key_own.h"
#include "store/signing_keys.h"

#include <unistd.h>

#define LASTING_BESIDE STR("master_key.lasting")

/* The file of a development set-up.  Of two that make it at once one is late, and takes the other's. */
static enum err from_data_folder(const struct config *c, const struct visit *v, bool make, struct secret *out)
{
    const char *path = arena_printf(v->mem, "%.*s/" MASTER_NAME, STR_ARG(c->data_dir)).ptr;
    enum err end = master_read(path, true, out);
    if (end != ERR_MISSING)
        return end;
    if (c->profile == PROFILE_PRODUCTION)
        return fail(ERR_MISSING, "there is no master key: set POSTERN_MASTER_KEY_FILE");
    if (!make)
        return fail(ERR_MISSING,
                    "there is no master key in %s, and POSTERN_MASTER_KEY_FILE is not set; the signing keys"
                    " of this database are sealed with one",
                    path);
    end = master_make(path);
    return end == OK || end == ERR_CONFLICT ? master_read(path, true, out) : end;
}

static enum err find(const struct config *c, const struct visit *v, bool make, struct secret *out)
{
    if (c->master_key_file.len > 0)
        return master_read(arena_cstr(v->mem, c->master_key_file), true, out);
    if (c->master_key_credential.len > 0)
        return master_read(arena_cstr(v->mem, c->master_key_credential), false, out);
    if (c->master_key.len > 0 && master_parse(c->master_key, out) != OK)
        return fail(ERR_INVALID, "POSTERN_MASTER_KEY: %s", arena_cstr(v->mem, str_of(note_get()->text)));
    return c->master_key.len > 0 ? OK : from_data_folder(c, v, make, out);
}

/* What the lasting key of a database is sealed with. */
static struct secret sealing_lasting(const struct secret *master)
{
    return master_subkey(master, "lasting");
}

FALLIBLE master_open_lasting(struct shared *at, const struct master_key_row *there)
{
    AUTO(secret) struct secret sealing = sealing_lasting(&at->master);
    at->first_lasts = there->fingerprint.ptr != NULL && there->lasting.ptr == NULL;
    secret_drop(&at->lasting);
    if (at->first_lasts)
        at->lasting = secret_copy(secret_view(&at->master));
    else if (there->lasting.ptr != NULL && box_open(&sealing, LASTING_BESIDE, there->lasting, &at->lasting) != OK)
        return fail(ERR_DENIED, "this is not the master key that the database's signing keys are sealed with");
    return OK;
}

static enum err open_both(struct shared *at, const struct visit *v, const struct master_key_row *there, bool make)
{
    TRY(find(at->config, v, make && there->fingerprint.ptr == NULL, &at->master));
    const enum err end = master_open_lasting(at, there);
    if (end != OK)
        secret_drop(&at->master);
    return end;
}

enum err flow_master_open(struct shared *at, const struct visit *v, bool make)
{
    AUTO(db) struct db *db = NULL;
    struct master_key_row there;
    if (at->master.len > 0)
        return OK;
    TRY(db_open(at->store, &db));
    TRY(master_key_read(db, v->mem, &there));
    return open_both(at, v, &there, make);
}

enum err flow_master_fits(struct shared *at, const struct visit *v, struct db *db)
{
    struct master_key_row there, here;
    TRY(master_key_read(db, v->mem, &there));
    const bool none = there.fingerprint.ptr == NULL;
    const enum err end = at->master.len > 0 ? OK : open_both(at, v, &there, false);
    if (end == ERR_MISSING && none)
        return ERR_EXPIRED;
    TRY(end);
    if (none)
        return OK;
    TRY(master_row(&at->master, at->first_lasts ? NULL : &at->lasting, v->mem, &here));
    return str_equal(there.fingerprint, here.fingerprint)
               ? OK
               : fail(ERR_DENIED, "it is not the one that the signing keys of this database are sealed with");
}

static struct str fingerprint(const struct secret *master, const char *purpose, struct arena *mem)
{
    AUTO(secret) struct secret value = master_subkey(master, purpose);
    return base64url_encode(mem, secret_view(&value));
}

/* A program of before, which knows no lasting key, finds another fingerprint than it expects, and does not start. */
FALLIBLE master_row(const struct secret *master, const struct secret *lasting, struct arena *mem,
                    struct master_key_row *out)
{
    AUTO(secret) struct secret sealing = sealing_lasting(master);
    struct master_key_row row = { .fingerprint =
                                      fingerprint(master, lasting == NULL ? "fingerprint" : "fingerprint-2", mem) };
    if (lasting != NULL)
        TRY(box_seal(mem, &sealing, LASTING_BESIDE, secret_view(lasting), &row.lasting));
    *out = row;
    return OK;
}
