#include "crypto/mac.h"

#include <sodium.h>

struct digest mac_of(const struct mac_key *key, struct str bytes)
{
    struct digest mac;
    _Static_assert(sizeof mac.is == crypto_auth_hmacsha256_BYTES && sizeof key->is == crypto_auth_hmacsha256_KEYBYTES,
                   "HMAC-SHA-256");
    crypto_auth_hmacsha256(mac.is, (const uint8_t *)bytes.ptr, bytes.len, key->is);
    return mac;
}
