/* A row of the routes table: every address, and what stands before its handler.
 *
 * Owns     nothing: tables are constant.
 * guard and limit are words of the face that owns the table; this room only carries them.
 */
#pragma once
#include "base/err.h"
#include "base/arena.h"
#include "base/field.h"

struct call;

enum method { GET, POST, PATCH, DELETE, METHODS };

/* Where a request runs: in the event loop's worker, or on the lane for what hashes a password. */
enum lane { FAST, SLOW };

typedef enum err (*handler)(struct call *c);

struct body_shape {
    const struct field *fields; /* NULL: the route takes no body */
    size_t size;                /* bytes of the struct */
};

struct route {
    enum method method;
    const char *path; /* "/users/{id}": a part in braces takes one segment */
    int guard, limit;
    enum lane lane;
    struct body_shape body, query; /* query: like a body, from the address */
    handler run;
    const char *does; /* one line for the documents */
    bool collects;    /* the handler runs with faults too, adds its own and refuses: all of them at once */
    bool oauth;       /* as RFC 6749 has it: the body is a form, and a refusal {"error","error_description"} */
    bool is_page;     /* links of all kinds lead here: query parameters that are not in the table are passed over */
};

#define NO_BODY                                                                                                        \
    {                                                                                                                  \
        NULL, 0                                                                                                        \
    }
#define SHAPE(table, type)                                                                                             \
    {                                                                                                                  \
        (table), sizeof(type)                                                                                          \
    }

#define ROUTE_PARAMS_MAX 2

struct route_match {
    const struct route *route;           /* NULL: the path is known but not with this method, or not at all */
    struct str params[ROUTE_PARAMS_MAX]; /* percent-decoded, in the arena */
    unsigned methods;                    /* bit per method that the path takes; 0: unknown path */
};

/* A table made ready to be searched; it borrows the rows. */
struct routes;
struct routes *routes_open(const struct route *table, size_t count);
void routes_drop(struct routes **routes);

/* path: as it came, still percent-encoded, without the query.  method -1: one that we do not know.
 * Ends: ERR_INVALID (a broken escape, %00, not UTF-8). */
FALLIBLE route_find(const struct routes *routes, struct arena *mem, int method, struct str path,
                    struct route_match *out);

const char *method_name(enum method method);
int method_of(struct str name); /* -1: unknown; HEAD counts as GET */

/* Percent-decode one path segment or query part; plus_is_space for queries.  Ends: ERR_INVALID. */
FALLIBLE percent_decode(struct arena *mem, struct str text, bool plus_is_space, struct str *out);
