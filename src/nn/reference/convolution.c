/* convolution.c - sums over windows.  x is (T, C), y is (T_out, C_out); a layer on
 * vectors has T = 1. */
#include "nn/reference/reference_layer.h"

MMOFL_REFERENCE(conv1d)
{
    int rows = layer->in.dim[0], in = layer->in.dim[1], out = layer->out.dim[1];
    int kernel = whole_option(layer, "kernel"), stride = whole_option(layer, "stride");
    int pad = whole_option(layer, "pad");
    for (int t = 0; t < layer->out.dim[0]; t++)
        for (int o = 0; o < out; o++) {
            double sum = parameter(layer, 1, w, o, 0, 0);
            for (int k = 0; k < kernel; k++) {
                int from = t * stride + k - pad;
                if (from < 0 || from >= rows)
                    continue;
                for (int c = 0; c < in; c++)
                    sum += parameter(layer, 0, w, o, c, k) * x[from * in + c];
            }
            y[t * out + o] = sum;
        }
}
