#include "token/refresh.h"
#include "base/secret.h"
#include "base/why.h"
#include "crypto/base64url.h"

#include <string.h>

#define PURPOSE    "postern refresh 1"
#define NAMED      20 /* bytes that name the token: session and number */
#define WHOLE      (NAMED + sizeof(struct digest))
#define UUID_BYTES 16

static int nibble(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void uuid_pack(struct str text, uint8_t out[static UUID_BYTES])
{
    size_t at = 0;
    for (size_t i = 0; i < text.len; i += 2) {
        i += text.ptr[i] == '-';
        out[at++] = (uint8_t)(nibble(text.ptr[i]) << 4 | nibble(text.ptr[i + 1]));
    }
}

static void uuid_unpack(const uint8_t *bytes, char out[static UUID_TEXT_MAX])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

static struct digest mac_over(const struct mac_key *key, const struct digest *seed, const uint8_t named[static NAMED])
{
    uint8_t text[sizeof PURPOSE - 1 + sizeof seed->is + NAMED];
    memcpy(text, PURPOSE, sizeof PURPOSE - 1);
    memcpy(text + sizeof PURPOSE - 1, seed->is, sizeof seed->is);
    memcpy(text + sizeof PURPOSE - 1 + sizeof seed->is, named, NAMED);
    return mac_of(key, (struct str){ (const char *)text, sizeof text });
}

static void name_pack(struct str session, int64_t number, uint8_t out[static NAMED])
{
    uuid_pack(session, out);
    for (int i = 0; i < 4; i++)
        out[UUID_BYTES + i] = (uint8_t)(number >> (24 - 8 * i));
}

struct str refresh_make(const struct mac_key *key, const struct digest *seed, struct str session, int64_t number,
                        struct arena *mem)
{
    uint8_t bytes[WHOLE];
    if (!uuid_ok(session) || number < 0 || number > REFRESH_NUMBER_MAX)
        die("a refresh token of session \"%.*s\", number %lld", STR_ARG(session), (long long)number);
    name_pack(session, number, bytes);
    struct digest mac = mac_over(key, seed, bytes);
    memcpy(bytes + NAMED, mac.is, sizeof mac.is);
    struct str text = base64url_encode(mem, (struct str){ (const char *)bytes, sizeof bytes });
    wipe(bytes, sizeof bytes);
    wipe(&mac, sizeof mac);
    return text;
}

enum err refresh_read(struct str text, struct refresh_token *out)
{
    AUTO(arena) struct arena *mem = arena_new(); /* wiped: the token must not stay behind */
    struct str bytes;
    if (text.len != REFRESH_TEXT_LEN || base64url_decode(mem, text, &bytes) != OK)
        return refuse(WHY_REFRESH_INVALID);
    const uint8_t *at = (const uint8_t *)bytes.ptr;
    uuid_unpack(at, out->session);
    out->number = (int64_t)at[16] << 24 | (int64_t)at[17] << 16 | (int64_t)at[18] << 8 | at[19];
    memcpy(out->mac.is, at + NAMED, sizeof out->mac.is);
    return OK;
}

enum err refresh_check(const struct mac_key *key, const struct digest *seed, const struct refresh_token *token)
{
    uint8_t named[NAMED];
    name_pack(str_of(token->session), token->number, named);
    struct digest mac = mac_over(key, seed, named);
    enum err end = digest_equal(&mac, &token->mac) ? OK : refuse(WHY_REFRESH_INVALID);
    wipe(&mac, sizeof mac);
    return end;
}
