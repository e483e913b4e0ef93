/* RFC 9457: the one form in which a refusal leaves the house. */
#include "base/buf.h"
#include "base/why.h"
#include "http/call.h"
#include "json/write.h"

struct problem_view {
    struct str type, title;
    int64_t status;
    struct str detail, instance, code;
    struct list errors;
};

struct fault_view {
    struct str field, code, message;
};

static const struct field fault_fields[] = { VIEW(struct fault_view, field), VIEW(struct fault_view, code),
                                             VIEW(struct fault_view, message), FIELD_END };

/* clang-format off */
static const struct field problem_fields[] = {
    VIEW(struct problem_view, type),   VIEW(struct problem_view, title),    VIEW(struct problem_view, status),
    VIEW(struct problem_view, detail), VIEW(struct problem_view, instance), VIEW(struct problem_view, code),
    FIELD_END
};
static const struct field problem_fields_with_errors[] = {
    VIEW(struct problem_view, type),   VIEW(struct problem_view, title),    VIEW(struct problem_view, status),
    VIEW(struct problem_view, detail), VIEW(struct problem_view, instance), VIEW(struct problem_view, code),
    VIEW_OBJECTS(struct problem_view, errors, fault_fields, struct fault_view),
    FIELD_END
};

static const struct { unsigned status; const char *title; } titles[] = {
    { 400, "Bad Request" },           { 401, "Unauthorized" },              { 403, "Forbidden" },
    { 404, "Not Found" },             { 405, "Method Not Allowed" },        { 409, "Conflict" },
    { 410, "Gone" },                  { 413, "Content Too Large" },         { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" },{ 422, "Unprocessable Content" },     { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" }, { 500, "Internal Server Error" }, { 503, "Service Unavailable" },
};
/* clang-format on */

const char *status_title(unsigned status)
{
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "Error";
}

unsigned problem_status(enum err end)
{
    switch (end) {
    case OK:
        return 200;
    case ERR_INVALID:
        return 400;
    case ERR_UNAUTHENTICATED:
        return 401;
    case ERR_DENIED:
        return 403;
    case ERR_MISSING:
        return 404;
    case ERR_CONFLICT:
        return 409;
    case ERR_EXPIRED:
        return 410;
    case ERR_LIMITED:
        return 429;
    case ERR_BUSY:
        return 503;
    case ERR_INTERNAL:
        return 500;
    }
    return 500;
}

static struct list fault_views(struct call *c)
{
    struct fault_view *views = ARENA_ARRAY(c->visit.mem, struct fault_view, c->faults.count);
    for (size_t i = 0; i < c->faults.count; i++) {
        const struct fault *f = &c->faults.items[i];
        views[i] = (struct fault_view){ f->field, str_of(f->code), str_of(f->message) };
    }
    return (struct list){ views, c->faults.count };
}

static void write_problem(struct call *c, unsigned status, const char *code, const char *detail)
{
    struct arena *mem = c->visit.mem;
    struct problem_view view = {
        .type = arena_printf(mem, "urn:postern:problem:%s", code),
        .title = str_of(status_title(status)),
        .status = status,
        .detail = str_of(detail),
        .instance = arena_printf(mem, "urn:postern:request:%.*s", STR_ARG(c->visit.request_id)),
        .code = str_of(code),
        .errors = fault_views(c),
    };
    struct buf out = buf_new(mem, 512);
    json_write(&out, c->faults.count > 0 ? problem_fields_with_errors : problem_fields, &view);
    reply_text(c, status, "application/problem+json", buf_str(&out));
    c->reply.code = code;
    c->reply.no_store = true;
}

void problem_http(struct call *c, unsigned status, const char *code, const char *detail)
{
    write_problem(c, status, code, detail);
}

struct oauth_error {
    struct str error, error_description;
};
static const struct field oauth_error_fields[] = { VIEW(struct oauth_error, error),
                                                   VIEW(struct oauth_error, error_description), FIELD_END };

/* RFC 6749 5.2 has no words for what is nobody's fault; these two of 4.1.2.1 are what libraries know. */
static struct str oauth_word(unsigned status, enum why why)
{
    if (status == 429 || status == 503)
        return STR("temporarily_unavailable");
    if (status == 500)
        return STR("server_error");
    return why == WHY_VALIDATION || why == WHY_QUERY || why == WHY_SECRET_IN_QUERY ? STR("invalid_request")
                                                                                   : str_of(why_code(why));
}

