/* Signing up with a passkey (compatibility): the options stand at the top of the answer, user_id and session_data beside them. */
#include "account/identity.h"
#include "api/handlers.h"
#include "api/view.h"
#include "api/webauthn_view.h"
#include "flow/passkey_signup.h"
#include "json/read.h"

#define USER_ID_MAX 128

/* clang-format off */
const struct field passkey_register_begin_in[] = {
    FIELD_CHECKED(struct passkey_register_begin_body, username,     1, USERNAME_MAX * 4, username_check),
    FIELD_ROW(struct passkey_register_begin_body,     display_name, FIELD_OPTIONAL, 1, PROFILE_TEXT_MAX, name_check),
    FIELD_END
};

const struct field passkey_register_in[] = {
    FIELD(struct passkey_register_body,      user_id,      1, USER_ID_MAX),
    FIELD_JSON(struct passkey_register_body, credential,   3, PASSKEY_RESPONSE_MAX),
    FIELD_JSON(struct passkey_register_body, session_data, 3, TICKET_MAX + 16),
    FIELD_END
};
/* clang-format on */

enum err api_passkey_register_begin(struct call *c)
{
    const struct passkey_register_begin_body *in = c->body;
    const struct passkey_signup wish = { in->username, in->display_name };
    struct passkey_asked asked = { 0 };
    TRY(flow_passkey_signup_begin(c->services, &c->visit, &wish, &asked));
    const struct signup_view view = { asked.options, asked.options.user.id, { asked.ceremony } };
    reply_no_store(c);
    return reply(c, 200, signup_fields, &view);
}

static void json_drop(struct json **tree)
{
    json_tree_drop(tree);
}

/* Handed back as it came; what else is in it was not ours. */
static struct str ceremony_of(struct call *c, struct str session_data)
{
    AUTO(json) struct json *tree = NULL;
    struct str text = { 0 };
    if (json_tree(session_data, &tree) != OK || !json_get_str(tree, "ceremony", &text))
        return STR("");
    return arena_copy(c->visit.mem, text);
}

enum err api_passkey_register_complete(struct call *c)
{
    const struct passkey_register_body *in = c->body;
    const struct passkey_signup_answer answer = { in->user_id, ceremony_of(c, in->session_data), in->credential };
    struct user_row row = { 0 };
    TRY(flow_passkey_signup(c->services, &c->visit, &answer, &row));
    const struct user_view view = user_view_of(&c->visit, &row);
    reply_header(c, "Location", arena_printf(c->visit.mem, "/users/%.*s", STR_ARG(row.public_id)));
    reply_no_store(c);
    return reply(c, 201, user_fields, &view);
}
