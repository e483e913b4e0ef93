#include "config/origin.h"

/* What stands between the scheme and the path: "auth.example.com:8443". */
static struct str authority(struct str address, struct str *scheme)
{
    size_t at = 0, end = 0;
    struct str rest;

    *scheme = (struct str){ address.ptr, 0 };
    if (!str_find(address, STR("://"), &at))
        return *scheme;
    *scheme = str_slice(address, 0, at + 3);
    rest = str_slice(address, at + 3, address.len);
    while (end < rest.len && rest.ptr[end] != '/')
        end++;
    return str_slice(rest, 0, end);
}

/* Where the colon of the port stands; the length where there is none. */
static size_t port_at(struct str authority)
{
    size_t at = authority.len;

    while (at > 0 && authority.ptr[at - 1] != ':' && authority.ptr[at - 1] != ']')
        at--;
    return at > 0 && authority.ptr[at - 1] == ':' ? at - 1 : authority.len;
}

struct str origin_host(struct str address)
{
    struct str scheme, place = authority(address, &scheme);

    return str_slice(place, 0, port_at(place));
}

struct str origin_with_host(struct arena *mem, struct str address, struct str host)
{
    struct str scheme, place = authority(address, &scheme), port = str_slice(place, port_at(place), place.len);

    return arena_printf(mem, "%.*s%.*s%.*s", STR_ARG(scheme), STR_ARG(host), STR_ARG(port));
}

bool origin_is_beneath(struct str host, struct str domain)
{
    if (str_equal(host, domain))
        return true;
    return host.len > domain.len && str_ends(host, domain) && host.ptr[host.len - domain.len - 1] == '.';
}
