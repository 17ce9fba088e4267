/* pooling.c - windows and rows made one.  x is (T, C), y is (T_out, C_out); a layer on
 * vectors has T = 1. */
#include <math.h>

#include "nn/reference/reference_layer.h"

/* For each window of each channel: its largest value, or its mean with zeros around. */
static void pool(const mmofl_layer *layer, bool largest, const double *x, double *y)
{
    int rows = layer->in.dim[0], channels = layer->in.dim[1];
    int kernel = whole_option(layer, "kernel"), stride = whole_option(layer, "stride");
    int pad = whole_option(layer, "pad");
    stride = stride ? stride : kernel;
    for (int t = 0; t < layer->out.dim[0]; t++)
        for (int c = 0; c < channels; c++) {
            double best = -HUGE_VAL, sum = 0;
            for (int k = 0; k < kernel; k++) {
                int from = t * stride + k - pad;
                if (from < 0 || from >= rows)
                    continue;
                best = fmax(best, x[from * channels + c]);
                sum += x[from * channels + c];
            }
            y[t * channels + c] = largest ? best : sum / kernel;
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
