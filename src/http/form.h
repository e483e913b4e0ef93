/* application/x-www-form-urlencoded: bodies of the OAuth routes, and the two halves of their Basic credentials.
 *
 * Owns     nothing; strings lie in mem.
 * Bounds   FORM_PAIRS_MAX pairs; the body itself is bounded by the server.
 * Sources  RFC 6749 3.2 (what is not known is ignored, nothing comes twice, an empty value is none), 2.3.1 (both halves are
 *          encoded), Appendix B; RFC 7617 2 (Basic).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/field.h"

#define FORM_PAIRS_MAX 32

/* Only strings.  Ends: ERR_INVALID (WHY_OAUTH_REQUEST: a broken escape, NUL, no UTF-8, a name that comes twice, too many
 * pairs, a value out of its bounds, one that is missing).  out is then partly filled. */
FALLIBLE form_read(struct arena *mem, struct str text, const struct field *table, void *out);

/* The value of an Authorization header behind "Basic ".  Ends: ERR_INVALID (not base64 in its one form, no colon, a
 * broken escape). */
FALLIBLE basic_read(struct arena *mem, struct str credentials, struct str *id, struct str *secret);
