/* model.h - the multimodal model: one encoder for each modality, fusion, a head.
 *
 *   x^1 --[encoder 1]-- z^1 --+
 *   x^2 --[encoder 2]-- z^2 --+-- (z^1 | z^2 | ...) --[head]-- logits -- softmax
 *   missing: zeros -----------+                              (METHOD.md section 1)
 *
 * Fusion `concat` puts the features one after the other: the head's input is (D).
 * `stack` takes encoders that end in (P_m, d) or (d), all of one d, and stacks their
 * rows: the head's input is (sum P_m, d), the rows of a missing modality being zeros.
 * The memory is the same; attention, sums and gates over modalities are then layers of
 * the head.
 *
 * A model is a plan: layers, shapes, where each parameter lies.  It holds no numbers
 * and is read-only once built, so any number of devices and threads share it.  All
 * parameters are one vector of n_parameters floats: encoders in order, then the head.
 * Shapes: M encoders, K classes, D features (the sum over encoders), B samples. */
#ifndef MMOFL_NN_MODEL_H
#define MMOFL_NN_MODEL_H

#include "base/arena.h"
#include "nn/layer.h"
#include "nn/spec.h"

/** Values between two layers of a chain: a buffer's number and geometry. */
typedef struct mmofl_buffer_plan {
    size_t count;        /* floats of one sample */
    mmofl_margin margin; /* zero floats around it */
} mmofl_buffer_plan;

/** Layers one after the other.  Boundary i lies before layer i; n + 1 boundaries. */
typedef struct mmofl_chain {
    int n;
    mmofl_layer *layer;    /* (n) */
    size_t *parameters;    /* (n) each layer's offset in the model's vector */
    bool wants_dx;         /* what is before the chain has parameters */
    int first_trained;     /* the first layer with parameters; n without one */
    bool keeps_input;      /* the chain's input is still there after the forward pass */
    int *value, *gradient; /* (n + 1) buffer at each boundary; in place: shared */
    int n_values, n_gradients;
    mmofl_buffer_plan *values, *gradients;
} mmofl_chain;

/** Is layer i's input gradient needed?  Not where nothing before it has parameters. */
static inline bool mmofl_chain_wants_dx(const mmofl_chain *chain, int i)
{
    return chain->wants_dx || i > chain->first_trained;
}

/** Work of one sample backward through layer i. */
static inline double mmofl_chain_backward_flops(const mmofl_chain *chain, int i)
{
    const mmofl_layer *layer = &chain->layer[i];
    return layer->dw_flops + (mmofl_chain_wants_dx(chain, i) ? layer->dx_flops : 0);
}

typedef struct mmofl_encoder {
    const char *name; /* of its modality */
    int modality; /* number of the modality in the data set: bit of the sample's mask */
    mmofl_shape in, out;
    size_t features; /* d_m: values of `out` */
    size_t at;       /* first of its features in the fused vector */
    mmofl_chain chain;
    size_t first_parameter, n_parameters; /* its part of the model's vector */
} mmofl_encoder;

/** Does an encoder train nothing, and leave its features where its input was?  Such an
 * input is fetched to where the head wants the features, and never copied. */
static inline bool mmofl_encoder_passes_on(const mmofl_encoder *encoder)
{
    const mmofl_chain *chain = &encoder->chain;
    return encoder->n_parameters == 0 && chain->n_values == 1 &&
           chain->values[0].margin.before == 0 && chain->values[0].margin.after == 0;
}

/** A tensor (rows, width) of which a pass touches few rows: an embedding's. */
typedef struct mmofl_row_tensor {
    size_t offset, rows, width; /* offset: in the model's vector */
    size_t first_word;          /* of its bits, a bit for each row (gradient.h) */
} mmofl_row_tensor;

/** 64-bit words with a bit for each row. */
static inline size_t mmofl_row_words(size_t rows)
{
    return (rows + 63) / 64;
}

