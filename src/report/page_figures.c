/* page_figures.c - the figures of the page.
 *
 * Within a group methods are lines, always in the same colour.  Whatever measures a
 * store holds are drawn: known names get a title, the others their own name. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/page_parts.h"
#include "report/stats.h"
#include "report/svg.h"

enum { TITLE_BYTES = 512, MOST_NAMES = 256 };

/* Titles of the measures that the program's own methods and analyses leave. */
static const struct {
    const char *name, *title, *unit;
    bool is_share;
} known_names[] = {
    {"prequential_accuracy", "Prequential accuracy", "accuracy (%)", true},
    {"test_accuracy", "Test accuracy", "accuracy (%)", true},
    {"disturbed_accuracy", "Accuracy on disturbed test data", "accuracy (%)", true},
    {"train_loss", "Training loss", "cross-entropy", false},
    {"cumulative_loss", "Cumulative prequential loss", "sum of losses", false},
    {"regret", "Regret", "loss above best fixed model", false},
    {"error", "Error of the update direction", "norm", false},
    {"error_quantity", "Error term: quantity", "norm", false},
    {"error_quality", "Error term: quality", "norm", false},
    {"error_method", "Error term: the method's own", "norm", false},
    {"error_head", "Error term of the head", "norm", false},
    {"error_encoder", "Error term of the encoder", "norm", false},
    {"train_loss_whole", "Training loss on whole samples", "cross-entropy", false},
    {"train_loss_partial", "Training loss on samples that lack a modality",
     "cross-entropy", false},
    {"method_loss", "The method's own loss terms", "weighted sum", false},
    {"quantity_index", "Quantity imbalance index", "max - min missing rate", false},
    {"quality_index", "Quality imbalance index", "max - min disturbed share", false},
    {"quality_score", "Quality score", "score", false},
    {"missing_rate", "Missing rate", "% of samples", true},
    {"disturbed_rate", "Disturbed rate", "% of recorded samples", true},
    {"missing", "Missing share", "% of samples", true},
    {"disturbed", "Disturbed share", "% of recorded samples", true},
};

static const char *title_of(const char *name, const char **unit, bool *is_share)
{
    for (size_t i = 0; i < sizeof known_names / sizeof *known_names; i++)
        if (strcmp(known_names[i].name, name) == 0) {
            *unit = known_names[i].unit;
            *is_share = known_names[i].is_share;
            return known_names[i].title;
        }
    *unit = "value";
    *is_share = false;
    return name;
}

static bool is_reference(const mmofl_page *page, const char *method)
{
    return page->reference && strcmp(page->reference, method) == 0;
}

/* ---- one group's curves ---- */

typedef struct group_curves {
    const mmofl_page *page;
    const char *group;
    int n; /* methods; those without a cell have no curves */
    mmofl_curves *curves;
} group_curves;

/* Shares become percent for the chart: scaled copies in `room` (2 * n doubles). */
static void scale_line(mmofl_svg_line *line, double factor, double *room)
{
    for (size_t i = 0; i < line->n; i++) {
        room[i] = factor * line->y[i];
        room[line->n + i] = line->sd ? factor * line->sd[i] : 0;
    }
    line->y = room;
    line->sd = line->sd ? room + line->n : NULL;
}

/* One figure: a quantity, the methods as lines. */
static mmofl_status draw_series(const group_curves *g, const char *name,
                                const char *modality, mmofl_error *err)
{
    const char *unit;
    bool is_share;
    char title[TITLE_BYTES];
    snprintf(title, sizeof title, "%s%s%s", title_of(name, &unit, &is_share),
             *modality ? ", " : "", modality);
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_svg_line *line = MMOFL_ARENA_NEW(&arena, (size_t)g->n, mmofl_svg_line);
    size_t n = 0;
    for (int m = 0; line && m < g->n; m++) {
        const mmofl_curves *c = &g->curves[m];
        const mmofl_series *s = mmofl_curves_find(c, name, modality, -1);
        double *room = s ? MMOFL_ARENA_NEW(&arena, 2 * c->n, double) : NULL;
        if (!s || !room)
            continue;
        const char *method = g->page->results->method[m];
        line[n] =
            (mmofl_svg_line){method,   m,       is_reference(g->page, method), c->n,
                             c->round, s->mean, c->n_seeds > 1 ? s->sd : NULL, NULL};
        scale_line(&line[n++], is_share ? 100 : 1, room);
    }
    mmofl_svg_chart chart = {title, "round", unit, n, line, is_share, false};
    if (line)
        mmofl_svg_chart_write(g->page->to, &chart);
    mmofl_arena_free(&arena);
    return line ? MMOFL_OK : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a figure");
}

