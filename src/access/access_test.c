#include "support/test.h"
#include "access/access.h"

static struct caller of(const char *id, const char *roles)
{
    return (struct caller){ .user = { .public_id = str_of(id), .roles = str_of(roles) },
                            .session = { .auth_time_s = 1000 } };
}

TEST(access, lets_everybody_read_themselves_and_nobody_else)
{
    struct caller me = of("a", "user");
    CHECK_OK(access_self_or(&me, STR("a"), USERS_READ));
    CHECK_END(ERR_DENIED, access_self_or(&me, STR("b"), USERS_READ));
    CHECK_END(ERR_DENIED, access_self_or(&me, STR(""), USERS_READ));
    CHECK_END(ERR_DENIED, access_self_or(&me, STR("aa"), USERS_READ));
    CHECK_INT(WHY_FORBIDDEN, note_get()->why);
}

TEST(access, follows_the_table_of_roles)
{
    static const struct {
        const char *roles;
        bool may[PERMISSIONS]; /* in the order of PERMISSION_LIST */
    } table[] = {
        { "user", { false, false, false, false } },
        { "auditor", { true, false, false, true } },
        { "admin", { true, true, true, true } },
        { "auditor,user", { true, false, false, true } },
        { "admin,auditor,user", { true, true, true, true } },
        { "", { false, false, false, false } },
        { "administrator", { false, false, false, false } },
        { "Admin", { false, false, false, false } },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct caller me = of("a", table[i].roles);
        for (int p = 0; p < PERMISSIONS; p++)
            CHECK_INT(table[i].may[p], access_has(&me, (enum permission)p));
    }
}

TEST(access, knows_how_recent_a_sign_in_is)
{
    struct caller me = of("a", "user");
    CHECK_OK(access_recent(&me, 1299, 300));
    CHECK_OK(access_recent(&me, 1300, 300));
    CHECK_END(ERR_UNAUTHENTICATED, access_recent(&me, 1301, 300));
    CHECK_INT(300, note_get()->max_age_s);
    CHECK(note_get()->acr == NULL);
}

static struct caller having(bool passkey, bool app, const char *acr)
{
    struct caller me = of("a", "user");
    me.user.credentials = passkey;
    me.user.totp = app;
    me.session.acr = str_of(acr);
    return me;
}

TEST(access, knows_the_order_of_levels)
{
    static const char *const levels[] = { "aal0", "aal1", "aal2", "aal2-phr", "aal3" };
    for (int has = 0; has < 5; has++)
        for (int least = 1; least < 5; least++) {
            struct caller me = having(false, false, levels[has]);
            CHECK_INT(has < least, acr_below(me.session.acr, str_of(levels[least])));
            CHECK_INT(has < least ? ERR_UNAUTHENTICATED : OK, access_acr(&me, str_of(levels[least])));
        }
    struct caller strong = having(false, false, "aal3");
    CHECK_END(ERR_UNAUTHENTICATED, access_acr(&strong, STR("aal4"))); /* nobody has what nobody knows */
    CHECK(note_get()->acr == NULL);
    CHECK(!acr_known(STR("aal0")) && !acr_known(STR("")) && !acr_known(STR("AAL1")));
}

