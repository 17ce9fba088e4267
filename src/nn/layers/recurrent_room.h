/* recurrent_room.h - sizes of a recurrent layer and where its scratch lies.
 *
 *   scratch:    | direction 0: fixed | direction 1: fixed | sample 0 | sample 1 | ...
 *   fixed:      | bias | W_hh transposed | W_ih transposed |
 *   sample:     | length | direction 0 | direction 1 |
 *   direction:  | dstate | kept(0) | ... | kept(T-1) | state 0 | ... | state T |
 *
 * In forward direction step t leads from state t to state t + 1 (state 0 is zero), in
 * reverse direction from state t + 1 to state t (the last one used is zero).  kept(t),
 * states and samples lie an odd number of cache lines apart: at a power of two, column
 * after column of a product would fall into the same few places of the cache. */
#ifndef MMOFL_NN_LAYERS_RECURRENT_ROOM_H
#define MMOFL_NN_LAYERS_RECURRENT_ROOM_H

#include <assert.h>

#include "nn/layers/recurrent.h"

enum { LINE = 16 /* floats of a cache line */ };

static inline size_t whole_lines(size_t floats)
{
    return (floats + LINE - 1) / LINE * LINE;
}

static inline size_t odd_lines(size_t floats)
{
    return ((floats + LINE - 1) / LINE | 1) * LINE;
}

/* All sizes, in floats. */
typedef struct geometry {
    const mmofl_recurrent_cell *cell;
    const mmofl_recurrent_options *options;
    size_t time, channels, units, gates; /* gates: G*H */
    size_t directions;
    size_t kept, state;   /* from one time step to the next */
    size_t fixed, sample; /* scratch of a direction: once, and for a sample */
} geometry;

static inline geometry geometry_of(const mmofl_recurrent_cell *cell,
                                   const mmofl_layer *layer)
{
    const mmofl_recurrent_options *o = layer->options;
    geometry g = {.cell = cell,
                  .options = o,
                  .time = (size_t)layer->in.dim[0],
                  .channels = (size_t)layer->in.dim[1],
                  .units = (size_t)o->out,
                  .gates = (size_t)cell->gates * (size_t)o->out,
                  .directions = o->bidirectional ? 2 : 1};
    g.kept = odd_lines((size_t)cell->kept * g.units);
    g.state = odd_lines((size_t)cell->state * g.units);
    g.fixed = whole_lines(g.gates) + whole_lines(g.gates * g.units) +
              whole_lines(g.gates * g.channels);
    g.sample = g.state + g.time * g.kept + (g.time + 1) * g.state;
    return g;
}

/* One direction of a pass: its parameters and its scratch. */
typedef struct direction {
    bool reverse;
    const float *input_w, *hidden_w, *hidden_b; /* (C, G*H), (H, G*H), (G*H) */
    float *bias;                                /* (G*H) what the sums begin with */
    float *hidden_t, *input_t;    /* (G*H, H), (G*H, C): weights transposed */
    float *dstate, *kept, *state; /* of sample 0 ... */
    size_t stride;                /* ... and to the next sample */
} direction;

enum { INPUT_W, HIDDEN_W, INPUT_B, HIDDEN_B, TENSORS };

static inline size_t offset_of(const mmofl_layer *layer, size_t d, int tensor)
{
    return layer->tensor[d * TENSORS + (size_t)tensor].offset;
}

static inline direction direction_of(const geometry *g, const mmofl_layer *layer,
                                     const mmofl_layer_run *run, const float *w,
                                     size_t d)
{
    float *fixed = run->scratch + d * g->fixed;
    float *sample = run->scratch + layer->fixed_scratch + LINE + d * g->sample;
    direction dir = {.reverse = d == 1,
                     .input_w = w + offset_of(layer, d, INPUT_W),
                     .hidden_w = w + offset_of(layer, d, HIDDEN_W),
                     .hidden_b = w + offset_of(layer, d, HIDDEN_B),
                     .bias = fixed,
                     .dstate = sample,
                     .kept = sample + g->state,
                     .stride = layer->sample_scratch};
    dir.hidden_t = fixed + whole_lines(g->gates);
    dir.input_t = dir.hidden_t + whole_lines(g->gates * g->units);
    dir.state = dir.kept + g->time * g->kept;
    return dir;
}

static inline float *kept_at(const geometry *g, const direction *dir, int s, size_t t)
{
    return dir->kept + (size_t)s * dir->stride + t * g->kept;
}

/* The state before, and the one after, step t. */
static inline float *state_before(const geometry *g, const direction *dir, int s,
                                  size_t t)
{
    return dir->state + (size_t)s * dir->stride + (t + dir->reverse) * g->state;
}

static inline float *state_after(const geometry *g, const direction *dir, int s,
                                 size_t t)
{
    return dir->state + (size_t)s * dir->stride + (t + !dir->reverse) * g->state;
}

/* Time of the k-th step of a loop over `steps`. */
static inline size_t time_of(const direction *dir, size_t steps, size_t k)
{
    return dir->reverse ? steps - 1 - k : k;
}

/* Gates whose products with the state go to the same columns of kept: one run of them,
 * or two when the cell wants some apart. */
typedef struct gate_run {
    size_t first, count; /* floats among the G*H of the weights */
    size_t at;           /* floats into kept */
    bool apart;
} gate_run;

static inline int gate_runs(const geometry *g, gate_run run[2])
{
    size_t apart = (size_t)g->cell->apart * g->units, joint = g->gates - apart;
    run[0] = (gate_run){0, joint, 0, false};
    run[1] = (gate_run){joint, apart, g->gates, true};
    return apart ? 2 : 1;
}

/* Sample s's number of steps, kept in its scratch from forward to backward. */
static inline int *length_of(const mmofl_layer *layer, const mmofl_layer_run *run,
                             int s)
{
    static_assert(sizeof(int) <= LINE * sizeof(float), "room for a length");
    return (int *)(void *)(run->scratch + layer->fixed_scratch +
                           (size_t)s * layer->sample_scratch);
}

#endif
