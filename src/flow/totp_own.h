/* What the stories of authenticator apps share.  Of this room. */
#pragma once
#include "flow/second_step.h"
#include "flow/totp.h"
#include "store/totp.h"

/* The column that a box is for: one never opens as the other, nor that of another account. */
#define TOTP_SECRET  "totp.secret"
#define TOTP_PENDING "totp.pending"

#define TOTP_UNREADABLE "unreadable" /* the box can't be opened; that is logged */

extern const struct factor_shown totp_shown; /* what a code of an app shows */

struct secret totp_sealing(const struct secret *master);
/* The same secrets under another key, in mem.  Ends: ERR_INVALID, ERR_DENIED (one can't be opened; nothing is changed). */
FALLIBLE totp_move(struct arena *mem, const struct secret *from, const struct secret *to, struct totp_boxes *boxes);
FALLIBLE totp_seal(struct services *at, const struct visit *v, struct str user, const char *column,
                   const struct secret *secret, struct str *box);
/* Find the code's step, and keep in mind how far the app's clock is from ours.
 * Ends: ERR_DENIED (the note's text is the reason for the audit: "code", "clock", TOTP_UNREADABLE), ERR_INTERNAL. */
FALLIBLE totp_judge(struct services *at, const struct visit *v, const struct user_row *user, const char *column,
                    struct str box, const struct totp_code *code, struct secret *secret, int64_t *step);
