/* test_sweep.c - cells of a sweep: which there are, what they are called, what they
 * set.
 */
#include <stdlib.h>

#include "check.h"
#include "config/sweep.h"

static const char base[] = "name: s\nseeds: 1\ndata: {set: synthetic-har}\n"
                           "train: {batch: 10, lr: 0.5}\n";

typedef struct fixture {
    mmofl_sweep sweep;
    mmofl_error err;
    char text[4096];
} fixture;

static mmofl_status read(fixture *f, const char *more)
{
    memset(&f->err, 0, sizeof f->err);
    snprintf(f->text, sizeof f->text, "%s%s", base, more);
    return mmofl_sweep_parse(f->text, strlen(f->text), "s.yaml", "/data", NULL, 0,
                             &f->sweep, &f->err);
}

static void names_are(const fixture *f, const char *const *name, int n)
{
    CHECK_INT(f->sweep.n_cells, n);
    for (int i = 0; i < n; i++)
        CHECK_TEXT(f->sweep.cell[i].name, name[i]);
}

static void cells_are_the_product_with_the_last_key_fastest(void **state)
{
    (void)state;
    fixture f;
    CHECK_OK(read(&f, "sweep: {train.batch: [5, 20], fleet.partition: [iid, {kind: "
                      "dirichlet, alpha: 0.5}]}\n"));
    static const char *const names[] = {
        "batch=5,partition=iid", "batch=5,partition=dirichlet-alpha-0.5",
        "batch=20,partition=iid", "batch=20,partition=dirichlet-alpha-0.5"};
    names_are(&f, names, 4);
    CHECK_TEXT(f.sweep.cell[1].setting[1].value, "{kind: dirichlet, alpha: 0.5}");
    mmofl_experiment x;
    CHECK_OK(mmofl_sweep_experiment(&f.sweep, 3, &x, &f.err));
    CHECK_INT(x.train.batch, 20);
    CHECK_TEXT(x.fleet.partition.kind->name, "dirichlet");
    mmofl_experiment_free(&x);
    mmofl_sweep_free(&f.sweep);
}

static void rows_and_lists_combine(void **state)
{
    (void)state;
    fixture f;
    CHECK_OK(read(&f, "cells:\n- {name: B71, set: {rounds: 7}}\n- {name: whole}\n"
                      "sweep: {train.batch: [5, 20]}\n"));
    static const char *const names[] = {"B71,batch=5", "B71,batch=20", "whole,batch=5",
                                        "whole,batch=20"};
    names_are(&f, names, 4);
    CHECK_TEXT(f.sweep.cell[1].row, "B71");
    CHECK_INT(f.sweep.cell[1].n_settings, 2);
    CHECK_TEXT(f.sweep.cell[1].setting[0].path, "rounds");
    mmofl_experiment x;
    CHECK_OK(mmofl_sweep_experiment(&f.sweep, 1, &x, &f.err));
    CHECK_INT(x.rounds, 7);
    CHECK_INT(x.train.batch, 20);
    mmofl_experiment_free(&x);
    mmofl_sweep_free(&f.sweep);
}

static void keys_of_one_name_are_told_apart_by_their_paths(void **state)
{
    (void)state;
    fixture f;
    CHECK_OK(read(&f, "sweep: {a.x.rate: [1], b.x.rate: [1], y: [1]}\n"));
    static const char *const names[] = {"a.x.rate=1,b.x.rate=1,y=1"};
    names_are(&f, names, 1);
    mmofl_sweep_free(&f.sweep);
}

static void names_are_different_and_fit_for_folders(void **state)
{
    (void)state;
    fixture f;
    CHECK_OK(read(&f, "cells: [{name: ../a b}, {name: ../a-b}, {name: \"<>\"}]\n"));
    static const char *const names[] = {"_.-a-b", "_.-a-b~2", "none"};
    names_are(&f, names, 3);
    mmofl_sweep_free(&f.sweep);
}

static void a_file_without_sweep_has_no_cells(void **state)
{
    (void)state;
    fixture f;
    CHECK_OK(read(&f, ""));
    CHECK_INT(f.sweep.n_cells, 0);
    mmofl_sweep_free(&f.sweep);
}

static void the_base_is_read_as_if_there_were_no_sweep(void **state)
{
    (void)state;
    fixture f;
    CHECK_OK(read(&f, "sweep: {train.batch: [5]}\n"));
    mmofl_experiment x;
    CHECK_OK(mmofl_experiment_parse(f.text, strlen(f.text), "s.yaml", NULL, NULL, 0, &x,
                                    &f.err));
    CHECK_INT(x.train.batch, 10);
    mmofl_experiment_free(&x);
    mmofl_sweep_free(&f.sweep);
}

