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
    CHECK_END(ERR_DENIED, access_recent(&me, 1301, 300));
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
          CASE(access, knows_how_recent_a_sign_in_is), CASE(roles, are_sorted_without_doubles_and_refuse_strangers))
