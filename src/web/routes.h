/* Every address of the page face, for people in a browser.
 *
 * Threads  any worker.
 */
#pragma once
#include "http/server.h"

extern const struct route web_routes[];
extern const size_t web_routes_count;

/* For server_face: a page for who came with a browser to an address that is none. */
void web_missing(struct call *c);
