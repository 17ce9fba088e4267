/* test_text_table.c - long tables of which some columns are kept (the other readers are
 * tested with UCI-HAR, whose files they read). */
#include "check.h"
#include "data/text_table.h"

/* Of four columns, the last one first and the second one. */
static const int slot[4] = {-1, 1, -1, 0};

static mmofl_status read_rows(const char *data, bool nan, float **values, size_t *rows,
                              mmofl_error *err)
{
    const mmofl_text_columns columns = {.n = 4, .slot = slot, .kept = 2, .nan = nan};
    mmofl_text text = {data, strlen(data), "t.dat"};
    return mmofl_text_read_rows(text, &columns, values, rows, err);
}

static void chosen_columns_of_all_rows_are_kept(void **state)
{
    (void)state;
    float *values = NULL;
    size_t rows = 0;
    mmofl_error err = {0};
    CHECK_OK(read_rows("1 2 3 4\r\n5\t6\t7\t8\n9 -1e1 nan NaN\n\n", true, &values,
                       &rows, &err));
    const float wanted[5] = {4, 2, 8, 6, NAN};
    CHECK_INT(rows, 3);
    CHECK(memcmp(values, wanted, 4 * sizeof *wanted) == 0);
    CHECK(isnan(values[4]) && values[5] == -10);
    free(values);
}

static void rows_that_are_wrong_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *data, *says;
        mmofl_status status;
    } cases[] = {{"", "t.dat: has no numbers", MMOFL_E_TRUNCATED},
                 {"\n \n", "t.dat: has no numbers", MMOFL_E_TRUNCATED},
                 {"1 2 3 4\n5 6 7", "t.dat:2:6: 3 numbers in the row", MMOFL_E_COUNT},
                 {"1 2 3 4 5", "t.dat:1:9: more than 4 numbers", MMOFL_E_COUNT},
                 {"1 2 3 4\n\n\n1 2 3 4", "t.dat:2:1: 0 numbers", MMOFL_E_COUNT},
                 {"\n\n\n\n\n\n\n\n1", "t.dat:1:1: 0 numbers", MMOFL_E_COUNT},
                 {"x 2 3 4", "t.dat:1:1: 'x' is not", MMOFL_E_SYNTAX},
                 {"1 2 nano 4", "t.dat:1:5: 'nano'", MMOFL_E_NONFINITE},
                 {"1 2 -nan 4", "t.dat:1:5: '-nan'", MMOFL_E_NONFINITE},
                 {"1 2 inf 4", "t.dat:1:5: 'inf'", MMOFL_E_NONFINITE},
                 {"1 2 3 1e39", "t.dat:1:7: beyond", MMOFL_E_NONFINITE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float *values = NULL;
        size_t rows = 77;
        mmofl_error err = {0};
        CHECK_STATUS(read_rows(cases[i].data, true, &values, &rows, &err),
                     cases[i].status);
        CHECK_CONTAINS(err.text, cases[i].says);
        CHECK(!values && rows == 77);
    }
}

static void nan_is_no_number_where_it_is_not_allowed(void **state)
{
    (void)state;
    float *values = NULL;
    size_t rows = 0;
    mmofl_error err = {0};
    CHECK_STATUS(read_rows("1 2 3 NaN", false, &values, &rows, &err),
                 MMOFL_E_NONFINITE);
    CHECK_CONTAINS(err.text, "t.dat:1:7: 'NaN', wanted a finite number");
}

static void the_place_of_a_number_is_found_again(void **state)
{
    (void)state;
    const char data[] = " 1 2\r\n3  44\n";
    mmofl_text text = {data, sizeof data - 1, "t.dat"};
    char place[32];
    mmofl_text_place(text, 0, 0, place, sizeof place);
    CHECK_TEXT(place, "t.dat:1:2");
    mmofl_text_place(text, 1, 1, place, sizeof place);
    CHECK_TEXT(place, "t.dat:2:4");
}

CHECK_MAIN(TEST(chosen_columns_of_all_rows_are_kept),
           TEST(rows_that_are_wrong_are_refused_with_their_place),
           TEST(nan_is_no_number_where_it_is_not_allowed),
           TEST(the_place_of_a_number_is_found_again))
