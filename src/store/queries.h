/* Every statement of the program, by name.
 *
 * One text serves every database: parameters first appear as $1, $2 ... in that order, moments and ids come from us,
 * and no word of one dialect is used.  NULL stands for "any" where a filter is optional.
 */
#pragma once
#include "store/columns.h"

/* clang-format off */
#define SQL_U(name)      "u." #name
#define SQL_MORE_U(name) ", u." #name
#define SQL_S(name)      "s." #name
#define SQL_MORE_S(name) ", s." #name
#define SQL_A(name)      "a." #name
#define SQL_MORE_A(name) ", a." #name
#define SQL_C(name)      "c." #name
#define SQL_MORE_C(name) ", c." #name
#define CLIENT  CLIENT_COLUMNS(SQL_C, SQL_MORE_C)
#define USER             USER_COLUMNS(SQL_U, SQL_MORE_U) USER_FACTORS(SQL_MORE_U)
#define CALLER           CALLER_COLUMNS(SQL_U, SQL_MORE_U) USER_FACTORS(SQL_MORE_U)
#define SQL_W(name)      "w." #name
#define SQL_MORE_W(name) ", w." #name
#define CREDENTIAL       CREDENTIAL_COLUMNS(SQL_W, SQL_MORE_W) ", u.user_handle"
#define SQL_T(name)      "t." #name
#define SQL_MORE_T(name) ", t." #name
#define TOTP             TOTP_COLUMNS(SQL_T, SQL_MORE_T)
#define SESSION SESSION_COLUMNS(SQL_S, SQL_MORE_S)
#define STANDING         STANDING_COLUMNS(SQL_S, SQL_MORE_S)
#define SQL_K(name)      "k." #name
#define SQL_MORE_K(name) ", k." #name
#define SQL_N(name)      "n." #name
#define SQL_MORE_N(name) ", n." #name
#define NOTICE  NOTICE_COLUMNS(SQL_N, SQL_MORE_N)
#define AUDIT   AUDIT_COLUMNS(SQL_A, SQL_MORE_A)
#define KEY     KEY_COLUMNS(SQL_K, SQL_MORE_K)

/* The cast, and the column before the constant, tell PostgreSQL the type of a parameter at its first use. */
#define ANY(number) "(CAST($" #number " AS TEXT) IS NULL OR "

/* $2 text, $3 role: LIKE patterns; $4 active. */
#define USER_FITS                                                                                                      \
    "u.public_id > $1 AND " ANY(2) "LOWER(u.name) LIKE $2 ESCAPE '\\' OR LOWER(u.email) LIKE $2 ESCAPE '\\'"           \
    " OR LOWER(u.username) LIKE $2 ESCAPE '\\') AND " ANY(3) "(',' || u.roles || ',') LIKE $3 ESCAPE '\\')"            \
    " AND (u.is_active = $4 OR $4 IS NULL)"
#define AUDIT_FITS                                                                                                     \
    "a.seq > $1 AND (a.seq <= $2 OR $2 = 0) AND " ANY(3) "a.event = $3) AND " ANY(4) "a.address = $4)"                 \
    " AND " ANY(5) "a.severity = $5) AND " ANY(6) "a.request_id = $6) AND a.at >= $7 AND (a.at < $8 OR $8 = 0)"

