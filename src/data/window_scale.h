/* window_scale.h - a sample standardised on its own axes.
 *
 * Shapes: x is (R, C): R positions of C channels (steps of a window, pixels of an
 * image).  As FedMultimodal prepares its sensor windows (Feng et al., KDD 2023):
 *
 *   out[r][c] = (x[r][c] - mean_c) / (sd_c + 1e-5)
 *
 * mean_c and sd_c over the R positions, sd_c with R in the denominator (numpy.std). */
#ifndef MMOFL_DATA_WINDOW_SCALE_H
#define MMOFL_DATA_WINDOW_SCALE_H

#include <stddef.h>

#define MMOFL_WINDOW_SCALE_EPSILON 1e-5

/** rows, channels >= 1; x is finite; out may be x.  A channel that stands still becomes
 * 0. The same bits from every compiler and on every machine. Cost: three passes,
 * allocates nothing. */
void mmofl_window_scale(size_t rows, size_t channels, const float *x, float *out);

#endif
