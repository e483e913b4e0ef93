#include "cli/users.h"
#include "flow/operator.h"

const struct manual user_set_role_manual = {
    .json = "print the account as JSON",
    .about =
        "The roles given take the place of all that the account had. There are user (itself alone), auditor (reads\n"
        "every profile and the audit trail) and admin (everything). The tokens that the account holds end with\n"
        "it, and the last active administrator can't be demoted.",
    .example = "  postern user set-role ada@example.com admin,user",
    .ends = "  0 changed; 1 there is no such account, it is the last administrator, or it failed; 2 wrong usage",
};

const struct manual user_disable_manual = {
    .json = "print the account as JSON",
    .about =
        "The account stays and keeps its names; its sessions and tokens end at once, and it can't sign in. The last\n"
        "active administrator can't be disabled. USER is as for postern user show.",
    .example = "  postern user disable mallory",
    .ends = "  0 disabled; 1 there is no such account, it is the last administrator, or it failed; 2 wrong usage",
};

const struct manual user_enable_manual = {
    .json = "print the account as JSON",
    .about = "The account may sign in again. USER is as for postern user show.",
    .example = "  postern user enable mallory",
    .ends = "  0 enabled; 1 there is no such account, or it failed; 2 wrong usage",
};

static enum err change(struct run *r, const struct account_change *wish)
{
    struct user_row row = { 0 };
    TRY(run_open_services(r));
    TRY(flow_operator_find(r->own, &r->visit, r->words[0], &row));
    TRY(flow_operator_change(r->own, &r->visit, row.public_id, wish, &row));
    user_print(r->visit.mem, r->json, &row);
    return OK;
}

enum err user_set_role(struct run *r)
{
    struct str roles = { 0 };
    TRY(roles_typed(r, r->words[1], &roles));
    struct account_change wish = { .roles = &roles };
    return change(r, &wish);
}

enum err user_disable(struct run *r)
{
    bool active = false;
    struct account_change wish = { .is_active = &active };
    return change(r, &wish);
}

enum err user_enable(struct run *r)
{
    bool active = true;
    struct account_change wish = { .is_active = &active };
    return change(r, &wish);
}
