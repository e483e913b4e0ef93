#include "http/cookie.h"

FALLIBLE cookie_find(struct str header, struct str name, struct str *value)
{
    size_t found = 0;
    struct str pair, key, got = { 0 };
    while (str_split(&header, ';', &pair)) {
        pair = str_trim(pair);
        if (!str_split(&pair, '=', &key) || !str_equal(key, name))
            continue;
        got = pair.ptr == NULL ? STR("") : pair;
        found++;
    }
    if (found != 1)
        return fail(found == 0 ? ERR_MISSING : ERR_INVALID, "%zu cookies of the name %.*s", found, STR_ARG(name));
    *value = got;
    return OK;
}

void cookie_set(struct call *c, struct str name, struct str value, int64_t max_age_s)
{
    reply_header(c, "Set-Cookie",
                 arena_printf(c->visit.mem, "%.*s=%.*s; Max-Age=%lld; Path=/; Secure; HttpOnly; SameSite=Strict",
                              STR_ARG(name), STR_ARG(value), (long long)max_age_s));
}
