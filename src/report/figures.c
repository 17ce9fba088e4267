/* figures.c - one data file and one script for each setting and kind of accuracy.
 *
 * gnuplot is run in the folder, so that scripts name their files without a path and
 * work wherever the folder is copied to. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "report/curves.h"
#include "report/figures.h"

enum { PATH_BYTES = 4096, NAME_BYTES = 96 };

static const char *const colors[] = {"#0072b2", "#d55e00", "#009e73", "#b2528c",
                                     "#c98a00", "#3d9fd8", "#6b6b6b", "#8a3ffc"};

/* What one figure is drawn from. */
typedef struct figure {
    const mmofl_results *results;
    const mmofl_curves *curves; /* of each method; without series: no cell */
    const char *group, *metric, *title;
    const char *folder;
    char name[NAME_BYTES]; /* "1-test_accuracy" */
} figure;

static const mmofl_series *series_of(const figure *f, int method)
{
    return mmofl_curves_find(&f->curves[method], f->metric, "", -1);
}

static bool is_measured(const figure *f, size_t t)
{
    for (int m = 0; m < f->results->n_methods; m++) {
        const mmofl_series *s = series_of(f, m);
        if (s && t < f->curves[m].n && isfinite(s->mean[t]))
            return true;
    }
    return false;
}

static void write_data(FILE *to, const figure *f)
{
    size_t rounds = 0;
    fputs("# round", to);
    for (int m = 0; m < f->results->n_methods; m++) {
        if (f->curves[m].n > rounds)
            rounds = f->curves[m].n;
        fprintf(to, "\tmean(%s)\tsd", f->results->method[m]);
    }
    for (size_t t = 0; t < rounds; t++) {
        if (!is_measured(f, t))
            continue; /* a band would break there */
        fprintf(to, "\n%zu", t);
        for (int m = 0; m < f->results->n_methods; m++) {
            const mmofl_series *s = series_of(f, m);
            if (s && t < f->curves[m].n && isfinite(s->mean[t]))
                fprintf(to, "\t%.8g\t%.8g", 100 * s->mean[t], 100 * s->sd[t]);
            else
                fputs("\t?\t?", to);
        }
    }
    putc('\n', to);
}

/* A text between gnuplot's single quotes, where only the quote itself is special; line
 * ends would end the command. */
static void write_quoted(FILE *to, const char *text)
{
    putc('\'', to);
    for (; *text; text++) {
        if (*text == '\'')
            putc('\'', to);
        putc((unsigned char)*text < ' ' ? ' ' : *text, to);
    }
    putc('\'', to);
}

static void write_script(FILE *to, const figure *f)
{
    fputs("set datafile missing '?'\nset key outside right center noenhanced\n"
          "set border 3\nset tics nomirror\nset grid ytics lc rgb '#e4e7eb' lt 1\n"
          "set style fill transparent solid 0.15 noborder\nset xlabel 'round'\n"
          "set ylabel 'accuracy (%)'\nset title noenhanced ",
          to);
    char title[1024];
    snprintf(title, sizeof title, "%s: %s", f->title, f->group);
    write_quoted(to, title);
    fputs("\ndraw = \"plot \\\n", to);
    int n = 0;
    for (int m = 0; m < f->results->n_methods; m++)
        if (series_of(f, m))
            fprintf(to,
                    "%s  '%s.dat' using 1:(column(%d)-column(%d)):(column(%d)+column("
                    "%d)) with filledcurves lc rgb '%s' notitle",
                    n++ ? ", \\\n" : "", f->name, 2 * m + 2, 2 * m + 3, 2 * m + 2,
                    2 * m + 3, colors[m % 8]);
    for (int m = 0; m < f->results->n_methods; m++)
        if (series_of(f, m)) {
            char label[256];
            size_t k = 0;
            for (const char *c = f->results->method[m]; *c && k < 250; c++)
                label[k++] =
                    strchr("'\"\\`@", *c) || (unsigned char)*c < ' ' ? ' ' : *c;
            label[k] = '\0';
            fprintf(
                to,
                ", \\\n  '%s.dat' using 1:%d with lines lw 2 lc rgb '%s' title '%s'",
                f->name, 2 * m + 2, colors[m % 8], label);
        }
    fputs("\"\n", to);
    static const char *const terminals[][2] = {
        {"pngcairo size 1200,800 fontscale 1.3", "png"},
        {"svg size 600,400", "svg"},
        {"pdfcairo size 5in,3.3in", "pdf"}};
    for (int k = 0; k < 3; k++)
        fprintf(to, "set terminal %s\nset output '%s.%s'\neval draw\nset output\n",
                terminals[k][0], f->name, terminals[k][1]);
}

