#include "config/config.h"
#include "config/state.h"
#include "config/origin.h"

#include <stdlib.h>
#include <unistd.h>

static void settle(struct config_state *state, const struct option *row, struct config *config)
{
    const struct given *given = &state->given[row - options];
    struct shown here = config_place(state, given);
    const char *must = NULL;

    if (given->source != SOURCE_DEFAULT)
        must = config_value_set(state->mem, row, given->value, config);
    else if (row->fallback != NULL)
        must = config_value_set(state->mem, row, str_of(row->fallback), config);
    if (must == NULL)
        return;
    if (row->secret)
        config_problem(state, "%s (%s): must be %s", row->name, here.text, must);
    else
        config_problem(state, "%s (%s): must be %s, not \"%s\"", row->name, here.text, must,
                       config_shown(given->value).text);
}

enum source config_source(const struct config_state *state, size_t offset)
{
    for (size_t i = 0; i < options_count; i++)
        if (options[i].offset == offset)
            return state->given[i].source;
    return SOURCE_DEFAULT;
}

/* systemd hands credentials to the service in a folder of their own; whether ours is among them is for us to look. */
static void find_credential(struct config_state *state, struct config *config)
{
    struct str path;

    if (state->credentials_dir.len == 0)
        return;
    path = arena_printf(state->mem, "%.*s/" MASTER_CREDENTIAL, STR_ARG(state->credentials_dir));
    if (access(path.ptr, F_OK) == 0)
        config->master_key_credential = path;
}

/* Passkeys want a name where the issuer is an address: then it is this machine's. */
static void derive_rp(struct config_state *state, struct config *config)
{
    struct str host = origin_host(config->issuer), shown = host;
    struct str *origin = ARENA_NEW(state->mem, struct str);

    if (option_check_rp_id(host) != NULL)
        shown = STR("localhost");
    if (config_source(state, offsetof(struct config, rp_id)) == SOURCE_DEFAULT)
        config->rp_id = shown;
    if (config_source(state, offsetof(struct config, origins)) != SOURCE_DEFAULT)
        return;
    *origin = origin_with_host(state->mem, config->issuer, shown);
    config->origins = (struct strs){ origin, 1 };
}

/* What the table can't say: values that follow from others. */
static void derive(struct config_state *state, struct config *config)
{
    if (config_source(state, offsetof(struct config, issuer)) == SOURCE_DEFAULT)
        config->issuer =
            arena_printf(state->mem, "http%s://%.*s", config->tls_cert.len > 0 ? "s" : "", STR_ARG(config->listen));
    if (config_source(state, offsetof(struct config, audience)) == SOURCE_DEFAULT)
        config->audience = config->issuer;
    derive_rp(state, config);
    if (config_source(state, offsetof(struct config, docs)) == SOURCE_DEFAULT)
        config->docs = config->profile == PROFILE_DEVELOPMENT;
    if (config_source(state, offsetof(struct config, migrate)) == SOURCE_DEFAULT)
        config->migrate = str_starts(config->database_url, STR("sqlite:"));
    config->master_key = state->master_key;
    find_credential(state, config);
}

static void check_together(struct config_state *state, const struct config *config)
{
    if ((config->tls_cert.len > 0) != (config->tls_key.len > 0))
        config_problem(state, "POSTERN_TLS_CERT and POSTERN_TLS_KEY: one is set without the other");
    if (config->refresh_ttl_s < config->access_ttl_s)
        config_problem(state, "POSTERN_REFRESH_TTL (%lld s): must not be shorter than POSTERN_ACCESS_TTL (%lld s)",
                       (long long)config->refresh_ttl_s, (long long)config->access_ttl_s);
    if (config->key_rotation_s != 0 && config->key_rotation_s < config->key_lead_s)
        config_problem(state, "POSTERN_KEY_ROTATION (%lld s): must be 0 or at least POSTERN_KEY_LEAD (%lld s)",
                       (long long)config->key_rotation_s, (long long)config->key_lead_s);
    if (config->session_ttl_s < config->access_ttl_s)
        config_problem(state, "POSTERN_SESSION_TTL (%lld s): must not be shorter than POSTERN_ACCESS_TTL (%lld s)",
                       (long long)config->session_ttl_s, (long long)config->access_ttl_s);
}

