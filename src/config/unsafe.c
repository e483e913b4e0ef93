/* What the profile `production` refuses, and what is worth a warning.  Each row: when, and the sentence. */
#include "config/database.h"
#include "config/state.h"

#include <stdlib.h>

/* The floor of OWASP's Password Storage Cheat Sheet: argon2id with 19 MiB and two passes; bcrypt has 12 of
 * decisions.md. */
#define ARGON2_FLOOR_M_KIB 19456
#define ARGON2_FLOOR_T     2
#define BCRYPT_FLOOR_COST  12
#define PASSWORD_MIN_ALONE 12 /* code points, where a password is the only factor */
#define ACCESS_TTL_LONG_S  3600

struct judgement {
    bool (*is)(const struct config *c, const struct config_state *s);
    const char *says;
};

#define UNUSED     __attribute__((unused))
#define WHEN(name) static bool name(const struct config *c UNUSED, const struct config_state *s UNUSED)

WHEN(limits_off)
{
    return !c->limits;
}

WHEN(issuer_not_https)
{
    return !str_starts(c->issuer, STR("https://"));
}

WHEN(no_tls)
{
    return c->tls_cert.len == 0 && c->trusted_proxies.count == 0;
}

WHEN(trusts_everybody)
{
    for (size_t i = 0; i < c->trusted_proxies.count; i++)
        if (str_ends(c->trusted_proxies.items[i], STR("/0")))
            return true;
    return false;
}

WHEN(argon2_weak)
{
    return c->password_scheme == PASSWORD_ARGON2ID &&
           (c->argon2_m_kib < ARGON2_FLOOR_M_KIB || c->argon2_t < ARGON2_FLOOR_T);
}

WHEN(bcrypt_weak)
{
    return c->password_scheme == PASSWORD_BCRYPT && c->bcrypt_cost < BCRYPT_FLOOR_COST;
}

WHEN(origin_not_https)
{
    for (size_t i = 0; i < c->cors_origins.count; i++)
        if (!str_starts(c->cors_origins.items[i], STR("https://")))
            return true;
    return false;
}

/* Where they follow from the issuer, the issuer is what is told. */
WHEN(page_not_https)
{
    if (config_source(s, offsetof(struct config, origins)) == SOURCE_DEFAULT)
        return false;
    for (size_t i = 0; i < c->origins.count; i++)
        if (str_starts(c->origins.items[i], STR("http://")))
            return true;
    return false;
}

WHEN(passkeys_of_localhost)
{
    return c->profile == PROFILE_PRODUCTION && str_equal(c->rp_id, STR("localhost"));
}

WHEN(database_in_the_open)
{
    return database_unguarded(s->mem, c->database_url, s->environ);
}

WHEN(passwords_short)
{
    return c->profile == PROFILE_PRODUCTION && c->password_min < PASSWORD_MIN_ALONE;
}

WHEN(passwords_guessable)
{
    return c->profile == PROFILE_PRODUCTION && c->password_score < 2;
}

WHEN(limits_off_in_development)
{
    return c->profile == PROFILE_DEVELOPMENT && !c->limits;
}

WHEN(development_in_the_open)
{
    return c->profile == PROFILE_DEVELOPMENT && !str_starts(c->listen, STR("127.")) &&
           !str_starts(c->listen, STR("[::1]"));
}

WHEN(issuer_of_no_address)
{
    return config_source(s, offsetof(struct config, issuer)) == SOURCE_DEFAULT &&
           (str_starts(c->listen, STR("0.0.0.0:")) || str_starts(c->listen, STR("[::]:")));
}

WHEN(access_long)
{
    return c->access_ttl_s > ACCESS_TTL_LONG_S;
}

WHEN(no_master_key)
{
    return c->master_key_file.len == 0 && c->master_key_credential.len == 0 && c->master_key.len == 0;
}

static void path_drop(char **path)
{
    free(*path);
}

/* Both as the kernel sees them, whatever links and dots they were written with. */
WHEN(master_key_inside)
{
    AUTO(path) char *folder = realpath(arena_cstr(s->mem, c->data_dir), NULL);
    AUTO(path) char *file = c->master_key_file.len == 0 ? NULL : realpath(arena_cstr(s->mem, c->master_key_file), NULL);
    if (folder == NULL || file == NULL)
        return false; /* what is not there is told when it is opened */
    return str_starts(str_of(file), arena_printf(s->mem, "%s/", folder));
}