static mmofl_status write_file(const figure *f, const char *end,
                               void (*write)(FILE *, const figure *), mmofl_error *err)
{
    char file[NAME_BYTES + 8], path[PATH_BYTES];
    char *text = NULL;
    size_t size;
    snprintf(file, sizeof file, "%s.%s", f->name, end);
    mmofl_status st = mmofl_file_join(path, sizeof path, f->folder, file, err);
    if (st)
        return st;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    write(to, f);
    st = fclose(to) == 0 ? mmofl_file_write(path, text, size, false, err)
                         : mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    free(text);
    return st;
}

/* Run gnuplot on the figure's script, without its talk.  Where there is no gnuplot the
 * child ends with a status, too. */
static bool run_gnuplot(const figure *f)
{
    char script[NAME_BYTES + 8];
    snprintf(script, sizeof script, "%s.gp", f->name);
    pid_t child = fork();
    if (child < 0)
        return false;
    if (child == 0) {
        int quiet = open("/dev/null", O_RDWR);
        if (quiet < 0 || chdir(f->folder) != 0 || dup2(quiet, 0) < 0 ||
            dup2(quiet, 1) < 0 || dup2(quiet, 2) < 0)
            _exit(127);
        execlp("gnuplot", "gnuplot", script, (char *)NULL);
        _exit(127);
    }
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static mmofl_status draw(const figure *f, int *drawn, mmofl_error *err)
{
    bool any = false;
    for (int m = 0; m < f->results->n_methods; m++)
        any = any || series_of(f, m);
    if (!any)
        return MMOFL_OK;
    mmofl_status st = write_file(f, "dat", write_data, err);
    if (!st)
        st = write_file(f, "gp", write_script, err);
    if (!st)
        *drawn += run_gnuplot(f);
    return st;
}

static mmofl_status draw_group(const mmofl_results *r, int g, mmofl_curves *curves,
                               const char *folder, int *drawn, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    for (int m = 0; m < r->n_methods && !st; m++) {
        const mmofl_result_cell *cell =
            mmofl_results_find(r, r->group[g], r->method[m]);
        if (cell)
            st = mmofl_curves_load(cell, &curves[m], err);
    }
    for (int k = 0; k <= MMOFL_RESULT_prequential_accuracy && !st; k++) {
        const mmofl_metric_info *info = mmofl_metric((mmofl_result_metric)k);
        figure f = {r, curves, r->group[g], info->name, info->title, folder, ""};
        snprintf(f.name, sizeof f.name, "%d-%s", g + 1, info->name);
        st = draw(&f, drawn, err);
    }
    for (int m = 0; m < r->n_methods; m++)
        mmofl_curves_free(&curves[m]);
    return st;
}

mmofl_status mmofl_figures_write(const mmofl_results *results, const char *folder,
                                 int *drawn, mmofl_error *err)
{
    char path[PATH_BYTES];
    *drawn = 0;
    mmofl_status st = mmofl_file_join(path, sizeof path, folder, "figures", err);
    if (!st)
        st = mmofl_file_make_folders(path, err);
    if (st)
        return st;
    mmofl_curves *curves = calloc((size_t)results->n_methods, sizeof *curves);
    if (!curves)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the figures");
    for (int g = 0; g < results->n_groups && !st; g++)
        st = draw_group(results, g, curves, path, drawn, err);
    free(curves);
    return st;
}
