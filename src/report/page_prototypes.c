/* page_prototypes.c - prototypes on the page: what they cost, and how they move.
 *
 * A figure shows one modality of one cell, first seed.  All kept rounds of all classes
 * go into one projection, so that a trail shows movement and not a turning picture. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "report/page_parts.h"
#include "report/pca.h"
#include "report/svg.h"
#include "store/prototype_history.h"

enum { MOST_CELLS = 4, MOST_ROUNDS = 60, TEXT_BYTES = 512, PATH_BYTES = 4096 };

/* What one cell's first seed left; the numbers are NaN where it left none. */
typedef struct cell_prototypes {
    mmofl_prototype_history history;
    double bytes, flops; /* up, arithmetic: per device and round */
    double bytes_up;     /* of a device in its first round, all in all */
} cell_prototypes;

/* ---- loading ---- */

static mmofl_status take_cost(void *context, int round, const mmofl_measure *m)
{
    cell_prototypes *p = context;
    (void)round;
    if (strcmp(m->name, "prototype_bytes") == 0)
        p->bytes = m->value;
    if (strcmp(m->name, "prototype_flops") == 0)
        p->flops = m->value;
    return MMOFL_OK;
}

static mmofl_status take_bytes_up(void *context, const mmofl_round_record *r)
{
    cell_prototypes *p = context;
    if (isnan(p->bytes_up) && r->participants > 0)
        p->bytes_up = (double)r->bytes_up / (double)r->participants;
    return MMOFL_OK;
}

/* On success the caller frees p->history. */
static mmofl_status load_cell(const mmofl_result_cell *cell, cell_prototypes *p,
                              mmofl_error *err)
{
    *p = (cell_prototypes){
        .bytes = (double)NAN, .flops = (double)NAN, .bytes_up = (double)NAN};
    char path[PATH_BYTES];
    mmofl_run_store *store = NULL;
    int64_t run;
    mmofl_run_status status;
    bool same;
    mmofl_status st =
        mmofl_file_join(path, sizeof path, cell->folder, "run.sqlite", err);
    if (!st)
        st = mmofl_run_store_open(path, MMOFL_RUN_STORE_READ, &store, err);
    if (!st)
        st = mmofl_run_store_find_run(store, cell->seed[0], cell->config, &run, &status,
                                      &same, err);
    if (!st)
        st = mmofl_run_store_each_measure(store, run, take_cost, p, err);
    if (!st)
        st = mmofl_run_store_each_round(store, run, take_bytes_up, p, err);
    if (!st)
        st = mmofl_prototype_history_load(store, run, &p->history, err);
    mmofl_run_store_close(store);
    return st;
}

/* ---- a figure ---- */

/* One modality of a history: its points, where they are in the picture, its lines. */
typedef struct picture {
    mmofl_arena arena;
    const mmofl_prototype_history *h;
    size_t m, every; /* modality; rounds are taken in steps, the last always */
    size_t n, features;
    double *point, *place; /* (n, features), (n, 2) */
    double share[2];
    double *x, *y;        /* (n) */
    mmofl_svg_line *line; /* (K) */
    char (*label)[32];    /* (K) "class 3" */
} picture;

/* Is that round one of the picture's, and does the class have a prototype by then? */
static bool is_shown(const picture *p, size_t r, size_t c)
{
    const mmofl_prototype_history *h = p->h;
    bool is_taken = (h->n_rounds - 1 - r) % p->every == 0;
    return is_taken && h->seen[(r * h->n_modalities + p->m) * h->n_classes + c] > 0;
}

static bool make_room(picture *p)
{
    const mmofl_prototype_history *h = p->h;
    for (size_t c = 0; c < h->n_classes; c++)
        for (size_t r = 0; r < h->n_rounds; r++)
            p->n += is_shown(p, r, c);
    p->point = MMOFL_ARENA_NEW(&p->arena, p->n * p->features, double);
    p->place = MMOFL_ARENA_NEW(&p->arena, p->n * 2, double);
    p->x = MMOFL_ARENA_NEW(&p->arena, p->n, double);
    p->y = MMOFL_ARENA_NEW(&p->arena, p->n, double);
    p->line = MMOFL_ARENA_NEW(&p->arena, h->n_classes, mmofl_svg_line);
    p->label = mmofl_arena_take(&p->arena, h->n_classes, sizeof *p->label);
    return p->point && p->place && p->x && p->y && p->line && p->label;
}

/* The points class by class, each from early to late. */
static void take_points(picture *p)
{
    const mmofl_prototype_history *h = p->h;
    double *to = p->point;
    for (size_t c = 0; c < h->n_classes; c++)
        for (size_t r = 0; r < h->n_rounds; r++) {
            if (!is_shown(p, r, c))
                continue;
            const float *mean =
                h->mean + (r * h->n_classes + c) * h->n_features + h->at[p->m];
            for (size_t k = 0; k < p->features; k++)
                *to++ = (double)mean[k];
        }
}

/* A line for each class that has points; returns how many. */
static size_t make_lines(picture *p)
{
    const mmofl_prototype_history *h = p->h;
    size_t at = 0, lines = 0;
    for (size_t i = 0; i < p->n; i++) {
        p->x[i] = p->place[2 * i];
        p->y[i] = p->place[2 * i + 1];
    }
    for (size_t c = 0; c < h->n_classes; c++) {
        size_t n = 0;
        for (size_t r = 0; r < h->n_rounds; r++)
            n += is_shown(p, r, c);
        if (n == 0)
            continue;
        snprintf(p->label[c], sizeof p->label[c], "class %zu", c);
        p->line[lines++] = (mmofl_svg_line){.label = p->label[c],
                                            .color = (int)c,
                                            .n = n,
                                            .x = p->x + at,
                                            .y = p->y + at,
                                            .end = p->label[c] + strlen("class ")};
        at += n;
    }
    return lines;
}

