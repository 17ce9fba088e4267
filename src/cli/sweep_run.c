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

static void print_plan(const mmofl_sweep_plan *plan, int ranks, int threads)
{
    int equal = 0;
    for (int i = 0; i < plan->n_cells; i++)
        equal += plan->cell[i].same_as != i;
    fprintf(stderr, "mmofl %s  %s\n  sweep        %d cells", MMOFL_VERSION,
            plan->cell[0].experiment.name, plan->n_cells);
    if (equal)
        fprintf(stderr, " (%d equal to another: run once)", equal);
    fprintf(
        stderr,
        ", %d jobs of one seed each\n  threads      %d%s\n  data         %d set%s\n",
        plan->n_jobs, threads, ranks > 1 ? " of each rank" : "", plan->n_data,
        plan->n_data == 1 ? "" : "s");
    if (ranks > 1)
        fprintf(stderr, "  ranks        %d, each with some of the cells\n", ranks);
}

/* Where a plan is run, and how. */
typedef struct job {
    const mmofl_sweep_folder *folder;
    const char *path; /* of the folder */
    const mmofl_run_options *options;
} job;

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

/* The table, the summary, where to look; of the first rank. */
static mmofl_status tell(const mmofl_sweep_plan *plan, const mmofl_cell_result *result,
                         const job *j, bool is_done, mmofl_error *err)
{
    const mmofl_run_options *options = j->options;
    if (!mmofl_ranks_is_first(options->ranks) || !result)
        return MMOFL_OK;
    mmofl_status st =
        show_results(plan, result, j->folder, is_done, options->json, err);
    if (!st && is_done && !options->quiet)
        fprintf(stderr, "\nResults are in %s; look at them with:  mmofl report %s\n",
                j->path, j->path);
    return st;
}

static int run_plan(const mmofl_sweep_plan *plan, const job *j)
{
    const mmofl_run_options *options = j->options;
    const mmofl_ranks *ranks = options->ranks;
    bool is_first = mmofl_ranks_is_first(ranks);
    mmofl_error err = {0};
    mmofl_cell_result *result = NULL;
    watcher w = {.progress = mmofl_progress_start(
                     options->quiet || !is_first,
                     ranks->size > 1 ? "first rank" : "sweep", 0, 1)};
    mmofl_sweep_watch watch = {show_progress, stop_asked, &w};
    mmofl_stop_watch();
    mmofl_status st = mmofl_sweep_run(
        plan, j->folder, ranks, options->threads ? options->threads : ranks->cores,
        &watch, &result, &err);
    mmofl_progress_end(&w.progress);
    mmofl_error late = {0};
    bool stopped = st == MMOFL_E_INTERRUPTED || st == MMOFL_E_NO_SPACE;
    mmofl_status told = stopped ? MMOFL_OK : tell(plan, result, j, !st, &late);
    if (told && !st)
        err = late;
    st = mmofl_ranks_agree(ranks, st ? st : told, &err);
    mmofl_sweep_results_free(plan, result);
    if (!st)
        return EXIT_DONE;
    int status = mmofl_cli_complain_once(ranks, &err);
    if (is_first)
        fprintf(stderr,
                "mmofl: every finished round is kept; go on with:  mmofl resume %s\n",
                j->path);
    return status;
}

static int thread_count(const mmofl_run_options *options)
{
    mmofl_pool *pool;
    int wanted = options->threads ? options->threads : options->ranks->cores;
    if (wanted || mmofl_pool_new(0, &pool))
        return wanted ? wanted : 1;
    int n = mmofl_pool_threads(pool);
    mmofl_pool_delete(pool);
    return n;
}

/* The first rank loads first, as it may have to import the data.  Jobs of all ranks on
 * this machine must fit into its memory. */
static mmofl_status load(mmofl_sweep_plan *plan, int threads, const mmofl_ranks *ranks,
                         mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    for (int turn = 0; turn < 2 && !st; turn++) {
        if (mmofl_ranks_is_first(ranks) == (turn == 0))
            st = mmofl_sweep_plan_load(plan, threads * ranks->neighbours, err);
        st = mmofl_ranks_agree(ranks, st, err);
    }
    return st;
}

/* Have all ranks the same cells and data? */
static mmofl_status compare(const mmofl_sweep_plan *plan, const mmofl_ranks *ranks,
                            mmofl_error *err)
{
    char *text = NULL;
    mmofl_status st =
        mmofl_ranks_agree(ranks, mmofl_sweep_text(plan->sweep, &text, err), err);
    if (!st)
        st = mmofl_setup_compare_ranks(ranks, text, plan->data, plan->n_data, err);
    free(text);
    return st;
}

