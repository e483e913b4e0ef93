/* Area webauthn of check-vectors: both ceremonies, and statements and signatures alone, with what each vector asks for.
 *
 *     {"name":"…","accepted":true,"reason":"","got":{"fmt":"packed","counter":7,…}}
 *
 * Area webauthn-flips runs the accepted ones again with each bit of what is signed turned over, one at a time:
 *
 *     {"name":"…","accepted":false,"reason":"","flips":2480,"taken":0}
 *
 * got has what the vectors expect of an accepted one, under their names.  "unsupported" are algorithms of credentials and
 * formats that this service does not have. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "crypto/base64url.h"
#include "json/read.h"
#include "vectors/vectors.h"
#include "webauthn/asn1.h"
#include "webauthn/assertion.h"
#include "webauthn/registration.h"

#define LIST_MAX 16

/* What one vector needs while it runs. */
struct bench {
    struct arena *mem;
    const char *name;
    const json_t *input;
    bool flips;
    size_t algorithm_count;
    struct json *credential;
    struct anchors *anchors;
    int64_t algorithms[LIST_MAX];
};

static void bench_drop(struct bench *b)
{
    json_tree_drop(&b->credential);
    anchors_drop(&b->anchors);
    arena_drop(&b->mem);
}

static void say(const char *name, bool accepted, const char *reason, json_t *got)
{
    json_t *line = json_pack("{s:s, s:b, s:s}", "name", name, "accepted", (int)accepted, "reason", reason);
    if (got != NULL)
        json_object_set_new(line, "got", got);
    char *text = json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_PRESERVE_ORDER);
    puts(text == NULL ? "{}" : text);
    free(text);
    json_decref(line);
}

/* ---- what is asked ---- */

static struct str text_of(const json_t *value)
{
    return (struct str){ json_string_value(value), json_string_length(value) };
}

static struct str member(const json_t *object, const char *name)
{
    return text_of(json_object_get(object, name));
}

static struct str bytes_of(struct arena *mem, const json_t *object, const char *name)
{
    struct str bytes = { 0 };
    return base64url_decode(mem, member(object, name), &bytes) == OK ? bytes : (struct str){ 0 };
}

static struct strs texts_of(struct arena *mem, const json_t *list)
{
    struct strs texts = { ARENA_ARRAY(mem, struct str, json_array_size(list)), json_array_size(list) };
    for (size_t i = 0; i < texts.count; i++)
        texts.items[i] = text_of(json_array_get(list, i));
    return texts;
}

static bool is_set(const json_t *object, const char *name, bool otherwise)
{
    const json_t *value = json_object_get(object, name);
    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

static int64_t time_of(const json_t *input)
{
    struct tm parts = { 0 };
    const char *text = json_string_value(json_object_get(input, "verificationTime"));
    return text != NULL && strptime(text, "%Y-%m-%dT%H:%M:%S", &parts) != NULL ? timegm(&parts) : time(NULL);
}

static struct ceremony ceremony_of(const struct bench *b)
{
    return (struct ceremony){
        .challenge = member(b->input, "expectedChallenge"),
        .rp_id = member(b->input, "expectedRPID"),
        .origins = texts_of(b->mem, json_object_get(b->input, "expectedOrigin")),
        .embedded = is_set(b->input, "allowCrossOrigin", false),
        .top_origins = texts_of(b->mem, json_object_get(b->input, "expectedTopOrigin")),
        .need_user_verified = is_set(b->input, "requireUserVerification", false),
        .without_user_present = !is_set(b->input, "requireUserPresence", true),
    };
}

static FALLIBLE open_credential(struct bench *b)
{
    char *text = json_dumps(json_object_get(b->input, "credential"), JSON_COMPACT);
    const enum err end = json_tree(str_of(text), &b->credential);
    free(text);
    return end;
}

/* ---- one bit turned over ---- */

struct flips {
    size_t tried, taken;
};

/* Each bit of bytes that this program holds in its arena. */
static void flip_each(struct str bytes, bool (*is_taken)(const void *ceremony), const void *ceremony, struct flips *out)
{
    uint8_t *at = (uint8_t *)(uintptr_t)bytes.ptr;
    for (size_t bit = 0; bit < bytes.len * 8; bit++) {
        const uint8_t mask = (uint8_t)(1U << bit % 8);
        at[bit / 8] ^= mask;
        out->tried++;
        out->taken += is_taken(ceremony);
        at[bit / 8] ^= mask;
    }
}

static void say_flips(const char *name, const struct flips *flips)
{
    json_t *line = json_pack("{s:s, s:b, s:s, s:I, s:I}", "name", name, "accepted", (int)(flips->taken > 0), "reason",
                             "", "flips", (json_int_t)flips->tried, "taken", (json_int_t)flips->taken);
    char *text = json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII);
    puts(text == NULL ? "{}" : text);
    free(text);
    json_decref(line);
}

