#include "http/weight.h"

/* qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ) */
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
static int64_t weight_in(struct str parameter)
{
    parameter = str_trim(parameter);
    if (parameter.ptr == NULL)
        return WEIGHT_MOST;
    return str_equal_nocase(str_slice(parameter, 0, 2), STR("q=")) ? weight_of(str_slice(parameter, 2, parameter.len))
                                                                   : 0;
}

bool weight_next(struct str *list, struct str *name, int64_t *weight)
{
    struct str item, first;
    if (!str_split(list, ',', &item) || !str_split(&item, ';', &first))
        return false;
    *name = str_trim(first);
    *weight = weight_in(item);
    return true;
}

/* "If the representation's content coding is one of the content codings listed in the Accept-Encoding field value, then it is
 * acceptable unless it is accompanied by a qvalue of 0"; and "*" "matches any available content coding not explicitly listed". */
bool weight_takes_gzip(struct str header)
{
    struct str name;
    int64_t weight, gzip = -1, any = 0, plain = 0;
    while (weight_next(&header, &name, &weight)) {
        if (str_equal_nocase(name, STR("gzip")) || str_equal_nocase(name, STR("x-gzip")))
            gzip = weight > gzip ? weight : gzip;
        else if (str_equal_nocase(name, STR("identity")))
            plain = weight;
        else if (str_equal(name, STR("*")))
            any = weight;
    }
    const int64_t wanted = gzip < 0 ? any : gzip;
    return wanted > 0 && wanted >= plain;
}
