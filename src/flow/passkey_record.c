/* The first ceremony of a credential: from the browser's JSON to a row that is stored. */
#include "account/identity.h"
#include "base/buf.h"
#include "crypto/base64url.h"
#include "flow/passkey_ceremony.h"
#include "json/read.h"
#include "store/credentials.h"
#include "webauthn/model.h"

static void json_drop(struct json **tree)
{
    json_tree_drop(tree);
}

/* They are given back to browsers, so only what looks like one of the standard's words is kept. */
static bool is_transport(struct str word)
{
    for (size_t i = 0; i < word.len; i++)
        if (!((word.ptr[i] >= 'a' && word.ptr[i] <= 'z') || word.ptr[i] == '-'))
            return false;
    return word.len > 0;
}

static struct str joined(const struct visit *v, struct strs words)
{
    struct buf text = buf_new(v->mem, 64);
    for (size_t i = 0; i < words.count; i++) {
        if (!is_transport(words.items[i]))
            continue;
        if (text.len > 0)
            buf_add_char(&text, ',');
        buf_add(&text, words.items[i]);
    }
    return text.len == 0 ? STR("") : buf_str(&text);
}

static struct str usual_name(struct str aaguid, bool backup_eligible)
{
    const struct str model = model_name(aaguid);
    if (model.ptr != NULL)
        return model;
    return backup_eligible ? STR("Passkey") : STR("Security key");
}

static struct credential_row row_of(const struct visit *v, const struct registration *r)
{
    const struct str aaguid = model_aaguid_text(v->mem, r->aaguid);
    return (struct credential_row){ .id = base64url_encode(v->mem, r->credential_id),
                                    .public_key = base64url_encode(v->mem, r->public_key),
                                    .algorithm = r->algorithm,
                                    .sign_count = r->sign_count,
                                    .aaguid = aaguid,
                                    .transports = joined(v, r->transports),
                                    .name = usual_name(aaguid, r->backup_eligible),
                                    .backup_eligible = r->backup_eligible,
                                    .backup_state = r->backup_state,
                                    .user_verified = r->user_verified,
                                    .format = str_of(r->format),
                                    .trusted = r->trusted,
                                    .created_at = v->now_us };
}

static enum err run_steps(struct services *at, const struct visit *v, const struct passkey_taken *taken,
                          const struct json *credential, bool need_verified, struct registration *out,
                          enum step *failed)
{
    const struct relying_party *rp = at->at->rp;
    struct registration_response response = { 0 };
    const struct registration_options options = { .ceremony = passkey_expect(at, taken, need_verified),
                                                  .algorithms = rp->algorithms,
                                                  .algorithm_count = rp->algorithm_count,
                                                  .trust = rp->trust,
                                                  .now_s = visit_now_s(v) };
    TRY(registration_response_read(v->mem, credential, &response, failed));
    return registration_verify(v->mem, &options, &response, out, failed);
}

enum err passkey_register(struct services *at, const struct visit *v, const struct passkey_taken *taken,
                          struct str credential, bool need_verified, struct credential_row *out, struct str *reason)
{
    AUTO(json) struct json *tree = NULL;
    struct registration made = { 0 };
    enum step failed = STEP_REGISTRATION_RESPONSE;
    enum err end = json_tree(credential, &tree);
    if (end == OK)
        end = run_steps(at, v, taken, tree, need_verified, &made, &failed);
    TRY(passkey_judged(end, failed, WHY_PASSKEY, reason));
    *out = row_of(v, &made);
    return OK;
}

/* 26. "Verify that the credentialId is not yet registered for any user": the unique index says so, whoever comes at once. */
enum err passkey_store(struct tx *tx, const struct credential_row *row, struct str *reason)
{
    const enum err end = credentials_add(tx, row);
    return passkey_judged(end, end == ERR_CONFLICT ? STEP_REGISTRATION_ID_NEW : STEP_REGISTRATION_STORE, WHY_PASSKEY,
                          reason);
}
