#include "webauthn/registration.h"

/* What one ceremony works on; each step may use what those before it have filled. */
struct run {
    struct arena *mem;
    const struct registration_options *options;
    const struct registration_response *response;
    struct str text;
    struct client_data client;
    struct digest hash;
    struct attestation_object object;
    struct authenticator_data data;
    struct cose_key key;
    const struct attestation_format *format;
    struct attestation attestation;
    bool trusted;
    struct registration record;
};

/* 3. "If response is not an instance of AuthenticatorAttestationResponse, abort": response.h has seen to its form. */
static FALLIBLE check_response(void *ceremony)
{
    const struct run *run = ceremony;
    if (run->response->client_data.len == 0 || run->response->attestation_object.len == 0 || run->response->id.len == 0)
        return fail(ERR_INVALID, "no attestation response");
    return OK;
}

/* 5. "the result of running UTF-8 decode on the value of response.clientDataJSON" */
static FALLIBLE decode(void *ceremony)
{
    struct run *run = ceremony;
    return client_data_decode(run->response->client_data, &run->text);
}

/* 6. "the result of running an implementation-specific JSON parser on JSONtext" */
static FALLIBLE parse(void *ceremony)
{
    struct run *run = ceremony;
    return client_data_parse(run->mem, run->text, &run->client);
}

/* 7. "Verify that the value of C.type is webauthn.create." */
static FALLIBLE check_type(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_type(&run->client, STR(REGISTRATION_TYPE));
}

/* 8. "Verify that the value of C.challenge equals the base64url encoding of pkOptions.challenge." */
static FALLIBLE check_challenge(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_challenge(&run->options->ceremony, &run->client);
}

/* 9. "Verify that the value of C.origin is an origin expected by the Relying Party." */
static FALLIBLE check_origin(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_origin(&run->options->ceremony, &run->client);
}

/* 10. "If C.crossOrigin is present and set to true, verify that the Relying Party expects" a frame of another origin. */
static FALLIBLE check_cross_origin(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_cross_origin(&run->options->ceremony, &run->client);
}

/* 11. "If C.topOrigin is present", the same, and that it "matches the origin of a page that the RP expects". */
static FALLIBLE check_top_origin(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_top_origin(&run->options->ceremony, &run->client);
}

/* 12. "the result of computing a hash over response.clientDataJSON using SHA-256": of the bytes as they came */
static FALLIBLE hash(void *ceremony)
{
    struct run *run = ceremony;
    run->hash = digest_of(run->response->client_data);
    return OK;
}

/* 13. "Perform CBOR decoding on the attestationObject field": strictly, and with a credential inside, the one that the
 * response names */
static FALLIBLE read_object(void *ceremony)
{
    struct run *run = ceremony;

    if (run->response->attestation_object.len > ATTESTATION_OBJECT_MAX)
        return fail(ERR_INVALID, "an attestation object of %zu bytes", run->response->attestation_object.len);
    TRY(attestation_object_read(run->response->attestation_object, &run->object));
    TRY(authenticator_data_read(run->object.authenticator_data, &run->data));
    if (run->data.public_key.ptr == NULL)
        return fail(ERR_INVALID, "authenticator data without a credential");
    if (!str_equal(run->data.credential_id, run->response->id))
        return fail(ERR_INVALID, "the response names another credential than the authenticator");
    return OK;
}

/* 14. "Verify that the rpIdHash in authData is the SHA-256 hash of the RP ID expected by the Relying Party." */
static FALLIBLE check_rp_id(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_rp_id(&run->options->ceremony, &run->data);
}

/* 15. "If options.mediation is not set to conditional, verify that the UP bit of the flags in authData is set." */
static FALLIBLE check_user_present(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_user_present(&run->options->ceremony, &run->data);
}

/* 16. "If the Relying Party requires user verification for this registration, verify that the UV bit" is set. */
static FALLIBLE check_user_verified(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_user_verified(&run->options->ceremony, &run->data);
}

/* 17. "If the BE bit of the flags in authData is not set, verify that the BS bit is not set." */
static FALLIBLE check_backup(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_backup(&run->data);
}

/* 18. "evaluate the BE bit of the flags in authData" */
static FALLIBLE judge_eligibility(void *ceremony)
{
    const struct run *run = ceremony;
    if ((run->data.flags & FLAG_BE) != 0 && run->options->refuse_backup_eligible)
        return fail(ERR_DENIED, "a credential that may be backed up");
    return OK;
}

/* 19. "evaluate the BS bit of the flags in authData" */
static FALLIBLE judge_backup(void *ceremony)
{
    const struct run *run = ceremony;
    if ((run->data.flags & FLAG_BS) != 0 && run->options->refuse_backed_up)
        return fail(ERR_DENIED, "a credential that is backed up");
    return OK;
}

static bool is_offered(const struct registration_options *options, int64_t algorithm)
{
    for (size_t i = 0; i < options->algorithm_count; i++)
        if (options->algorithms[i] == algorithm)
            return true;
    return false;
}

/* 20. "Verify that the "alg" parameter in the credential public key in authData matches the alg attribute of one of the items
 * in pkOptions.pubKeyCredParams": and that the rest of it is a key for this algorithm, which no other step asks of "none" */
