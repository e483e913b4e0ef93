/* Rows as they travel from the store to the faces, unchanged.
 *
 * Owns     nothing: text lies in the arena that was handed to the query.
 * Units    every moment (_at) is Unix time in microseconds UTC; 0 means "not".
 */
#pragma once
#include "base/str.h"
#include "crypto/digest.h"

struct user_row {
    int64_t id;           /* integer primary key */
    struct str public_id; /* UUIDv7 text */
    struct str email;     /* absent when signed up by user name */
    struct str email_key; /* canonical, unique */
    bool email_verified;
    struct str username, username_key;
    struct str hashed_password; /* absent: no password */
    bool is_active;
    struct str name, date_of_birth, job_title;
    struct str roles; /* words of access/, comma-separated, sorted: "admin,user" */
    int64_t token_version;
    int64_t created_at, updated_at;
    /* Kept by triggers, whoever writes: */
    int64_t credentials;    /* passkeys and security keys */
    bool totp;              /* an authenticator app, be it disabled: guessing must not take a factor away */
    int64_t recovery_codes; /* that are left */
};

/* A passkey or security key. */
struct credential_row {
    struct str id; /* credential id, base64url */
    int64_t user_id;
    struct str public_key; /* COSE_Key, base64url */
    int64_t algorithm;     /* as COSE numbers it */
    int64_t sign_count;
    struct str aaguid;     /* UUID text */
    struct str transports; /* comma-separated; may be empty */
    struct str name;
    bool backup_eligible, backup_state;
    bool user_verified; /* at registration, or later beside another factor */
    struct str format;  /* of its attestation statement */
    bool trusted;       /* which led to an anchor */
    int64_t created_at, last_used_at;
    struct str user_handle; /* base64url; of its account: read along with the row, and no column of it */
};

#define FACTOR_FAILURES_MAX 100 /* wrong codes in a row (NIST SP 800-63B-4 3.2.2); then it is disabled until replaced */

/* An authenticator app. */
struct totp_row {
    int64_t user_id;
    struct str secret; /* sealed; absent: none is confirmed */
    int64_t created_at, last_used_at;
    int64_t last_step;  /* none up to it is taken */
    int64_t failures;   /* in a row */
    struct str pending; /* sealed: of one that is shown and not yet confirmed; absent: none */
    int64_t pending_until;
};

struct session_row {
    struct str id; /* UUIDv7 text: sid */
    int64_t user_id;
    struct digest refresh_seed; /* 32 random bytes; see token/refresh.h */
    int64_t refresh_number;     /* of the one token that is good: how many have been spent */
    int64_t created_at;
    int64_t last_used_at; /* sign-in, or the newest refresh */
    int64_t idle_until;   /* the good token must be spent before */
    int64_t expires_at, ended_at;
    struct str end_reason;
    int64_t auth_time_s;                      /* Unix seconds */
    struct str amr, acr;                      /* amr comma-separated */
    struct str address, user_agent;           /* of the sign-in */
    struct str last_address, last_user_agent; /* of the newest refresh */
    bool is_web;                              /* a browser that keeps the refresh token in a cookie */
    struct str jkt; /* thumbprint of the DPoP key that both tokens are bound to; absent: none */
};

/* A service that may ask about tokens. */
struct client_row {
    struct str id, name;
    struct digest secret, former_secret; /* of its secrets; all zero: none, which no text has */
    int64_t former_until;                /* until then the former one is taken too */
    struct str keys;                     /* JWK Set of its public keys; absent: none */
    struct str scopes;                   /* words separated by blanks, sorted; may be empty */
    int64_t created_at, disabled_at;
};

/* What has been taken back: a session, or every token of an account below a version. */
struct revoked_row {
    struct str id;   /* of the session, or public id of the account */
    int64_t version; /* tokens below it are void; of a session: 1 when it ended because an old state came back */
    int64_t at;
};

struct audit_row {
    int64_t seq, at;
    struct str event, severity, outcome, reason;
    struct str actor, target, session; /* public ids; a keyed digest for unknown names; absent when nobody */
    struct str address, user_agent, method, route, request_id;
    struct str detail; /* JSON object text, or absent */
};

/* What the owner of an account should hear of. */
struct notice_row {
    struct str id; /* UUIDv7 text */
    int64_t user_id;
    struct str kind;   /* a word of account/notice.h */
    struct str factor; /* "webauthn", "totp", "recovery_code"; absent: of none */
    struct str about;  /* the name that a person gave it; absent: none */
    struct str address, user_agent;
    int64_t created_at;
};

struct signing_key_row {
    struct str kid;        /* RFC 7638 */
    struct str algorithm;  /* "ES256" */
    struct str public_jwk; /* the members that make the kid, in their order */
    struct str sealed;     /* the private half; absent when revoked */
    int64_t made_at;
    int64_t active_at;              /* from then on it signs */
    int64_t retired_at, expires_at; /* no longer signs; no longer checks */
    int64_t revoked_at;
};
