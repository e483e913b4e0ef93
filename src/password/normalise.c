#include "password/password.h"

#include <stdlib.h>
#include <uninorm.h>

/* C0, DEL and, in two bytes, C1: the category Cc of Unicode. */
static bool holds_control(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c == 0x7f)
            return true;
        if (c == 0xc2 && i + 1 < s.len && (unsigned char)s.ptr[i + 1] < 0xa0)
            return true;
    }
    return false;
}

/* RFC 8265 4.2 (OpaqueString): normal form C, no control characters.  Nothing else of it: no space is mapped, no case
 * is changed. */
enum err password_normalise(const struct secret *typed, struct secret *out)
{
    struct str text = secret_view(typed);
    if (text.len == 0) {
        *out = secret_copy(STR(""));
        return OK;
    }
    if (!str_utf8_ok(text) || holds_control(text))
        return fail(ERR_INVALID, "a password is no text, or holds a control character");
    size_t len = 0;
    uint8_t *nfc = u8_normalize(UNINORM_NFC, typed->ptr, typed->len, NULL, &len);
    if (nfc == NULL)
        return fail(ERR_INTERNAL, "normalise a password: %m");
    *out = secret_copy((struct str){ (const char *)nfc, len });
    wipe(nfc, len);
    free(nfc);
    return OK;
}
