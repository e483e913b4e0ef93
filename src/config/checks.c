/* The checks of single rows of the table. */
#include "config/options.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#define PORT_MAX 65535

/* Copy for a C library; false when it does not fit or holds a NUL. */
static bool to_cstr(struct str s, char *out, size_t room)
{
    if (s.len == 0 || s.len >= room || memchr(s.ptr, '\0', s.len) != NULL)
        return false;
    memcpy(out, s.ptr, s.len);
    out[s.len] = '\0';
    return true;
}

/* bytes: room for the larger of the two. */
static bool is_address(struct str s, int family, uint8_t bytes[static 16])
{
    char text[INET6_ADDRSTRLEN];

    return to_cstr(s, text, sizeof text) && inet_pton(family, text, bytes) == 1;
}

/* "127.0.0.1" or "[::1]" */
static bool is_host_address(struct str s)
{
    uint8_t bytes[16];

    if (s.len > 2 && s.ptr[0] == '[' && s.ptr[s.len - 1] == ']')
        return is_address(str_slice(s, 1, s.len - 1), AF_INET6, bytes);
    return is_address(s, AF_INET, bytes);
}

/* "example.com": letters in lower case, as browsers and standards write it. */
static bool is_host_name(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || ((c == '-' || c == '.') && i > 0)))
            return false;
    }
    return s.len > 0 && s.len <= 253;
}

/* Split at the last colon that is no part of an IPv6 address in brackets; without one, port stays absent. */
static void split_port(struct str s, struct str *host, struct str *port)
{
    size_t at = s.len;

    while (at > 0 && s.ptr[at - 1] != ':' && s.ptr[at - 1] != ']')
        at--;
    *host = s;
    *port = (struct str){ 0 };
    if (at > 0 && s.ptr[at - 1] == ':') {
        *host = str_slice(s, 0, at - 1);
        *port = str_slice(s, at, s.len);
    }
}

const char *option_check_listen(struct str value)
{
    struct str host, port;
    int64_t number;

    split_port(value, &host, &port);
    if (is_host_address(host) && str_to_int(port, 0, PORT_MAX, &number))
        return NULL;
    return "an address and a port, like 127.0.0.1:8000 or [::1]:8000";
}

const char *option_check_database(struct str value)
{
    static const char *const schemes[] = { "sqlite:",
                                           "postgresql://",
                                           "postgres://",
                                           "postgresql+psycopg2://",
                                           "postgresql+psycopg://",
                                           "postgresql+asyncpg://" };

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        struct str scheme = str_of(schemes[i]);
        if (str_starts(value, scheme) && value.len > scheme.len)
            return NULL;
    }
    return "sqlite:FILE or postgresql://...";
}

/* Take "http://" or "https://" and the host with its port off the front. */
static bool split_origin(struct str value, struct str *scheme, struct str *host, struct str *port, struct str *path)
{
    struct str rest;
    size_t end = 0;

    *scheme = str_starts(value, STR("https://")) ? STR("https://") : STR("http://");
    if (!str_starts(value, *scheme))
        return false;
    rest = str_slice(value, scheme->len, value.len);
    while (end < rest.len && strchr("/?#", rest.ptr[end]) == NULL)
        end++;
    *path = str_slice(rest, end, rest.len);
    split_port(str_slice(rest, 0, end), host, port);
    return is_host_address(*host) || is_host_name(*host);
}

static bool is_plain_path(struct str path)
{
    for (size_t i = 0; i < path.len; i++)
        if (path.ptr[i] <= ' ' || path.ptr[i] > '~' || strchr("?#\"<>\\^`{|}", path.ptr[i]) != NULL)
            return false;
    return true;
}

/* RFC 8414 2: the issuer is "a URL that uses the "https" scheme and has no query or fragment components"; http is for
 * development only, see unsafe.c. */
const char *option_check_issuer(struct str value)
{
    struct str scheme, host, port, path;
    int64_t number;

    if (split_origin(value, &scheme, &host, &port, &path) && is_plain_path(path) &&
        (port.ptr == NULL || str_to_int(port, 0, PORT_MAX, &number)))
        return NULL;
    return "an address like https://auth.example.com, in lower case, without query and fragment";
}

/* The form in which browsers send an origin (RFC 6454 6.2): no path, no port that the scheme has anyway. */
const char *option_check_origin(struct str value)
{
    struct str scheme, host, port, path;
    int64_t number = 0, implied;

    if (!split_origin(value, &scheme, &host, &port, &path) || path.len > 0)
        return "an origin like https://app.example.com, in lower case, without a path";
    implied = str_equal(scheme, STR("https://")) ? 443 : 80;
    if (port.ptr != NULL && (!str_to_int(port, 1, PORT_MAX, &number) || number == implied))
        return "an origin like https://app.example.com:8443, without the port that the scheme implies";
    return NULL;
}

/* A domain (WebAuthn Level 3 5.1.2: no address), and no top-level one, of which everybody has a part. */
const char *option_check_rp_id(struct str value)
{
    const bool is_dotted =
        str_contains(value, STR(".")) && !str_ends(value, STR(".")) && !str_contains(value, STR(".."));

    if (is_host_name(value) && !is_host_address(value) && (is_dotted || str_equal(value, STR("localhost"))))
        return NULL;
    return "a domain like example.com, in lower case, without scheme and port; or localhost";
}

#define APK_KEY_HASH                                                                                                   \
    "android:apk-key-hash:" /* and 43 characters of base64url: what an app of Android calls its origin */

/* An origin of a page, or of an app. */
const char *option_check_page(struct str value)
{
    struct str hash = str_slice(value, sizeof APK_KEY_HASH - 1, value.len);

    if (!str_starts(value, STR(APK_KEY_HASH)))
        return option_check_origin(value);
    for (size_t i = 0; i < hash.len; i++)
        if (hash.ptr[i] != '-' && hash.ptr[i] != '_' && !isalnum((unsigned char)hash.ptr[i]))
            hash.len = 0;
    return hash.len == 43 ? NULL : "an origin like https://app.example.com, or " APK_KEY_HASH "...";
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

const char *option_check_aaguid(struct str value)
{
    bool good = value.len == 36;

    for (size_t i = 0; good && i < value.len; i++)
        good = i == 8 || i == 13 || i == 18 || i == 23 ? value.ptr[i] == '-' : is_hex(value.ptr[i]);
    return good ? NULL : "an AAGUID like 08987058-cadc-4b81-b6e1-30de50dcbe96, in lower case";
}

/* Are all bits past the prefix zero? */
static bool is_network(const uint8_t *bytes, int64_t prefix, int64_t bits)
{
    for (int64_t bit = prefix; bit < bits; bit++)
        if ((bytes[bit / 8] >> (7 - bit % 8) & 1) != 0)
            return false;
    return true;
}

const char *option_check_network(struct str value)
{
    struct str rest = value, address = { 0 };
    uint8_t bytes[16];
    int64_t prefix, bits = str_contains(value, STR(":")) ? 128 : 32;

    str_split(&rest, '/', &address);
    if (!is_address(address, bits == 128 ? AF_INET6 : AF_INET, bytes) || !str_to_int(rest, 0, bits, &prefix))
        return "a network like 10.0.0.0/8, or one address like 127.0.0.1/32";
    return is_network(bytes, prefix, bits) ? NULL : "a network: no bits past the length of its prefix";
}
