/* Passkeys and security keys of the account that is signed in. */
#include "account/identity.h"
#include "api/handlers.h"
#include "api/webauthn_view.h"

/* clang-format off */
#define NAME_OF_KEY(type) FIELD_ROW(type, name, FIELD_OPTIONAL, 1, PASSKEY_NAME_MAX, name_check)
const struct field webauthn_begin_in[] = { NAME_OF_KEY(struct webauthn_begin_body), FIELD_END };

const struct field webauthn_add_in[] = {
    FIELD(struct webauthn_add_body,      ceremony,   1, TICKET_MAX),
    FIELD_JSON(struct webauthn_add_body, credential, 3, PASSKEY_RESPONSE_MAX),
    NAME_OF_KEY(struct webauthn_add_body),
    FIELD_END
};

const struct field webauthn_rename_in[] = {
    FIELD_CHECKED(struct webauthn_begin_body, name, 1, PASSKEY_NAME_MAX, name_check), FIELD_END
};
/* clang-format on */

static enum err reply_credential(struct call *c, unsigned status, const struct credential_row *row)
{
    const struct credential_view view = credential_view_of(&c->visit, row);
    reply_no_store(c);
    return reply(c, status, credential_fields, &view);
}

enum err api_webauthn_register_begin(struct call *c)
{
    struct passkey_asked asked = { 0 };
    TRY(flow_passkey_add_begin(c->services, &c->visit, c->caller, &asked));
    const struct creation_view view = { asked.ceremony, asked.options };
    reply_no_store(c);
    return reply(c, 200, creation_fields, &view);
}

enum err api_webauthn_register_complete(struct call *c)
{
    const struct webauthn_add_body *in = c->body;
    const struct passkey_answer answer = { in->ceremony, in->credential, in->name };
    struct credential_row row = { 0 };
    TRY(flow_passkey_add_complete(c->services, &c->visit, c->caller, &answer, &row));
    reply_header(c, "Location", arena_printf(c->visit.mem, "/webauthn/credentials/%.*s", STR_ARG(row.id)));
    return reply_credential(c, 201, &row);
}

struct credentials_view {
    struct list items;
    struct str next; /* there is one page: an account has PASSKEYS_MAX at most */
    struct str rp_id, user_handle;
};
static const struct field credentials_fields[] = {
    VIEW_OBJECTS(struct credentials_view, items, credential_fields, struct credential_view),
    VIEW_NULLABLE(struct credentials_view, next), VIEW(struct credentials_view, rp_id),
    VIEW_NULLABLE(struct credentials_view, user_handle), FIELD_END
};

enum err api_webauthn_credentials(struct call *c)
{
    struct passkeys_page page = { 0 };
    TRY(flow_passkeys_list(c->services, &c->visit, c->caller, &page));
    struct credential_view *views = ARENA_ARRAY(c->visit.mem, struct credential_view, page.count);
    for (size_t i = 0; i < page.count; i++)
        views[i] = credential_view_of(&c->visit, &page.rows[i]);
    const struct credentials_view view = { { views, page.count }, { 0 }, page.rp_id, page.user_handle };
    reply_no_store(c);
    return reply(c, 200, credentials_fields, &view);
}

enum err api_webauthn_rename(struct call *c)
{
    const struct webauthn_begin_body *in = c->body;
    struct credential_row row = { 0 };
    TRY(flow_passkey_rename(c->services, &c->visit, c->caller, c->params[0], in->name, &row));
    return reply_credential(c, 200, &row);
}

enum err api_webauthn_remove(struct call *c)
{
    TRY(flow_passkey_remove(c->services, &c->visit, c->caller, c->params[0]));
    return reply_empty(c, 204);
}
