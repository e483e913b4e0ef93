/* The one gate through which tokens are issued.  Only for the flows of this room. */
#pragma once
#include "flow/signin.h"
#include "session/session.h"

/* Sign an access token for this session of this account, make its good refresh token, and fill the answer. */
FALLIBLE tokens_issue(struct services *at, const struct visit *v, const struct user_row *user,
                      const struct session_row *session, struct tokens *out);

/* As it is configured. */
struct session_life tokens_session_life(const struct services *at);
