/* How a call ends: a few categories to branch on, one sentence for the log, one reason for the caller.
 *
 * Owns     the last sentence and reason of each thread; both are overwritten by the next fail() or refuse().
 * Threads  any; each thread has its own note.
 */
#pragma once
#include "base/why.h"

#include <stdint.h>

#define ERR_LIST(X)                                                                                                    \
    X(ERR_INVALID, "malformed, or out of bounds")                                                                      \
    X(ERR_UNAUTHENTICATED, "who is calling is not known")                                                              \
    X(ERR_DENIED, "does not match, or may not")                                                                        \
    X(ERR_MISSING, "no such thing")                                                                                    \
    X(ERR_CONFLICT, "already there, or changed")                                                                       \
    X(ERR_EXPIRED, "was good once")                                                                                    \
    X(ERR_LIMITED, "too many tries")                                                                                   \
    X(ERR_BUSY, "full for the moment")                                                                                 \
    X(ERR_INTERNAL, "a dependency failed; see log")

#define ERR_NAME(name, meaning) name,
enum err { OK = 0, ERR_LIST(ERR_NAME) };

#define MUST_CHECK __attribute__((warn_unused_result))
#define FALLIBLE   MUST_CHECK enum err

/* Leave the function with the callee's end unless it is OK.  The only macro that hides control flow. */
#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        enum err end_ = (call);                                                                                        \
        if (end_ != OK)                                                                                                \
            return end_;                                                                                               \
    } while (0)

/* A thing that must be closed carries this where it is born: AUTO(tx) struct tx *tx = NULL; */
#define AUTO(kind) __attribute__((cleanup(kind##_drop)))

#define ERR_TEXT_MAX 256 /* bytes of the sentence, terminator included; longer is cut */

/* Keep one sentence for the log (printf form, %m allowed) and return end.  Never a secret in it. */
FALLIBLE fail(enum err end, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Keep the reason that the caller is told and return its category. */
FALLIBLE refuse(enum why why);

/* The same for a wait: the caller is told to come back after retry_after_s seconds (at least 1). */
FALLIBLE refuse_for(enum why why, long retry_after_s);

/* The same with one word for the audit trail, which the caller is not told. */
FALLIBLE refuse_with(enum why why, const char *word);

/* The same for a sign-in that is too weak or too long ago: what would do.  acr: lives for ever, or NULL; max_age_s: or 0. */
FALLIBLE refuse_until(enum why why, const char *acr, int64_t max_age_s);

struct note {
    char text[ERR_TEXT_MAX]; /* for the log; "" when none */
    enum why why;            /* WHY_NONE when none */
    long retry_after_s;      /* 0 when none */
    const char *acr;         /* NULL when none */
    int64_t max_age_s;       /* 0 when none */
};

/* This thread's note; borrowed until the next fail, refuse or note_clear of the thread. */
const struct note *note_get(void);
void note_clear(void);
void note_put(const struct note *note); /* back to an earlier one */

enum err why_end(enum why why);         /* its category */
const char *why_code(enum why why);     /* the stable word */
const char *why_sentence(enum why why); /* for people */

const char *err_name(enum err end);    /* "ERR_DENIED" */
const char *err_meaning(enum err end); /* "does not match, or may not" */

/* Out of memory and broken invariants: one line on stderr, then abort(). */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
