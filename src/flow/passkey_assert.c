#include "flow/passkey_assert.h"
#include "account/notice.h"
#include "base/clock.h"
#include "crypto/base64url.h"
#include "json/read.h"
#include "store/credentials.h"

static void json_drop(struct json **tree)
{
    json_tree_drop(tree);
}

/* What the options named: the credentials of then, not those that were added since. */
static enum err allowed(struct services *at, const struct visit *v, const struct passkey_taken *taken,
                        const struct passkey_asking *asking, struct strs *out)
{
    const int64_t asked_us = taken->ticket.expires_at_us - TICKET_TTL_S * SECOND_US;
    struct credential_row *rows = NULL;
    size_t count = 0;
    TRY(credentials_of_user(at->db, v->mem, asking->user_id, &rows, &count));
    /* An empty list would mean any: where there is none, one that nothing is equal to stands for it. */
    struct strs ids = { ARENA_ARRAY(v->mem, struct str, count + 1), 0 };
    for (size_t i = 0; i < count; i++)
        if (rows[i].created_at <= asked_us)
            TRY(base64url_decode(v->mem, rows[i].id, &ids.items[ids.count++]));
    if (ids.count == 0)
        ids.items[ids.count++] = STR("");
    *out = ids;
    return OK;
}

/* Who has no such credential is no account: then the empty record fails at the step that asks for one. */
static enum err find(struct services *at, const struct visit *v, struct str id, struct passkey_shown *out,
                     struct assertion_record *record)
{
    TRY(credentials_by_id(at->db, v->mem, base64url_encode(v->mem, id), &out->row, &out->owner, &out->known));
    if (!out->known)
        return OK;
    *record = (struct assertion_record){ .credential_id = id,
                                         .sign_count = (uint32_t)out->row.sign_count,
                                         .backup_eligible = out->row.backup_eligible };
    TRY(base64url_decode(v->mem, out->row.public_key, &record->public_key));
    return base64url_decode(v->mem, out->row.user_handle, &record->user_handle);
}

/* A key that has never shown that it knows its user might have got its PIN from a thief (7.2, step 24: "uvInitialized"). */
static enum err check_verified(const struct passkey_asking *asking, const struct passkey_shown *shown,
                               enum step *failed)
{
    if (!asking->need_verified || shown->row.user_verified)
        return OK;
    *failed = STEP_ASSERTION_UV;
    return fail(ERR_DENIED, "it has never verified its user beside another factor");
}

static enum err run_steps(struct services *at, const struct visit *v, const struct passkey_taken *taken,
                          const struct passkey_asking *asking, const struct json *credential, struct passkey_shown *out,
                          enum step *failed)
{
    struct assertion_response response = { 0 };
    struct assertion_record record = { 0 };
    struct assertion_options options = { .ceremony = passkey_expect(at, taken, asking->need_verified),
                                         .user_known = asking->user_known,
                                         .take_counter_regress = at->at->rp->take_counter_regress };
    TRY(assertion_response_read(v->mem, credential, &response, failed));
    if (asking->user_known)
        TRY(allowed(at, v, taken, asking, &options.allowed));
    TRY(find(at, v, response.id, out, &record));
    TRY(assertion_verify(v->mem, &options, &record, &response, &out->got, failed));
    return check_verified(asking, out, failed);
}

enum err passkey_assert(struct services *at, const struct visit *v, const struct passkey_taken *taken,
                        const struct passkey_asking *asking, struct str credential, struct passkey_shown *out,
                        struct str *reason)
{
    AUTO(json) struct json *tree = NULL;
    enum step failed = STEP_ASSERTION_RESPONSE;
    enum err end = json_tree(credential, &tree);
    if (end == OK)
        end = run_steps(at, v, taken, asking, tree, out, &failed);
    out->counter_regressed = out->got.counter_regressed || (end != OK && failed == STEP_ASSERTION_COUNTER);
    return passkey_judged(end, failed, WHY_CREDENTIALS, reason);
}

