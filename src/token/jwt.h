/* Signed access tokens (JWT, typ at+jwt).
 *
 * Owns     nothing: results lie in the caller's arena; keys stay in keyring.h.
 * Units    times are Unix seconds UTC; lengths are bytes.
 * Threads  any worker may call.
 * Sources  RFC 7519 4.1, 7.2; RFC 7515 3.1, 5.2; RFC 8725 3.1 (the key fixes the algorithm, never the token), 3.11
 * (typ); RFC 9068 2.1, 2.2, 4 (at+jwt); RFC 9449 6.1 (cnf).
 */
#pragma once
#include "base/buf.h"
#include "base/visit.h"
#include "token/keyring.h"

#define JWT_MAX        4096  /* bytes of the compact form; longer is ERR_INVALID */
#define JWT_LIFE_MAX_S 86400 /* the most that POSTERN_ACCESS_TTL can be */
#define JWT_LEEWAY_S   5     /* how far iat and nbf may lie ahead of our clock */

struct jwt_claims {
    struct str issuer, audience;               /* who signed; the service meant to read it */
    struct str subject;                        /* public id of the account, a UUID */
    struct str token_id;                       /* jti, 1 to 64 bytes */
    struct str session;                        /* sid, a UUID */
    int64_t issued_at, not_before, expires_at; /* issued_at <= expires_at */
    int64_t auth_time;
    int64_t token_version;  /* tv */
    struct str role;        /* the strongest one, for readers that know only one */
    struct strs roles, amr; /* may be empty */
    struct str scope, acr;  /* these and role are never absent; may be empty */
    struct str email, name; /* absent: left out */
    struct str jkt;         /* cnf.jkt, 43 characters: thumbprint of the DPoP key that it is bound to; absent: none */
    struct str client_id;   /* present: a client's own token, with no session and no account */
};

/* Sign with the key that is active at this time.  out: lies in the visit's arena.
 * Ends: ERR_INTERNAL (no active key, signer failed), ERR_INVALID (longer than JWT_MAX; a claim that
 * jwt_check would refuse: the note names it). */
FALLIBLE jwt_sign(struct keyring *keys, const struct visit *v, const struct jwt_claims *claims, struct str *out);

/* The same in two steps, for who has something to do before the work of the signature: a draft lacks nothing but that, and holds
 * its key, so that signing it fails only where the library does.  Ends of jwt_draft_make: those of jwt_sign.
 * A draft is dropped, signed or not; zeroed is fine. */
struct jwt_draft {
    struct buf text;
    struct key_hold key;
};
FALLIBLE jwt_draft_make(struct keyring *keys, const struct visit *v, const struct jwt_claims *claims,
                        struct jwt_draft *out);
FALLIBLE jwt_draft_sign(struct jwt_draft *draft, struct str *out); /* once.  Ends: ERR_INTERNAL. */
void jwt_draft_drop(struct jwt_draft *draft);

/* Who issued it and who should read it, as this service is configured. */
struct jwt_expect {
    struct str issuer, audience;
    bool enrolment; /* the tokens that can only add a factor are taken too */
};

/* Their audience: of the issuer's own, so that no other service takes one for a sign-in.  In mem. */
struct str jwt_enrolment_audience(struct arena *mem, struct str issuer);

/* Check form, header, signature, then typ, issuer, audience, times; out is filled only when all hold.
 * Every refusal is WHY_TOKEN_INVALID or WHY_TOKEN_EXPIRED for the caller; the note's text says which check, for the
 * audit: one of malformed, alg, kid, typ, bad_sig, claims, iss, aud, nbf (iat too), exp.  Of aud only the one string
 * that we issue is taken, no list; of typ only "at+jwt". Ends: ERR_UNAUTHENTICATED, ERR_INTERNAL. */
FALLIBLE jwt_check(struct keyring *keys, const struct visit *v, struct str token, const struct jwt_expect *expect,
                   struct jwt_claims *out);

/* The same for the own token of a client, which jwt_check never takes: it has client_id, the same as sub, and no session. */
FALLIBLE jwt_check_client(struct keyring *keys, const struct visit *v, struct str token,
                          const struct jwt_expect *expect, struct jwt_claims *out);

/* Sign other JSON of ours in compact form, with a typ of its own, so that nothing is taken for something else
 * (RFC 8725 3.11).  Ends: ERR_INTERNAL. */
FALLIBLE jwt_sign_payload(struct keyring *keys, const struct visit *v, struct str typ, struct str payload,
                          struct str *out);

/* Take a token apart without checking anything (`postern token decode`): header and payload as JSON text.
 * Ends: ERR_INVALID. */
FALLIBLE jwt_decode(struct arena *mem, struct str token, struct str *header, struct str *payload);
