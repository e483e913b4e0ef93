#include "http/framing.h"

#include <microhttpd.h>
#include <string.h>

struct scan {
    size_t bytes, fields;
    int content_lengths, encodings, hosts;
    bool bad;
    bool http_1_0;
    struct framing_head *head;
};

/* RFC 9110 5.6.2: token = 1*tchar */
static bool is_token(struct str name)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || strchr(marks, c) == NULL))
            return false;
    }
    return name.len > 0;
}

static bool has_control(struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

static void see_framing_field(struct scan *scan, struct str name, struct str value)
{
    if (str_equal_nocase(name, STR("Host")))
        scan->hosts++;
    if (str_equal_nocase(name, STR("Content-Length"))) {
        scan->content_lengths++;
        scan->bad |= !str_to_int(value, 0, INT64_MAX, &scan->head->content_length);
    }
    if (str_equal_nocase(name, STR("Transfer-Encoding"))) {
        scan->encodings++;
        scan->head->chunked = true;
        /* RFC 9112 6.1: a server that gets a coding that it does not know cannot know where the message ends. */
        scan->bad |= scan->http_1_0 || !str_equal_nocase(value, STR("chunked"));
    }
}

static enum MHD_Result see_field(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_len, const char *text,
                                 size_t text_len)
{
    struct scan *scan = cls;
    struct str name = { key, key_len }, value = { text == NULL ? "" : text, text_len };
    (void)kind;
    scan->fields++;
    scan->bytes += name.len + value.len + 4; /* ": " and CRLF */
    scan->bad |= !is_token(name) || has_control(value);
    see_framing_field(scan, name, value);
    return MHD_YES;
}

enum framing framing_check(struct MHD_Connection *connection, struct str method, struct str target, struct str version,
                           struct framing_head *out)
{
    struct framing_head head = { .content_length = -1 };
    struct scan scan = { .bytes = method.len + target.len + version.len + 4 + 2, .head = &head };
    scan.http_1_0 = str_equal(version, STR("HTTP/1.0"));
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, see_field, &scan);
    if (scan.bad || scan.content_lengths > 1 || scan.encodings > 1 || scan.hosts > 1 ||
        scan.content_lengths + scan.encodings > 1)
        return FRAMING_BAD;
    if (scan.bytes > FRAMING_HEAD_MAX || scan.fields > FRAMING_FIELDS_MAX)
        return FRAMING_TOO_LARGE;
    head.has_body = head.chunked || head.content_length > 0;
    *out = head;
    return FRAMING_OK;
}
