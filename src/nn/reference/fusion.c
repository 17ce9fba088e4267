/* fusion.c - rows weighed and summed: what joins modalities.  x is (T, C). */
#include <math.h>

#include "nn/reference/reference_layer.h"

/* W2 tanh(W1 x[t] + b1) + b2 of one head. */
static double score(const mmofl_layer *layer, const double *w, const double *row, int h)
{
    double e = parameter(layer, 3, w, h, 0, 0);
    for (int a = 0; a < whole_option(layer, "hidden"); a++) {
        double sum = parameter(layer, 1, w, a, 0, 0);
        for (int c = 0; c < channels_of(layer->in); c++)
            sum += parameter(layer, 0, w, a, c, 0) * row[c];
        e += parameter(layer, 2, w, h, a, 0) * tanh(sum);
    }
    return e;
}

MMOFL_REFERENCE(attention_pool)
{
    int rows = rows_of(layer->in), channels = channels_of(layer->in);
    bool masked = option(layer, "masked") != 0;
    for (int h = 0; h < whole_option(layer, "heads"); h++) {
        double *to = y + h * channels, sum = 0;
        for (int c = 0; c < channels; c++)
            to[c] = 0;
        for (int t = 0; t < rows; t++) {
            const double *row = x + t * channels;
            if (masked && row_is_zero(row, channels))
                continue;
            double weight = exp(score(layer, w, row, h));
            sum += weight;
            for (int c = 0; c < channels; c++)
                to[c] += weight * row[c];
        }
        for (int c = 0; c < channels && sum > 0; c++)
            to[c] /= sum;
    }
}

MMOFL_REFERENCE(sum_pool)
{
    (void)w;
    int channels = channels_of(layer->in);
    for (int c = 0; c < channels; c++) {
        y[c] = 0;
        for (int t = 0; t < rows_of(layer->in); t++)
            y[c] += x[t * channels + c];
    }
}

MMOFL_REFERENCE(gated_sum)
{
    int rows = rows_of(layer->in), channels = channels_of(layer->in);
    for (int c = 0; c < channels; c++) {
        y[c] = 0;
        for (int m = 0; m < rows; m++) {
            int o = m * channels + c;
            double sum = parameter(layer, 1, w, o, 0, 0);
            for (int i = 0; i < rows * channels; i++)
                sum += parameter(layer, 0, w, o, i, 0) * x[i];
            y[c] += x[o] / (1 + exp(-sum));
        }
    }
}
