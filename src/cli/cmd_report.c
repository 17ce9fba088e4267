/* cmd_report.c - `mmofl report DIR...`: results as a page, tables and figures. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/command.h"
#include "report/figures.h"
#include "report/page.h"
#include "report/tables.h"

enum { MOST_FOLDERS = 256, PATH_BYTES = 4096 };

static const struct argp_option table[] = {
    {"out", 'o', "DIR", 0, "Folder for the report (default: the first DIR)", 0},
    {"reference", 'r', "METHOD", 0,
     "The method that all others are compared with (default: qqr)", 0},
    {"quiet", 'q', NULL, 0, "Do not say where the files are", 0},
    {0}};

typedef struct request {
    const char *folder[MOST_FOLDERS];
    int n;
    const char *out, *reference;
    bool quiet;
} request;

static error_t parse(int key, char *text, struct argp_state *state)
{
    request *r = state->input;
    switch (key) {
    case 'o':
        r->out = text;
        break;
    case 'r':
        r->reference = text;
        break;
    case 'q':
        r->quiet = true;
        break;
    case ARGP_KEY_ARG:
        if (r->n == MOST_FOLDERS)
            argp_error(state, "more than %d folders", MOST_FOLDERS);
        else
            r->folder[r->n++] = text;
        break;
    case ARGP_KEY_END:
        if (r->n == 0)
            argp_error(state, "the folder of a run or a sweep is wanted");
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
    "Put the results of runs and sweeps into one HTML page that needs no network, and "
    "into tables.\v"
    "Writes report.html, table.csv and, for each metric, table-METRIC.tex (LaTeX, "
    "booktabs); with gnuplot installed also figures with their script and data below "
    "figures/.\n\n"
    "Examples:\n"
    "  mmofl report runs/main\n"
    "  mmofl report runs/pm runs/qqr --out compare --reference qqr",
    NULL,
    NULL,
    NULL};

static bool is_a_method(const mmofl_results *results, const char *name)
{
    for (int i = 0; i < results->n_methods; i++)
        if (strcmp(results->method[i], name) == 0)
            return true;
    return false;
}

static mmofl_status write_all(const mmofl_results *results, const request *r,
                              const char *folder, int *drawn, mmofl_error *err)
{
    char path[PATH_BYTES];
    if (r->reference && !is_a_method(results, r->reference))
        return mmofl_fail(err, MMOFL_E_UNKNOWN,
                          "--reference %s: no method of that name in these results",
                          r->reference);
    const char *reference = r->reference ? r->reference : "qqr";
    mmofl_status st = mmofl_file_make_folders(folder, err);
    if (!st)
        st = mmofl_file_join(path, sizeof path, folder, "report.html", err);
    if (!st)
        st = mmofl_page_write(results, reference, path, err);
    if (!st)
        st = mmofl_tables_write(results, folder, err);
    if (!st)
        st = mmofl_figures_write(results, folder, drawn, err);
    return st;
}

static int report_main(int argc, char **argv)
{
    request r = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &r);
    mmofl_error err = {0};
    mmofl_results results;
    int drawn = 0;
    if (mmofl_results_load(r.folder, r.n, &results, &err))
        return mmofl_cli_complain(&err);
    const char *folder = r.out ? r.out : r.folder[0];
    mmofl_status st = write_all(&results, &r, folder, &drawn, &err);
    mmofl_results_free(&results);
    if (st)
        return mmofl_cli_complain(&err);
    if (!r.quiet)
        fprintf(stderr,
                "%s/report.html, table.csv, table-*.tex and figures/ are written%s.\n",
                folder, drawn ? "" : " (figures as data and scripts: no gnuplot here)");
    return EXIT_DONE;
}

const mmofl_command mmofl_command_report = {
    "report", "results of runs and sweeps as a page, tables and figures", report_main};