/* 24. signCount, backupState; and uvInitialized, which "SHOULD require authorization by an additional authentication factor".
 * The counter is compared once more, by the statement: somebody may have used the credential since it was read. */
enum err passkey_update(struct services *at, struct tx *tx, const struct visit *v, struct passkey_shown *shown,
                        bool beside, struct str *reason)
{
    bool taken = false;
    const struct credential_use use = { .id = shown->row.id,
                                        .sign_count = shown->got.sign_count,
                                        .backup_state = shown->got.backup_state,
                                        .user_verified =
                                            shown->row.user_verified || (beside && shown->got.user_verified),
                                        .take_regress = at->at->rp->take_counter_regress,
                                        .now_us = v->now_us };
    TRY(credentials_used(tx, &use, &taken));
    if (taken)
        return OK;
    shown->counter_regressed = true;
    return passkey_judged(ERR_DENIED, STEP_ASSERTION_COUNTER, WHY_CREDENTIALS, reason);
}

static enum err tell_clone(struct services *at, const struct visit *v, const struct passkey_shown *shown)
{
    AUTO(tx) struct tx *tx = NULL;
    const struct audit_who who = { .target = shown->owner.public_id };
    const bool refused = !at->at->rp->take_counter_regress;
    TRY(store_begin(at->at->store, &tx));
    TRY(audit_add(tx, v, AUDIT_COUNTER, &who, refused ? STR("refused") : STR("taken"), passkey_detail(v, &shown->row)));
    TRY(notice_leave(tx, v, shown->owner.id, NOTICE_CREDENTIAL_CLONED, STR("webauthn"), shown->row.name));
    return store_commit(&tx);
}

/* One that has not served is over with this. */
static enum err has_served(struct services *at, const struct passkey_taken *taken, struct str *reason, bool *has)
{
    AUTO(tx) struct tx *tx = NULL;
    struct str word = { 0 };
    TRY(store_begin(at->at->store, &tx));
    const enum err end = passkey_spend(tx, taken, &word);
    *has = word.ptr != NULL;
    if (!*has) {
        TRY(end);
        return store_commit(&tx);
    }
    *reason = word;
    return OK;
}

enum err passkey_weigh(struct services *at, const struct visit *v, const struct passkey_taken *taken,
                       struct passkey_shown *shown, struct str *reason, enum err *end)
{
    const struct note told = *note_get();
    bool has = false;
    if (!shown->counter_regressed)
        return OK;
    if (*end != OK)
        TRY(has_served(at, taken, reason, &has));
    if (has) {
        shown->counter_regressed = false;
        *end = refuse(WHY_CEREMONY);
        return OK;
    }
    TRY(tell_clone(at, v, shown));
    note_put(&told);
    return OK;
}

static bool has_any(struct list allow, const char *const *words)
{
    const struct passkey_descriptor *all = allow.items;
    for (size_t i = 0; i < allow.count; i++)
        for (size_t j = 0; j < all[i].transports.count; j++)
            for (const char *const *word = words; *word != NULL; word++)
                if (str_equal(all[i].transports.items[j], str_of(*word)))
                    return true;
    return false;
}

/* 5.8.7: where to look, as the transports of what may be taken tell. */
static struct strs hints_of(const struct visit *v, struct list allow)
{
    static const struct {
        const char *hint, *transports[5];
    } rows[] = { { "client-device", { "internal" } },
                 { "security-key", { "usb", "nfc", "ble", "smart-card" } },
                 { "hybrid", { "hybrid" } } };
    struct strs hints = { ARENA_ARRAY(v->mem, struct str, 3), 0 };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (has_any(allow, rows[i].transports))
            hints.items[hints.count++] = str_of(rows[i].hint);
    return hints;
}

void passkey_request(const struct services *at, const struct visit *v, struct list allow, bool need_verified,
                     struct request_options *out)
{
    out->timeout_ms = PASSKEY_TIMEOUT_MS;
    out->rp_id = at->at->rp->id;
    out->allow = allow;
    out->user_verification = need_verified ? STR("required") : STR("preferred");
    out->hints = hints_of(v, allow);
}
