#include "webauthn/response.h"
#include "crypto/base64url.h"
#include "json/read.h"
#include "webauthn/authenticator_data.h"
#include "webauthn/client_data.h"

static FALLIBLE take_bytes(struct arena *mem, const struct json *object, const char *name, size_t max, struct str *out)
{
    struct str text, bytes;

    if (!json_get_str(object, name, &text))
        return fail(ERR_INVALID, "no %s", name);
    if (text.len > (max * 4 + 2) / 3)
        return fail(ERR_INVALID, "%s of over %zu bytes", name, max);
    TRY(base64url_decode(mem, text, &bytes));
    if (bytes.len == 0)
        return fail(ERR_INVALID, "%s is empty", name);
    *out = bytes;
    return OK;
}

static bool is_null_or_absent(const struct json *object, const char *name)
{
    const struct json *value = json_get(object, name);
    return value == NULL || json_is_nothing(value);
}

/* rawId is the same as id by 5.1; a client that sends two different ones is not to be believed in either. */
static FALLIBLE take_id(struct arena *mem, const struct json *credential, struct str *out)
{
    struct str id, raw, type;

    if (!json_get_str(credential, "type", &type) || !str_equal(type, STR("public-key")))
        return fail(ERR_INVALID, "no public key credential");
    TRY(take_bytes(mem, credential, "id", CREDENTIAL_ID_MAX, &id));
    TRY(take_bytes(mem, credential, "rawId", CREDENTIAL_ID_MAX, &raw));
    if (!str_equal(id, raw))
        return fail(ERR_INVALID, "id and rawId differ");
    *out = id;
    return OK;
}

static FALLIBLE take_transports(struct arena *mem, const struct json *response, struct strs *out)
{
    const struct json *list = json_get(response, "transports");
    const size_t count = json_size(list);

    if (is_null_or_absent(response, "transports"))
        return OK;
    if (json_is_members(list) || count > RESPONSE_TRANSPORTS_MAX)
        return fail(ERR_INVALID, "transports: no list of up to %d", RESPONSE_TRANSPORTS_MAX);
    *out = (struct strs){ ARENA_ARRAY(mem, struct str, count), count };
    for (size_t i = 0; i < count; i++) {
        struct str text;
        if (!json_is_str(json_at(list, i), &text) || text.len == 0 || text.len > TRANSPORT_MAX)
            return fail(ERR_INVALID, "transports: no word of up to %d bytes", TRANSPORT_MAX);
        out->items[i] = arena_copy(mem, text);
    }
    return OK;
}

/* What a reading works on: one of the two, by its kind. */
struct reading {
    struct arena *mem;
    const struct json *credential;
    union {
        struct registration_response registration;
        struct assertion_response assertion;
    };
};

/* Step 4 of both: the results of extensions that nobody asked for are passed over, but they are an object. */
static FALLIBLE check_results(void *ceremony)
{
    const struct reading *r = ceremony;
    const struct json *results = json_get(r->credential, "clientExtensionResults");

    if (results != NULL && !json_is_members(results))
        return fail(ERR_INVALID, "clientExtensionResults is no object");
    return OK;
}

static FALLIBLE read_registration(void *ceremony)
{
    struct reading *r = ceremony;
    struct registration_response *out = &r->registration;
    const struct json *response = json_get(r->credential, "response");

    TRY(take_id(r->mem, r->credential, &out->id));
    TRY(take_bytes(r->mem, response, "clientDataJSON", CLIENT_DATA_MAX, &out->client_data));
    TRY(take_bytes(r->mem, response, "attestationObject", ATTESTATION_OBJECT_MAX, &out->attestation_object));
    return take_transports(r->mem, response, &out->transports);
}

static FALLIBLE read_assertion(void *ceremony)
{
    struct reading *r = ceremony;
    struct assertion_response *out = &r->assertion;
    const struct json *response = json_get(r->credential, "response");

    TRY(take_id(r->mem, r->credential, &out->id));
    TRY(take_bytes(r->mem, response, "clientDataJSON", CLIENT_DATA_MAX, &out->client_data));
    TRY(take_bytes(r->mem, response, "authenticatorData", AUTHENTICATOR_DATA_MAX, &out->authenticator_data));
    TRY(take_bytes(r->mem, response, "signature", ASSERTION_SIGNATURE_MAX, &out->signature));
    if (is_null_or_absent(response, "userHandle"))
        return OK;
    return take_bytes(r->mem, response, "userHandle", USER_HANDLE_MAX, &out->user_handle);
}

FALLIBLE registration_response_read(struct arena *mem, const struct json *credential, struct registration_response *out,
                                    enum step *failed)
{
    static const struct step_check checks[] = { { STEP_REGISTRATION_RESPONSE, read_registration },
                                                { STEP_REGISTRATION_RESULTS, check_results } };
    struct reading reading = { .mem = mem, .credential = credential };

    TRY(steps_run(checks, sizeof checks / sizeof *checks, &reading, failed));
    *out = reading.registration;
    return OK;
}

FALLIBLE assertion_response_read(struct arena *mem, const struct json *credential, struct assertion_response *out,
                                 enum step *failed)
{
    static const struct step_check checks[] = { { STEP_ASSERTION_RESPONSE, read_assertion },
                                                { STEP_ASSERTION_RESULTS, check_results } };
    struct reading reading = { .mem = mem, .credential = credential };

    TRY(steps_run(checks, sizeof checks / sizeof *checks, &reading, failed));
    *out = reading.assertion;
    return OK;
}
