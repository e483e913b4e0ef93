#include "api/assets.h"
#include "http/call.h"
#include "http/weight.h"

const struct asset *asset_find(const struct asset *table, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(str_of(table[i].name), name))
            return &table[i];
    return NULL;
}

struct str asset_bytes(const struct asset *a)
{
    return (struct str){ (const char *)a->bytes, (size_t)(a->end - a->bytes) };
}

enum err asset_reply(struct call *c, const struct asset *a)
{
    struct str body = asset_bytes(a);
    reply_header(c, "Vary", STR("Accept-Encoding"));
    if (a->gzip != NULL && weight_takes_gzip(call_header_list(c, "Accept-Encoding"))) {
        c->reply.encoding = "gzip";
        body = (struct str){ (const char *)a->gzip, (size_t)(a->gzip_end - a->gzip) };
    }
    return reply_text(c, 200, a->content_type, body);
}
