#include "cli/command.h"
#include "cli/print.h"
#include "cli/prompt.h"
#include "crypto/master.h"
#include "flow/keys.h"
#include "flow/operator.h"

#include <stdio.h>

/* clang-format off */
static const struct cli_option rotate_options[] = {
    { "now", NULL, "it signs at once, and is not published before" },
    { "algorithm", "NAME", "ES256, EdDSA, RS256 or PS256; default POSTERN_TOKEN_ALG" },
    { NULL }
};
/* clang-format on */

const struct manual key_list_manual = {
    .json = "print one object, {\"items\":[{\"kid\",\"state\",\"algorithm\",\"made_at\",\"active_at\",\n"
            "                         \"retired_at\",\"expires_at\",\"revoked_at\"}]}",
    .about =
        "The signing keys of the database, the newest first. next: published, and signs from SIGNS FROM on; current:\n"
        "signs; previous: only checks what it signed, until CHECKS UNTIL; then expired; or revoked. Private keys are\n"
        "never printed.",
    .example = "  postern key list --data-dir /var/lib/postern",
    .ends = "  0 listed; 1 there is no key yet, or it failed; 2 wrong usage",
};

const struct manual key_rotate_manual = {
    .options = rotate_options,
    .json = "print "
            "{\"kid\",\"state\",\"algorithm\",\"made_at\",\"active_at\",\"retired_at\",\"expires_at\",\"revoked_at\"}",
    .about =
        "Makes the next signing key. It is published at once and signs after POSTERN_KEY_LEAD; the one before it goes\n"
        "on checking what it signed. Running servers take it over within a second, without a restart. With --now it\n"
        "signs at once: services that keep the public keys refuse its tokens until they fetch them again. A next key\n"
        "that is published already takes over early then, and no other is made.",
    .example = "  postern key rotate\n  postern key rotate --algorithm EdDSA",
    .ends = "  0 made; 1 refused or failed: there is a next key already, no master key; 2 wrong usage",
};

const struct manual key_revoke_manual = {
    .json = "print the key that signs from now on, as key rotate does",
    .about =
        "Ends a signing key at once: running servers refuse every token that it signed within a second, and it is "
        "gone\n"
        "from /.well-known/jwks.json. Was it the one that signs, then the next one signs from now on, or a new one.\n"
        "Nobody is signed out: clients renew with their refresh tokens. docs/keys.md has the drill for a stolen key.",
    .example = "  postern key revoke fte13ag8YWstOzD1kVgOKZ3o_xYHkB1cxfYbhgQaGyM",
    .ends = "  0 revoked; 1 refused or failed: no such key, revoked before, no master key; 2 wrong usage",
};

const struct manual key_export_manual = {
    .json = "print the same: it is JSON anyway",
    .about =
        "Prints the public keys that check tokens, as a JWK set: what /.well-known/jwks.json gives. For services that\n"
        "can't fetch it.",
    .example = "  postern key export-public > jwks.json",
    .ends = "  0 printed; 1 it failed; 2 wrong usage",
};

static const struct cli_option rekey_options[] = {
    { "yes", NULL, "do not ask" },
    { NULL },
};

const struct manual key_rekey_manual = {
    .options = rekey_options,
    .json = "print {\"signing_keys\",\"apps\",\"unreadable\"}: how many of each",
    .about =
        "Seals everything that is sealed in the database with another master key, that of FILE; the settings name the\n"
        "one of until now. All of it or nothing. Nobody is signed out, and authenticator apps and recovery codes stay\n"
        "good. Stop every server first, and start it with the new key: one that runs on would seal with the old key\n"
        "what nobody can open afterwards. It asks first on a terminal, and elsewhere refuses without --yes. A key\n"
        "that was stolen or lost is another matter: docs/keys.md.",
    .example = "  install -m 0600 /dev/null /etc/postern/new.key\n"
               "  openssl rand -hex 32 > /etc/postern/new.key\n"
               "  postern key rekey /etc/postern/new.key",
    .ends = "  0 changed; 1 refused or failed: the key of the settings or of FILE is none, or not the right one, or\n"
            "  the answer was not yes; 2 wrong usage",
};

struct key_view {
    struct signing_key_row row;
    struct str state;
};

/* clang-format off */
#define KEY_TIME(member) { .name = #member, .kind = FIELD_TIME, .offset = offsetof(struct key_view, row.member) }
#define KEY_TEXT(member) { .name = #member, .kind = FIELD_STR, .offset = offsetof(struct key_view, row.member) }
static const struct field key_fields[] = {
    KEY_TEXT(kid), VIEW(struct key_view, state), KEY_TEXT(algorithm), KEY_TIME(made_at), KEY_TIME(active_at),
    KEY_TIME(retired_at), KEY_TIME(expires_at), KEY_TIME(revoked_at), FIELD_END
};
/* clang-format on */

static struct key_view view_of(const struct run *r, const struct signing_key_row *row)
{
    return (struct key_view){ *row, str_of(key_state_name(key_state(row, r->visit.now_us))) };
}

