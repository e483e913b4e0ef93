#include "webauthn/trust.h"

static bool contains(struct strs list, struct str aaguid)
{
    for (size_t i = 0; i < list.count; i++)
        if (str_equal(list.items[i], aaguid))
            return true;
    return false;
}

FALLIBLE trust_model(const struct trust_policy *policy, struct str aaguid, bool hearsay)
{
    if (policy->metadata != NULL && metadata_is_compromised(policy->metadata, aaguid))
        return fail(ERR_DENIED, "a model of authenticator that is reported as compromised");
    if (contains(policy->denied, aaguid))
        return fail(ERR_DENIED, "a model of authenticator that is denied");
    if (policy->allowed.count > 0 && (hearsay || !contains(policy->allowed, aaguid)))
        return fail(ERR_DENIED, "a model of authenticator that is not among the allowed ones");
    return OK;
}

/* With anchors of their own, one maker can't vouch for the model of another. */
static const struct anchors *anchors_for(const struct trust_policy *policy, struct str aaguid)
{
    const struct anchors *own = policy->metadata == NULL ? NULL : metadata_anchors(policy->metadata, aaguid);
    return own != NULL ? own : policy->anchors;
}

/* "verify that the attestation public key either correctly chains up to an acceptable root certificate, or is itself an
 * acceptable certificate"; if not, "the RP MAY register the credential ID and credential public key but treat the credential
 * as one with self attestation". */
static FALLIBLE assess_chain(const struct trust_policy *policy, const struct anchors *anchors, struct strs chain,
                             int64_t now_s, bool *out)
{
    if (anchors != NULL && anchors_check(anchors, chain, now_s) == OK) {
        *out = true;
        return OK;
    }
    if (policy->need_anchor)
        return fail(ERR_DENIED, anchors == NULL ? "no anchors for it" : "an attestation that leads to no anchor");
    if (policy->refuse_self)
        return fail(ERR_DENIED, "an attestation that counts as self attestation, which is refused");
    *out = false;
    return OK;
}

FALLIBLE trust_assess(const struct trust_policy *policy, const struct attestation *attestation, struct str aaguid,
                      int64_t now_s, bool *out)
{
    const struct anchors *anchors = attestation->incomplete ? NULL : anchors_for(policy, aaguid);

    if (attestation->trust_path.count > 0)
        return assess_chain(policy, anchors, attestation->trust_path, now_s, out);
    if (attestation->type == ATTESTATION_NONE && policy->refuse_none)
        return fail(ERR_DENIED, "no attestation, which is refused");
    if (attestation->type == ATTESTATION_SELF && policy->refuse_self)
        return fail(ERR_DENIED, "self attestation, which is refused");
    *out = false;
    return OK;
}
