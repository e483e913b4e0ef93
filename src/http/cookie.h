/* Cookies: read one that came, set one, take it away.
 *
 * Threads  any.
 * Sources  RFC 6265 4.2.1 (Cookie: pairs separated by "; "), 5.3; draft-ietf-httpbis-rfc6265bis 4.1.3.2 (__Host-: Secure, Path=/, no
 *          Domain, so that no sibling host can set or read it), 4.1.2.7 (SameSite).
 */
#pragma once
#include "http/call.h"

/* header: of the request, absent or not.  Ends: ERR_MISSING (none of this name), ERR_INVALID (several, which only an attack sends). */
FALLIBLE cookie_find(struct str header, struct str name, struct str *value);

/* HttpOnly; Secure; SameSite=Strict; Path=/.  name begins with "__Host-"; value: of base64url, or empty to take the cookie away. */
void cookie_set(struct call *c, struct str name, struct str value, int64_t max_age_s);
