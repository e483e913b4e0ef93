/* For a proxy in front of other services: may this request pass, and who is it? */
#include "api/handlers.h"
#include "access/access.h"
#include "base/field.h"

static bool role_check(struct str value, struct fault *fault)
{
    *fault = (struct fault){ .code = "unknown_role", .message = "must be one of user, admin, auditor" };
    return role_known(value);
}

static bool acr_check(struct str value, struct fault *fault)
{
    *fault = (struct fault){ .code = "unknown_acr", .message = "must be one of aal1, aal2, aal2-phr, aal3" };
    return acr_known(value);
}

/* Repeated in the challenge, between quotes. */
static bool scope_check(struct str value, struct fault *fault)
{
    *fault = (struct fault){ .code = "bad_scope", .message = "must be scope words with single blanks between them" };
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] < 0x20 || value.ptr[i] > 0x7e || value.ptr[i] == '"' || value.ptr[i] == '\\')
            return false;
    return true;
}

/* clang-format off */
const struct field verify_query[] = {
    FIELD_ROW(struct verify_params, role,  FIELD_OPTIONAL, 1, 16, role_check),
    FIELD_ROW(struct verify_params, scope, FIELD_OPTIONAL, 1, 200, scope_check),
    FIELD_ROW(struct verify_params, acr,   FIELD_OPTIONAL, 1, 16, acr_check),
    FIELD_END
};
/* clang-format on */

static enum err meets(struct call *c, const struct verify_params *in)
{
    if (in->role.ptr != NULL)
        TRY(access_role(c->caller, in->role));
    c->asked = in->scope;
    if (in->scope.ptr != NULL)
        TRY(access_scope(c->caller, c->visit.mem, in->scope));
    return in->acr.ptr != NULL ? access_acr(c->caller, in->acr) : OK;
}

enum err api_verify(struct call *c)
{
    TRY(meets(c, c->query));
    reply_no_store(c);
    reply_header(c, "X-Auth-User", c->caller->user.public_id);
    reply_header(c, "X-Auth-Roles", c->caller->user.roles);
    reply_header(c, "X-Auth-Session", c->caller->session.id);
    return reply_empty(c, 200);
}
