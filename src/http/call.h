/* One request on its way through the faces: what came, who asks, what is answered.  It stops at the faces.
 *
 * Owns     nothing: everything lies in visit.mem, which is dropped after the reply was sent.
 * Threads  one at a time: a worker of the route's lane.
 * Sources  RFC 9110 (statuses, header fields), RFC 9457 (problem documents).
 */
#pragma once
#include "base/visit.h"
#include "http/route.h"

struct services; /* what the worker works with; the face knows it */
struct caller;   /* who was recognised; the face fills it */
struct server;   /* that took the call; for its figures */

/* A field line of the request (RFC 9110 5): borrowed from what the library read. */
struct field_line {
    struct str name, value;
};

struct field_lines {
    struct field_line *items;
    size_t count;
};

#define REPLY_HEADERS_MAX 12

struct header {
    const char *name;
    struct str value;
};

struct reply {
    unsigned status; /* 0: none yet */
    const char *content_type;
    struct str body;
    bool no_store;        /* holds tokens or personal data */
    const char *policy;   /* Content-Security-Policy of a page; NULL: the one for answers that are no pages */
    const char *encoding; /* Content-Encoding, when the body is stored compressed */
    const char *code;     /* of a problem, for log and metrics */
    struct header headers[REPLY_HEADERS_MAX];
    size_t header_count;
};

struct call {
    const struct route *route;
    struct visit visit;
    struct services *services;
    struct server *server;
    struct str params[ROUTE_PARAMS_MAX];
    void *body;  /* the route's struct, checked */
    void *query; /* the same for the address */
    struct faults faults;
    struct caller *caller;
    struct str path;      /* as it came, still percent-encoded, without the query */
    struct str realm;     /* for WWW-Authenticate */
    struct str asked;     /* there too: the scope that a route demands; without quotes and control characters */
    struct str dpop_algs; /* the same: what a DPoP proof may be signed with */
    bool dpop_only;       /* access tokens are not taken as Bearer */
    bool shows_dpop;      /* the request's access token came as DPoP */
    struct reply reply;
    struct field_lines fields;
    int64_t wait_until_ns; /* of call_wait; 0: it has not waited yet */
    bool waits;
};

/* Nothing to tell yet: true when the call may wait, for so many seconds from its first asking on.  The handler then returns
 * OK without a reply, and is run again, by another thread, until it replies or this is false: then it must reply now. */
bool call_wait(struct call *c, int64_t seconds);

/* A request header; absent when it did not come.  When it came twice: absent too. */
struct str call_header(const struct call *c, const char *name);
/* One whose value is a list: all that came under the name, joined by commas (RFC 9110 5.3). */
struct str call_header_list(const struct call *c, const char *name);
/* Has the caller what this tag names already?  By If-None-Match, with the weak comparison (RFC 9110 13.1.2). */
bool call_has_tag(const struct call *c, struct str tag);

/* 2xx with a struct written over its table. */
enum err reply(struct call *c, unsigned status, const struct field *view, const void *from);
enum err reply_text(struct call *c, unsigned status, const char *content_type, struct str body);
enum err reply_empty(struct call *c, unsigned status);
/* value: without control characters; anything else ends the process, since it would split the answer. */
void reply_header(struct call *c, const char *name, struct str value);
/* Nobody may keep this answer (RFC 9111 5.2.2.5). */
void reply_no_store(struct call *c);

/* The problem document of an end, from the thread's note; faults of the call go into errors. */
void problem(struct call *c, enum err end);
/* A problem of the transport itself, before any route. */
void problem_http(struct call *c, unsigned status, const char *code, const char *detail);
unsigned problem_status(enum err end);
const char *status_title(unsigned status);
