/* Where the master key comes from, the strongest first:
 *
 *   POSTERN_MASTER_KEY_FILE                       a file of our own user or root, mode 0600
 *   $CREDENTIALS_DIRECTORY/postern-master-key     as systemd hands it over (LoadCredential=, LoadCredentialEncrypted=)
 *   POSTERN_MASTER_KEY of the environment         with a warning: children and core dumps inherit it
 *   postern-master-key in the data folder         in development only, made at the first start
 */
#include "crypto/base64url.h"
#include "crypto/master.h"
#include "flow/key_own.h"
#include "store/signing_keys.h"

#include <unistd.h>

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

enum err flow_master_open(struct shared *at, const struct visit *v, bool make)
{
    AUTO(db) struct db *db = NULL;
    struct str there;
    if (at->master.len > 0)
        return OK;
    TRY(db_open(at->store, &db));
    TRY(master_key_fingerprint(db, v->mem, &there));
    return find(at->config, v, make && there.ptr == NULL, &at->master);
}

enum err flow_master_fits(struct shared *at, const struct visit *v, struct db *db)
{
    struct str there;
    TRY(master_key_fingerprint(db, v->mem, &there));
    const enum err end = flow_master_open(at, v, false);
    if (end == ERR_MISSING && there.ptr == NULL)
        return ERR_EXPIRED;
    TRY(end);
    return there.ptr == NULL || str_equal(there, master_fingerprint(at, v->mem))
               ? OK
               : fail(ERR_DENIED, "it is not the one that the signing keys of this database are sealed with");
}

struct str master_fingerprint(const struct shared *at, struct arena *mem)
{
    AUTO(secret) struct secret value = master_subkey(&at->master, "fingerprint");
    return base64url_encode(mem, secret_view(&value));
}
