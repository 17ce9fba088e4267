/* recurrent.c - products, time loop, directions and masks around a cell.
 *
 * The input's products do not wait for each other: one matrix product does all time
 * steps of all samples.  The state's products go step by step, with the samples as
 * rows.  Backward through time leaves the derivatives by all sums where forward kept
 * the gates; the weights' gradients are then products over (sample, time), each one
 * running sum in the order of samples, so that no bit depends on the cut into pieces.
 *
 * Masks: sample s has length[s] steps, up to its last row that is not zero.  A step
 * beyond the end passes the state on, whichever the direction (in reverse the state is
 * still zero there), and its derivatives are zero, so the products need not know.  The
 * loop ends at the longest sample of the piece; shorter ones cost as much. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "nn/layers/recurrent_room.h"

const mmofl_option MMOFL_ISA(mmofl_recurrent_table)[MMOFL_RECURRENT_OPTIONS] = {
    MMOFL_INT_OPTION(mmofl_recurrent_options, out, 1, 65536, NULL,
                     "hidden units of a direction"),
    {"return", MMOFL_OPTION_CHOICE, offsetof(mmofl_recurrent_options, returns), 0, 0,
     "last|sequence", "last", "the state after the last step, or after each step"},
    MMOFL_BOOL_OPTION(
        mmofl_recurrent_options, bidirectional, "false",
        "a second direction, from the end to the start, beside the first"),
    MMOFL_BOOL_OPTION(mmofl_recurrent_options, masked, "false",
                      "a sample ends at its last row that is not all zeros"),
};

/* ---------------------------------------------------------------- plan and prepare */

static void add_tensors(mmofl_layer *layer, const geometry *g, size_t d)
{
    static const char *const name[2][TENSORS] = {
        {"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"},
        {"weight_ih_l0_reverse", "weight_hh_l0_reverse", "bias_ih_l0_reverse",
         "bias_hh_l0_reverse"}};
    const size_t columns[TENSORS] = {g->channels, g->units, 0, 0};
    float bound = (float)(1 / sqrt((double)g->units));
    for (int i = 0; i < TENSORS; i++) {
        mmofl_tensor_plan tensor = {.name = name[d][i],
                                    .n_dims = columns[i] ? 2 : 1,
                                    .dim = {g->gates, columns[i]},
                                    .bound = bound};
        if (columns[i])
            tensor.axis[0] = 1, tensor.axis[1] = 0;
        mmofl_layer_add_tensor(layer, tensor);
    }
}

mmofl_status MMOFL_ISA(mmofl_recurrent_plan)(const mmofl_recurrent_cell *cell,
                                             mmofl_layer *layer, mmofl_error *err)
{
    assert(cell->kept >= cell->gates + cell->apart);
    if (layer->in.n != 2) {
        char shape[64];
        mmofl_shape_text(layer->in, shape, sizeof shape);
        return mmofl_fail(err, MMOFL_E_SHAPE,
                          "%s wants an input (time, channels), not %s",
                          layer->kind->kind.name, shape);
    }
    geometry g = geometry_of(cell, layer);
    int width = (int)(g.directions * g.units);
    layer->out = g.options->returns == MMOFL_RECURRENT_SEQUENCE
                     ? (mmofl_shape){2, {layer->in.dim[0], width}}
                     : (mmofl_shape){1, {width}};
    for (size_t d = 0; d < g.directions; d++)
        add_tensors(layer, &g, d);
    layer->fixed_scratch = g.directions * g.fixed;
    layer->sample_scratch = odd_lines(LINE + g.directions * g.sample);
    /* The first state is zero, so the state has one product less than there are steps.
     * Backward through time is needed for the weights, dx or not. */
    double gates = 2.0 * (double)(g.directions * g.gates);
    double input = gates * (double)(g.time * g.channels);
    double state = gates * (double)((g.time - 1) * g.units);
    layer->flops = input + state;
    layer->dw_flops = input + 2 * state;
    layer->dx_flops = input;
    return MMOFL_OK;
}

