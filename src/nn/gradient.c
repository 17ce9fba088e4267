/* gradient.c - walking over the parts of a gradient that may differ from zero. */
#include <math.h>
#include <string.h>

#include "nn/gradient.h"
#include "nn/gradient_loops.h"

mmofl_status mmofl_gradient_init(mmofl_gradient *g, const mmofl_model *model,
                                 mmofl_arena *arena)
{
    float *at = MMOFL_ARENA_NEW(arena, model->n_parameters, float);
    uint64_t *touched = MMOFL_ARENA_NEW(arena, model->row_words, uint64_t);
    if (!at || !touched)
        return MMOFL_E_MEMORY;
    *g = (mmofl_gradient){.at = at,
                          .n = model->n_parameters,
                          .tensor = model->row_tensor,
                          .n_tensors = model->n_row_tensors,
                          .touched = touched};
    return MMOFL_OK;
}

float *mmofl_gradient_all(mmofl_gradient *g)
{
    g->all = true;
    return g->at;
}

uint64_t *mmofl_gradient_rows(const mmofl_gradient *g, size_t offset)
{
    for (int i = 0; i < g->n_tensors; i++)
        if (g->tensor[i].offset == offset)
            return g->touched + g->tensor[i].first_word;
    return NULL;
}

/* ---------------------------------------------------------------- parts */

/* The first of the rows from, from + 1, ... whose bit is `wanted`; `rows` if there is
 * none. */
static size_t find_row(const uint64_t *bits, size_t from, size_t rows, bool wanted)
{
    while (from < rows) {
        uint64_t word = (wanted ? bits[from / 64] : ~bits[from / 64]) >> from % 64;
        if (word & 1)
            return from;
        from = word ? from + 1 : (from / 64 + 1) * 64;
    }
    return rows;
}

/* The next part inside of a tensor with rows, from float `at` of the vector on. */
static bool next_rows(const mmofl_row_tensor *t, const uint64_t *touched, size_t at,
                      mmofl_gradient_part *part)
{
    const uint64_t *bits = touched + t->first_word;
    size_t first = find_row(bits, (at - t->offset) / t->width, t->rows, true);
    if (first == t->rows)
        return false;
    size_t last = find_row(bits, first, t->rows, false);
    *part =
        (mmofl_gradient_part){t->offset + first * t->width, (last - first) * t->width};
    return true;
}

bool mmofl_gradient_next(const mmofl_gradient *g, mmofl_gradient_part *part)
{
    size_t at = part->from + part->count;
    for (int i = 0; i < g->n_tensors && !g->all; i++) {
        const mmofl_row_tensor *t = &g->tensor[i];
        size_t end = t->offset + t->rows * t->width;
        if (at < t->offset) {
            *part = (mmofl_gradient_part){at, t->offset - at};
            return true;
        }
        if (at < end && next_rows(t, g->touched, at, part))
            return true;
        at = at < end ? end : at;
    }
    *part = (mmofl_gradient_part){at, g->n - at};
    return at < g->n;
}

void mmofl_gradient_begin(mmofl_gradient *g)
{
    for (int i = 0; i < g->n_tensors; i++) {
        const mmofl_row_tensor *t = &g->tensor[i];
        size_t words = mmofl_row_words(t->rows) * sizeof *g->touched;
        uint64_t *bits = g->touched + t->first_word;
        if (g->all)
            memset(bits, 0xff, words);
        mmofl_gradient_part part = {t->offset, 0};
        while (next_rows(t, g->touched, part.from + part.count, &part))
            memset(g->at + part.from, 0, part.count * sizeof *g->at);
        memset(bits, 0, words);
    }
    g->all = false;
}

void mmofl_gradient_scale(mmofl_gradient *g, size_t from, size_t count, float factor)
{
    size_t end = from + count;
    for (mmofl_gradient_part part = {0}; mmofl_gradient_next(g, &part);) {
        size_t first = part.from > from ? part.from : from;
        size_t last = part.from + part.count < end ? part.from + part.count : end;
        size_t n = first < last ? last - first : 0;
        MMOFL_BEST(mmofl_gradient_scale_values)(g->at + first, n, factor);
    }
}

double mmofl_gradient_norm(const mmofl_gradient *g, const mmofl_ops *ops)
{
    double squares = 0;
    for (mmofl_gradient_part part = {0}; mmofl_gradient_next(g, &part);)
        squares += ops->square_sum(g->at + part.from, part.count);
    return sqrt(squares);
}
