#include "flow/notices.h"
#include "api/handlers.h"
#include "session/device.h"

struct notice_view {
    struct str id, kind, factor, about, address, device;
    int64_t created_at;
};

/* clang-format off */
static const struct field notice_fields[] = {
    VIEW(struct notice_view, id),               VIEW(struct notice_view, kind),
    VIEW_NULLABLE(struct notice_view, factor),  VIEW_NULLABLE(struct notice_view, about),
    VIEW_NULLABLE(struct notice_view, address), VIEW(struct notice_view, device),
    VIEW_TIME(struct notice_view, created_at),
    FIELD_END
};
/* clang-format on */

struct page_view {
    struct list items;
    struct str next; /* never: they fit one page */
};
static const struct field page_fields[] = { VIEW_OBJECTS(struct page_view, items, notice_fields, struct notice_view),
                                            VIEW_NULLABLE(struct page_view, next), FIELD_END };

static struct notice_view view_of(const struct visit *v, const struct notice_row *row)
{
    return (struct notice_view){
        .id = row->id,
        .kind = row->kind,
        .factor = row->factor,
        .about = row->about,
        .address = row->address,
        .device = device_name(v->mem, row->user_agent),
        .created_at = row->created_at,
    };
}

enum err api_notices_list(struct call *c)
{
    struct notice_row *rows = NULL;
    size_t count = 0;
    TRY(flow_notices_list(c->services, &c->visit, c->caller, wanted_id(c), &rows, &count));
    struct notice_view *views = ARENA_ARRAY(c->visit.mem, struct notice_view, count);
    for (size_t i = 0; i < count; i++)
        views[i] = view_of(&c->visit, &rows[i]);
    const struct page_view page = { .items = { views, count } };
    reply_no_store(c);
    return reply(c, 200, page_fields, &page);
}

enum err api_notice_remove(struct call *c)
{
    TRY(flow_notice_remove(c->services, c->caller, wanted_id(c), c->params[1]));
    return reply_empty(c, 204);
}
