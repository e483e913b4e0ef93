#include "config/options.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The kind follows from the C type of the member, so a row can't disagree with struct config. An enum is an unsigned
 * int. */
/* clang-format off */
#define AT(member)                                                                                                  \
    .offset = offsetof(struct config, member),                                                                      \
    .kind = _Generic(((struct config *)0)->member, struct str: OPTION_TEXT, struct strs: OPTION_LIST,               \
                     int64_t: OPTION_INT, bool: OPTION_SWITCH, unsigned: OPTION_WORD)

static const char *const schemes[]  = { [PASSWORD_ARGON2ID] = "argon2id", [PASSWORD_BCRYPT] = "bcrypt", NULL };
static const char *const profiles[] = { [PROFILE_DEVELOPMENT] = "development", [PROFILE_PRODUCTION] = "production", NULL };
static const char *const demands[]  = { [DPOP_OPTIONAL] = "optional", [DPOP_REQUIRED] = "required", NULL };
static const char *const policies[] = { [MFA_OPTIONAL] = "optional", [MFA_REQUIRED] = "required", [MFA_ADMINS] = "admins", NULL };
static const char *const counters[] = { [COUNTER_REFUSE] = "refuse", [COUNTER_ALERT] = "alert", NULL };
static const char *const attestations[] = { [ATTESTATION_UNASKED] = "none", [ATTESTATION_OPTIONAL] = "optional", [ATTESTATION_REQUIRED] = "required", NULL };
static const char *const formats[]  = { [LOG_JSON] = "json", [LOG_TEXT] = "text", NULL };
static const char *const levels[]   = { [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error", NULL };

static const char *const algorithms[] = { [ALGORITHM_ES256] = "ES256", [ALGORITHM_EDDSA] = "EdDSA", [ALGORITHM_RS256] = "RS256", [ALGORITHM_PS256] = "PS256", NULL };

const struct option options[] = {
    { "POSTERN_PROFILE", AT(profile), .words = profiles, .fallback = "development",
      .meaning = "What the settings are for; production refuses unsafe ones by name and does not start. Not from .env" },
    { "POSTERN_LISTEN", AT(listen), .min = 1, .max = 64, .fallback = "127.0.0.1:8000", .check = option_check_listen,
      .meaning = "Address and port to listen on; port 0 takes a free one" },
    { "DATABASE_URL", AT(database_url), .min = 1, .max = 1024, .fallback = "sqlite:postern.db", .check = option_check_database,
      .secret = true, .meaning = "The database" },
    { "POSTERN_MIGRATE", AT(migrate), .fallback_words = "on for SQLite, off for PostgreSQL",
      .meaning = "serve brings the database's schema up to date when it starts" },
    { "POSTERN_DATA_DIR", AT(data_dir), .min = 1, .max = 1024, .fallback = ".",
      .meaning = "Folder of a database file whose name is relative, and in development of the master key" },
    { "POSTERN_MASTER_KEY_FILE", AT(master_key_file), .min = 0, .max = 1024, .fallback = "",
      .meaning = "File of the master key, which seals the signing keys; production demands one outside the data folder" },
    { "APP_NAME", AT(app_name), .min = 1, .max = 64, .fallback = "Postern",
      .meaning = "The name that people see" },
    { "POSTERN_ISSUER", AT(issuer), .min = 1, .max = 255, .check = option_check_issuer,
      .fallback_words = "the listen address, as http:// or with TLS https://",
      .meaning = "The address that tokens name as their issuer (iss): where clients reach this service" },
    { "POSTERN_AUDIENCE", AT(audience), .min = 1, .max = 255, .fallback_words = "the issuer",
      .meaning = "The service that access tokens are meant for (aud)" },
    { "POSTERN_CORS_ORIGINS", AT(cors_origins), .min = 0, .max = 4096, .fallback = "", .check = option_check_origin,
      .meaning = "Origins whose pages may call the API, comma-separated and exact" },
    { "POSTERN_TRUSTED_PROXIES", AT(trusted_proxies), .min = 0, .max = 2048, .fallback = "", .check = option_check_network,
      .meaning = "Networks of the proxies whose X-Forwarded-For is believed, comma-separated" },
    { "POSTERN_TLS_CERT", AT(tls_cert), .min = 0, .max = 1024, .fallback = "",
      .meaning = "PEM file of the certificate and its chain; read again on SIGHUP" },
    { "POSTERN_TLS_KEY", AT(tls_key), .min = 0, .max = 1024, .fallback = "",
      .meaning = "PEM file of the certificate's private key" },
    { "POSTERN_PASSWORD_SCHEME", AT(password_scheme), .words = schemes, .fallback = "argon2id",
      .meaning = "Scheme of new password hashes; both are verified always" },
    { "POSTERN_ARGON2_M_KIB", AT(argon2_m_kib), .min = 8, .max = 262144, .unit = "KiB", .fallback = "65536",
      .meaning = "Memory of one argon2id hash" },
    { "POSTERN_ARGON2_T", AT(argon2_t), .min = 1, .max = 16, .unit = "passes", .fallback = "3",
      .meaning = "Passes of argon2id over its memory" },
    { "POSTERN_BCRYPT_COST", AT(bcrypt_cost), .min = 10, .max = 15, .unit = "log2 rounds", .fallback = "12",
      .meaning = "Cost of bcrypt; one more doubles the work" },
    { "POSTERN_PASSWORD_MIN", AT(password_min), .min = 8, .max = 64, .unit = "code points", .fallback = "8",
      .meaning = "Shortest password that is taken" },
    { "POSTERN_PASSWORD_MAX", AT(password_max), .min = 64, .max = 100, .unit = "code points", .fallback = "100",
      .meaning = "Longest password that is taken; none is ever cut" },
    { "POSTERN_PASSWORD_SCORE", AT(password_score), .min = 0, .max = 4, .unit = "zxcvbn score", .fallback = "2",
      .meaning = "Least strength of a new password: 0 takes every guessable one, 4 only very strong ones" },
    { "POSTERN_ACCESS_TTL", AT(access_ttl_s), .min = 1, .max = 86400, .unit = "s", .fallback = "900",
      .meaning = "Life of an access token" },
    { "POSTERN_TOKEN_ALG", AT(token_alg), .words = algorithms, .fallback = "ES256",
      .meaning = "Algorithm of new signing keys; a server that starts with another one rotates" },
    { "POSTERN_KEY_ROTATION", AT(key_rotation_s), .min = 0, .max = 315360000, .unit = "s", .fallback = "7776000",
      .meaning = "Age at which a signing key is followed by the next; 0 is never by itself" },
    { "POSTERN_KEY_LEAD", AT(key_lead_s), .min = 1, .max = 2592000, .unit = "s", .fallback = "3600",
      .meaning = "How long a new signing key is published before it signs" },
    { "POSTERN_REFRESH_TTL", AT(refresh_ttl_s), .min = 1, .max = 31536000, .unit = "s", .fallback = "1209600",
      .meaning = "Life of a refresh token, and so of a session that nobody uses" },
    { "POSTERN_SESSION_TTL", AT(session_ttl_s), .min = 1, .max = 31536000, .unit = "s", .fallback = "2592000",
      .meaning = "Life of a session from its sign-in on, however much it is used" },
    { "POSTERN_RECENT_SIGNIN", AT(recent_signin_s), .min = 1, .max = 86400, .unit = "s", .fallback = "300",
      .meaning = "How long a sign-in counts as recent for acts that demand one" },
    { "POSTERN_MFA", AT(mfa), .words = policies, .fallback = "optional",
      .meaning = "Who must sign in with a second factor: those who have one, all, or administrators and those who have one" },
    { "POSTERN_DPOP", AT(dpop), .words = demands, .fallback = "optional",
      .meaning = "Tokens bound to a key of the client (DPoP): for clients that offer a proof, or for all" },
    { "POSTERN_DPOP_NONCE", AT(dpop_nonce), .fallback = "off",
      .meaning = "DPoP proofs must hold a nonce of ours, so that none was made long before" },
    { "POSTERN_DPOP_PROOFS", AT(dpop_proofs), .min = 16, .max = 16777216, .unit = "proofs", .fallback = "262144",
      .meaning = "Spent DPoP proofs that are remembered at once, 52 bytes each; a proof past them is refused (503)" },
    { "POSTERN_RP_ID", AT(rp_id), .min = 1, .max = 253, .check = option_check_rp_id,
      .fallback_words = "the issuer's host; localhost where that is an address",
      .meaning = "The domain that passkeys belong to. Never change it: every passkey would be lost" },
    { "POSTERN_ORIGINS", AT(origins), .min = 1, .max = 4096, .check = option_check_page,
      .fallback_words = "the issuer's origin; that of localhost where its host is an address",
      .meaning = "Origins whose pages may ask for passkeys, comma-separated and exact; those beyond the RP ID are related origins" },
    { "POSTERN_ATTESTATION", AT(attestation), .words = attestations, .fallback = "none",
      .meaning = "What makers say of new authenticators: not asked for, asked for and noted, or demanded with an anchor" },
    { "POSTERN_ATTESTATION_ROOTS", AT(attestation_roots), .min = 0, .max = 1024, .fallback = "",
      .meaning = "Folder of PEM files whose certificates vouch for authenticators" },
    { "POSTERN_ATTESTATION_MDS", AT(attestation_mds), .min = 0, .max = 1024, .fallback = "",
      .meaning = "File of the FIDO Metadata Service (BLOB, version 3): anchors by model, and models that are compromised" },
    { "POSTERN_ATTESTATION_MDS_ROOT", AT(attestation_mds_root), .min = 0, .max = 1024, .fallback = "",
      .meaning = "PEM file of the root certificate that the metadata is signed under" },
    { "POSTERN_AAGUIDS_ALLOWED", AT(aaguids_allowed), .min = 0, .max = 4096, .fallback = "", .check = option_check_aaguid,
      .meaning = "Models of authenticators that may be registered, comma-separated; empty is all" },
    { "POSTERN_AAGUIDS_DENIED", AT(aaguids_denied), .min = 0, .max = 4096, .fallback = "", .check = option_check_aaguid,
      .meaning = "Models of authenticators that may not be registered, comma-separated" },
    { "POSTERN_COUNTER_REGRESS", AT(counter_regress), .words = counters, .fallback = "refuse",
      .meaning = "When the counter of an authenticator does not grow, as that of a copied one: refuse and alert, or only alert" },
    { "POSTERN_PASSKEY_RS256", AT(passkey_rs256), .fallback = "on",
      .meaning = "New passkeys may have RSA keys, as those of old Windows machines have" },
    { "POSTERN_LIMITS", AT(limits), .fallback = "on",
      .meaning = "Limits of tries per account and network" },
    { "POSTERN_PAGES", AT(pages), .fallback = "on",
      .meaning = "The pages for people: sign up, sign in, account" },
    { "POSTERN_DOCS", AT(docs), .fallback_words = "on in development, off in production",
      .meaning = "The API's pages at /docs" },
    { "POSTERN_LOG_FORMAT", AT(log_format), .words = formats, .fallback = "json",
      .meaning = "Form of the log on stdout: one line an event" },
    { "POSTERN_LOG_LEVEL", AT(log_level), .words = levels, .fallback = "info",
      .meaning = "Least level that is logged" },
    { "POSTERN_WORKERS", AT(workers), .min = 1, .max = 256, .unit = "threads", .fallback = "32",
      .meaning = "Workers of requests that hash no password" },
    { "POSTERN_HASH_WORKERS", AT(hash_workers), .min = 0, .max = 64, .unit = "threads", .fallback = "0",
      .meaning = "Workers that hash passwords; 0 is one for each processor. Each keeps the memory of one hash" },
    { "POSTERN_MAX_CONNECTIONS", AT(max_connections), .min = 1, .max = 65536, .unit = "connections", .fallback = "4096",
      .meaning = "Connections at once" },
    { "POSTERN_HEAD_TIMEOUT", AT(head_timeout_s), .min = 1, .max = 300, .unit = "s", .fallback = "10",
      .meaning = "Time for a request's head to arrive" },
    { "POSTERN_BODY_TIMEOUT", AT(body_timeout_s), .min = 1, .max = 600, .unit = "s", .fallback = "20",
      .meaning = "Time for a request's body to arrive" },
    { "POSTERN_DRAIN_TIMEOUT", AT(drain_timeout_s), .min = 1, .max = 600, .unit = "s", .fallback = "30",
      .meaning = "Time for running requests to end after SIGTERM" },
};
/* clang-format on */
const size_t options_count = COUNT(options);
_Static_assert(COUNT(options) <= OPTIONS_MAX, "arrays over the rows are of OPTIONS_MAX");

/* One spelling for all: lower case, dashes, without POSTERN_; longer than any of ours is cut. */
static void plain_spelling(struct str name, char out[static OPTION_NAME_MAX])
{
    size_t len = 0;

    if (str_starts(name, STR(OPTION_PREFIX)))
        name = str_slice(name, sizeof OPTION_PREFIX - 1, name.len);
    for (; len < name.len && len < OPTION_NAME_MAX - 1; len++) {
        char c = name.ptr[len];
        out[len] = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    out[len] = '\0';
}

void option_flag(const struct option *row, char out[static OPTION_NAME_MAX])
{
    plain_spelling(str_of(row->name), out);
}

bool option_comes_later(struct str name)
{
    static const char *const names[] = { "POSTERN_SMTP_URL" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_equal(name, str_of(names[i])))
            return true;
    return false;
}

const struct option *option_by_name(struct str name)
{
    for (size_t i = 0; i < options_count; i++)
        if (str_equal(name, str_of(options[i].name)))
            return &options[i];
    return NULL;
}

const struct option *option_by_flag(struct str flag)
{
    char of_row[OPTION_NAME_MAX];

    for (size_t i = 0; i < options_count; i++) {
        option_flag(&options[i], of_row);
        if (str_equal(flag, str_of(of_row)))
            return &options[i];
    }
    return NULL;
}

const struct option *option_nearest(struct str name)
{
    char typed[OPTION_NAME_MAX], flag[OPTION_NAME_MAX];
    const struct option *nearest = &options[0];
    size_t shortest = SIZE_MAX;

    plain_spelling(name, typed);
    for (size_t i = 0; i < options_count; i++) {
        option_flag(&options[i], flag);
        size_t distance = str_distance(str_of(typed), str_of(flag));
        if (distance < shortest) {
            shortest = distance;
            nearest = &options[i];
        }
    }
    return nearest;
}
