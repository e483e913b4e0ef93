/* Both ceremonies with an authenticator of our own, and a refusal for each step that is carried out in this room. */
#include "support/test.h"
#include "base/buf.h"
#include "crypto/base64url.h"
#include "crypto/random.h"
#include "crypto/signature.h"
#include "json/read.h"
#include "webauthn/assertion.h"
#include "webauthn/registration.h"

#define COUNT(table)       (sizeof(table) / sizeof *(table))
#define CHALLENGE          "LAFYKmRszaeBYYtAC2yyA5w_w7_DV2uDwwGe0ZRPn6Y"
#define ORIGIN             "https://example.org"
#define RP_ID              "example.org"
#define CLIENT(type, more) "{\"type\":\"" type "\",\"challenge\":\"" CHALLENGE "\",\"origin\":\"" ORIGIN "\"" more "}"

static const struct str credential_id = { "0123456789abcdef", 16 };
static const struct str user_handle = { "user-0001", 9 };

/* ---- an authenticator ---- */

/* What a test changes before the ceremony is put together. */
struct device {
    struct arena *mem;
    struct sign_key *key;
    struct str client, rp_id, format, key_parameters; /* the last: what stands before x in the COSE_Key */
    struct str extensions, behind, named_id, statement;
    uint8_t flags;
    uint32_t sign_count;
    bool sign_other;       /* something else than it should */
    struct str was_client; /* the client data that it signs, if not those that are sent */
};

static struct device device_new(const char *client)
{
    struct device d = { .mem = arena_new(),
                        .client = str_of(client),
                        .rp_id = STR(RP_ID),
                        .format = STR("packed"),
                        .key_parameters = STR("\xa5\x01\x02\x03\x26\x20\x01"),
                        .named_id = credential_id,
                        .flags = FLAG_UP | FLAG_UV,
                        .sign_count = 7 };
    CHECK_OK(sign_key_make(ALGORITHM_ES256, &d.key));
    return d;
}

static void device_drop(struct device *d)
{
    sign_key_drop(&d->key);
    arena_drop(&d->mem);
}

static struct str view(const void *bytes, size_t len)
{
    return (struct str){ bytes, len };
}

static void add_number(struct buf *out, uint32_t value, unsigned bytes)
{
    for (unsigned i = bytes; i-- > 0;)
        buf_add_char(out, (char)(value >> (8 * i)));
}

static struct str public_key_of(const struct device *d)
{
    const struct ec_point *point = &sign_key_public(d->key)->point;
    struct buf out = buf_new(d->mem, 128);
    buf_add(&out, d->key_parameters);
    buf_add(&out, STR("\x21\x58\x20"));
    buf_add(&out, view(point->x, 32));
    buf_add(&out, STR("\x22\x58\x20"));
    buf_add(&out, view(point->y, 32));
    return buf_str(&out);
}

static struct str data_of(const struct device *d, bool attested)
{
    const struct digest hash = digest_of(d->rp_id);
    struct buf out = buf_new(d->mem, 256);
    const uint8_t more = (attested ? FLAG_AT : 0) | (d->extensions.ptr != NULL ? FLAG_ED : 0);

    buf_add(&out, view(hash.is, 32));
    buf_add_char(&out, (char)(d->flags | more));
    add_number(&out, d->sign_count, 4);
    if (attested) {
        buf_add(&out, STR("AAGUID-of-a-test"));
        add_number(&out, (uint32_t)credential_id.len, 2);
        buf_add(&out, credential_id);
        buf_add(&out, public_key_of(d));
    }
    buf_add(&out, d->extensions);
    buf_add(&out, d->behind);
    return buf_str(&out);
}

static void add_integer(struct buf *out, const uint8_t is[static 32])
{
    size_t skip = 0;
    while (skip < 31 && is[skip] == 0)
        skip++;
    const bool sign = is[skip] >= 0x80;
    buf_add_char(out, 2);
    buf_add_char(out, (char)(32 - skip + sign));
    if (sign)
        buf_add_char(out, 0);
    buf_add(out, view(is + skip, 32 - skip));
}