/* Resolve and load: from here on only running can fail. */
static mmofl_status prepare(const mmofl_sweep *sweep, const mmofl_run_options *options,
                            mmofl_sweep_plan *plan, mmofl_error *err)
{
    const mmofl_ranks *ranks = options->ranks;
    int threads = thread_count(options);
    mmofl_sweep_plan made = {0};
    mmofl_status st =
        mmofl_ranks_agree(ranks, mmofl_sweep_plan_init(&made, sweep, err), err);
    if (!st)
        st = load(&made, threads, ranks, err);
    if (!st)
        st = compare(&made, ranks, err);
    if (st) {
        mmofl_sweep_plan_free(&made);
        return st;
    }
    *plan = made;
    if (!options->quiet && mmofl_ranks_is_first(ranks))
        print_plan(plan, ranks->size, threads);
    return MMOFL_OK;
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

/* The first rank makes the folder; the others work in it. */
static mmofl_status begin_folder(const mmofl_sweep_plan *plan, const mmofl_ranks *ranks,
                                 char path[PATH_BYTES], mmofl_sweep_folder **folder,
                                 mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    if (mmofl_ranks_is_first(ranks))
        st = make_folder(plan, path, folder, err);
    st = mmofl_ranks_agree(ranks, st, err);
    if (st)
        return st;
    mmofl_ranks_broadcast(ranks, 0, path, PATH_BYTES);
    if (!mmofl_ranks_is_first(ranks))
        st = mmofl_sweep_folder_share(path, folder, err);
    return mmofl_ranks_agree(ranks, st, err);
}

int mmofl_sweep_begin(const mmofl_sweep *sweep, const char *path,
                      const mmofl_run_options *options)
{
    mmofl_error err = {0};
    mmofl_sweep_plan plan;
    mmofl_sweep_folder *folder = NULL;
    char chosen[PATH_BYTES];
    if (prepare(sweep, options, &plan, &err))
        return mmofl_cli_complain_once(options->ranks, &err);
    if (path)
        snprintf(chosen, sizeof chosen, "%s", path);
    else
        mmofl_cli_choose_folder(plan.cell[0].experiment.name, chosen, sizeof chosen);
    int status = begin_folder(&plan, options->ranks, chosen, &folder, &err)
                     ? mmofl_cli_complain_once(options->ranks, &err)
                     : run_plan(&plan, &(job){folder, chosen, options});
    mmofl_sweep_folder_close(folder);
    mmofl_sweep_plan_free(&plan);
    return status;
}

static int resume_folder(const mmofl_sweep_folder *folder, const char *text,
                         const char *path, const mmofl_run_options *options)
{
    mmofl_error err = {0};
    mmofl_sweep sweep = {0};
    mmofl_sweep_plan plan;
    mmofl_status st = mmofl_sweep_parse(text, strlen(text), "sweep.yaml", NULL, NULL, 0,
                                        &sweep, &err);
    st = mmofl_ranks_agree(options->ranks, st, &err);
    if (!st)
        st = prepare(&sweep, options, &plan, &err);
    int status;
    if (st) {
        status = mmofl_cli_complain_once(options->ranks, &err);
    } else {
        status = run_plan(&plan, &(job){folder, path, options});
        mmofl_sweep_plan_free(&plan);
    }
    mmofl_sweep_free(&sweep);
    return status;
}

int mmofl_sweep_resume(const char *path, const mmofl_run_options *options)
{
    const mmofl_ranks *ranks = options->ranks;
    mmofl_error err = {0};
    mmofl_sweep_folder *folder = NULL;
    char *text = NULL;
    mmofl_status st = mmofl_ranks_is_first(ranks)
                          ? mmofl_sweep_folder_open(path, &folder, &err)
                          : mmofl_sweep_folder_share(path, &folder, &err);
    st = mmofl_ranks_agree(ranks, st, &err);
    if (!st)
        st = mmofl_cli_share_text(
            ranks, folder ? mmofl_sweep_folder_text(folder) : NULL, &text, &err);
    int status = st ? mmofl_cli_complain_once(ranks, &err)
                    : resume_folder(folder, text, path, options);
    free(text);
    mmofl_sweep_folder_close(folder);
    return status;
}
