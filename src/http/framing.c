#include "http/framing.h"

#include <microhttpd.h>
#include <string.h>

struct scan {
    size_t bytes;
    int content_lengths, encodings, hosts;
    bool bad;
    bool http_1_0;
    struct framing_head *head;
    struct str last; /* the view that ended just before */
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

/* To the end, without a branch: so the compiler looks at many bytes at once, and a token of 700 bytes costs nothing. */
static bool has_control(struct str value)
{
    uint8_t found = 0;
    for (size_t i = 0; i < value.len; i++) {
        const uint8_t c = (uint8_t)value.ptr[i];
        found |= (uint8_t)((c < 0x20) & (c != '\t')) | (uint8_t)(c == 0x7f);
    }
    return found != 0;
}

/* The library leaves what it read where it is and only ends its views there: the next one begins behind a blank or a line's end.
 * A wider gap is text that it has passed over without a word: behind a NUL, or a field without a name.  A folded line it copies
 * elsewhere; a bare LF makes the gap narrower.  Addresses are compared, nothing between them is read. */
static void see_next(struct scan *scan, struct str next, size_t gap)
{
    scan->bad |= (uintptr_t)next.ptr != (uintptr_t)scan->last.ptr + scan->last.len + gap;
    scan->last = next;
}

#define BLANK    1 /* bytes */
#define LINE_END 2
#define HEAD_END 4

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

static void see_field(struct scan *scan, const struct field_line *line)
{
    see_next(scan, line->name, LINE_END);
    scan->last = line->value;
    scan->bytes += line->name.len + line->value.len + 4; /* ": " and CRLF */
    scan->bad |= !is_token(line->name) || has_control(line->value);
    see_framing_field(scan, line->name, line->value);
}

static struct str head_end(struct MHD_Connection *connection, struct str method)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return (struct str){ method.ptr + (info == NULL ? 0 : info->header_size), 0 };
}

static enum MHD_Result gather(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_len, const char *text,
                              size_t text_len)
{
    struct field_lines *fields = cls;
    (void)kind;
    fields->items[fields->count++] =
        (struct field_line){ { key, key_len }, { text == NULL ? "" : text, text == NULL ? 0 : text_len } };
    return MHD_YES;
}

struct field_lines framing_fields(struct MHD_Connection *connection, struct arena *mem)
{
    const int count = MHD_get_connection_values_n(connection, MHD_HEADER_KIND, NULL, NULL);
    struct field_lines fields = { ARENA_ARRAY(mem, struct field_line, count < 0 ? 0 : (size_t)count), 0 };
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, gather, &fields);
    return fields;
}

enum framing framing_check(struct MHD_Connection *connection, struct str method, struct str target, const char *read_at,
                           struct str version, const struct field_lines *fields, struct framing_head *out)
{
    struct framing_head head = { .content_length = -1 };
    struct scan scan = { .bytes = method.len + target.len + version.len + 4 + 2, .head = &head };
    scan.http_1_0 = str_equal(version, STR("HTTP/1.0"));
    scan.bad = has_control(target) || str_contains(target, STR("\t"));
    scan.last = method;
    see_next(&scan, (struct str){ read_at, target.len }, BLANK);
    see_next(&scan, version, BLANK);
    for (size_t i = 0; i < fields->count; i++)
        see_field(&scan, &fields->items[i]);
    see_next(&scan, head_end(connection, method), HEAD_END);
    if (scan.bad || scan.content_lengths > 1 || scan.encodings > 1 || scan.hosts > 1 ||
        scan.content_lengths + scan.encodings > 1)
        return FRAMING_BAD;
    if (scan.bytes > FRAMING_HEAD_MAX || fields->count > FRAMING_FIELDS_MAX)
        return FRAMING_TOO_LARGE;
    head.has_body = head.chunked || head.content_length > 0;
    *out = head;
    return FRAMING_OK;
}
