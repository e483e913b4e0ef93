#include "cli/users.h"
#include "access/access.h"
#include "cli/prompt.h"
#include "flow/operator.h"
#include "json/read.h"
#include "json/write.h"

#include <stdio.h>

#define PAGE 200 /* rows of the list that are read at once */

/* The user of the HTTP contract, with the integer id beside the public one. */
struct user_line {
    struct str id;
    int64_t number;
    struct str name, email, username, date_of_birth, job_title;
    bool email_verified, is_active;
    struct strs roles;
    int64_t created_at, updated_at;
};

/* clang-format off */
static const struct field user_line_fields[] = {
    VIEW(struct user_line, id),                     VIEW(struct user_line, number),
    VIEW_NULLABLE(struct user_line, name),          VIEW_NULLABLE(struct user_line, email),
    VIEW(struct user_line, email_verified),         VIEW_NULLABLE(struct user_line, username),
    VIEW_NULLABLE(struct user_line, date_of_birth), VIEW_NULLABLE(struct user_line, job_title),
    VIEW(struct user_line, roles),                  VIEW(struct user_line, is_active),
    VIEW_TIME(struct user_line, created_at),        VIEW_TIME(struct user_line, updated_at),
    FIELD_END
};

static const struct cli_option create_options[] = {
    { "email", "ADDRESS", "the e-mail address to sign in with" },
    { "username", "NAME", "the user name to sign in with, 3 to 50 characters" },
    { "name", "TEXT", "the person's name" },
    { "date-of-birth", "DATE", "YYYY-MM-DD" },
    { "job-title", "TEXT", "the person's job title" },
    { "role", "ROLE[,ROLE]", "user, admin, auditor; user when it is not given" },
    { "password-stdin", NULL, "read the password from stdin (when it is no terminal)" },
    { NULL }
};

static const struct cli_option list_options[] = {
    { "search", "TEXT", "only accounts with this text in name, e-mail address or user name" },
    { "role", "ROLE", "only accounts with this role: user, admin or auditor" },
    { "active", "yes|no", "only accounts that may, or may not, sign in" },
    { "limit", "N", "at most so many, the oldest first; all when it is not given" },
    { NULL }
};
/* clang-format on */

const struct manual user_create_manual = {
    .options = create_options,
    .json = "print the account as JSON",
    .about = "The account is made as a sign-up makes it, under the same rules for names and passwords, but for the\n"
             "limits; the audit trail names \"cli\" as the one who did it. The password is asked for twice on a\n"
             "terminal, or read from stdin with --password-stdin; it is never taken as an argument, because every\n"
             "process of the machine can read those.",
    .example = "  postern user create --email ada@example.com --name \"Ada Lovelace\" --role admin,user\n"
               "  pass show ada | postern user create --username ada --password-stdin",
    .ends = "  0 made; 1 refused or failed: what was wrong is on stderr; 2 wrong usage",
};

const struct manual user_show_manual = {
    .json = "print the account as JSON",
    .about = "USER is an e-mail address, a user name, a public id (a UUID) or the integer id. The reading is audited.",
    .example = "  postern user show ada@example.com\n  postern user show 1 --json",
    .ends = "  0 shown; 1 there is no such account, or it failed; 2 wrong usage",
};

const struct manual user_list_manual = {
    .options = list_options,
    .json = "print one object, {\"items\":[...]}",
    .about = "The oldest account comes first. The reading is audited.",
    .example = "  postern user list --role admin\n  postern user list --active no --json",
    .ends = "  0 listed, though there be none; 1 it failed; 2 wrong usage",
};

static struct user_line line_of(struct arena *mem, const struct user_row *row)
{
    return (struct user_line){
        .id = row->public_id,
        .number = row->id,
        .name = row->name,
        .email = row->email,
        .email_verified = row->email_verified,
        .username = row->username,
        .date_of_birth = row->date_of_birth,
        .job_title = row->job_title,
        .roles = roles_split(mem, row->roles),
        .is_active = row->is_active,
        .created_at = row->created_at,
        .updated_at = row->updated_at,
    };
}

static struct str yes_or_no(bool truth)
{
    return truth ? STR("yes") : STR("no");
}

