#include "http/language.h"

#define WEIGHT_MOST 1000 /* thousandths */

/* qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ); 0 for anything else, which nobody wants either. */
static int64_t weight_of(struct str text)
{
    int64_t thousandths = 0;
    if (text.len == 0 || text.len > 5 || (text.len > 1 && text.ptr[1] != '.'))
        return 0;
    for (size_t i = 0; i < 5; i++) {
        char c = i < text.len ? text.ptr[i] : '0';
        if (i == 1)
            continue;
        if (c < '0' || c > '9')
            return 0;
        thousandths = thousandths * 10 + (c - '0');
    }
    return thousandths <= WEIGHT_MOST ? thousandths : 0;
}

/* [ OWS ";" OWS "q=" qvalue ] */
static int64_t weight(struct str parameter)
{
    parameter = str_trim(parameter);
    if (parameter.ptr == NULL)
        return WEIGHT_MOST;
    return str_equal_nocase(str_slice(parameter, 0, 2), STR("q=")) ? weight_of(str_slice(parameter, 2, parameter.len))
                                                                   : 0;
}

static bool names(struct str range, const char *known)
{
    struct str first = { 0 };
    return str_split(&range, '-', &first) && str_equal_nocase(first, str_of(known));
}

size_t language_choose(struct str header, const char *const *known, size_t count)
{
    size_t best = 0;
    int64_t best_weight = 0;
    struct str item, range;
    while (str_split(&header, ',', &item)) {
        if (!str_split(&item, ';', &range))
            continue;
        range = str_trim(range);
        const int64_t weighs = weight(item);
        for (size_t i = 0; i < count && weighs > best_weight; i++) {
            if (!names(range, known[i]) && !str_equal(range, STR("*")))
                continue;
            best = i;
            best_weight = weighs;
        }
    }
    return best;
}
