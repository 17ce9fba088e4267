/* cmd_analyze.c - `mmofl analyze DIR`: the regret of a finished run, and its bound. */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "run/analyze_json.h"
#include "store/sweep_folder.h"

enum { KEY_JSON = 256 };

static const struct argp_option table[] = {
    {"threads", 't', "N", 0,
     "Threads (default: one per core); the results do not depend on it", 0},
    {"json", KEY_JSON, NULL, 0, "Print one JSON object for each seed", 0},
    {0}};

typedef struct request {
    char **folder;
    int n;
    int threads;
    bool json;
} request;

static error_t parse(int key, char *text, struct argp_state *state)
{
    request *r = state->input;
    switch (key) {
    case 't':
        r->threads = mmofl_cli_read_count("--threads", text, state);
        break;
    case KEY_JSON:
        r->json = true;
        break;
    case ARGP_KEY_ARGS:
        r->folder = state->argv + state->next;
        r->n = state->argc - state->next;
        break;
    case ARGP_KEY_END:
        if (r->n == 0)
            argp_error(state, "the folder of a finished run is wanted");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    table,
    parse,
    "DIR...",
    "Work out the regret of finished runs against the best fixed model in hindsight, "
    "how "
    "fast it grows, and, where theory has one, its bound.\v"
    "The search for the best model follows the experiment's `analysis` section.  "
    "Results "
    "go to the run store and to DIR/seed-*/analysis.json; those of an earlier analysis "
    "are replaced.\n\n"
    "A cell of a sweep is a run: mmofl analyze runs/s/cells/*",
    NULL,
    NULL,
    NULL};

static void print_report(const mmofl_regret_report *r)
{
    const mmofl_comparator *c = &r->comparator;
    printf("seed %" PRIu64 ": regret %.4f after %d rounds (loss %.4f, best fixed model "
           "%.4f)\n",
           r->seed, r->regret, r->rounds, r->online, c->loss);
    printf("  best fixed model: %s after %d steps from start %d, gradient %.2g%s\n",
           c->converged ? "converged" : "stopped", c->iterations, c->start,
           c->gradient_norm,
           r->convex ? "" : "; not convex, so the regret is a lower bound");
    if (r->growth.fitted)
        printf("  grows as t^%.3f, 95 %% interval %.3f to %.3f\n", r->growth.exponent,
               r->growth.low, r->growth.high);
    else
        printf("  no growth exponent: the regret is not positive in enough rounds\n");
    const mmofl_bound *b = &r->bound;
    if (r->excuse)
        printf("  no bound: %s\n", r->excuse);
    else
        printf("  bound %s: regret on complete data %.4f <= %.4f (G %.3g, H %.3g, R "
               "%.3g, D0 %.3g, errors %.3g)\n",
               b->holds ? "holds" : "DOES NOT HOLD", b->regret, b->limit, b->G, b->H,
               b->R, b->D0, b->error_sum);
}

static mmofl_status show(const mmofl_regret_report *report, bool json, mmofl_error *err)
{
    if (!json) {
        print_report(report);
        return MMOFL_OK;
    }
    char *text = mmofl_analyze_json(report);
    if (!text)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the report");
    printf("%s\n", text);
    free(text);
    return MMOFL_OK;
}

/* All seeds of a run. */
static mmofl_status analyze_seeds(const request *r, mmofl_run_folder *folder,
                                  mmofl_error *err)
{
    mmofl_experiment x;
    mmofl_setup setup;
    const char *config = mmofl_run_folder_config(folder);
    mmofl_status st = mmofl_experiment_parse(config, strlen(config), "config.yaml",
                                             NULL, NULL, 0, &x, err);
    if (st)
        return st;
    st = mmofl_setup_init(&setup, &x, r->threads, err);
    if (!st) {
        for (int i = 0; i < x.n_seeds && !st; i++) {
            mmofl_regret_report report;
            fprintf(stderr,
                    "mmofl: seed %" PRIu64 ": looking for the best fixed model\n",
                    x.seed[i]);
            st = mmofl_analyze_done(&setup, folder, x.seed[i], &report, err);
            if (!st)
                st = show(&report, r->json, err);
        }
        mmofl_setup_free(&setup);
    }
    mmofl_experiment_free(&x);
    return st;
}

static mmofl_status analyze(const request *r, const char *path, mmofl_error *err)
{
    if (mmofl_sweep_folder_is(path))
        return mmofl_fail(err, MMOFL_E_TYPE,
                          "%s: a sweep; name runs below %s/cells, or all of them: "
                          "%s/cells/*",
                          path, path, path);
    mmofl_run_folder *folder;
    mmofl_status st = mmofl_run_folder_open(path, &folder, err);
    if (st)
        return st;
    if (r->n > 1 && !r->json)
        printf("%s\n", path);
    st = analyze_seeds(r, folder, err);
    mmofl_run_folder_close(folder);
    return st;
}

static int analyze_main(int argc, char **argv)
{
    request r = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &r);
    mmofl_error err = {0};
    for (int i = 0; i < r.n; i++)
        if (analyze(&r, r.folder[i], &err))
            return mmofl_cli_complain(&err);
    return EXIT_DONE;
}

const mmofl_command mmofl_command_analyze = {
    "analyze", "regret of a finished run, and its bound", analyze_main};