static void print_table(struct run *r, const struct signing_key_row *rows, size_t count)
{
    struct arena *mem = r->visit.mem;
    struct table table = { .heads = { "KID", "STATE", "ALGORITHM", "MADE", "SIGNS FROM", "CHECKS UNTIL" } };
    struct str *cells = ARENA_ARRAY(mem, struct str, count * 6);
    for (size_t i = 0; i < count; i++) {
        struct str *row = &cells[i * 6];
        row[0] = rows[i].kid;
        row[1] = view_of(r, &rows[i]).state;
        row[2] = rows[i].algorithm;
        row[3] = text_time(mem, rows[i].made_at);
        row[4] = text_time(mem, rows[i].active_at);
        row[5] = text_time(mem, rows[i].revoked_at != 0 ? rows[i].revoked_at : rows[i].expires_at);
    }
    table_print(&table, mem, cells, count);
}

enum err key_list(struct run *r)
{
    struct signing_key_row *rows = NULL;
    size_t count = 0, items = 0;
    TRY(run_open_services(r));
    TRY(signing_keys_list(r->own->db, r->visit.mem, &rows, &count));
    if (count == 0)
        return run_failed(r, "there is no signing key; postern serve makes the first one");
    if (!r->json) {
        print_table(r, rows, count);
        return OK;
    }
    for (size_t i = 0; i < count; i++) {
        const struct key_view view = view_of(r, &rows[i]);
        json_items_add(r->visit.mem, &items, key_fields, &view);
    }
    json_items_end(items);
    return OK;
}

static void print_key(struct run *r, const char *what, const struct signing_key_row *row)
{
    struct arena *mem = r->visit.mem;
    const struct key_view view = view_of(r, row);
    if (r->json) {
        json_print(mem, key_fields, &view);
        return;
    }
    const struct pair pairs[] = { { what, row->kid },
                                  { "algorithm", row->algorithm },
                                  { "signs from", text_time(mem, row->active_at) } };
    pairs_print(mem, pairs, sizeof pairs / sizeof *pairs);
}

static enum err open_with_master(struct run *r)
{
    TRY(run_open_services(r));
    return flow_master_open(&r->shared, &r->visit, false);
}

enum err key_rotate(struct run *r)
{
    struct key_wish wish = { .actor = OPERATOR, .algorithm = r->config.token_alg, .at_once = run_has(r, "now") };
    struct str name = run_value(r, "algorithm");
    struct signing_key_row row;
    if (name.ptr != NULL && !algorithm_find(name, &wish.algorithm))
        return run_usage(r, "--algorithm: must be ES256, EdDSA, RS256 or PS256");
    TRY(open_with_master(r));
    TRY(flow_key_rotate(&r->shared, &r->visit, &wish, &row));
    print_key(r, row.active_at > r->visit.now_us ? "next" : "current", &row);
    return OK;
}

enum err key_revoke(struct run *r)
{
    struct signing_key_row by;
    TRY(open_with_master(r));
    TRY(flow_key_revoke(&r->shared, &r->visit, OPERATOR, r->words[0], &by));
    if (!r->json)
        printf("revoked %.*s\n", STR_ARG(text_plain(r->visit.mem, r->words[0])));
    print_key(r, "current", &by);
    return OK;
}

/* clang-format off */
static const struct field rekey_fields[] = {
    VIEW(struct master_change, signing_keys), VIEW(struct master_change, apps), VIEW(struct master_change, unreadable),
    FIELD_END
};
/* clang-format on */

static void print_change(struct run *r, const struct master_change *did)
{
    struct arena *mem = r->visit.mem;
    if (r->json) {
        json_print(mem, rekey_fields, did);
        return;
    }
    const struct pair pairs[] = {
        { "signing keys sealed anew", text_int(mem, did->signing_keys) },
        { "apps sealed anew", text_int(mem, did->apps) },
        { "apps that can't be opened", text_int(mem, did->unreadable) },
    };
    pairs_print(mem, pairs, sizeof pairs / sizeof *pairs);
}

enum err key_rekey(struct run *r)
{
    AUTO(secret) struct secret master = { 0 };
    struct master_change did = { 0 };
    TRY(open_with_master(r));
    TRY(master_read(arena_cstr(r->visit.mem, r->words[0]), true, &master));
    TRY(agreement(r, "every server must be stopped, and started with the new master key",
                  "Every server must be stopped, and started with the new master key."));
    TRY(flow_master_change(&r->shared, &r->visit, OPERATOR, &master, &did));
    print_change(r, &did);
    return OK;
}

enum err key_export_public(struct run *r)
{
    TRY(run_open_services(r));
    TRY(flow_keys_look(&r->shared, &r->visit, r->own->db));
    printf("%.*s\n", STR_ARG(keyring_jwks(r->shared.keys, r->visit.now_us, r->visit.mem)));
    return OK;
}
