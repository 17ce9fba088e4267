/* experiment_run.c - seeds one after the other, each on all threads; then the summary.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/experiment_run.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/stop.h"
#include "run/seed_run.h"
#include "run/summary.h"

static mmofl_status summarize(const mmofl_experiment *x, mmofl_run_folder *folder,
                              bool json, mmofl_error *err)
{
    mmofl_seed_summary *rows = calloc((size_t)x->n_seeds, sizeof *rows);
    if (!rows)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the summary");
    mmofl_status st = mmofl_summary_write(x, folder, rows, err);
    char *text = st || !json ? NULL : mmofl_summary_json(x, rows, x->n_seeds);
    if (!st && json && !text)
        st = mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the summary");
    if (!st && json)
        printf("%s\n", text);
    else if (!st)
        mmofl_cli_print_summary(x, rows, x->n_seeds);
    free(text);
    free(rows);
    return st;
}

/* What the watcher of a run keeps: the progress line of the current seed. */
typedef struct watcher {
    bool quiet;
    mmofl_progress progress;
} watcher;

static void round_done(void *context, const mmofl_round_news *news)
{
    watcher *w = context;
    if (news->round == news->first) {
        char label[64];
        snprintf(label, sizeof label, "seed %" PRIu64, news->seed);
        w->progress = mmofl_progress_start(w->quiet, label, (uint64_t)news->first - 1,
                                           (uint64_t)news->rounds);
    }
    char detail[96] = "";
    int n = 0;
    if (!isnan(news->prequential_accuracy))
        n = snprintf(detail, sizeof detail, "prequential %5.1f %%  ",
                     100 * news->prequential_accuracy);
    if (!isnan(news->validation_macro_f1))
        n += snprintf(detail + n, sizeof detail - (size_t)n, "validation F1 %5.1f %%  ",
                      100 * news->validation_macro_f1);
    if (!isnan(news->test_accuracy))
        snprintf(detail + n, sizeof detail - (size_t)n, "test %5.1f %%  ",
                 100 * news->test_accuracy);
    mmofl_progress_show(&w->progress, (uint64_t)news->round, detail);
    if (news->round == news->rounds)
        mmofl_progress_end(&w->progress);
}

static bool stop_asked(void *context)
{
    watcher *w = context;
    if (mmofl_stop_asked())
        mmofl_progress_end(&w->progress);
    return mmofl_stop_asked();
}

mmofl_status mmofl_experiment_check(const mmofl_setup *setup, bool quiet,
                                    mmofl_error *err)
{
    const mmofl_ranks *ranks = mmofl_ranks_or_alone(setup->ranks);
    mmofl_simulation *first = NULL;
    mmofl_status st =
        mmofl_setup_simulation(setup, setup->experiment->seed[0], &first, err);
    if (!st && !quiet && mmofl_ranks_is_first(ranks))
        mmofl_cli_print_setup(setup, first);
    mmofl_simulation_delete(first);
    return mmofl_ranks_agree(ranks, st, err);
}

static mmofl_status run_all(const mmofl_setup *setup, mmofl_run_folder *folder,
                            bool quiet, mmofl_run_times *times, mmofl_error *err)
{
    const mmofl_experiment *x = setup->experiment;
    watcher w = {.quiet = quiet};
    mmofl_run_watch watch = {folder ? round_done : NULL, stop_asked, &w, times};
    mmofl_status st = MMOFL_OK;
    for (int i = 0; !st && i < x->n_seeds; i++)
        st = mmofl_seed_run(setup, folder, i, &watch, err);
    return st;
}

int mmofl_experiment_run(const mmofl_setup *setup, mmofl_run_folder *folder,
                         const char *folder_path, const mmofl_run_options *options)
{
    mmofl_error err = {0};
    const mmofl_ranks *ranks = mmofl_ranks_or_alone(setup->ranks);
    bool quiet = options->quiet || !folder;
    mmofl_run_times times = {0};
    mmofl_stop_watch();
    mmofl_status st = run_all(setup, folder, quiet, &times, &err);
    if (!st && folder)
        st = summarize(setup->experiment, folder, options->json, &err);
    st = mmofl_ranks_agree(ranks, st, &err);
    if (st) {
        int status = mmofl_cli_complain_once(ranks, &err);
        if (folder && (st == MMOFL_E_INTERRUPTED || st == MMOFL_E_NO_SPACE))
            fprintf(stderr, "mmofl: every finished round is kept; go on with:  %s %s\n",
                    options->again ? options->again : "mmofl resume",
                    options->again ? "" : folder_path);
        return status;
    }
    if (!quiet)
        fprintf(stderr,
                "\nSeconds: data %.3f, set-up %.3f, training %.3f, tests %.3f, "
                "writing %.3f.\n"
                "Results are in %s (run.sqlite, summary.json, seed-*/metrics.csv, "
                "seed-*/model.safetensors).\n",
                setup->loading_s, times.setup, times.training, times.testing,
                times.writing, folder_path);
    return EXIT_DONE;
}
