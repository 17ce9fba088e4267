/* test_library.c - tables of functions from libraries that are opened late. */
#include "check.h"

#include "base/library.h"
#include "data/curl.h"

typedef struct functions {
    double (*floor)(double);
    double (*ceil)(double);
} functions;

static const mmofl_library_symbol symbols[] = {{"floor", offsetof(functions, floor)},
                                               {"ceil", offsetof(functions, ceil)}};

static void each_function_goes_to_its_slot(void **state)
{
    (void)state;
    functions f = {0};
    mmofl_error err = {0};
    for (int time = 0; time < 2; time++) {
        CHECK_OK(mmofl_library_open("libm.so.6", symbols, 2, &f, &err));
        CHECK(f.floor(1.5) == 1 && f.ceil(1.5) == 2);
    }
}

static void a_library_that_is_not_there_is_told(void **state)
{
    (void)state;
    functions f = {0};
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_library_open("libnowhere.so.9", symbols, 2, &f, &err),
                 MMOFL_E_UNSUPPORTED);
    CHECK_CONTAINS(err.text, "libnowhere.so.9");
}

static void a_function_that_is_not_there_is_told(void **state)
{
    (void)state;
    static const mmofl_library_symbol unknown = {"no_such_function", 0};
    void *slot = NULL;
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_library_open("libm.so.6", &unknown, 1, &slot, &err),
                 MMOFL_E_UNSUPPORTED);
    CHECK_CONTAINS(err.text, "libm.so.6 has no no_such_function");
    CHECK(!slot);
}

static void libcurl_is_the_one_of_its_header(void **state)
{
    (void)state;
    mmofl_curl curl;
    mmofl_error err = {0};
    CHECK_OK(mmofl_curl_open(&curl, &err));
    CHECK(curl.version_info(CURLVERSION_NOW)->version_num >> 16 ==
          LIBCURL_VERSION_NUM >> 16);
    CHECK_TEXT(curl.easy_strerror(CURLE_OK), "No error");
}

CHECK_MAIN(TEST(each_function_goes_to_its_slot),
           TEST(a_library_that_is_not_there_is_told),
           TEST(a_function_that_is_not_there_is_told),
           TEST(libcurl_is_the_one_of_its_header))
