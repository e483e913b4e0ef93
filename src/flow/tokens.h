/* The one gate through which tokens are issued.  Only for the flows of this room. */
#pragma once
#include "flow/signin.h"
#include "session/session.h"

/* Sign an access token for this session of this account, and fill the answer but for the refresh token.  Takes as long as a
 * signature, so not while others wait for the turn to write; what was signed is given to nobody before the commit. */
FALLIBLE tokens_sign(struct services *at, const struct visit *v, const struct user_row *user,
                     const struct session_row *session, struct tokens *out);
/* Add the good refresh token of the session as it is now. */
void tokens_renewable(struct services *at, const struct visit *v, const struct session_row *session,
                      struct tokens *out);
/* Both. */
FALLIBLE tokens_issue(struct services *at, const struct visit *v, const struct user_row *user,
                      const struct session_row *session, struct tokens *out);

/* As it is configured. */
struct session_life tokens_session_life(const struct services *at);