static void write_oauth_error(struct call *c, unsigned status, enum why why)
{
    struct oauth_error view = { oauth_word(status, why), str_of(why_sentence(why)) };
    struct buf out = buf_new(c->visit.mem, 256);
    json_write(&out, oauth_error_fields, &view);
    reply_text(c, status, "application/json", buf_str(&out));
    c->reply.code = why_code(why);
    c->reply.no_store = true;
}

/* RFC 6749 5.2: a challenge "matching the authentication scheme used by the client". */
static void challenge_client(struct call *c)
{
    bool bearer = str_starts(call_header(c, "Authorization"), STR("Bearer "));
    reply_header(c, "WWW-Authenticate",
                 arena_printf(c->visit.mem, "%s realm=\"%.*s\"%s", bearer ? "Bearer" : "Basic", STR_ARG(c->realm),
                              bearer ? ", error=\"invalid_token\"" : ", charset=\"UTF-8\""));
}

/* RFC 9470 3: the one error, with acr_values for a sign-in that is too weak and max_age for one that is too long ago. */
static struct str step_up_error(const struct call *c, const struct note *told)
{
    struct buf out = buf_new(c->visit.mem, 128);
    buf_add(&out, STR(", error=\"insufficient_user_authentication\""));
    if (told->acr != NULL)
        buf_printf(&out, ", acr_values=\"%s\"", told->acr);
    if (told->max_age_s > 0)
        buf_printf(&out, ", max_age=\"%lld\"", (long long)told->max_age_s);
    return buf_str(&out);
}

/* RFC 6750 3, RFC 9449 7.1, RFC 9470 3: which error a challenge names; absent: none. */
static struct str challenge_error(const struct call *c, enum why why)
{
    if (why == WHY_DPOP_USE)
        return STR(", error=\"invalid_dpop_proof\"");
    if (why == WHY_NONCE_USE)
        return STR(", error=\"use_dpop_nonce\"");
    if (why == WHY_TOKEN_INVALID || why == WHY_TOKEN_EXPIRED || why == WHY_SESSION_ENDED)
        return STR(", error=\"invalid_token\"");
    if (why == WHY_ACR_TOO_LOW || why == WHY_SIGNIN_NOT_RECENT)
        return step_up_error(c, note_get());
    if (why == WHY_SCOPE_MISSING) /* RFC 6750 3.1: 403, with the scope that would do */
        return arena_printf(c->visit.mem, ", error=\"insufficient_scope\", scope=\"%.*s\"", STR_ARG(c->asked));
    return STR("");
}

/* RFC 9449 7.2: both schemes are offered, and "the corresponding challenge SHOULD be used to deliver error information".  A request
 * without a token gets the bare challenges. */
static void challenge_user(struct call *c, enum why why)
{
    struct str error = challenge_error(c, why);
    struct buf out = buf_new(c->visit.mem, 128);
    if (!c->dpop_only)
        buf_printf(&out, "Bearer realm=\"%.*s\"", STR_ARG(c->realm));
    if (!c->dpop_only && !c->shows_dpop)
        buf_add(&out, error);
    buf_printf(&out, "%sDPoP realm=\"%.*s\"", c->dpop_only ? "" : ", ", STR_ARG(c->realm));
    if (c->dpop_only || c->shows_dpop)
        buf_add(&out, error);
    buf_printf(&out, ", algs=\"%.*s\"", STR_ARG(c->dpop_algs));
    reply_header(c, "WWW-Authenticate", buf_str(&out));
}

static void challenge(struct call *c, enum why why)
{
    if (why == WHY_CLIENT_REFUSED)
        challenge_client(c);
    else
        challenge_user(c, why);
}

void problem(struct call *c, enum err end)
{
    const struct note *note = note_get();
    bool faulty = end == ERR_INVALID && c->faults.count > 0;
    enum why why = faulty ? WHY_VALIDATION : note->why;
    /* A note of another category is left over from a callee that was recovered from: it does not speak of this end. */
    if (why_end(why) != end)
        why = WHY_NONE;
    unsigned status = faulty ? 422 : problem_status(end);
    if (!faulty)
        c->faults.count = 0;
    if (c->route != NULL && c->route->oauth)
        write_oauth_error(c, status, why);
    else
        write_problem(c, status, why == WHY_NONE && status != 500 ? "refused" : why_code(why),
                      why == WHY_NONE && status != 500 ? err_meaning(end) : why_sentence(why));
    if (status == 401 || why == WHY_SCOPE_MISSING)
        challenge(c, why);
    if (status == 429 || status == 503)
        reply_header(c, "Retry-After",
                     arena_printf(c->visit.mem, "%ld", note->retry_after_s > 0 ? note->retry_after_s : 1));
}
