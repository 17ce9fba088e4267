/* sweep_plan.c - what is equal is found by text: two cells are equal when their
 * resolved experiments are, two data sets when their settings are printed alike. */
#define _POSIX_C_SOURCE 200809L
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/run_cost.h"
#include "run/sweep_plan.h"
#include "store/cell_table.h"

/* ---- cells ---- */

static mmofl_status resolve(mmofl_sweep_plan *plan, mmofl_error *err)
{
    for (int i = 0; i < plan->n_cells; i++) {
        mmofl_planned_cell *cell = &plan->cell[i];
        mmofl_status st =
            mmofl_sweep_experiment(plan->sweep, i, &cell->experiment, err);
        if (st)
            return st;
        cell->name = plan->sweep->cell[i].name;
        cell->config = mmofl_experiment_text(&cell->experiment);
        if (!cell->config)
            return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for cell %s", cell->name);
        cell->same_as = i;
        for (int k = 0; k < i && cell->same_as == i; k++)
            if (strcmp(plan->cell[k].config, cell->config) == 0)
                cell->same_as = k;
    }
    return MMOFL_OK;
}

static mmofl_status list_jobs(mmofl_sweep_plan *plan, mmofl_error *err)
{
    size_t n = 0;
    for (int i = 0; i < plan->n_cells; i++)
        if (plan->cell[i].same_as == i)
            n += (size_t)plan->cell[i].experiment.n_seeds;
    assert(n > 0); /* cell 0 is like no earlier one, and has a seed */
    plan->job = calloc(n, sizeof *plan->job);
    if (!plan->job)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %zu jobs", n);
    for (int i = 0; i < plan->n_cells; i++) {
        const mmofl_planned_cell *cell = &plan->cell[i];
        for (int s = 0; cell->same_as == i && s < cell->experiment.n_seeds; s++)
            plan->job[plan->n_jobs++] = (mmofl_sweep_job){i, s, 0};
    }
    return MMOFL_OK;
}

mmofl_status mmofl_sweep_plan_init(mmofl_sweep_plan *plan, const mmofl_sweep *sweep,
                                   mmofl_error *err)
{
    size_t n = (size_t)sweep->n_cells;
    mmofl_sweep_plan made = {.sweep = sweep,
                             .n_cells = sweep->n_cells,
                             .cell = calloc(n, sizeof *made.cell),
                             .data = calloc(n, sizeof *made.data)};
    mmofl_status st = made.cell && made.data
                          ? resolve(&made, err)
                          : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the cells");
    if (!st)
        st = list_jobs(&made, err);
    if (st)
        mmofl_sweep_plan_free(&made);
    else
        *plan = made;
    return st;
}

void mmofl_sweep_plan_free(mmofl_sweep_plan *plan)
{
    if (!plan)
        return;
    for (int i = 0; plan->cell && i < plan->n_cells; i++) {
        mmofl_experiment_free(&plan->cell[i].experiment);
        free(plan->cell[i].config);
    }
    for (int i = 0; i < plan->n_data; i++)
        mmofl_dataset_close(plan->data[i]);
    free(plan->cell);
    free(plan->data);
    free(plan->job);
    *plan = (mmofl_sweep_plan){0};
}

/* ---- data ---- */

static bool is_same_data(const mmofl_data_spec *a, const mmofl_data_spec *b)
{
    if (a->set.kind != b->set.kind || strcmp(a->path, b->path) != 0 ||
        a->test_stride != b->test_stride || a->standardize != b->standardize)
        return false;
    for (int i = 0; i < a->set.kind->n_options; i++) {
        char x[256], y[256];
        mmofl_option_get(&a->set.kind->options[i], a->set.options.bytes, x, sizeof x);
        mmofl_option_get(&b->set.kind->options[i], b->set.options.bytes, y, sizeof y);
        if (strcmp(x, y) != 0)
            return false;
    }
    return true;
}

static mmofl_status load_data(mmofl_sweep_plan *plan, int i, mmofl_error *err)
{
    mmofl_planned_cell *cell = &plan->cell[i];
    for (int k = 0; k < i && !cell->data; k++)
        if (is_same_data(&plan->cell[k].experiment.data, &cell->experiment.data))
            cell->data = plan->cell[k].data;
    if (cell->data)
        return MMOFL_OK;
    mmofl_status st = mmofl_data_load(&cell->experiment.data, NULL, &cell->data, err);
    if (!st)
        plan->data[plan->n_data++] = cell->data;
    return st;
}

/* Make a simulation of the cell once: what does not fit is told before hours are spent
 * on others.  Each of `copies` has so many of the threads. */
