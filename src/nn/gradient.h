/* gradient.h - the gradient of a model, and where it may differ from zero.
 *
 * It is a vector with a float for each parameter, like any other.  But a mini-batch
 * touches few rows of an embedding, and clearing, measuring and stepping all of, say,
 * 30,000 rows would cost more than the pass itself.  So this one knows the *parts* of
 * floats that may differ from zero: everything beside embeddings, and of those the rows
 * that were added to (a bit each):
 *
 *   | layers ...... | row 0 | row 1 | row 2 | row 3 | row 4 | layers ...... |
 *     `- part ---'                    `- part ---'            `- part ---'
 *
 * Parts come in the order of the parameters, whatever the order in which rows were
 * touched, so that sums over them are the same at any cut of the batch.
 * Memory: the caller's arena.  Threads: one owner. */
#ifndef MMOFL_NN_GRADIENT_H
#define MMOFL_NN_GRADIENT_H

#include "nn/model.h"

typedef struct mmofl_gradient {
    float *at; /* (n) the whole vector: zeros outside of the parts.  Who adds to it
                * beside layers must stay inside of them, or ask mmofl_gradient_all */
    size_t n;
    const mmofl_row_tensor *tensor; /* the model's, in the order of parameters */
    int n_tensors;
    uint64_t *touched; /* a bit for each row of each of these tensors */
    bool all;          /* one part, everything */
} mmofl_gradient;

/** All zeros, no row touched.  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_gradient_init(mmofl_gradient *g,
                                               const mmofl_model *model,
                                               mmofl_arena *arena);

/** The gradient of the batch (mmofl_model_gradient) takes the place of what g held. */
mmofl_pass_result mmofl_gradient_pass(mmofl_gradient *g, const mmofl_model *model,
                                      mmofl_workspace *ws, const float *w,
                                      const mmofl_batch *batch,
                                      const mmofl_rng *random);

/** The vector for somebody who writes anywhere: until the next pass all of it is one
 * part. */
float *mmofl_gradient_all(mmofl_gradient *g);

/** Floats from ... from + count - 1. */
typedef struct mmofl_gradient_part {
    size_t from, count;
} mmofl_gradient_part;

/** Go on to the part behind *part, which starts as {0}; false past the last. */
bool mmofl_gradient_next(const mmofl_gradient *g, mmofl_gradient_part *part);

/** For passes: no row is touched, and those that were are zeros again.  The rest keeps
 * what it held and is for the pass to write.  Cost: the rows. */
void mmofl_gradient_begin(mmofl_gradient *g);

/** Multiply floats from ... from + count - 1. */
void mmofl_gradient_scale(mmofl_gradient *g, size_t from, size_t count, float factor);

/** Its 2-norm. */
double mmofl_gradient_norm(const mmofl_gradient *g, const mmofl_ops *ops);

/** For passes: bits of the rows of the tensor that starts at `offset`; NULL: it is none
 * of those with rows. */
uint64_t *mmofl_gradient_rows(const mmofl_gradient *g, size_t offset);

#endif
