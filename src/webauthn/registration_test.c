/* Registrations, and a refusal for each step of 7.1 that is carried out in this room. */
#include "webauthn/world.h"
#include "base/buf.h"
#include "crypto/digest.h"

TEST(registration_verify, fills_the_record)
{
    AUTO(device) struct device d = device_new(CREATE);
    const struct registration_options options = registering();
    struct registration got = { 0 };
    enum step failed = STEP_COUNT;

    d.flags = FLAG_UP | FLAG_UV | FLAG_BE | FLAG_BS;
    d.extensions = STR("\xa1\x6b"
                       "credProtect\x02");
    CHECK_OK(register_with(&d, &options, &got, &failed));
    CHECK(failed == STEP_NONE);
    CHECK_STR(credential_id, got.credential_id);
    CHECK_STR(device_key(&d), got.public_key);
    CHECK_STR(STR("AAGUID-of-a-test"), got.aaguid);
    CHECK_STR(d.extensions, got.extensions);
    CHECK(got.algorithm == COSE_ES256 && got.sign_count == 7 && got.attestation == ATTESTATION_SELF && !got.trusted);
    CHECK(got.user_present && got.user_verified && got.backup_eligible && got.backup_state);
    CHECK_STR(STR("packed"), str_of(got.format));
}

/* ---- a refusal for each step ---- */

static void backed_up(struct device *d)
{
    d->flags = FLAG_UP | FLAG_UV | FLAG_BE | FLAG_BS;
}
static void other_name(struct device *d)
{
    d->named_id = STR("another");
}
static void other_algorithm(struct device *d)
{
    d->key_parameters = STR("\xa5\x01\x02\x03\x27\x20\x01");
}
static void not_offered(struct device *d)
{
    d->key_parameters = STR("\xa5\x01\x02\x03\x38\x22\x20\x01");
}
static void other_curve(struct device *d)
{
    d->key_parameters = STR("\xa5\x01\x02\x03\x26\x20\x02");
}
static void unknown_format(struct device *d)
{
    d->format = STR("Packed");
}
static void statement_of_none(struct device *d)
{
    d->format = STR("none");
}
static void without_statement(struct device *d)
{
    d->statement = STR("\xa0");
}
static void by_sha1(struct device *d)
{
    d->statement = STR("\xa2\x63"
                       "alg\x39\xff\xfe\x63"
                       "sig\x41s");
}
static void by_another_name(struct device *d)
{
    d->statement = STR("\xa2\x63"
                       "alg\x28\x63"
                       "sig\x41s"); /* ESP256, of a key that says ES256 */
}
static void none(struct device *d)
{
    d->format = STR("none"), d->statement = STR("\xa0");
}
static void refuse_eligible(struct registration_options *o)
{
    o->refuse_backup_eligible = true;
}
static void refuse_backed_up(struct registration_options *o)
{
    o->refuse_backed_up = true;
}
static void refuse_none(struct registration_options *o)
{
    o->trust.refuse_none = true;
}
static void refuse_self(struct registration_options *o)
{
    o->trust.refuse_self = true;
}

static struct str models[] = { STR("AAGUID-of-a-test"), STR("another-AAGUID-0") };

static void deny_model(struct registration_options *o)
{
    o->trust.denied = (struct strs){ models, 1 };
}
static void allow_other(struct registration_options *o)
{
    o->trust.allowed = (struct strs){ models + 1, 1 };
}
static void allow_this(struct registration_options *o)
{
    o->trust.allowed = (struct strs){ models, 1 };
}
static void embed(struct registration_options *o)
{
    o->ceremony.embedded = true;
}
static void no_challenge(struct registration_options *o)
{
    o->ceremony.challenge = STR("");
}

