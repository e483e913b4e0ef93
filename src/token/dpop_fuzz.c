/* Proofs from strangers.  The first byte chooses how deep the rest goes:
 *   'h'  header text, with @JWK for a good key, a NUL, payload text: made into a proof that is rightly signed
 *   'p'  payload text under a good header, rightly signed
 *   'u'  an address: its normal form must be one that stays as it is
 *   else the rest is the proof.
 * Whatever passes must say what was asked for. */
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "crypto/base64url.h"
#include "crypto/random.h"
#include "crypto/signature.h"
#include "token/dpop.h"
#include "token/htu.h"
#include "token/jwk.h"

#define NOW     INT64_C(1763690400)
#define PAYLOAD "{\"jti\":\"one\",\"htm\":\"POST\",\"htu\":\"https://auth.example/login\",\"iat\":1763690400}"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sign_key *key;

int LLVMFuzzerInitialize(int *argc __attribute__((unused)), char ***argv __attribute__((unused)))
{
    crypto_setup();
    if (sign_key_make(ALGORITHM_ES256, &key) != OK)
        die("no key: %s", note_get()->text);
    return 0;
}

static struct str jwk_of(struct arena *mem)
{
    return jwk_write(mem, sign_key_public(key));
}

static struct str with_jwk(struct arena *mem, struct str text)
{
    size_t at;
    if (!str_find(text, STR("@JWK"), &at))
        return text;
    return arena_printf(mem, "%.*s%.*s%.*s", (int)at, text.ptr, STR_ARG(jwk_of(mem)),
                        STR_ARG(str_slice(text, at + 4, text.len)));
}

static struct str proof_of(struct arena *mem, struct str header, struct str payload)
{
    struct signature s;
    const struct str head = base64url_encode(mem, header), body = base64url_encode(mem, payload);
    const struct str text = arena_printf(mem, "%.*s.%.*s", STR_ARG(head), STR_ARG(body));
    if (signature_sign(key, text, &s) != OK)
        die("no signature: %s", note_get()->text);
    const struct str tail = base64url_encode(mem, (struct str){ (const char *)s.is, s.len });
    return arena_printf(mem, "%.*s.%.*s", STR_ARG(text), STR_ARG(tail));
}

static void check(struct arena *mem, struct str proof)
{
    static struct str place = { "https://auth.example", 20 };
    static const struct mac_key nonce_key = { { 1 } };
    const struct visit visit = { .mem = mem, .now_us = NOW * SECOND_US };
    const struct dpop_expect expect = {
        .method = STR("POST"), .places = { &place, 1 }, .path = STR("/login"), .nonce_key = &nonce_key
    };
    struct dpop_proof got = { 0 };
    if (dpop_check(&visit, proof, &expect, &got) != OK)
        return;
    if (got.jkt.len != 43 || got.good_until_us <= visit.now_us ||
        got.good_until_us > (NOW + 2 * DPOP_WINDOW_S + 1) * SECOND_US)
        die("a proof passed that must not");
}

static void normalise(struct arena *mem, struct str address)
{
    struct str once, twice;
    if (htu_normal(mem, address, &once) != OK)
        return;
    if (htu_normal(mem, once, &twice) != OK || !str_equal(once, twice) || once.len > address.len * 3 + 8)
        die("a normal form that is none");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena *mem = arena_new();
    if (size == 0)
        return 0;
    const struct str text = { (const char *)data + 1, size - 1 };
    struct str header, rest = text;
    switch (data[0]) {
    case 'h':
        if (str_split(&rest, '\0', &header))
            check(mem, proof_of(mem, with_jwk(mem, header), rest.ptr == NULL ? STR(PAYLOAD) : rest));
        break;
    case 'p':
        check(mem, proof_of(mem, with_jwk(mem, STR("{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":@JWK}")), text));
        break;
    case 'u':
        normalise(mem, text);
        break;
    default:
        check(mem, text);
    }
    return 0;
}