static mmofl_status draw(FILE *to, const mmofl_result_cell *cell, bool has_groups,
                         const mmofl_prototype_history *h, size_t m, mmofl_error *err)
{
    picture p = {.arena = MMOFL_ARENA_INIT,
                 .h = h,
                 .m = m,
                 .every = (h->n_rounds + MOST_ROUNDS - 1) / MOST_ROUNDS,
                 .features = (size_t)(h->at[m + 1] - h->at[m])};
    mmofl_status st = make_room(&p) ? MMOFL_OK : MMOFL_E_MEMORY;
    if (!st && p.n > 0) {
        take_points(&p);
        st = mmofl_pca(p.point, p.n, p.features, p.place, p.share);
    }
    if (!st && p.n > 0) {
        char title[TEXT_BYTES], axis[2][64];
        snprintf(title, sizeof title, "%s%s%s: %s", cell->method,
                 has_groups ? ", " : "", has_groups ? cell->group : "", h->modality[m]);
        for (int i = 0; i < 2; i++)
            snprintf(axis[i], sizeof axis[i], "component %d (%.0f %% of variance)",
                     i + 1, 100 * p.share[i]);
        mmofl_svg_chart chart = {.title = title,
                                 .x_label = axis[0],
                                 .y_label = axis[1],
                                 .n = make_lines(&p),
                                 .line = p.line};
        mmofl_svg_chart_write(to, &chart);
    }
    mmofl_arena_free(&p.arena);
    return st ? mmofl_fail(err, st, "no memory for a figure of prototypes") : MMOFL_OK;
}

/* ---- the section ---- */

static void write_number(FILE *to, double x, const char *format)
{
    fputs("<td>", to);
    if (isfinite(x))
        fprintf(to, format, x);
    fputs("</td>", to);
}

static void write_cost(FILE *to, const mmofl_result_cell *cell,
                       const cell_prototypes *p)
{
    fputs("<tr><th>", to);
    mmofl_html_escape(to, cell->method);
    fputs("</th><td>", to);
    mmofl_html_escape(to, cell->group);
    fputs("</td>", to);
    write_number(to, p->bytes, "%.0f");
    write_number(to, 100 * p->bytes / p->bytes_up, "%.2f %%");
    write_number(to, p->flops, "%.0f");
    fputs("</tr>\n", to);
}

/* The cells to show: those of the reference before the others, as many as fit.  A
 * history that was loaded is the caller's to free. */
static mmofl_status choose(const mmofl_page *page,
                           const mmofl_result_cell *cell[MOST_CELLS],
                           cell_prototypes prototypes[MOST_CELLS], int *n,
                           mmofl_error *err)
{
    const mmofl_results *r = page->results;
    mmofl_status st = MMOFL_OK;
    for (int others = page->reference ? 0 : 1; others < 2; others++)
        for (int i = 0; !st && i < r->n_cells && *n < MOST_CELLS; i++) {
            bool is_reference =
                page->reference && strcmp(r->cell[i].method, page->reference) == 0;
            if (is_reference == (others == 1))
                continue;
            st = load_cell(&r->cell[i], &prototypes[*n], err);
            if (!st && prototypes[*n].history.n_rounds > 0)
                cell[(*n)++] = &r->cell[i];
        }
    return st;
}

static mmofl_status write_section(const mmofl_page *page,
                                  const mmofl_result_cell *const cell[],
                                  const cell_prototypes prototypes[], int n,
                                  mmofl_error *err)
{
    FILE *to = page->to;
    fprintf(to,
            "<h2>Prototypes</h2>\n<p class=\"note\">Global prototypes of each class in "
            "the plane of their two largest principal components, one projection for "
            "all evaluated rounds of the first seed.  A trail goes from early rounds "
            "to the last, which is marked with the number of the class. At most %d "
            "cells are shown.</p>\n<div class=\"wide\"><table><caption>Cost of "
            "prototypes, per device and round</caption><thead><tr><th>Method</th>"
            "<th>Setting</th><th>Bytes up</th><th>of all bytes up</th><th>FLOPs of "
            "statistics</th></tr></thead><tbody>\n",
            MOST_CELLS);
    for (int i = 0; i < n; i++)
        write_cost(to, cell[i], &prototypes[i]);
    fputs("</tbody></table></div>\n<div class=\"figures\">\n", to);
    mmofl_status st = MMOFL_OK;
    for (int i = 0; i < n; i++)
        for (size_t m = 0; !st && m < prototypes[i].history.n_modalities; m++)
            st = draw(to, cell[i], page->results->n_groups > 1, &prototypes[i].history,
                      m, err);
    fputs("</div>\n", to);
    return st;
}

mmofl_status mmofl_page_prototypes(const mmofl_page *page, mmofl_error *err)
{
    const mmofl_result_cell *cell[MOST_CELLS] = {0};
    cell_prototypes prototypes[MOST_CELLS] = {0};
    int n = 0;
    mmofl_status st = choose(page, cell, prototypes, &n, err);
    if (!st && n > 0)
        st = write_section(page, cell, prototypes, n, err);
    for (int i = 0; i < n; i++)
        mmofl_prototype_history_free(&prototypes[i].history);
    return st;
}
