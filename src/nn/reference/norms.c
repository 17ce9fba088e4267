/* norms.c - sets of values standardised together.  x is (T, C), y is (T_out, C_out); a
 * layer on vectors has T = 1. */
#include <math.h>

#include "nn/reference/reference_layer.h"

/* Standardise rows [t0, t1) x channels [c0, c1) together, then scale and shift. */
static void normalize_set(const mmofl_layer *layer, const double *w, const double *x,
                          double *y, int t0, int t1, int c0, int c1)
{
    int channels = channels_of(layer->in);
    double count = (double)(t1 - t0) * (c1 - c0), mean = 0, variance = 0;
    for (int t = t0; t < t1; t++)
        for (int c = c0; c < c1; c++)
            mean += x[t * channels + c] / count;
    for (int t = t0; t < t1; t++)
        for (int c = c0; c < c1; c++)
            variance += pow(x[t * channels + c] - mean, 2) / count;
    double sd = sqrt(variance + option(layer, "eps"));
    for (int t = t0; t < t1; t++)
        for (int c = c0; c < c1; c++)
            y[t * channels + c] =
                (x[t * channels + c] - mean) / sd * parameter(layer, 0, w, c, 0, 0) +
                parameter(layer, 1, w, c, 0, 0);
}

MMOFL_REFERENCE(group_norm)
{
    int size = channels_of(layer->in) / whole_option(layer, "groups");
    for (int c = 0; c < channels_of(layer->in); c += size)
        normalize_set(layer, w, x, y, 0, rows_of(layer->in), c, c + size);
}

MMOFL_REFERENCE(layer_norm)
{
    for (int t = 0; t < rows_of(layer->in); t++)
        normalize_set(layer, w, x, y, t, t + 1, 0, channels_of(layer->in));
}
