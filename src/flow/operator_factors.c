#include "account/notice.h"
#include "flow/operator.h"
#include "flow/passkey_ceremony.h"
#include "flow/totp_own.h"
#include "session/session.h"
#include "store/credentials.h"
#include "store/recovery_codes.h"

enum err flow_operator_may_reset(const struct user_row *row)
{
    if (row->credentials == 0 && !row->totp && row->recovery_codes == 0)
        return fail(ERR_CONFLICT, "the account has no second factor");
    if (row->hashed_password.ptr == NULL)
        return fail(ERR_CONFLICT,
                    "the account has no password: without its passkeys nobody could ever sign in to it again");
    return OK;
}

/* One row for each, as if its owner had removed it: what looks for that event need not know of this command. */
static enum err tell(struct tx *tx, const struct visit *v, const struct user_row *user,
                     const struct factor_shown *factor)
{
    const struct audit_who who = { .actor = OPERATOR, .target = user->public_id };
    return audit_add(tx, v, AUDIT_MFA_REMOVED, &who, (struct str){ 0 }, factor_detail(v, factor));
}

static enum err remove_passkeys(struct tx *tx, const struct visit *v, const struct user_row *user)
{
    struct credential_row *rows = NULL;
    size_t count = 0;
    bool removed = false;
    TRY(credentials_of_user(tx_db(tx), v->mem, user->id, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        const struct factor_shown gone = passkey_factor(v, &rows[i], false);
        TRY(credentials_remove(tx, user->id, rows[i].id, &removed));
        TRY(tell(tx, v, user, &gone));
    }
    return OK;
}

/* One that is not confirmed yet goes, too: whoever was shown it could confirm it later. */
static enum err remove_codes(struct tx *tx, const struct visit *v, const struct user_row *user)
{
    const struct factor_shown codes = { .factor = STR("recovery_code") };
    bool removed = false;
    TRY(totp_remove(tx, user->id, &removed));
    if (user->totp)
        TRY(tell(tx, v, user, &totp_shown));
    TRY(recovery_codes_remove(tx, user->id));
    return user->recovery_codes > 0 ? tell(tx, v, user, &codes) : OK;
}

/* A higher token version voids access tokens, mfa_tokens and ceremonies, which no ended session would. */
static enum err sign_out(struct tx *tx, const struct visit *v, const struct user_row *user)
{
    struct user_row next = *user;
    next.token_version++;
    next.updated_at = v->now_us;
    TRY(users_update(tx, &next));
    return session_end_all(tx, v, user->id, STR("factors_reset"));
}

enum err flow_operator_reset_factors(struct services *at, const struct visit *v, struct str id, struct user_row *out)
{
    AUTO(tx) struct tx *tx = NULL;
    struct user_row user = { 0 };
    bool found = false;
    TRY(store_begin(at->at->store, &tx));
    TRY(users_hold(tx, v->mem, id, &user, &found));
    if (!found)
        return refuse(WHY_USER_MISSING);
    TRY(flow_operator_may_reset(&user));
    TRY(remove_passkeys(tx, v, &user));
    TRY(remove_codes(tx, v, &user));
    TRY(sign_out(tx, v, &user));
    TRY(notice_leave(tx, v, user.id, NOTICE_FACTORS_RESET, (struct str){ 0 }, (struct str){ 0 }));
    TRY(store_commit(&tx));
    *out = user;
    return OK;
}
