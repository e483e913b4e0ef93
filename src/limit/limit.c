#include "limit/limit.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/why.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "store/buckets.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define DISORDER_US (30 * SECOND_US) /* longer than a request may take to arrive */
#define SETS        (LIMIT_SLOTS / LIMIT_WAYS)
#define LOCKS       64 /* a set is guarded by lock number set % LOCKS, whatever its kind */

/* clang-format off */
const struct limit_rule limit_rules[LIMIT_KINDS] = {
    /*                        name              burst  refill_s  own */
    [LIMIT_NONE]           = { "none",              0,        0 },
    [LIMIT_SIGNIN_NET]     = { "signin_net",       30,        2 },
    [LIMIT_SIGNIN_ACCOUNT] = { "signin_account",   10,       30 },
    [LIMIT_SIGNUP_NET]     = { "signup_net",       20,       10 },
    [LIMIT_SIGNUP_ACCOUNT] = { "signup_account",    5,       60 },
    [LIMIT_CEREMONY_NET]   = { "ceremony_net",     60,        1 },
    [LIMIT_PASSWORD_CHECK] = { "password_check",    5,       60 },
    [LIMIT_SECOND_STEP]    = { "second_step",      10,      300 },
    [LIMIT_CODE_CHECK]     = { "code_check",        5,       30 },
    [LIMIT_CLIENT_NET]     = { "client_net",       30,        2 },
    [LIMIT_CLIENT_TOKEN]   = { "client_token",     60,        1 },
    [LIMIT_AUDIT_NET]      = { "audit_net",        60,        1, true },
};
/* clang-format on */

/* A token bucket as one moment: when it will be full again.  Each try moves that moment refill_s further away; a try is
 * refused when the moment would lie more than burst * refill_s ahead.  A moment in the past is a full bucket, and a
 * full bucket is the same as none. */
struct bucket {
    uint64_t subject; /* keyed hash; 0 for never used */
    int64_t full_us;
};

struct limits {
    bool on;
    struct store *shared; /* NULL: this node alone */
    struct mac_key shared_key;
    struct short_key key;
    pthread_mutex_t locks[LOCKS];
    _Atomic uint64_t refused[LIMIT_KINDS];
    _Atomic int64_t latest_us; /* the latest moment of a try */
    struct bucket buckets[LIMIT_KINDS][SETS][LIMIT_WAYS];
};

/* What a subject's bucket is reached by. */
struct place {
    uint64_t subject;
    struct bucket *set;
    pthread_mutex_t *lock;
};

struct limits *limits_open(bool on, struct store *shared, const struct mac_key *key)
{
    /* Past malloc's threshold for mmap: zero pages until they are written to. */
    struct limits *l = calloc(1, sizeof *l);

    if (l == NULL)
        die("out of memory");
    l->on = on;
    l->shared = shared;
    if (shared != NULL)
        l->shared_key = *key;
    random_bytes(&l->key, sizeof l->key);
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_init(&l->locks[i], NULL);
    return l;
}

void limits_drop(struct limits **limits)
{
    if (limits == NULL || *limits == NULL)
        return;
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&(*limits)->locks[i]);
    wipe(&(*limits)->key, sizeof(*limits)->key);
    wipe(&(*limits)->shared_key, sizeof(*limits)->shared_key);
    free(*limits);
    *limits = NULL;
}

static struct place place_of(struct limits *l, enum limit_kind kind, struct str subject)
{
    uint64_t hash = short_hash(&l->key, subject);
    size_t set = hash % SETS;

    return (
        struct place){ .subject = hash != 0 ? hash : 1, .set = l->buckets[kind][set], .lock = &l->locks[set % LOCKS] };
}

static struct bucket *bucket_find(const struct place *at)
{
    for (size_t i = 0; i < LIMIT_WAYS; i++)
        if (at->set[i].subject == at->subject)
            return &at->set[i];
    return NULL;
}

/* The bucket that is full, or will be first: all of a set have the same rule, so it has also seen the fewest tries. */
static struct bucket *bucket_evict(const struct place *at)
{
    struct bucket *least = &at->set[0];

    for (size_t i = 1; i < LIMIT_WAYS; i++)
        if (at->set[i].full_us < least->full_us)
            least = &at->set[i];
    *least = (struct bucket){ .subject = at->subject };
    return least;
}

/* How far ahead of now the bucket is full again.  Never more than an empty bucket needs: else a clock that stepped back
 * would lock people out for as long as the step. */
static int64_t debt_us(const struct bucket *b, const struct limit_rule *rule, int64_t now_us)
{
    int64_t most = rule->burst * rule->refill_s * SECOND_US;
    int64_t debt = b->full_us > now_us ? b->full_us - now_us : 0;

    return debt < most ? debt : most;
}

/* A try brings the moment at which its request began, so tries of several threads come out of order; one that is a little
 * behind counts as of now, else the last of a burst would be refused for having begun before the first.  A clock that
 * really stepped back is believed.  Called under the lock of the subject. */
static int64_t in_order(struct limits *l, int64_t now_us)
{
    int64_t latest = atomic_load(&l->latest_us);

    while (now_us >= latest || latest - now_us > DISORDER_US)
        if (atomic_compare_exchange_weak(&l->latest_us, &latest, now_us))
            return now_us;
    return latest;
}

/* 0 when the try was there, else the microseconds until one is. */
static int64_t bucket_take(const struct place *at, const struct limit_rule *rule, int64_t now_us)
{
    struct bucket *b = bucket_find(at);
    int64_t debt, wait;

    if (b == NULL)
        b = bucket_evict(at);
    debt = debt_us(b, rule, now_us);
    wait = debt - (rule->burst - 1) * rule->refill_s * SECOND_US;
    b->full_us = now_us + debt + (wait > 0 ? 0 : rule->refill_s * SECOND_US);
    return wait > 0 ? wait : 0;
}

