#include "config/database.h"

#include <arpa/inet.h>
#include <string.h>

/* What decides; absent where nothing is said. */
struct way {
    struct str host, hostaddr, sslmode, service;
    bool readable;
};

static int nibble(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* %XX, never a NUL; false when it is none. */
static bool decode_one(struct str s, size_t at, char *out)
{
    int high = at + 2 < s.len ? nibble(s.ptr[at + 1]) : -1, low = high < 0 ? -1 : nibble(s.ptr[at + 2]);

    *out = (char)(high * 16 + low);
    return high >= 0 && low >= 0 && *out != '\0';
}

static struct str decode(struct arena *mem, struct way *way, struct str s)
{
    char *text = ARENA_ARRAY(mem, char, s.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < s.len; i++, len++) {
        text[len] = s.ptr[i];
        if (s.ptr[i] != '%')
            continue;
        if (!decode_one(s, i, &text[len]))
            way->readable = false;
        i += 2;
    }
    return (struct str){ text, len };
}

/* The last of several counts. */
static void take_parameter(struct way *way, struct str name, struct str value)
{
    if (str_equal(name, STR("host")))
        way->host = value;
    else if (str_equal(name, STR("hostaddr")))
        way->hostaddr = value;
    else if (str_equal(name, STR("sslmode")))
        way->sslmode = value;
    else if (str_equal(name, STR("ssl")))
        way->sslmode = STR("require");
    else if (str_equal(name, STR("service")))
        way->service = value;
}

static void read_parameters(struct arena *mem, struct way *way, struct str text)
{
    struct str one, name;

    while (text.len > 0 && str_split(&text, '&', &one)) {
        str_split(&one, '=', &name);
        take_parameter(way, decode(mem, way, name), decode(mem, way, one));
    }
}

/* The end of what holds none of these marks. */
static size_t span(struct str s, const char *marks)
{
    size_t at = 0;

    while (at < s.len && strchr(marks, s.ptr[at]) == NULL)
        at++;
    return at;
}

/* Hosts in their order, without ports and brackets.  Gives what is behind them. */
static struct str read_hosts(struct arena *mem, struct way *way, struct str rest)
{
    char *hosts = ARENA_ARRAY(mem, char, rest.len + 1);
    size_t len = 0;

    for (;;) {
        bool boxed = rest.len > 0 && rest.ptr[0] == '[';
        size_t end = span(rest, boxed ? "]" : ":/?,");
        memcpy(hosts + len, rest.ptr + boxed, end - boxed);
        len += end - boxed;
        way->readable = way->readable && end < rest.len + !boxed;
        rest = str_slice(rest, end + boxed, rest.len);
        rest = str_slice(rest, span(rest, "/?,"), rest.len);
        if (rest.len == 0 || rest.ptr[0] != ',')
            break;
        hosts[len++] = ',';
        rest = str_slice(rest, 1, rest.len);
    }
    if (len > 0)
        way->host = decode(mem, way, (struct str){ hosts, len });
    return rest;
}

/* What stands behind "postgresql://".  User and password are over at the first @ before a slash. */
static void read_address(struct arena *mem, struct way *way, struct str rest)
{
    size_t at = span(rest, "@/");

    if (at < rest.len && rest.ptr[at] == '@')
        rest = str_slice(rest, at + 1, rest.len);
    rest = read_hosts(mem, way, rest);
    rest = str_slice(rest, span(rest, "?"), rest.len);
    read_parameters(mem, way, str_slice(rest, 1, rest.len));
}

static void take_environment(char *const *environ, const char *name, struct str *out)
{
    size_t length = strlen(name);

    for (char *const *at = environ; at != NULL && *at != NULL && out->ptr == NULL; at++)
        if (strncmp(*at, name, length) == 0 && (*at)[length] == '=')
            *out = str_of(*at + length + 1);
}

/* 127.0.0.0/8 or ::1 */
static bool is_loopback(struct str address)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t bytes[16];

    if (address.len == 0 || address.len >= sizeof text || memchr(address.ptr, '\0', address.len) != NULL)
        return false;
    memcpy(text, address.ptr, address.len);
    text[address.len] = '\0';
    if (inet_pton(AF_INET, text, bytes) == 1)
        return bytes[0] == 127;
    return inet_pton(AF_INET6, text, bytes) == 1 && memcmp(bytes, &in6addr_loopback, sizeof bytes) == 0;
}

/* Nothing: the socket where libpq looks for one.  A path, or @ and a name: a socket. */
static bool is_here(struct str host)
{
    return host.len == 0 || host.ptr[0] == '/' || host.ptr[0] == '@' || str_equal_nocase(host, STR("localhost")) ||
           is_loopback(host);
}

static bool all(struct str list, bool (*is)(struct str))
{
    struct str one;

    if (list.len == 0)
        return is(list);
    while (str_split(&list, ',', &one))
        if (!is(one))
            return false;
    return true;
}

/* An address overrides the name: the name is then only what a certificate must have.  A service file may name any host. */
static bool stays_here(const struct way *way)
{
    if (!way->readable || way->service.len > 0)
        return false;
    return way->hostaddr.len > 0 ? all(way->hostaddr, is_loopback) : all(way->host, is_here);
}

bool database_unguarded(struct arena *mem, struct str url, char *const *environ)
{
    struct way way = { .readable = true };
    size_t at;

    if (memchr(url.ptr, '\0', url.len) != NULL) /* it would hide the rest from libpq */
        return true;
    if (!str_starts(url, STR("postgres")) || !str_find(url, STR("://"), &at))
        return false;
    read_address(mem, &way, str_slice(url, at + 3, url.len));
    take_environment(environ, "PGSERVICE", &way.service);
    take_environment(environ, "PGHOST", &way.host);
    take_environment(environ, "PGHOSTADDR", &way.hostaddr);
    if (way.service.len == 0) /* else it could say otherwise */
        take_environment(environ, "PGSSLMODE", &way.sslmode);
    return !stays_here(&way) && !(way.readable && str_equal(way.sslmode, STR("verify-full")));
}
