#include "base/buf.h"
#include "http/call.h"
#include "json/write.h"

enum err reply_text(struct call *c, unsigned status, const char *content_type, struct str body)
{
    c->reply.status = status;
    c->reply.content_type = content_type;
    c->reply.body = body;
    return OK;
}

enum err reply(struct call *c, unsigned status, const struct field *view, const void *from)
{
    struct buf out = buf_new(c->visit.mem, 1024);
    json_write(&out, view, from);
    return reply_text(c, status, "application/json", buf_str(&out));
}

enum err reply_empty(struct call *c, unsigned status)
{
    return reply_text(c, status, NULL, STR(""));
}

void reply_header(struct call *c, const char *name, struct str value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.ptr[i] < 0x20 || value.ptr[i] == 0x7f)
            die("a control character in the value of %s", name);
    if (c->reply.header_count == REPLY_HEADERS_MAX)
        die("more than %d headers in one answer", REPLY_HEADERS_MAX);
    c->reply.headers[c->reply.header_count++] = (struct header){ name, arena_copy(c->visit.mem, value) };
}

/* RFC 9110 13.1.2: a list of tags, or "*"; "A recipient MUST use the weak comparison function". */
bool call_has_tag(const struct call *c, struct str tag)
{
    struct str rest = call_header_list(c, "If-None-Match"), one;
    while (rest.len > 0 && str_split(&rest, ',', &one)) {
        one = str_trim(one);
        if (str_starts(one, STR("W/")))
            one = str_slice(one, 2, one.len);
        if (str_equal(one, tag) || str_equal(one, STR("*")))
            return true;
    }
    return false;
}

void reply_no_store(struct call *c)
{
    c->reply.no_store = true;
}