/* RP ID and origins: WebAuthn Level 3 5.1.2 has the RP ID be the origin's domain or one above; beyond it lie related origins (5.11). */
static void check_passkeys(struct config_state *state, const struct config *config)
{
    bool is_at_home = false;

    for (size_t i = 0; i < config->origins.count; i++)
        is_at_home |= origin_is_beneath(origin_host(config->origins.items[i]), config->rp_id);
    if (!is_at_home)
        config_problem(state, "POSTERN_ORIGINS: none of them is of the domain of POSTERN_RP_ID (%s)",
                       config_shown(config->rp_id).text);
    if (config->attestation == ATTESTATION_REQUIRED && config->attestation_roots.len == 0 &&
        config->attestation_mds.len == 0)
        config_problem(state,
                       "POSTERN_ATTESTATION (required): set POSTERN_ATTESTATION_ROOTS or POSTERN_ATTESTATION_MDS");
    if (config->aaguids_allowed.count > 0 && config->attestation != ATTESTATION_REQUIRED)
        config_problem(state,
                       "POSTERN_AAGUIDS_ALLOWED: wants POSTERN_ATTESTATION required; else anybody can claim a model");
    if ((config->attestation_mds.len > 0) != (config->attestation_mds_root.len > 0))
        config_problem(state, "POSTERN_ATTESTATION_MDS and POSTERN_ATTESTATION_MDS_ROOT: one is set without the other");
}

static struct config_state *state_new(const struct config_input *in)
{
    struct config_state *state = calloc(1, sizeof *state);

    if (state == NULL)
        die("out of memory");
    state->mem = arena_new();
    state->environ = in->environ;
    state->file = in->file;
    state->dotenv = in->dotenv;
    return state;
}

/* The profile decides whether .env is read, so .env can't decide the profile. */
static void read_dotenv(struct config_state *state)
{
    const struct option *row = option_by_name(STR("POSTERN_PROFILE"));
    struct given before = state->given[row - options];
    struct config early = { .profile = PROFILE_DEVELOPMENT };
    bool is_read = before.source == SOURCE_DEFAULT || config_value_set(state->mem, row, before.value, &early) != NULL ||
                   early.profile == PROFILE_DEVELOPMENT;

    if (!is_read) {
        state->dotenv_left_out = state->dotenv != NULL && access(state->dotenv, F_OK) == 0;
        return;
    }
    config_take_file(state, state->dotenv, SOURCE_DOTENV);
    if (state->given[row - options].source == SOURCE_DOTENV)
        config_problem(state, "POSTERN_PROFILE (%s:%d): can't be set here, because only development reads this file",
                       state->dotenv, state->given[row - options].line);
}

static struct strs problems_of(struct config_state *state)
{
    if (state->problems_more > 0)
        state->problems[state->problems_count++] = arena_printf(state->mem, "and %zu more", state->problems_more);
    return (struct strs){ state->problems, state->problems_count };
}

enum err config_read(const struct config_input *in, struct config *out, struct config_state **state,
                     struct strs *problems)
{
    struct config_state *s = *state = state_new(in);
    struct config fresh = { 0 };

    config_take_flags(s, in->argc, in->argv);
    config_take_environment(s, in->environ);
    config_take_file(s, in->file, SOURCE_FILE);
    read_dotenv(s);
    for (size_t i = 0; i < options_count; i++)
        settle(s, &options[i], &fresh);
    if (s->problems_count == 0) {
        derive(s, &fresh);
        check_together(s, &fresh);
        check_passkeys(s, &fresh);
    }
    *problems = problems_of(s);
    if (problems->count > 0)
        return fail(ERR_INVALID, "%zu problems in the settings", problems->count);
    *out = fresh;
    return OK;
}

void config_drop(struct config *config, struct config_state **state)
{
    if (config != NULL)
        *config = (struct config){ 0 };
    if (state == NULL || *state == NULL)
        return;
    arena_drop(&(*state)->mem);
    free(*state);
    *state = NULL;
}

size_t config_lines(const struct config *config, struct config_state *state, const struct config_line **lines)
{
    char flag[OPTION_NAME_MAX];

    for (size_t i = 0; i < options_count; i++) {
        const struct option *row = &options[i];
        option_flag(row, flag);
        state->lines[i] = (struct config_line){
            .name = row->name,
            .flag = arena_printf(state->mem, "--%s", flag).ptr,
            .unit = row->unit != NULL ? row->unit : "",
            .meaning = row->meaning,
            .fallback = row->fallback != NULL ? row->fallback : row->fallback_words,
            .value = config_value_text(state->mem, row, config),
            .origin = arena_copy(state->mem, str_of(config_place(state, &state->given[i]).text)),
        };
    }
    *lines = state->lines;
    return options_count;
}
