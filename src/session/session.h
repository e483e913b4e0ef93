/* Signed-in devices: open, renew, end.
 *
 * Owns     nothing; rows lie in the visit's arena.
 * Units    _ttl_s is seconds; moments are microseconds.
 * Threads  any, with a transaction of one's own.
 * Sources  NIST SP 800-63B-4 5.1 (session secrets), 5.2 (both time-outs end the session on the server); RFC 9700 2.2.2, 4.14.2
 *          (refresh token rotation, and what a second use means).
 */
#pragma once
#include "base/visit.h"
#include "store/sessions.h"

#define SESSION_GRACE_S 10 /* how long a retry of a spent refresh token may still be an honest one */

/* Until when a session lives, from its sign-in and from its newest refresh. */
struct session_life {
    int64_t absolute_ttl_s, idle_ttl_s;
};

/* A new session of a user who has just signed in with the factors of amr (comma-separated, RFC 8176 words). */
struct session_start {
    int64_t user_id;
    struct str amr, acr;
    struct session_life life;
    bool is_web;
    struct str jkt; /* absent: not bound to a DPoP key */
};
FALLIBLE session_open(struct tx *tx, const struct visit *v, const struct session_start *start, struct session_row *out);

/* What a genuine refresh token is that could not be spent. */
enum session_spent {
    SESSION_RETRIED, /* a moment ago by the same client, whose answer may have been lost: it gets the same successor */
    SESSION_REUSED,  /* before: somebody has a copy */
    SESSION_OVER,    /* the session has ended or expired */
};
/* Spend token `number` of *row, and bring *row up to date: the good token is row->refresh_number then.
 * Ends: ERR_CONFLICT, here or by the commit: it was not the good one, and nothing has changed. */
FALLIBLE session_spend(struct tx *tx, const struct visit *v, const struct session_life *life, int64_t number,
                       struct session_row *row);
/* Then: what is it?  *row is read anew; after SESSION_RETRIED the good token is row->refresh_number.  Nothing is changed. */
FALLIBLE session_look(struct tx *tx, const struct visit *v, int64_t number, struct session_row *row,
                      enum session_spent *out);

/* Would session_spend take it now, as the good one or as a retry?  Nothing is changed. */
bool session_takes(const struct visit *v, int64_t number, const struct session_row *row);

/* End one, every one, or every other session of an account; ended: how many.  Ending an ended one is no failure. */
FALLIBLE session_end(struct tx *tx, const struct visit *v, struct str id, struct str reason);
FALLIBLE session_end_all(struct tx *tx, const struct visit *v, int64_t user_id, struct str reason);
FALLIBLE session_end_others(struct tx *tx, const struct visit *v, const struct session_row *but, struct str reason,
                            int64_t *ended);
/* End an open session of this account.  Ends: ERR_MISSING (WHY_SESSION_MISSING: it has none of this id). */
FALLIBLE session_end_of(struct tx *tx, const struct visit *v, int64_t user_id, struct str id, struct str reason);

/* The user of *row has just signed in again, at this level: bring it up to date.  The refresh tokens of before are void, and no sign of
 * theft when they come: what is stronger must not be reached by what was weaker (checklists 6).
 * Ends: ERR_UNAUTHENTICATED (WHY_SESSION_ENDED). */
FALLIBLE session_raise(struct tx *tx, const struct visit *v, const struct session_life *life, struct str amr,
                       struct str acr, struct session_row *row);

/* Is this one of its words? */
bool session_has(const struct session_row *row, struct str amr);
/* The words of `before` that still hold beside those of a new sign-in; lies in mem.  A recovery code does not: it only served. */
struct str session_amr_join(struct arena *mem, struct str before, struct str fresh);

/* "pwd,otp" -> items; lies in mem. */
struct strs session_amr(struct arena *mem, const struct session_row *row);

bool session_usable(const struct session_row *row, int64_t now_us);
/* The moment from which on it is not, when nobody spends its refresh token. */
int64_t session_until(const struct session_row *row);
