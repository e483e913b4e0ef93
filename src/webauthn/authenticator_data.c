#include "webauthn/authenticator_data.h"
#include "webauthn/cbor.h"

static FALLIBLE take(struct str *rest, size_t len, struct str *out)
{
    if (rest->len < len)
        return fail(ERR_INVALID, "authenticator data that are cut off");
    *out = str_slice(*rest, 0, len);
    *rest = str_slice(*rest, len, rest->len);
    return OK;
}

static FALLIBLE take_number(struct str *rest, size_t len, uint32_t *out)
{
    struct str bytes;
    uint32_t value = 0;

    TRY(take(rest, len, &bytes));
    for (size_t i = 0; i < len; i++)
        value = value << 8 | (uint8_t)bytes.ptr[i];
    *out = value;
    return OK;
}

static FALLIBLE take_head(struct str *rest, struct authenticator_data *out)
{
    struct str hash;
    uint32_t flags;

    TRY(take(rest, sizeof out->rp_id_hash.is, &hash));
    memcpy(out->rp_id_hash.is, hash.ptr, hash.len);
    TRY(take_number(rest, 1, &flags));
    out->flags = (uint8_t)flags;
    return take_number(rest, 4, &out->sign_count);
}

static FALLIBLE take_cbor(struct str *rest, struct str *out, struct cbor *item)
{
    const struct str from = *rest;

    TRY(cbor_take(rest, item));
    *out = str_slice(from, 0, from.len - rest->len);
    return OK;
}

static FALLIBLE take_credential(struct str *rest, struct authenticator_data *out)
{
    uint32_t len;
    struct cbor key;

    TRY(take(rest, AAGUID_BYTES, &out->aaguid));
    TRY(take_number(rest, 2, &len));
    TRY(take(rest, len, &out->credential_id));
    return take_cbor(rest, &out->public_key, &key);
}

static FALLIBLE take_extensions(struct str *rest, struct authenticator_data *out)
{
    struct cbor map = { 0 };

    TRY(take_cbor(rest, &out->extensions, &map));
    return map.kind == CBOR_MAP ? OK : fail(ERR_INVALID, "extensions that are no map");
}

FALLIBLE authenticator_data_read(struct str bytes, struct authenticator_data *out)
{
    struct authenticator_data fresh = { 0 };

    if (bytes.len > AUTHENTICATOR_DATA_MAX)
        return fail(ERR_INVALID, "authenticator data of %zu bytes", bytes.len);
    TRY(take_head(&bytes, &fresh));
    if ((fresh.flags & FLAG_AT) != 0)
        TRY(take_credential(&bytes, &fresh));
    if ((fresh.flags & FLAG_ED) != 0)
        TRY(take_extensions(&bytes, &fresh));
    if (bytes.len != 0)
        return fail(ERR_INVALID, "%zu bytes behind the authenticator data", bytes.len);
    *out = fresh;
    return OK;
}
