#include "flow/operator.h"
#include "audit/audit.h"
#include "crypto/random.h"

static enum err find_row(struct services *at, const struct visit *v, struct str typed, struct user_row *out,
                         bool *found)
{
    int64_t number = 0;
    if (str_contains(typed, STR("@")))
        return account_find(at->db, v, typed, (struct str){ 0 }, out, found);
    if (uuid_ok(typed))
        return users_by_public_id(at->db, v->mem, typed, out, found);
    if (str_to_int(typed, 1, INT64_MAX, &number))
        return users_by_id(at->db, v->mem, number, out, found);
    return account_find(at->db, v, (struct str){ 0 }, typed, out, found);
}

enum err flow_operator_find(struct services *at, const struct visit *v, struct str typed, struct user_row *out)
{
    bool found = false;
    TRY(find_row(at, v, typed, out, &found));
    return found ? OK : refuse(WHY_USER_MISSING);
}

enum err flow_operator_read(struct services *at, const struct visit *v, struct str typed, struct user_row *out)
{
    TRY(flow_operator_find(at, v, typed, out));
    struct audit_who who = { .actor = OPERATOR, .target = out->public_id };
    return audit_alone(at->at->store, v, AUDIT_PROFILE_READ, &who, (struct str){ 0 });
}

enum err flow_operator_list(struct services *at, const struct visit *v, const struct user_filter *filter,
                            struct user_row **rows, size_t *count)
{
    AUTO(tx) struct tx *tx = NULL;
    struct audit_who who = { .actor = OPERATOR };
    TRY(users_list(at->db, v->mem, filter, rows, count));
    if (*count == 0)
        return OK;
    TRY(store_begin(at->at->store, &tx));
    TRY(audit_add(tx, v, AUDIT_PROFILE_READ, &who, (struct str){ 0 },
                  arena_printf(v->mem, "{\"profiles\":%zu}", *count)));
    return store_commit(&tx);
}
