#include "webauthn/client_data.h"
#include "json/read.h"

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

FALLIBLE client_data_decode(struct str bytes, struct str *text)
{
    if (bytes.len > CLIENT_DATA_MAX)
        return fail(ERR_INVALID, "client data of %zu bytes", bytes.len);
    if (!str_utf8_ok(bytes))
        return fail(ERR_INVALID, "client data that is not UTF-8");
    *text = str_starts(bytes, STR(BYTE_ORDER_MARK)) ? str_slice(bytes, 3, bytes.len) : bytes;
    return OK;
}

static void take_text(struct arena *mem, const struct json *tree, const char *name, struct str *out)
{
    struct str text;
    if (json_get_str(tree, name, &text))
        *out = arena_copy(mem, text);
}

static FALLIBLE take_embedding(struct arena *mem, const struct json *tree, struct client_data *out)
{
    if (json_get(tree, "crossOrigin") != NULL && !json_get_bool(tree, "crossOrigin", &out->cross_origin))
        return fail(ERR_INVALID, "crossOrigin is no truth value");
    take_text(mem, tree, "topOrigin", &out->top_origin);
    if (json_get(tree, "topOrigin") != NULL && out->top_origin.ptr == NULL)
        return fail(ERR_INVALID, "topOrigin is no string");
    return OK;
}

FALLIBLE client_data_parse(struct arena *mem, struct str text, struct client_data *out)
{
    AUTO(json_tree) struct json *tree = NULL;
    struct client_data fresh = { 0 };

    TRY(json_tree(text, &tree));
    TRY(take_embedding(mem, tree, &fresh));
    take_text(mem, tree, "type", &fresh.type);
    take_text(mem, tree, "challenge", &fresh.challenge);
    take_text(mem, tree, "origin", &fresh.origin);
    *out = fresh;
    return OK;
}
