/* check-libfido2 FILE: what libfido2 says of the ceremonies of a vector file, one JSON object a line, like check-vectors:
 *
 *     {"name":"…","accepted":true,"reason":""}
 *
 * It is asked for what it does: the authenticator's half.  reason is "unsupported" where it has no say: attestation formats and
 * algorithms that it does not know, and objects that our own reader, which takes them apart for it, refuses. */
#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/es384.h>
#include <fido/rs256.h>
/* cose.h has the same names. */
#undef COSE_ES256
#undef COSE_ES384
#undef COSE_EDDSA
#undef COSE_ED25519
#undef COSE_RS256
#undef COSE_RS1
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/buf.h"
#include "crypto/base64url.h"
#include "crypto/random.h"
#include "json/read.h"
#include "webauthn/attestation.h"

#define KEY_BYTES_MAX 1024
#define EDDSA_ROOM    1024

/* The library's own names for dropping, in the form that AUTO wants. */
static void cred_drop(fido_cred_t **cred)
{
    fido_cred_free(cred);
}

static void assert_drop(fido_assert_t **assertion)
{
    fido_assert_free(assertion);
}

static void say(const char *name, bool accepted, const char *reason)
{
    json_t *line = json_pack("{s:s, s:b, s:s}", "name", name, "accepted", (int)accepted, "reason", reason);
    char *text = json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII);
    puts(text);
    free(text);
    json_decref(line);
}

/* One vector. */
struct bench {
    struct arena *mem;
    const char *name;
    const json_t *input, *response;
};

static const uint8_t *at(struct str bytes)
{
    return (const uint8_t *)bytes.ptr;
}

static struct str bytes_of(const struct bench *b, const json_t *object, const char *name)
{
    const json_t *text = json_object_get(object, name);
    struct str bytes = { 0 };
    if (!json_is_string(text) ||
        base64url_decode(b->mem, (struct str){ json_string_value(text), json_string_length(text) }, &bytes) != OK)
        return (struct str){ 0 };
    return bytes;
}

static const char *rp_id(const struct bench *b)
{
    return json_string_value(json_object_get(b->input, "expectedRPID"));
}

static fido_opt_t needs_verification(const struct bench *b)
{
    return json_is_true(json_object_get(b->input, "requireUserVerification")) ? FIDO_OPT_TRUE : FIDO_OPT_OMIT;
}

/* ---- registrations ---- */

static bool knows(int64_t algorithm)
{
    return algorithm == COSE_ES256 || algorithm == COSE_ES384 || algorithm == COSE_EDDSA || algorithm == COSE_RS256;
}

/* The map with its head, which our reader leaves away. */
static struct str statement_bytes_of(const struct bench *b, const struct cbor *statement)
{
    struct buf out = buf_new(b->mem, statement->bytes.len + 1);
    buf_add_char(&out, (char)(0xa0 | statement->count));
    buf_add(&out, statement->bytes);
    return buf_str(&out);
}

/* What was asked for: the library refuses what nobody did. */
static int ask_extensions(const struct authenticator_data *data, fido_cred_t *cred)
{
    struct cbor map = { 0 }, value = { 0 };
    int mask = 0;

    if (data->extensions.ptr == NULL || cbor_read(data->extensions, &map) != OK)
        return FIDO_OK;
    if (cbor_get(&map, STR("hmac-secret"), &value))
        mask |= FIDO_EXT_HMAC_SECRET;
    if (mask != 0 && fido_cred_set_extensions(cred, mask) != FIDO_OK)
        return FIDO_ERR_INTERNAL;
    return cbor_get(&map, STR("credProtect"), &value) ? fido_cred_set_prot(cred, (int)value.number) : FIDO_OK;
}

static int fill_cred(const struct bench *b, const struct attestation_object *object, int algorithm, fido_cred_t *cred)
{
    const struct str client = bytes_of(b, b->response, "clientDataJSON"),
                     statement = statement_bytes_of(b, &object->statement);
    char format[32] = "";
    int end = fido_cred_set_type(cred, algorithm);

    if (object->format.len < sizeof format)
        memcpy(format, object->format.ptr, object->format.len);
    if (end == FIDO_OK)
        end = fido_cred_set_rp(cred, rp_id(b), NULL);
    if (end == FIDO_OK)
        end = fido_cred_set_clientdata(cred, at(client), client.len);
    if (end == FIDO_OK)
        end = fido_cred_set_uv(cred, needs_verification(b));
    if (end == FIDO_OK)
        end = fido_cred_set_fmt(cred, format);
    if (end == FIDO_OK)
        end = fido_cred_set_authdata_raw(cred, at(object->authenticator_data), object->authenticator_data.len);
    return end == FIDO_OK ? fido_cred_set_attstmt(cred, at(statement), statement.len) : end;
}

/* Of TPMs it checks those that sign for RSA keys with SHA-1; and for EdDSA it has room for so many bytes. */
static bool is_of_libfido2(const struct attestation_object *object, int64_t algorithm)
{
    struct cbor signed_with = { 0 };

    if (str_equal(object->format, STR("tpm")))
        return algorithm == COSE_RS256 && cbor_get(&object->statement, STR("alg"), &signed_with) &&
               signed_with.number == COSE_RS1;
    if (algorithm == COSE_EDDSA && object->authenticator_data.len > EDDSA_ROOM - sizeof(struct digest))
        return false;
    return str_equal(object->format, STR("packed")) || str_equal(object->format, STR("fido-u2f"));
}

