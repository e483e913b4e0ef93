/* Assertions, and a refusal for each step of 7.2 that is carried out in this room. */
#include "webauthn/world.h"

TEST(assertion_verify, tells_what_is_to_be_stored)
{
    AUTO(device) struct device d = device_new(GET);
    const struct assertion_options options = { .ceremony = asked() };
    const struct assertion_record record = device_record(&d);
    struct assertion got = { 0 };
    enum step failed = STEP_COUNT;

    CHECK_OK(assert_with(&d, &options, &record, &got, &failed));
    CHECK(failed == STEP_NONE && got.sign_count == 7 && got.user_present && got.user_verified);
    CHECK(!got.backup_eligible && !got.backup_state && !got.counter_regressed);
}

/* ---- a refusal for each step ---- */

static struct str others[] = { STR("another-id-0"), STR("another-id-1") };

static void other_allowed(struct assertion_options *o, struct assertion_record *r __attribute__((unused)))
{
    o->allowed = (struct strs){ others, 2 };
}

static void other_record(struct assertion_options *o __attribute__((unused)), struct assertion_record *r)
{
    r->credential_id = STR("another");
}

static void other_user(struct assertion_options *o __attribute__((unused)), struct assertion_record *r)
{
    r->user_handle = STR("user-0002");
}

static void was_eligible(struct assertion_options *o __attribute__((unused)), struct assertion_record *r)
{
    r->backup_eligible = true;
}

static void same_counter(struct assertion_options *o __attribute__((unused)), struct assertion_record *r)
{
    r->sign_count = 7;
}

static void higher_counter(struct assertion_options *o __attribute__((unused)), struct assertion_record *r)
{
    r->sign_count = UINT32_MAX;
}

static void garbage_key(struct assertion_options *o __attribute__((unused)), struct assertion_record *r)
{
    r->public_key = STR("\xa0");
}

static const struct refusal assertions[] = {
    { STEP_ASSERTION_RESPONSE, GET, .spoil = no_client },
    { STEP_ASSERTION_ALLOWED, GET, .look = other_allowed },
    { STEP_ASSERTION_USER, GET, .look = other_record },
    { STEP_ASSERTION_USER, GET, .look = other_user },
    { STEP_ASSERTION_TAKE, GET, .spoil = byte_behind },
    { STEP_ASSERTION_TAKE, GET, .spoil = no_map },
    { STEP_ASSERTION_DECODE, CLIENT("webauthn.get", ",\"a\":\"\xff\"") },
    { STEP_ASSERTION_PARSE, CLIENT("webauthn.get", ",") },
    { STEP_ASSERTION_TYPE, CREATE },
    { STEP_ASSERTION_CHALLENGE, "{\"type\":\"webauthn.get\",\"challenge\":\"AAAA\",\"origin\":\"" ORIGIN "\"}" },
    { STEP_ASSERTION_ORIGIN,
      "{\"type\":\"webauthn.get\",\"challenge\":\"" CHALLENGE "\",\"origin\":\"https://a.example.org\"}" },
    { STEP_ASSERTION_CROSS_ORIGIN, CLIENT("webauthn.get", ",\"crossOrigin\":true") },
    { STEP_ASSERTION_TOP_ORIGIN, CLIENT("webauthn.get", ",\"topOrigin\":\"https://top.example\"") },
    { STEP_ASSERTION_RP_ID, GET, .spoil = other_rp },
    { STEP_ASSERTION_UP, GET, .spoil = no_up },
    { STEP_ASSERTION_UV, GET, .spoil = no_uv },
    { STEP_ASSERTION_BACKUP, GET, .spoil = bs_alone },
    { STEP_ASSERTION_ELIGIBLE, GET, .spoil = eligible },
    { STEP_ASSERTION_ELIGIBLE, GET, .look = was_eligible },
    { STEP_ASSERTION_SIGNATURE, GET, .spoil = other_message },
    { STEP_ASSERTION_SIGNATURE, GET " ", .spoil = blank_behind, .about = STEP_ASSERTION_HASH },
    { STEP_ASSERTION_SIGNATURE, GET, .look = garbage_key },
    { STEP_ASSERTION_COUNTER, GET, .look = same_counter },
    { STEP_ASSERTION_COUNTER, GET, .look = higher_counter },
    { STEP_ASSERTION_EXTENSIONS, GET, .spoil = nameless },
};