static struct str sign(const struct device *d, struct str data)
{
    const struct digest hash = digest_of(d->was_client.ptr != NULL ? d->was_client : d->client);
    struct buf message = buf_new(d->mem, 512), inside = buf_new(d->mem, 80), out = buf_new(d->mem, 80);
    struct signature signature;

    buf_add(&message, data);
    buf_add(&message, view(hash.is, 32));
    if (d->sign_other)
        buf_add_char(&message, 0);
    CHECK_OK(signature_sign(d->key, buf_str(&message), &signature));
    add_integer(&inside, signature.is);
    add_integer(&inside, signature.is + 32);
    buf_add_char(&out, 0x30);
    buf_add_char(&out, (char)inside.len);
    buf_add(&out, buf_str(&inside));
    return buf_str(&out);
}

/* Self attestation, unless a statement is given. */
static struct str object_of(const struct device *d)
{
    const struct str data = data_of(d, true), signature = sign(d, data);
    struct buf out = buf_new(d->mem, 512);

    buf_add(&out, STR("\xa3\x63"
                      "fmt"));
    buf_add_char(&out, (char)(0x60 + d->format.len));
    buf_add(&out, d->format);
    buf_add(&out, STR("\x67"
                      "attStmt"));
    if (d->statement.ptr == NULL) {
        buf_add(&out, STR("\xa2\x63"
                          "alg\x26\x63"
                          "sig\x58"));
        buf_add_char(&out, (char)signature.len);
        buf_add(&out, signature);
    }
    buf_add(&out, d->statement);
    buf_add(&out, STR("\x68"
                      "authData\x58"));
    buf_add_char(&out, (char)data.len);
    buf_add(&out, data);
    return buf_str(&out);
}

/* ---- the two ceremonies, with what a test may change ---- */

static const struct str origin = { ORIGIN, sizeof ORIGIN - 1 };
static const int64_t algorithms[] = { COSE_ES256, COSE_EDDSA, COSE_RS256 };

static struct ceremony asked(void)
{
    return (struct ceremony){ .challenge = STR(CHALLENGE),
                              .rp_id = STR(RP_ID),
                              .origins = { (struct str *)(uintptr_t)&origin, 1 },
                              .need_user_verified = true };
}

static struct registration_options registering(void)
{
    return (struct registration_options){ .ceremony = asked(), .algorithms = algorithms, .algorithm_count = 3 };
}

static enum err register_with(const struct device *d, const struct registration_options *options,
                              struct registration *out, enum step *failed)
{
    const struct registration_response response = { .id = d->named_id,
                                                    .client_data = d->client,
                                                    .attestation_object = object_of(d) };
    return registration_verify(d->mem, options, &response, out, failed);
}

static enum err assert_with(const struct device *d, const struct assertion_options *options,
                            const struct assertion_record *record, struct assertion *out, enum step *failed)
{
    const struct str data = data_of(d, false);
    const struct assertion_response response = { .id = d->named_id,
                                                 .client_data = d->client,
                                                 .authenticator_data = data,
                                                 .signature = sign(d, data),
                                                 .user_handle = user_handle };
    return assertion_verify(d->mem, options, record, &response, out, failed);
}

static struct assertion_record record_of(const struct device *d)
{
    return (struct assertion_record){
        .credential_id = credential_id, .public_key = public_key_of(d), .sign_count = 6, .user_handle = user_handle
    };
}

#define CREATE CLIENT("webauthn.create", "")
#define GET    CLIENT("webauthn.get", "")

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
    CHECK_STR(public_key_of(&d), got.public_key);
    CHECK_STR(STR("AAGUID-of-a-test"), got.aaguid);
    CHECK_STR(d.extensions, got.extensions);
    CHECK(got.algorithm == COSE_ES256 && got.sign_count == 7 && got.attestation == ATTESTATION_SELF && !got.trusted);
    CHECK(got.user_present && got.user_verified && got.backup_eligible && got.backup_state);
    CHECK_STR(STR("packed"), str_of(got.format));
}