static void run_registration(const struct bench *b)
{
    AUTO(cred) fido_cred_t *cred = fido_cred_new();
    struct attestation_object object = { 0 };
    struct authenticator_data data = { 0 };
    int64_t algorithm = 0;

    if (attestation_object_read(bytes_of(b, b->response, "attestationObject"), &object) != OK ||
        authenticator_data_read(object.authenticator_data, &data) != OK ||
        cose_read_algorithm(data.public_key, &algorithm) != OK || !knows(algorithm) ||
        !is_of_libfido2(&object, algorithm))
        return say(b->name, false, "unsupported");
    int end = fill_cred(b, &object, (int)algorithm, cred);
    if (end == FIDO_OK)
        end = ask_extensions(&data, cred);
    if (end == FIDO_OK)
        end = fido_cred_x5c_ptr(cred) == NULL ? fido_cred_verify_self(cred) : fido_cred_verify(cred);
    say(b->name, end == FIDO_OK, fido_strerr(end));
}

/* ---- assertions ---- */

/* In the layouts of the library's headers: coordinates, a point, or modulus and exponent one behind the other. */
static struct str flat_key(const struct bench *b, const struct cose_key *key)
{
    struct buf out = buf_new(b->mem, KEY_BYTES_MAX);
    buf_add(&out, key->algorithm == COSE_RS256 ? key->n : key->x);
    buf_add(&out, key->algorithm == COSE_RS256 ? key->e : key->y);
    return buf_str(&out);
}

/* NULL: not one that the library takes. */
static void *library_key(int64_t algorithm, struct str flat)
{
    void *key = NULL;
    int end = FIDO_ERR_UNSUPPORTED_ALGORITHM;

    if (algorithm == COSE_ES256)
        end = es256_pk_from_ptr(key = es256_pk_new(), flat.ptr, flat.len);
    if (algorithm == COSE_ES384)
        end = es384_pk_from_ptr(key = es384_pk_new(), flat.ptr, flat.len);
    if (algorithm == COSE_EDDSA)
        end = eddsa_pk_from_ptr(key = eddsa_pk_new(), flat.ptr, flat.len);
    if (algorithm == COSE_RS256)
        end = rs256_pk_from_ptr(key = rs256_pk_new(), flat.ptr, flat.len);
    if (end == FIDO_OK)
        return key;
    free(key);
    return NULL;
}

static int fill_assertion(const struct bench *b, fido_assert_t *assertion)
{
    const struct str client = bytes_of(b, b->response, "clientDataJSON"),
                     data = bytes_of(b, b->response, "authenticatorData"),
                     signature = bytes_of(b, b->response, "signature");
    int end = fido_assert_set_count(assertion, 1);

    if (end == FIDO_OK)
        end = fido_assert_set_rp(assertion, rp_id(b));
    if (end == FIDO_OK)
        end = fido_assert_set_clientdata(assertion, at(client), client.len);
    if (end == FIDO_OK)
        end = fido_assert_set_up(assertion, FIDO_OPT_TRUE);
    if (end == FIDO_OK)
        end = fido_assert_set_uv(assertion, needs_verification(b));
    if (end == FIDO_OK)
        end = fido_assert_set_authdata_raw(assertion, 0, at(data), data.len);
    return end == FIDO_OK ? fido_assert_set_sig(assertion, 0, at(signature), signature.len) : end;
}

static void run_authentication(const struct bench *b)
{
    AUTO(assert) fido_assert_t *assertion = fido_assert_new();
    struct cose_key key = { 0 };

    if (cose_key_read(bytes_of(b, json_object_get(b->input, "storedCredential"), "publicKey"), &key) != OK)
        return say(b->name, false, "unsupported");
    void *of_library = library_key(key.algorithm, flat_key(b, &key));
    int end = of_library == NULL ? FIDO_ERR_UNSUPPORTED_ALGORITHM : fill_assertion(b, assertion);
    if (end == FIDO_OK)
        end = fido_assert_verify(assertion, 0, (int)key.algorithm, of_library);
    say(b->name, end == FIDO_OK, of_library == NULL ? "unsupported" : fido_strerr(end));
    free(of_library);
    cose_key_drop(&key);
}

static void run_vector(const json_t *vector)
{
    const json_t *input = json_object_get(vector, "input");
    struct bench b = { arena_new(), json_string_value(json_object_get(vector, "name")), input,
                       json_object_get(json_object_get(input, "credential"), "response") };
    const char *kind = json_string_value(json_object_get(vector, "kind"));

    if (kind != NULL && strcmp(kind, "registration") == 0)
        run_registration(&b);
    else if (kind != NULL && strcmp(kind, "authentication") == 0)
        run_authentication(&b);
    else
        say(b.name, false, "unsupported");
    arena_drop(&b.mem);
}

int main(int argc, char **argv)
{
    json_error_t error;
    json_t *all = argc == 2 ? json_load_file(argv[1], JSON_ALLOW_NUL, &error) : NULL, *vector;
    size_t i;

    if (!json_is_array(all)) {
        fprintf(stderr, "usage: check-libfido2 FILE\n");
        json_decref(all);
        return 2;
    }
    json_setup();
    crypto_setup();
    fido_init(0);
    json_array_foreach(all, i, vector) run_vector(vector);
    json_decref(all);
    return 0;
}
