/* Do the clocks of authenticator apps agree with ours?  Each code that fits at all says how far its app is from us.
 *
 * A wrong clock of ours shows in many accounts at once; a wrong one of an app in its own account alone.  So what is kept is the newest
 * distance of each of the last DRIFT_ACCOUNTS accounts, and the operator is told when more than half of them, and at least DRIFT_LEAST,
 * show codes that come too early or too late.
 *
 * Owns     struct drift, dropped by drift_drop.
 * Units    steps of 30 s, positive where apps are ahead of us.
 * Threads  any.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define DRIFT_ACCOUNTS 16
#define DRIFT_LEAST    4

struct drift;

struct drift *drift_open(void);
void drift_drop(struct drift **drift);

/* A genuine code came from this far away; timely: near enough to be taken. */
void drift_note(struct drift *drift, int64_t user_id, int distance, bool timely);
/* Is there something to tell?  True once when our clock begins to look wrong, and again only after it has looked right. */
bool drift_news(struct drift *drift);

struct drift_figures {
    uint64_t timely, early, late; /* codes so far */
    int middle;                   /* median of the distances that are kept; 0: none are */
};
void drift_figures(struct drift *drift, struct drift_figures *out);
