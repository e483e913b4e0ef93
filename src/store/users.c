#include "store/users.h"

#include "base/buf.h"
#include "base/why.h"
#include "store/query.h"

#define USER_COLUMN(name) COLUMN(struct user_row, name),
static const struct column stored_columns[] = { USER_COLUMNS(USER_COLUMN, USER_COLUMN) };
static const struct shape stored_shape = SHAPE(struct user_row, stored_columns);
static const struct column user_columns[] = { USER_COLUMNS(USER_COLUMN, USER_COLUMN) USER_FACTORS(USER_COLUMN) };
const struct shape user_shape = SHAPE(struct user_row, user_columns);

#define USER_ADDED (sizeof stored_columns / sizeof *stored_columns - 1) /* all columns but id */

static FALLIBLE user_one(struct db *db, struct arena *mem, struct ask ask, struct user_row *out, bool *found)
{
    const struct part parts[] = { { &user_shape, out }, { NULL, NULL } };
    return query_one(db, mem, ask, parts, found);
}

FALLIBLE users_by_id(struct db *db, struct arena *mem, int64_t id, struct user_row *out, bool *found)
{
    return user_one(db, mem, ASK(USER_BY_ID, in_int(id)), out, found);
}

FALLIBLE users_by_public_id(struct db *db, struct arena *mem, struct str public_id, struct user_row *out, bool *found)
{
    return user_one(db, mem, ASK(USER_BY_PUBLIC_ID, in_text(public_id)), out, found);
}

FALLIBLE users_by_email(struct db *db, struct arena *mem, struct str email_key, struct user_row *out, bool *found)
{
    return user_one(db, mem, ASK(USER_BY_EMAIL, in_text(email_key)), out, found);
}

FALLIBLE users_by_username(struct db *db, struct arena *mem, struct str username_key, struct user_row *out, bool *found)
{
    return user_one(db, mem, ASK(USER_BY_USERNAME, in_text(username_key)), out, found);
}

/* A taken name is told as such; any other end stays what it is. */
static FALLIBLE taken(struct tx *tx, enum err end)
{
    struct str clash = query_clash(tx);

    if (end == ERR_CONFLICT && str_equal(clash, STR("users.email_key")))
        return refuse(WHY_EMAIL_TAKEN);
    if (end == ERR_CONFLICT && str_equal(clash, STR("users.username_key")))
        return refuse(WHY_USERNAME_TAKEN);
    return end;
}

FALLIBLE users_add(struct tx *tx, struct user_row *row)
{
    struct value in[USER_ADDED];
    const struct ask ask = { QUERY_USER_ADD, in, USER_ADDED };
    int64_t id = 0;

    in_row(&stored_shape, 1, row, in);
    TRY(taken(tx, query_number(tx_db(tx), ask, &id)));
    row->id = id;
    return OK;
}

FALLIBLE users_add_later(struct tx *tx, struct user_row *row)
{
    struct value in[USER_ADDED];

    in_row(&stored_shape, 1, row, in);
    return query_number_later(tx, (struct ask){ QUERY_USER_ADD, in, USER_ADDED }, &row->id);
}

FALLIBLE users_update(struct tx *tx, const struct user_row *row)
{
    int64_t changed = 0;
    const struct ask ask =
        ASK(USER_UPDATE, in_text(row->name), in_text(row->date_of_birth), in_text(row->job_title),
            in_text(row->username), in_text(row->username_key), in_int(row->is_active), in_text(row->roles),
            in_int(row->token_version), in_int(row->updated_at), in_int(row->id));

    TRY(taken(tx, query_run(tx, ask, &changed)));
    return changed == 1 ? OK : refuse(WHY_USER_MISSING);
}

FALLIBLE users_handle(struct db *db, struct arena *mem, int64_t id, struct str *handle)
{
    static const struct column columns[] = { { COLUMN_STR, 0 } };
    static const struct shape shape = SHAPE(struct str, columns);
    const struct part parts[] = { { &shape, handle }, { NULL, NULL } };
    bool found = false;

    TRY(query_one(db, mem, ASK(USER_HANDLE, in_int(id)), parts, &found));
    return found ? OK : refuse(WHY_USER_MISSING);
}

FALLIBLE users_set_handle(struct tx *tx, int64_t id, struct str handle)
{
    return query_run(tx, ASK(USER_SET_HANDLE, in_text(handle), in_int(id)), NULL);
}

FALLIBLE users_set_password(struct tx *tx, int64_t id, struct str before, struct str after, int64_t now_us)
{
    int64_t changed = 0;

    TRY(query_run(tx, ASK(USER_SET_PASSWORD, in_text(after), in_int(now_us), in_int(id), in_text(before)), &changed));
    return changed == 1 ? OK : fail(ERR_CONFLICT, "the password of user %lld has changed meanwhile", (long long)id);
}

/* "%" before, the text with its wildcards made plain and ASCII letters small, "%" behind; absent stays absent. */
static struct str pattern(struct arena *mem, struct str before, struct str text, struct str behind)
{
    struct buf b = buf_new(mem, before.len + 2 * text.len + behind.len);

    if (text.ptr == NULL)
        return text;
    buf_add(&b, before);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%' || c == '_' || c == '\\')
            buf_add_char(&b, '\\');
        buf_add_char(&b, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
    buf_add(&b, behind);
    return buf_str(&b);
}

/* The plainest text that answers: by address, among the few with more than the role "user", or along public_id. */
static struct ask list_ask(const struct user_filter *f, const struct value *by_email, const struct value *walk)
{
    if (f->email_key.ptr != NULL)
        return (struct ask){ QUERY_USERS_LIST_BY_EMAIL, by_email, 6 };
    if (f->role.ptr != NULL && !str_equal(f->role, STR("user")))
        return (struct ask){ QUERY_USERS_LIST_PRIVILEGED, walk, 5 };
    return (struct ask){ QUERY_USERS_LIST, walk, 5 };
}

FALLIBLE users_list(struct db *db, struct arena *mem, const struct user_filter *f, struct user_row **rows,
                    size_t *count)
{
    void *found = NULL;
    struct value after = in_text(f->after.ptr == NULL ? STR("") : f->after);
    struct value text = in_text(pattern(mem, STR("%"), f->text, STR("%")));
    struct value role = in_text(pattern(mem, STR("%,"), f->role, STR(",%")));
    struct value active = f->active < 0 ? in_text((struct str){ NULL, 0 }) : in_int(f->active),
                 limit = in_int(f->limit);
    const struct value by_email[] = { after, text, role, active, in_text(f->email_key), limit };
    const struct value walk[] = { after, text, role, active, limit };

    TRY(query_all(db, mem, list_ask(f, by_email, walk), &user_shape, &found, count));
    *rows = found;
    return OK;
}

FALLIBLE users_hold(struct tx *tx, struct arena *mem, struct str public_id, struct user_row *out, bool *found)
{
    TRY(query_later(tx, ASK(USER_HOLD, in_text(public_id))));
    return users_by_public_id(tx_db(tx), mem, public_id, out, found);
}

FALLIBLE users_hold_active_admins(struct tx *tx, int64_t *count)
{
    return query_run(tx, ASK(USERS_HOLD_ACTIVE_ADMINS), count);
}
