#include "account/account.h"
#include "flow/factor_change.h"
#include "flow/passkey_ceremony.h"
#include "store/credentials.h"

enum err flow_passkeys_list(struct services *at, const struct visit *v, const struct caller *caller,
                            struct passkeys_page *out)
{
    struct passkeys_page page = { .rp_id = at->at->rp->id };
    TRY(users_handle(at->db, v->mem, caller->user.id, &page.user_handle));
    TRY(credentials_of_user(at->db, v->mem, caller->user.id, &page.rows, &page.count));
    *out = page;
    return OK;
}

/* One's own: another's id is no id. */
static enum err find_own(struct db *db, const struct visit *v, const struct caller *caller, struct str id,
                         struct credential_row *out)
{
    struct user_row owner = { 0 };
    bool found = false;
    TRY(credentials_by_id(db, v->mem, id, out, &owner, &found));
    return found && owner.id == caller->user.id ? OK : refuse(WHY_PASSKEY_MISSING);
}

enum err flow_passkey_rename(struct services *at, const struct visit *v, const struct caller *caller, struct str id,
                             struct str name, struct credential_row *out)
{
    AUTO(tx) struct tx *tx = NULL;
    struct credential_row row = { 0 };
    bool changed = false;
    const struct str normal = name_nfc(v->mem, name);
    const struct audit_who who = { caller->user.public_id, caller->user.public_id, caller->session.id };
    TRY(store_begin(at->at->store, &tx));
    TRY(credentials_rename(tx, caller->user.id, id, normal, &changed));
    if (!changed)
        return refuse(WHY_PASSKEY_MISSING);
    TRY(find_own(tx_db(tx), v, caller, id, &row));
    TRY(audit_add(tx, v, AUDIT_USER_UPDATED, &who, (struct str){ 0 }, passkey_detail(v, &row)));
    TRY(store_commit(&tx));
    *out = row;
    return OK;
}

/* Judged by the account as it is now, and held.  Who has no password and one passkey would never come in again. */
static enum err hold(struct services *at, struct tx *tx, const struct visit *v, const struct caller *caller)
{
    struct caller now = *caller;
    bool found = false;
    TRY(users_hold(tx, v->mem, caller->user.public_id, &now.user, &found));
    if (!found)
        return refuse(WHY_SESSION_ENDED);
    TRY(factor_change_admit(at, v, &now, FACTOR_REMOVE, now.user.credentials - 1 + (now.user.totp ? 1 : 0)));
    return now.user.credentials > 1 || now.user.hashed_password.ptr != NULL ? OK : refuse(WHY_LAST_PASSKEY);
}

enum err flow_passkey_remove(struct services *at, const struct visit *v, const struct caller *caller, struct str id)
{
    AUTO(tx) struct tx *tx = NULL;
    struct credential_row row = { 0 };
    bool changed = false;
    TRY(find_own(at->db, v, caller, id, &row));
    TRY(store_begin(at->at->store, &tx));
    TRY(hold(at, tx, v, caller));
    TRY(credentials_remove(tx, caller->user.id, id, &changed));
    if (!changed)
        return refuse(WHY_PASSKEY_MISSING);
    const struct factor_shown factor = passkey_factor(v, &row, false);
    TRY(factor_changed(tx, v, caller, FACTOR_REMOVE, &factor));
    return store_commit(&tx);
}