static const struct refusal registrations[] = {
    { STEP_REGISTRATION_RESPONSE, CREATE, .spoil = no_client },
    { STEP_REGISTRATION_DECODE, CLIENT("webauthn.create", ",\"a\":\"\xff\"") },
    { STEP_REGISTRATION_DECODE, CLIENT("webauthn.create", ",\"a\":\"\xed\xa0\x80\"") },
    { STEP_REGISTRATION_PARSE, CLIENT("webauthn.create", ",") },
    { STEP_REGISTRATION_PARSE, CREATE " x" },
    { STEP_REGISTRATION_PARSE, "[" CREATE "]" },
    { STEP_REGISTRATION_PARSE, "\xEF\xBB\xBF\xEF\xBB\xBF" CREATE },
    { STEP_REGISTRATION_PARSE, CLIENT("webauthn.create", ",\"type\":\"webauthn.create\"") },
    { STEP_REGISTRATION_PARSE, CLIENT("webauthn.create", ",\"crossOrigin\":\"false\"") },
    { STEP_REGISTRATION_PARSE, CLIENT("webauthn.create", ",\"topOrigin\":null") },
    { STEP_REGISTRATION_TYPE, GET },
    { STEP_REGISTRATION_TYPE, CLIENT("webauthn.Create", "") },
    { STEP_REGISTRATION_TYPE, "{\"challenge\":\"" CHALLENGE "\",\"origin\":\"" ORIGIN "\"}" },
    { STEP_REGISTRATION_CHALLENGE, "{\"type\":\"webauthn.create\",\"challenge\":\"AAAA\",\"origin\":\"" ORIGIN "\"}" },
    { STEP_REGISTRATION_CHALLENGE,
      "{\"type\":\"webauthn.create\",\"challenge\":\"" CHALLENGE "=\",\"origin\":\"" ORIGIN "\"}" },
    { STEP_REGISTRATION_CHALLENGE, "{\"type\":\"webauthn.create\",\"challenge\":\"\",\"origin\":\"" ORIGIN "\"}",
      .ask = no_challenge },
    { STEP_REGISTRATION_ORIGIN, "{\"type\":\"webauthn.create\",\"challenge\":\"" CHALLENGE "\"}" },
    { STEP_REGISTRATION_ORIGIN,
      "{\"type\":\"webauthn.create\",\"challenge\":\"" CHALLENGE "\",\"origin\":\"https://a.example.org\"}" },
    { STEP_REGISTRATION_ORIGIN,
      "{\"type\":\"webauthn.create\",\"challenge\":\"" CHALLENGE "\",\"origin\":\"" ORIGIN "/\"}" },
    { STEP_REGISTRATION_ORIGIN,
      "{\"type\":\"webauthn.create\",\"challenge\":\"" CHALLENGE "\",\"origin\":\"" ORIGIN ":444\"}" },
    { STEP_REGISTRATION_CROSS_ORIGIN, CLIENT("webauthn.create", ",\"crossOrigin\":true") },
    { STEP_REGISTRATION_TOP_ORIGIN, CLIENT("webauthn.create", ",\"topOrigin\":\"https://top.example\"") },
    { STEP_REGISTRATION_TOP_ORIGIN,
      CLIENT("webauthn.create", ",\"crossOrigin\":true,\"topOrigin\":\"https://top.example\""), .ask = embed },
    { STEP_REGISTRATION_CBOR, CREATE, .spoil = byte_behind },
    { STEP_REGISTRATION_CBOR, CREATE, .spoil = other_name },
    { STEP_REGISTRATION_CBOR, CREATE, .spoil = no_map },
    { STEP_REGISTRATION_RP_ID, CREATE, .spoil = other_rp },
    { STEP_REGISTRATION_UP, CREATE, .spoil = no_up },
    { STEP_REGISTRATION_UV, CREATE, .spoil = no_uv },
    { STEP_REGISTRATION_BACKUP, CREATE, .spoil = bs_alone },
    { STEP_REGISTRATION_ELIGIBLE, CREATE, .spoil = eligible, .ask = refuse_eligible },
    { STEP_REGISTRATION_BACKED_UP, CREATE, .spoil = backed_up, .ask = refuse_backed_up },
    { STEP_REGISTRATION_ALGORITHM, CREATE, .spoil = not_offered },
    { STEP_REGISTRATION_ALGORITHM, CREATE, .spoil = other_algorithm },
    { STEP_REGISTRATION_ALGORITHM, CREATE, .spoil = other_curve },
    { STEP_REGISTRATION_FORMAT, CREATE, .spoil = unknown_format },
    { STEP_REGISTRATION_STATEMENT, CREATE, .spoil = other_message },
    { STEP_REGISTRATION_STATEMENT, CREATE " ", .spoil = blank_behind, .about = STEP_REGISTRATION_HASH },
    { STEP_REGISTRATION_STATEMENT, CREATE, .spoil = statement_of_none },
    { STEP_REGISTRATION_STATEMENT, CREATE, .spoil = without_statement },
    { STEP_REGISTRATION_STATEMENT, CREATE, .spoil = by_sha1 },
    { STEP_REGISTRATION_STATEMENT, CREATE, .spoil = by_another_name },
    { STEP_REGISTRATION_ANCHORS, CREATE, .ask = deny_model },
    { STEP_REGISTRATION_ANCHORS, CREATE, .ask = allow_other },
    { STEP_REGISTRATION_ANCHORS, CREATE, .spoil = none, .ask = allow_this }, /* anybody can say so */
    { STEP_REGISTRATION_TRUST, CREATE, .spoil = none, .ask = refuse_none },
    { STEP_REGISTRATION_TRUST, CREATE, .ask = refuse_self },
    { STEP_REGISTRATION_EXTENSIONS, CREATE, .spoil = nameless },
};