static void an_invalid_cell_is_named_with_the_place_of_its_value(void **state)
{
    (void)state;
    fixture f;
    CHECK_OK(read(&f, "sweep:\n  train.batch: [5, many]\n"));
    mmofl_experiment x;
    CHECK_STATUS(mmofl_sweep_experiment(&f.sweep, 1, &x, &f.err), MMOFL_E_TYPE);
    CHECK_CONTAINS(f.err.text, "cell batch=many: s.yaml:6:20:");
    mmofl_sweep_free(&f.sweep);
    CHECK_OK(read(&f, "sweep: {train.bach: [5]}\n"));
    CHECK_STATUS(mmofl_sweep_experiment(&f.sweep, 0, &x, &f.err), MMOFL_E_UNKNOWN);
    CHECK_CONTAINS(f.err.text, "did you mean 'batch'");
    mmofl_sweep_free(&f.sweep);
}

static void bad_blocks_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        mmofl_status status;
        const char *wanted;
    } cases[] = {
        {"sweep: [1]\n", MMOFL_E_TYPE, "s.yaml:5:8: sweep: wanted a map"},
        {"sweep: {}\n", MMOFL_E_TYPE, "wanted a map"},
        {"sweep: {rounds: 5}\n", MMOFL_E_TYPE, "rounds: a single value; wanted a list"},
        {"sweep: {rounds: []}\n", MMOFL_E_MISSING, "empty list"},
        {"cells: {a: 1}\n", MMOFL_E_TYPE, "wanted a list of {name"},
        {"cells: [a]\n", MMOFL_E_TYPE, "a single value; wanted {name"},
        {"cells: [{set: {}}]\n", MMOFL_E_MISSING, "without a name"},
        {"cells: [{name: a, sets: {}}]\n", MMOFL_E_UNKNOWN, "unknown key 'sets'"},
        {"cells: [{name: a, set: 3}]\n", MMOFL_E_TYPE, "wanted a map of settings"},
        {"cells: [{name: a}, {name: a}]\n", MMOFL_E_DUPLICATE, "two are named a"},
        {"cells: [{name: a, set: {rounds: 1}}]\nsweep: {rounds: [1]}\n",
         MMOFL_E_DUPLICATE, "a sets rounds, which sweep goes over"},
        {"sweep: {a: &l [1,2,3,4,5,6,7,8,9,10], b: *l, c: *l, d: *l}\n", MMOFL_E_LIMIT,
         "more than 5000"},
    };
    fixture f;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_STATUS(read(&f, cases[i].text), cases[i].status);
        CHECK_CONTAINS(f.err.text, cases[i].wanted);
    }
}

static void its_text_loads_to_the_same_sweep(void **state)
{
    (void)state;
    fixture f;
    CHECK_OK(read(&f, "cells:\n- {name: \"one, 1\", set: {data.path: here/a, data: "
                      "{set: uci-har, path: b}}}\n- {name: '2'}\n"
                      "sweep: {train.lr: [0.5, {kind: exponential, start: 1}], "
                      "name: [\"a \\\"b\\\"\", yes, '5']}\n"));
    char *text;
    CHECK_OK(mmofl_sweep_text(&f.sweep, &text, &f.err));
    CHECK_CONTAINS(text, "data.path: \"/data/here/a\"");
    CHECK_CONTAINS(text, "path: \"/data/b\"");
    mmofl_sweep again;
    CHECK_OK(mmofl_sweep_parse(text, strlen(text), "again", "/elsewhere", NULL, 0,
                               &again, &f.err));
    CHECK_INT(again.n_cells, f.sweep.n_cells);
    for (int i = 0; i < again.n_cells; i++) {
        CHECK_TEXT(again.cell[i].name, f.sweep.cell[i].name);
        mmofl_experiment a, b;
        CHECK_OK(mmofl_sweep_experiment(&f.sweep, i, &a, &f.err));
        CHECK_OK(mmofl_sweep_experiment(&again, i, &b, &f.err));
        char *first = mmofl_experiment_text(&a), *second = mmofl_experiment_text(&b);
        CHECK_TEXT(first, second);
        free(first);
        free(second);
        mmofl_experiment_free(&a);
        mmofl_experiment_free(&b);
    }
    free(text);
    mmofl_sweep_free(&again);
    mmofl_sweep_free(&f.sweep);
}

CHECK_MAIN(TEST(cells_are_the_product_with_the_last_key_fastest),
           TEST(rows_and_lists_combine),
           TEST(keys_of_one_name_are_told_apart_by_their_paths),
           TEST(names_are_different_and_fit_for_folders),
           TEST(a_file_without_sweep_has_no_cells),
           TEST(the_base_is_read_as_if_there_were_no_sweep),
           TEST(an_invalid_cell_is_named_with_the_place_of_its_value),
           TEST(bad_blocks_are_refused_with_their_place),
           TEST(its_text_loads_to_the_same_sweep))
