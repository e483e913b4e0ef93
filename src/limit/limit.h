/* Tries per account and per address prefix: token buckets in tables of fixed size, and for several nodes in their database.
 *
 * Owns     one table of LIMIT_SLOTS buckets for each kind, keyed by a keyed hash of the subject.  The memory is
 * bounded, whatever comes, and pages that nobody touched cost nothing.  When a set is full, the bucket gives way that
 *          would be full again first, so one under attack stays.
 * Nodes    a try that this node's memory lets pass is asked of the database too, so all nodes together grant no more than one would:
 *          burst and what has come back meanwhile.  Clocks that differ by s seconds add s / refill_s tries.  What the memory
 *          refuses never reaches the database, so a flood at one node does not become one of statements.
 * Units    refill is seconds per try; addresses count by /24 (IPv4) and /56 (IPv6).
 * Threads  any.
 * Ends     ERR_BUSY, ERR_INTERNAL: the database can't be asked; the try is not granted.
 * Time     comes from the visit.  A clock that steps back makes nobody wait longer than refill_s.
 * Source   OWASP ASVS 5.0 6.3.1 (throttling), threat model AC3, AC4, AC7: unknown names are counted alike.
 */
#pragma once
#include "base/err.h"
#include "base/visit.h"
#include "crypto/mac.h"
#include "store/store.h"

#define LIMIT_SLOTS 16384 /* buckets of one kind, 16 bytes each */
#define LIMIT_WAYS  8     /* buckets of one set: the places where a subject's bucket may lie */

enum limit_kind {
    LIMIT_NONE,
    LIMIT_SIGNIN_NET,     /* sign-ins of one address prefix */
    LIMIT_SIGNIN_ACCOUNT, /* sign-ins under one typed name */
    LIMIT_SIGNUP_NET,     /* sign-ups of one address prefix */
    LIMIT_SIGNUP_ACCOUNT, /* sign-ups for one address or user name */
    LIMIT_CEREMONY_NET,   /* halves of ceremonies with passkeys, from one address prefix */
    LIMIT_PASSWORD_CHECK, /* tries of an account's own session at its current password */
    LIMIT_SECOND_STEP,    /* tries of an account at its second factor, its password or a passkey being right */
    LIMIT_CODE_CHECK,     /* tries of an account's own session at a code of its authenticator app */
    LIMIT_CLIENT_NET,     /* failed authentications of services, from one address prefix */
    LIMIT_CLIENT_TOKEN,   /* tokens that one service gets for itself */
    LIMIT_AUDIT_NET,      /* audit rows for refusals of nobody in particular: past it they are only counted */
    LIMIT_KINDS
};

struct limit_rule {
    const char *name;
    int64_t burst;    /* tries at once */
    int64_t refill_s; /* seconds until one try comes back */
    bool own;         /* each node counts for itself */
};
extern const struct limit_rule limit_rules[LIMIT_KINDS];

struct limits;

/* on false: nobody is refused and nothing is counted.  shared: what the nodes count in together, NULL for one node alone; borrowed.
 * key: of the subjects' digests there, the same on every node. */
struct limits *limits_open(bool on, struct store *shared, const struct mac_key *key);
void limits_drop(struct limits **limits);

/* Take one try of this visit's address prefix.  Ends: ERR_LIMITED (WHY_RATE_LIMITED with the seconds to wait). */
FALLIBLE limit_take_net(struct limits *l, enum limit_kind kind, const struct visit *v);
/* Take one try of a subject: the canonical typed name, known or not. */
FALLIBLE limit_take_subject(struct limits *l, enum limit_kind kind, const struct visit *v, struct str subject);
/* Give a try back after a success. */
void limit_give_net(struct limits *l, enum limit_kind kind, const struct visit *v);
void limit_give_subject(struct limits *l, enum limit_kind kind, const struct visit *v, struct str subject);

/* Forget what the nodes counted together and is full again.  Every minute or so. */
FALLIBLE limits_purge(struct limits *l, int64_t now_us);

uint64_t limits_refused(const struct limits *l, enum limit_kind kind); /* so far, for /metrics */