static FALLIBLE check_algorithm(void *ceremony)
{
    struct run *run = ceremony;
    int64_t algorithm;

    TRY(cose_read_algorithm(run->data.public_key, &algorithm));
    if (!is_offered(run->options, algorithm))
        return fail(ERR_DENIED, "an algorithm that was not offered");
    return cose_key_read(run->data.public_key, &run->key);
}

/* 21. "Determine the attestation statement format by performing a USASCII case-sensitive match on fmt" */
static FALLIBLE find_format(void *ceremony)
{
    struct run *run = ceremony;
    run->format = attestation_format_find(run->object.format);
    if (run->format == NULL)
        return fail(ERR_DENIED, "an attestation format that is not supported");
    return OK;
}

/* 22. "Verify that attStmt is a correct attestation statement, conveying a valid attestation signature" */
static FALLIBLE check_statement(void *ceremony)
{
    struct run *run = ceremony;
    const struct attested about = { run->mem, run->object.authenticator_data, &run->data, &run->key, run->hash };
    return run->format->verify(&about, &run->object.statement, &run->attestation);
}

/* 23. "obtain a list of acceptable trust anchors": those of the policy; and whether it wants this model at all */
static FALLIBLE check_model(void *ceremony)
{
    const struct run *run = ceremony;
    return trust_model(&run->options->trust, run->data.aaguid, run->format->model_is_hearsay);
}

/* 24. "Assess the attestation trustworthiness using the outputs of the verification procedure" */
static FALLIBLE assess(void *ceremony)
{
    struct run *run = ceremony;
    return trust_assess(&run->options->trust, &run->attestation, run->data.aaguid, run->options->now_s, &run->trusted);
}

/* 25. "Verify that the credentialId is <= 1023 bytes."  One of no bytes would name nothing. */
static FALLIBLE check_id_length(void *ceremony)
{
    const struct run *run = ceremony;
    const size_t len = run->data.credential_id.len;
    if (len == 0 || len > CREDENTIAL_ID_MAX)
        return fail(ERR_INVALID, "a credential id of %zu bytes", len);
    return OK;
}

/* 27. "Let credentialRecord be a new credential record" */
static FALLIBLE make_record(void *ceremony)
{
    struct run *run = ceremony;
    const uint8_t flags = run->data.flags;

    run->record = (struct registration){ .credential_id = run->data.credential_id,
                                         .public_key = run->data.public_key,
                                         .algorithm = run->key.algorithm,
                                         .sign_count = run->data.sign_count,
                                         .aaguid = run->data.aaguid,
                                         .user_present = (flags & FLAG_UP) != 0,
                                         .user_verified = (flags & FLAG_UV) != 0,
                                         .backup_eligible = (flags & FLAG_BE) != 0,
                                         .backup_state = (flags & FLAG_BS) != 0,
                                         .transports = run->response->transports,
                                         .extensions = run->data.extensions,
                                         .format = run->format->name,
                                         .attestation = run->attestation.type,
                                         .trusted = run->trusted };
    return OK;
}

/* 28. "The Relying Party MAY ignore any or all extension outputs." */
static FALLIBLE check_extensions(void *ceremony)
{
    const struct run *run = ceremony;
    return ceremony_check_extensions(&run->data);
}

/* The order of the standard.  1 and 2 come before the response, 4 is done where it is read, 26 and 29 are the caller's. */
static const struct step_check checks[] = {
    { STEP_REGISTRATION_RESPONSE, check_response },
    { STEP_REGISTRATION_DECODE, decode },
    { STEP_REGISTRATION_PARSE, parse },
    { STEP_REGISTRATION_TYPE, check_type },
    { STEP_REGISTRATION_CHALLENGE, check_challenge },
    { STEP_REGISTRATION_ORIGIN, check_origin },
    { STEP_REGISTRATION_CROSS_ORIGIN, check_cross_origin },
    { STEP_REGISTRATION_TOP_ORIGIN, check_top_origin },
    { STEP_REGISTRATION_HASH, hash },
    { STEP_REGISTRATION_CBOR, read_object },
    { STEP_REGISTRATION_RP_ID, check_rp_id },
    { STEP_REGISTRATION_UP, check_user_present },
    { STEP_REGISTRATION_UV, check_user_verified },
    { STEP_REGISTRATION_BACKUP, check_backup },
    { STEP_REGISTRATION_ELIGIBLE, judge_eligibility },
    { STEP_REGISTRATION_BACKED_UP, judge_backup },
    { STEP_REGISTRATION_ALGORITHM, check_algorithm },
    { STEP_REGISTRATION_FORMAT, find_format },
    { STEP_REGISTRATION_STATEMENT, check_statement },
    { STEP_REGISTRATION_ANCHORS, check_model },
    { STEP_REGISTRATION_TRUST, assess },
    { STEP_REGISTRATION_ID_LENGTH, check_id_length },
    { STEP_REGISTRATION_RECORD, make_record },
    { STEP_REGISTRATION_EXTENSIONS, check_extensions },
};

FALLIBLE registration_verify(struct arena *mem, const struct registration_options *options,
                             const struct registration_response *response, struct registration *out, enum step *failed)
{
    struct run run = { .mem = mem, .options = options, .response = response };
    const enum err end = steps_run(checks, sizeof checks / sizeof *checks, &run, failed);

    cose_key_drop(&run.key);
    if (end == OK)
        *out = run.record;
    return end;
}
