/* test_cell_table.c - cells.csv: what is written is read back, and refusals. */
#include "scratch.h"

#include <stdlib.h>

#include "base/file.h"
#include "store/cell_table.h"

static mmofl_status read_text(const char *text, mmofl_cell_table *t, mmofl_error *err)
{
    scratch s;
    mmofl_error ignored = {0};
    memset(err, 0, sizeof *err);
    scratch_new(&s);
    const char *path = scratch_path(&s, "cells.csv");
    CHECK_OK(mmofl_file_write(path, text, strlen(text), false, &ignored));
    mmofl_status st = mmofl_cell_table_read(path, t, err);
    scratch_delete(&s);
    return st;
}

static void fields_with_commas_quotes_and_lines_come_back(void **state)
{
    (void)state;
    static const char *const path[] = {"train.lr", "a \"b\""};
    static const char *const first[] = {"[1, 2]", "\"\"\""}, *const second[] = {"",
                                                                                "x\ny"};
    static const mmofl_cell_row rows[] = {{"a,b", "cells/a,b", "", first},
                                          {"c", "cells/c", "row \"1\"", second}};
    mmofl_cell_table t = {.n_paths = 2, .path = path, .n_rows = 2, .row = rows};
    char *text = mmofl_cell_table_text(&t);
    mmofl_cell_table back;
    mmofl_error err;
    CHECK_OK(read_text(text, &back, &err));
    CHECK_INT(back.n_rows, 2);
    CHECK_INT(back.n_paths, 2);
    CHECK_TEXT(back.path[1], path[1]);
    for (int i = 0; i < 2; i++) {
        CHECK_TEXT(back.row[i].name, rows[i].name);
        CHECK_TEXT(back.row[i].folder, rows[i].folder);
        CHECK_TEXT(back.row[i].row, rows[i].row);
        for (int k = 0; k < 2; k++)
            CHECK_TEXT(back.row[i].value[k], rows[i].value[k]);
    }
    mmofl_cell_table_free(&back);
    free(text);
}

static void a_table_without_settings_or_cells_is_fine(void **state)
{
    (void)state;
    mmofl_cell_table t;
    mmofl_error err;
    CHECK_OK(read_text("cell,folder,row\r\na,cells/a,\r\n", &t, &err));
    CHECK_INT(t.n_rows, 1);
    CHECK_TEXT(t.row[0].row, "");
    mmofl_cell_table_free(&t);
    CHECK_OK(read_text("cell,folder,row", &t, &err));
    CHECK_INT(t.n_rows, 0);
    mmofl_cell_table_free(&t);
}

static void bad_tables_are_refused_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        mmofl_status status;
        const char *wanted;
    } cases[] = {
        {"", MMOFL_E_SYNTAX, ":1: wanted the columns"},
        {"cell,row,folder\n", MMOFL_E_SYNTAX, ":1: wanted the columns"},
        {"cell,folder,row,x\na,cells/a,\n", MMOFL_E_COUNT, ":2: 3 fields, wanted 4"},
        {"cell,folder,row\na,cells/a,,b\n", MMOFL_E_COUNT, ":2: over 3 fields"},
        {"cell,folder,row\n\"a,cells/a,\n", MMOFL_E_SYNTAX,
         ":2: a quote is not closed"},
        {"cell,folder,row\na\"b,cells/a,\n", MMOFL_E_SYNTAX, ":2: a quote inside"},
        {"cell,folder,row\n\"a\"b,cells/a,\n", MMOFL_E_SYNTAX, ":2: a quote inside"},
        {"cell,folder,row\na,../b,\n", MMOFL_E_UNSAFE_PATH, "../b"},
        {"cell,folder,row\na,cells/..,\n", MMOFL_E_UNSAFE_PATH, "cells/.."},
        {"cell,folder,row\na,/etc,\n", MMOFL_E_UNSAFE_PATH, "/etc"},
        {"cell,folder,row\na,,\n", MMOFL_E_UNSAFE_PATH, "not inside"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mmofl_cell_table t;
        mmofl_error err;
        CHECK_STATUS(read_text(cases[i].text, &t, &err), cases[i].status);
        CHECK_CONTAINS(err.text, cases[i].wanted);
    }
}

CHECK_MAIN(TEST(fields_with_commas_quotes_and_lines_come_back),
           TEST(a_table_without_settings_or_cells_is_fine),
           TEST(bad_tables_are_refused_with_their_line))
