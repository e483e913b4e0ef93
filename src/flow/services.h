/* What every story works with: one per worker thread. */
#pragma once
#include "config/config.h"
#include "crypto/mac.h"
#include "factor/drift.h"
#include "limit/limit.h"
#include "password/password.h"
#include "store/store.h"
#include "token/jwt.h"
#include "token/keyring.h"
#include "ticket/ticket.h"
#include "token/replay.h"

#define MASTER_NAME "postern-master-key" /* of the file in the data folder, and of the credential */

struct revocations;
struct relying_party;
struct step_figures;

struct shared {
    const struct config *config;
    struct store *store;
    struct secret master;  /* empty: not needed here */
    struct secret lasting; /* of the database: what follows from it outlives master keys */
    bool first_lasts;      /* lasting is the first master key, as it was before databases had a key of their own */
    struct keyring *keys;
    struct limits *limits;
    struct passwords *passwords;
    struct revocations *revocations; /* of the server only; see flow/revocations.h */
    struct step_figures *steps;      /* of the server only; see flow/step_figures.h */
    struct jwt_expect expect;        /* issuer and audience of our tokens */
    struct mac_key refresh_key;      /* of the refresh tokens' MAC; the same on every node */
    struct mac_key limit_key;        /* of the subjects that the nodes count together */
    struct ticket_key ticket_key;    /* of what is handed out once */
    struct secret totp_key;          /* of the boxes that secrets of authenticator apps lie in */
    struct mac_key recovery_key;     /* of the digests of recovery codes */
    struct drift *drift;             /* of the server only: do authenticator apps agree with our clock? */
    struct mac_key decoy_key;        /* of the credentials that unknown names are shown; the same on every node */
    struct short_key name_key;       /* of the digests of unknown names in the audit trail */
    struct relying_party *rp;        /* of the server only; see flow/relying_party.h */
    struct replay *proofs;           /* spent DPoP proofs */
    struct mac_key dpop_key;         /* of the nonces for them; the same on every node */
    struct strs places;              /* addresses that clients reach us under */
    int64_t dpop_since_s;            /* proofs from before may have been spent without our knowing; 0: all are known */
};

struct services {
    const struct shared *at;
    struct db *db; /* the worker's own connection for reading */
};
