#include "http/language.h"
#include "http/weight.h"

static bool names(struct str range, const char *known)
{
    struct str first = { 0 };
    return str_split(&range, '-', &first) && str_equal_nocase(first, str_of(known));
}

size_t language_choose(struct str header, const char *const *known, size_t count)
{
    size_t best = 0;
    int64_t best_weight = 0, weighs = 0;
    struct str range;
    while (weight_next(&header, &range, &weighs)) {
        for (size_t i = 0; i < count && weighs > best_weight; i++) {
            if (!names(range, known[i]) && !str_equal(range, STR("*")))
                continue;
            best = i;
            best_weight = weighs;
        }
    }
    return best;
}
