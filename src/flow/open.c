#include "flow/open.h"
#include "crypto/master.h"
#include "flow/relying_party.h"
#include "flow/revocations.h"
#include "flow/totp_own.h"

#include <stdlib.h>
#include <string.h>

#define BUSY_MS 5000 /* how long a writer waits for its turn */

struct store_options shared_store_options(const struct config *config, bool create)
{
    return (struct store_options){ config->database_url, config->data_dir, BUSY_MS, create };
}

enum err shared_open_store(struct shared *shared, bool create)
{
    struct store_options options = shared_store_options(shared->config, create);
    return store_open(&options, &shared->store);
}

struct str shared_key_folder(const struct config *config, struct arena *mem)
{
    return arena_printf(mem, "%.*s/postern-keys", STR_ARG(config->data_dir));
}

struct password_options shared_password_options(const struct config *c)
{
    return (struct password_options){
        .scheme = c->password_scheme,
        .argon2_m_kib = (uint32_t)c->argon2_m_kib,
        .argon2_t = (uint32_t)c->argon2_t,
        .bcrypt_cost = (uint32_t)c->bcrypt_cost,
        .min_score = (uint32_t)c->password_score,
        .min_chars = (uint32_t)c->password_min,
        .max_chars = (uint32_t)c->password_max,
        .workers = (uint32_t)c->hash_workers,
    };
}

enum err shared_open_passwords(struct shared *shared)
{
    struct password_options options = shared_password_options(shared->config);
    return passwords_open(&options, &shared->passwords);
}

static void derive(const struct secret *master, const char *purpose, void *out, size_t len)
{
    AUTO(secret) struct secret key = master_subkey(master, purpose);
    memcpy(out, key.ptr, len);
}

void shared_derive_keys(struct shared *shared)
{
    derive(&shared->lasting, "refresh-tokens", &shared->refresh_key, sizeof shared->refresh_key);
    derive(&shared->lasting, "limits", &shared->limit_key, sizeof shared->limit_key);
    derive(&shared->master, "dpop-nonces", &shared->dpop_key, sizeof shared->dpop_key);
    derive(&shared->master, "tickets", &shared->ticket_key.is, sizeof shared->ticket_key.is);
    derive(&shared->lasting, "recovery-codes", &shared->recovery_key, sizeof shared->recovery_key);
    secret_drop(&shared->totp_key);
    shared->totp_key = totp_sealing(&shared->master);
    derive(&shared->lasting, "passkey-decoys", &shared->decoy_key, sizeof shared->decoy_key);
    derive(&shared->lasting, "names", &shared->name_key, sizeof shared->name_key);
}

void shared_close(struct shared *shared)
{
    wipe(&shared->refresh_key, sizeof shared->refresh_key);
    wipe(&shared->limit_key, sizeof shared->limit_key);
    wipe(&shared->decoy_key, sizeof shared->decoy_key);
    wipe(&shared->name_key, sizeof shared->name_key);
    wipe(&shared->dpop_key, sizeof shared->dpop_key);
    wipe(&shared->ticket_key.is, sizeof shared->ticket_key.is);
    wipe(&shared->recovery_key, sizeof shared->recovery_key);
    secret_drop(&shared->totp_key);
    drift_drop(&shared->drift);
    relying_party_drop(&shared->rp);
    replay_drop(&shared->proofs);
    revocations_drop(&shared->revocations);
    limits_drop(&shared->limits);
    passwords_drop(&shared->passwords);
    keyring_drop(&shared->keys);
    secret_drop(&shared->master);
    secret_drop(&shared->lasting);
    store_drop(&shared->store);
}

enum err services_open(const struct shared *shared, struct services **out)
{
    AUTO(services) struct services *own = calloc(1, sizeof *own);
    if (own == NULL)
        die("out of memory");
    own->at = shared;
    TRY(db_open(shared->store, &own->db));
    *out = own;
    own = NULL;
    return OK;
}

void services_drop(struct services **own)
{
    if (*own != NULL)
        db_drop(&(*own)->db);
    free(*own);
    *own = NULL;
}
