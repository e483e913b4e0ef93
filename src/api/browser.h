/* Clients that are pages in a browser: the refresh token lies in a cookie that no script can read.
 *
 * A page says so with "X-Postern-Client: web".  Three locks on that cookie hold each by itself: SameSite=Strict keeps the browser from
 * sending it from elsewhere, Origin and Sec-Fetch-Site tell where a request came from, and the header itself needs leave that
 * we give to no other origin (CORS).
 *
 * Threads  a worker of the route's lane.
 * Sources  RFC 6265, RFC 6454 7 (Origin), W3C Fetch Metadata (Sec-Fetch-Site), OWASP ASVS 5.0 3.3, 3.5.
 */
#pragma once
#include "flow/signin.h"
#include "http/call.h"

#define BROWSER_COOKIE "__Host-postern-refresh"

/* Is it one?  Then it must be a page of this very service.  Ends: ERR_DENIED (WHY_CROSS_SITE). */
FALLIBLE browser_admit(struct call *c, bool *is_web);

/* The token in the cookie.  Ends: ERR_UNAUTHENTICATED (WHY_REFRESH_INVALID: there is none, or more than one). */
FALLIBLE browser_token(struct call *c, struct str *refresh_token);
/* The same in a request that a proxy asks about.  It may be a GET, which has no Origin; so only the browser's own word counts.
 * Ends: ERR_UNAUTHENTICATED (WHY_TOKEN_MISSING; WHY_REFRESH_INVALID: more than one), ERR_DENIED (WHY_CROSS_SITE). */
FALLIBLE browser_token_shown(struct call *c, struct str *refresh_token);
/* From the answer into the cookie: tokens->refresh_token is absent afterwards. */
void browser_keep(struct call *c, struct tokens *tokens);
void browser_forget(struct call *c);