void user_print(struct arena *mem, bool json, const struct user_row *row)
{
    struct user_line line = line_of(mem, row);
    if (json) {
        json_print(mem, user_line_fields, &line);
        return;
    }
    const struct pair pairs[] = {
        { "id", row->public_id },
        { "number", text_int(mem, row->id) },
        { "e-mail", row->email },
        { "verified", yes_or_no(row->email_verified) },
        { "user name", row->username },
        { "name", row->name },
        { "born", row->date_of_birth },
        { "job title", row->job_title },
        { "roles", row->roles },
        { "active", yes_or_no(row->is_active) },
        { "created", text_time(mem, row->created_at) },
        { "updated", text_time(mem, row->updated_at) },
    };
    pairs_print(mem, pairs, sizeof pairs / sizeof *pairs);
}

/* The options go through the reader of JSON bodies, so that they meet the same checks and the same sentences as a sign-up. */
struct create_wish {
    struct str email, username, name, date_of_birth, job_title;
};

/* clang-format off */
static const struct field create_fields[] = {
    FIELD_ROW(struct create_wish, email,         FIELD_OPTIONAL, 3, EMAIL_MAX, email_check),
    FIELD_ROW(struct create_wish, username,      FIELD_OPTIONAL, 1, USERNAME_MAX * 4, username_check),
    FIELD_ROW(struct create_wish, name,          FIELD_OPTIONAL, 1, PROFILE_TEXT_MAX, name_check),
    FIELD_ROW(struct create_wish, date_of_birth, FIELD_OPTIONAL, 10, 40, date_of_birth_check),
    FIELD_ROW(struct create_wish, job_title,     FIELD_OPTIONAL, 1, PROFILE_TEXT_MAX, name_check),
    FIELD_END
};
/* clang-format on */

static void add_member(struct buf *text, const char *name, struct str value)
{
    if (value.ptr == NULL)
        return;
    buf_printf(text, "%s\"%s\":", text->len > 1 ? "," : "", name);
    json_write_str(text, value);
}

static enum err read_wish(struct run *r, struct create_wish *out, struct faults *faults)
{
    struct buf text = buf_new(r->visit.mem, 512);
    buf_add_char(&text, '{');
    add_member(&text, "email", run_value(r, "email"));
    add_member(&text, "username", run_value(r, "username"));
    add_member(&text, "name", run_value(r, "name"));
    add_member(&text, "date_of_birth", run_value(r, "date-of-birth"));
    add_member(&text, "job_title", run_value(r, "job-title"));
    buf_add_char(&text, '}');
    return json_read(r->visit.mem, buf_str(&text), create_fields, out, faults);
}

#define ROLES_TYPED_MAX 8 /* words */

enum err roles_typed(struct run *r, struct str typed, struct str *out)
{
    struct str words[ROLES_TYPED_MAX];
    struct strs list = { words, 0 };
    while (list.count < ROLES_TYPED_MAX && str_split(&typed, ',', &words[list.count]))
        list.count++;
    if (typed.ptr != NULL)
        return run_usage(r, "there are only three roles: user, admin and auditor");
    if (roles_join(r->visit.mem, list, out) != OK)
        return run_usage(r, "%s; there are user, admin and auditor", run_sentence());
    return OK;
}

/* "--date-of-birth" for the field date_of_birth; the password came from stdin. */
static struct str option_of(struct arena *mem, struct str field)
{
    struct buf out = buf_new(mem, field.len + 2);
    if (str_equal(field, STR("password")))
        return field;
    buf_add(&out, STR("--"));
    for (size_t i = 0; i < field.len; i++)
        buf_add_char(&out, field.ptr[i] == '_' ? '-' : field.ptr[i]);
    return buf_str(&out);
}

static enum err tell_faults(struct run *r, const struct faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        fprintf(stderr, "postern: %.*s: %s\n", STR_ARG(option_of(r->visit.mem, faults->items[i].field)),
                faults->items[i].message);
    r->status = CLI_FAILED;
    return ERR_INVALID;
}

static enum err check_create(struct run *r)
{
    if (!run_has(r, "email") && !run_has(r, "username"))
        return run_usage(r, "needs --email ADDRESS or --username NAME");
    if (!run_has(r, "password-stdin") && !on_terminal())
        return run_usage(r,
                         "stdin is no terminal to ask for the password; to read it from there give --password-stdin");
    return OK;
}