static mmofl_status try_cell(mmofl_planned_cell *cell, int copies, int threads,
                             mmofl_error *err)
{
    const mmofl_experiment *x = &cell->experiment;
    mmofl_setup setup;
    mmofl_simulation *simulation;
    mmofl_status st = mmofl_setup_share(&setup, x, cell->data, threads, err);
    if (st)
        return st;
    st = mmofl_setup_simulation(&setup, x->seed[0], &simulation, err);
    if (!st) {
        st = mmofl_setup_check_memory(simulation, copies, err);
        cell->cost = mmofl_run_cost(x, mmofl_simulation_model(simulation), cell->data);
        mmofl_simulation_delete(simulation);
    }
    mmofl_setup_free(&setup);
    return st;
}

static int compare_jobs(const void *a, const void *b)
{
    const mmofl_sweep_job *x = a, *y = b;
    if (x->cost != y->cost)
        return x->cost > y->cost ? -1 : 1;
    return x->cell != y->cell ? x->cell - y->cell : x->seed - y->seed;
}

mmofl_status mmofl_sweep_plan_load(mmofl_sweep_plan *plan, int threads,
                                   mmofl_error *err)
{
    int copies = threads < plan->n_jobs ? threads : plan->n_jobs;
    for (int i = 0; i < plan->n_cells; i++) {
        mmofl_planned_cell *cell = &plan->cell[i];
        mmofl_status st = load_data(plan, i, err);
        if (!st && cell->same_as == i)
            st = try_cell(cell, copies, (threads + copies - 1) / copies, err);
        if (st) {
            mmofl_fail_within(err, "cell %s", cell->name);
            return st;
        }
    }
    for (int j = 0; j < plan->n_jobs; j++)
        plan->job[j].cost = plan->cell[plan->job[j].cell].cost;
    qsort(plan->job, (size_t)plan->n_jobs, sizeof *plan->job, compare_jobs);
    return MMOFL_OK;
}

/* ---- cells.csv ---- */

static int find_path(const char *const *path, int n, const char *wanted)
{
    for (int i = 0; i < n; i++)
        if (strcmp(path[i], wanted) == 0)
            return i;
    return -1;
}

/* Every path that some cell sets, in the order of their first use. */
static bool list_paths(const mmofl_sweep *sweep, mmofl_cell_table *t)
{
    size_t most = 0;
    for (int i = 0; i < sweep->n_cells; i++)
        most += (size_t)sweep->cell[i].n_settings;
    const char **path = MMOFL_ARENA_NEW(&t->arena, most, const char *);
    t->path = path;
    for (int i = 0; path && i < sweep->n_cells; i++) {
        const mmofl_sweep_cell *cell = &sweep->cell[i];
        for (int k = 0; k < cell->n_settings; k++)
            if (find_path(path, t->n_paths, cell->setting[k].path) < 0)
                path[t->n_paths++] = cell->setting[k].path;
    }
    return path != NULL;
}

static bool fill_row(const mmofl_sweep_plan *plan, int i, mmofl_cell_table *t,
                     mmofl_cell_row *row)
{
    const mmofl_sweep_cell *cell = &plan->sweep->cell[i];
    const char *home = plan->cell[plan->cell[i].same_as].name;
    char folder[MMOFL_SWEEP_NAME_BYTES + 8];
    const char **value = MMOFL_ARENA_NEW(&t->arena, (size_t)t->n_paths, const char *);
    snprintf(folder, sizeof folder, "cells/%s", home);
    const char *own = mmofl_arena_text(&t->arena, folder);
    if (!value || !own)
        return false;
    for (int k = 0; k < t->n_paths; k++)
        value[k] = "";
    for (int k = 0; k < cell->n_settings; k++)
        value[find_path(t->path, t->n_paths, cell->setting[k].path)] =
            cell->setting[k].value;
    *row = (mmofl_cell_row){cell->name, own, cell->row, value};
    return true;
}

char *mmofl_sweep_plan_csv(const mmofl_sweep_plan *plan)
{
    mmofl_cell_table t = {.arena = MMOFL_ARENA_INIT, .n_rows = plan->n_cells};
    mmofl_cell_row *row =
        MMOFL_ARENA_NEW(&t.arena, (size_t)plan->n_cells, mmofl_cell_row);
    bool good = row && list_paths(plan->sweep, &t);
    for (int i = 0; good && i < plan->n_cells; i++)
        good = fill_row(plan, i, &t, &row[i]);
    t.row = row;
    char *text = good ? mmofl_cell_table_text(&t) : NULL;
    mmofl_arena_free(&t.arena);
    return text;
}