TEST(registration_verify, refuses_at_each_step_by_its_name)
{
    for (size_t i = 0; i < COUNT(registrations); i++) {
        const struct refusal *row = &registrations[i];
        AUTO(device) struct device d = device_new(row->client);
        struct registration_options options = registering();
        struct registration got = { 0 };
        enum step failed = STEP_NONE;
        if (row->spoil != NULL)
            row->spoil(&d);
        if (row->ask != NULL)
            row->ask(&options);
        const enum err end = register_with(&d, &options, &got, &failed);
        check_refusal(row, i, end, failed);
        CHECK(got.credential_id.ptr == NULL && got.format == NULL); /* 27: no record of what was refused */
    }
}

/* Results of extensions are refused where they are read (response_test.c), long ids in an object made for that, and 27 where each
 * row above looks for a record. */
TEST(step_room_of, every_step_of_a_registration_has_a_refusal_here)
{
    static const enum step elsewhere[] = { STEP_REGISTRATION_RESULTS, STEP_REGISTRATION_ID_LENGTH,
                                           STEP_REGISTRATION_RECORD };
    check_steps(STEP_NONE + 1, STEP_ASSERTION_OPTIONS, registrations, COUNT(registrations), elsewhere,
                COUNT(elsewhere));
}

TEST(registration_verify, takes_frames_and_absent_users_where_they_are_expected)
{
    AUTO(device)
    struct device d =
        device_new(CLIENT("webauthn.create", ",\"crossOrigin\":true,\"topOrigin\":\"https://top.example\""));
    struct registration_options options = registering();
    struct str top = STR("https://top.example");
    struct registration got = { 0 };
    enum step failed = STEP_NONE;

    options.ceremony.embedded = true;
    options.ceremony.top_origins = (struct strs){ &top, 1 };
    options.ceremony.without_user_present = true;
    options.ceremony.need_user_verified = false;
    d.flags = 0;
    CHECK_OK(register_with(&d, &options, &got, &failed));
    CHECK(!got.user_present && !got.user_verified);
}

TEST(registration_verify, refuses_credential_ids_of_too_many_bytes)
{
    AUTO(device) struct device d = device_new(CREATE);
    const struct registration_options options = registering();
    static char id[CREDENTIAL_ID_MAX + 1];
    const struct str one_id = { id, sizeof id };
    struct buf data = buf_new(d.mem, 2048), object = buf_new(d.mem, 2048);
    const struct digest hash = digest_of(d.rp_id);
    struct registration got = { 0 };
    enum step failed = STEP_NONE;

    buf_add(&data, bytes_view(hash.is, 32));
    buf_add_char(&data, FLAG_UP | FLAG_UV | FLAG_AT);
    add_number(&data, 0, 4);
    buf_add(&data, STR("AAGUID-of-a-test"));
    add_number(&data, sizeof id, 2);
    buf_add(&data, one_id);
    buf_add(&data, device_key(&d));
    buf_add(&object, STR("\xa3\x63"
                         "fmt\x64none\x67"
                         "attStmt\xa0\x68"
                         "authData\x59"));
    add_number(&object, (uint32_t)data.len, 2);
    buf_add(&object, buf_str(&data));
    const struct registration_response response = { .id = one_id,
                                                    .client_data = d.client,
                                                    .attestation_object = buf_str(&object) };
    CHECK_END(ERR_INVALID, registration_verify(d.mem, &options, &response, &got, &failed));
    CHECK(failed == STEP_REGISTRATION_ID_LENGTH);
}

/* ---- one bit turned over ---- */

static bool registration_is_taken(const struct device *d __attribute__((unused)), const void *response)
{
    AUTO(arena) struct arena *mem = arena_new();
    const struct registration_options options = registering();
    struct registration got = { 0 };
    enum step failed = STEP_NONE;
    return registration_verify(mem, &options, response, &got, &failed) == OK;
}

TEST(registration_verify, refuses_self_attestation_with_one_bit_turned_over)
{
    AUTO(device) struct device d = device_new(CREATE);
    d.client = arena_copy(d.mem, d.client);
    const struct registration_response response = { .id = credential_id,
                                                    .client_data = d.client,
                                                    .attestation_object = device_object(&d) };
    struct attestation_object object = { 0 };
    struct cbor signature = { 0 };

    CHECK_OK(attestation_object_read(response.attestation_object, &object));
    CHECK(cbor_get_kind(&object.statement, STR("sig"), CBOR_BYTES, &signature));
    check_flips(object.authenticator_data, registration_is_taken, &d, &response);
    check_flips(signature.bytes, registration_is_taken, &d, &response);
    check_flips(response.client_data, registration_is_taken, &d, &response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(registration_verify, fills_the_record),
        CASE(registration_verify, refuses_at_each_step_by_its_name),
        CASE(step_room_of, every_step_of_a_registration_has_a_refusal_here),
        CASE(registration_verify, takes_frames_and_absent_users_where_they_are_expected),
        CASE(registration_verify, refuses_credential_ids_of_too_many_bytes),
        CASE(registration_verify, refuses_self_attestation_with_one_bit_turned_over),
    };
    return cmocka_run_group_tests(tests, ceremony_setup, NULL);
}
