#include "password/strength.h"
#include "base/secret.h"

#include <math.h>
#include <string.h>
#include <zxcvbn.h>

#define LOG10_OF_2  0.30102999566398119521
#define LOG10_OF_50 1.69897000433601880479

/* At most the first STRENGTH_BYTES_MAX bytes, whole characters only. */
static struct str capped(struct str text)
{
    size_t len = text.len > STRENGTH_BYTES_MAX ? STRENGTH_BYTES_MAX : text.len;
    while (len < text.len && len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
        len--;
    return str_slice(text, 0, len);
}

/* A part may begin inside a character, so these are counted by their first bytes. */
static size_t characters(struct str s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.len; i++)
        count += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
    return count;
}

static struct str part_of(struct str text, const ZxcMatch_t *part)
{
    size_t from = (size_t)part->Begin;
    return str_slice(text, from, from + (size_t)part->Length);
}

static bool came_before(struct str text, const ZxcMatch_t *parts, const ZxcMatch_t *part)
{
    for (const ZxcMatch_t *p = parts; p != part; p = p->Next)
        if (str_equal_nocase(part_of(text, p), part_of(text, part)))
            return true;
    return false;
}

static double part_log10(struct str text, const ZxcMatch_t *parts, const ZxcMatch_t *part)
{
    double count = (double)characters(part_of(text, part));
    double guesses = part->Entrpy * LOG10_OF_2;
    if (came_before(text, parts, part))
        return 0;
    if (part->Type == BRUTE_MATCH)
        guesses = fmin(guesses, count);
    if ((size_t)part->Length == text.len)
        return guesses;
    return fmax(guesses, count <= 1 ? 1 : LOG10_OF_50);
}

static double sum_log10(struct str text, const ZxcMatch_t *parts)
{
    double sum = 0;
    int place = 0;
    for (const ZxcMatch_t *part = parts; part != NULL; part = part->Next) {
        place++;
        sum += part_log10(text, parts, part) + log10(place);
    }
    return fmin(sum, (double)characters(text)); /* trying all strings is never dearer */
}

double strength_guesses_log10(struct str text, const char *words[])
{
    char copy[STRENGTH_BYTES_MAX + 1] = { 0 };
    ZxcMatch_t *parts = NULL;
    text = capped(text);
    memcpy(copy, text.ptr, text.len);
    (void)ZxcvbnMatch(copy, words, &parts);
    double guesses = sum_log10((struct str){ copy, text.len }, parts);
    ZxcvbnFreeInfo(parts);
    wipe(copy, sizeof copy);
    return guesses;
}

unsigned strength_score(struct str text, const char *words[])
{
    static const double least[] = { 1e3 + 5, 1e6 + 5, 1e8 + 5,
                                    1e10 + 5 }; /* zxcvbn 4 adds 5 for what lies just on them */
    double guesses = pow(10, strength_guesses_log10(text, words));
    unsigned score = 0;
    while (score < 4 && guesses >= least[score])
        score++;
    return score;
}
