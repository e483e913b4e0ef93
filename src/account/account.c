#include "account/account.h"
#include "base/clock.h"
#include "crypto/random.h"

/* Only the date of a date-time is kept; the check of the field table has seen that it is one. */
static struct str date_only(const struct visit *v, struct str typed)
{
    char date[11];
    if (typed.ptr == NULL || !clock_parse_date(typed, date))
        return (struct str){ 0 };
    return arena_copy(v->mem, str_of(date));
}

/* Two ways of typing a letter are stored as one (threat model AC10). */
static struct str nfc(const struct visit *v, struct str typed)
{
    return typed.ptr == NULL ? typed : name_nfc(v->mem, typed);
}

enum err account_new(const struct visit *v, const struct account_wish *wish, struct user_row *out)
{
    char id[UUID_TEXT_MAX];
    uuid7(v->now_us, id);
    struct user_row row = {
        .public_id = arena_copy(v->mem, str_of(id)),
        .email = wish->email,
        .username = wish->username,
        .hashed_password = wish->hashed_password,
        .is_active = true,
        .name = nfc(v, wish->name),
        .date_of_birth = date_only(v, wish->date_of_birth),
        .job_title = nfc(v, wish->job_title),
        .roles = STR("user"),
        .created_at = v->now_us,
        .updated_at = v->now_us,
    };
    if (wish->email.ptr != NULL)
        TRY(email_canonical(v->mem, wish->email, &row.email_key));
    if (wish->username.ptr != NULL)
        TRY(username_canonical(v->mem, wish->username, &row.username_key));
    *out = row;
    return OK;
}

enum err account_find(struct db *db, const struct visit *v, struct str email, struct str username, struct user_row *out,
                      bool *found)
{
    struct str key;
    *found = false;
    if (email.ptr != NULL)
        return email_canonical(v->mem, email, &key) == OK ? users_by_email(db, v->mem, key, out, found) : OK;
    return username_canonical(v->mem, username, &key) == OK ? users_by_username(db, v->mem, key, out, found) : OK;
}

struct str account_subject(const struct visit *v, struct str email, struct str username)
{
    struct str typed = email.ptr != NULL ? email : username, key = typed;
    enum err end = email.ptr != NULL ? email_canonical(v->mem, typed, &key) : username_canonical(v->mem, typed, &key);
    return end == OK ? key : typed;
}

static enum err apply_username(const struct visit *v, struct str username, struct user_row *row, struct faults *faults)
{
    if (username.ptr == NULL && row->email.ptr == NULL) {
        faults_add(faults, STR("username"), "required", "is this account's only name to sign in with");
        return refuse(WHY_VALIDATION);
    }
    row->username = username;
    row->username_key = (struct str){ 0 };
    return username.ptr == NULL ? OK : username_canonical(v->mem, username, &row->username_key);
}

enum err account_apply(const struct visit *v, const struct account_change *change, struct user_row *row,
                       struct faults *faults)
{
    struct user_row next = *row;
    if (change->username != NULL)
        TRY(apply_username(v, *change->username, &next, faults));
    if (change->name != NULL)
        next.name = nfc(v, *change->name);
    if (change->job_title != NULL)
        next.job_title = nfc(v, *change->job_title);
    if (change->date_of_birth != NULL)
        next.date_of_birth = date_only(v, *change->date_of_birth);
    if (change->is_active != NULL)
        next.is_active = *change->is_active;
    if (change->roles != NULL)
        next.roles = *change->roles;
    if (next.is_active != row->is_active || !str_equal(next.roles, row->roles))
        next.token_version++;
    next.updated_at = v->now_us;
    *row = next;
    return OK;
}
