/* dense.c - products with a matrix.  x is (T, C), y is (T_out, C_out); a layer on
 * vectors has T = 1. */
#include "nn/reference/reference_layer.h"

MMOFL_REFERENCE(linear)
{
    int in = channels_of(layer->in), out = channels_of(layer->out);
    for (int t = 0; t < rows_of(layer->in); t++)
        for (int o = 0; o < out; o++) {
            double sum = parameter(layer, 1, w, o, 0, 0);
            for (int c = 0; c < in; c++)
                sum += parameter(layer, 0, w, o, c, 0) * x[t * in + c];
            y[t * out + o] = sum;
        }
}
