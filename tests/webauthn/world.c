#include "webauthn/world.h"
#include "base/buf.h"
#include "crypto/random.h"
#include "crypto/signature.h"
#include "json/read.h"

const struct str credential_id = { "0123456789abcdef", 16 };
const struct str user_handle = { "user-0001", 9 };

struct device device_new(const char *client)
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

void device_drop(struct device *d)
{
    sign_key_drop(&d->key);
    arena_drop(&d->mem);
}

struct str bytes_view(const void *bytes, size_t len)
{
    return (struct str){ bytes, len };
}

void add_number(struct buf *out, uint32_t value, unsigned bytes)
{
    for (unsigned i = bytes; i-- > 0;)
        buf_add_char(out, (char)(value >> (8 * i)));
}

struct str device_key(const struct device *d)
{
    const struct ec_point *point = &sign_key_public(d->key)->point;
    struct buf out = buf_new(d->mem, 128);
    buf_add(&out, d->key_parameters);
    buf_add(&out, STR("\x21\x58\x20"));
    buf_add(&out, bytes_view(point->x, 32));
    buf_add(&out, STR("\x22\x58\x20"));
    buf_add(&out, bytes_view(point->y, 32));
    return buf_str(&out);
}

struct str device_data(const struct device *d, bool attested)
{
    const struct digest hash = digest_of(d->rp_id);
    struct buf out = buf_new(d->mem, 256);
    const uint8_t more = (attested ? FLAG_AT : 0) | (d->extensions.ptr != NULL ? FLAG_ED : 0);

    buf_add(&out, bytes_view(hash.is, 32));
    buf_add_char(&out, (char)(d->flags | more));
    add_number(&out, d->sign_count, 4);
    if (attested) {
        buf_add(&out, STR("AAGUID-of-a-test"));
        add_number(&out, (uint32_t)credential_id.len, 2);
        buf_add(&out, credential_id);
        buf_add(&out, device_key(d));
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
    buf_add(out, bytes_view(is + skip, 32 - skip));
}

struct str device_sign(const struct device *d, struct str data)
{
    const struct digest hash = digest_of(d->was_client.ptr != NULL ? d->was_client : d->client);
    struct buf message = buf_new(d->mem, 512), inside = buf_new(d->mem, 80), out = buf_new(d->mem, 80);
    struct signature signature;

    buf_add(&message, data);
    buf_add(&message, bytes_view(hash.is, 32));
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
struct str device_object(const struct device *d)
{
    const struct str data = device_data(d, true), signature = device_sign(d, data);
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

struct ceremony asked(void)
{
    return (struct ceremony){ .challenge = STR(CHALLENGE),
                              .rp_id = STR(RP_ID),
                              .origins = { (struct str *)(uintptr_t)&origin, 1 },
                              .need_user_verified = true };
}

struct registration_options registering(void)
{
    return (struct registration_options){ .ceremony = asked(), .algorithms = algorithms, .algorithm_count = 3 };
}

enum err register_with(const struct device *d, const struct registration_options *options, struct registration *out,
                       enum step *failed)
{
    const struct registration_response response = { .id = d->named_id,
                                                    .client_data = d->client,
                                                    .attestation_object = device_object(d) };
    return registration_verify(d->mem, options, &response, out, failed);
}

enum err assert_with(const struct device *d, const struct assertion_options *options,
                     const struct assertion_record *record, struct assertion *out, enum step *failed)
{
    const struct str data = device_data(d, false);
    const struct assertion_response response = { .id = d->named_id,
                                                 .client_data = d->client,
                                                 .authenticator_data = data,
                                                 .signature = device_sign(d, data),
                                                 .user_handle = user_handle };
    return assertion_verify(d->mem, options, record, &response, out, failed);
}

struct assertion_record device_record(const struct device *d)
{
    return (struct assertion_record){
        .credential_id = credential_id, .public_key = device_key(d), .sign_count = 6, .user_handle = user_handle
    };
}

/* ---- what is wrong in both ---- */

void no_client(struct device *d)
{
    d->client = STR("");
}
void other_rp(struct device *d)
{
    d->rp_id = STR("sub.example.org");
}
void no_up(struct device *d)
{
    d->flags = FLAG_UV;
}
void no_uv(struct device *d)
{
    d->flags = FLAG_UP;
}
void bs_alone(struct device *d)
{
    d->flags = FLAG_UP | FLAG_UV | FLAG_BS;
}
void eligible(struct device *d)
{
    d->flags = FLAG_UP | FLAG_UV | FLAG_BE;
}
void byte_behind(struct device *d)
{
    d->behind = STR("\x00");
}
void other_message(struct device *d)
{
    d->sign_other = true;
}
void blank_behind(struct device *d)
{
    d->was_client = str_slice(d->client, 0, d->client.len - 1); /* says the same, and has another hash */
}
void nameless(struct device *d)
{
    d->extensions = STR("\xa1\x01\x02");
}
void no_map(struct device *d)
{
    d->extensions = STR("\x80");
}

void check_refusal(const struct refusal *row, size_t at, enum err end, enum step failed)
{
    if (end == OK || failed != row->step)
        FAIL_WITH("row %zu: %s, %s instead of %s: %s", at, err_name(end), step_word(failed), step_word(row->step),
                  note_get()->text);
    CHECK(str_starts(str_of(note_get()->text), str_of(step_word(failed)))); /* for the audit */
}

static bool has_row(const struct refusal *rows, size_t count, enum step step)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].step == step || rows[i].about == step)
            return true;
    return false;
}

static bool is_among(const enum step *steps, size_t count, enum step step)
{
    for (size_t i = 0; i < count; i++)
        if (steps[i] == step)
            return true;
    return false;
}

void check_steps(enum step first, enum step last, const struct refusal *rows, size_t count, const enum step *elsewhere,
                 size_t elsewhere_count)
{
    for (enum step step = first; step < last; step++)
        if (step_room_of(step) == STEP_IN_CORE && !has_row(rows, count, step) &&
            !is_among(elsewhere, elsewhere_count, step))
            FAIL_WITH("nothing refuses at %s", step_word(step));
}

void check_flips(struct str part, bool (*is_taken)(const struct device *, const void *), const struct device *d,
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

int ceremony_setup(void **state __attribute__((unused)))
{
    json_setup();
    crypto_setup();
    return 0;
}