/* A quantity that each device has: a map of device x round, of the reference method or
 * the first that has it. */
static mmofl_status draw_devices(const group_curves *g, const mmofl_curves *c,
                                 const char *name, const char *modality,
                                 mmofl_error *err)
{
    int devices = 0;
    for (size_t i = 0; i < c->n_series; i++)
        if (strcmp(c->series[i].name, name) == 0 && c->series[i].device >= devices)
            devices = c->series[i].device + 1;
    if (devices == 0 || c->n < 2)
        return MMOFL_OK;
    size_t columns = c->n - 1; /* round 0 is before training */
    double *value = malloc((size_t)devices * columns * sizeof *value);
    if (!value)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a figure");
    double min = (double)INFINITY, max = -(double)INFINITY;
    for (int d = 0; d < devices; d++) {
        const mmofl_series *s = mmofl_curves_find(c, name, modality, d);
        for (size_t t = 0; t < columns; t++) {
            double v = s ? s->mean[t + 1] : (double)NAN;
            value[(size_t)d * columns + t] = v;
            min = isfinite(v) ? fmin(min, v) : min;
            max = isfinite(v) ? fmax(max, v) : max;
        }
    }
    const char *unit;
    bool is_share;
    char title[TITLE_BYTES];
    snprintf(title, sizeof title, "%s, %s", title_of(name, &unit, &is_share), modality);
    mmofl_svg_heat heat = {.title = title,
                           .x_label = "round",
                           .y_label = "device",
                           .rows = (size_t)devices,
                           .columns = columns,
                           .value = value,
                           .min = is_share ? 0 : min,
                           .max = is_share    ? 1
                                  : max > min ? max
                                              : min + 1,
                           .first_column = 1};
    if (max >= min)
        mmofl_svg_heat_write(g->page->to, &heat);
    free(value);
    return MMOFL_OK;
}

static void draw_confusion(const group_curves *g, int m)
{
    const mmofl_curves *c = &g->curves[m];
    char title[TITLE_BYTES];
    snprintf(title, sizeof title, "Confusion, %s: percent of each true class",
             g->page->results->method[m]);
    mmofl_svg_heat heat = {.title = title,
                           .x_label = "predicted class",
                           .y_label = "true class",
                           .rows = c->n_classes,
                           .columns = c->n_classes,
                           .value = c->confusion,
                           .min = 0,
                           .max = 1,
                           .has_numbers = c->n_classes <= 12};
    mmofl_svg_heat_write(g->page->to, &heat);
}

/* ---- regret ---- */

/* How the regret grows, of each method: the exponent of a power of the round, fitted
 * per seed to the second half of the run, with the 95 % interval of its mean over
 * seeds. */
static void write_growth(const group_curves *g)
{
    bool begun = false;
    for (int m = 0; m < g->n; m++) {
        const mmofl_curves *c = &g->curves[m];
        const mmofl_series *s = mmofl_curves_find(c, "regret", "", -1);
        if (!s)
            continue;
        double sum = 0, squares = 0;
        int n = 0;
        for (int i = 0; i < c->n_seeds; i++) {
            size_t from = c->n / 2;
            double e = mmofl_stats_growth(
                c->round + from, s->value + (size_t)i * c->n + from, c->n - from);
            if (!isfinite(e))
                continue;
            sum += e;
            squares += e * e;
            n++;
        }
        if (n == 0)
            continue;
        double mean = sum / n;
        fprintf(g->page->to, "%s",
                begun ? "; "
                      : "<p class=\"note\">Regret grows as "
                        "t<sup>g</sup> with g = ");
        fprintf(g->page->to, "%.3f", mean);
        if (n > 1) {
            double sd = sqrt(fmax(0, squares - n * mean * mean) / (n - 1));
            fprintf(g->page->to, " &#177; %.3f",
                    mmofl_stats_t_quantile(0.95, n - 1) * sd / sqrt(n));
        }
        fputs(" (", g->page->to);
        mmofl_html_escape(g->page->to, g->page->results->method[m]);
        fputs(")", g->page->to);
        begun = true;
    }
    if (begun)
        fputs("; fitted per seed to the second half of the rounds, with the 95 % "
              "interval of the mean.</p>\n",
              g->page->to);
}