TEST(assertion_verify, refuses_at_each_step_by_its_name)
{
    for (size_t i = 0; i < COUNT(assertions); i++) {
        const struct refusal *row = &assertions[i];
        AUTO(device) struct device d = device_new(row->client);
        struct assertion_options options = { .ceremony = asked() };
        struct assertion_record record = device_record(&d);
        struct assertion got = { 0 };
        enum step failed = STEP_NONE;
        if (row->spoil != NULL)
            row->spoil(&d);
        if (row->look != NULL)
            row->look(&options, &record);
        const enum err end = assert_with(&d, &options, &record, &got, &failed);
        check_refusal(row, i, end, failed);
        CHECK(!got.user_present && got.sign_count == 0);
    }
}

/* Results of extensions are refused where they are read (response_test.c). */
TEST(step_room_of, every_step_of_an_assertion_has_a_refusal_here)
{
    static const enum step elsewhere[] = { STEP_ASSERTION_RESULTS };
    check_steps(STEP_ASSERTION_OPTIONS, STEP_COUNT, assertions, COUNT(assertions), elsewhere, COUNT(elsewhere));
}

TEST(assertion_verify, wants_a_user_handle_when_nobody_was_known_before)
{
    AUTO(device) struct device d = device_new(GET);
    struct assertion_options options = { .ceremony = asked() };
    const struct assertion_record record = device_record(&d);
    const struct str data = device_data(&d, false);
    const struct assertion_response response = { credential_id, d.client, data, device_sign(&d, data), { 0 } };
    struct assertion got = { 0 };
    enum step failed = STEP_NONE;

    CHECK_END(ERR_DENIED, assertion_verify(d.mem, &options, &record, &response, &got, &failed));
    CHECK(failed == STEP_ASSERTION_USER);
    options.user_known = true;
    CHECK_OK(assertion_verify(d.mem, &options, &record, &response, &got, &failed));
}

TEST(assertion_verify, tells_of_a_counter_that_fell_where_the_policy_takes_it)
{
    static const struct {
        uint32_t before, now;
        bool regressed;
    } cases[] = { { 0, 0, false }, { 0, 1, false }, { 6, 7, false }, { 7, 7, true }, { 8, 7, true }, { 8, 0, true } };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(device) struct device d = device_new(GET);
        struct assertion_options options = { .ceremony = asked(), .take_counter_regress = true };
        struct assertion_record record = device_record(&d);
        struct assertion got = { 0 };
        enum step failed = STEP_NONE;
        d.sign_count = cases[i].now;
        record.sign_count = cases[i].before;
        CHECK_OK(assert_with(&d, &options, &record, &got, &failed));
        CHECK(got.counter_regressed == cases[i].regressed && got.sign_count == cases[i].now);
        options.take_counter_regress = false;
        CHECK_END(cases[i].regressed ? ERR_DENIED : OK, assert_with(&d, &options, &record, &got, &failed));
    }
}

/* ---- one bit turned over ---- */

static bool assertion_is_taken(const struct device *d, const void *response)
{
    AUTO(arena) struct arena *mem = arena_new();
    const struct assertion_options options = { .ceremony = asked() };
    const struct assertion_record record = device_record(d);
    struct assertion got = { 0 };
    enum step failed = STEP_NONE;
    return assertion_verify(mem, &options, &record, response, &got, &failed) == OK;
}

TEST(assertion_verify, refuses_an_assertion_with_one_bit_turned_over)
{
    AUTO(device) struct device d = device_new(GET);
    d.client = arena_copy(d.mem, d.client);
    const struct str data = device_data(&d, false);
    const struct assertion_response response = { credential_id, d.client, data, device_sign(&d, data), user_handle };

    check_flips(response.authenticator_data, assertion_is_taken, &d, &response);
    check_flips(response.client_data, assertion_is_taken, &d, &response);
    check_flips(response.signature, assertion_is_taken, &d, &response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(assertion_verify, tells_what_is_to_be_stored),
        CASE(assertion_verify, refuses_at_each_step_by_its_name),
        CASE(step_room_of, every_step_of_an_assertion_has_a_refusal_here),
        CASE(assertion_verify, wants_a_user_handle_when_nobody_was_known_before),
        CASE(assertion_verify, tells_of_a_counter_that_fell_where_the_policy_takes_it),
        CASE(assertion_verify, refuses_an_assertion_with_one_bit_turned_over),
    };
    return cmocka_run_group_tests(tests, ceremony_setup, NULL);
}
