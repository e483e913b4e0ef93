/* The routes of the tutorials: other shapes, the same rules and the same accounts. */
#include "account/identity.h"
#include "api/handlers.h"
#include "flow/signup.h"

/* clang-format off */
const struct field register_in[] = {
    FIELD_ROW(struct register_body, email,    FIELD_OPTIONAL, 3, EMAIL_MAX, email_check),
    FIELD_ROW(struct register_body, username, FIELD_OPTIONAL, 1, USERNAME_MAX * 4, username_check),
    FIELD(struct register_body,     password, 1, PASSWORD_TYPED_MAX),
    FIELD_END
};

const struct field users_signup_in[] = {
    FIELD_CHECKED(struct register_body, email,    3, EMAIL_MAX, email_check),
    FIELD(struct register_body,         password, 1, PASSWORD_TYPED_MAX),
    FIELD_END
};

struct registered_view { int64_t id; struct str email, username; bool is_active; };
static const struct field by_email[] = {
    VIEW(struct registered_view, id), VIEW(struct registered_view, email), VIEW(struct registered_view, is_active), FIELD_END
};
static const struct field by_username[] = {
    VIEW(struct registered_view, id), VIEW(struct registered_view, username), FIELD_END
};
static const struct field by_email_short[] = {
    VIEW(struct registered_view, id), VIEW(struct registered_view, email), FIELD_END
};
/* clang-format on */

static enum err sign_up(struct call *c, struct registered_view *out)
{
    const struct register_body *in = c->body;
    struct user_row row = { 0 };
    struct signup wish = { .email = in->email, .username = in->username, .password = &in->password };
    TRY(flow_signup(c->services, &c->visit, &wish, &c->faults, &row));
    *out = (struct registered_view){ row.id, row.email, row.username, row.is_active };
    reply_no_store(c);
    return OK;
}

enum err api_register(struct call *c)
{
    const struct register_body *in = c->body;
    struct registered_view view;
    bool one = (in->email.ptr != NULL) != (in->username.ptr != NULL);
    if (!one && c->faults.count == 0)
        faults_add(&c->faults, STR("email"), "missing", "either email or username is required, and not both");
    TRY(sign_up(c, &view));
    return reply(c, 201, in->email.ptr != NULL ? by_email : by_username, &view);
}

enum err api_users_signup(struct call *c)
{
    struct registered_view view;
    TRY(sign_up(c, &view));
    return reply(c, 201, by_email_short, &view);
}
