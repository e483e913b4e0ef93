/* The one gate through which tokens are issued.  Only for the flows of this room. */
#pragma once
#include "flow/signin.h"
#include "session/session.h"
#include "token/jwt.h"

/* An access token for this session of this account but for its signature, and the answer but for its tokens.  Signing takes longer
 * than all statements, so it is done when others no longer wait for the turn to write: while the disk works. */
struct tokens_draft {
    struct tokens tokens;
    struct jwt_draft access;
};
FALLIBLE tokens_draft_make(struct services *at, const struct visit *v, const struct user_row *user,
                           const struct session_row *session, struct tokens_draft *out);
FALLIBLE tokens_draft_sign(struct tokens_draft *draft, struct tokens *out); /* ends: ERR_INTERNAL */
void tokens_draft_drop(struct tokens_draft *draft);                         /* zeroed is fine */
/* Add the good refresh token of the session as it is now. */
void tokens_renewable(struct services *at, const struct visit *v, const struct session_row *session,
                      struct tokens *out);
/* Both. */
FALLIBLE tokens_issue(struct services *at, const struct visit *v, const struct user_row *user,
                      const struct session_row *session, struct tokens *out);

/* As it is configured. */
struct session_life tokens_session_life(const struct services *at);
