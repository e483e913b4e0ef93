#include "crypto/der.h"

#include <string.h>

#define NUMBER_BYTES 32U
#define TAG_INTEGER  0x02
#define TAG_SEQUENCE 0x30

/* n, the order of P-256 (SEC 2 2.4.2). */
static const uint8_t order[NUMBER_BYTES] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
};

static bool number_in_range(const uint8_t number[static NUMBER_BYTES])
{
    static const uint8_t zero[NUMBER_BYTES];
    return memcmp(number, zero, NUMBER_BYTES) != 0 && memcmp(number, order, NUMBER_BYTES) < 0;
}

bool der_in_range(const struct signature *signature)
{
    return number_in_range(signature->is) && number_in_range(signature->is + NUMBER_BYTES);
}

static size_t write_number(const uint8_t number[static NUMBER_BYTES], uint8_t *out)
{
    size_t skip = 0;
    while (skip < NUMBER_BYTES - 1 && number[skip] == 0)
        skip++;
    const size_t sign = number[skip] >= 0x80 ? 1 : 0; /* a zero before, else it would read as negative */
    const size_t len = sign + NUMBER_BYTES - skip;

    out[0] = TAG_INTEGER;
    out[1] = (uint8_t)len;
    out[2] = 0;
    memcpy(out + 2 + sign, number + skip, NUMBER_BYTES - skip);
    return 2 + len;
}

size_t der_write(const struct signature *signature, uint8_t out[static DER_SIGNATURE_MAX])
{
    size_t len = 2;
    len += write_number(signature->is, out + len);
    len += write_number(signature->is + NUMBER_BYTES, out + len);
    out[0] = TAG_SEQUENCE;
    out[1] = (uint8_t)(len - 2);
    return len;
}

/* Take a header off the front of *rest: this tag, and a length in one byte that leaves room. */
static bool take_header(struct str *rest, uint8_t tag, size_t *len)
{
    if (rest->len < 2 || (uint8_t)rest->ptr[0] != tag || (uint8_t)rest->ptr[1] >= 0x80)
        return false;
    *len = (uint8_t)rest->ptr[1];
    *rest = str_slice(*rest, 2, rest->len);
    return *len <= rest->len;
}

static bool take_number(struct str *rest, uint8_t number[static NUMBER_BYTES])
{
    size_t len = 0;
    if (!take_header(rest, TAG_INTEGER, &len) || len == 0 || len > NUMBER_BYTES + 1)
        return false;
    const uint8_t *at = (const uint8_t *)rest->ptr;
    const bool zero_before = at[0] == 0 && len > 1;
    if (at[0] >= 0x80 || (zero_before && at[1] < 0x80) || (len > NUMBER_BYTES && !zero_before))
        return false;
    const size_t skip = zero_before ? 1 : 0;
    memset(number, 0, NUMBER_BYTES);
    memcpy(number + NUMBER_BYTES - (len - skip), at + skip, len - skip);
    *rest = str_slice(*rest, len, rest->len);
    return number_in_range(number);
}

bool der_read(struct str der, struct signature *out)
{
    struct signature fresh = { .len = ES256_BYTES };
    size_t len = 0;

    if (!take_header(&der, TAG_SEQUENCE, &len) || len != der.len)
        return false;
    if (!take_number(&der, fresh.is) || !take_number(&der, fresh.is + NUMBER_BYTES) || der.len != 0)
        return false;
    *out = fresh;
    return true;
}
