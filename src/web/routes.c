#include "web/routes.h"
#include "api/guard.h"
#include "limit/limit.h"
#include "web/pages.h"

/* clang-format off */
const struct route web_routes[] = {
    /* method  path                       guard   limit       lane  body     query    handler   does */
    { GET,    "/",                        ANYONE, LIMIT_NONE, FAST, NO_BODY, NO_BODY, web_home, "Go to one's account", .is_page = true },
    { GET,    "/sign-in",                 ANYONE, LIMIT_NONE, FAST, NO_BODY, NO_BODY, web_page, "Sign in", .is_page = true },
    { GET,    "/sign-up",                 ANYONE, LIMIT_NONE, FAST, NO_BODY, NO_BODY, web_page, "Sign up", .is_page = true },
    { GET,    "/account",                 ANYONE, LIMIT_NONE, FAST, NO_BODY, NO_BODY, web_page, "See and change one's account", .is_page = true },
    { GET,    "/pages/{version}/{file}",  ANYONE, LIMIT_NONE, FAST, NO_BODY, NO_BODY, web_file, "Give a part of the pages", false },
};
/* clang-format on */
const size_t web_routes_count = sizeof web_routes / sizeof *web_routes;