#define QUERIES(Q)                                                                                                     \
    Q(USER_BY_ID,        "SELECT " USER " FROM users u WHERE u.id = $1")                                               \
    Q(USER_BY_PUBLIC_ID, "SELECT " USER " FROM users u WHERE u.public_id = $1")                                        \
    Q(USER_BY_EMAIL,     "SELECT " USER " FROM users u WHERE u.email_key = $1")                                        \
    Q(USER_BY_USERNAME,  "SELECT " USER " FROM users u WHERE u.username_key = $1")                                     \
    Q(USER_ADD,                                                                                                        \
      "INSERT INTO users (public_id, email, email_key, email_verified, username, username_key, hashed_password,"       \
      " is_active, name, date_of_birth, job_title, roles, token_version, created_at, updated_at)"                      \
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING id")                       \
    Q(USER_UPDATE,                                                                                                     \
      "UPDATE users SET name = $1, date_of_birth = $2, job_title = $3, username = $4, username_key = $5,"              \
      " is_active = $6, roles = $7, token_version = $8, updated_at = $9 WHERE id = $10")                               \
    Q(USER_SET_PASSWORD,                                                                                               \
      "UPDATE users SET hashed_password = $1, updated_at = $2"                                                         \
      " WHERE id = $3 AND hashed_password IS NOT DISTINCT FROM $4")                                                    \
    Q(USERS_LIST, "SELECT " USER " FROM users u WHERE " USER_FITS " ORDER BY u.public_id LIMIT $5")                    \
    /* Who has more than the role "user": few, found by the index users_privileged. */                                 \
    Q(USERS_LIST_PRIVILEGED,                                                                                           \
      "SELECT " USER " FROM users u WHERE " USER_FITS " AND u.roles <> 'user' ORDER BY u.public_id LIMIT $5")          \
    Q(USERS_LIST_BY_EMAIL,                                                                                             \
      "SELECT " USER " FROM users u WHERE " USER_FITS " AND u.email_key = $5 ORDER BY u.public_id LIMIT $6")           \
    /* To change nothing is to hold the row until the transaction ends: nobody else can change it meanwhile, and what is read    \
       after that is what will be changed. */                                                                          \
    Q(USER_HOLD, "UPDATE users SET updated_at = updated_at WHERE public_id = $1")                                      \
    Q(USERS_HOLD_ACTIVE_ADMINS,                                                                                        \
      "UPDATE users SET updated_at = updated_at"                                                                       \
      " WHERE roles <> 'user' AND is_active AND (',' || roles || ',') LIKE '%,admin,%'")                               \
    Q(USER_HANDLE, "SELECT u.user_handle FROM users u WHERE u.id = $1")                                                \
    Q(USER_SET_HANDLE, "UPDATE users SET user_handle = $1 WHERE id = $2 AND user_handle IS NULL")                      \
                                                                                                                       \
    Q(CREDENTIAL_BY_ID,                                                                                                \
      "SELECT " CREDENTIAL ", " USER " FROM webauthn_credentials w JOIN users u ON u.id = w.user_id WHERE w.id = $1")  \
    Q(CREDENTIALS_OF_USER,                                                                                             \
      "SELECT " CREDENTIAL " FROM webauthn_credentials w JOIN users u ON u.id = w.user_id WHERE w.user_id = $1"        \
      " ORDER BY w.created_at, w.id")                                                                                  \
    Q(CREDENTIAL_ADD,                                                                                                  \
      "INSERT INTO webauthn_credentials (id, user_id, public_key, algorithm, sign_count, aaguid, transports, name,"    \
      " backup_eligible, backup_state, user_verified, format, trusted, created_at, last_used_at)"                      \
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)")                                    \
    /* Of two assertions that come at once with one number, the second changes nothing, unless $6 says to take what does not   \
       grow; then the highest number stays. */                                                                         \
    Q(CREDENTIAL_USED,                                                                                                 \
      "UPDATE webauthn_credentials SET sign_count = CASE WHEN sign_count < $1 THEN $1 ELSE sign_count END,"            \
      " backup_state = $2, user_verified = $3, last_used_at = $4"                                                      \
      " WHERE id = $5 AND (sign_count < $1 OR (sign_count = 0 AND $1 = 0) OR $6 = 1)")                                 \
    Q(CREDENTIAL_RENAME, "UPDATE webauthn_credentials SET name = $1 WHERE id = $2 AND user_id = $3")                   \
    Q(CREDENTIAL_REMOVE, "DELETE FROM webauthn_credentials WHERE id = $1 AND user_id = $2")                            \
                                                                                                                       \
    Q(TOTP_OF_USER, "SELECT " TOTP " FROM totp t WHERE t.user_id = $1")                                                \
    Q(TOTP_OFFER,                                                                                                      \
      "INSERT INTO totp (user_id, created_at, last_used_at, last_step, failures, pending, pending_until)"              \
      " VALUES ($1, 0, 0, 0, 0, $2, $3) ON CONFLICT (user_id) DO UPDATE SET pending = excluded.pending,"               \
      " pending_until = excluded.pending_until")                                                                       \
    /* Nothing when another was offered meanwhile. */                                                                  \
    Q(TOTP_CONFIRM,                                                                                                    \
      "UPDATE totp SET secret = $1, created_at = $2, last_used_at = $2, last_step = $3, failures = 0, pending = NULL," \
      " pending_until = 0 WHERE user_id = $4 AND pending = $5")                                                        \
    /* A try counts as a failure until it is found good: however many come at once, no more than $2 are looked at. */  \
    Q(TOTP_TRY, "UPDATE totp SET failures = failures + 1 WHERE user_id = $1 AND secret IS NOT NULL AND failures < $2") \
    /* The one statement that spends a step: of two that bring it at once, one changes nothing. */                     \
    Q(TOTP_SPEND,                                                                                                      \
      "UPDATE totp SET last_step = $1, last_used_at = $2, failures = 0"                                                \
      " WHERE user_id = $3 AND secret = $4 AND last_step < $1")                                                        \
    Q(TOTP_REMOVE, "DELETE FROM totp WHERE user_id = $1")                                                              \
    Q(TOTP_BOXES,                                                                                                      \
      "SELECT t.user_id, u.public_id, t.secret, t.pending FROM totp t JOIN users u ON u.id = t.user_id"                \
      " WHERE t.user_id > $1 ORDER BY t.user_id LIMIT 1000")                                                           \
    Q(TOTP_RESEAL, "UPDATE totp SET secret = $1, pending = $2 WHERE user_id = $3")                                     \
                                                                                                                       \
    Q(RECOVERY_SHEET_PUT,                                                                                              \
      "INSERT INTO recovery_sheets (user_id, created_at, failures) VALUES ($1, $2, 0)"                                 \
      " ON CONFLICT (user_id) DO UPDATE SET created_at = excluded.created_at, failures = 0")                           \
    Q(RECOVERY_CODES_REMOVE, "DELETE FROM recovery_codes WHERE user_id = $1")                                          \
    Q(RECOVERY_SHEET_REMOVE, "DELETE FROM recovery_sheets WHERE user_id = $1")                                         \
    Q(RECOVERY_CODE_ADD, "INSERT INTO recovery_codes (digest, user_id) VALUES ($1, $2)")                               \
    Q(RECOVERY_FAILURES, "SELECT s.failures FROM recovery_sheets s WHERE s.user_id = $1")                              \
    Q(RECOVERY_TRY, "UPDATE recovery_sheets SET failures = failures + 1 WHERE user_id = $1 AND failures < $2")         \
    Q(RECOVERY_GOOD, "UPDATE recovery_sheets SET failures = 0 WHERE user_id = $1")                                     \
    /* The one statement that spends a code. */                                                                        \
    Q(RECOVERY_SPEND, "DELETE FROM recovery_codes WHERE digest = $1 AND user_id = $2")                                 \
                                                                                                                       \
    Q(SESSION_ADD,                                                                                                     \
      "INSERT INTO sessions (id, user_id, refresh_seed, refresh_number, created_at, last_used_at, idle_until,"         \
      " expires_at, ended_at, end_reason, auth_time_s, amr, acr, address, user_agent, last_address, last_user_agent,"  \
      " is_web, jkt) VALUES"                                                                                           \
      " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)")                       \
    Q(SESSION_BY_ID, "SELECT " SESSION " FROM sessions s WHERE s.id = $1")                                             \
    Q(SESSION_WITH_USER,                                                                                               \
      "SELECT " SESSION ", " USER " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1")                 \
    Q(SESSION_STANDING,                                                                                                \
      "SELECT " STANDING ", " CALLER " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1")                \
    Q(SESSIONS_OPEN_OF_USER,                                                                                           \
      "SELECT " SESSION " FROM sessions s WHERE s.user_id = $1 AND s.ended_at = 0 AND s.expires_at > $2"               \
      " AND s.idle_until > $2 AND s.id > $3 ORDER BY s.id LIMIT $4")                                                   \
    /* The one statement that spends a refresh token: of two that bring it at once, one changes nothing. */            \
    Q(SESSION_SPEND,                                                                                                   \
      "UPDATE sessions SET refresh_number = refresh_number + 1, last_used_at = $1, idle_until = $2, last_address = $3," \
      " last_user_agent = $4 WHERE id = $5 AND refresh_number = $6 AND ended_at = 0"                                   \
      " AND idle_until > $1 AND expires_at > $1")                                                                      \
    /* A sign-in again: the tokens of before renew nothing any more. */                                                \
    Q(SESSION_RAISE,                                                                                                   \
      "UPDATE sessions SET refresh_seed = $1, refresh_number = 0, last_used_at = $2, idle_until = $3, auth_time_s = $4," \
      " amr = $5, acr = $6, last_address = $7, last_user_agent = $8 WHERE id = $9 AND ended_at = 0"                    \
      " AND idle_until > $2 AND expires_at > $2")                                                                      \
    Q(SESSION_STRENGTHEN, "UPDATE sessions SET amr = $1, acr = $2 WHERE id = $3 AND ended_at = 0")                     \
    Q(SESSION_END, "UPDATE sessions SET ended_at = $1, end_reason = $2 WHERE id = $3 AND ended_at = 0")                \
    Q(SESSION_END_OF_USER,                                                                                             \
      "UPDATE sessions SET ended_at = $1, end_reason = $2 WHERE id = $3 AND user_id = $4 AND ended_at = 0")            \
    Q(SESSIONS_END_ALL, "UPDATE sessions SET ended_at = $1, end_reason = $2 WHERE user_id = $3 AND ended_at = 0")      \
    Q(SESSIONS_END_OTHERS,                                                                                             \
      "UPDATE sessions SET ended_at = $1, end_reason = $2 WHERE user_id = $3 AND id <> $4 AND ended_at = 0")           \
                                                                                                                       \
    /* A try moves the moment further away; it is refused, and nothing is changed, when that would be too far. */       \
    Q(BUCKET_TAKE,                                                                                                     \
      "INSERT INTO limit_buckets (subject, full_at) VALUES ($1, $2) ON CONFLICT (subject) DO UPDATE SET full_at ="     \
      " CASE WHEN limit_buckets.full_at > $3 THEN limit_buckets.full_at + $4 ELSE excluded.full_at END"                \
      " WHERE limit_buckets.full_at <= $5")                                                                            \
    Q(BUCKET_READ, "SELECT b.full_at FROM limit_buckets b WHERE b.subject = $1")                                       \
    Q(BUCKET_CLIP, "UPDATE limit_buckets SET full_at = $1 WHERE subject = $2 AND full_at > $1")                        \
    Q(BUCKET_GIVE, "UPDATE limit_buckets SET full_at = full_at - $1 WHERE subject = $2")                               \
    Q(BUCKETS_PURGE, "DELETE FROM limit_buckets WHERE full_at < $1")                                                   \
                                                                                                                       \
    Q(CLIENT_BY_ID, "SELECT " CLIENT " FROM clients c WHERE c.id = $1")                                                \
    Q(CLIENTS_LIST, "SELECT " CLIENT " FROM clients c ORDER BY c.id")                                                  \
    Q(CLIENT_ADD,                                                                                                      \
      "INSERT INTO clients (id, name, secret, former_secret, former_until, keys, scopes, created_at, disabled_at)"     \
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")                                                                  \
    /* The right side sees the row as it was. */                                                                       \
    Q(CLIENT_SET_SECRET,                                                                                               \
      "UPDATE clients SET former_until = CASE WHEN secret IS NULL THEN 0 ELSE CAST($1 AS BIGINT) END,"                 \
      " former_secret = CASE WHEN $1 > 0 THEN secret END, secret = $2 WHERE id = $3")                                  \
    Q(CLIENT_DISABLE, "UPDATE clients SET disabled_at = $1 WHERE id = $2 AND disabled_at = 0")                         \
    Q(ASSERTION_ADD, "INSERT INTO client_assertions (digest, expires_at) VALUES ($1, $2)")                             \
    Q(ASSERTIONS_FORGET, "DELETE FROM client_assertions WHERE expires_at < $1")                                        \
                                                                                                                       \
    /* The newest first, and always in one order: a tag is made of it.  Each by an index over what was taken back. */  \
    Q(REVOKED_SESSIONS,                                                                                                \
      "SELECT s.id, CASE WHEN s.end_reason = 'restored' THEN 1 ELSE 0 END, s.ended_at FROM sessions s"                 \
      " WHERE s.ended_at > $1 AND s.ended_at <> 0"                                                                     \
      " ORDER BY s.ended_at DESC, s.id LIMIT $2")                                                                      \
    Q(REVOKED_VERSIONS,                                                                                                \
      "SELECT u.public_id, u.token_version, u.updated_at FROM users u WHERE u.updated_at > $1 AND u.token_version > 0" \
      " ORDER BY u.updated_at DESC, u.public_id LIMIT $2")                                                             \
    Q(REVOKED_CLIENTS,                                                                                                 \
      "SELECT c.id, 0, c.disabled_at FROM clients c WHERE c.disabled_at > $1 AND c.disabled_at <> 0"                   \
      " ORDER BY c.disabled_at DESC, c.id LIMIT $2")                                                                   \
                                                                                                                       \
    Q(AUDIT_ADD,                                                                                                       \
      "INSERT INTO audit_log (at, event, severity, outcome, reason, actor, target, session, address, user_agent,"      \
      " method, route, request_id, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)")      \
    Q(AUDIT_NEWEST, "SELECT MAX(a.seq) FROM audit_log a")                                                              \
    Q(AUDIT_LIST, "SELECT " AUDIT " FROM audit_log a WHERE " AUDIT_FITS " ORDER BY a.seq LIMIT $9")                    \
    Q(AUDIT_LIST_OF_USER,                                                                                              \
      "SELECT " AUDIT " FROM audit_log a WHERE " AUDIT_FITS " AND (a.actor = $9 OR a.target = $9)"                     \
      " ORDER BY a.seq LIMIT $10")                                                                                     \
    Q(AUDIT_TAIL,                                                                                                      \
      "SELECT " AUDIT " FROM (SELECT * FROM audit_log a WHERE " AUDIT_FITS " ORDER BY a.seq DESC LIMIT $9) a"          \
      " ORDER BY a.seq")                                                                                               \
    Q(AUDIT_TAIL_OF_USER,                                                                                              \
      "SELECT " AUDIT " FROM (SELECT * FROM audit_log a WHERE " AUDIT_FITS " AND (a.actor = $9 OR a.target = $9)"      \
      " ORDER BY a.seq DESC LIMIT $10) a ORDER BY a.seq")                                                              \
                                                                                                                       \
    /* Of two servers that bring a proof at once, one adds nothing. */                                                 \
    Q(DPOP_PROOF_ADD, "INSERT INTO dpop_proofs (id, good_until) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING")          \
    Q(DPOP_PROOFS_PURGE, "DELETE FROM dpop_proofs WHERE good_until < $1")                                              \
                                                                                                                       \
    Q(NOTICE_ADD,                                                                                                      \
      "INSERT INTO notices (id, user_id, kind, factor, about, address, user_agent, created_at)"                        \
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")                                                                      \
    Q(NOTICES_OF_USER, "SELECT " NOTICE " FROM notices n WHERE n.user_id = $1 ORDER BY n.id DESC")                     \
    Q(NOTICES_COUNT, "SELECT COUNT(*) FROM notices n WHERE n.user_id = $1")                                            \
    Q(NOTICES_FORGET_KIND, "DELETE FROM notices WHERE user_id = $1 AND kind = $2")                                     \
    Q(NOTICES_TRIM,                                                                                                    \
      "DELETE FROM notices WHERE user_id = $1 AND id <="                                                               \
      " (SELECT n.id FROM notices n WHERE n.user_id = $1 ORDER BY n.id DESC LIMIT 1 OFFSET $2)")                       \
    Q(NOTICE_REMOVE, "DELETE FROM notices WHERE user_id = $1 AND id = $2")                                             \
                                                                                                                       \
    Q(SPENT_TICKET_ADD, "INSERT INTO spent_tickets (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING")      \
    Q(SPENT_TICKETS_PURGE, "DELETE FROM spent_tickets WHERE expires_at < $1")                                          \
                                                                                                                       \
    /* How far the database has come.  Of two programs that raise the epoch at once, one changes nothing. */            \
    Q(EPOCH_READ,                                                                                                      \
      "SELECT e.number, a.seq, a.at FROM epoch e"                                                                      \
      " LEFT JOIN audit_log a ON a.seq = (SELECT MAX(n.seq) FROM audit_log n)")                                        \
    Q(EPOCH_NUMBER, "SELECT e.number FROM epoch e")                                                                    \
    Q(EPOCH_ROW, "SELECT COUNT(*) FROM audit_log a WHERE a.seq = $1 AND a.at = $2")                                    \
    Q(EPOCH_RAISE, "UPDATE epoch SET number = $1 WHERE number < $1")                                                   \
    Q(EPOCH_END_SESSIONS, "UPDATE sessions SET ended_at = $1, end_reason = $2 WHERE ended_at = 0 AND id > $3")         \
    Q(EPOCH_END_SOME,                                                                                                  \
      "UPDATE sessions SET ended_at = $1, end_reason = $2 WHERE ended_at = 0 AND id > $3 AND id <= $4")                \
    Q(EPOCH_SOME_LATER, "SELECT s.id FROM sessions s WHERE s.id > $1 ORDER BY s.id LIMIT 1 OFFSET 9999")               \
                                                                                                                       \
    Q(KEYS_LIST, "SELECT " KEY " FROM signing_keys k ORDER BY k.active_at DESC, k.kid")                                \
    Q(KEY_ADD,                                                                                                         \
      "INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed, made_at, active_at, retired_at, expires_at,"      \
      " revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")                                                      \
    Q(KEY_PLAN, "UPDATE signing_keys SET active_at = $1, retired_at = $2, expires_at = $3 WHERE kid = $4")             \
    Q(KEY_REVOKE, "UPDATE signing_keys SET revoked_at = $1, sealed = NULL WHERE kid = $2 AND revoked_at = 0")          \
    Q(KEY_RESEAL, "UPDATE signing_keys SET sealed = $1 WHERE kid = $2")                                                \
    Q(KEYS_REVOKE_ALL, "UPDATE signing_keys SET revoked_at = $1, sealed = NULL WHERE revoked_at = 0")                  \
    Q(MASTER_ADD,                                                                                                      \
      "INSERT INTO master_key (id, fingerprint, lasting, made_at) VALUES (1, $1, $2, $3) ON CONFLICT (id) DO NOTHING") \
    Q(MASTER_HOLD, "UPDATE master_key SET made_at = made_at WHERE id = 1")                                             \
    Q(MASTER_READ, "SELECT m.fingerprint, m.lasting FROM master_key m WHERE m.id = 1")                                 \
    Q(MASTER_CHANGE, "UPDATE master_key SET fingerprint = $1, lasting = $2, made_at = $3 WHERE id = 1")                \
                                                                                                                       \
    Q(MIGRATIONS_APPLIED, "SELECT m.number, m.name, m.checksum, m.applied_at FROM schema_migrations m ORDER BY m.number") \
    Q(MIGRATION_ADD, "INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)")     \
    Q(MIGRATION_REMOVE, "DELETE FROM schema_migrations WHERE number = $1")

#define QUERY_NAME(name, text) QUERY_##name,
enum query_id { QUERIES(QUERY_NAME) QUERY_COUNT };
/* clang-format on */

const char *query_name(enum query_id query); /* "USER_BY_ID" */
const char *query_text(enum query_id query);