/* What was shown must be as strong as the strongest factor there is, and be shown of late. */
TEST(access, is_fresh_after_the_strongest_factor_only)
{
    static const struct {
        bool passkey, app;
        const char *acr, *asked; /* asked NULL: it will do */
    } table[] = {
        { false, false, "aal1", NULL },      { false, true, "aal1", "aal2" },     { false, true, "aal2", NULL },
        { true, false, "aal1", "aal2-phr" }, { true, false, "aal2", "aal2-phr" }, { true, false, "aal2-phr", NULL },
        { true, true, "aal2", "aal2-phr" },  { true, true, "aal3", NULL },        { false, false, "aal3", NULL },
        { false, false, "", "aal1" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct caller me = having(table[i].passkey, table[i].app, table[i].acr);
        CHECK_INT(table[i].asked == NULL ? OK : ERR_UNAUTHENTICATED, access_fresh(&me, 1300, 300));
        if (table[i].asked != NULL)
            CHECK(note_get()->why == WHY_ACR_TOO_LOW && str_equal(str_of(table[i].asked), str_of(note_get()->acr)));
        CHECK_END(ERR_UNAUTHENTICATED, access_fresh(&me, 1301, 300));
        CHECK_INT(300, note_get()->max_age_s);
    }
}

TEST(access, is_limited_below_the_policy_and_after_a_recovery_code)
{
    static const struct {
        enum mfa_policy policy;
        const char *roles, *acr, *amr;
        bool is;
    } table[] = {
        { MFA_OPTIONAL, "user", "aal1", "pwd", false },
        { MFA_OPTIONAL, "admin", "aal1", "pwd", false },
        { MFA_REQUIRED, "user", "aal1", "pwd", true },
        { MFA_REQUIRED, "user", "aal2", "pwd,otp", false },
        { MFA_REQUIRED, "admin", "", "", true },
        { MFA_ADMINS, "user", "aal1", "pwd", false },
        { MFA_ADMINS, "auditor,user", "aal1", "pwd", false },
        { MFA_ADMINS, "admin,user", "aal1", "pwd", true },
        { MFA_ADMINS, "admin", "aal2-phr", "hwk", false },
        { MFA_OPTIONAL, "user", "aal1", "pwd,recovery", true },
        { MFA_OPTIONAL, "user", "aal2", "pwd,recovery", true },
        { MFA_REQUIRED, "user", "aal3", "recovery", true },
        { MFA_OPTIONAL, "user", "aal1", "pwd,recovery2", false },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct caller me = of("a", table[i].roles);
        me.session.acr = str_of(table[i].acr);
        me.session.amr = str_of(table[i].amr);
        CHECK_INT(table[i].is, access_limited(table[i].policy, &me.user, &me.session));
    }
}

TEST(access, counts_factors_and_no_recovery_codes)
{
    struct user_row user = { .recovery_codes = 10 };
    CHECK(!access_has_factor(&user));
    CHECK_STR(STR("aal1"), access_strongest(&user));
    user.totp = true;
    CHECK(access_has_factor(&user));
    CHECK_STR(STR("aal2"), access_strongest(&user));
    user.credentials = 2;
    CHECK_STR(STR("aal2-phr"), access_strongest(&user));
    user.totp = false;
    CHECK(access_has_factor(&user));
}

TEST(roles, are_sorted_without_doubles_and_refuse_strangers)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct str mixed[] = { STR("user"), STR("admin"), STR("user") }, wrong[] = { STR("user"), STR("root") };
    struct str out = { 0 };
    CHECK_OK(roles_join(mem, (struct strs){ mixed, 3 }, &out));
    CHECK_STR(STR("admin,user"), out);
    CHECK_END(ERR_INVALID, roles_join(mem, (struct strs){ wrong, 2 }, &out));
    CHECK_END(ERR_INVALID, roles_join(mem, (struct strs){ NULL, 0 }, &out));
    CHECK_STR(STR("admin,user"), out);
    CHECK_INT(2, roles_split(mem, out).count);
    CHECK_STR(STR("admin"), roles_strongest(out));
    CHECK_STR(STR("users:read audit:read"), roles_scope(mem, STR("auditor")));
    CHECK_STR(STR(""), roles_scope(mem, STR("user")));
}

RUN_TESTS(CASE(access, lets_everybody_read_themselves_and_nobody_else), CASE(access, follows_the_table_of_roles),
          CASE(access, knows_how_recent_a_sign_in_is), CASE(access, knows_the_order_of_levels),
          CASE(access, is_fresh_after_the_strongest_factor_only),
          CASE(access, is_limited_below_the_policy_and_after_a_recovery_code),
          CASE(access, counts_factors_and_no_recovery_codes),
          CASE(roles, are_sorted_without_doubles_and_refuse_strangers))
