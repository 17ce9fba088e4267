/* recurrent.h - a state that goes through the time steps: what gru and lstm share.
 *
 * A *cell* is one time step of one sample: from the products of input and state with
 * the weights to the next state, and the derivative.  recurrent.c does everything
 * around it: the products, the loop over time, both directions, masks.
 *
 * Shapes: T time, C channels, H units, G gates, D directions (1 or 2).  In (T, C); out
 * (D*H) or, with return: sequence, (T, D*H).  Parameters of a direction are PyTorch's,
 * with PyTorch's order of gates in the first axis:
 *   weight_ih_l0 (G*H, C), weight_hh_l0 (G*H, H), bias_ih_l0 (G*H), bias_hh_l0 (G*H).
 * There is no number of layers: a chain may hold several, all but the last with
 * return: sequence. */
#ifndef MMOFL_NN_LAYERS_RECURRENT_H
#define MMOFL_NN_LAYERS_RECURRENT_H

#include "nn/layers/layers.h"

/** One time step.  Blocks have H floats each.
 *
 *   kept:   | gate 0 | ... | gate G-1 | apart ... | more of the cell's own |
 *
 * In the first G blocks forward finds W_ih x + b_ih + W_hh h + b_hh of each gate; of
 * the last `apart` gates only W_ih x + b_ih, and W_hh h + b_hh in the blocks that
 * follow. It leaves there what backward needs.  Backward puts the loss's derivative by
 * each of these sums in its place. */
typedef struct mmofl_recurrent_cell {
    int gates; /* G */
    int apart; /* last gates that want the two products apart */
    int kept;  /* blocks kept of each time step, >= gates + apart */
    int state; /* blocks of a state; the first one is h, the output */
    void (*forward)(size_t units, float *kept, const float *before, float *after);
    /** dstate: in, the derivative by the state after the step; out, that part of the
     * derivative by the state before it which does not go through W_hh. */
    void (*backward)(size_t units, float *kept, const float *before, float *dstate);
} mmofl_recurrent_cell;

typedef struct mmofl_recurrent_options {
    int out, returns;
    bool bidirectional, masked;
} mmofl_recurrent_options;

enum { MMOFL_RECURRENT_OPTIONS = 4, MMOFL_RECURRENT_SEQUENCE = 1 };
extern const mmofl_option MMOFL_ISA(mmofl_recurrent_table)[MMOFL_RECURRENT_OPTIONS];

/** The functions of a mmofl_layer_kind, for one cell.
 * Work is that of the products; backward overwrites what forward kept. */
mmofl_status MMOFL_ISA(mmofl_recurrent_plan)(const mmofl_recurrent_cell *cell,
                                             mmofl_layer *layer, mmofl_error *err);
void MMOFL_ISA(mmofl_recurrent_prepare)(const mmofl_recurrent_cell *cell,
                                        const mmofl_layer *layer,
                                        const mmofl_layer_run *run, const float *w);
void MMOFL_ISA(mmofl_recurrent_forward)(const mmofl_recurrent_cell *cell,
                                        const mmofl_layer *layer,
                                        const mmofl_layer_run *run, int n,
                                        const float *w, mmofl_span x, mmofl_span y);
void MMOFL_ISA(mmofl_recurrent_backward)(const mmofl_recurrent_cell *cell,
                                         const mmofl_layer *layer,
                                         const mmofl_layer_run *run, int n,
                                         const float *w, mmofl_span x, mmofl_span dy,
                                         mmofl_span dx, float *dw);

/** The layer kind of a file that defines `cell`. */
#define MMOFL_RECURRENT_KIND(name_, help_, source_)                                    \
    static mmofl_status plan(mmofl_layer *layer, mmofl_error *err)                     \
    {                                                                                  \
        return MMOFL_ISA(mmofl_recurrent_plan)(&cell, layer, err);                     \
    }                                                                                  \
    static void prepare(const mmofl_layer *layer, const mmofl_layer_run *run,          \
                        const float *w)                                                \
    {                                                                                  \
        MMOFL_ISA(mmofl_recurrent_prepare)(&cell, layer, run, w);                      \
    }                                                                                  \
    static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,   \
                        const float *w, mmofl_span x, mmofl_span y)                    \
    {                                                                                  \
        MMOFL_ISA(mmofl_recurrent_forward)(&cell, layer, run, n, w, x, y);             \
    }                                                                                  \
    static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,  \
                         const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,    \
                         mmofl_span dx, float *dw)                                     \
    {                                                                                  \
        (void)y;                                                                       \
        MMOFL_ISA(mmofl_recurrent_backward)(&cell, layer, run, n, w, x, dy, dx, dw);   \
    }                                                                                  \
    const mmofl_layer_kind MMOFL_LAYER_NAME(name_) = {                                 \
        .kind = {.name = #name_,                                                       \
                 .help = (help_),                                                      \
                 .source = (source_),                                                  \
                 .options = MMOFL_ISA(mmofl_recurrent_table),                          \
                 .n_options = MMOFL_RECURRENT_OPTIONS,                                 \
                 .options_size = sizeof(mmofl_recurrent_options)},                     \
        .uses_x = true,                                                                \
        .plan = plan,                                                                  \
        .prepare = prepare,                                                            \
        .forward = forward,                                                            \
        .backward = backward,                                                          \
    }

#endif
