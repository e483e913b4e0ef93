#include "token/refresh.h"
#include "base/secret.h"
#include "base/why.h"
#include "crypto/base64url.h"
#include "crypto/random.h"

#define REFRESH_BYTES 32

struct str refresh_make(struct arena *mem, struct digest *digest)
{
    char bytes[REFRESH_BYTES];
    random_bytes(bytes, sizeof bytes);
    const struct str text = base64url_encode(mem, (struct str){ bytes, sizeof bytes });
    wipe(bytes, sizeof bytes);
    *digest = digest_of(text);
    return text;
}

/* The digest is that of the text, of which there is only one for the same bytes. */
FALLIBLE refresh_read(struct str text, struct digest *digest)
{
    AUTO(arena) struct arena *mem = arena_new(); /* wiped: the token must not stay behind */
    struct str bytes;

    if (text.len != REFRESH_TEXT_LEN || base64url_decode(mem, text, &bytes) != OK)
        return refuse(WHY_REFRESH_INVALID);
    *digest = digest_of(text);
    return OK;
}
