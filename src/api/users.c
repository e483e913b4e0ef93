#include "access/access.h"
#include "account/identity.h"
#include "api/handlers.h"
#include "api/view.h"
#include "flow/profile.h"
#include "flow/signup.h"

/* clang-format off */
const struct field users_create_in[] = {
    FIELD_CHECKED(struct users_create_body, name,          1, PROFILE_TEXT_MAX, name_check),
    FIELD_CHECKED(struct users_create_body, email,         3, EMAIL_MAX, email_check),
    FIELD_CHECKED(struct users_create_body, date_of_birth, 10, 40, date_of_birth_check),
    FIELD_CHECKED(struct users_create_body, job_title,     1, PROFILE_TEXT_MAX, name_check),
    FIELD(struct users_create_body,         password,      1, PASSWORD_TYPED_MAX),
    FIELD_ROW(struct users_create_body,     username,      FIELD_OPTIONAL, 1, USERNAME_MAX * 4, username_check),
    FIELD_END
};

#define CHANGEABLE (FIELD_OPTIONAL | FIELD_NULLABLE)
const struct field users_change_in[] = {
    FIELD_ROW(struct users_change_body, name,          CHANGEABLE, 1, PROFILE_TEXT_MAX, name_check),
    FIELD_ROW(struct users_change_body, job_title,     CHANGEABLE, 1, PROFILE_TEXT_MAX, name_check),
    FIELD_ROW(struct users_change_body, date_of_birth, CHANGEABLE, 10, 40, date_of_birth_check),
    FIELD_ROW(struct users_change_body, username,      CHANGEABLE, 1, USERNAME_MAX * 4, username_check),
    FIELD_ROW(struct users_change_body, is_active,     FIELD_OPTIONAL, 0, 1, NULL),
    FIELD_ROW(struct users_change_body, roles,         FIELD_OPTIONAL, 1, 8, NULL),
    FIELD(struct users_change_body, marks, 0, 0),
    FIELD_END
};

const struct field users_list_query[] = {
    FIELD_ROW(struct users_list_params, email,  FIELD_OPTIONAL, 1, EMAIL_MAX, NULL),
    FIELD_ROW(struct users_list_params, q,      FIELD_OPTIONAL, 1, 100, NULL),
    FIELD_ROW(struct users_list_params, role,   FIELD_OPTIONAL, 1, 16, NULL),
    FIELD_ROW(struct users_list_params, active, FIELD_OPTIONAL, 0, 1, NULL),
    FIELD_ROW(struct users_list_params, cursor, FIELD_OPTIONAL, 36, 36, NULL),
    FIELD_ROW(struct users_list_params, limit,  FIELD_OPTIONAL, 1, 200, NULL),
    FIELD(struct users_list_params, marks, 0, 0),
    FIELD_END
};
/* clang-format on */

#define PAGE_USUAL 50

static enum err reply_user(struct call *c, unsigned status, const struct user_row *row)
{
    struct user_view view = user_view_of(&c->visit, row);
    reply_no_store(c);
    return reply(c, status, user_fields, &view);
}

enum err api_users_create(struct call *c)
{
    const struct users_create_body *in = c->body;
    struct user_row row = { 0 };
    struct signup wish = { in->email, in->username, in->name, in->date_of_birth, in->job_title, &in->password };
    TRY(flow_signup(c->services, &c->visit, &wish, &c->faults, &row));
    reply_header(c, "Location", arena_printf(c->visit.mem, "/users/%.*s", STR_ARG(row.public_id)));
    return reply_user(c, 201, &row);
}

/* "/users/me" itself has no {id}. */
struct str wanted_id(const struct call *c)
{
    bool own = c->params[0].ptr == NULL || str_equal(c->params[0], STR("me"));
    return own ? c->caller->user.public_id : c->params[0];
}

enum err api_users_read(struct call *c)
{
    struct user_row row = { 0 };
    TRY(flow_profile_read(c->services, &c->visit, c->caller, wanted_id(c), &row));
    return reply_user(c, 200, &row);
}

static enum err filter_of(struct call *c, const struct users_list_params *in, struct user_filter *out)
{
    *out =
        (struct user_filter){ .text = in->q, .role = in->role, .active = -1, .after = in->cursor, .limit = PAGE_USUAL };
    if (marks_given(&in->marks, users_list_query, "active"))
        out->active = in->active;
    if (in->limit > 0)
        out->limit = in->limit;
    if (in->role.ptr != NULL && !role_known(in->role)) {
        faults_add(&c->faults, STR("role"), "unknown_role", "must be one of user, admin, auditor");
        return refuse(WHY_VALIDATION);
    }
    /* A text that is no address is nobody's. */
    if (in->email.ptr != NULL && email_canonical(c->visit.mem, in->email, &out->email_key) != OK)
        out->email_key = in->email;
    return OK;
}

struct users_page {
    struct list items;
    struct str next;
};
static const struct field users_page_fields[] = { VIEW_OBJECTS(struct users_page, items, user_fields, struct user_view),
                                                  VIEW_NULLABLE(struct users_page, next), FIELD_END };

enum err api_users_list(struct call *c)
{
    struct user_filter filter;
    struct user_row *rows = NULL;
    struct users_page page = { 0 };
    size_t count = 0;
    TRY(filter_of(c, c->query, &filter));
    TRY(flow_profile_list(c->services, &c->visit, c->caller, &filter, &rows, &count, &page.next));
    struct user_view *views = ARENA_ARRAY(c->visit.mem, struct user_view, count);
    for (size_t i = 0; i < count; i++)
        views[i] = user_view_of(&c->visit, &rows[i]);
    page.items = (struct list){ views, count };
    reply_no_store(c);
    return reply(c, 200, users_page_fields, &page);
}

static enum err change_of(struct call *c, const struct users_change_body *in, struct account_change *out,
                          struct str *roles)
{
    const struct marks *m = &in->marks;
    if (marks_given(m, users_change_in, "name"))
        out->name = &in->name;
    if (marks_given(m, users_change_in, "job_title"))
        out->job_title = &in->job_title;
    if (marks_given(m, users_change_in, "date_of_birth"))
        out->date_of_birth = &in->date_of_birth;
    if (marks_given(m, users_change_in, "username"))
        out->username = &in->username;
    if (marks_given(m, users_change_in, "is_active"))
        out->is_active = &in->is_active;
    if (!marks_given(m, users_change_in, "roles"))
        return OK;
    out->roles = roles;
    if (roles_join(c->visit.mem, in->roles, roles) == OK)
        return OK;
    faults_add(&c->faults, STR("roles"), "unknown_role", "must be a list of user, admin, auditor");
    return refuse(WHY_VALIDATION);
}

enum err api_users_change(struct call *c)
{
    struct account_change change = { 0 };
    struct str roles = { 0 };
    struct user_row row = { 0 };
    TRY(change_of(c, c->body, &change, &roles));
    TRY(flow_profile_change(c->services, &c->visit, c->caller, wanted_id(c), &change, &c->faults, &row));
    return reply_user(c, 200, &row);
}

enum err api_users_remove(struct call *c)
{
    TRY(flow_profile_remove(c->services, &c->visit, c->caller, wanted_id(c)));
    return reply_empty(c, 204);
}
