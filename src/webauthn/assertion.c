#include "webauthn/assertion.h"
#include "base/buf.h"

/* What one ceremony works on; each step may use what those before it have filled. */
struct run {
    struct arena *mem;
    const struct assertion_options *options;
    const struct assertion_record *record;
    const struct assertion_response *response;
    struct authenticator_data data;
    struct str text;
    struct client_data client;
    struct digest hash;
    bool counter_regressed;
};

/* 3. "If response is not an instance of AuthenticatorAssertionResponse, abort": response.h has seen to its form. */
static FALLIBLE check_response(void *ceremony)
{
    const struct run *run = ceremony;
    if (run->response->client_data.len == 0 || run->response->authenticator_data.len == 0 ||
        run->response->signature.len == 0 || run->response->id.len == 0)
        return fail(ERR_INVALID, "no assertion response");
    return OK;
}

/* 5. "If pkOptions.allowCredentials is not empty, verify that credential.id identifies one of the public key credentials" */
static FALLIBLE check_allowed(void *ceremony)
{
    const struct run *run = ceremony;
    const struct strs allowed = run->options->allowed;

    for (size_t i = 0; i < allowed.count; i++)
        if (str_equal(allowed.items[i], run->response->id))
            return OK;
    return allowed.count == 0 ? OK : fail(ERR_DENIED, "a credential that was not asked for");
}

/* 6. "verify that the identified user account contains a credential record whose id equals credential.rawId. [...] If
 * response.userHandle is present, verify that it equals the user handle of the user account."  If the user was not known
 * before, "verify that response.userHandle is present". */
static FALLIBLE check_user(void *ceremony)
{
    const struct run *run = ceremony;
    const struct str handle = run->response->user_handle;

    if (!str_equal(run->record->credential_id, run->response->id))
        return fail(ERR_DENIED, "another credential than the record's");
    if (handle.ptr == NULL && !run->options->user_known)
        return fail(ERR_DENIED, "no user handle");
    if (handle.ptr != NULL && !str_equal(handle, run->record->user_handle))
        return fail(ERR_DENIED, "the user handle of another account");
    return OK;
}

/* 7. "Let cData, authData and sig denote the value of response's clientDataJSON, authenticatorData, and signature" */
static FALLIBLE take(void *ceremony)
{
    struct run *run = ceremony;
    return authenticator_data_read(run->response->authenticator_data, &run->data);
}

/* 8. "the result of running UTF-8 decode on the value of cData" */
static FALLIBLE decode(void *ceremony)
{
    struct run *run = ceremony;
    return client_data_decode(run->response->client_data, &run->text);
}

/* 9. "the result of running an implementation-specific JSON parser on JSONtext" */
static FALLIBLE parse(void *ceremony)
{
    struct run *run = ceremony;
    return client_data_parse(run->mem, run->text, &run->client);
}

/* 10. "Verify that the value of C.type is the string webauthn.get." */
static FALLIBLE check_type(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_type(&run->client, STR(ASSERTION_TYPE));
}

/* 11. "Verify that the value of C.challenge equals the base64url encoding of pkOptions.challenge." */
static FALLIBLE check_challenge(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_challenge(&run->options->ceremony, &run->client);
}

/* 12. "Verify that the value of C.origin is an origin expected by the Relying Party." */
static FALLIBLE check_origin(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_origin(&run->options->ceremony, &run->client);
}

/* 13. "If C.crossOrigin is present and set to true, verify that the Relying Party expects" a frame of another origin. */
static FALLIBLE check_cross_origin(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_cross_origin(&run->options->ceremony, &run->client);
}

/* 14. "If C.topOrigin is present", the same, and that it "matches the origin of a page that the RP expects". */
static FALLIBLE check_top_origin(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_top_origin(&run->options->ceremony, &run->client);
}

/* 15. "Verify that the rpIdHash in authData is the SHA-256 hash of the RP ID expected by the Relying Party." */
static FALLIBLE check_rp_id(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_rp_id(&run->options->ceremony, &run->data);
}

/* 16. "Verify that the UP bit of the flags in authData is set." */
static FALLIBLE check_user_present(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_user_present(&run->options->ceremony, &run->data);
}

/* 17. "If user verification was determined to be required, verify that the UV bit of the flags in authData is set." */
static FALLIBLE check_user_verified(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_user_verified(&run->options->ceremony, &run->data);
}

/* 18. "If the BE bit of the flags in authData is not set, verify that the BS bit is not set." */
static FALLIBLE check_backup(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_backup(&run->data);
}

