#include "flow/relying_party.h"
#include "base/file.h"
#include "webauthn/trust_files.h"

#include <stdlib.h>

#define ROOT_MAX (64U * 1024) /* bytes of the file with the root of the metadata */

/* ES256 is what every authenticator can; RSA is for those that can nothing else. */
static void choose_algorithms(const struct config *config, struct relying_party *rp)
{
    static const int64_t all[ALGORITHMS_MAX] = { COSE_ES256, COSE_EDDSA, COSE_ES384, COSE_ES512, COSE_RS256 };

    memcpy(rp->algorithms, all, sizeof all);
    rp->algorithm_count = config->passkey_rs256 ? ALGORITHMS_MAX : ALGORITHMS_MAX - 1;
}

/* Only what follows from the listening address has port 0. */
static struct strs name_origins(struct arena *mem, struct strs origins, uint16_t port)
{
    const struct str open = STR(":0");
    struct strs out = { ARENA_ARRAY(mem, struct str, origins.count), origins.count };

    for (size_t i = 0; i < origins.count; i++) {
        const struct str one = origins.items[i];
        out.items[i] = !str_ends(one, open)
                           ? one
                           : arena_printf(mem, "%.*s:%u", STR_ARG(str_slice(one, 0, one.len - open.len)), port);
    }
    return out;
}

/* The settings hold well-formed ones only. */
static struct str aaguid_bytes(struct arena *mem, struct str text)
{
    char *bytes = ARENA_ARRAY(mem, char, AAGUID_BYTES);
    size_t digits = 0;

    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if (c == '-')
            continue;
        const int value = c <= '9' ? c - '0' : c - 'a' + 10;
        bytes[digits / 2] = (char)((unsigned char)bytes[digits / 2] << 4 | value);
        digits++;
    }
    return (struct str){ bytes, AAGUID_BYTES };
}

static struct strs aaguids(struct arena *mem, struct strs texts)
{
    struct strs out = { ARENA_ARRAY(mem, struct str, texts.count), texts.count };

    for (size_t i = 0; i < texts.count; i++)
        out.items[i] = aaguid_bytes(mem, texts.items[i]);
    return out;
}

static FALLIBLE open_metadata(const struct config *config, int64_t now_s, struct relying_party *rp)
{
    AUTO(secret) struct secret pem = { 0 };
    const char *root = arena_cstr(rp->mem, config->attestation_mds_root);

    TRY(file_read_secret(root, ROOT_MAX, false, &pem));
    rp->mds_signers = anchors_new();
    if (anchors_add_pem(rp->mds_signers, secret_view(&pem)) != OK)
        return fail(ERR_INVALID, "%s: no certificate in PEM", root);
    return trust_files_read_metadata(arena_cstr(rp->mem, config->attestation_mds), rp->mds_signers, now_s,
                                     &rp->metadata);
}

static FALLIBLE open_trust(const struct config *config, int64_t now_s, struct relying_party *rp)
{
    const bool required = config->attestation == ATTESTATION_REQUIRED;

    if (config->attestation_roots.len > 0) {
        rp->anchors = anchors_new();
        TRY(trust_files_add_folder(arena_cstr(rp->mem, config->attestation_roots), rp->anchors));
    }
    if (config->attestation_mds.len > 0)
        TRY(open_metadata(config, now_s, rp));
    rp->trust = (struct trust_policy){ .anchors = rp->anchors,
                                       .metadata = rp->metadata,
                                       .refuse_none = required,
                                       .refuse_self = required,
                                       .need_anchor = required,
                                       .allowed = aaguids(rp->mem, config->aaguids_allowed),
                                       .denied = aaguids(rp->mem, config->aaguids_denied) };
    return OK;
}

FALLIBLE relying_party_open(const struct config *config, uint16_t port, int64_t now_s, struct relying_party **out)
{
    AUTO(relying_party) struct relying_party *rp = calloc(1, sizeof *rp);

    if (rp == NULL)
        die("out of memory");
    rp->mem = arena_new();
    rp->id = config->rp_id;
    rp->name = config->app_name;
    rp->origins = name_origins(rp->mem, config->origins, port);
    choose_algorithms(config, rp);
    rp->attestation = config->attestation == ATTESTATION_UNASKED ? STR("none") : STR("direct");
    rp->take_counter_regress = config->counter_regress == COUNTER_ALERT;
    TRY(open_trust(config, now_s, rp));
    *out = rp;
    rp = NULL;
    return OK;
}

void relying_party_drop(struct relying_party **rp)
{
    if (rp == NULL || *rp == NULL)
        return;
    metadata_drop(&(*rp)->metadata);
    anchors_drop(&(*rp)->mds_signers);
    anchors_drop(&(*rp)->anchors);
    arena_drop(&(*rp)->mem);
    free(*rp);
    *rp = NULL;
}
