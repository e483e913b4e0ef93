/* The revocation feed: the whole set at once, or nothing until it has changed. */
#include "api/client_guard.h"
#include "flow/revocations.h"

#define WAIT_MAX_S 60

const struct field revocations_query[] = {
    FIELD_ROW(struct revocations_params, wait, FIELD_OPTIONAL, 0, WAIT_MAX_S, NULL), FIELD_END
};

static enum err admit(struct call *c)
{
    struct client_caller caller = { 0 };
    if (c->wait_until_ns != 0) /* it waits, and was let in when it came */
        return OK;
    TRY(client_admit(c, NULL, true, &caller));
    c->asked = SCOPE_REVOCATIONS;
    return scopes_hold(caller.scopes, SCOPE_REVOCATIONS) ? OK : refuse(WHY_SCOPE_MISSING);
}

/* RFC 9110 13.1.2: a list of tags, compared weakly. */
static bool has_tag(struct str list, struct str etag)
{
    struct str one;
    while (list.ptr != NULL && str_split(&list, ',', &one))
        if (str_equal(str_trim(one), etag))
            return true;
    return false;
}

enum err api_revocations(struct call *c)
{
    const struct revocations_params *in = c->query;
    struct revocations_now now = { 0 };
    TRY(admit(c));
    TRY(flow_revocations(c->services, &c->visit, false, &now));
    bool known = has_tag(call_header_list(c, "If-None-Match"), now.etag);
    if (known && in->wait > 0 && call_wait(c, in->wait))
        return OK;
    if (!known)
        TRY(flow_revocations(c->services, &c->visit, true, &now));
    reply_header(c, "ETag", now.etag);
    reply_header(c, "Cache-Control", STR("private, no-cache"));
    return known ? reply_empty(c, 304) : reply_text(c, 200, "application/jwt", now.text);
}
