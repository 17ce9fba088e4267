/* sweep_run.c - a sweep on the command line: one progress line, one table at the end.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/stop.h"
#include "cli/sweep_run.h"
#include "run/sweep.h"

enum { PATH_BYTES = 4096 };

void mmofl_cli_choose_folder(const char *name, char *path, size_t size)
{
    snprintf(path, size, "runs/%s", name);
    for (int i = 2; mmofl_file_exists(path); i++)
        snprintf(path, size, "runs/%s-%d", name, i);
}

/* ---- the table ---- */

static bool is_accuracy(mmofl_summary_field field)
{
    static const char end[] = "_accuracy";
    const char *name = mmofl_summary_field_name(field);
    size_t n = strlen(name), m = sizeof end - 1;
    return n > m && strcmp(name + n - m, end) == 0;
}

/* Is there anything to show in this column? */
static bool is_measured(const mmofl_sweep_plan *plan, const mmofl_cell_result *result,
                        mmofl_summary_field field)
{
    for (int i = 0; i < plan->n_cells; i++) {
        double mean = (double)NAN, sd;
        if (result[i].seed)
            mmofl_summary_spread(result[i].seed, result[i].n, field, &mean, &sd);
        if (isfinite(mean))
            return true;
    }
    return false;
}

static void print_row(const mmofl_planned_cell *cell, const mmofl_cell_result *result,
                      int width, const bool *shown)
{
    printf("  %-*s  %5d", width, cell->name, cell->experiment.n_seeds);
    for (mmofl_summary_field f = 0; f < MMOFL_SUMMARY_FIELDS; f++) {
        double mean = (double)NAN, sd = (double)NAN;
        if (!shown[f])
            continue;
        if (result->seed)
            mmofl_summary_spread(result->seed, result->n, f, &mean, &sd);
        if (isfinite(mean))
            printf("  %9.2f +- %5.2f", 100 * mean, 100 * sd);
        else
            printf("  %18s", "-");
    }
    putchar('\n');
}

static void print_table(const mmofl_sweep_plan *plan, const mmofl_cell_result *result)
{
    int width = 4;
    bool shown[MMOFL_SUMMARY_FIELDS];
    for (int i = 0; i < plan->n_cells; i++) {
        int n = (int)strlen(plan->cell[i].name);
        width = n > width ? n : width;
    }
    printf("%s: %d cells, accuracy in percent, mean +- sd over seeds\n\n",
           plan->cell[0].experiment.name, plan->n_cells);
    printf("  %-*s  seeds", width, "cell");
    for (mmofl_summary_field f = 0; f < MMOFL_SUMMARY_FIELDS; f++) {
        shown[f] = is_accuracy(f) && is_measured(plan, result, f);
        const char *name = mmofl_summary_field_name(f);
        if (shown[f])
            printf("  %18.*s", (int)strcspn(name, "_"), name);
    }
    putchar('\n');
    for (int i = 0; i < plan->n_cells; i++)
        print_row(&plan->cell[i], &result[i], width, shown);
}

/* ---- progress ---- */

typedef struct watcher {
    mmofl_progress progress;
} watcher;

static void show_progress(void *context, const mmofl_sweep_news *news)
{
    watcher *w = context;
    char detail[64];
    w->progress.from = news->rounds_found;
    w->progress.total = news->rounds;
    snprintf(detail, sizeof detail, "jobs %d/%d  ", news->jobs_done, news->jobs);
    mmofl_progress_show(&w->progress, news->rounds_done, detail);
}

static bool stop_asked(void *context)
{
    (void)context;
    return mmofl_stop_asked();
}

/* ---- running ---- */

static void print_plan(const mmofl_sweep_plan *plan, int threads)
{
    int equal = 0;
    for (int i = 0; i < plan->n_cells; i++)
        equal += plan->cell[i].same_as != i;
    fprintf(stderr, "mmofl %s  %s\n  sweep        %d cells", MMOFL_VERSION,
            plan->cell[0].experiment.name, plan->n_cells);
    if (equal)
        fprintf(stderr, " (%d equal to another: run once)", equal);
    fprintf(stderr,
            ", %d jobs of one seed each\n  threads      %d\n  data         %d set%s\n",
            plan->n_jobs, threads, plan->n_data, plan->n_data == 1 ? "" : "s");
}

static mmofl_status write_summary(const mmofl_sweep_folder *folder, const char *json,
                                  mmofl_error *err)
{
    char path[PATH_BYTES];
    mmofl_status st =
        mmofl_sweep_folder_path(folder, "summary.json", path, sizeof path, err);
    return st ? st : mmofl_file_write(path, json, strlen(json), true, err);
}

static mmofl_status show_results(const mmofl_sweep_plan *plan,
                                 const mmofl_cell_result *result,
                                 const mmofl_sweep_folder *folder, bool is_done,
                                 bool as_json, mmofl_error *err)
{
    char *json = mmofl_sweep_json(plan, result);
    if (!json)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the summary");
    if (as_json)
        puts(json);
    else
        print_table(plan, result);
    mmofl_status st = is_done ? write_summary(folder, json, err) : MMOFL_OK;
    free(json);
    return st;
}

