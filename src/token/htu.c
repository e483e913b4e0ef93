#include "token/htu.h"
#include "base/buf.h"

#include <ctype.h>
#include <string.h>

/* RFC 3986 2.3. */
static bool is_unreserved(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("-._~", c) != NULL);
}

/* RFC 3986 3.3: pchar without its escapes. */
static bool is_path_char(char c)
{
    return is_unreserved(c) || (c != '\0' && strchr("!$&'()*+,;=:@", c) != NULL);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986 6.2.2.1, 6.2.2.2: capitals in an escape, and none for what needs none. */
static bool add_escape(struct buf *out, struct str rest)
{
    if (rest.len < 3 || hex(rest.ptr[1]) < 0 || hex(rest.ptr[2]) < 0)
        return false;
    const int code = hex(rest.ptr[1]) << 4 | hex(rest.ptr[2]);
    if (code < 0x80 && is_unreserved((char)code))
        buf_add_char(out, (char)code);
    else
        buf_printf(out, "%%%02X", (unsigned)code);
    return true;
}

static bool plain_segment(struct arena *mem, struct str segment, struct str *out)
{
    struct buf plain = buf_new(mem, segment.len + 1);
    for (size_t i = 0; i < segment.len; i++) {
        if (is_path_char(segment.ptr[i])) {
            buf_add_char(&plain, segment.ptr[i]);
        } else {
            if (segment.ptr[i] != '%' || !add_escape(&plain, str_slice(segment, i, segment.len)))
                return false;
            i += 2;
        }
    }
    *out = buf_str(&plain);
    return true;
}

/* Back to before the last segment. */
static void cut_segment(struct buf *out, size_t root)
{
    while (out->len > root && out->ptr[--out->len] != '/')
        ;
}

/* RFC 3986 5.2.4. */
static void add_segment(struct buf *out, size_t root, struct str segment, bool last)
{
    const bool here = str_equal(segment, STR(".")), up = str_equal(segment, STR(".."));
    if (up)
        cut_segment(out, root);
    if (!here && !up) {
        buf_add_char(out, '/');
        buf_add(out, segment);
    } else if (last) {
        buf_add_char(out, '/');
    }
}

static bool add_path(struct buf *out, struct str path)
{
    const size_t root = out->len;
    struct str segment, plain, rest = str_slice(path, 1, path.len);

    if (path.len == 0)
        buf_add_char(out, '/');
    for (bool more = path.len > 0; more;) {
        size_t at;
        more = str_find(rest, STR("/"), &at);
        segment = more ? str_slice(rest, 0, at) : rest;
        rest = more ? str_slice(rest, at + 1, rest.len) : rest;
        if (!plain_segment(out->mem, segment, &plain))
            return false;
        add_segment(out, root, plain, !more);
    }
    return true;
}

/* "[::1]", "example.com", in lower case. */
static bool add_host(struct buf *out, struct str host)
{
    const bool literal = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    for (size_t i = 0; i < host.len; i++) {
        const char c = host.ptr[i];
        const bool edge = literal && (i == 0 || i == host.len - 1);
        if (!edge && !is_unreserved(c) && !(literal && c == ':'))
            return false;
        buf_add_char(out, (char)tolower((unsigned char)c));
    }
    return host.len > 0;
}

/* RFC 3986 6.2.3: "the normal form of a URI with an empty port, or the port that the scheme implies, has none". */
static bool add_port(struct buf *out, struct str port, int64_t implied)
{
    int64_t number = implied;
    if (port.len > 0 && !str_to_int(port, 0, 65535, &number))
        return false;
    if (number != implied)
        buf_printf(out, ":%lld", (long long)number);
    return true;
}

static bool add_authority(struct buf *out, struct str authority, int64_t implied)
{
    size_t at = authority.len;
    while (at > 0 && authority.ptr[at - 1] != ':' && authority.ptr[at - 1] != ']')
        at--;
    const bool has_port = at > 0 && authority.ptr[at - 1] == ':';
    const struct str host = has_port ? str_slice(authority, 0, at - 1) : authority;
    const struct str port = has_port ? str_slice(authority, at, authority.len) : STR("");
    return add_host(out, host) && add_port(out, port, implied);
}

static size_t first_of(struct str s, const char *marks)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] != '\0' && strchr(marks, s.ptr[i]) != NULL)
            return i;
    return s.len;
}

FALLIBLE htu_normal(struct arena *mem, struct str address, struct str *out)
{
    struct buf normal = buf_new(mem, address.len + 8);
    const bool secure = str_equal_nocase(str_slice(address, 0, 8), STR("https://"));

    if (address.len > HTU_MAX || (!secure && !str_equal_nocase(str_slice(address, 0, 7), STR("http://"))))
        return fail(ERR_INVALID, "no http or https address");
    const struct str rest = str_slice(address, secure ? 8 : 7, address.len);
    const size_t host_end = first_of(rest, "/?#");
    const struct str behind = str_slice(rest, host_end, rest.len);
    buf_add(&normal, secure ? STR("https://") : STR("http://"));
    if (!add_authority(&normal, str_slice(rest, 0, host_end), secure ? 443 : 80) ||
        !add_path(&normal, str_slice(behind, 0, first_of(behind, "?#"))))
        return fail(ERR_INVALID, "an address of another form");
    *out = buf_str(&normal);
    return OK;
}
