/* cmd_compare.c - `mmofl compare DIR DIR`: what is different between two runs. */
#include <argp.h>
#include <stdio.h>

#include "cli/command.h"
#include "report/compare.h"
#include "store/sweep_folder.h"

static const struct argp_option table[] = {{0}};

typedef struct request {
    const char *folder[2];
} request;

static error_t parse(int key, char *text, struct argp_state *state)
{
    request *r = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (state->arg_num > 1)
            argp_error(state, "'%s' is one argument too many", text);
        else
            r->folder[state->arg_num] = text;
        break;
    case ARGP_KEY_END:
        if (!r->folder[1])
            argp_error(state, "the folders of two runs are wanted");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    table,
    parse,
    "DIR DIR",
    "Say what is different between two runs: their settings, the results of each seed "
    "that both have, and the first round in which they differ.\v"
    "Exit status 0 when every round of every common seed is the same, 1 when not.\n\n"
    "A cell of a sweep is a run: mmofl compare runs/s/cells/A runs/s/cells/B",
    NULL,
    NULL,
    NULL};

static int compare_main(int argc, char **argv)
{
    request r = {{NULL, NULL}};
    argp_parse(&argp, argc, argv, 0, NULL, &r);
    mmofl_error err = {0};
    mmofl_results results;
    for (int i = 0; i < 2; i++)
        if (mmofl_sweep_folder_is(r.folder[i])) {
            mmofl_fail(&err, MMOFL_E_TYPE,
                       "%s: a sweep; name one of its runs below %s/cells", r.folder[i],
                       r.folder[i]);
            return mmofl_cli_complain(&err);
        }
    if (mmofl_results_load(r.folder, 2, &results, &err))
        return mmofl_cli_complain(&err);
    bool same = false;
    mmofl_status st =
        mmofl_compare_write(stdout, &results.cell[0], &results.cell[1], &same, &err);
    mmofl_results_free(&results);
    if (st)
        return mmofl_cli_complain(&err);
    return same ? EXIT_DONE : EXIT_FAILED;
}

const mmofl_command mmofl_command_compare = {
    "compare", "what is different between two runs", compare_main};
