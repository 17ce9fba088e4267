/* pooling.c - windows and rows made one.  x is (T, C), y is (T_out, C_out); a layer on
 * vectors has T = 1. */
#include <math.h>

#include "nn/reference/reference_layer.h"

/* For each window of each channel: its largest value, or its mean with zeros around.
 * A series is an image one column wide, whose windows have one column. */
static void pool(const mmofl_layer *layer, bool largest, const double *x, double *y)
{
    bool image = layer->in.n == 3;
    int rows = layer->in.dim[0], columns = image ? layer->in.dim[1] : 1;
    int channels = channels_of(layer->in), out_columns = image ? layer->out.dim[1] : 1;
    int kernel = whole_option(layer, "kernel"), stride = whole_option(layer, "stride");
    int pad = whole_option(layer, "pad"), across = image ? kernel : 1;
    stride = stride ? stride : kernel;
    for (int r = 0; r < layer->out.dim[0]; r++)
        for (int q = 0; q < out_columns; q++)
            for (int c = 0; c < channels; c++) {
                double best = -HUGE_VAL, sum = 0;
                for (int k = 0; k < kernel * across; k++) {
                    int row = r * stride + k / across - pad;
                    int column = image ? q * stride + k % across - pad : 0;
                    if (row < 0 || row >= rows || column < 0 || column >= columns)
                        continue;
                    double value = x[(row * columns + column) * channels + c];
                    best = fmax(best, value);
                    sum += value;
                }
                *y++ = largest ? best : sum / (kernel * across);
            }
}

MMOFL_REFERENCE(max_pool)
{
    (void)w;
    pool(layer, true, x, y);
}

MMOFL_REFERENCE(avg_pool)
{
    (void)w;
    pool(layer, false, x, y);
}

MMOFL_REFERENCE(global_avg_pool)
{
    (void)w;
    int rows = rows_of(layer->in), channels = channels_of(layer->in), count = 0;
    bool masked = option(layer, "masked") != 0;
    for (int t = 0; t < rows; t++)
        count += !masked || !row_is_zero(x + t * channels, channels);
    for (int c = 0; c < channels; c++) {
        double sum = 0;
        for (int t = 0; t < rows; t++)
            sum += x[t * channels + c];
        y[c] = count ? sum / count : 0;
    }
}
