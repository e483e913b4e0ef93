/* What every unit test includes: cmocka, and a few words of our own.
 *
 *     TEST(jwt_check, refuses_a_token_past_its_time) { CHECK_END(ERR_UNAUTHENTICATED, jwt_check(...)); }
 *     RUN_TESTS(CASE(jwt_check, refuses_a_token_past_its_time))
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail /* base/err.h has a function of that name */
#include <string.h>
#include "base/err.h"
#include "base/str.h"

#define TEST(unit, sentence) static void unit##_##sentence(void **state __attribute__((unused)))
#define CASE(unit, sentence) cmocka_unit_test(unit##_##sentence)
#define FAIL_WITH(...)       (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))
#define CHECK(truth)         assert_true(truth)
#define CHECK_END(end, call)                                                                                           \
    do {                                                                                                               \
        enum err got_ = (call);                                                                                        \
        if (got_ != (end))                                                                                             \
            FAIL_WITH("%s: %s instead of %s: %s", #call, err_name(got_), err_name(end), note_get()->text);             \
    } while (0)
#define CHECK_OK(call)       CHECK_END(OK, call)
#define CHECK_INT(want, got) assert_int_equal(want, got)
#define CHECK_STR(want, got)                                                                                           \
    do {                                                                                                               \
        struct str w_ = (want), g_ = (got);                                                                            \
        if (!str_equal(w_, g_))                                                                                        \
            FAIL_WITH("%s is \"%.*s\", not \"%.*s\"", #got, STR_ARG(g_), STR_ARG(w_));                                 \
    } while (0)
#define RUN_TESTS(...)                                                                                                 \
    int main(void)                                                                                                     \
    {                                                                                                                  \
        const struct CMUnitTest tests[] = { __VA_ARGS__ };                                                             \
        return cmocka_run_group_tests(tests, NULL, NULL);                                                              \
    }