/* 19. "If credentialRecord.backupEligible is set, verify that currentBe is set", and if it is not, that it is not */
static FALLIBLE check_eligibility(void *ceremony)
{
    const struct run *run = ceremony;
    if (((run->data.flags & FLAG_BE) != 0) != run->record->backup_eligible)
        return fail(ERR_DENIED, "backup eligibility has changed, which it never does");
    return OK;
}

/* 20. "the result of computing a hash over the cData using SHA-256" */
static FALLIBLE hash(void *ceremony)
{
    struct run *run = ceremony;
    run->hash = digest_of(run->response->client_data);
    return OK;
}

/* 21. "Using credentialRecord.publicKey, verify that sig is a valid signature over the binary concatenation of authData and
 * hash." */
static FALLIBLE check_signature(void *ceremony)
{
    const struct run *run = ceremony;
    struct buf message = buf_new(run->mem, run->response->authenticator_data.len + sizeof run->hash.is);
    struct cose_key key = { 0 };

    TRY(cose_key_read(run->record->public_key, &key));
    buf_add(&message, run->response->authenticator_data);
    buf_add(&message, (struct str){ (const char *)run->hash.is, sizeof run->hash.is });
    const enum err end = cose_key_check(&key, buf_str(&message), run->response->signature);
    cose_key_drop(&key);
    return end;
}

/* 22. "If authData.signCount is nonzero or credentialRecord.signCount is nonzero" it has to be "greater than
 * credentialRecord.signCount"; otherwise "this is a signal, but not proof, that the authenticator may be cloned" */
static FALLIBLE check_counter(void *ceremony)
{
    struct run *run = ceremony;
    const uint32_t now = run->data.sign_count, before = run->record->sign_count;

    run->counter_regressed = (now != 0 || before != 0) && now <= before;
    if (run->counter_regressed && !run->options->take_counter_regress)
        return fail(ERR_DENIED, "the counter has not grown: the authenticator may be cloned");
    return OK;
}

/* 23. "The Relying Party MAY ignore any or all extension outputs." */
static FALLIBLE check_extensions(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_extensions(&run->data);
}

/* The order of the standard.  1 and 2 come before the response, 4 is done where it is read, 24 and 25 are the caller's. */
static const struct step_check checks[] = {
    { STEP_ASSERTION_RESPONSE, check_response },
    { STEP_ASSERTION_ALLOWED, check_allowed },
    { STEP_ASSERTION_USER, check_user },
    { STEP_ASSERTION_TAKE, take },
    { STEP_ASSERTION_DECODE, decode },
    { STEP_ASSERTION_PARSE, parse },
    { STEP_ASSERTION_TYPE, check_type },
    { STEP_ASSERTION_CHALLENGE, check_challenge },
    { STEP_ASSERTION_ORIGIN, check_origin },
    { STEP_ASSERTION_CROSS_ORIGIN, check_cross_origin },
    { STEP_ASSERTION_TOP_ORIGIN, check_top_origin },
    { STEP_ASSERTION_RP_ID, check_rp_id },
    { STEP_ASSERTION_UP, check_user_present },
    { STEP_ASSERTION_UV, check_user_verified },
    { STEP_ASSERTION_BACKUP, check_backup },
    { STEP_ASSERTION_ELIGIBLE, check_eligibility },
    { STEP_ASSERTION_HASH, hash },
    { STEP_ASSERTION_SIGNATURE, check_signature },
    { STEP_ASSERTION_COUNTER, check_counter },
    { STEP_ASSERTION_EXTENSIONS, check_extensions },
};

FALLIBLE assertion_verify(struct arena *mem, const struct assertion_options *options,
                          const struct assertion_record *record, const struct assertion_response *response,
                          struct assertion *out, enum step *failed)
{
    struct run run = { .mem = mem, .options = options, .record = record, .response = response };

    TRY(steps_run(checks, sizeof checks / sizeof *checks, &run, failed));
    *out = (struct assertion){ .sign_count = run.data.sign_count,
                               .user_present = (run.data.flags & FLAG_UP) != 0,
                               .user_verified = (run.data.flags & FLAG_UV) != 0,
                               .backup_eligible = (run.data.flags & FLAG_BE) != 0,
                               .backup_state = (run.data.flags & FLAG_BS) != 0,
                               .counter_regressed = run.counter_regressed,
                               .extensions = run.data.extensions };
    return OK;
}