/* ---- registrations ---- */

static FALLIBLE open_anchors(struct bench *b, struct trust_policy *policy)
{
    const json_t *list = json_object_get(b->input, "trustAnchorsPem"), *one;
    size_t i;

    if (list == NULL)
        return OK;
    b->anchors = anchors_new();
    json_array_foreach(list, i, one) TRY(anchors_add_pem(b->anchors, text_of(one)));
    *policy = (struct trust_policy){ .anchors = b->anchors, .need_anchor = true };
    return OK;
}

static FALLIBLE registration_options_of(struct bench *b, struct registration_options *out)
{
    const json_t *list = json_object_get(b->input, "supportedAlgs"), *one;
    size_t i;

    *out = (struct registration_options){ .ceremony = ceremony_of(b), .now_s = time_of(b->input) };
    json_array_foreach(list, i, one) if (i < LIST_MAX) b->algorithms[i] = json_integer_value(one);
    b->algorithm_count = json_array_size(list) < LIST_MAX ? json_array_size(list) : LIST_MAX;
    out->algorithms = b->algorithms;
    out->algorithm_count = b->algorithm_count;
    return open_anchors(b, &out->trust);
}

/* Of a COSE_Key: offered, well named, and none of ours. */
static bool is_unknown_key(const struct bench *b, struct str key)
{
    int64_t algorithm = 0;
    enum foreign_algorithm known;
    if (cose_read_algorithm(key, &algorithm) != OK || cose_algorithm(algorithm, &known))
        return false;
    for (size_t i = 0; i < b->algorithm_count; i++)
        if (b->algorithms[i] == algorithm)
            return true;
    return b->algorithm_count == 0;
}

static bool is_unsupported(const struct bench *b, const struct registration_response *response, enum step failed)
{
    struct attestation_object object;
    struct authenticator_data data;

    if (attestation_object_read(response->attestation_object, &object) != OK ||
        authenticator_data_read(object.authenticator_data, &data) != OK)
        return false;
    return failed == STEP_REGISTRATION_ALGORITHM && is_unknown_key(b, data.public_key);
}

static struct str base64(const struct bench *b, struct str bytes)
{
    return base64url_encode(b->mem, bytes);
}

static const char *uuid_of(struct arena *mem, struct str bytes)
{
    const uint8_t *is = (const uint8_t *)bytes.ptr;
    return arena_printf(mem, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", is[0], is[1],
                        is[2], is[3], is[4], is[5], is[6], is[7], is[8], is[9], is[10], is[11], is[12], is[13], is[14],
                        is[15])
        .ptr;
}

static json_t *got_registration(const struct bench *b, const struct registration *r)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:b, s:b, s:b}", "fmt", r->format, "aaguid",
                     uuid_of(b->mem, r->aaguid), "credentialId", base64(b, r->credential_id).ptr, "publicKey",
                     base64(b, r->public_key).ptr, "alg", (json_int_t)r->algorithm, "counter",
                     (json_int_t)r->sign_count, "userPresent", (int)r->user_present, "userVerified",
                     (int)r->user_verified, "backupEligible", (int)r->backup_eligible, "backupState",
                     (int)r->backup_state);
}

struct registering {
    struct arena *mem;
    const struct registration_options *options;
    const struct registration_response *response;
};

static bool registration_is_taken(const void *ceremony)
{
    const struct registering *r = ceremony;
    AUTO(arena) struct arena *mem = arena_new();
    struct registration got = { 0 };
    enum step failed = STEP_NONE;
    return registration_verify(mem, r->options, r->response, &got, &failed) == OK;
}

/* What the certificate's issuer signed; absent: nobody asks who that is. */
static struct str signed_certificate(const struct bench *b, const struct cbor *statement)
{
    struct cbor chain = { 0 }, leaf = { 0 };
    struct str inside = { 0 };
    struct asn1 first = { 0 };

    if (b->anchors == NULL || !cbor_get_kind(statement, STR("x5c"), CBOR_ARRAY, &chain) ||
        cbor_take(&chain.bytes, &leaf) != OK || asn1_take_tag(&leaf.bytes, ASN1_TAG_SEQUENCE, &inside) != OK)
        return STR("");
    struct str rest = inside;
    return asn1_take(&rest, &first) == OK ? str_slice(inside, 0, inside.len - rest.len) : STR("");
}

