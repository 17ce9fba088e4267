/* page_sweeps.c - accuracy over a number that the sweep goes over.
 *
 * For each such setting, the cells are split by all that they set besides: each part
 * with at least two different numbers is a figure, with methods as lines. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "report/page_parts.h"
#include "report/stats.h"
#include "report/svg.h"

enum { TEXT_BYTES = 1024, MOST_FIGURES = 60 };

static double number_of(const mmofl_result_cell *cell, const char *path)
{
    for (int k = 0; k < cell->n_settings; k++) {
        const char *text = cell->setting[k].value, *end = text + strlen(text);
        double value;
        if (strcmp(cell->setting[k].path, path) == 0 && *text &&
            mmofl_number_read(text, end, &value) == end)
            return value;
    }
    return (double)NAN;
}

/* All that the cell sets, but for the path and the method. */
static void rest_of(const mmofl_result_cell *cell, const char *path, char *text)
{
    *text = '\0';
    for (int k = 0; k < cell->n_settings; k++) {
        const mmofl_result_setting *s = &cell->setting[k];
        size_t n = strlen(text);
        if (strcmp(s->path, path) != 0)
            snprintf(text + n, TEXT_BYTES - n, "%s%s %s", n ? ", " : "", s->path,
                     s->value);
    }
}

/* The points of one line, with their rest; sorted by x. */
typedef struct points {
    size_t n;
    double *x, *y, *sd;
} points;

static void insert(points *p, double x, double y, double sd)
{
    size_t i = p->n++;
    for (; i > 0 && p->x[i - 1] > x; i--) {
        p->x[i] = p->x[i - 1];
        p->y[i] = p->y[i - 1];
        p->sd[i] = p->sd[i - 1];
    }
    p->x[i] = x;
    p->y[i] = y;
    p->sd[i] = sd;
}

static bool collect(const mmofl_results *r, const char *path, const char *rest,
                    const char *method, mmofl_result_metric metric, mmofl_arena *arena,
                    points *p)
{
    size_t room = (size_t)r->n_cells;
    *p = (points){0, MMOFL_ARENA_NEW(arena, room, double),
                  MMOFL_ARENA_NEW(arena, room, double),
                  MMOFL_ARENA_NEW(arena, room, double)};
    for (int i = 0; p->x && p->y && p->sd && i < r->n_cells; i++) {
        const mmofl_result_cell *cell = &r->cell[i];
        char own[TEXT_BYTES];
        double x = number_of(cell, path), mean, sd;
        rest_of(cell, path, own);
        if (!isfinite(x) || strcmp(cell->method, method) != 0 || strcmp(own, rest) != 0)
            continue;
        mmofl_stats_spread(cell->value[metric], (size_t)cell->n_seeds, &mean, &sd);
        if (isfinite(mean))
            insert(p, x, 100 * mean, 100 * sd);
    }
    return p->x && p->y && p->sd;
}

static mmofl_status draw(const mmofl_page *page, const char *path, const char *rest,
                         mmofl_result_metric metric, mmofl_error *err)
{
    const mmofl_results *r = page->results;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_svg_line *line =
        MMOFL_ARENA_NEW(&arena, (size_t)r->n_methods, mmofl_svg_line);
    size_t n = 0, most = 0;
    bool good = line != NULL;
    for (int m = 0; good && m < r->n_methods; m++) {
        points p;
        good = collect(r, path, rest, r->method[m], metric, &arena, &p);
        bool strong = page->reference && strcmp(page->reference, r->method[m]) == 0;
        if (good && p.n > 0)
            line[n++] =
                (mmofl_svg_line){r->method[m], m, strong, p.n, p.x, p.y, p.sd, NULL};
        most = p.n > most ? p.n : most;
    }
    char title[TEXT_BYTES + 128];
    snprintf(title, sizeof title, "%s%s%s", mmofl_metric(metric)->title,
             *rest ? ": " : "", rest);
    mmofl_svg_chart chart = {title, path, "accuracy (%)", n, line, true, true};
    if (good && most > 1)
        mmofl_svg_chart_write(page->to, &chart);
    mmofl_arena_free(&arena);
    return good ? MMOFL_OK : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a figure");
}

/* Was this (path, rest) met in an earlier cell? */
static bool is_known(const mmofl_results *r, int cell, const char *path,
                     const char *rest)
{
    for (int i = 0; i < cell; i++) {
        char other[TEXT_BYTES];
        rest_of(&r->cell[i], path, other);
        if (isfinite(number_of(&r->cell[i], path)) && strcmp(other, rest) == 0)
            return true;
    }
    return false;
}

/* Does the path have two numbers beside this rest? */
static bool varies(const mmofl_results *r, const char *path, const char *rest)
{
    double first = (double)NAN;
    for (int i = 0; i < r->n_cells; i++) {
        char other[TEXT_BYTES];
        double x = number_of(&r->cell[i], path);
        rest_of(&r->cell[i], path, other);
        if (!isfinite(x) || strcmp(other, rest) != 0)
            continue;
        if (isfinite(first) && fabs(x - first) > 0)
            return true;
        first = x;
    }
    return false;
}

mmofl_status mmofl_page_sweeps(const mmofl_page *page, mmofl_error *err)
{
    const mmofl_results *r = page->results;
    mmofl_status st = MMOFL_OK;
    int figures = 0;
    for (int i = 0; i < r->n_cells && !st; i++)
        for (int k = 0; k < r->cell[i].n_settings && !st; k++) {
            const char *path = r->cell[i].setting[k].path;
            char rest[TEXT_BYTES];
            rest_of(&r->cell[i], path, rest);
            if (!isfinite(number_of(&r->cell[i], path)) || is_known(r, i, path, rest) ||
                !varies(r, path, rest) || figures >= MOST_FIGURES)
                continue;
            if (figures == 0)
                fputs("<h2>Accuracy over the swept settings</h2>\n"
                      "<div class=\"figures\">\n",
                      page->to);
            for (int m = 0; m <= MMOFL_RESULT_prequential_accuracy && !st;
                 m++, figures++)
                if (mmofl_results_have(r, (mmofl_result_metric)m))
                    st = draw(page, path, rest, (mmofl_result_metric)m, err);
        }
    if (figures > 0)
        fputs("</div>\n", page->to);
    return st;
}
