#include "base/file.h"
#include "cli/command.h"
#include "cli/print.h"
#include "flow/clients.h"
#include "token/jwks.h"

#include <fcntl.h>
#include <stdio.h>

#define GRACE_S     86400   /* a day to bring the new secret to every instance */
#define GRACE_S_MAX 2592000 /* 30 days */

/* clang-format off */
static const struct cli_option create_options[] = {
    { "name", "TEXT", "for people; the id when it is not given" },
    { "scope", "\"WORD WORD\"", "what it may do here (introspect, revoke, revocations), and its own words" },
    { "public-keys", "FILE", "a JWK Set of its public keys, for private_key_jwt; then it gets no secret" },
    { NULL }
};

static const struct cli_option rotate_options[] = {
    { "grace", "SECONDS", "how long the former secret is still taken; 86400 unless given, 0 for not at all" },
    { NULL }
};

struct client_line {
    struct str client_id, client_secret, name, method, scope;
    int64_t created_at, disabled_at;
};
static const struct field made_fields[] = {
    VIEW(struct client_line, client_id), VIEW_OPTIONAL(struct client_line, client_secret), FIELD_END
};
static const struct field line_fields[] = {
    VIEW(struct client_line, client_id), VIEW(struct client_line, name), VIEW(struct client_line, method),
    VIEW(struct client_line, scope), VIEW_TIME(struct client_line, created_at), VIEW_TIME(struct client_line, disabled_at),
    FIELD_END
};
/* clang-format on */

const struct manual client_create_manual = {
    .options = create_options,
    .json = "print {\"client_id\",\"client_secret\"}",
    .about =
        "A client is a service that asks about tokens, or gets tokens of its own at POST /oauth/token. CLIENT is its\n"
        "id: 3 to 64 of a-z, 0-9, dot, dash and underscore. Its secret is printed once; only a digest is kept. With\n"
        "--public-keys there is no secret: the service signs an assertion with its private key each time.",
    .example = "  postern client create billing --scope \"introspect revocations\"\n"
               "  postern client create archive --public-keys archive.jwks.json --scope introspect",
    .ends = "  0 made; 1 refused or failed: what was wrong is on stderr; 2 wrong usage",
};

const struct manual client_rotate_manual = {
    .options = rotate_options,
    .json = "print {\"client_id\",\"client_secret\"}",
    .about = "Makes a new secret and prints it once. The former one is taken until its grace is over, so that all\n"
             "instances of a service can be brought to the new one without a gap.",
    .example = "  postern client rotate-secret billing --grace 3600",
    .ends = "  0 done; 1 there is no such client, or it failed; 2 wrong usage",
};

const struct manual client_list_manual = {
    .json = "print one object, {\"items\":[...]}",
    .about = "The clients by their ids, never a secret. METHOD is how they prove who they are.",
    .example = "  postern client list",
    .ends = "  0 listed, though there be none; 1 it failed; 2 wrong usage",
};

const struct manual client_disable_manual = {
    .json = "print {\"client_id\"}",
    .about = "Its secrets, keys and tokens are refused from now on. There is no way back; make another client.",
    .example = "  postern client disable billing",
    .ends = "  0 disabled; 1 there is no such client, or it failed; 2 wrong usage",
};

static enum err read_keys(struct run *r, struct str file, struct str *out)
{
    AUTO(fd) int fd = open(file.ptr, O_RDONLY | O_CLOEXEC);
    char *text = arena_take(r->visit.mem, JWKS_MAX + 1);
    if (fd < 0)
        return fail(ERR_INTERNAL, "open %s: %m", file.ptr);
    ssize_t len = fd_read(fd, text, JWKS_MAX + 1);
    if (len < 0)
        return fail(ERR_INTERNAL, "read %s: %m", file.ptr);
    *out = (struct str){ text, (size_t)len };
    return OK;
}

static void print_made(struct run *r, struct str id, struct str secret)
{
    const struct client_line line = { .client_id = id, .client_secret = secret };
    const struct pair pairs[] = { { "client_id", id }, { "client_secret", secret } };
    if (r->json)
        json_print(r->visit.mem, made_fields, &line);
    else
        pairs_print(r->visit.mem, pairs, secret.ptr != NULL ? 2 : 1);
}

enum err client_create(struct run *r)
{
    struct client_row wish = { .id = r->words[0], .name = run_value(r, "name"), .scopes = run_value(r, "scope") };
    struct str secret = { 0 };
    if (wish.name.ptr == NULL)
        wish.name = wish.id;
    if (wish.scopes.ptr == NULL)
        wish.scopes = STR("");
    if (run_has(r, "public-keys"))
        TRY(read_keys(r, run_value(r, "public-keys"), &wish.keys));
    TRY(run_open_services(r));
    TRY(flow_client_make(r->own, &r->visit, &wish, &secret));
    print_made(r, wish.id, secret);
    return OK;
}

enum err client_rotate(struct run *r)
{
    int64_t grace_s = 0;
    struct str secret = { 0 };
    TRY(run_number(r, "grace", 0, GRACE_S_MAX, GRACE_S, &grace_s));
    TRY(run_open_services(r));
    TRY(flow_client_rotate(r->own, &r->visit, r->words[0], grace_s, &secret));
    print_made(r, r->words[0], secret);
    return OK;
}

enum err client_disable(struct run *r)
{
    TRY(run_open_services(r));
    TRY(flow_client_disable(r->own, &r->visit, r->words[0]));
    print_made(r, r->words[0], (struct str){ NULL, 0 });
    return OK;
}

static struct str method_of(const struct client_row *row)
{
    static const struct digest none;
    bool secret = !digest_equal(&row->secret, &none);
    if (row->keys.ptr != NULL)
        return secret ? STR("client_secret_basic private_key_jwt") : STR("private_key_jwt");
    return STR("client_secret_basic");
}

static struct client_line line_of(const struct client_row *row)
{
    return (struct client_line){ .client_id = row->id,
                                 .name = row->name,
                                 .method = method_of(row),
                                 .scope = row->scopes,
                                 .created_at = row->created_at,
                                 .disabled_at = row->disabled_at };
}

static void print_table(struct arena *mem, const struct client_row *rows, size_t count)
{
    struct table table = { .heads = { "ID", "NAME", "METHOD", "SCOPE", "CREATED", "DISABLED" } };
    struct str *cells = ARENA_ARRAY(mem, struct str, count * 6);
    for (size_t i = 0; i < count; i++) {
        const struct client_line line = line_of(&rows[i]);
        const struct str row[] = { line.client_id,
                                   line.name,
                                   line.method,
                                   line.scope,
                                   text_time(mem, line.created_at),
                                   text_time(mem, line.disabled_at) };
        for (size_t c = 0; c < 6; c++)
            cells[i * 6 + c] = row[c];
    }
    table_print(&table, mem, cells, count);
}

enum err client_list(struct run *r)
{
    struct client_row *rows = NULL;
    size_t count = 0, items = 0;
    TRY(run_open_services(r));
    TRY(clients_list(r->own->db, r->visit.mem, &rows, &count));
    if (!r->json) {
        print_table(r->visit.mem, rows, count);
        return OK;
    }
    for (size_t i = 0; i < count; i++) {
        const struct client_line line = line_of(&rows[i]);
        json_items_add(r->visit.mem, &items, line_fields, &line);
    }
    json_items_end(items);
    return OK;
}