void MMOFL_ISA(mmofl_recurrent_prepare)(const mmofl_recurrent_cell *cell,
                                        const mmofl_layer *layer,
                                        const mmofl_layer_run *run, const float *w)
{
    geometry g = geometry_of(cell, layer);
    gate_run runs[2];
    gate_runs(&g, runs);
    for (size_t d = 0; d < g.directions; d++) {
        direction dir = direction_of(&g, layer, run, w, d);
        const float *input_b = w + offset_of(layer, d, INPUT_B);
        memcpy(dir.bias, input_b, g.gates * sizeof(float));
        for (size_t j = 0; j < runs[0].count; j++)
            dir.bias[j] += dir.hidden_b[j];
        if (!run->training)
            continue;
        mmofl_transpose_all(run->ops, dir.hidden_t, dir.hidden_w, g.units, g.gates);
        if (run->wants_dx)
            mmofl_transpose_all(run->ops, dir.input_t, dir.input_w, g.channels,
                                g.gates);
    }
}

/* ---------------------------------------------------------------- lengths */

/* Rows of x up to the last one that is not all zeros.  NaN is not zero. */
static int last_row(const geometry *g, const float *x)
{
    size_t i = g->time * g->channels;
    while (i > 0 && x[i - 1] == 0.0f)
        i--;
    return (int)((i + g->channels - 1) / g->channels);
}

static void find_lengths(const geometry *g, const mmofl_layer *layer,
                         const mmofl_layer_run *run, int n, mmofl_span x)
{
    for (int s = 0; s < n; s++)
        *length_of(layer, run, s) = g->options->masked
                                        ? last_row(g, x.at + (size_t)s * x.stride)
                                        : (int)g->time;
}

/* Steps of the longest sample. */
static size_t longest(const mmofl_layer *layer, const mmofl_layer_run *run, int n)
{
    int steps = 0;
    for (int s = 0; s < n; s++) {
        int length = *length_of(layer, run, s);
        steps = length > steps ? length : steps;
    }
    return (size_t)steps;
}

/* ---------------------------------------------------------------- forward */

/* kept = bias + x W_ih, for all steps. */
static void input_product(const geometry *g, const direction *dir, const mmofl_ops *ops,
                          int n, size_t steps, mmofl_span x)
{
    mmofl_gemm product = {.m = (int)steps,
                          .n = (int)g->gates,
                          .depth = (int)g->channels,
                          .a = x.at,
                          .a_row = (ptrdiff_t)g->channels,
                          .a_step = 1,
                          .b = dir->input_w,
                          .b_step = (ptrdiff_t)g->gates,
                          .c = dir->kept,
                          .c_row = (ptrdiff_t)g->kept,
                          .groups = n,
                          .a_group = (ptrdiff_t)x.stride,
                          .c_group = (ptrdiff_t)dir->stride,
                          .bias = dir->bias};
    ops->gemm(&product);
}

/* kept(t) += h W_hh; what is apart begins with its own bias. */
static void state_product(const geometry *g, const direction *dir, const mmofl_ops *ops,
                          int n, size_t t)
{
    gate_run runs[2];
    int n_runs = gate_runs(g, runs);
    for (int i = 0; i < n_runs; i++) {
        mmofl_gemm product = {.m = n,
                              .n = (int)runs[i].count,
                              .depth = (int)g->units,
                              .a = state_before(g, dir, 0, t),
                              .a_row = (ptrdiff_t)dir->stride,
                              .a_step = 1,
                              .b = dir->hidden_w + runs[i].first,
                              .b_step = (ptrdiff_t)g->gates,
                              .c = kept_at(g, dir, 0, t) + runs[i].at,
                              .c_row = (ptrdiff_t)dir->stride,
                              .groups = 1,
                              .bias = dir->hidden_b + runs[i].first,
                              .accumulate = !runs[i].apart};
        ops->gemm(&product);
    }
}

/* The zero state before the first step, and its product: only what is apart has one. */
static void begin(const geometry *g, const direction *dir, int n, size_t steps)
{
    gate_run runs[2];
    gate_runs(g, runs);
    for (int s = 0; s < n; s++) {
        size_t zero = dir->reverse ? steps : 0;
        memset(dir->state + (size_t)s * dir->stride + zero * g->state, 0,
               g->state * sizeof(float));
        if (steps > 0)
            memcpy(kept_at(g, dir, s, time_of(dir, steps, 0)) + runs[1].at,
                   dir->hidden_b + runs[1].first, runs[1].count * sizeof(float));
    }
}

static void through_time(const geometry *g, const direction *dir,
                         const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                         size_t steps)
{
    begin(g, dir, n, steps);
    for (size_t k = 0; k < steps; k++) {
        size_t t = time_of(dir, steps, k);
        if (k > 0)
            state_product(g, dir, run->ops, n, t);
        for (int s = 0; s < n; s++) {
            const float *before = state_before(g, dir, s, t);
            float *after = state_after(g, dir, s, t);
            if (t < (size_t)*length_of(layer, run, s))
                g->cell->forward(g->units, kept_at(g, dir, s, t), before, after);
            else
                memcpy(after, before, g->state * sizeof(float));
        }
    }
}