WHEN(master_key_in_environment)
{
    return c->master_key_file.len == 0 && c->master_key_credential.len == 0 && c->master_key.len > 0;
}

WHEN(later_given)
{
    return s->later_given;
}

WHEN(dotenv_left_out)
{
    return s->dotenv_left_out;
}

static const struct judgement refusals[] = {
    { limits_off, "POSTERN_LIMITS is off: nothing slows the guessing of passwords down; set it to on" },
    { issuer_not_https, "POSTERN_ISSUER is not https: set it to the https address of this service" },
    { no_tls, "POSTERN_TLS_CERT and POSTERN_TRUSTED_PROXIES are both empty: passwords would travel in the clear; "
              "set the certificate and its key, or the networks of the proxy that ends TLS" },
    { trusts_everybody, "POSTERN_TRUSTED_PROXIES has a network /0: everybody could pose as any address; "
                        "name the networks of the proxies alone" },
    { argon2_weak, "POSTERN_ARGON2_M_KIB and POSTERN_ARGON2_T are too low: at least 19456 KiB and 2 passes" },
    { bcrypt_weak, "POSTERN_BCRYPT_COST is too low: at least 12" },
    { origin_not_https,
      "POSTERN_CORS_ORIGINS names an origin that is not https: its pages could be changed on their way" },
    { page_not_https, "POSTERN_ORIGINS names an origin that is not https: no browser makes passkeys there" },
    { no_master_key,
      "there is no master key: set POSTERN_MASTER_KEY_FILE to a file outside the data folder, or hand over "
      "the systemd credential postern-master-key" },
    { master_key_inside,
      "POSTERN_MASTER_KEY_FILE lies in the data folder: whoever copies the folder would have the signing "
      "keys; put it elsewhere" },
    { database_in_the_open,
      "DATABASE_URL leads to another machine without sslmode=verify-full: anybody on the way could read and change "
      "everything; add sslmode=verify-full and sslrootcert, or use a socket or a loopback address" },
};

static const struct judgement warnings[] = {
    { passwords_short,
      "POSTERN_PASSWORD_MIN is under 12: where a password is the only factor, longer ones hold better" },
    { passwords_guessable, "POSTERN_PASSWORD_SCORE is under 2: guessable passwords are taken" },
    { limits_off_in_development, "POSTERN_LIMITS is off: nothing slows the guessing of passwords down" },
    { development_in_the_open, "POSTERN_PROFILE is development and POSTERN_LISTEN reaches beyond this machine: "
                               "unsafe settings are not refused" },
    { issuer_of_no_address, "POSTERN_ISSUER is not set and POSTERN_LISTEN is every address: tokens name an issuer that "
                            "nobody can reach" },
    { access_long,
      "POSTERN_ACCESS_TTL is over 3600 s: services that check only the signature take a token until its end" },
    { passkeys_of_localhost,
      "POSTERN_RP_ID is localhost, because POSTERN_ISSUER names no domain: passkeys work on this machine only" },
    { later_given, "POSTERN_SMTP_URL is set: this version reads it not yet" },
    { master_key_in_environment,
      "POSTERN_MASTER_KEY is in the environment, where child processes and core dumps have it "
      "too: a file of mode 0600 or a systemd credential is safer" },
    { dotenv_left_out, "POSTERN_PROFILE is production: the .env of the working folder is not read" },
};

static struct strs judge(const struct judgement *rows, size_t count, const struct config *c, struct config_state *s)
{
    struct strs found = { .items = ARENA_ARRAY(s->mem, struct str, count) };

    for (size_t i = 0; i < count; i++)
        if (rows[i].is(c, s))
            found.items[found.count++] = str_of(rows[i].says);
    return found;
}

struct strs config_unsafe(const struct config *config, struct config_state *state)
{
    bool judged = config->profile == PROFILE_PRODUCTION;

    return judge(refusals, judged ? sizeof refusals / sizeof *refusals : 0, config, state);
}

struct strs config_warnings(const struct config *config, struct config_state *state)
{
    return judge(warnings, sizeof warnings / sizeof *warnings, config, state);
}
