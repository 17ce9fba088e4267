/* kept_updates.c - rows in, sorted columns out.
 *
 * Columns are sorted as integers: the bits of floats, with those of negative numbers
 * turned round, are in the order of the numbers, and -0 and 0 have their places too, so
 * that equal sets of values sort to equal columns. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fed/kept_updates.h"

mmofl_status mmofl_kept_updates_init(mmofl_kept_updates *kept,
                                     const mmofl_aggregation_setup *setup)
{
    size_t p = setup->participants;
    if (setup->n && p > SIZE_MAX / setup->n)
        return MMOFL_E_MEMORY;
    mmofl_kept_updates made = {.n = setup->n,
                               .ranks = mmofl_ranks_or_alone(setup->ranks)};
    size_t ranks = (size_t)made.ranks->size;
    mmofl_status st = mmofl_pieces_init(&made.pieces, setup);
    if (st)
        return st;
    made.model = MMOFL_ARENA_NEW(setup->arena, p * setup->n, float);
    made.device = MMOFL_ARENA_NEW(setup->arena, p, uint64_t);
    made.has = MMOFL_ARENA_NEW(setup->arena, p * (size_t)made.pieces.n, bool);
    made.column = MMOFL_ARENA_NEW(setup->arena, p, int32_t);
    made.of_rank = MMOFL_ARENA_NEW(setup->arena, ranks, int64_t);
    made.start = MMOFL_ARENA_NEW(setup->arena, ranks + 1, size_t);
    if (!made.model || !made.device || !made.has || !made.column || !made.of_rank ||
        !made.start)
        return MMOFL_E_MEMORY;
    *kept = made;
    return MMOFL_OK;
}

mmofl_status mmofl_kept_updates_add(mmofl_kept_updates *kept,
                                    const mmofl_update *update)
{
    for (size_t i = 0; i < kept->n; i++)
        if (!isfinite(update->parameters[i]))
            return MMOFL_E_NONFINITE;
    uint32_t row = kept->updates++;
    memcpy(kept->model + row * kept->n, update->parameters, kept->n * sizeof(float));
    kept->device[row] = update->device;
    for (int i = 0; i < kept->pieces.n; i++)
        kept->has[row * (size_t)kept->pieces.n + (size_t)i] =
            mmofl_piece_weight(&kept->pieces.piece[i], update, 1) > 0;
    return MMOFL_OK;
}

/* Rows of `unit` bytes, this rank's first: theirs all, in the order of the ranks. */
static void gather_rows(const mmofl_kept_updates *kept, void *rows, size_t unit)
{
    size_t first = kept->start[kept->ranks->rank];
    char *mine = (char *)rows + first * unit;
    memmove(mine, rows, kept->updates * unit);
    mmofl_ranks_gather(kept->ranks, unit, kept->start, mine, rows);
}

mmofl_status mmofl_kept_updates_merge(void *state, const mmofl_ranks *ranks)
{
    mmofl_kept_updates *kept = state;
    int size = ranks->size;
    assert(ranks == kept->ranks);
    memset(kept->of_rank, 0, (size_t)size * sizeof *kept->of_rank);
    kept->of_rank[ranks->rank] = kept->updates;
    mmofl_ranks_sum(ranks, kept->of_rank, (size_t)size);
    kept->start[0] = 0;
    for (int r = 0; r < size; r++)
        kept->start[r + 1] = kept->start[r] + (size_t)kept->of_rank[r];
    gather_rows(kept, kept->model, kept->n * sizeof *kept->model);
    gather_rows(kept, kept->device, sizeof *kept->device);
    gather_rows(kept, kept->has, (size_t)kept->pieces.n * sizeof *kept->has);
    kept->updates = (uint32_t)kept->start[size];
    return MMOFL_OK;
}

/* Its own inverse. */
static int32_t turn(int32_t bits)
{
    return bits ^ (bits < 0 ? INT32_MAX : 0);
}

static int32_t key_of(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return turn(bits);
}

static double value_of(int32_t key)
{
    int32_t bits = turn(key);
    float x;
    memcpy(&x, &bits, sizeof x);
    return (double)x;
}

static int by_key(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* The values that piece p's parameter i has, in order; how many. */
static uint32_t sort_column(mmofl_kept_updates *kept, int p, size_t i)
{
    uint32_t n = 0;
    for (uint32_t row = 0; row < kept->updates; row++)
        if (kept->has[row * (size_t)kept->pieces.n + (size_t)p])
            kept->column[n++] = key_of(mmofl_kept_model(kept, row)[i]);
    qsort(kept->column, n, sizeof *kept->column, by_key);
    return n;
}

void mmofl_kept_updates_middle(mmofl_kept_updates *kept, float *x,
                               uint32_t (*trim)(const void *of_rule, uint32_t values),
                               const void *of_rule)
{
    mmofl_ranks_split(kept->ranks, kept->n, kept->start);
    size_t from = kept->start[kept->ranks->rank],
           to = kept->start[kept->ranks->rank + 1];
    for (int p = 0; p < kept->pieces.n; p++) {
        const mmofl_piece *piece = &kept->pieces.piece[p];
        size_t first = piece->first > from ? piece->first : from;
        size_t end = piece->first + piece->n < to ? piece->first + piece->n : to;
        for (size_t i = first; i < end; i++) {
            uint32_t n = sort_column(kept, p, i);
            if (n == 0)
                continue;
            uint32_t cut = trim(of_rule, n);
            double sum = 0;
            for (uint32_t k = cut; k < n - cut; k++)
                sum += value_of(kept->column[k]);
            x[i] = (float)(sum / (n - 2 * cut));
        }
    }
    mmofl_ranks_gather(kept->ranks, sizeof *x, kept->start, x + from, x);
}