/* This direction's columns of y. */
static void write_out(const geometry *g, const direction *dir, const mmofl_layer *layer,
                      const mmofl_layer_run *run, int n, size_t steps, mmofl_span y)
{
    size_t width = g->directions * g->units, bytes = g->units * sizeof(float);
    size_t column = dir->reverse ? g->units : 0;
    for (int s = 0; s < n; s++) {
        float *to = y.at + (size_t)s * y.stride + column;
        if (g->options->returns != MMOFL_RECURRENT_SEQUENCE) {
            size_t last = dir->reverse ? 0 : steps;
            memcpy(to, dir->state + (size_t)s * dir->stride + last * g->state, bytes);
            continue;
        }
        size_t length = (size_t)*length_of(layer, run, s);
        for (size_t t = 0; t < g->time; t++) {
            if (t < length)
                memcpy(to + t * width, state_after(g, dir, s, t), bytes);
            else
                memset(to + t * width, 0, bytes);
        }
    }
}

void MMOFL_ISA(mmofl_recurrent_forward)(const mmofl_recurrent_cell *cell,
                                        const mmofl_layer *layer,
                                        const mmofl_layer_run *run, int n,
                                        const float *w, mmofl_span x, mmofl_span y)
{
    geometry g = geometry_of(cell, layer);
    find_lengths(&g, layer, run, n, x);
    size_t steps = longest(layer, run, n);
    for (size_t d = 0; d < g.directions; d++) {
        direction dir = direction_of(&g, layer, run, w, d);
        if (steps > 0)
            input_product(&g, &dir, run->ops, n, steps, x);
        through_time(&g, &dir, layer, run, n, steps);
        write_out(&g, &dir, layer, run, n, steps, y);
    }
}

/* ---------------------------------------------------------------- backward */

/* dstate += (derivative by h W_hh + b_hh at t) W_hh^T */
static void state_gradient(const geometry *g, const direction *dir,
                           const mmofl_ops *ops, int n, size_t t)
{
    gate_run runs[2];
    int n_runs = gate_runs(g, runs);
    for (int i = 0; i < n_runs; i++) {
        mmofl_gemm product = {.m = n,
                              .n = (int)g->units,
                              .depth = (int)runs[i].count,
                              .a = kept_at(g, dir, 0, t) + runs[i].at,
                              .a_row = (ptrdiff_t)dir->stride,
                              .a_step = 1,
                              .b = dir->hidden_t + runs[i].first * g->units,
                              .b_step = (ptrdiff_t)g->units,
                              .c = dir->dstate,
                              .c_row = (ptrdiff_t)dir->stride,
                              .groups = 1,
                              .accumulate = true};
        ops->gemm(&product);
    }
}

/* The derivative by the last state, as far as y shows it: all of it, or (sequence)
 * nothing yet. */
static void begin_backward(const geometry *g, const direction *dir, int n,
                           const float *dy, size_t dy_stride)
{
    for (int s = 0; s < n; s++) {
        float *dstate = dir->dstate + (size_t)s * dir->stride;
        memset(dstate, 0, g->state * sizeof(float));
        if (g->options->returns != MMOFL_RECURRENT_SEQUENCE)
            memcpy(dstate, dy + (size_t)s * dy_stride, g->units * sizeof(float));
    }
}

/* Derivatives by the sums of every gate at every step, in kept. */
static void back_through_time(const geometry *g, const direction *dir,
                              const mmofl_layer *layer, const mmofl_layer_run *run,
                              int n, size_t steps, mmofl_span dy)
{
    size_t width = g->directions * g->units;
    const float *dy_at = dy.at + (dir->reverse ? g->units : 0);
    begin_backward(g, dir, n, dy_at, dy.stride);
    for (size_t k = steps; k-- > 0;) {
        size_t t = time_of(dir, steps, k);
        for (int s = 0; s < n; s++) {
            float *kept = kept_at(g, dir, s, t);
            float *dstate = dir->dstate + (size_t)s * dir->stride;
            if (t >= (size_t)*length_of(layer, run, s)) {
                memset(kept, 0, g->kept * sizeof(float));
                continue;
            }
            if (g->options->returns == MMOFL_RECURRENT_SEQUENCE) {
                const float *dh = dy_at + (size_t)s * dy.stride + t * width;
#pragma omp simd
                for (size_t i = 0; i < g->units; i++)
                    dstate[i] += dh[i];
            }
            g->cell->backward(g->units, kept, state_before(g, dir, s, t), dstate);
        }
        if (k > 0)
            state_gradient(g, dir, run->ops, n, t);
    }
}

