#include "api/proof.h"

struct dpop_shown proof_shown(const struct call *c)
{
    return (struct dpop_shown){ .proof = call_header_list(c, "DPoP"), .path = c->path };
}

/* RFC 9449 8.2: "Responses that include the DPoP-Nonce HTTP header should be uncacheable". */
void proof_give_nonce(struct call *c)
{
    reply_header(c, "DPoP-Nonce", flow_dpop_nonce(c->services, &c->visit));
    reply_no_store(c);
}

void proof_next_nonce(struct call *c, const struct dpop_proof *proof)
{
    if (c->services->at->config->dpop_nonce && !proof->nonce_fresh)
        proof_give_nonce(c);
}

enum err proof_binding(struct call *c, struct token_binding *out)
{
    const struct dpop_shown shown = proof_shown(c);
    struct dpop_proof *proof = ARENA_NEW(c->visit.mem, struct dpop_proof);
    if (shown.proof.ptr == NULL)
        return c->services->at->config->dpop == DPOP_REQUIRED ? refuse(WHY_DPOP_MISSING) : OK;
    TRY(flow_dpop_check(c->services, &c->visit, &shown, proof));
    proof_next_nonce(c, proof);
    out->jkt = proof->jkt;
    out->proof = proof;
    return OK;
}