/* The signature, and what it or a signed part vouches for. */
static void flip_statement(const struct bench *b, const struct cbor *statement, const struct registering *all,
                           struct flips *flips)
{
    static const struct str members[] = { STR("sig"), STR("certInfo"), STR("pubArea"), STR("response") };
    struct cbor member = { 0 };

    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (cbor_get_kind(statement, members[i], CBOR_BYTES, &member))
            flip_each(member.bytes, registration_is_taken, all, flips);
    flip_each(signed_certificate(b, statement), registration_is_taken, all, flips);
}

/* Of attestation none nothing is signed, and U2F signs neither flags, counter nor AAGUID (WebAuthn Level 3 8.6). */
static void flip_registration(const struct bench *b, const struct registration_options *options,
                              const struct registration_response *response, const struct registration *got)
{
    const struct registering all = { b->mem, options, response };
    struct attestation_object object = { 0 };
    struct flips flips = { 0 };

    if (got->attestation == ATTESTATION_NONE || attestation_object_read(response->attestation_object, &object) != OK)
        return;
    const struct str data = object.authenticator_data;
    const bool u2f = str_equal(object.format, STR("fido-u2f"));
    flip_each(str_slice(data, 0, 32), registration_is_taken, &all, &flips);
    flip_each(str_slice(data, u2f ? 37 + AAGUID_BYTES : 32, data.len), registration_is_taken, &all, &flips);
    flip_each(response->client_data, registration_is_taken, &all, &flips);
    flip_statement(b, &object.statement, &all, &flips);
    say_flips(b->name, &flips);
}

static void run_registration(struct bench *b)
{
    struct registration_options options = { 0 };
    struct registration_response response = { 0 };
    struct registration got = { 0 };
    enum step failed = STEP_REGISTRATION_RESPONSE;
    enum err end = open_credential(b);

    if (end == OK)
        end = registration_options_of(b, &options);
    if (end == OK)
        end = registration_response_read(b->mem, b->credential, &response, &failed);
    if (end == OK)
        end = registration_verify(b->mem, &options, &response, &got, &failed);
    const struct note why = *note_get();
    if (b->flips)
        return end == OK ? flip_registration(b, &options, &response, &got) : (void)0;
    if (end == OK)
        say(b->name, true, "", got_registration(b, &got));
    else
        say(b->name, false, is_unsupported(b, &response, failed) ? "unsupported" : why.text, NULL);
}

/* ---- assertions ---- */

/* A record that does not tell has what the response has: then there is nothing to compare. */
static void record_of(struct bench *b, const struct assertion_response *response, struct assertion_record *out)
{
    const json_t *stored = json_object_get(b->input, "storedCredential");
    struct authenticator_data data = { 0 };

    *out = (struct assertion_record){
        .credential_id = bytes_of(b->mem, stored, "id"),
        .public_key = bytes_of(b->mem, stored, "publicKey"),
        .sign_count = (uint32_t)json_integer_value(json_object_get(stored, "counter")),
        .user_handle = bytes_of(b->mem, stored, "userHandle"),
    };
    if (out->user_handle.len == 0)
        out->user_handle = response->user_handle;
    if (str_equal(member(stored, "id"), STR("?")))
        out->credential_id = response->id;
    const bool now = authenticator_data_read(response->authenticator_data, &data) == OK && (data.flags & FLAG_BE) != 0;
    out->backup_eligible = is_set(stored, "backupEligible", now);
}

static struct strs allowed_of(struct bench *b)
{
    const struct strs texts = texts_of(b->mem, json_object_get(b->input, "allowCredentials"));
    for (size_t i = 0; i < texts.count; i++)
        if (base64url_decode(b->mem, texts.items[i], &texts.items[i]) != OK)
            texts.items[i] = STR("");
    return texts;
}

static json_t *got_assertion(const struct assertion *a)
{
    return json_pack("{s:I, s:b, s:b, s:b, s:b}", "counter", (json_int_t)a->sign_count, "userPresent",
                     (int)a->user_present, "userVerified", (int)a->user_verified, "backupEligible",
                     (int)a->backup_eligible, "backupState", (int)a->backup_state);
}

struct asserting {
    const struct assertion_options *options;
    const struct assertion_record *record;
    const struct assertion_response *response;
};

static bool assertion_is_taken(const void *ceremony)
{
    const struct asserting *a = ceremony;
    AUTO(arena) struct arena *mem = arena_new();
    struct assertion got = { 0 };
    enum step failed = STEP_NONE;
    return assertion_verify(mem, a->options, a->record, a->response, &got, &failed) == OK;
}

