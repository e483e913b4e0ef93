#include "webauthn/asn1.h"

#define LENGTH_BYTES_MAX 3 /* 16 MiB, more than any certificate */
#define TAG_BYTES_MAX    3

static FALLIBLE take_byte(struct str *rest, uint8_t *out)
{
    if (rest->len == 0)
        return fail(ERR_INVALID, "asn1: cut off");
    *out = (uint8_t)rest->ptr[0];
    *rest = str_slice(*rest, 1, rest->len);
    return OK;
}

/* X.690 8.1.2.4: seven bits a byte, the last without its first bit; "bits 7 to 1 of the first [...] shall not all be zero". */
static FALLIBLE take_long_tag(struct str *rest, uint32_t *out)
{
    uint32_t tag = 0;
    uint8_t byte = 0;

    for (int i = 0; i < TAG_BYTES_MAX; i++) {
        TRY(take_byte(rest, &byte));
        if (i == 0 && (byte & 0x7FU) == 0)
            break;
        tag = tag << 7 | (byte & 0x7FU);
        if ((byte & 0x80U) == 0) {
            *out = tag;
            return tag > 30 ? OK : fail(ERR_INVALID, "asn1: a long tag that would have been a short one");
        }
    }
    return fail(ERR_INVALID, "asn1: a tag that makes no sense");
}

static FALLIBLE take_length(struct str *rest, size_t *out)
{
    size_t len = 0;
    uint8_t first = 0, byte = 0;

    TRY(take_byte(rest, &first));
    if (first < 0x80) {
        *out = first;
        return OK;
    }
    const unsigned bytes = first & 0x7FU;
    if (bytes == 0 || bytes > LENGTH_BYTES_MAX)
        return fail(ERR_INVALID, "asn1: a length that makes no sense");
    for (unsigned i = 0; i < bytes; i++) {
        TRY(take_byte(rest, &byte));
        len = len << 8 | byte;
    }
    if (len < 0x80 || len >> (8 * (bytes - 1)) == 0)
        return fail(ERR_INVALID, "asn1: a length that is not in its shortest form");
    *out = len;
    return OK;
}

FALLIBLE asn1_take(struct str *rest, struct asn1 *out)
{
    struct str left = *rest;
    uint8_t first = 0;
    size_t len = 0;

    TRY(take_byte(&left, &first));
    uint32_t tag = first & 0x1FU;
    if (tag == 0x1F)
        TRY(take_long_tag(&left, &tag));
    TRY(take_length(&left, &len));
    if (len > left.len)
        return fail(ERR_INVALID, "asn1: longer than what is there");
    *out = (struct asn1){ first >> 6, tag, str_slice(left, 0, len) };
    *rest = str_slice(left, len, left.len);
    return OK;
}

FALLIBLE asn1_take_tag(struct str *rest, uint32_t tag, struct str *content)
{
    struct asn1 item = { 0 };

    TRY(asn1_take(rest, &item));
    if (item.kind != ASN1_UNIVERSAL || item.tag != tag)
        return fail(ERR_INVALID, "asn1: tag %u instead of %u", item.tag, tag);
    *content = item.content;
    return OK;
}