/* ---- one group ---- */

typedef struct quantity {
    const char *name, *modality;
    bool of_devices;
} quantity;

/* What prototypes cost is one number for a run, and has a table of its own. */
static bool is_cost(const char *name)
{
    return strncmp(name, "prototype_", strlen("prototype_")) == 0;
}

/* Every (name, modality) that any method of the group has, as it is first met. */
static int list_quantities(const group_curves *g, quantity *q)
{
    int n = 0;
    for (int m = 0; m < g->n; m++)
        for (size_t i = 0; i < g->curves[m].n_series; i++) {
            const mmofl_series *s = &g->curves[m].series[i];
            bool known = is_cost(s->name);
            for (int k = 0; k < n && !known; k++)
                known = strcmp(q[k].name, s->name) == 0 &&
                        strcmp(q[k].modality, s->modality) == 0 &&
                        q[k].of_devices == (s->device >= 0);
            if (!known && n < MOST_NAMES)
                q[n++] = (quantity){s->name, s->modality, s->device >= 0};
        }
    return n;
}

static bool is_learning_curve(const char *name)
{
    return strstr(name, "_accuracy") != NULL;
}

/* The method whose devices are shown: the reference, else the first of the group. */
static int shown_method(const group_curves *g)
{
    int first = g->n - 1;
    for (int m = g->n; m-- > 0;) {
        if (g->curves[m].n_series == 0)
            continue;
        if (is_reference(g->page, g->page->results->method[m]))
            return m;
        first = m;
    }
    return first;
}

static mmofl_status draw_quantities(const group_curves *g, const quantity *q, int n,
                                    bool learning, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    for (int k = 0; k < n && !st; k++) {
        if (is_learning_curve(q[k].name) != learning)
            continue;
        if (!q[k].of_devices) {
            st = draw_series(g, q[k].name, q[k].modality, err);
            continue;
        }
        st =
            draw_devices(g, &g->curves[shown_method(g)], q[k].name, q[k].modality, err);
    }
    return st;
}

static mmofl_status write_group(const group_curves *g, mmofl_error *err)
{
    quantity q[MOST_NAMES];
    int n = list_quantities(g, q);
    FILE *to = g->page->to;
    if (g->page->results->n_groups > 1) {
        fputs("<h3>", to);
        mmofl_html_escape(to, g->group);
        fputs("</h3>\n", to);
    }
    fputs("<div class=\"figures\">\n", to);
    mmofl_status st = draw_quantities(g, q, n, true, err);
    fputs("</div>\n<details><summary>More of this setting: losses, measures, "
          "confusion</summary>\n",
          to);
    write_growth(g);
    fputs("<div class=\"figures\">\n", to);
    if (!st)
        st = draw_quantities(g, q, n, false, err);
    for (int m = 0; m < g->n && !st; m++)
        if (g->n == 1 || is_reference(g->page, g->page->results->method[m]))
            draw_confusion(g, m);
    fputs("</div></details>\n", to);
    return st;
}

mmofl_status mmofl_page_groups(const mmofl_page *page, mmofl_error *err)
{
    const mmofl_results *r = page->results;
    mmofl_status st = MMOFL_OK;
    fputs("<h2>Learning curves</h2>\n", page->to);
    for (int i = 0; i < r->n_groups && !st; i++) {
        group_curves g = {page, r->group[i], r->n_methods,
                          calloc((size_t)r->n_methods, sizeof *g.curves)};
        if (!g.curves)
            return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the curves");
        for (int m = 0; m < r->n_methods && !st; m++) {
            const mmofl_result_cell *cell =
                mmofl_results_find(r, r->group[i], r->method[m]);
            if (cell)
                st = mmofl_curves_load(cell, &g.curves[m], err);
        }
        if (!st)
            st = write_group(&g, err);
        for (int m = 0; m < r->n_methods; m++)
            mmofl_curves_free(&g.curves[m]);
        free(g.curves);
    }
    return st;
}
