/* cmd_resume.c - `mmofl resume DIR`: go on with a run that was interrupted. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/experiment_run.h"
#include "cli/sweep_run.h"
#include "store/sweep_folder.h"

enum { KEY_JSON = 256 };

static const struct argp_option table[] = {
    {"threads", 't', "N", 0,
     "Threads (default: one per core); the results do not depend on it", 0},
    {"json", KEY_JSON, NULL, 0, "Print the summary as JSON on stdout", 0},
    {"quiet", 'q', NULL, 0, "No settings and no progress", 0},
    {0}};

typedef struct request {
    const char *folder;
    mmofl_run_options options;
} request;

static error_t parse(int key, char *text, struct argp_state *state)
{
    request *r = state->input;
    switch (key) {
    case 't':
        r->options.threads = mmofl_cli_read_count("--threads", text, state);
        break;
    case KEY_JSON:
        r->options.json = true;
        break;
    case 'q':
        r->options.quiet = true;
        break;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "'%s' is one argument too many", text);
        r->folder = text;
        break;
    case ARGP_KEY_END:
        if (!r->folder)
            argp_error(state, "the folder of a run or a sweep is wanted");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {table,
                                 parse,
                                 "DIR",
                                 "Go on with a run that was interrupted; it ends with "
                                 "the very bytes of a run that never was.\v"
                                 "Seeds that are done are left alone; the others go on "
                                 "after their last finished round.",
                                 NULL,
                                 NULL,
                                 NULL};

static mmofl_status load_experiment(const mmofl_ranks *ranks, mmofl_run_folder *folder,
                                    mmofl_experiment *x, mmofl_error *err)
{
    char *config = NULL;
    mmofl_status st = mmofl_cli_share_text(
        ranks, folder ? mmofl_run_folder_config(folder) : NULL, &config, err);
    if (st)
        return st;
    st = mmofl_experiment_parse(config, strlen(config), "config.yaml", NULL, NULL, 0, x,
                                err);
    free(config);
    return mmofl_ranks_agree(ranks, st, err);
}

static int resume(const request *r, mmofl_run_folder *folder)
{
    const mmofl_ranks *ranks = r->options.ranks;
    mmofl_error err = {0};
    mmofl_experiment x = {0};
    mmofl_setup setup = {0};
    mmofl_status st = load_experiment(ranks, folder, &x, &err);
    if (!st)
        st = mmofl_setup_init_ranks(&setup, ranks, &x, r->options.threads, &err);
    if (!st)
        st = mmofl_experiment_check(&setup, r->options.quiet, &err);
    int status = st ? mmofl_cli_complain_once(ranks, &err)
                    : mmofl_experiment_run(&setup, folder, r->folder, &r->options);
    mmofl_setup_free(&setup);
    mmofl_experiment_free(&x);
    return status;
}

/* Simulated devices would go on with what real ones have begun. */
static bool was_deployed(const mmofl_run_folder *folder)
{
    char path[4096];
    return mmofl_run_folder_path(folder, "journal.sqlite", path, sizeof path, NULL) ==
               MMOFL_OK &&
           mmofl_file_exists(path);
}

/* The first rank looks what is in the folder, and opens it if it is a run's. */
static int resume_request(const void *context)
{
    const request *r = context;
    const mmofl_ranks *ranks = r->options.ranks;
    bool is_first = mmofl_ranks_is_first(ranks);
    if (mmofl_ranks_any(ranks, is_first && mmofl_sweep_folder_is(r->folder)))
        return mmofl_sweep_resume(r->folder, &r->options);
    mmofl_error err = {0};
    mmofl_run_folder *folder = NULL;
    mmofl_status st =
        is_first ? mmofl_run_folder_open(r->folder, &folder, &err) : MMOFL_OK;
    if (!st && is_first && was_deployed(folder))
        st = mmofl_fail(&err, MMOFL_E_STATE,
                        "%s: its devices are real; wanted `mmofl serve` with the "
                        "arguments that it began with",
                        r->folder);
    st = mmofl_ranks_agree(ranks, st, &err);
    int status = st ? mmofl_cli_complain_once(ranks, &err) : resume(r, folder);
    mmofl_run_folder_close(folder);
    return status;
}

static int resume_main(int argc, char **argv)
{
    request r = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &r);
    return mmofl_cli_on_ranks(&r.options.ranks, resume_request, &r);
}

const mmofl_command mmofl_command_resume = {"resume", "go on with an interrupted run",
                                            resume_main};