/* In this node's memory: the microseconds until a try is there, 0 when it was taken. */
static int64_t take_here(struct limits *l, enum limit_kind kind, int64_t now_us, struct str subject)
{
    struct place at = place_of(l, kind, subject);
    int64_t wait_us;

    pthread_mutex_lock(at.lock);
    wait_us = bucket_take(&at, &limit_rules[kind], in_order(l, now_us));
    pthread_mutex_unlock(at.lock);
    return wait_us;
}

static void give_here(struct limits *l, enum limit_kind kind, int64_t now_us, struct str subject)
{
    struct place at = place_of(l, kind, subject);
    struct bucket *b;

    pthread_mutex_lock(at.lock);
    b = bucket_find(&at);
    if (b != NULL)
        b->full_us = now_us + debt_us(b, &limit_rules[kind], now_us) - limit_rules[kind].refill_s * SECOND_US;
    pthread_mutex_unlock(at.lock);
}

/* What the nodes have counted together holds here as well. */
static void remember(struct limits *l, enum limit_kind kind, struct str subject, int64_t full_us)
{
    struct place at = place_of(l, kind, subject);
    struct bucket *b;

    pthread_mutex_lock(at.lock);
    b = bucket_find(&at);
    if (b != NULL && b->full_us < full_us)
        b->full_us = full_us;
    pthread_mutex_unlock(at.lock);
}

static bool is_shared(const struct limits *l, enum limit_kind kind)
{
    return l->shared != NULL && !limit_rules[kind].own;
}

static struct bucket_rule shared_rule(enum limit_kind kind)
{
    return (struct bucket_rule){ limit_rules[kind].refill_s * SECOND_US, limit_rules[kind].burst };
}

/* The kind's name and the subject under the nodes' key: nobody who reads the table can tell who is meant. */
static struct digest shared_subject(const struct limits *l, enum limit_kind kind, struct str subject)
{
    struct digest parts[2] = { mac_of(&l->shared_key, str_of(limit_rules[kind].name)),
                               mac_of(&l->shared_key, subject) };

    return mac_of(&l->shared_key, (struct str){ (const char *)parts, sizeof parts });
}

static FALLIBLE take_everywhere(struct limits *l, enum limit_kind kind, int64_t now_us, struct str subject,
                                int64_t *wait_us)
{
    struct digest digest = shared_subject(l, kind, subject);
    struct bucket_rule rule = shared_rule(kind);
    int64_t full_us = 0;
    enum err end = buckets_take(l->shared, &digest, &rule, now_us, &full_us);

    if (end != OK && end != ERR_LIMITED) {
        give_here(l, kind, now_us, subject);
        return end;
    }
    remember(l, kind, subject, full_us);
    if (end == ERR_LIMITED)
        *wait_us = full_us - now_us - (rule.burst - 1) * rule.refill_us;
    return OK;
}

static FALLIBLE take(struct limits *l, enum limit_kind kind, int64_t now_us, struct str subject)
{
    int64_t wait_us;

    if (!l->on || kind == LIMIT_NONE)
        return OK;
    wait_us = take_here(l, kind, now_us, subject);
    if (wait_us == 0 && is_shared(l, kind))
        TRY(take_everywhere(l, kind, now_us, subject, &wait_us));
    if (wait_us == 0)
        return OK;
    l->refused[kind]++;
    return refuse_for(WHY_RATE_LIMITED, (wait_us + SECOND_US - 1) / SECOND_US);
}

/* A try that can't be given back is one that somebody waits for, no more. */
static void give(struct limits *l, enum limit_kind kind, int64_t now_us, struct str subject)
{
    if (!l->on || kind == LIMIT_NONE)
        return;
    give_here(l, kind, now_us, subject);
    if (is_shared(l, kind)) {
        struct digest digest = shared_subject(l, kind, subject);
        struct bucket_rule rule = shared_rule(kind);
        enum err end = buckets_give(l->shared, &digest, &rule);
        (void)end;
    }
}

/* RFC 4291 2.5.5.2: ten bytes of zeros, two of ones, then the IPv4 address. */
static bool is_ipv4(const struct address *peer)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

    return memcmp(peer->bytes, mapped, sizeof mapped) == 0;
}

/* The network that one person can be taken to hold: an address with the rest of its prefix zeroed. */
static struct address net_of(const struct address *peer)
{
    struct address net = { 0 };

    memcpy(net.bytes, peer->bytes, is_ipv4(peer) ? 12 + 3 : 7);
    return net;
}

static struct str net_view(const struct address *net)
{
    return (struct str){ (const char *)net->bytes, sizeof net->bytes };
}

enum err limit_take_net(struct limits *l, enum limit_kind kind, const struct visit *v)
{
    struct address net = net_of(&v->peer);

    return take(l, kind, v->now_us, net_view(&net));
}

enum err limit_take_subject(struct limits *l, enum limit_kind kind, const struct visit *v, struct str subject)
{
    return take(l, kind, v->now_us, subject);
}

void limit_give_net(struct limits *l, enum limit_kind kind, const struct visit *v)
{
    struct address net = net_of(&v->peer);

    give(l, kind, v->now_us, net_view(&net));
}

void limit_give_subject(struct limits *l, enum limit_kind kind, const struct visit *v, struct str subject)
{
    give(l, kind, v->now_us, subject);
}

enum err limits_purge(struct limits *l, int64_t now_us)
{
    return l->on && l->shared != NULL ? buckets_purge(l->shared, now_us) : OK;
}

uint64_t limits_refused(const struct limits *l, enum limit_kind kind)
{
    return l->refused[kind];
}
