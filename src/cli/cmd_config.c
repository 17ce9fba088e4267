/* cmd_config.c - `mmofl config`: look at an experiment file without running it. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "config/experiment.h"
#include "config/sweep.h"

enum { MOST_SETTINGS = 256, KEY_SET = 256 };

typedef struct arguments {
    char *verb, *file;
    const char *settings[MOST_SETTINGS];
    int n_settings;
} arguments;

static const struct argp_option options[] = {
    {.name = "set",
     .key = KEY_SET,
     .arg = "KEY=VALUE",
     .doc = "Replace one value of the file, such as train.lr=0.5; may be repeated"},
    {0},
};

static error_t take(int key, char *text, struct argp_state *state)
{
    arguments *a = state->input;
    switch (key) {
    case KEY_SET:
        if (a->n_settings == MOST_SETTINGS)
            argp_error(state, "more than %d --set", MOST_SETTINGS);
        else
            a->settings[a->n_settings++] = text;
        return 0;
    case ARGP_KEY_ARG:
        if (!a->verb)
            a->verb = text;
        else if (!a->file)
            a->file = text;
        else
            argp_error(state, "one file at a time");
        return 0;
    case ARGP_KEY_END: {
        bool wants_file =
            a->verb && (strcmp(a->verb, "check") == 0 || strcmp(a->verb, "show") == 0);
        bool is_manual = a->verb && strcmp(a->verb, "manual") == 0;
        if (!wants_file && !is_manual)
            argp_error(state, "wanted check, show or manual");
        else if (wants_file && !a->file)
            argp_error(state, "%s wants a file", a->verb);
        else if (is_manual && (a->file || a->n_settings))
            argp_error(state, "manual wants nothing else");
        return 0;
    }
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    .options = options,
    .parser = take,
    .args_doc = "check FILE\nshow FILE\nmanual",
    .doc =
        "Look at an experiment file without running it.\v"
        "check says what is wrong with FILE, and where; in a sweep, with which cell.  "
        "show prints FILE with every "
        "default filled in; the output is a valid experiment file.  manual prints the "
        "description of all keys and kinds (docs/config.md)."};

/* Print text (malloc, given up here; NULL: memory was short). */
static int print(char *text)
{
    if (!text) {
        mmofl_error err = {0};
        (void)mmofl_fail(&err, MMOFL_E_MEMORY, "out of memory");
        return mmofl_cli_complain(&err);
    }
    fputs(text, stdout);
    free(text);
    return EXIT_DONE;
}

/* Every cell of a sweep, when the file is one. */
static mmofl_status check_cells(const arguments *a, mmofl_error *err)
{
    mmofl_sweep sweep;
    mmofl_status st =
        mmofl_sweep_load(a->file, a->settings, a->n_settings, &sweep, err);
    if (st)
        return st;
    for (int i = 0; i < sweep.n_cells && !st; i++) {
        mmofl_experiment cell;
        st = mmofl_sweep_experiment(&sweep, i, &cell, err);
        if (!st)
            mmofl_experiment_free(&cell);
    }
    mmofl_sweep_free(&sweep);
    return st;
}

static int config(int argc, char **argv)
{
    arguments a = {0};
    argp_err_exit_status = EXIT_WRONG_USAGE;
    if (argp_parse(&parser, argc, argv, 0, NULL, &a))
        return EXIT_WRONG_USAGE;
    if (strcmp(a.verb, "manual") == 0)
        return print(mmofl_experiment_manual());
    mmofl_experiment experiment;
    mmofl_error err = {0};
    if (mmofl_experiment_load(a.file, a.settings, a.n_settings, &experiment, &err))
        return mmofl_cli_complain(&err);
    int status = EXIT_DONE;
    if (strcmp(a.verb, "show") == 0)
        status = print(mmofl_experiment_text(&experiment));
    else if (check_cells(&a, &err))
        status = mmofl_cli_complain(&err);
    mmofl_experiment_free(&experiment);
    return status;
}

const mmofl_command mmofl_command_config = {
    .name = "config",
    .help = "check, show or explain experiment files",
    .main = config};
