/* The answer that hands tokens out, of every route that does.
 *
 * Threads  a worker of the route's lane.
 */
#pragma once
#include "flow/signin.h"
#include "http/call.h"

/* is_web: the refresh token goes into the page's cookie instead of the body. */
enum err reply_tokens(struct call *c, bool is_web, struct tokens *tokens);