static void flip_assertion(const struct bench *b, const struct asserting *all)
{
    struct flips flips = { 0 };
    flip_each(all->response->authenticator_data, assertion_is_taken, all, &flips);
    flip_each(all->response->client_data, assertion_is_taken, all, &flips);
    flip_each(all->response->signature, assertion_is_taken, all, &flips);
    say_flips(b->name, &flips);
}

static void run_authentication(struct bench *b)
{
    struct assertion_options options = { .ceremony = ceremony_of(b), .allowed = allowed_of(b), .user_known = true };
    struct assertion_response response = { 0 };
    struct assertion_record record = { 0 };
    struct assertion got = { 0 };
    enum step failed = STEP_ASSERTION_RESPONSE;
    enum err end = open_credential(b);

    if (end == OK)
        end = assertion_response_read(b->mem, b->credential, &response, &failed);
    if (end == OK) {
        record_of(b, &response, &record);
        end = assertion_verify(b->mem, &options, &record, &response, &got, &failed);
    }
    const struct note why = *note_get();
    if (b->flips)
        return end == OK ? flip_assertion(b, &(struct asserting){ &options, &record, &response }) : (void)0;
    if (end == OK)
        say(b->name, true, "", got_assertion(&got));
    else
        say(b->name, false, is_unknown_key(b, record.public_key) ? "unsupported" : why.text, NULL);
}

/* ---- parts of ceremonies ---- */

static FALLIBLE check_statement(struct bench *b, struct cose_key *key)
{
    const struct attestation_format *format = attestation_format_find(member(b->input, "fmt"));
    const struct str hash = bytes_of(b->mem, b->input, "clientDataHash");
    struct attested about = { .mem = b->mem, .bytes = bytes_of(b->mem, b->input, "authData"), .key = key };
    struct authenticator_data data;
    struct attestation got;
    struct cbor statement;

    about.data = &data;
    memcpy(about.client_data_hash.is, hash.ptr, hash.len < 32 ? hash.len : 32);
    TRY(authenticator_data_read(about.bytes, &data));
    TRY(cose_key_read(data.public_key, key));
    TRY(cbor_read(bytes_of(b->mem, b->input, "attStmt"), &statement));
    return format == NULL ? fail(ERR_DENIED, "unsupported") : format->verify(&about, &statement, &got);
}

static void run_statement(struct bench *b)
{
    struct cose_key key = { 0 };
    const enum err end = check_statement(b, &key);
    say(b->name, end == OK, end == OK ? "" : note_get()->text, NULL);
    cose_key_drop(&key);
}

static void run_signature(struct bench *b)
{
    struct cose_key key = { 0 };
    const struct str open = bytes_of(b->mem, b->input, "publicKey");
    enum err end = cose_key_read(open, &key);

    if (end == OK)
        end = cose_key_check(&key, bytes_of(b->mem, b->input, "message"), bytes_of(b->mem, b->input, "signature"));
    const struct note why = *note_get();
    say(b->name, end == OK, end == OK ? "" : is_unknown_key(b, open) ? "unsupported" : why.text, NULL);
    cose_key_drop(&key);
}

static const struct {
    const char *kind;
    void (*run)(struct bench *b);
} kinds[] = {
    { "registration", run_registration },
    { "authentication", run_authentication },
    { "attestation-statement", run_statement },
    { "cose-signature", run_signature },
};

#define CEREMONIES 2U /* of the kinds */

/* Values of the PRF extension are computed by nobody here. */
static void run_vector(const json_t *vector, bool flips)
{
    const char *kind = json_string_value(json_object_get(vector, "kind"));
    struct bench b = { .mem = arena_new(),
                       .name = json_string_value(json_object_get(vector, "name")),
                       .input = json_object_get(vector, "input"),
                       .flips = flips };
    size_t i = 0;

    note_clear();
    while (i < sizeof kinds / sizeof *kinds && (kind == NULL || strcmp(kinds[i].kind, kind) != 0))
        i++;
    if (i < (flips ? CEREMONIES : sizeof kinds / sizeof *kinds))
        kinds[i].run(&b);
    else if (!flips)
        say(b.name, false, "unsupported", NULL);
    bench_drop(&b);
}

static int run_file(const char *file, bool flips)
{
    json_error_t error;
    json_t *all = json_load_file(file, JSON_ALLOW_NUL, &error);
    size_t index;
    json_t *vector;

    if (!json_is_array(all)) {
        fprintf(stderr, "%s: no list of vectors: %s\n", file, error.text);
        json_decref(all);
        return 1;
    }
    json_array_foreach(all, index, vector) run_vector(vector, flips);
    json_decref(all);
    return 0;
}

int vectors_webauthn(const char *file)
{
    return run_file(file, false);
}

int vectors_webauthn_flips(const char *file)
{
    return run_file(file, true);
}