static int run_plan(const mmofl_sweep_plan *plan, const mmofl_sweep_folder *folder,
                    const char *path, const mmofl_run_options *options)
{
    mmofl_error err = {0};
    mmofl_cell_result *result = NULL;
    watcher w = {.progress = mmofl_progress_start(options->quiet, "sweep", 0, 1)};
    mmofl_sweep_watch watch = {show_progress, stop_asked, &w};
    mmofl_stop_watch();
    mmofl_status st =
        mmofl_sweep_run(plan, folder, options->threads, &watch, &result, &err);
    mmofl_progress_end(&w.progress);
    mmofl_error late = {0};
    bool stopped = st == MMOFL_E_INTERRUPTED || st == MMOFL_E_NO_SPACE;
    if (result && !stopped &&
        show_results(plan, result, folder, !st, options->json, &late) && !st) {
        st = late.status;
        err = late;
    }
    mmofl_sweep_results_free(plan, result);
    if (!st && !options->quiet)
        fprintf(stderr, "\nResults are in %s; look at them with:  mmofl report %s\n",
                path, path);
    if (!st)
        return EXIT_DONE;
    int status = mmofl_cli_complain(&err);
    fprintf(stderr,
            "mmofl: every finished round is kept; go on with:  mmofl resume %s\n",
            path);
    return status;
}

static int thread_count(const mmofl_run_options *options)
{
    mmofl_pool *pool;
    if (options->threads || mmofl_pool_new(0, &pool))
        return options->threads ? options->threads : 1;
    int n = mmofl_pool_threads(pool);
    mmofl_pool_delete(pool);
    return n;
}

/* Resolve and load: from here on only running can fail. */
static mmofl_status prepare(const mmofl_sweep *sweep, const mmofl_run_options *options,
                            mmofl_sweep_plan *plan, mmofl_error *err)
{
    int threads = thread_count(options);
    mmofl_status st = mmofl_sweep_plan_init(plan, sweep, err);
    if (st)
        return st;
    st = mmofl_sweep_plan_load(plan, threads, err);
    if (st)
        mmofl_sweep_plan_free(plan);
    else if (!options->quiet)
        print_plan(plan, threads);
    return st;
}

static mmofl_status make_folder(const mmofl_sweep_plan *plan, const char *path,
                                mmofl_sweep_folder **folder, mmofl_error *err)
{
    char *yaml = NULL, *csv = mmofl_sweep_plan_csv(plan);
    mmofl_status st = csv ? mmofl_sweep_text(plan->sweep, &yaml, err)
                          : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the cells");
    if (!st)
        st = mmofl_sweep_folder_create(path, yaml, csv, folder, err);
    free(yaml);
    free(csv);
    return st;
}

int mmofl_sweep_begin(const mmofl_sweep *sweep, const char *path,
                      const mmofl_run_options *options)
{
    mmofl_error err = {0};
    mmofl_sweep_plan plan;
    mmofl_sweep_folder *folder;
    char chosen[PATH_BYTES];
    if (prepare(sweep, options, &plan, &err))
        return mmofl_cli_complain(&err);
    if (!path)
        mmofl_cli_choose_folder(plan.cell[0].experiment.name, chosen, sizeof chosen);
    path = path ? path : chosen;
    int status;
    if (make_folder(&plan, path, &folder, &err)) {
        status = mmofl_cli_complain(&err);
    } else {
        status = run_plan(&plan, folder, path, options);
        mmofl_sweep_folder_close(folder);
    }
    mmofl_sweep_plan_free(&plan);
    return status;
}

static int resume_folder(const mmofl_sweep_folder *folder, const char *path,
                         const mmofl_run_options *options)
{
    const char *text = mmofl_sweep_folder_text(folder);
    mmofl_error err = {0};
    mmofl_sweep sweep;
    mmofl_sweep_plan plan;
    if (mmofl_sweep_parse(text, strlen(text), "sweep.yaml", NULL, NULL, 0, &sweep,
                          &err))
        return mmofl_cli_complain(&err);
    int status;
    if (prepare(&sweep, options, &plan, &err)) {
        status = mmofl_cli_complain(&err);
    } else {
        status = run_plan(&plan, folder, path, options);
        mmofl_sweep_plan_free(&plan);
    }
    mmofl_sweep_free(&sweep);
    return status;
}

int mmofl_sweep_resume(const char *path, const mmofl_run_options *options)
{
    mmofl_error err = {0};
    mmofl_sweep_folder *folder;
    if (mmofl_sweep_folder_open(path, &folder, &err))
        return mmofl_cli_complain(&err);
    int status = resume_folder(folder, path, options);
    mmofl_sweep_folder_close(folder);
    return status;
}
