#include "token/dpop_nonce.h"
#include "crypto/base64url.h"

#include <stdio.h>

#define NONCE_BYTES 16

static struct digest nonce_of(const struct mac_key *key, int64_t span)
{
    char text[48];
    const int len = snprintf(text, sizeof text, "dpop nonce %lld", (long long)span);
    return mac_of(key, (struct str){ text, (size_t)len });
}

static struct str nonce_text(struct arena *mem, const struct mac_key *key, int64_t span)
{
    const struct digest mac = nonce_of(key, span);
    return base64url_encode(mem, (struct str){ (const char *)mac.is, NONCE_BYTES });
}

struct str dpop_nonce_now(struct arena *mem, const struct mac_key *key, int64_t now_s)
{
    return nonce_text(mem, key, now_s / DPOP_NONCE_SPAN_S);
}

bool dpop_nonce_good(const struct mac_key *key, struct str nonce, int64_t now_s, int64_t *until_s, bool *fresh)
{
    AUTO(arena) struct arena *mem = arena_new();
    const int64_t now = now_s / DPOP_NONCE_SPAN_S;
    for (int64_t span = now - 1; span <= now + 1; span++) {
        const struct digest theirs = digest_of(nonce), ours = digest_of(nonce_text(mem, key, span));
        if (digest_equal(&theirs, &ours)) {
            *until_s = (span + 2) * DPOP_NONCE_SPAN_S;
            *fresh = span >= now;
            return true;
        }
    }
    return false;
}
