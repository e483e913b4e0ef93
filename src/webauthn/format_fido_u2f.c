#include "base/buf.h"
#include "webauthn/formats.h"

static struct str hash_view(const struct digest *digest)
{
    return (struct str){ (const char *)digest->is, sizeof digest->is };
}

/* "verificationData be the concatenation of (0x00 || rpIdHash || clientDataHash || credentialId || publicKeyU2F)", the last
 * one "0x04 || x || y". */
static struct str verification_data(const struct attested *about)
{
    struct buf data = buf_new(about->mem, 256);

    buf_add_char(&data, 0x00);
    buf_add(&data, hash_view(&about->data->rp_id_hash));
    buf_add(&data, hash_view(&about->client_data_hash));
    buf_add(&data, about->data->credential_id);
    buf_add_char(&data, 0x04);
    buf_add(&data, about->key->x);
    buf_add(&data, about->key->y);
    return buf_str(&data);
}

/* "Check that x5c has exactly one element", and that its key is "an Elliptic Curve (EC) public key over the P-256 curve". */
static FALLIBLE check_signature(const struct attested *about, struct strs chain, struct str signature)
{
    AUTO(certificate) struct certificate *certificate = NULL;
    AUTO(foreign_key) struct foreign_key *key = NULL;

    if (chain.count != 1)
        return fail(ERR_INVALID, "x5c of %zu certificates instead of one", chain.count);
    TRY(certificate_read(chain.items[0], &certificate));
    TRY(certificate_key(certificate, &key));
    if (!foreign_key_is_on(key, FOREIGN_P256))
        return fail(ERR_INVALID, "a certificate whose key is not on P-256");
    return foreign_key_check(key, FOREIGN_ES256, verification_data(about), signature);
}

/* The steps after 8.6 of WebAuthn Level 3. */
FALLIBLE fido_u2f_verify(const struct attested *about, const struct cbor *statement, struct attestation *out)
{
    struct strs chain;
    struct str signature;

    TRY(statement_members(statement, 2));
    TRY(statement_bytes(statement, STR("sig"), &signature));
    TRY(statement_chain(about, statement, &chain));
    if (about->key->algorithm != COSE_ES256)
        return fail(ERR_INVALID, "a U2F authenticator with a key that is not ES256");
    TRY(check_signature(about, chain, signature));
    *out = (struct attestation){ ATTESTATION_BASIC, chain };
    return OK;
}
