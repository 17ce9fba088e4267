/* tables.c - a table is written to memory, then to its file as a whole. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/stats.h"
#include "report/tables.h"
#include "store/cell_table.h"

enum { PATH_BYTES = 4096 };

static void write_csv(FILE *to, const mmofl_results *r)
{
    fputs("setting,method,seed", to);
    for (int k = 0; k < MMOFL_RESULT_METRICS; k++)
        fprintf(to, ",%s", mmofl_metric((mmofl_result_metric)k)->name);
    putc('\n', to);
    for (int i = 0; i < r->n_cells; i++)
        for (int s = 0; s < r->cell[i].n_seeds; s++) {
            mmofl_cell_table_write_field(to, r->cell[i].group);
            putc(',', to);
            mmofl_cell_table_write_field(to, r->cell[i].method);
            fprintf(to, ",%" PRIu64, r->cell[i].seed[s]);
            for (int k = 0; k < MMOFL_RESULT_METRICS; k++) {
                double x = r->cell[i].value[k][s];
                if (isfinite(x))
                    fprintf(to, ",%.10g", x);
                else
                    putc(',', to);
            }
            putc('\n', to);
        }
}

/* ---- LaTeX ---- */

static void write_tex_text(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '\\')
            fputs("\\textbackslash{}", to);
        else if (*text == '~' || *text == '^')
            fprintf(to, "\\%c{}", *text);
        else if (strchr("&%$#_{}", *text))
            fprintf(to, "\\%c", *text);
        else
            putc(*text, to);
    }
}

static void write_tex_row(FILE *to, const mmofl_results *r, const char *group,
                          mmofl_result_metric metric)
{
    const mmofl_metric_info *info = mmofl_metric(metric);
    double factor = info->is_share ? 100 : 1, best = (double)NAN;
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1)
            write_tex_text(to, group);
        for (int m = 0; m < r->n_methods; m++) {
            const mmofl_result_cell *cell = mmofl_results_find(r, group, r->method[m]);
            double mean = (double)NAN, sd = 0;
            if (cell)
                mmofl_stats_spread(cell->value[metric], (size_t)cell->n_seeds, &mean,
                                   &sd);
            if (pass == 0) {
                bool better = info->more_is_better ? mean > best : mean < best;
                best = isfinite(mean) && (isnan(best) || better) ? mean : best;
            } else if (!isfinite(mean)) {
                fputs(" & --", to);
            } else if (fabs(mean - best) * factor < 0.005) {
                fprintf(to, " & $\\mathbf{%.2f} \\pm %.2f$", factor * mean,
                        factor * sd);
            } else {
                fprintf(to, " & $%.2f \\pm %.2f$", factor * mean, factor * sd);
            }
        }
    }
    fputs(" \\\\\n", to);
}

static void write_tex(FILE *to, const mmofl_results *r, mmofl_result_metric metric)
{
    const mmofl_metric_info *info = mmofl_metric(metric);
    fprintf(to, "%% %s%s, mean and standard deviation over seeds\n\\begin{tabular}{l",
            info->title, info->is_share ? " (percent)" : "");
    for (int m = 0; m < r->n_methods; m++)
        putc('r', to);
    fputs("}\n\\toprule\nSetting", to);
    for (int m = 0; m < r->n_methods; m++) {
        fputs(" & ", to);
        write_tex_text(to, r->method[m]);
    }
    fputs(" \\\\\n\\midrule\n", to);
    for (int g = 0; g < r->n_groups; g++)
        write_tex_row(to, r, r->group[g], metric);
    fputs("\\bottomrule\n\\end{tabular}\n", to);
}

/* ---- files ---- */

/* metric < 0: the CSV. */
static mmofl_status write_file(const mmofl_results *r, int metric, const char *folder,
                               mmofl_error *err)
{
    char name[64] = "table.csv", path[PATH_BYTES];
    char *text = NULL;
    size_t size;
    if (metric >= 0)
        snprintf(name, sizeof name, "table-%s.tex",
                 mmofl_metric((mmofl_result_metric)metric)->name);
    mmofl_status st = mmofl_file_join(path, sizeof path, folder, name, err);
    if (st)
        return st;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    if (metric < 0)
        write_csv(to, r);
    else
        write_tex(to, r, (mmofl_result_metric)metric);
    st = fclose(to) == 0 ? mmofl_file_write(path, text, size, false, err)
                         : mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    free(text);
    return st;
}

mmofl_status mmofl_tables_write(const mmofl_results *results, const char *folder,
                                mmofl_error *err)
{
    mmofl_status st = write_file(results, -1, folder, err);
    for (int k = 0; k <= MMOFL_RESULT_cumulative_loss && !st; k++)
        if (mmofl_results_have(results, (mmofl_result_metric)k))
            st = write_file(results, k, folder, err);
    return st;
}
