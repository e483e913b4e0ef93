#include "account/letters.h"

#include <string.h>
#include <unistr.h>
#include <unictype.h>

uint32_t letters_next(struct str *rest)
{
    ucs4_t c = 0;
    const int len = u8_mbtouc(&c, (const uint8_t *)rest->ptr, rest->len);
    rest->ptr += len;
    rest->len -= (size_t)len;
    return c;
}

static bool is_of(ucs4_t c, uint32_t categories)
{
    return uc_is_general_category_withtable(c, categories);
}

bool letters_hidden(uint32_t c)
{
    return uc_is_property_default_ignorable_code_point(c) || uc_is_property_bidi_control(c) ||
           uc_is_property_not_a_character(c) ||
           is_of(c, UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cf | UC_CATEGORY_MASK_Cs | UC_CATEGORY_MASK_Co |
                        UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp);
}

/* The joiners shape letters in Persian and Indic names, the selectors choose between forms of a Han character. */
bool letters_shaper(uint32_t c)
{
    return c == 0x200C || c == 0x200D || uc_is_property_variation_selector(c);
}

bool letters_plain(uint32_t c)
{
    return is_of(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_Nd) && !letters_hidden(c);
}

bool letters_mark(uint32_t c)
{
    return is_of(c, UC_CATEGORY_MASK_M) && !letters_hidden(c);
}

/* U+2800 is a sign by its category, and blank. */
bool letters_seen(uint32_t c)
{
    return c != 0x2800 && !letters_hidden(c) &&
           is_of(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N | UC_CATEGORY_MASK_P | UC_CATEGORY_MASK_S);
}

static unsigned alphabet(ucs4_t c)
{
    static const char *const alike[] = { "Latin", "Greek", "Cyrillic" };
    const uc_script_t *script = uc_script(c);
    for (unsigned i = 0; script != NULL && i < 3; i++) {
        if (strcmp(script->name, alike[i]) == 0)
            return 1U << i;
    }
    return 0;
}

/* Letters of these three look alike one by one; a word of one alphabet at least is what it seems to be. */
bool letters_mixed(struct str text)
{
    unsigned had = 0;
    while (text.len > 0)
        had |= alphabet(letters_next(&text));
    return __builtin_popcount(had) > 1;
}
