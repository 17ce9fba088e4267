/* check.h - the one place that knows the test library (cmocka; 2.0 renames its macros).
 *
 * A unit test file includes this, names its tests as claims, and ends with
 *     CHECK_MAIN(TEST(missing_modality_gets_no_gradient), TEST(...)) */
#ifndef MMOFL_TESTS_CHECK_H
#define MMOFL_TESTS_CHECK_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mmofl/status.h"

#define TEST(name) cmocka_unit_test(name)
#define CHECK_MAIN(...)                                                                \
    int main(void)                                                                     \
    {                                                                                  \
        const struct CMUnitTest tests[] = {__VA_ARGS__};                               \
        return cmocka_run_group_tests(tests, NULL, NULL);                              \
    }

#define CHECK(condition) assert_true(condition)
#define CHECK_INT(a, b) assert_int_equal(a, b)
#define CHECK_TEXT(a, b) assert_string_equal(a, b)
#define CHECK_STATUS(call, wanted)                                                     \
    assert_string_equal(mmofl_status_name(call), mmofl_status_name(wanted))
#define CHECK_OK(call) CHECK_STATUS(call, MMOFL_OK)
/** |a - b| <= tolerance, printed when it is not. */
#define CHECK_NEAR(a, b, tolerance)                                                    \
    do {                                                                               \
        double check_a = (double)(a), check_b = (double)(b);                           \
        if (!(fabs(check_a - check_b) <= (tolerance)))                                 \
            fail_msg("%s = %.9g, %s = %.9g, wanted within %g", #a, check_a, #b,        \
                     check_b, (double)(tolerance));                                    \
    } while (0)
#define CHECK_CONTAINS(text, part)                                                     \
    do {                                                                               \
        if (!strstr(text, part))                                                       \
            fail_msg("\"%s\" does not contain \"%s\"", text, part);                    \
    } while (0)
/** Leave the test as skipped, with a reason. */
#define CHECK_SKIP(reason)                                                             \
    do {                                                                               \
        print_message("skipped: %s\n", reason);                                        \
        skip();                                                                        \
    } while (0)

#endif
