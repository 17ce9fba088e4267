/* analyze.c - what the store knows beside what hindsight knows.
 *
 * Nothing of a run but its losses and its last model is needed: the stream, with all
 * that is missing and disturbed, follows from the experiment and the seed. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "run/analyze.h"
#include "run/analyze_json.h"
#include "run/model_file.h"
#include "store/export.h"

typedef struct analysis {
    const mmofl_setup *setup;
    mmofl_run_folder *folder;
    int64_t run;
    mmofl_regret_report *report;
    mmofl_simulation *fleet;
    mmofl_hindsight *hindsight;
    mmofl_arena arena;
    double *online, *fixed, *regret; /* (T) */
    double *complete, *limit;        /* (T) of the bound */
    int seen;                        /* rounds that the store has */
} analysis;

static mmofl_status take_loss(void *context, const mmofl_round_record *record)
{
    analysis *a = context;
    if (record->round == a->seen + 1 && a->seen < a->report->rounds)
        a->online[a->seen++] = record->prequential_loss;
    return MMOFL_OK;
}

static mmofl_status make(analysis *a, mmofl_error *err)
{
    size_t T = (size_t)a->report->rounds;
    double **curves[] = {&a->online, &a->fixed, &a->regret, &a->complete, &a->limit};
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        if (!(*curves[i] = MMOFL_ARENA_NEW(&a->arena, T, double)))
            return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %zu rounds", T);
    mmofl_run_folder_hold(a->folder);
    mmofl_status st = mmofl_run_store_each_round(mmofl_run_folder_store(a->folder),
                                                 a->run, take_loss, a, err);
    mmofl_run_folder_release(a->folder);
    if (!st && a->seen < a->report->rounds)
        st = mmofl_fail(err, MMOFL_E_STATE,
                        "seed %" PRIu64 " has %d of %d rounds; wanted a finished run",
                        a->report->seed, a->seen, a->report->rounds);
    if (!st)
        st = mmofl_setup_simulation(a->setup, a->report->seed, &a->fleet, err);
    if (st)
        return st;
    mmofl_hindsight_setup hindsight = {
        .fleet = a->fleet,
        .rounds = a->report->rounds,
        .zeros = mmofl_method_of(&a->setup->experiment->method)->zeros};
    return mmofl_hindsight_new(&hindsight, &a->hindsight, err);
}

static mmofl_status find_regret(analysis *a, const float *last, mmofl_error *err)
{
    mmofl_regret_report *r = a->report;
    const mmofl_model *model = mmofl_simulation_model(a->fleet);
    float *best = MMOFL_ARENA_NEW(&a->arena, model->n_parameters, float);
    if (!best)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the best fixed model");
    mmofl_status st = mmofl_comparator_find(a->hindsight, model, r->seed, last,
                                            &a->setup->experiment->analysis, best,
                                            &r->comparator, err);
    if (st)
        return st;
    mmofl_hindsight_losses(a->hindsight, best, a->fixed);
    mmofl_regret_curve(a->online, a->fixed, r->rounds, a->regret);
    for (int t = 0; t < r->rounds; t++)
        r->online += isnan(a->online[t]) ? 0 : a->online[t];
    r->regret = a->regret[r->rounds - 1];
    r->convex = mmofl_model_is_convex(model);
    st = mmofl_growth_fit(a->regret, r->rounds, r->seed, &r->growth);
    return st ? mmofl_fail(err, st, "no memory for the regret's growth") : MMOFL_OK;
}

static mmofl_status find_bound(analysis *a, mmofl_error *err)
{
    mmofl_regret_report *r = a->report;
    mmofl_simulation_setup fleet = mmofl_setup_fleet(a->setup, r->seed);
    r->excuse = mmofl_bound_excuse(&fleet, a->fleet);
    if (r->excuse)
        return MMOFL_OK;
    return mmofl_bound_measure(&fleet, r->rounds, &a->setup->experiment->analysis,
                               &r->bound, a->complete, a->limit, err);
}

/* ---- keeping it ---- */

