/* test_delimited.c - tables with a header: what is a cell, where it stands, and what is
 * refused. */
#include "bad_files.h"
#include "base/file.h"
#include "data/delimited.h"

static mmofl_status open_bytes(const char *text, size_t size, char delimiter,
                               mmofl_delimited **table, mmofl_error *err)
{
    char *copy = malloc(size ? size : 1); /* no zero at its end */
    CHECK(copy);
    memcpy(copy, text, size);
    return mmofl_delimited_open((mmofl_text){copy, size, "t.csv"}, delimiter, table,
                                err);
}

static mmofl_delimited *open_text(const char *text, char delimiter)
{
    mmofl_delimited *table = NULL;
    mmofl_error err = {0};
    if (open_bytes(text, strlen(text), delimiter, &table, &err))
        fail_msg("%s", err.text);
    return table;
}

static void check_cell(const mmofl_delimited *table, size_t row, int column,
                       const char *wanted)
{
    mmofl_cell cell = mmofl_delimited_cell(table, row, column);
    CHECK_INT(cell.size, strlen(wanted));
    CHECK(memcmp(cell.data, wanted, cell.size) == 0);
}

static void a_table_is_cut_into_names_and_rows(void **state)
{
    (void)state;
    mmofl_delimited *table = open_text("id,label\r\n1,walking\r\n2,\r\n", ',');
    int column = -1;
    mmofl_error err = {0};
    CHECK_TEXT(mmofl_delimited_name(table), "t.csv");
    CHECK_INT(mmofl_delimited_columns(table), 2);
    CHECK_INT(mmofl_delimited_rows(table), 2);
    check_cell(table, SIZE_MAX, 0, "id");
    check_cell(table, 0, 1, "walking");
    check_cell(table, 1, 0, "2");
    check_cell(table, 1, 1, "");
    CHECK_OK(mmofl_delimited_column(table, "label", &column, &err));
    CHECK_INT(column, 1);
    mmofl_delimited_close(table);
}

static void a_header_alone_has_no_rows(void **state)
{
    (void)state;
    mmofl_delimited *table = open_text("a,b", ',');
    CHECK_INT(mmofl_delimited_rows(table), 0);
    mmofl_delimited_close(table);
    mmofl_delimited_close(NULL);
}

static void quotes_hold_delimiters_line_ends_and_quotes(void **state)
{
    (void)state;
    mmofl_delimited *table =
        open_text("a,b,c\n\"x, \"\"y\"\"\r\nz\",\"\",3\n4,5,\"\"\"\"\n", ',');
    CHECK_INT(mmofl_delimited_rows(table), 2);
    check_cell(table, 0, 0, "x, \"y\"\r\nz");
    check_cell(table, 0, 1, "");
    check_cell(table, 1, 2, "\"");
    char place[64];
    mmofl_cell cell = mmofl_delimited_cell(table, 0, 2);
    mmofl_delimited_place(table, cell, place, sizeof place);
    CHECK_TEXT(place, "t.csv:3:7"); /* counted in the file, not in what is left of it */
    cell = mmofl_delimited_cell(table, 0, 0);
    CHECK_INT(cell.line, 2);
    CHECK_INT(cell.column, 1);
    mmofl_delimited_close(table);
}

static void tabs_leave_quotes_alone(void **state)
{
    (void)state;
    mmofl_delimited *table = open_text("id\ttext\n1\t\"so\" she said, \"no\n", '\t');
    CHECK_INT(mmofl_delimited_rows(table), 1);
    check_cell(table, 0, 1, "\"so\" she said, \"no");
    mmofl_delimited_close(table);
}

static void byte_order_mark_and_empty_lines_at_the_end_are_left_out(void **state)
{
    (void)state;
    mmofl_delimited *table = open_text("\xef\xbb\xbfid,x\n1,2\n\r\n\n", ',');
    CHECK_INT(mmofl_delimited_rows(table), 1);
    check_cell(table, SIZE_MAX, 0, "id");
    mmofl_delimited_close(table);
}

static void numbers_are_whole_cells(void **state)
{
    (void)state;
    mmofl_delimited *table = open_text("x,n\n-2.5e-1,9223372036854775807\n"
                                       "3,-9223372036854775808\n.5,3.0\n",
                                       ',');
    float x = 0;
    int64_t n = 0;
    mmofl_error err = {0};
    CHECK_OK(mmofl_delimited_float(table, 0, 0, &x, &err));
    CHECK(x == -0.25F);
    CHECK_OK(mmofl_delimited_integer(table, 0, 1, INT64_MIN, INT64_MAX, &n, &err));
    CHECK(n == INT64_MAX);
    CHECK_OK(mmofl_delimited_integer(table, 1, 1, INT64_MIN, INT64_MAX, &n, &err));
    CHECK(n == INT64_MIN);
    CHECK_OK(mmofl_delimited_integer(table, 2, 1, 3, 3, &n, &err));
    CHECK(n == 3);
    mmofl_delimited_close(table);
}

