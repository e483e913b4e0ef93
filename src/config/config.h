/* Every setting of the program: one table of name, unit, bounds, default and meaning (options.h), one struct of values.
 *
 * Order    flag, then environment, then config file, then .env of the working folder, then default.  .env is read in
 *          the profile development only, and so can't set the profile itself.
 * Owns     the texts of struct config, in the state; dropped by config_drop.
 * Threads  read once at start, by one thread; after that it is constant.
 */
#pragma once
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/signature.h"
#include "password/password.h"

enum profile { PROFILE_DEVELOPMENT, PROFILE_PRODUCTION };
enum attestation_demand { ATTESTATION_UNASKED, ATTESTATION_OPTIONAL, ATTESTATION_REQUIRED };
enum counter_policy { COUNTER_REFUSE, COUNTER_ALERT };
enum dpop_demand { DPOP_OPTIONAL, DPOP_REQUIRED };
enum mfa_policy { MFA_OPTIONAL, MFA_REQUIRED, MFA_ADMINS };

struct config {
    struct str listen;                           /* POSTERN_LISTEN "127.0.0.1:8000", "[::1]:8000" */
    struct str database_url;                     /* DATABASE_URL */
    struct str data_dir;                         /* POSTERN_DATA_DIR */
    struct str app_name;                         /* APP_NAME */
    struct str issuer;                           /* POSTERN_ISSUER; default http(s)://<listen> */
    struct str audience;                         /* POSTERN_AUDIENCE; default the issuer */
    struct strs cors_origins;                    /* POSTERN_CORS_ORIGINS, comma-separated, exact */
    struct strs trusted_proxies;                 /* POSTERN_TRUSTED_PROXIES, comma-separated CIDR */
    struct str tls_cert, tls_key;                /* POSTERN_TLS_CERT, POSTERN_TLS_KEY: PEM files */
    enum password_scheme password_scheme;        /* POSTERN_PASSWORD_SCHEME */
    int64_t argon2_m_kib, argon2_t, bcrypt_cost; /* POSTERN_ARGON2_M_KIB, POSTERN_ARGON2_T, POSTERN_BCRYPT_COST */
    int64_t password_min, password_max, password_score; /* POSTERN_PASSWORD_MIN 8, _MAX 100 (code points), _SCORE 2 */
    int64_t access_ttl_s, refresh_ttl_s;                /* POSTERN_ACCESS_TTL 900 s, POSTERN_REFRESH_TTL 1209600 s */
    int64_t session_ttl_s;                              /* POSTERN_SESSION_TTL 2592000 s */
    int64_t recent_signin_s;                            /* POSTERN_RECENT_SIGNIN 300 s */
    enum mfa_policy mfa;                                /* POSTERN_MFA optional|required|admins */
    enum algorithm token_alg;                           /* POSTERN_TOKEN_ALG ES256|EdDSA|RS256|PS256 */
    int64_t key_rotation_s, key_lead_s; /* POSTERN_KEY_ROTATION 7776000 s, 0 never; POSTERN_KEY_LEAD 3600 s */
    struct str master_key_file;         /* POSTERN_MASTER_KEY_FILE */
    struct str master_key_credential;   /* postern-master-key of $CREDENTIALS_DIRECTORY, when it is there */
    struct str master_key;              /* POSTERN_MASTER_KEY of the environment, a secret; it is no option */
    enum dpop_demand dpop;              /* POSTERN_DPOP optional|required */
    bool dpop_nonce;                    /* POSTERN_DPOP_NONCE on|off */
    int64_t dpop_proofs;                /* POSTERN_DPOP_PROOFS 262144 */
    struct str rp_id;                   /* POSTERN_RP_ID; default the issuer's host, "localhost" for an address */
    struct strs origins; /* POSTERN_ORIGINS, exact; default the issuer's; port 0: the one that is bound */
    enum attestation_demand attestation;              /* POSTERN_ATTESTATION none|optional|required */
    struct str attestation_roots;                     /* POSTERN_ATTESTATION_ROOTS: folder of PEM files */
    struct str attestation_mds, attestation_mds_root; /* POSTERN_ATTESTATION_MDS, POSTERN_ATTESTATION_MDS_ROOT: files */
    struct strs aaguids_allowed, aaguids_denied;      /* POSTERN_AAGUIDS_ALLOWED, POSTERN_AAGUIDS_DENIED */
    enum counter_policy counter_regress;              /* POSTERN_COUNTER_REGRESS refuse|alert */
    bool passkey_rs256;                               /* POSTERN_PASSKEY_RS256 on|off */
    bool limits;                                      /* POSTERN_LIMITS on|off */
    bool migrate;               /* POSTERN_MIGRATE on|off; default on for SQLite, off for PostgreSQL */
    bool pages;                 /* POSTERN_PAGES on|off */
    bool docs;                  /* POSTERN_DOCS on|off; default on in development, off in production */
    enum profile profile;       /* POSTERN_PROFILE development|production */
    enum log_format log_format; /* POSTERN_LOG_FORMAT json|text */
    enum log_level log_level;   /* POSTERN_LOG_LEVEL debug|info|warn|error */
    int64_t workers;            /* POSTERN_WORKERS: fast workers, 32 */
    int64_t hash_workers;       /* POSTERN_HASH_WORKERS: 0 as many as cores */
    int64_t max_connections;    /* POSTERN_MAX_CONNECTIONS 4096 */
    int64_t head_timeout_s, body_timeout_s,
        drain_timeout_s; /* POSTERN_HEAD_TIMEOUT 10, POSTERN_BODY_TIMEOUT 20, POSTERN_DRAIN_TIMEOUT 30 */
};

struct config_state; /* where each value came from, and the memory of all */

struct config_input {
    int argc; /* what is left of the command line: only --name=value and --name value of this table */
    char *const *argv;
    char *const *environ; /* "NAME=value", NULL at the end; outlives the state */
    const char *file;     /* --config or POSTERN_CONFIG; NULL for none */
    const char *dotenv;   /* ".env"; NULL for none */
};

/* Ends: ERR_INVALID: problems is a list of sentences, all of them at once, each naming the setting, its place and, for
 * an unknown name, the nearest real one.  POSTERN_* names of the environment that nobody knows are problems too.
 * state is filled at every end and owns problems; only out is untouched on failure. */
FALLIBLE config_read(const struct config_input *in, struct config *out, struct config_state **state,
                     struct strs *problems);
void config_drop(struct config *config, struct config_state **state);

/* What the profile `production` refuses; development has none.  count 0: fit to start. */
struct strs config_unsafe(const struct config *config, struct config_state *state);
/* What is worth a warning at start, in any profile. */
struct strs config_warnings(const struct config *config, struct config_state *state);

/* One row per option, for `postern config`, --help and docs/configuration.md. */
struct config_line {
    const char *name, *flag, *unit, *meaning, *fallback; /* fallback: the default in text */
    struct str value;                                    /* effective; secrets masked */
    struct str origin; /* "default", "flag", "environment", "file postern.conf:3", ".env:2" */
};
size_t config_lines(const struct config *config, struct config_state *state, const struct config_line **lines);
