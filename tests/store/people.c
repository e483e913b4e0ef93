#include "store/people.h"

#include <stdio.h>
#include <string.h>

void person_make(int n, struct person *out)
{
    snprintf(out->id, sizeof out->id, "01940000-0000-7000-8000-%012d", n);
    snprintf(out->email, sizeof out->email, "person%d@example.org", n);
    snprintf(out->username, sizeof out->username, "person%d", n);
    out->row = (struct user_row){
        .public_id = str_of(out->id),
        .email = str_of(out->email),
        .email_key = str_of(out->email),
        .username = str_of(out->username),
        .username_key = str_of(out->username),
        .hashed_password = STR("$hash$"),
        .is_active = true,
        .name = STR("Some Body"),
        .date_of_birth = STR("1990-12-31"),
        .job_title = STR("Engineer"),
        .roles = STR("user"),
        .created_at = NOW + n,
        .updated_at = NOW + n,
    };
}

struct session_row session_make(const struct person *of, int64_t user_id, int n)
{
    struct session_row row = {
        .id = of->row.public_id,
        .user_id = user_id,
        .created_at = NOW,
        .last_used_at = NOW + 1,
        .idle_until = NOW + 2000,
        .expires_at = NOW + 3000,
        .auth_time_s = NOW / 1000000,
        .amr = STR("pwd"),
        .address = STR("2001:db8::1"),
        .user_agent = STR("curl/8"),
        .last_address = STR("2001:db8::2"),
        .last_user_agent = STR("curl/8.1"),
        .jkt = STR("0123456789012345678901234567890123456789012"),
    };
    memset(row.refresh_seed.is, n, sizeof row.refresh_seed.is);
    return row;
}

FALLIBLE person_add(struct store *store, int n)
{
    AUTO(tx) struct tx *tx = NULL;
    struct person p;

    person_make(n, &p);
    TRY(store_begin(store, &tx));
    TRY(users_add(tx, &p.row));
    return store_commit(&tx);
}

FALLIBLE person_known(struct db *db, int n, bool *known)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct user_row row = { 0 };
    struct person p;

    person_make(n, &p);
    return users_by_email(db, mem, p.row.email_key, &row, known);
}
