/* rebase.c - plain loops: an update is only moved where somebody asked for it. */
#include <math.h>

#include "fed/rebase.h"

double mmofl_staleness_weight(uint64_t s, double a)
{
    return s == 0 ? 1 : pow(1 + (double)s, -a);
}

double mmofl_difference_norm(const float *x, const float *from, size_t n)
{
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
        double d = (double)x[i] - (double)from[i];
        squares += d * d;
    }
    return sqrt(squares);
}

void mmofl_rebase(float *out, const float *x, const float *from, const float *to,
                  double scale, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double moved = (double)to[i] + scale * ((double)x[i] - (double)from[i]);
        out[i] = (float)moved;
    }
}
