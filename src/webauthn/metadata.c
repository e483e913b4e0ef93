#include "webauthn/metadata.h"
#include "json/read.h"
#include "webauthn/authenticator_data.h"
#include "webauthn/signed_text.h"

#include <stdlib.h>

#define UUID_DIGITS 36
#define ROOTS_MAX   64 /* of one model */
#define HOST        "mds.fidoalliance.org"

struct model {
    uint8_t aaguid[AAGUID_BYTES];
    bool compromised;
    struct anchors *anchors;
};

struct metadata {
    char next_update[METADATA_DATE_MAX];
    size_t count;
    struct model models[METADATA_MODELS_MAX];
};

void metadata_drop(struct metadata **metadata)
{
    for (size_t i = 0; *metadata != NULL && i < (*metadata)->count; i++)
        anchors_drop(&(*metadata)->models[i].anchors);
    free(*metadata);
    *metadata = NULL;
}

static bool digit_of(char c, uint8_t *out)
{
    *out = (uint8_t)(c >= 'a' ? c - 'a' + 10 : c - '0');
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* RFC 9562 4: 8-4-4-4-12 digits. */
static bool read_aaguid(struct str text, uint8_t out[static AAGUID_BYTES])
{
    uint8_t high = 0, low = 0;
    size_t len = 0;

    if (text.len != UUID_DIGITS)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text.ptr[i] != '-')
                return false;
            continue;
        }
        if (i + 1 == text.len || !digit_of(text.ptr[i], &high) || !digit_of(text.ptr[i + 1], &low))
            return false;
        out[len++] = (uint8_t)(high << 4 | low);
        i++;
    }
    return len == AAGUID_BYTES;
}

static bool is_bad(struct str status)
{
    static const struct str bad[] = { { "REVOKED", 7 },
                                      { "ATTESTATION_KEY_COMPROMISE", 26 },
                                      { "USER_KEY_REMOTE_COMPROMISE", 26 },
                                      { "USER_KEY_PHYSICAL_COMPROMISE", 28 },
                                      { "USER_VERIFICATION_BYPASS", 24 } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (str_equal(status, bad[i]))
            return true;
    return false;
}

/* Any report counts, also one that an update is said to have mended: which firmware a key has is not known here. */
static bool is_compromised(const struct json *reports)
{
    struct str status = { 0 };
    for (size_t i = 0; i < json_size(reports); i++)
        if (json_get_str(json_at(reports, i), "status", &status) && is_bad(status))
            return true;
    return false;
}

/* Some makers break their lines. */
static struct str without_blanks(struct arena *mem, struct str text)
{
    char *out = arena_take(mem, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++)
        if (strchr(" \t\r\n", text.ptr[i]) == NULL)
            out[len++] = text.ptr[i];
    return (struct str){ out, len };
}

static void add_roots(const struct json *roots, struct anchors *anchors)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct str text = { 0 }, der = { 0 };

    for (size_t i = 0; i < json_size(roots) && i < ROOTS_MAX; i++)
        if (json_is_str(json_at(roots, i), &text) && text.len <= 2 * CERTIFICATE_MAX &&
            base64_decode(mem, without_blanks(mem, text), &der) == OK)
            (void)!anchors_add(anchors, der);
}

/* Entries without an AAGUID are of U2F and UAF, whose models nothing here can tell apart. */
static FALLIBLE add_entry(struct metadata *metadata, const struct json *entry)
{
    const struct json *statement = json_get(entry, "metadataStatement");
    struct str text = { 0 };
    struct model model = { 0 };

    if (!json_get_str(entry, "aaguid", &text))
        return OK;
    if (!read_aaguid(text, model.aaguid))
        return fail(ERR_INVALID, "metadata: an AAGUID of another form");
    if (metadata->count == METADATA_MODELS_MAX)
        return fail(ERR_INVALID, "metadata: over %d models", METADATA_MODELS_MAX);
    model.compromised = is_compromised(json_get(entry, "statusReports"));
    model.anchors = anchors_new();
    add_roots(json_get(statement, "attestationRootCertificates"), model.anchors);
    metadata->models[metadata->count++] = model;
    return OK;
}

static FALLIBLE fill(struct metadata *metadata, struct str payload)
{
    AUTO(json_tree) struct json *tree = NULL;
    struct str next = { 0 };

    TRY(json_tree_of_file(payload, METADATA_MAX, &tree));
    const struct json *entries = json_get(tree, "entries");
    if (!json_get_str(tree, "nextUpdate", &next) || next.len == 0 || next.len >= METADATA_DATE_MAX ||
        json_is_members(entries) || json_size(entries) == 0)
        return fail(ERR_INVALID, "metadata: no entries, or no nextUpdate");
    memcpy(metadata->next_update, next.ptr, next.len);
    for (size_t i = 0; i < json_size(entries); i++)
        TRY(add_entry(metadata, json_at(entries, i)));
    return OK;
}

static FALLIBLE check_signer(const struct anchors *signers, struct strs chain, int64_t now_s)
{
    AUTO(certificate) struct certificate *certificate = NULL;

    TRY(anchors_check(signers, chain, now_s));
    TRY(certificate_read(chain.items[0], &certificate));
    if (!certificate_is_of_host(certificate, STR(HOST)))
        return fail(ERR_DENIED, "metadata signed by somebody else than " HOST);
    return OK;
}

FALLIBLE metadata_read(struct str blob, const struct anchors *signers, int64_t now_s, struct metadata **out)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(metadata) struct metadata *fresh = NULL;
    struct signed_text text = { 0 };

    if (blob.len > METADATA_MAX)
        return fail(ERR_INVALID, "metadata of over %u bytes", METADATA_MAX);
    TRY(signed_text_read(mem, blob, &text));
    TRY(check_signer(signers, text.chain, now_s));
    fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL)
        die("out of memory");
    TRY(fill(fresh, text.payload));
    *out = fresh;
    fresh = NULL;
    return OK;
}

size_t metadata_count(const struct metadata *metadata)
{
    return metadata->count;
}

struct str metadata_next_update(const struct metadata *metadata)
{
    return str_of(metadata->next_update);
}

static const struct model *find(const struct metadata *metadata, struct str aaguid)
{
    for (size_t i = 0; i < metadata->count; i++)
        if (aaguid.len == AAGUID_BYTES && memcmp(metadata->models[i].aaguid, aaguid.ptr, AAGUID_BYTES) == 0)
            return &metadata->models[i];
    return NULL;
}

const struct anchors *metadata_anchors(const struct metadata *metadata, struct str aaguid)
{
    const struct model *model = find(metadata, aaguid);
    return model == NULL ? NULL : model->anchors;
}

bool metadata_is_compromised(const struct metadata *metadata, struct str aaguid)
{
    const struct model *model = find(metadata, aaguid);
    return model != NULL && model->compromised;
}