typedef struct mmofl_model {
    mmofl_arena arena;
    const mmofl_isa *isa;
    int n_encoders, classes;
    mmofl_encoder *encoder;
    size_t features; /* D */
    mmofl_chain head;
    size_t head_parameters; /* offset of the head's part, which is the last */
    size_t n_parameters;
    int n_row_tensors;
    mmofl_row_tensor row_tensor[MMOFL_MAX_MODALITIES]; /* in the order of offsets */
    size_t row_words;                                  /* for the bits of all of them */
    int n_layers;                                      /* all chains together */
} mmofl_model;

/** Plan a model for samples of these modalities.  The spec must outlive the model.
 * isa: NULL = the best of this machine.
 * @retval E_UNKNOWN  a modality the data set does not have
 * @retval E_TYPE     token ids for a layer that wants real values, or the other way
 *                    round
 * @retval E_MISSING  an encoder or a head without layers
 * @retval E_SHAPE    layers that do not fit; err names the layer and what it wanted
 * @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_model_new(const mmofl_model_spec *spec,
                                           const mmofl_modality *modalities,
                                           int n_modalities, int classes,
                                           const mmofl_isa *isa, mmofl_model **model,
                                           mmofl_error *err);

/** NULL is allowed. */
void mmofl_model_delete(mmofl_model *model);

/** Initial parameters, w: n_parameters floats: uniform in +-1/sqrt(fan_in) for weights
 * and biases (PyTorch's default for linear and convolution layers), norms 1 and 0,
 * embeddings with variance 1.  By seed alone. */
void mmofl_model_init(const mmofl_model *model, uint64_t seed, float *w);

/** One named parameter tensor, as files and traces see it. */
typedef struct mmofl_parameter {
    char name[2 *
              MMOFL_NAME_BYTES]; /* "encoders.accelerometer.0.weight", "head.2.bias" */
    const mmofl_tensor_plan *plan;
    size_t offset, count; /* floats in the model's vector */
} mmofl_parameter;

/** Parameter number i (false past the last). */
bool mmofl_model_parameter(const mmofl_model *model, int i, mmofl_parameter *out);

/** Copy one tensor from the model's vector to PyTorch's layout, and back. */
void mmofl_parameter_export(const mmofl_parameter *parameter, const float *w,
                            float *out);
void mmofl_parameter_import(const mmofl_parameter *parameter, const float *in,
                            float *w);

/** Work of one sample, multiply and add counted apart: forward, and a whole training
 * pass. */
double mmofl_model_forward_flops(const mmofl_model *model);
double mmofl_model_training_flops(const mmofl_model *model);

/* ---------------------------------------------------------------- passes */

struct mmofl_batch;

/** What may happen to the features between encoders and head; NULL functions are not
 * called.  z holds n samples of D features, missing slots zero; batch is the whole
 * batch, of which these are the samples from, from + 1, ... */
typedef struct mmofl_feature_hooks {
    /** Before the head: may write into z. */
    void (*fused)(void *context, const struct mmofl_batch *batch, int from, int n,
                  mmofl_span z);
    /** After the head's backward pass: may add to dz the gradient of further terms.
     * Gradients in slots of missing modalities go nowhere. */
    void (*gradient)(void *context, const struct mmofl_batch *batch, int from, int n,
                     mmofl_span z, mmofl_span dz);
    void *context;
} mmofl_feature_hooks;

/** Samples to compute on.  Values come through fetch, which writes sample i's values of
 * a modality (a data set's number of it), ready to use: standardised, disturbed, ... */
typedef struct mmofl_batch {
    int n;
    const uint32_t *mask; /* (n) bit m: modality m was recorded */
    const int32_t *label; /* (n) in [0, K) */
    void (*fetch)(void *context, int i, int modality, float *values);
    /* NULL, or a hint: sample i's values of the modality will be fetched soon. */
    void (*ahead)(void *context, int i, int modality);
    void *context;
    uint64_t
        first_sample; /* number of the first sample in its round: names dropout masks */
    bool zeros;       /* a missing modality is a sample of zeros for its encoder */
    const mmofl_feature_hooks *hooks; /* NULL: none */
} mmofl_batch;

typedef struct mmofl_workspace mmofl_workspace;

