#include "account/account.h"
#include "flow/factor_change.h"
#include "flow/passkey_ceremony.h"
#include "store/credentials.h"

/* An account that older programs made, or that never had a passkey, has no handle yet; of two that give it one, the first is right. */
static enum err handle_of(struct services *at, const struct visit *v, int64_t user_id, struct str *handle)
{
    AUTO(tx) struct tx *tx = NULL;
    TRY(users_handle(at->db, v->mem, user_id, handle));
    if (handle->ptr != NULL)
        return OK;
    TRY(store_begin(at->at->store, &tx));
    TRY(users_set_handle(tx, user_id, passkey_new_handle(v)));
    TRY(users_handle(tx_db(tx), v->mem, user_id, handle));
    return store_commit(&tx);
}

/* 14.6.1: what is shown is what its owner signs in by; the handle tells nothing. */
static struct passkey_user shown(const struct user_row *user, struct str handle)
{
    const struct str name = user->email.ptr != NULL ? user->email : user->username;
    return (struct passkey_user){ handle, name, user->name.len > 0 ? user->name : name };
}

enum err flow_passkey_add_begin(struct services *at, const struct visit *v, const struct caller *caller,
                                struct passkey_asked *out)
{
    const struct user_row *user = &caller->user;
    const struct ticket bound = { TICKET_PASSKEY_ADD, user->id, user->token_version, caller->session.id };
    struct passkey_asked asked = { 0 };
    struct credential_row *rows = NULL;
    struct str handle = { 0 };
    size_t count = 0;
    TRY(factor_change_admit(at, v, caller, FACTOR_ADD, 0));
    if (user->credentials >= PASSKEYS_MAX)
        return refuse(WHY_PASSKEYS_MANY);
    TRY(handle_of(at, v, user->id, &handle));
    TRY(credentials_of_user(at->db, v->mem, user->id, &rows, &count));
    passkey_creation(at, v, &asked.options);
    asked.options.user = shown(user, handle);
    asked.options.exclude = passkey_descriptors(v, rows, count);
    TRY(passkey_begin(at, v, &bound, (struct str){ 0 }, &asked.ceremony, &asked.options.challenge));
    *out = asked;
    return OK;
}

/* The account is held, so that two additions at once can't pass the bound, nor one a change that voids it. */
static enum err hold(struct tx *tx, const struct visit *v, const struct caller *caller)
{
    struct user_row now = { 0 };
    bool found = false;
    TRY(users_hold(tx, v->mem, caller->user.public_id, &now, &found));
    if (!found || !now.is_active || now.token_version != caller->user.token_version)
        return refuse(WHY_SESSION_ENDED);
    return now.credentials < PASSKEYS_MAX ? OK : refuse(WHY_PASSKEYS_MANY);
}

static enum err keep(struct services *at, const struct visit *v, const struct caller *caller,
                     const struct passkey_taken *taken, const struct credential_row *row, struct str *reason)
{
    AUTO(tx) struct tx *tx = NULL;
    const struct factor_shown factor = passkey_factor(v, row, row->user_verified);
    TRY(store_begin(at->at->store, &tx));
    TRY(hold(tx, v, caller));
    TRY(passkey_spend(tx, taken, reason));
    TRY(passkey_store(tx, row, reason));
    TRY(factor_changed(tx, v, caller, FACTOR_ADD, &factor));
    return store_commit(&tx);
}

static enum err try_adding(struct services *at, const struct visit *v, const struct caller *caller,
                           const struct passkey_answer *answer, struct credential_row *out, struct str *reason)
{
    struct passkey_taken taken = { 0 };
    struct credential_row row = { 0 };
    TRY(passkey_take(at, v, TICKET_PASSKEY_ADD, answer->ceremony, &taken, reason));
    TRY(passkey_check_owner(caller, &taken.ticket, reason));
    TRY(passkey_register(at, v, &taken, answer->credential, false, &row, reason));
    row.user_id = caller->user.id;
    if (answer->name.ptr != NULL)
        row.name = name_nfc(v->mem, answer->name);
    TRY(keep(at, v, caller, &taken, &row, reason));
    *out = row;
    return OK;
}

enum err flow_passkey_add_complete(struct services *at, const struct visit *v, const struct caller *caller,
                                   const struct passkey_answer *answer, struct credential_row *out)
{
    const struct audit_who who = { caller->user.public_id, caller->user.public_id, caller->session.id };
    struct str reason = { 0 };
    const enum err end = try_adding(at, v, caller, answer, out, &reason);
    return reason.ptr == NULL ? end : passkey_refused(at, v, AUDIT_MFA_FAIL, &who, reason, end);
}
