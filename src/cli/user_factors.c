#include "cli/prompt.h"
#include "cli/users.h"
#include "flow/operator.h"

static const struct cli_option reset_options[] = {
    { "yes", NULL, "do not ask" },
    { NULL },
};

const struct manual user_reset_factors_manual = {
    .options = reset_options,
    .json = "print what was removed as JSON",
    .about =
        "For somebody who has lost every second factor and every recovery code: passkeys and security keys, the\n"
        "authenticator app and the recovery codes go, the account's sessions and tokens end, and its owner finds\n"
        "a notice. From then on the password alone signs in, under POSTERN_MFA=required only to add a factor. Who\n"
        "asks for this may be a thief of the password: make sure of the person first. An account without a\n"
        "password keeps its passkeys, for nothing else opens it. It asks first on a terminal, and elsewhere\n"
        "refuses without --yes. USER is as for postern user show.",
    .example = "  postern user reset-factors ada@example.com\n  postern user reset-factors ada --yes --json",
    .ends = "  0 removed; 1 there is no such account, no factor or no password, the answer was not yes, or it failed;\n"
            "  2 wrong usage",
};

/* The numbers as the user of the HTTP contract has them. */
struct reset_line {
    struct str id;
    int64_t number;
    struct str email, username;
    int64_t webauthn;
    bool totp;
    int64_t recovery_codes;
};

/* clang-format off */
static const struct field reset_fields[] = {
    VIEW(struct reset_line, id),                VIEW(struct reset_line, number),
    VIEW_NULLABLE(struct reset_line, email),    VIEW_NULLABLE(struct reset_line, username),
    VIEW(struct reset_line, webauthn),          VIEW(struct reset_line, totp),
    VIEW(struct reset_line, recovery_codes),
    FIELD_END
};
/* clang-format on */

static void print_removed(struct run *r, const struct user_row *row)
{
    struct arena *mem = r->visit.mem;
    const struct reset_line line = { row->public_id,   row->id,   row->email,         row->username,
                                     row->credentials, row->totp, row->recovery_codes };
    if (r->json) {
        json_print(mem, reset_fields, &line);
        return;
    }
    const struct pair pairs[] = {
        { "id", row->public_id },
        { "number", text_int(mem, row->id) },
        { "e-mail", row->email },
        { "user name", row->username },
        { "passkeys removed", text_int(mem, row->credentials) },
        { "app removed", row->totp ? STR("yes") : STR("no") },
        { "codes removed", text_int(mem, row->recovery_codes) },
    };
    pairs_print(mem, pairs, sizeof pairs / sizeof *pairs);
}

static struct str loss(struct arena *mem, const struct user_row *row)
{
    const struct str name = text_plain(mem, row->email.ptr != NULL ? row->email : row->username);
    return arena_printf(
        mem,
        "%.*s loses its second factors (passkeys and security keys: %lld, authenticator app: %s, recovery codes: %lld)",
        STR_ARG(name), (long long)row->credentials, row->totp ? "yes" : "no", (long long)row->recovery_codes);
}

static enum err agree(struct run *r, const struct user_row *row)
{
    const struct str what = loss(r->visit.mem, row);
    const struct str question = arena_printf(r->visit.mem, "%s, and is signed out everywhere.", what.ptr);
    return agreement(r, what.ptr, question.ptr);
}

enum err user_reset_factors(struct run *r)
{
    struct user_row row = { 0 };
    TRY(run_open_services(r));
    TRY(flow_operator_find(r->own, &r->visit, r->words[0], &row));
    TRY(flow_operator_may_reset(&row));
    TRY(agree(r, &row));
    TRY(flow_operator_reset_factors(r->own, &r->visit, row.public_id, &row));
    print_removed(r, &row);
    return OK;
}
