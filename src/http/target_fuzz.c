/* What an address can do to us: routes, escapes, queries. */
#include "http/query.h"
#include "http/route.h"

struct query_params {
    struct str q;
    int64_t limit;
    bool active;
    struct marks marks;
};
static const struct field fields[] = { FIELD(struct query_params, q, 1, 8), FIELD(struct query_params, limit, 1, 200),
                                       FIELD(struct query_params, active, 0, 1),
                                       FIELD(struct query_params, marks, 0, 0), FIELD_END };

static const struct route table[] = { { .method = GET, .path = "/users/{id}" },
                                      { .method = GET, .path = "/users/me" },
                                      { .method = POST, .path = "/users" },
                                      { .method = GET, .path = "/a/{x}/b/{y}" } };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct str query = { (const char *)data, size }, path = { 0 };
    struct routes *routes = routes_open(table, 4);
    struct route_match match;
    struct query_params out = { 0 };
    struct faults faults = { 0 };
    str_split(&query, '?', &path);
    if (route_find(routes, mem, GET, path, &match) == OK && match.route != NULL)
        for (size_t i = 0; i < ROUTE_PARAMS_MAX; i++)
            if (!str_utf8_ok(match.params[i]))
                __builtin_trap();
    routes_drop(&routes);
    const enum err strict = query_read(mem, query, fields, QUERY_REFUSES_STRANGERS, &out, &faults);
    if (strict == OK && (out.q.len > 8 || out.limit > 200))
        __builtin_trap();
    struct query_params same = { 0 };
    struct faults fewer = { 0 };
    const enum err loose = query_read(mem, query, fields, QUERY_PASSES_STRANGERS, &same, &fewer);
    if ((strict == OK && loose != OK) || (loose == OK && (same.q.len > 8 || same.limit > 200)))
        __builtin_trap();
    return 0;
}