TEST(assertion_verify, tells_what_is_to_be_stored)
{
    AUTO(device) struct device d = device_new(GET);
    const struct assertion_options options = { .ceremony = asked() };
    const struct assertion_record record = record_of(&d);
    struct assertion got = { 0 };
    enum step failed = STEP_COUNT;

    CHECK_OK(assert_with(&d, &options, &record, &got, &failed));
    CHECK(failed == STEP_NONE && got.sign_count == 7 && got.user_present && got.user_verified);
    CHECK(!got.backup_eligible && !got.backup_state && !got.counter_regressed);
}

/* ---- a refusal for each step ---- */

/* A fault in what comes, or in what is asked. */
struct refusal {
    enum step step; /* that has to refuse */
    const char *client;
    void (*spoil)(struct device *d);
    void (*ask)(struct registration_options *options);
    void (*look)(struct assertion_options *options, struct assertion_record *record);
    enum step about; /* where the fault lies, if in a step that only makes what a later one refuses by */
};

static void no_client(struct device *d)
{
    d->client = STR("");
}
static void other_rp(struct device *d)
{
    d->rp_id = STR("sub.example.org");
}
static void no_up(struct device *d)
{
    d->flags = FLAG_UV;
}
static void no_uv(struct device *d)
{
    d->flags = FLAG_UP;
}
static void bs_alone(struct device *d)
{
    d->flags = FLAG_UP | FLAG_UV | FLAG_BS;
}
static void eligible(struct device *d)
{
    d->flags = FLAG_UP | FLAG_UV | FLAG_BE;
}
static void backed_up(struct device *d)
{
    d->flags = FLAG_UP | FLAG_UV | FLAG_BE | FLAG_BS;
}
static void byte_behind(struct device *d)
{
    d->behind = STR("\x00");
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
static void other_message(struct device *d)
{
    d->sign_other = true;
}
static void blank_behind(struct device *d)
{
    d->was_client = str_slice(d->client, 0, d->client.len - 1); /* says the same, and has another hash */
}
static void nameless(struct device *d)
{
    d->extensions = STR("\xa1\x01\x02");
}
static void no_map(struct device *d)
{
    d->extensions = STR("\x80");
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

static void other_allowed(struct assertion_options *o, struct assertion_record *r __attribute__((unused)))
{
    o->allowed = (struct strs){ models, 2 };
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

static void check_refusal(const struct refusal *row, size_t at, enum err end, enum step failed)
{
    if (end == OK || failed != row->step)
        FAIL_WITH("row %zu: %s, %s instead of %s: %s", at, err_name(end), step_word(failed), step_word(row->step),
                  note_get()->text);
    CHECK(str_starts(str_of(note_get()->text), str_of(step_word(failed)))); /* for the audit */
}

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

TEST(assertion_verify, refuses_at_each_step_by_its_name)
{
    for (size_t i = 0; i < COUNT(assertions); i++) {
        const struct refusal *row = &assertions[i];
        AUTO(device) struct device d = device_new(row->client);
        struct assertion_options options = { .ceremony = asked() };
        struct assertion_record record = record_of(&d);
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

TEST(assertion_verify, wants_a_user_handle_when_nobody_was_known_before)
{
    AUTO(device) struct device d = device_new(GET);
    struct assertion_options options = { .ceremony = asked() };
    const struct assertion_record record = record_of(&d);
    const struct str data = data_of(&d, false);
    const struct assertion_response response = { credential_id, d.client, data, sign(&d, data), { 0 } };
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
        struct assertion_record record = record_of(&d);
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

    buf_add(&data, view(hash.is, 32));
    buf_add_char(&data, FLAG_UP | FLAG_UV | FLAG_AT);
    add_number(&data, 0, 4);
    buf_add(&data, STR("AAGUID-of-a-test"));
    add_number(&data, sizeof id, 2);
    buf_add(&data, one_id);
    buf_add(&data, public_key_of(&d));
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

static void check_flips(struct str part, bool (*is_taken)(const struct device *, const void *), const struct device *d,
                        const void *response)
{
    uint8_t *bytes = (uint8_t *)(uintptr_t)part.ptr;
    for (size_t bit = 0; bit < part.len * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (is_taken(d, response))
            FAIL_WITH("bit %zu is nobody's", bit);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    CHECK(is_taken(d, response));
}

static bool registration_is_taken(const struct device *d __attribute__((unused)), const void *response)
{
    AUTO(arena) struct arena *mem = arena_new();
    const struct registration_options options = registering();
    struct registration got = { 0 };
    enum step failed = STEP_NONE;
    return registration_verify(mem, &options, response, &got, &failed) == OK;
}

static bool assertion_is_taken(const struct device *d, const void *response)
{
    AUTO(arena) struct arena *mem = arena_new();
    const struct assertion_options options = { .ceremony = asked() };
    const struct assertion_record record = record_of(d);
    struct assertion got = { 0 };
    enum step failed = STEP_NONE;
    return assertion_verify(mem, &options, &record, response, &got, &failed) == OK;
}

TEST(registration_verify, refuses_self_attestation_with_one_bit_turned_over)
{
    AUTO(device) struct device d = device_new(CREATE);
    d.client = arena_copy(d.mem, d.client);
    const struct registration_response response = { .id = credential_id,
                                                    .client_data = d.client,
                                                    .attestation_object = object_of(&d) };
    struct attestation_object object = { 0 };
    struct cbor signature = { 0 };

    CHECK_OK(attestation_object_read(response.attestation_object, &object));
    CHECK(cbor_get_kind(&object.statement, STR("sig"), CBOR_BYTES, &signature));
    check_flips(object.authenticator_data, registration_is_taken, &d, &response);
    check_flips(signature.bytes, registration_is_taken, &d, &response);
    check_flips(response.client_data, registration_is_taken, &d, &response);
}

TEST(assertion_verify, refuses_an_assertion_with_one_bit_turned_over)
{
    AUTO(device) struct device d = device_new(GET);
    d.client = arena_copy(d.mem, d.client);
    const struct str data = data_of(&d, false);
    const struct assertion_response response = { credential_id, d.client, data, sign(&d, data), user_handle };

    check_flips(response.authenticator_data, assertion_is_taken, &d, &response);
    check_flips(response.client_data, assertion_is_taken, &d, &response);
    check_flips(response.signature, assertion_is_taken, &d, &response);
}

/* ---- what the browser sends ---- */

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

/* Refused in a test of their own: results of extensions where they are read, long ids in an object made for that, and 27 where
 * each row above looks for a record. */
static const enum step elsewhere[] = { STEP_REGISTRATION_RESULTS, STEP_REGISTRATION_ID_LENGTH, STEP_REGISTRATION_RECORD,
                                       STEP_ASSERTION_RESULTS };

static bool is_in(const struct refusal *rows, size_t count, enum step step)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].step == step || rows[i].about == step)
            return true;
    return false;
}

static bool has_row(enum step step)
{
    for (size_t i = 0; i < COUNT(elsewhere); i++)
        if (elsewhere[i] == step)
            return true;
    return is_in(registrations, COUNT(registrations), step) || is_in(assertions, COUNT(assertions), step);
}

TEST(step_room_of, every_step_of_this_room_has_a_refusal_here)
{
    for (int i = STEP_NONE + 1; i < STEP_COUNT; i++)
        if (step_room_of((enum step)i) == STEP_IN_CORE && !has_row((enum step)i))
            FAIL_WITH("nothing refuses at %s", step_word((enum step)i));
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
        CASE(registration_verify, fills_the_record),
        CASE(registration_verify, refuses_at_each_step_by_its_name),
        CASE(registration_verify, takes_frames_and_absent_users_where_they_are_expected),
        CASE(registration_verify, refuses_credential_ids_of_too_many_bytes),
        CASE(assertion_verify, tells_what_is_to_be_stored),
        CASE(assertion_verify, refuses_at_each_step_by_its_name),
        CASE(assertion_verify, wants_a_user_handle_when_nobody_was_known_before),
        CASE(assertion_verify, tells_of_a_counter_that_fell_where_the_policy_takes_it),
        CASE(registration_verify, refuses_self_attestation_with_one_bit_turned_over),
        CASE(assertion_verify, refuses_an_assertion_with_one_bit_turned_over),
        CASE(response_read, reads_both_and_passes_over_what_it_does_not_know),
        CASE(response_read, refuses_what_is_no_response),
        CASE(step_word, names_all_54_each_by_another_word),
        CASE(step_room_of, every_step_of_this_room_has_a_refusal_here),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
