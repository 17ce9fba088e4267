/* growth.c - least squares in logarithms, and its bootstrap. */
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/elementary.h"
#include "base/rng.h"
#include "run/growth.h"

enum { FEWEST = 8, DRAWS = 1000, BELOW = 25 /* of DRAWS, each side: 2.5 % */ };

typedef struct line {
    double slope, at_zero;
} line;

static line fit(const double *x, const double *y, int n)
{
    double mx = 0, my = 0, sxx = 0, sxy = 0;
    for (int i = 0; i < n; i++) {
        mx += x[i] / n;
        my += y[i] / n;
    }
    for (int i = 0; i < n; i++) {
        sxx += (x[i] - mx) * (x[i] - mx);
        sxy += (x[i] - mx) * (y[i] - my);
    }
    double slope = sxy / sxx;
    return (line){slope, my - slope * mx};
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Blocks of residuals, drawn anew and laid end to end on the fitted line. */
static double draw_slope(const double *x, const double *residual, int n, line fitted,
                         mmofl_rng *rng, double *y)
{
    int block = (int)ceil(sqrt(n));
    for (int i = 0; i < n; i += block) {
        int from = (int)mmofl_rng_below(rng, (uint64_t)n - (uint64_t)block + 1);
        for (int j = 0; j < block && i + j < n; j++)
            y[i + j] = fitted.at_zero + fitted.slope * x[i + j] + residual[from + j];
    }
    return fit(x, y, n).slope;
}

mmofl_status mmofl_growth_fit(const double *curve, int T, uint64_t seed,
                              mmofl_growth *growth)
{
    mmofl_arena arena = MMOFL_ARENA_INIT;
    size_t room = (size_t)(T > 0 ? T : 0);
    double *x = MMOFL_ARENA_NEW(&arena, room, double),
           *y = MMOFL_ARENA_NEW(&arena, room, double),
           *residual = MMOFL_ARENA_NEW(&arena, room, double),
           *slope = MMOFL_ARENA_NEW(&arena, DRAWS, double);
    if (!x || !y || !residual || !slope) {
        mmofl_arena_free(&arena);
        return MMOFL_E_MEMORY;
    }
    int n = 0;
    for (int t = T / 2 + 1; t <= T; t++)
        if (isfinite(curve[t - 1]) && curve[t - 1] > 0) {
            x[n] = mmofl_ln(t);
            y[n++] = mmofl_ln(curve[t - 1]);
        }
    mmofl_growth g = {.fitted = n >= FEWEST, .rounds = n};
    if (g.fitted) {
        line fitted = fit(x, y, n);
        for (int i = 0; i < n; i++)
            residual[i] = y[i] - fitted.at_zero - fitted.slope * x[i];
        mmofl_rng rng = mmofl_rng_open(seed, MMOFL_NO_DEVICE, 0, MMOFL_USE_BOOTSTRAP);
        for (int d = 0; d < DRAWS; d++)
            slope[d] = draw_slope(x, residual, n, fitted, &rng, y);
        qsort(slope, DRAWS, sizeof *slope, by_value);
        g.exponent = fitted.slope;
        g.low = slope[BELOW];
        g.high = slope[DRAWS - 1 - BELOW];
    }
    mmofl_arena_free(&arena);
    *growth = g;
    return MMOFL_OK;
}
