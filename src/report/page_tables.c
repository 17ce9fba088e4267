/* page_tables.c - the tables of the page: rows are groups, columns methods. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/page_parts.h"
#include "report/stats.h"
#include "report/svg.h"

enum { MOST_SEEDS = 1000 };

static void spread_of(const mmofl_result_cell *cell, mmofl_result_metric metric,
                      double *mean, double *sd)
{
    mmofl_stats_spread(cell->value[metric], (size_t)cell->n_seeds, mean, sd);
}

/* The best mean of a group; NaN when nothing was measured. */
static double best_of(const mmofl_results *r, const char *group,
                      mmofl_result_metric metric)
{
    double best = (double)NAN;
    bool more = mmofl_metric(metric)->more_is_better;
    for (int m = 0; m < r->n_methods; m++) {
        const mmofl_result_cell *cell = mmofl_results_find(r, group, r->method[m]);
        double mean = (double)NAN, sd;
        if (cell)
            spread_of(cell, metric, &mean, &sd);
        if (isfinite(mean) && (isnan(best) || (more ? mean > best : mean < best)))
            best = mean;
    }
    return best;
}

static void write_number(FILE *to, const mmofl_result_cell *cell,
                         mmofl_result_metric metric, double best)
{
    double mean = (double)NAN, sd = 0;
    const mmofl_metric_info *info = mmofl_metric(metric);
    double factor = info->is_share ? 100 : 1;
    if (cell)
        spread_of(cell, metric, &mean, &sd);
    if (!cell || !isfinite(mean)) {
        fputs("<td>&#8211;</td>", to);
        return;
    }
    /* Best as printed: two that look alike are both best. */
    bool is_best = fabs(mean - best) * factor < 0.005;
    fprintf(to, "<td%s>%.2f", is_best ? " class=\"best\"" : "", factor * mean);
    if (cell->n_seeds > 1)
        fprintf(to, " <span class=\"sd\">&#177;&#8201;%.2f</span>", factor * sd);
    fputs("</td>", to);
}

static void begin_table(FILE *to, const char *caption, const char *unit,
                        const char *corner)
{
    fputs("<div class=\"wide\"><table><caption>", to);
    mmofl_html_escape(to, caption);
    fprintf(to, "%s</caption><thead><tr><th>%s</th>", unit, corner);
}

static void write_heading(FILE *to, const char *text)
{
    fputs("<th>", to);
    mmofl_html_escape(to, text);
    fputs("</th>", to);
}

static void metric_table(const mmofl_page *page, mmofl_result_metric metric)
{
    const mmofl_results *r = page->results;
    const mmofl_metric_info *info = mmofl_metric(metric);
    begin_table(page->to, info->title, info->is_share ? " (%)" : "", "Setting");
    for (int m = 0; m < r->n_methods; m++)
        write_heading(page->to, r->method[m]);
    fputs("</tr></thead><tbody>\n", page->to);
    for (int g = 0; g < r->n_groups; g++) {
        double best = r->n_methods > 1 ? best_of(r, r->group[g], metric) : (double)NAN;
        fputs("<tr>", page->to);
        write_heading(page->to, r->group[g]);
        for (int m = 0; m < r->n_methods; m++)
            write_number(page->to, mmofl_results_find(r, r->group[g], r->method[m]),
                         metric, best);
        fputs("</tr>\n", page->to);
    }
    fputs("</tbody></table></div>\n", page->to);
}

/* With one method only, the metrics are the columns. */
static void single_table(const mmofl_page *page)
{
    const mmofl_results *r = page->results;
    begin_table(page->to, r->method[0], ", accuracies and F1 in %", "Setting");
    for (int k = 0; k <= MMOFL_RESULT_cumulative_loss; k++)
        if (mmofl_results_have(r, (mmofl_result_metric)k))
            write_heading(page->to, mmofl_metric((mmofl_result_metric)k)->title);
    fputs("</tr></thead><tbody>\n", page->to);
    for (int g = 0; g < r->n_groups; g++) {
        fputs("<tr>", page->to);
        write_heading(page->to, r->group[g]);
        for (int k = 0; k <= MMOFL_RESULT_cumulative_loss; k++)
            if (mmofl_results_have(r, (mmofl_result_metric)k))
                write_number(page->to, mmofl_results_find(r, r->group[g], r->method[0]),
                             (mmofl_result_metric)k, (double)NAN);
        fputs("</tr>\n", page->to);
    }
    fputs("</tbody></table></div>\n", page->to);
}

void mmofl_page_tables(const mmofl_page *page)
{
    fputs("<h2>Results</h2>\n", page->to);
    if (page->results->n_methods == 1) {
        single_table(page);
        return;
    }
    fputs("<p class=\"note\">The best mean of each row is bold.</p>\n", page->to);
    for (int k = 0; k <= MMOFL_RESULT_cumulative_loss; k++)
        if (mmofl_results_have(page->results, (mmofl_result_metric)k))
            metric_table(page, (mmofl_result_metric)k);
}

/* ---- differences ---- */

