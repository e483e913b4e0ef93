/* The framing guard: what the HTTP library lets through and a proxy in front might read otherwise (request smuggling).
 *
 * Threads  any.
 * Sources  RFC 9112 6.1, 6.3 (Content-Length and Transfer-Encoding), 5.1 (no blank before the colon), 5.2 (no folded lines); RFC 9110 5.1 (names are
 *          tokens), 5.5 (no control characters in values), 7.2 (one Host).
 */
#pragma once
#include "http/call.h"

#define FRAMING_HEAD_MAX   (8U * 1024) /* bytes of request line and header fields */
#define FRAMING_FIELDS_MAX 64          /* header fields */

struct MHD_Connection;

enum framing { FRAMING_OK, FRAMING_BAD, FRAMING_TOO_LARGE };

struct framing_head {
    bool has_body;
    bool chunked;
    int64_t content_length; /* -1: none given */
};

/* All field lines as the library has them, in their order; the list lies in mem. */
struct field_lines framing_fields(struct MHD_Connection *connection, struct arena *mem);

/* method and version ("HTTP/1.1"): the library's own views of what it read, no copies.  target: the address as it came; read_at:
 * where the library read it, which has cut its query apart meanwhile.  fields: as framing_fields gave them. */
enum framing framing_check(struct MHD_Connection *connection, struct str method, struct str target, const char *read_at,
                           struct str version, const struct field_lines *fields, struct framing_head *out);
