/* Rows for tests: the n-th person, session and event are always the same. */
#pragma once
#include "store/audit_rows.h"
#include "store/sessions.h"
#include "store/users.h"

#define NOW INT64_C(1795230000000000)

struct person {
    char id[37], email[40], username[24];
    struct user_row row; /* points into the texts above */
};

void person_make(int n, struct person *out);
struct session_row session_make(const struct person *of, int64_t user_id, int n);
FALLIBLE person_add(struct store *store, int n);          /* in a transaction of its own */
FALLIBLE person_known(struct db *db, int n, bool *known); /* by e-mail */
