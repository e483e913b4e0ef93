#include "access/access.h"
#include "base/buf.h"

struct role {
    const char *name;
    unsigned may; /* bit per permission */
};

#define MAY_DO(permission) (1U << (permission))

/* From the strongest to the weakest. */
static const struct role roles_known[] = {
    { "admin", MAY_DO(USERS_READ) | MAY_DO(USERS_WRITE) | MAY_DO(SESSIONS_WRITE) | MAY_DO(AUDIT_READ) },
    { "auditor", MAY_DO(USERS_READ) | MAY_DO(AUDIT_READ) },
    { "user", 0 },
};
#define ROLES (sizeof roles_known / sizeof *roles_known)

static const char *const permission_words[] = {
#define PERMISSION_WORD(name, word, meaning) [name] = word,
    PERMISSION_LIST(PERMISSION_WORD)
};

static const struct role *role_of(struct str name)
{
    for (size_t i = 0; i < ROLES; i++)
        if (str_equal(name, str_of(roles_known[i].name)))
            return &roles_known[i];
    return NULL;
}

bool role_known(struct str role)
{
    return role_of(role) != NULL;
}

static bool holds(struct str roles, struct str role)
{
    struct str word;
    while (str_split(&roles, ',', &word))
        if (str_equal(word, role))
            return true;
    return false;
}

static unsigned permissions_of(struct str roles)
{
    unsigned may = 0;
    for (size_t i = 0; i < ROLES; i++)
        if (holds(roles, str_of(roles_known[i].name)))
            may |= roles_known[i].may;
    return may;
}

struct strs roles_split(struct arena *mem, struct str roles)
{
    struct strs list = { ARENA_ARRAY(mem, struct str, ROLES), 0 };
    struct str word;
    while (list.count < ROLES && str_split(&roles, ',', &word))
        list.items[list.count++] = word;
    return list;
}

enum err roles_join(struct arena *mem, struct strs roles, struct str *out)
{
    struct buf joined = buf_new(mem, 32);
    for (size_t i = 0; i < roles.count; i++)
        if (!role_known(roles.items[i]))
            return fail(ERR_INVALID, "there is no role \"%.*s\"", STR_ARG(str_slice(roles.items[i], 0, 32)));
    if (roles.count == 0)
        return fail(ERR_INVALID, "an account has at least one role");
    /* The table's order happens to be the alphabet's, so walking it sorts. */
    for (size_t r = 0; r < ROLES; r++)
        for (size_t i = 0; i < roles.count; i++)
            if (str_equal(roles.items[i], str_of(roles_known[r].name))) {
                buf_printf(&joined, "%s%s", joined.len > 0 ? "," : "", roles_known[r].name);
                break;
            }
    *out = buf_str(&joined);
    return OK;
}

struct str roles_strongest(struct str roles)
{
    for (size_t i = 0; i < ROLES; i++)
        if (holds(roles, str_of(roles_known[i].name)))
            return str_of(roles_known[i].name);
    return STR("user");
}

struct str roles_scope(struct arena *mem, struct str roles)
{
    unsigned may = permissions_of(roles);
    struct buf scope = buf_new(mem, 64);
    for (int p = 0; p < PERMISSIONS; p++)
        if ((may & MAY_DO(p)) != 0)
            buf_printf(&scope, "%s%s", scope.len > 0 ? " " : "", permission_words[p]);
    return buf_str(&scope);
}

bool access_has(const struct caller *caller, enum permission permission)
{
    return (permissions_of(caller->user.roles) & MAY_DO(permission)) != 0;
}

enum err access_must(const struct caller *caller, enum permission permission)
{
    return access_has(caller, permission) ? OK : refuse(WHY_FORBIDDEN);
}

enum err access_self(const struct caller *caller, struct str public_id)
{
    return str_equal(caller->user.public_id, public_id) ? OK : refuse(WHY_FORBIDDEN);
}

enum err access_self_or(const struct caller *caller, struct str public_id, enum permission permission)
{
    return str_equal(caller->user.public_id, public_id) ? OK : access_must(caller, permission);
}

static bool is_recent(const struct caller *caller, int64_t now_s, int64_t within_s)
{
    return now_s - caller->session.auth_time_s <= within_s;
}

enum err access_recent(const struct caller *caller, int64_t now_s, int64_t within_s)
{
    return is_recent(caller, now_s, within_s) ? OK : refuse_until(WHY_SIGNIN_NOT_RECENT, NULL, within_s);
}

enum err access_role(const struct caller *caller, struct str role)
{
    return holds(caller->user.roles, role) ? OK : refuse(WHY_FORBIDDEN);
}

static bool has_word(struct str words, struct str wanted)
{
    struct str word;
    while (str_split(&words, ' ', &word))
        if (str_equal(word, wanted))
            return true;
    return false;
}

enum err access_scope(const struct caller *caller, struct arena *mem, struct str words)
{
    struct str scope = roles_scope(mem, caller->user.roles), word;
    while (str_split(&words, ' ', &word))
        if (word.len == 0 || !has_word(scope, word))
            return refuse(WHY_SCOPE_MISSING);
    return OK;
}

/* From the weakest to the strongest. */
static const char *const acr_levels[] = { "aal1", "aal2", "aal2-phr", "aal3" };
#define LEVELS ((int)(sizeof acr_levels / sizeof *acr_levels))

static int acr_rank(struct str acr)
{
    for (int i = 0; i < LEVELS; i++)
        if (str_equal(acr, str_of(acr_levels[i])))
            return i;
    return -1;
}

bool acr_known(struct str acr)
{
    return acr_rank(acr) >= 0;
}

bool acr_below(struct str acr, struct str least)
{
    return acr_rank(acr) < acr_rank(least);
}

/* A level that nobody knows is one that nobody has. */
enum err access_acr(const struct caller *caller, struct str least)
{
    const int rank = acr_rank(least);
    if (rank >= 0 && acr_rank(caller->session.acr) >= rank)
        return OK;
    return refuse_until(WHY_ACR_TOO_LOW, rank < 0 ? NULL : acr_levels[rank], 0);
}

bool access_has_factor(const struct user_row *user)
{
    return user->credentials > 0 || user->totp;
}

struct str access_strongest(const struct user_row *user)
{
    return user->credentials > 0 ? STR("aal2-phr") : user->totp ? STR("aal2") : STR("aal1");
}

/* What a challenge for it names lives for ever: it comes from the table. */
enum err access_fresh(const struct caller *caller, int64_t now_s, int64_t within_s)
{
    const int least = acr_rank(access_strongest(&caller->user));
    if (acr_rank(caller->session.acr) < least)
        return refuse_until(WHY_ACR_TOO_LOW, acr_levels[least], within_s);
    return is_recent(caller, now_s, within_s) ? OK : refuse_until(WHY_SIGNIN_NOT_RECENT, acr_levels[least], within_s);
}

bool access_demands_factor(enum mfa_policy policy, const struct user_row *user)
{
    return policy == MFA_REQUIRED || (policy == MFA_ADMINS && holds(user->roles, STR("admin")));
}

bool access_limited(enum mfa_policy policy, const struct user_row *user, const struct session_row *session)
{
    return holds(session->amr, STR("recovery")) ||
           (access_demands_factor(policy, user) && acr_below(session->acr, STR("aal2")));
}
