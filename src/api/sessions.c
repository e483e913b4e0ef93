#include "api/handlers.h"
#include "api/view.h"
#include "flow/sessions.h"

/* clang-format off */
const struct field sessions_list_query[] = {
    FIELD_ROW(struct sessions_list_params, cursor, FIELD_OPTIONAL, 36, 36, NULL),
    FIELD_ROW(struct sessions_list_params, limit,  FIELD_OPTIONAL, 1, 200, NULL),
    FIELD_END
};
/* clang-format on */

#define PAGE_USUAL 50

struct page_view {
    struct list items;
    struct str next;
};
static const struct field page_fields[] = { VIEW_OBJECTS(struct page_view, items, session_fields, struct session_view),
                                            VIEW_NULLABLE(struct page_view, next), FIELD_END };

enum err api_sessions_list(struct call *c)
{
    const struct sessions_list_params *in = c->query;
    struct sessions_page page = { 0 };
    TRY(flow_sessions_list(c->services, &c->visit, c->caller, wanted_id(c), in->cursor,
                           in->limit > 0 ? in->limit : PAGE_USUAL, &page));
    struct session_view *views = ARENA_ARRAY(c->visit.mem, struct session_view, page.count);
    for (size_t i = 0; i < page.count; i++)
        views[i] = session_view_of(&c->visit, &page.rows[i], c->caller->session.id);
    struct page_view view = { { views, page.count }, page.next };
    reply_no_store(c);
    return reply(c, 200, page_fields, &view);
}

enum err api_session_end(struct call *c)
{
    TRY(flow_session_end(c->services, &c->visit, c->caller, wanted_id(c), c->params[1]));
    return reply_empty(c, 204);
}
