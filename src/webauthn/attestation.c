#include "webauthn/attestation.h"
#include "base/buf.h"
#include "webauthn/formats.h"

#define OID_AAGUID "1.3.6.1.4.1.45724.1.1.4" /* id-fido-gen-ce-aaguid */

/* clang-format off */
static const struct attestation_format formats[] = {
    { "none",              true,  none_verify },
    { "packed",            false, packed_verify },
    { "fido-u2f",          true,  fido_u2f_verify },
    { "tpm",               false, tpm_verify },
    { "android-key",       false, android_key_verify },
    { "android-safetynet", false, android_safetynet_verify },
    { "apple",             false, apple_verify },
};
/* clang-format on */

static const char *const type_words[] = {
    [ATTESTATION_NONE] = "none",   [ATTESTATION_SELF] = "self",     [ATTESTATION_BASIC] = "basic",
    [ATTESTATION_ATTCA] = "attca", [ATTESTATION_ANONCA] = "anonca",
};

const char *attestation_type_word(enum attestation_type type)
{
    return type_words[type];
}

const struct attestation_format *attestation_format_find(struct str name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (str_equal(name, str_of(formats[i].name)))
            return &formats[i];
    return NULL;
}

FALLIBLE attestation_object_read(struct str bytes, struct attestation_object *out)
{
    struct cbor object, format, data, statement;

    TRY(cbor_read(bytes, &object));
    if (!cbor_get_kind(&object, STR("fmt"), CBOR_TEXT, &format) ||
        !cbor_get_kind(&object, STR("authData"), CBOR_BYTES, &data) ||
        !cbor_get_kind(&object, STR("attStmt"), CBOR_MAP, &statement))
        return fail(ERR_INVALID, "no attestation object: fmt, authData or attStmt is missing or of another type");
    *out = (struct attestation_object){ format.bytes, data.bytes, statement };
    return OK;
}

struct str attested_message(const struct attested *about)
{
    struct buf message = buf_new(about->mem, about->bytes.len + sizeof about->client_data_hash.is);

    buf_add(&message, about->bytes);
    buf_add(&message, (struct str){ (const char *)about->client_data_hash.is, sizeof about->client_data_hash.is });
    return buf_str(&message);
}

FALLIBLE statement_chain(const struct attested *about, const struct cbor *statement, struct strs *out)
{
    struct cbor list, item;

    if (!cbor_get_kind(statement, STR("x5c"), CBOR_ARRAY, &list))
        return fail(ERR_INVALID, "no x5c");
    if (list.count == 0 || list.count > CERTIFICATE_CHAIN_MAX)
        return fail(ERR_INVALID, "x5c of %zu certificates", list.count);
    *out = (struct strs){ ARENA_ARRAY(about->mem, struct str, list.count), list.count };
    for (size_t i = 0; i < list.count; i++) {
        TRY(cbor_take(&list.bytes, &item));
        if (item.kind != CBOR_BYTES || item.bytes.len == 0)
            return fail(ERR_INVALID, "x5c: something else than a certificate");
        out->items[i] = item.bytes;
    }
    return OK;
}

FALLIBLE statement_bytes(const struct cbor *statement, struct str name, struct str *out)
{
    struct cbor value;

    if (!cbor_get_kind(statement, name, CBOR_BYTES, &value))
        return fail(ERR_INVALID, "no %.*s", STR_ARG(name));
    *out = value.bytes;
    return OK;
}

FALLIBLE statement_algorithm(const struct cbor *statement, enum foreign_algorithm *out)
{
    struct cbor value;

    if (!cbor_get_kind(statement, STR("alg"), CBOR_INT, &value))
        return fail(ERR_INVALID, "no alg");
    if (value.number == COSE_RS1 || !cose_algorithm(value.number, out))
        return fail(ERR_INVALID, "an attestation signed with an algorithm that is not taken");
    return OK;
}

FALLIBLE statement_members(const struct cbor *statement, size_t count)
{
    if (statement->count != count)
        return fail(ERR_INVALID, "a statement of %zu members instead of %zu", statement->count, count);
    return OK;
}

/* "the AAGUID MUST be wrapped in two OCTET STRINGS": the outer one is the extension's own. */
FALLIBLE attested_aaguid_matches(const struct attested *about, const struct certificate *certificate)
{
    struct str value;
    bool critical = false;

    if (!certificate_extension(certificate, OID_AAGUID, &value, &critical))
        return OK;
    if (critical || value.len != 2 + AAGUID_BYTES || !str_starts(value, STR("\x04\x10")))
        return fail(ERR_INVALID, "an AAGUID in the certificate that is critical, or of another form");
    if (!str_equal(str_slice(value, 2, value.len), about->data->aaguid))
        return fail(ERR_DENIED, "the certificate is of another AAGUID");
    return OK;
}

FALLIBLE attested_key_matches(const struct attested *about, const struct certificate *certificate)
{
    AUTO(foreign_key) struct foreign_key *key = NULL;

    TRY(certificate_key(certificate, &key));
    if (!foreign_key_equal(key, about->key->key))
        return fail(ERR_DENIED, "the certificate is of another key than the credential");
    return OK;
}

FALLIBLE certificate_signed(const struct certificate *certificate, enum foreign_algorithm algorithm, struct str message,
                            struct str signature)
{
    AUTO(foreign_key) struct foreign_key *key = NULL;

    TRY(certificate_key(certificate, &key));
    return foreign_key_check(key, algorithm, message, signature);
}
