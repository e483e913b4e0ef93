#include "flow/passkey_signup.h"
#include "account/account.h"
#include "base/buf.h"
#include "flow/passkey_ceremony.h"

/* What is sealed behind the challenge: the handle, the user name, a zero byte, the name for people.  No name holds a zero byte. */
#define HANDLE_TEXT 86 /* characters of USER_HANDLE_BYTES */

static struct str pack(const struct visit *v, struct str handle, const struct passkey_signup *wish)
{
    struct buf more = buf_new(v->mem, 256);
    buf_add(&more, handle);
    buf_add(&more, wish->username);
    buf_add_char(&more, '\0');
    buf_add(&more, wish->display_name);
    return buf_str(&more);
}

/* Only what was sealed comes here. */
static struct str unpack(struct str more, struct passkey_signup *out)
{
    struct str rest = str_slice(more, HANDLE_TEXT, more.len);
    struct passkey_signup wish = { 0 };
    str_split(&rest, '\0', &wish.username);
    if (rest.len > 0)
        wish.display_name = rest;
    *out = wish;
    return str_slice(more, 0, HANDLE_TEXT);
}

/* The name is told to be taken here, before a passkey is made for it; the unique index decides in the end. */
static enum err check_taken(struct services *at, const struct visit *v, struct str username, struct user_row *owner)
{
    bool found = false;
    TRY(account_find(at->db, v, (struct str){ 0 }, username, owner, &found));
    return found ? refuse(WHY_USERNAME_TAKEN) : OK;
}

/* 5.4.4: without a user name typed, only a discoverable credential finds the account; alone, it must know its user. */
static void options_of(const struct services *at, const struct visit *v, const struct passkey_signup *wish,
                       struct str handle, struct creation_options *out)
{
    passkey_creation(at, v, out);
    out->user = (struct passkey_user){ handle, wish->username,
                                       wish->display_name.ptr != NULL ? wish->display_name : wish->username };
    out->selection = (struct passkey_selection){ STR("required"), STR("required"), true };
}

static enum err try_beginning(struct services *at, const struct visit *v, const struct passkey_signup *wish,
                              struct user_row *owner, struct passkey_asked *out)
{
    const struct ticket nobody = { .purpose = TICKET_PASSKEY_SIGNUP };
    const struct str handle = passkey_new_handle(v);
    TRY(limit_take_subject(at->at->limits, LIMIT_SIGNUP_ACCOUNT, v,
                           account_subject(v, (struct str){ 0 }, wish->username)));
    TRY(check_taken(at, v, wish->username, owner));
    options_of(at, v, wish, handle, &out->options);
    return passkey_begin(at, v, &nobody, pack(v, handle, wish), &out->ceremony, &out->options.challenge);
}

enum err flow_passkey_signup_begin(struct services *at, const struct visit *v, const struct passkey_signup *wish,
                                   struct passkey_asked *out)
{
    struct user_row owner = { 0 };
    struct passkey_asked asked = { 0 };
    const enum err end = try_beginning(at, v, wish, &owner, &asked);
    if (end == OK)
        *out = asked;
    if (end != ERR_CONFLICT && end != ERR_LIMITED)
        return end;
    const struct audit_who who = { .target = owner.public_id };
    return passkey_refused(at, v, end == ERR_LIMITED ? AUDIT_LIMITED : AUDIT_SIGNUP_DUPLICATE, &who,
                           str_of(why_code(note_get()->why)), end);
}

static enum err add_account(struct tx *tx, const struct visit *v, const struct passkey_signup *wish, struct str handle,
                            struct user_row *out)
{
    const struct account_wish made = { .username = wish->username, .name = wish->display_name };
    TRY(account_new(v, &made, out));
    TRY(users_add(tx, out));
    return users_set_handle(tx, out->id, handle);
}

static enum err add_both(struct services *at, const struct visit *v, const struct passkey_taken *taken,
                         struct credential_row *row, struct user_row *out, struct str *reason)
{
    AUTO(tx) struct tx *tx = NULL;
    struct passkey_signup wish = { 0 };
    struct user_row user = { 0 };
    const struct str handle = unpack(taken->more, &wish);
    TRY(store_begin(at->at->store, &tx));
    TRY(passkey_spend(tx, taken, reason));
    TRY(add_account(tx, v, &wish, handle, &user));
    row->user_id = user.id;
    const struct audit_who who = { .actor = user.public_id, .target = user.public_id };
    TRY(passkey_store(tx, row, reason));
    TRY(audit_add(tx, v, AUDIT_USER_CREATED, &who, (struct str){ 0 }, (struct str){ 0 }));
    TRY(audit_add(tx, v, AUDIT_MFA_ENROLLED, &who, (struct str){ 0 }, passkey_detail(v, row)));
    TRY(store_commit(&tx));
    user.credentials = 1;
    *out = user;
    return OK;
}

static enum err try_signup(struct services *at, const struct visit *v, const struct passkey_signup_answer *answer,
                           struct user_row *out, struct str *reason)
{
    struct passkey_taken taken = { 0 };
    struct passkey_signup wish = { 0 };
    struct credential_row row = { 0 };
    TRY(passkey_take(at, v, TICKET_PASSKEY_SIGNUP, answer->ceremony, &taken, reason));
    if (!str_equal(unpack(taken.more, &wish), answer->user_id)) {
        *reason = STR("ceremony_foreign");
        return refuse(WHY_CEREMONY);
    }
    TRY(passkey_register(at, v, &taken, answer->credential, true, &row, reason));
    return add_both(at, v, &taken, &row, out, reason);
}

enum err flow_passkey_signup(struct services *at, const struct visit *v, const struct passkey_signup_answer *answer,
                             struct user_row *out)
{
    const struct audit_who nobody = { 0 };
    struct str reason = { 0 };
    const enum err end = try_signup(at, v, answer, out, &reason);
    if (end == ERR_CONFLICT)
        return passkey_refused(at, v, AUDIT_SIGNUP_DUPLICATE, &nobody, str_of(why_code(note_get()->why)), end);
    return reason.ptr == NULL ? end : passkey_refused(at, v, AUDIT_MFA_FAIL, &nobody, reason, end);
}
