/* recurrent.c - one state after the other.  x is (T, C), y is (H), (T, H) or, with both
 * directions beside each other, (2H), (T, 2H). */
#include <math.h>
#include <stdlib.h>

#include "nn/reference/reference_layer.h"

enum { MOST_GATES = 4 };

/* W_i row x + b_i for row `row` of the weights in tensor `weight`; its bias is two
 * tensors further. */
static double affine(const mmofl_layer *layer, const double *w, int weight, int row,
                     const double *x, int columns)
{
    double sum = parameter(layer, weight + 2, w, row, 0, 0);
    for (int c = 0; c < columns; c++)
        sum += parameter(layer, weight, w, row, c, 0) * x[c];
    return sum;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* A unit's next h, from input sums p and state sums q of its gates, its old h and its
 * c. */
typedef double cell(const double *p, const double *q, double h, double *c);

static double gru_cell(const double *p, const double *q, double h, double *c)
{
    (void)c;
    double r = sigmoid(p[0] + q[0]), z = sigmoid(p[1] + q[1]);
    return (1 - z) * tanh(p[2] + r * q[2]) + z * h;
}

static double lstm_cell(const double *p, const double *q, double h, double *c)
{
    (void)h;
    double i = sigmoid(p[0] + q[0]), f = sigmoid(p[1] + q[1]);
    double g = tanh(p[2] + q[2]), o = sigmoid(p[3] + q[3]);
    *c = f * *c + i * g;
    return o * tanh(*c);
}

/* Time steps up to the last one that is not all zeros. */
static int length_of(const mmofl_layer *layer, const double *x)
{
    int rows = layer->in.dim[0], channels = layer->in.dim[1];
    if (!whole_option(layer, "masked"))
        return rows;
    for (int t = rows; t > 0; t--)
        for (int c = 0; c < channels; c++)
            if (x[(t - 1) * channels + c] != 0)
                return t;
    return 0;
}

/* One direction: its parameters are `first` and the three tensors that follow, its
 * columns of y begin at `column`. */
static void run(const mmofl_layer *layer, int gates, cell *next, const double *w,
                const double *x, double *y, bool reverse)
{
    int channels = layer->in.dim[1], units = whole_option(layer, "out");
    int width = channels_of(layer->out), first = reverse ? 4 : 0;
    int length = length_of(layer, x);
    double *h = calloc(3 * (size_t)units, sizeof *h);
    assert(h);
    double *new_h = h + units, *c = new_h + units;
    y += reverse ? units : 0;
    for (int k = 0; k < length; k++) {
        int t = reverse ? length - 1 - k : k;
        for (int u = 0; u < units; u++) {
            double p[MOST_GATES], q[MOST_GATES];
            for (int g = 0; g < gates; g++) {
                int row = g * units + u;
                p[g] = affine(layer, w, first, row, x + t * channels, channels);
                q[g] = affine(layer, w, first + 1, row, h, units);
            }
            new_h[u] = next(p, q, h[u], &c[u]);
        }
        memcpy(h, new_h, (size_t)units * sizeof *h);
        if (layer->out.n == 2)
            memcpy(y + t * width, h, (size_t)units * sizeof *h);
    }
    if (layer->out.n == 1)
        memcpy(y, h, (size_t)units * sizeof *h);
    free(h);
}

static void run_all(const mmofl_layer *layer, int gates, cell *next, const double *w,
                    const double *x, double *y)
{
    memset(y, 0, mmofl_shape_count(layer->out) * sizeof *y);
    run(layer, gates, next, w, x, y, false);
    if (whole_option(layer, "bidirectional"))
        run(layer, gates, next, w, x, y, true);
}

MMOFL_REFERENCE(gru)
{
    run_all(layer, 3, gru_cell, w, x, y);
}

MMOFL_REFERENCE(lstm)
{
    run_all(layer, 4, lstm_cell, w, x, y);
}