static mmofl_status keep_rounds(const analysis *a, mmofl_error *err)
{
    static const char *const names[] = {"regret", "fixed_loss", "regret_complete",
                                        "regret_bound"};
    const double *const curves[] = {a->regret, a->fixed, a->complete, a->limit};
    enum { CURVES = sizeof names / sizeof *names, OF_BOUND = 2 };
    mmofl_run_store *store = mmofl_run_folder_store(a->folder);
    mmofl_status st = MMOFL_OK;
    for (int c = 0; c < CURVES && !st; c++)
        st = mmofl_run_store_drop_measures(store, a->run, names[c], err);
    int n = a->report->excuse ? CURVES - OF_BOUND : CURVES;
    for (int t = 0; t < a->report->rounds && !st; t++) {
        mmofl_measure measure[CURVES];
        size_t kept = 0;
        for (int c = 0; c < n; c++)
            if (isfinite(curves[c][t]))
                measure[kept++] = (mmofl_measure){names[c], -1, "", curves[c][t]};
        st = mmofl_run_store_add_measures(store, a->run, t + 1, measure, kept, err);
    }
    return st;
}

static mmofl_status keep(const analysis *a, mmofl_error *err)
{
    mmofl_run_folder_hold(a->folder);
    mmofl_status st = keep_rounds(a, err);
    mmofl_run_folder_release(a->folder);
    char path[4096];
    if (!st)
        st = mmofl_run_folder_seed_path(a->folder, a->report->seed, "analysis.json",
                                        path, sizeof path, err);
    return st ? st : mmofl_analyze_write_json(a->report, path, err);
}

mmofl_status mmofl_analyze_seed(const mmofl_setup *setup, mmofl_run_folder *folder,
                                int64_t run, uint64_t seed, const float *last,
                                mmofl_regret_report *report, mmofl_error *err)
{
    mmofl_regret_report r = {.seed = seed, .rounds = setup->experiment->rounds};
    analysis a = {.setup = setup, .folder = folder, .run = run, .report = &r};
    mmofl_status st = make(&a, err);
    if (!st)
        st = find_regret(&a, last, err);
    if (!st)
        st = find_bound(&a, err);
    if (!st)
        st = keep(&a, err);
    if (!st)
        *report = r;
    mmofl_hindsight_delete(a.hindsight);
    mmofl_simulation_delete(a.fleet);
    mmofl_arena_free(&a.arena);
    return st;
}

/* ---- a seed that is done ---- */

static mmofl_status find_run(mmofl_run_folder *folder, uint64_t seed, int64_t *run,
                             mmofl_error *err)
{
    mmofl_run_status status;
    bool same;
    mmofl_status st = mmofl_run_store_find_run(mmofl_run_folder_store(folder), seed,
                                               mmofl_run_folder_config(folder), run,
                                               &status, &same, err);
    if (st)
        return st;
    if (!same)
        return mmofl_fail(err, MMOFL_E_STATE,
                          "config.yaml is not what seed %" PRIu64 " began with", seed);
    if (status != MMOFL_RUN_DONE)
        return mmofl_fail(
            err, MMOFL_E_STATE,
            "seed %" PRIu64 " is not done; `mmofl resume` goes on with it", seed);
    return MMOFL_OK;
}

/* The model that the seed ended with (malloc). */
static mmofl_status load_last(const mmofl_setup *setup, mmofl_run_folder *folder,
                              uint64_t seed, float **last, mmofl_error *err)
{
    char path[4096];
    mmofl_simulation *fleet;
    mmofl_safetensors file;
    mmofl_status st = mmofl_run_folder_seed_path(folder, seed, "model.safetensors",
                                                 path, sizeof path, err);
    if (!st)
        st = mmofl_setup_simulation(setup, seed, &fleet, err);
    if (st)
        return st;
    const mmofl_model *model = mmofl_simulation_model(fleet);
    st = mmofl_safetensors_open(path, MMOFL_SAFETENSORS_FINITE, &file, err);
    if (!st) {
        float *w = malloc(model->n_parameters * sizeof *w);
        st = w ? mmofl_model_file_parameters(&file, model, w, err)
               : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the model");
        if (st)
            free(w);
        else
            *last = w;
        mmofl_safetensors_close(&file);
    }
    mmofl_simulation_delete(fleet);
    return st;
}

mmofl_status mmofl_analyze_done(const mmofl_setup *setup, mmofl_run_folder *folder,
                                uint64_t seed, mmofl_regret_report *report,
                                mmofl_error *err)
{
    int64_t run = 0;
    float *last = NULL;
    char path[4096];
    mmofl_status st = find_run(folder, seed, &run, err);
    if (!st)
        st = load_last(setup, folder, seed, &last, err);
    if (!st)
        st = mmofl_analyze_seed(setup, folder, run, seed, last, report, err);
    free(last);
    if (!st)
        st = mmofl_run_folder_seed_path(folder, seed, "measures.csv", path, sizeof path,
                                        err);
    return st ? st
              : mmofl_export_measures_csv(mmofl_run_folder_store(folder), run, path,
                                          err);
}