/* dw of one direction.  What is multiplied with a zero first state is left out. */
static void weight_gradient(const geometry *g, const direction *dir,
                            const mmofl_layer *layer, const mmofl_ops *ops, int n,
                            size_t steps, mmofl_span x, float *dw)
{
    static const float one = 1.0f;
    size_t d = dir->reverse;
    mmofl_gemm by_input = {.m = (int)g->channels,
                           .n = (int)g->gates,
                           .depth = (int)steps,
                           .a = x.at,
                           .a_row = 1,
                           .a_step = (ptrdiff_t)g->channels,
                           .b = dir->kept,
                           .b_step = (ptrdiff_t)g->kept,
                           .c = dw + offset_of(layer, d, INPUT_W),
                           .c_row = (ptrdiff_t)g->gates,
                           .groups = n,
                           .a_group = (ptrdiff_t)x.stride,
                           .b_group = (ptrdiff_t)dir->stride,
                           .accumulate = true};
    ops->gemm(&by_input);
    mmofl_gemm by_one = by_input;
    by_one.m = 1, by_one.a = &one;
    by_one.a_row = by_one.a_step = by_one.a_group = 0;
    by_one.c = dw + offset_of(layer, d, INPUT_B);
    ops->gemm(&by_one);
    gate_run runs[2];
    int n_runs = gate_runs(g, runs);
    for (int i = 0; i < n_runs; i++) {
        by_one.n = (int)runs[i].count;
        by_one.b = dir->kept + runs[i].at;
        by_one.c = dw + offset_of(layer, d, HIDDEN_B) + runs[i].first;
        ops->gemm(&by_one);
        if (steps < 2)
            continue;
        mmofl_gemm by_state = by_input;
        by_state.m = (int)g->units;
        by_state.n = (int)runs[i].count;
        by_state.depth = (int)(steps - 1);
        by_state.a = dir->state + g->state; /* neither state 0 nor the last one */
        by_state.a_step = (ptrdiff_t)g->state;
        by_state.a_group = (ptrdiff_t)dir->stride;
        by_state.b = kept_at(g, dir, 0, !dir->reverse) + runs[i].at;
        by_state.c = dw + offset_of(layer, d, HIDDEN_W) + runs[i].first;
        ops->gemm(&by_state);
    }
}

/* dx = sum over the directions of (derivative by x W_ih + b_ih) W_ih^T */
static void input_gradient(const geometry *g, const direction *dir,
                           const mmofl_ops *ops, int n, size_t steps, mmofl_span dx)
{
    mmofl_gemm product = {.m = (int)steps,
                          .n = (int)g->channels,
                          .depth = (int)g->gates,
                          .a = dir->kept,
                          .a_row = (ptrdiff_t)g->kept,
                          .a_step = 1,
                          .b = dir->input_t,
                          .b_step = (ptrdiff_t)g->channels,
                          .c = dx.at,
                          .c_row = (ptrdiff_t)g->channels,
                          .groups = n,
                          .a_group = (ptrdiff_t)dir->stride,
                          .c_group = (ptrdiff_t)dx.stride,
                          .accumulate = dir->reverse};
    ops->gemm(&product);
}

void MMOFL_ISA(mmofl_recurrent_backward)(const mmofl_recurrent_cell *cell,
                                         const mmofl_layer *layer,
                                         const mmofl_layer_run *run, int n,
                                         const float *w, mmofl_span x, mmofl_span dy,
                                         mmofl_span dx, float *dw)
{
    geometry g = geometry_of(cell, layer);
    size_t steps = longest(layer, run, n);
    for (int s = 0; dx.at && s < n; s++) /* rows beyond every sample's end */
        memset(dx.at + (size_t)s * dx.stride + steps * g.channels, 0,
               (g.time - steps) * g.channels * sizeof(float));
    for (size_t d = 0; steps > 0 && d < g.directions; d++) {
        direction dir = direction_of(&g, layer, run, w, d);
        back_through_time(&g, &dir, layer, run, n, steps, dy);
        weight_gradient(&g, &dir, layer, run->ops, n, steps, x, dw);
        if (dx.at)
            input_gradient(&g, &dir, run->ops, n, steps, dx);
    }
}
