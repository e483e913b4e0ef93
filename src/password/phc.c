#include "password/phc.h"

#include <sodium.h>
#include <string.h>

#define DIGITS_MAX 10 /* of 2^32 - 1 */

/* "m=65536": the name, "=", and a decimal without leading zeros. */
static bool number_named(struct str part, struct str name, int64_t *out)
{
    if (!str_starts(part, name))
        return false;
    struct str digits = str_slice(part, name.len, part.len);
    if (digits.len == 0 || digits.len > DIGITS_MAX || (digits.len > 1 && digits.ptr[0] == '0'))
        return false;
    return str_to_int(digits, 0, INT64_MAX, out);
}

struct costs {
    int64_t m_kib, passes, lanes;
};

static bool costs_read(struct str part, struct costs *out)
{
    struct str m = { 0 }, t = { 0 }, p = part;
    return str_split(&p, ',', &m) && str_split(&p, ',', &t) && number_named(m, STR("m="), &out->m_kib) &&
           number_named(t, STR("t="), &out->passes) && number_named(p, STR("p="), &out->lanes);
}

/* RFC 9106 3.1: at least one pass and one lane, and 8 KiB of memory for each lane. */
static bool costs_possible(const struct costs *c)
{
    return c->passes >= 1 && c->lanes >= 1 && c->m_kib >= 8 * c->lanes;
}

static bool costs_bearable(const struct costs *c)
{
    return c->m_kib <= PHC_M_KIB_MAX && c->passes <= PHC_PASSES_MAX && c->lanes <= PHC_LANES_MAX;
}

/* libsodium's decoder takes neither padding nor stray bits nor the other alphabet here. */
static enum phc_end bytes_read(struct str text, size_t min, size_t max, uint8_t *out, size_t *len)
{
    uint8_t bytes[128];
    size_t got = 0;
    const char *end = NULL;
    if (text.len == 0)
        return PHC_MALFORMED;
    if (text.len > sizeof bytes)
        return PHC_BEYOND;
    if (sodium_base642bin(bytes, sizeof bytes, text.ptr, text.len, NULL, &got, &end,
                          sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0 ||
        end != text.ptr + text.len)
        return PHC_MALFORMED;
    if (got < min || got > max)
        return PHC_BEYOND;
    memcpy(out, bytes, got);
    *len = got;
    return PHC_OK;
}

/* Version 16 (or none, which means 16) is real, but the library computes only 19. */
static enum phc_end version_read(struct str *rest)
{
    struct str part = { 0 };
    if (str_starts(*rest, STR("m=")))
        return PHC_BEYOND;
    int64_t version = 0;
    if (!str_split(rest, '$', &part) || !number_named(part, STR("v="), &version))
        return PHC_MALFORMED;
    return version == 19 ? PHC_OK : PHC_BEYOND;
}

static enum phc_end costs_end(struct str part, struct phc *out)
{
    struct costs c = { 0 };
    if (!costs_read(part, &c) || !costs_possible(&c))
        return PHC_MALFORMED;
    if (!costs_bearable(&c))
        return PHC_BEYOND;
    out->m_kib = (uint32_t)c.m_kib;
    out->passes = (uint32_t)c.passes;
    out->lanes = (uint32_t)c.lanes;
    return PHC_OK;
}

enum phc_end phc_parse(struct str rest, struct phc *out)
{
    struct phc got = { 0 };
    struct str costs = { 0 }, salt = { 0 };

    enum phc_end end = version_read(&rest);
    if (end != PHC_OK)
        return end;
    if (!str_split(&rest, '$', &costs) || !str_split(&rest, '$', &salt))
        return PHC_MALFORMED;
    if ((end = costs_end(costs, &got)) != PHC_OK)
        return end;
    if ((end = bytes_read(salt, PHC_SALT_MIN, PHC_SALT_MAX, got.salt, &got.salt_len)) != PHC_OK)
        return end;
    if ((end = bytes_read(rest, PHC_HASH_MIN, PHC_HASH_MAX, got.hash, &got.hash_len)) != PHC_OK)
        return end;
    *out = got;
    return PHC_OK;
}
