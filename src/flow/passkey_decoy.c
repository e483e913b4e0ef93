#include "flow/passkey_decoy.h"
#include "crypto/base64url.h"

#define ID_MAX 64 /* bytes: two digests */

/* What real authenticators make, in about the shares in which people have them: bytes of an id, and how it is reached. */
static const struct {
    unsigned share; /* of 256 */
    size_t id_bytes;
    struct str transports[2];
    size_t count;
} kinds[] = {
    { 96, 20, { { "internal", 8 }, { "hybrid", 6 } }, 2 }, /* a phone's keychain */
    { 80, 16, { { "internal", 8 }, { "hybrid", 6 } }, 2 }, /* a password manager */
    { 40, 32, { { "internal", 8 } }, 1 },                  /* a laptop */
    { 40, 64, { { "nfc", 3 }, { "usb", 3 } }, 2 },         /* a security key */
};

static struct digest draw(const struct services *at, const struct visit *v, char what, struct str subject)
{
    return mac_of(&at->at->decoy_key, arena_printf(v->mem, "%c%.*s", what, STR_ARG(subject)));
}

static size_t kind_of(uint8_t number)
{
    unsigned rest = number;
    size_t i = 0;
    for (; rest >= kinds[i].share; i++)
        rest -= kinds[i].share;
    return i;
}

struct list passkey_decoys(const struct services *at, const struct visit *v, struct str subject)
{
    const struct digest chance = draw(at, v, 'k', subject), front = draw(at, v, '1', subject),
                        back = draw(at, v, '2', subject);
    const size_t kind = kind_of(chance.is[0]);
    struct passkey_descriptor *one = ARENA_NEW(v->mem, struct passkey_descriptor);
    char id[ID_MAX];
    memcpy(id, front.is, sizeof front.is);
    memcpy(id + sizeof front.is, back.is, sizeof back.is);
    struct str *words = ARENA_ARRAY(v->mem, struct str, kinds[kind].count);
    memcpy(words, kinds[kind].transports, kinds[kind].count * sizeof *words);
    *one = (struct passkey_descriptor){ STR("public-key"),
                                        base64url_encode(v->mem, (struct str){ id, kinds[kind].id_bytes }),
                                        { words, kinds[kind].count } };
    return (struct list){ one, 1 };
}
