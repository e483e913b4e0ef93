/* What goes down below the faces: who asks, when, and the memory to answer in.
 *
 * Owns     nothing; lives as long as the request.
 * Units    now_us is Unix time in microseconds UTC.
 */
#pragma once
#include "base/arena.h"

#define ADDRESS_TEXT_MAX 46 /* bytes of an address in text, INET6_ADDRSTRLEN */

struct address {
    uint8_t bytes[16]; /* IPv6, or IPv4 mapped into it (RFC 4291 2.5.5.2) */
};

struct visit {
    struct arena *mem;
    int64_t now_us;
    struct address peer;      /* of the client, after trusted proxies */
    struct str peer_text;     /* the same in text */
    struct str request_id;    /* 1 to 64 of [A-Za-z0-9._-] */
    struct str method, route; /* "GET", the template "/users/{id}"; for the audit trail */
    struct str user_agent;    /* at most 256 bytes, printable; absent when none */
};

int64_t visit_now_s(const struct visit *v); /* Unix seconds UTC */
