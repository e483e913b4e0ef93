#include "flow/dpop.h"
#include "base/clock.h"
#include "store/dpop_proofs.h"
#include "token/dpop_nonce.h"

/* access_token absent: a sign-in or refresh. */
static FALLIBLE check(struct services *at, const struct visit *v, const struct dpop_shown *shown,
                      struct str access_token, struct dpop_proof *out)
{
    const bool use = access_token.ptr != NULL;
    const struct dpop_expect expect = {
        .method = v->method,
        .places = at->at->places,
        .path = shown->path,
        .access_token = access_token,
        .nonce_key = &at->at->dpop_key,
        .nonce_due = at->at->config->dpop_nonce,
        .since_s = at->at->dpop_since_s,
    };
    const enum err end = dpop_check(v, shown->proof, &expect, out);
    if (end == OK || end == ERR_INTERNAL)
        return end;
    const struct note told = *note_get();
    if (end == ERR_EXPIRED)
        return refuse_with(use ? WHY_NONCE_USE : WHY_NONCE_SIGNIN, told.text);
    return refuse_with(use ? WHY_DPOP_USE : WHY_DPOP_SIGNIN, told.text);
}

enum err flow_dpop_check(struct services *at, const struct visit *v, const struct dpop_shown *shown,
                         struct dpop_proof *out)
{
    return check(at, v, shown, (struct str){ 0 }, out);
}

/* The moment is the clock's, not the visit's: a request that took long to arrive must not be judged by a table that has moved on. */
static FALLIBLE spend_here(struct services *at, const struct dpop_proof *proof, enum why why)
{
    const enum err end = replay_spend(at->at->proofs, &proof->id, clock_now_us(), proof->good_until_us);
    if (end == ERR_CONFLICT)
        return refuse_with(why, "dpop_replayed");
    return end == ERR_EXPIRED ? refuse_with(why, "dpop_iat") : end;
}

static FALLIBLE spend_everywhere(struct tx *tx, const struct dpop_proof *proof, enum why why)
{
    bool fresh = false;
    TRY(dpop_proofs_add(tx, &proof->id, proof->good_until_us, &fresh));
    return fresh ? OK : refuse_with(why, "dpop_replayed");
}

enum err flow_dpop_spend_again(struct services *at, struct tx *tx, const struct dpop_proof *proof)
{
    return store_shared(at->at->store) ? spend_everywhere(tx, proof, WHY_DPOP_SIGNIN) : OK;
}

enum err flow_dpop_spend(struct services *at, struct tx *tx, const struct dpop_proof *proof)
{
    TRY(spend_here(at, proof, WHY_DPOP_SIGNIN));
    return flow_dpop_spend_again(at, tx, proof);
}

static FALLIBLE spend_for_use(struct services *at, const struct dpop_proof *proof)
{
    AUTO(tx) struct tx *tx = NULL;
    TRY(spend_here(at, proof, WHY_DPOP_USE));
    if (!store_shared(at->at->store))
        return OK;
    TRY(store_begin(at->at->store, &tx));
    TRY(spend_everywhere(tx, proof, WHY_DPOP_USE));
    return store_commit(&tx);
}

enum err flow_dpop_use(struct services *at, const struct visit *v, const struct dpop_shown *shown,
                       struct str access_token, const struct caller *caller, struct dpop_proof *out)
{
    struct dpop_proof proof;
    if (caller->session.jkt.ptr == NULL)
        return refuse_with(WHY_TOKEN_INVALID, "dpop_unbound");
    if (shown->proof.ptr == NULL)
        return refuse_with(WHY_DPOP_USE, "dpop_missing");
    TRY(check(at, v, shown, access_token, &proof));
    if (!str_equal(proof.jkt, caller->session.jkt))
        return refuse_with(WHY_DPOP_USE, "dpop_key");
    TRY(spend_for_use(at, &proof));
    *out = proof;
    return OK;
}

/* RFC 9449 7.2: "such a protected resource MUST reject a DPoP-bound access token received as a bearer token". */
enum err flow_dpop_not_used(struct services *at, const struct caller *caller)
{
    if (caller->session.jkt.ptr != NULL)
        return refuse_with(WHY_TOKEN_INVALID, "dpop_downgrade");
    return at->at->config->dpop == DPOP_REQUIRED ? refuse_with(WHY_TOKEN_INVALID, "dpop_required") : OK;
}

struct str flow_dpop_nonce(struct services *at, const struct visit *v)
{
    return dpop_nonce_now(v->mem, &at->at->dpop_key, visit_now_s(v));
}
