#include "flow/passkey_assert.h"
#include "flow/passkey_signin.h"
#include "flow/step_up.h"
#include "session/session.h"
#include "store/credentials.h"
#include "store/users.h"

/* Beside a password the key alone is the second factor; where none was typed, it has to know its user. */
static bool needs_verified(const struct caller *caller)
{
    return !session_has(&caller->session, STR("pwd"));
}

enum err flow_passkey_step_up_begin(struct services *at, const struct visit *v, const struct caller *caller,
                                    struct passkey_requested *out)
{
    const struct user_row *user = &caller->user;
    const struct ticket bound = { TICKET_STEP_UP, user->id, user->token_version, caller->session.id };
    struct passkey_requested fresh = { 0 };
    struct credential_row *rows = NULL;
    size_t count = 0;
    TRY(credentials_of_user(at->db, v->mem, user->id, &rows, &count));
    if (count == 0)
        return refuse(WHY_PASSKEY_MISSING);
    passkey_request(at, v, passkey_descriptors(v, rows, count), needs_verified(caller), &fresh.options);
    TRY(passkey_begin(at, v, &bound, (struct str){ 0 }, &fresh.ceremony, &fresh.options.challenge));
    *out = fresh;
    return OK;
}

static enum err finish(struct services *at, const struct visit *v, const struct caller *caller,
                       const struct passkey_taken *taken, struct passkey_shown *shown, struct str *reason,
                       struct tokens *out)
{
    AUTO(tx) struct tx *tx = NULL;
    const struct factor_shown factor = passkey_factor(v, &shown->row, shown->got.user_verified);
    struct user_row held = { 0 };
    bool found = false;
    TRY(store_begin(at->at->store, &tx));
    TRY(users_hold(tx, v->mem, caller->user.public_id, &held, &found));
    TRY(passkey_spend(tx, taken, reason));
    TRY(passkey_update(at, tx, v, shown, !needs_verified(caller), reason));
    TRY(step_up_finish(at, tx, v, caller, &factor, out));
    return store_commit(&tx);
}

static enum err try_step_up(struct services *at, const struct visit *v, const struct caller *caller,
                            const struct passkey_answer *answer, struct passkey_taken *taken,
                            struct passkey_shown *shown, struct str *reason, struct tokens *out)
{
    const struct passkey_asking asking = { true, caller->user.id, needs_verified(caller) };
    TRY(passkey_take(at, v, TICKET_STEP_UP, answer->ceremony, taken, reason));
    TRY(passkey_check_owner(caller, &taken->ticket, reason));
    TRY(passkey_assert(at, v, taken, &asking, answer->credential, shown, reason));
    return finish(at, v, caller, taken, shown, reason, out);
}

enum err flow_passkey_step_up(struct services *at, const struct visit *v, const struct caller *caller,
                              const struct passkey_answer *answer, struct passkey_signed *out)
{
    const struct factor_shown factor = { .factor = STR("webauthn") };
    struct passkey_taken taken = { 0 };
    struct passkey_shown shown = { 0 };
    struct str reason = { 0 };
    enum err end = try_step_up(at, v, caller, answer, &taken, &shown, &reason, &out->tokens);
    TRY(passkey_weigh(at, v, &taken, &shown, &reason, &end));
    out->counter_regressed = shown.counter_regressed;
    if (reason.ptr == NULL)
        return end;
    const struct note told = *note_get();
    TRY(step_up_failed(at, v, caller, &factor, reason));
    note_put(&told);
    return end;
}
