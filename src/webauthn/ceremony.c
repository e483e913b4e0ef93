#include "webauthn/ceremony.h"
#include "webauthn/cbor.h"

static bool contains(struct strs list, struct str text)
{
    for (size_t i = 0; i < list.count; i++)
        if (str_equal(list.items[i], text))
            return true;
    return false;
}

/* Time tells nothing of where two texts differ, nor of their lengths. */
static bool same_secret(struct str a, struct str b)
{
    const struct digest left = digest_of(a), right = digest_of(b);
    return digest_equal(&left, &right);
}

FALLIBLE ceremony_check_type(const struct client_data *data, struct str want)
{
    if (!str_equal(data->type, want))
        return fail(ERR_DENIED, "client data of another type");
    return OK;
}

FALLIBLE ceremony_check_challenge(const struct ceremony *asked, const struct client_data *data)
{
    if (asked->challenge.len == 0 || data->challenge.ptr == NULL || !same_secret(asked->challenge, data->challenge))
        return fail(ERR_DENIED, "another challenge");
    return OK;
}

FALLIBLE ceremony_check_origin(const struct ceremony *asked, const struct client_data *data)
{
    if (data->origin.ptr == NULL || !contains(asked->origins, data->origin))
        return fail(ERR_DENIED, "an origin that is not expected");
    return OK;
}

FALLIBLE ceremony_check_cross_origin(const struct ceremony *asked, const struct client_data *data)
{
    if (data->cross_origin && !asked->embedded)
        return fail(ERR_DENIED, "in a frame of another origin, which is not expected");
    return OK;
}

FALLIBLE ceremony_check_top_origin(const struct ceremony *asked, const struct client_data *data)
{
    if (data->top_origin.ptr == NULL)
        return OK;
    if (!asked->embedded)
        return fail(ERR_DENIED, "a page around it, which is not expected");
    if (!contains(asked->top_origins, data->top_origin))
        return fail(ERR_DENIED, "in a frame of a page that is not expected");
    return OK;
}

FALLIBLE ceremony_check_rp_id(const struct ceremony *asked, const struct authenticator_data *data)
{
    const struct digest want = digest_of(asked->rp_id);

    if (!digest_equal(&want, &data->rp_id_hash))
        return fail(ERR_DENIED, "for another RP ID");
    return OK;
}

FALLIBLE ceremony_check_user_present(const struct ceremony *asked, const struct authenticator_data *data)
{
    if ((data->flags & FLAG_UP) == 0 && !asked->without_user_present)
        return fail(ERR_DENIED, "no user was present");
    return OK;
}

FALLIBLE ceremony_check_user_verified(const struct ceremony *asked, const struct authenticator_data *data)
{
    if ((data->flags & FLAG_UV) == 0 && asked->need_user_verified)
        return fail(ERR_DENIED, "the user was not verified");
    return OK;
}

FALLIBLE ceremony_check_backup(const struct authenticator_data *data)
{
    if ((data->flags & FLAG_BE) == 0 && (data->flags & FLAG_BS) != 0)
        return fail(ERR_DENIED, "backed up, and not eligible for it");
    return OK;
}

FALLIBLE ceremony_check_extensions(const struct authenticator_data *data)
{
    struct cbor map = { 0 }, key = { 0 }, value = { 0 };

    if (data->extensions.ptr == NULL)
        return OK;
    TRY(cbor_read(data->extensions, &map));
    while (map.bytes.len > 0) {
        TRY(cbor_take(&map.bytes, &key));
        TRY(cbor_take(&map.bytes, &value));
        if (key.kind != CBOR_TEXT)
            return fail(ERR_INVALID, "an extension without a name");
    }
    return OK;
}