static enum err create(struct run *r, const struct secret *password, struct str roles, struct user_row *row)
{
    struct create_wish typed = { 0 };
    struct faults faults = { 0 };
    TRY(read_wish(r, &typed, &faults));
    struct signup wish = { typed.email, typed.username, typed.name, typed.date_of_birth, typed.job_title, password };
    enum err end = flow_operator_signup(r->own, &r->visit, &wish, roles, &faults, row);
    return end == ERR_INVALID && faults.count > 0 ? tell_faults(r, &faults) : end;
}

enum err user_create(struct run *r)
{
    AUTO(secret) struct secret password = { 0 };
    struct str roles = { 0 };
    struct user_row row = { 0 };
    TRY(check_create(r));
    if (run_has(r, "role"))
        TRY(roles_typed(r, run_value(r, "role"), &roles));
    TRY(run_open_services(r)); /* before the person types */
    TRY(run_open_passwords(r));
    TRY(password_read_typed(r, true, &password));
    TRY(create(r, &password, roles, &row));
    user_print(r->visit.mem, r->json, &row);
    return OK;
}

enum err user_show(struct run *r)
{
    struct user_row row = { 0 };
    TRY(run_open_services(r));
    TRY(flow_operator_read(r->own, &r->visit, r->words[0], &row));
    user_print(r->visit.mem, r->json, &row);
    return OK;
}

static enum err read_filter(struct run *r, struct user_filter *out)
{
    struct str active = run_value(r, "active"), role = run_value(r, "role");
    int64_t limit = 0;
    *out = (struct user_filter){ .text = run_value(r, "search"), .role = role, .active = -1 };
    if (role.ptr != NULL && !role_known(role))
        return run_usage(r, "--role: there are user, admin and auditor");
    if (active.ptr != NULL && !str_equal(active, STR("yes")) && !str_equal(active, STR("no")))
        return run_usage(r, "--active: must be yes or no");
    if (active.ptr != NULL)
        out->active = str_equal(active, STR("yes"));
    TRY(run_number(r, "limit", 1, INT64_MAX / 2, INT64_MAX / 2, &limit));
    out->limit = limit;
    return OK;
}

struct listing {
    struct table table;
    size_t items; /* printed as JSON */
};

static void print_lines(struct run *r, struct listing *to, struct arena *mem, const struct user_row *rows, size_t count)
{
    struct str *cells = ARENA_ARRAY(mem, struct str, count * 7);
    for (size_t i = 0; i < count && r->json; i++) {
        struct user_line line = line_of(mem, &rows[i]);
        json_items_add(mem, &to->items, user_line_fields, &line);
    }
    for (size_t i = 0; i < count && !r->json; i++) {
        const struct str line[] = { text_int(mem, rows[i].id),
                                    rows[i].public_id,
                                    rows[i].email,
                                    rows[i].username,
                                    rows[i].roles,
                                    yes_or_no(rows[i].is_active),
                                    text_time(mem, rows[i].created_at) };
        for (size_t c = 0; c < 7; c++)
            cells[i * 7 + c] = line[c];
    }
    if (!r->json)
        table_print(&to->table, mem, cells, count);
}

/* One page, in memory of its own.  after: where the next one begins; absent at the end. */
static enum err list_page(struct run *r, struct listing *to, struct user_filter *filter, int64_t *left,
                          char after[static 64])
{
    AUTO(arena) struct arena *mem = arena_new();
    struct visit v = r->visit;
    struct user_row *rows = NULL;
    size_t count = 0;
    v.mem = mem;
    filter->limit = *left < PAGE ? *left : PAGE;
    filter->after = str_of(after);
    TRY(flow_operator_list(r->own, &v, filter, &rows, &count));
    print_lines(r, to, mem, rows, count);
    *left -= (int64_t)count;
    bool more = *left > 0 && count == PAGE;
    snprintf(after, 64, "%.*s", more ? (int)rows[count - 1].public_id.len : 0,
             more ? rows[count - 1].public_id.ptr : "");
    return OK;
}

enum err user_list(struct run *r)
{
    struct listing to = { .table = {
                              .heads = { "NUMBER", "ID", "E-MAIL", "USER NAME", "ROLES", "ACTIVE", "CREATED" } } };
    struct user_filter filter;
    char after[64] = "";
    TRY(read_filter(r, &filter));
    TRY(run_open_services(r));
    int64_t left = filter.limit;
    do
        TRY(list_page(r, &to, &filter, &left, after));
    while (after[0] != '\0');
    if (r->json)
        json_items_end(to.items);
    return OK;
}
