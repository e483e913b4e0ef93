#include "webauthn/registration_fuzz.h"
#include "crypto/random.h"
#include "json/read.h"
#include "webauthn/registration.h"

void fuzz_setup(void)
{
    json_setup();
    crypto_setup();
}

/* Names the credential as the authenticator does; whether the two agree is no question for bytes. */
static struct str id_of(struct str bytes)
{
    struct attestation_object object = { 0 };
    struct authenticator_data data = { 0 };
    if (attestation_object_read(bytes, &object) != OK ||
        authenticator_data_read(object.authenticator_data, &data) != OK || data.credential_id.len == 0)
        return STR("id");
    return data.credential_id;
}

static void check_bounds(const struct registration *got, struct str format)
{
    struct cose_key key = { 0 };
    if (got->credential_id.len > CREDENTIAL_ID_MAX || got->aaguid.len != AAGUID_BYTES || got->trusted)
        die("a record out of bounds");
    if (format.ptr != NULL && !str_equal(format, str_of(got->format)))
        die("a record of another format");
    if (cose_key_read(got->public_key, &key) != OK || key.algorithm != got->algorithm)
        die("a key that is not read again: %s", note_get()->text);
    cose_key_drop(&key);
}

void fuzz_registration(struct str attestation_object, struct str format)
{
    static const int64_t algorithms[] = { COSE_ES256, COSE_EDDSA, COSE_ES384, COSE_ES512, COSE_RS256,
                                          COSE_ED448, COSE_PS256, COSE_RS384, COSE_RS1 };
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(anchors) struct anchors *anchors = anchors_new();
    struct str origin = STR("https://example.org");
    const struct registration_options options = {
        .ceremony = { .challenge = STR("AAAA"), .rp_id = STR("example.org"), .origins = { &origin, 1 } },
        .algorithms = algorithms,
        .algorithm_count = sizeof algorithms / sizeof *algorithms,
        .trust = { .anchors = anchors },
    };
    const struct registration_response response = { .id = id_of(attestation_object),
                                                    .client_data = STR(FUZZ_CLIENT),
                                                    .attestation_object = attestation_object };
    struct registration got = { 0 };
    enum step failed = STEP_NONE;

    if (registration_verify(mem, &options, &response, &got, &failed) == OK)
        check_bounds(&got, format);
    else if (got.credential_id.ptr != NULL || failed == STEP_NONE)
        die("refused, and yet something came out");
}
