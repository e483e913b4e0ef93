/* The client data: what the browser says of the page that asked.
 *
 * Owns     nothing: text lies in the caller's arena.
 * Threads  any.
 * Sources  WebAuthn Level 3 5.8.1 (CollectedClientData), 5.8.1.2 (what a parser must get along with: unknown members, any
 *          order, blanks); Encoding Standard, UTF-8 decode (one byte order mark in front is dropped).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#define CLIENT_DATA_MAX 8192 /* bytes; browsers write some 200 */

struct client_data {
    struct str type, challenge, origin; /* absent when they did not come, or not as strings */
    struct str top_origin;              /* absent when it did not come */
    bool cross_origin;                  /* false when it did not come */
};

/* Step 5 of registration, 8 of assertions: text of the bytes.  Ends: ERR_INVALID (no UTF-8, too long). */
FALLIBLE client_data_decode(struct str bytes, struct str *text);
/* Step 6 and 9.  Ends: ERR_INVALID (no strict JSON object; crossOrigin or topOrigin of another type). */
FALLIBLE client_data_parse(struct arena *mem, struct str text, struct client_data *out);