static void write_difference(FILE *to, const mmofl_result_cell *ours,
                             const mmofl_result_cell *other, mmofl_result_metric metric)
{
    double a[MOST_SEEDS], b[MOST_SEEDS];
    size_t n = ours && other && ours->n_seeds <= MOST_SEEDS
                   ? mmofl_results_pair(ours, other, metric, a, b)
                   : 0;
    if (n == 0) {
        fputs("<td>&#8211;</td>", to);
        return;
    }
    mmofl_paired p = mmofl_stats_paired(a, b, n);
    bool sure = p.p < 0.05;
    const char *kind = !sure ? "" : p.mean > 0 ? " class=\"good\"" : " class=\"bad\"";
    fprintf(to,
            "<td%s title=\"t = %.2f, sign test p = %.3f\">%+.2f <span class=\"sd\">",
            kind, p.t, p.sign_p, 100 * p.mean);
    if (isfinite(p.p))
        fprintf(to,
                p.p < 0.001 ? "p&#8201;&lt;&#8201;0.001, " : "p&#8201;=&#8201;%.3f, ",
                p.p);
    fprintf(to, "%zu/%zu</span></td>", p.wins, n);
}

static void difference_table(const mmofl_page *page, mmofl_result_metric metric)
{
    const mmofl_results *r = page->results;
    begin_table(page->to, mmofl_metric(metric)->title, " (points)", "Setting");
    for (int m = 0; m < r->n_methods; m++)
        if (strcmp(r->method[m], page->reference) != 0)
            write_heading(page->to, r->method[m]);
    fputs("</tr></thead><tbody>\n", page->to);
    for (int g = 0; g < r->n_groups; g++) {
        const mmofl_result_cell *ours =
            mmofl_results_find(r, r->group[g], page->reference);
        fputs("<tr>", page->to);
        write_heading(page->to, r->group[g]);
        for (int m = 0; m < r->n_methods; m++)
            if (strcmp(r->method[m], page->reference) != 0)
                write_difference(page->to, ours,
                                 mmofl_results_find(r, r->group[g], r->method[m]),
                                 metric);
        fputs("</tr>\n", page->to);
    }
    fputs("</tbody></table></div>\n", page->to);
}

void mmofl_page_differences(const mmofl_page *page)
{
    if (!page->reference || page->results->n_methods < 2)
        return;
    fputs("<h2>Paired differences: ", page->to);
    mmofl_html_escape(page->to, page->reference);
    fputs(" minus the others</h2>\n<p class=\"note\">Mean over seeds of the difference "
          "within a seed, p of the two-sided paired t-test, and on how many seeds ",
          page->to);
    mmofl_html_escape(page->to, page->reference);
    fputs(" wins. Coloured where p &lt; 0.05; no correction for many comparisons. "
          "The sign test is in each field's tooltip.</p>\n",
          page->to);
    for (int k = 0; k <= MMOFL_RESULT_prequential_accuracy; k++)
        if (mmofl_results_have(page->results, (mmofl_result_metric)k))
            difference_table(page, (mmofl_result_metric)k);
}

/* ---- cost and settings ---- */

void mmofl_page_cost(const mmofl_page *page)
{
    const mmofl_results *r = page->results;
    fputs("<h2>Communication and time</h2>\n", page->to);
    begin_table(page->to, "Mean of a run", "", "Setting");
    fputs("<th>Method</th><th>Up (MB)</th><th>Down (MB)</th><th>Time (s)</th>"
          "</tr></thead><tbody>\n",
          page->to);
    for (int i = 0; i < r->n_cells; i++) {
        static const mmofl_result_metric columns[] = {
            MMOFL_RESULT_bytes_up, MMOFL_RESULT_bytes_down, MMOFL_RESULT_seconds};
        fputs("<tr>", page->to);
        write_heading(page->to, r->cell[i].group);
        fputs("<td>", page->to);
        mmofl_html_escape(page->to, r->cell[i].method);
        fputs("</td>", page->to);
        for (int k = 0; k < 3; k++) {
            double mean, sd;
            spread_of(&r->cell[i], columns[k], &mean, &sd);
            if (isfinite(mean))
                fprintf(page->to, "<td>%.2f</td>", k < 2 ? mean / 1e6 : mean);
            else
                fputs("<td>&#8211;</td>", page->to);
        }
        fputs("</tr>\n", page->to);
    }
    fputs("</tbody></table></div>\n", page->to);
}

void mmofl_page_settings(const mmofl_page *page)
{
    const mmofl_results *r = page->results;
    fputs(
        "<h2>Settings</h2>\n<p class=\"note\">The whole experiment of the first cell; "
        "the others differ by what their row of the table says.</p>\n",
        page->to);
    if (r->n_cells > 1) {
        begin_table(page->to, "Cells", "", "Cell");
        fputs("<th>Settings</th></tr></thead><tbody>\n", page->to);
        for (int i = 0; i < r->n_cells; i++) {
            fputs("<tr>", page->to);
            write_heading(page->to, r->cell[i].name);
            fputs("<td style=\"text-align:left\">method: ", page->to);
            mmofl_html_escape(page->to, r->cell[i].method);
            for (int k = 0; k < r->cell[i].n_settings; k++) {
                fputs("; ", page->to);
                mmofl_html_escape(page->to, r->cell[i].setting[k].path);
                fputs(": ", page->to);
                mmofl_html_escape(page->to, r->cell[i].setting[k].value);
            }
            fputs("</td></tr>\n", page->to);
        }
        fputs("</tbody></table></div>\n", page->to);
    }
    fputs("<details><summary>config.yaml of ", page->to);
    mmofl_html_escape(page->to, r->cell[0].name);
    fputs("</summary><pre>", page->to);
    mmofl_html_escape(page->to, r->cell[0].config);
    fputs("</pre></details>\n", page->to);
}
