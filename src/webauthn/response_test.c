/* What the browser sends of a ceremony, and the list of steps. */
#include "support/test.h"
#include "crypto/random.h"
#include "json/read.h"
#include "webauthn/response.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define CREDENTIAL(id, raw, type, response)                                                                            \
    "{\"id\":\"" id "\",\"rawId\":\"" raw "\",\"type\":\"" type "\"," response "}"
#define ATTESTATION "\"response\":{\"clientDataJSON\":\"e30\",\"attestationObject\":\"oA\"}"
#define ASSERTION                                                                                                      \
    "\"response\":{\"clientDataJSON\":\"e30\",\"authenticatorData\":\"AA\",\"signature\":\"AA\",\"userHandle\":"       \
    "\"AA\"}"

static enum err read_registration(const char *text, enum step *failed)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(json_tree) struct json *tree = NULL;
    struct registration_response got = { 0 };
    CHECK_OK(json_tree(str_of(text), &tree));
    return registration_response_read(mem, tree, &got, failed);
}

static enum err read_assertion(const char *text, enum step *failed)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(json_tree) struct json *tree = NULL;
    struct assertion_response got = { 0 };
    CHECK_OK(json_tree(str_of(text), &tree));
    return assertion_response_read(mem, tree, &got, failed);
}

TEST(response_read, reads_both_and_passes_over_what_it_does_not_know)
{
    enum step failed = STEP_COUNT;
    CHECK_OK(read_registration(CREDENTIAL("AQ", "AQ", "public-key", ATTESTATION ",\"x\":1"), &failed));
    CHECK(failed == STEP_NONE);
    CHECK_OK(read_registration(
        CREDENTIAL(
            "AQ", "AQ", "public-key",
            "\"response\":{\"clientDataJSON\":\"e30\",\"attestationObject\":\"oA\",\"transports\":[\"usb\",\"new\"]}"),
        &failed));
    CHECK_OK(read_assertion(CREDENTIAL("AQ", "AQ", "public-key", ASSERTION ",\"clientExtensionResults\":{\"x\":1}"),
                            &failed));
}

TEST(response_read, refuses_what_is_no_response)
{
    static const struct {
        enum step step;
        const char *text;
    } refused[] = {
        { STEP_REGISTRATION_RESPONSE, "{}" },
        { STEP_REGISTRATION_RESPONSE, CREDENTIAL("", "", "public-key", ATTESTATION) },
        { STEP_REGISTRATION_RESPONSE, CREDENTIAL("AQ==", "AQ==", "public-key", ATTESTATION) },
        { STEP_REGISTRATION_RESPONSE, CREDENTIAL("AR", "AR", "public-key", ATTESTATION) }, /* stray bits */
        { STEP_REGISTRATION_RESPONSE, CREDENTIAL("AQ", "Ag", "public-key", ATTESTATION) },
        { STEP_REGISTRATION_RESPONSE, CREDENTIAL("AQ", "AQ", "password", ATTESTATION) },
        { STEP_REGISTRATION_RESPONSE, CREDENTIAL("AQ", "AQ", "public-key", ASSERTION) },
        { STEP_REGISTRATION_RESPONSE, CREDENTIAL("AQ", "AQ", "public-key", "\"response\":\"e30\"") },
        { STEP_REGISTRATION_RESPONSE,
          CREDENTIAL("AQ", "AQ", "public-key", "\"response\":{\"clientDataJSON\":{},\"attestationObject\":\"oA\"}") },
        { STEP_REGISTRATION_RESPONSE,
          CREDENTIAL("AQ", "AQ", "public-key",
                     "\"response\":{\"clientDataJSON\":\"e30\",\"attestationObject\":\"oA\",\"transports\":{}}") },
        { STEP_REGISTRATION_RESPONSE,
          CREDENTIAL("AQ", "AQ", "public-key",
                     "\"response\":{\"clientDataJSON\":\"e30\",\"attestationObject\":\"oA\",\"transports\":[1]}") },
        { STEP_REGISTRATION_RESPONSE,
          CREDENTIAL("AQ", "AQ", "public-key",
                     "\"response\":{\"clientDataJSON\":\"e30\",\"attestationObject\":\"oA\",\"transports\":[\"1\","
                     "\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}") },
        { STEP_REGISTRATION_RESULTS,
          CREDENTIAL("AQ", "AQ", "public-key", ATTESTATION ",\"clientExtensionResults\":[]") },
        { STEP_REGISTRATION_RESULTS,
          CREDENTIAL("AQ", "AQ", "public-key", ATTESTATION ",\"clientExtensionResults\":null") },
        { STEP_ASSERTION_RESPONSE, CREDENTIAL("AQ", "AQ", "public-key", ATTESTATION) },
        { STEP_ASSERTION_RESPONSE,
          CREDENTIAL("AQ", "AQ", "public-key",
                     "\"response\":{\"clientDataJSON\":\"e30\",\"authenticatorData\":\"AA\",\"signature\":\"\"}") },
        { STEP_ASSERTION_RESPONSE, CREDENTIAL("AQ", "AQ", "public-key",
                                              "\"response\":{\"clientDataJSON\":\"e30\",\"authenticatorData\":\"AA\","
                                              "\"signature\":\"AA\",\"userHandle\":\"\"}") },
        { STEP_ASSERTION_RESULTS,
          CREDENTIAL("AQ", "AQ", "public-key", ASSERTION ",\"clientExtensionResults\":\"{}\"") },
    };
    for (size_t i = 0; i < COUNT(refused); i++) {
        const bool registers = refused[i].step < STEP_ASSERTION_OPTIONS;
        enum step failed = STEP_NONE;
        const enum err end =
            registers ? read_registration(refused[i].text, &failed) : read_assertion(refused[i].text, &failed);
        CHECK_END(ERR_INVALID, end);
        CHECK(failed == refused[i].step);
    }
}

/* ---- the list of steps ---- */

TEST(step_word, names_all_54_each_by_another_word)
{
    CHECK_INT(1 + 29 + 25, STEP_COUNT);
    CHECK_STR(STR("7.1-7-type"), str_of(step_word(STEP_REGISTRATION_TYPE)));
    CHECK_STR(STR("7.2-22-counter"), str_of(step_word(STEP_ASSERTION_COUNTER)));
    CHECK_STR(STR(""), str_of(step_word(STEP_NONE)));
    for (int i = STEP_NONE + 1; i < STEP_COUNT; i++)
        for (int j = STEP_NONE; j < i; j++)
            CHECK(strcmp(step_word((enum step)i), step_word((enum step)j)) != 0);
}

static int setup(void **state __attribute__((unused)))
{
    json_setup();
    crypto_setup();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(response_read, reads_both_and_passes_over_what_it_does_not_know),
        CASE(response_read, refuses_what_is_no_response),
        CASE(step_word, names_all_54_each_by_another_word),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
