/* convolution.c - sums over windows of time, x (T, C), or of images, x (H, W, C). */
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

/* Output channel o of the window whose first pixel is (row, column). */
static double window_sum(const mmofl_layer *layer, const double *w, const double *x,
                         int row, int column, int o)
{
    int rows = layer->in.dim[0], columns = layer->in.dim[1], in = layer->in.dim[2];
    int kernel = whole_option(layer, "kernel");
    double sum = parameter(layer, 1, w, o, 0, 0);
    for (int i = 0; i < kernel; i++)
        for (int j = 0; j < kernel; j++) {
            if (row + i < 0 || row + i >= rows || column + j < 0 ||
                column + j >= columns)
                continue;
            const double *pixel = x + ((row + i) * columns + column + j) * in;
            /* Channels are evenly spaced, in whatever order the axes are kept. */
            size_t first = parameter_place(layer, 0, (const int[]){o, 0, i, j});
            size_t second = parameter_place(layer, 0, (const int[]){o, 1, i, j});
            for (int c = 0; c < in; c++)
                sum += w[first + (size_t)c * (second - first)] * pixel[c];
        }
    return sum;
}

MMOFL_REFERENCE(conv2d)
{
    int stride = whole_option(layer, "stride"), pad = whole_option(layer, "pad");
    for (int r = 0; r < layer->out.dim[0]; r++)
        for (int q = 0; q < layer->out.dim[1]; q++)
            for (int o = 0; o < layer->out.dim[2]; o++)
                *y++ = window_sum(layer, w, x, r * stride - pad, q * stride - pad, o);
}