static void numbers_that_are_none_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *cell, *says;
        mmofl_status as_float, as_integer;
    } cases[] = {
        {"", "t.csv:2:1: '' is not a number", MMOFL_E_SYNTAX, MMOFL_E_SYNTAX},
        {" 1", "' 1' is not a number", MMOFL_E_SYNTAX, MMOFL_E_SYNTAX},
        {"1x", "'1x' is not a number", MMOFL_E_SYNTAX, MMOFL_E_SYNTAX},
        {"-", "'-' is not a number", MMOFL_E_SYNTAX, MMOFL_E_SYNTAX},
        {"0x10", "'0x10' is not a number", MMOFL_E_SYNTAX, MMOFL_E_SYNTAX},
        {"nanx", "'nanx' is not a number", MMOFL_E_SYNTAX, MMOFL_E_SYNTAX},
        {"-NaN", "'-NaN' is no finite", MMOFL_E_NONFINITE, MMOFL_E_NONFINITE},
        {"infinity", "no finite", MMOFL_E_NONFINITE, MMOFL_E_NONFINITE},
        {"1e39", "1e39", MMOFL_E_NONFINITE, MMOFL_E_RANGE},
        {"1e400", "1e400", MMOFL_E_NONFINITE, MMOFL_E_RANGE},
        {"1.5", "'1.5' is not whole", MMOFL_OK, MMOFL_E_TYPE},
        {"7", "'7' is out of range, wanted -3 to 6", MMOFL_OK, MMOFL_E_RANGE},
        {"-4", "wanted -3 to 6", MMOFL_OK, MMOFL_E_RANGE},
        {"9223372036854775808", "wanted -3 to 6", MMOFL_OK, MMOFL_E_RANGE},
        {"a\x01letters\xc3\xa4letters letters\xc3\xa4letters", "'a?letters\xc3\xa4",
         MMOFL_E_SYNTAX, MMOFL_E_SYNTAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        float x = 9;
        int64_t n = 9;
        mmofl_error err = {0};
        snprintf(text, sizeof text, "x,y\n%s,1\n", cases[i].cell);
        mmofl_delimited *table = open_text(text, ',');
        CHECK_STATUS(mmofl_delimited_float(table, 0, 0, &x, &err), cases[i].as_float);
        CHECK((x == 9) == (cases[i].as_float != MMOFL_OK));
        CHECK_STATUS(mmofl_delimited_integer(table, 0, 0, -3, 6, &n, &err),
                     cases[i].as_integer);
        CHECK(n == 9);
        CHECK_CONTAINS(err.text, cases[i].says);
        CHECK_CONTAINS(err.text, "t.csv:2:1: ");
        mmofl_delimited_close(table);
    }
}

static void an_unknown_column_lists_those_that_are_there(void **state)
{
    (void)state;
    mmofl_delimited *table = open_text("id,label\n", ',');
    mmofl_error err = {0};
    int column = 5;
    CHECK_STATUS(mmofl_delimited_column(table, "lab", &column, &err), MMOFL_E_MISSING);
    CHECK_TEXT(err.text, "t.csv:1: no column 'lab'; there are id, label");
    CHECK_INT(column, 5);
    mmofl_delimited_close(table);
}

static void errors_name_line_and_column(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {{"a,b\n1,2\n3\n", "t.csv:3:2: 1 cells in the row, wanted 2"},
                 {"a,b\n1,2,3\n", "t.csv:2:5: more cells in the row than names"},
                 {"a,b\n\n1,2\n", "t.csv:2:1: 1 cells in the row"},
                 {"a,b,a\n", "t.csv:1:5: a second column named 'a'"},
                 {"a,b\n1,\"2\n", "t.csv:2:3: a quote that never ends"},
                 {"a,b\n1,\"2\"3\n", "t.csv:2:6: something behind a closing quote"},
                 {"a,b\n1,2\"\n", "t.csv:2:4: a quote inside a cell"},
                 {"a,b\r1,2\r", "t.csv:1:4: a carriage return"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mmofl_delimited *table = NULL;
        mmofl_error err = {0};
        CHECK(open_bytes(cases[i].text, strlen(cases[i].text), ',', &table, &err));
        CHECK_CONTAINS(err.text, cases[i].says);
        CHECK(!table);
    }
    mmofl_delimited *table = NULL;
    mmofl_error err = {0};
    CHECK_STATUS(open_bytes("a,b\n1,\0002\n", 9, ',', &table, &err), MMOFL_E_SYNTAX);
    CHECK_TEXT(err.text, "t.csv:2:3: a zero byte");
}

static void too_many_columns_are_refused(void **state)
{
    (void)state;
    char *text = malloc(65536);
    mmofl_delimited *table = NULL;
    mmofl_error err = {0};
    CHECK(text);
    memset(text, '\t', 65536);
    CHECK_STATUS(open_bytes(text, 65536, '\t', &table, &err), MMOFL_E_LIMIT);
    CHECK_CONTAINS(err.text, "65536 columns");
    free(text);
}

static mmofl_status open_file(const char *path, mmofl_error *err)
{
    unsigned char *data;
    size_t size;
    mmofl_delimited *table = NULL;
    mmofl_status st = mmofl_file_read(path, 1 << 20, &data, &size, err);
    if (st)
        return st;
    st = mmofl_delimited_open((mmofl_text){(char *)data, size, path},
                              strstr(path, ".tsv") ? '\t' : ',', &table, err);
    mmofl_delimited_close(table);
    return st;
}

static void every_bad_table_is_refused_with_its_status(void **state)
{
    (void)state;
    bad_files_are_refused("delimited", 15, open_file);
}

CHECK_MAIN(TEST(a_table_is_cut_into_names_and_rows), TEST(a_header_alone_has_no_rows),
           TEST(quotes_hold_delimiters_line_ends_and_quotes),
           TEST(tabs_leave_quotes_alone),
           TEST(byte_order_mark_and_empty_lines_at_the_end_are_left_out),
           TEST(numbers_are_whole_cells),
           TEST(numbers_that_are_none_are_refused_with_their_place),
           TEST(an_unknown_column_lists_those_that_are_there),
           TEST(errors_name_line_and_column), TEST(too_many_columns_are_refused),
           TEST(every_bad_table_is_refused_with_its_status))