/** How many samples should go through the layers at a time: a batch's activations
 * should stay in the second-level cache.  1 ... batch.  Results do not depend on it. */
int mmofl_model_piece(const mmofl_model *model, int batch);

/** Memory for passes of up to `capacity` samples at a time (larger batches are cut).
 * training: with buffers for gradients.  One thread at a time uses a workspace.
 * fail_after: see arena.h; 0 in production. */
MMOFL_CHECKED mmofl_status mmofl_workspace_new(const mmofl_model *model, int capacity,
                                               bool training, long fail_after,
                                               mmofl_workspace **out);
size_t mmofl_workspace_bytes(const mmofl_workspace *ws);
void mmofl_workspace_delete(mmofl_workspace *ws);

/** CPU seconds that passes have spent in a layer: before the samples of a step (weights
 * turned, room cleared), forward, and backward. */
typedef enum mmofl_phase { MMOFL_PREPARE, MMOFL_FORWARD, MMOFL_BACKWARD } mmofl_phase;
enum { MMOFL_PHASES = 3 };
typedef struct mmofl_layer_time {
    double seconds[MMOFL_PHASES];
} mmofl_layer_time;

/** From now on passes add the time of each layer to times[layer->number] (n_layers of
 * them, borrowed).  Cost: two looks at the clock for a layer and piece. */
void mmofl_workspace_watch(mmofl_workspace *ws, const mmofl_model *model,
                           mmofl_layer_time *times);

typedef struct mmofl_pass_result {
    double whole_loss_sum; /* of it, over samples that have all modalities */
    int whole;             /* how many those are */
    double loss_sum;       /* cross-entropy, summed over the batch in its order, nats */
    int correct; /* samples whose largest logit is their label (the first of equals) */
} mmofl_pass_result;

/** Mean cross-entropy over the batch and its gradient: g (n_parameters) is overwritten.
 * Training keeps one that knows the rows of embeddings that it touched: gradient.h.
 * A sample's missing encoders are skipped: zeros in their slots, no gradient from it.
 * random names the dropout masks (NULL: dropout is off). */
mmofl_pass_result mmofl_model_gradient(const mmofl_model *model, mmofl_workspace *ws,
                                       const float *w, const mmofl_batch *batch,
                                       const mmofl_rng *random, float *g);

/** Forward only.  predicted (n class numbers), loss (n), probability (n,K): each may be
 * NULL. */
mmofl_pass_result mmofl_model_predict(const mmofl_model *model, mmofl_workspace *ws,
                                      const float *w, const mmofl_batch *batch,
                                      int32_t *predicted, float *loss,
                                      float *probability);

/** The head alone, on features that somebody makes up: buffers for up to `capacity`
 * samples.  One thread at a time. */
typedef struct mmofl_head_pass mmofl_head_pass;

MMOFL_CHECKED mmofl_status mmofl_head_pass_new(const mmofl_model *model, int capacity,
                                               long fail_after, mmofl_head_pass **out);
void mmofl_head_pass_delete(mmofl_head_pass *pass);
size_t mmofl_head_pass_bytes(const mmofl_head_pass *pass);

/** Where to write the features, (capacity, D). */
mmofl_span mmofl_head_pass_features(const mmofl_head_pass *pass);

/** Add to g (the model's whole vector) the gradient, with respect to the head's
 * parameters only, of sum_i weight[i] * cross-entropy_i over the n samples; returns
 * that sum.  Dropout is off.  softmax (n,K) receives probabilities if not NULL;
 * g NULL: forward only. */
double mmofl_head_pass_run(mmofl_head_pass *pass, const float *w, int n,
                           const int32_t *label, const float *weight, float *softmax,
                           float *g);

/** For tests and traces: the dropout multipliers that the last piece used in layer i of
 * the chain (encoder number, or -1 for the head); NULL for other kinds.  (n rows,
 * *stride apart) */
const float *mmofl_workspace_dropout(const mmofl_workspace *ws,
                                     const mmofl_model *model, int encoder, int i,
                                     size_t *stride);

#endif
