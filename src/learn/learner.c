/* learner.c - prequential test, then online gradient descent over the buffer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/learner.h"
#include "nn/optimizer.h"

struct mmofl_learner_space {
    mmofl_arena arena;
    mmofl_workspace *training, *predicting;
    float *parameters, *gradient, *velocity;
    /* The buffer in the order of the current pass: (buffer) each. */
    uint32_t *order, *mask;
    int32_t *label;
};

/* Samples order[from], order[from + 1], ... of the buffer. */
typedef struct reordered {
    const mmofl_batch *buffer;
    const uint32_t *order;
} reordered;

static void fetch_reordered(void *context, int i, int modality, float *values)
{
    const reordered *r = context;
    r->buffer->fetch(r->buffer->context, (int)r->order[i], modality, values);
}

static mmofl_status make_space(const mmofl_learner_setup *setup, bool whole_batches,
                               mmofl_learner_space *space)
{
    const mmofl_model *model = setup->model;
    size_t n = model->n_parameters, held = (size_t)setup->buffer;
    space->parameters = MMOFL_ARENA_NEW(&space->arena, n, float);
    space->gradient = MMOFL_ARENA_NEW(&space->arena, n, float);
    if (setup->train->momentum > 0)
        space->velocity = MMOFL_ARENA_NEW(&space->arena, n, float);
    space->order = MMOFL_ARENA_NEW(&space->arena, held, uint32_t);
    space->mask = MMOFL_ARENA_NEW(&space->arena, held, uint32_t);
    space->label = MMOFL_ARENA_NEW(&space->arena, held, int32_t);
    if (!space->parameters || !space->gradient || !space->order || !space->mask ||
        !space->label || (setup->train->momentum > 0 && !space->velocity))
        return MMOFL_E_MEMORY;
    int batch =
        setup->train->batch < setup->buffer ? setup->train->batch : setup->buffer;
    int piece = mmofl_model_piece(model, batch);
    long fail_after = space->arena.fail_after;
    mmofl_status st = mmofl_workspace_new(model, whole_batches ? batch : piece, true,
                                          fail_after, &space->training);
    return st ? st
              : mmofl_workspace_new(model, piece, false, fail_after,
                                    &space->predicting);
}

mmofl_status mmofl_learner_space_new(const mmofl_learner_setup *setup,
                                     bool whole_batches, long fail_after,
                                     mmofl_learner_space **out)
{
    mmofl_learner_space *space = calloc(1, sizeof *space);
    if (!space)
        return MMOFL_E_MEMORY;
    space->arena.fail_after = fail_after;
    mmofl_status st = make_space(setup, whole_batches, space);
    if (st) {
        mmofl_learner_space_delete(space);
        return st;
    }
    *out = space;
    return MMOFL_OK;
}

size_t mmofl_learner_space_bytes(const mmofl_learner_space *space)
{
    return space->arena.bytes + mmofl_workspace_bytes(space->training) +
           mmofl_workspace_bytes(space->predicting);
}

void mmofl_learner_space_delete(mmofl_learner_space *space)
{
    if (!space)
        return;
    mmofl_workspace_delete(space->training);
    mmofl_workspace_delete(space->predicting);
    mmofl_arena_free(&space->arena);
    free(space);
}

/* Step 2: how well does the received model do on what has just arrived? */
static void predict_fresh(const mmofl_learner_setup *setup, mmofl_learner_space *space,
                          const mmofl_buffer_view *buffer, const float *received,
                          mmofl_device_report *report)
{
    int held = buffer->samples.n, fresh = buffer->fresh;
    if (fresh == 0)
        return;
    for (int i = 0; i < fresh; i++)
        space->order[i] = (uint32_t)(held - fresh + i);
    reordered part = {&buffer->samples, space->order};
    mmofl_batch batch = {.n = fresh,
                         .mask = buffer->samples.mask + held - fresh,
                         .label = buffer->samples.label + held - fresh,
                         .fetch = fetch_reordered,
                         .context = &part};
    mmofl_pass_result result = mmofl_model_predict(setup->model, space->predicting,
                                                   received, &batch, NULL, NULL, NULL);
    report->fresh = (uint32_t)fresh;
    report->fresh_correct = (uint32_t)result.correct;
    report->fresh_loss = result.loss_sum / fresh;
}

static void shuffle_buffer(mmofl_learner_space *space, const mmofl_batch *buffer,
                           mmofl_rng *rng)
{
    for (int i = 0; i < buffer->n; i++)
        space->order[i] = (uint32_t)i;
    mmofl_rng_shuffle(rng, space->order, (size_t)buffer->n);
    for (int i = 0; i < buffer->n; i++) {
        space->mask[i] = buffer->mask[space->order[i]];
        space->label[i] = buffer->label[space->order[i]];
    }
}

/* Step 3: E passes of mini-batch gradient descent; returns the loss summed over
 * samples. */
static double train(const mmofl_learner_setup *setup, mmofl_learner_space *space,
                    uint64_t device, uint64_t round, const mmofl_batch *buffer,
                    const mmofl_learner_watch *watch, uint32_t *steps)
{
    const mmofl_model *model = setup->model;
    mmofl_rng order = mmofl_rng_open(setup->seed, device, round, MMOFL_USE_BATCH_ORDER);
    mmofl_rng dropout = mmofl_rng_open(setup->seed, device, round, MMOFL_USE_DROPOUT);
    double lr = mmofl_lr_at(&setup->train->lr, round), loss_sum = 0;
    if (space->velocity)
        memset(space->velocity, 0, model->n_parameters * sizeof(float));
    for (int epoch = 0; epoch < setup->train->epochs; epoch++) {
        shuffle_buffer(space, buffer, &order);
        for (int from = 0, n; from < buffer->n; from += n, ++*steps) {
            n = buffer->n - from < setup->train->batch ? buffer->n - from
                                                       : setup->train->batch;
            reordered part = {buffer, space->order + from};
            mmofl_batch batch = {.n = n,
                                 .mask = space->mask + from,
                                 .label = space->label + from,
                                 .fetch = fetch_reordered,
                                 .context = &part,
                                 .first_sample = (uint64_t)epoch * (uint64_t)buffer->n +
                                                 (uint64_t)from};
            mmofl_pass_result result =
                mmofl_model_gradient(model, space->training, space->parameters, &batch,
                                     &dropout, space->gradient);
            mmofl_optimizer_step(setup->train, model->isa->ops, lr, space->parameters,
                                 space->velocity, space->gradient, model->n_parameters);
            loss_sum += result.loss_sum;
            if (watch && watch->step)
                watch->step(watch->context, (int)*steps, &batch, result.loss_sum / n,
                            space->gradient, space->parameters, space->training);
        }
    }
    return loss_sum;
}

mmofl_status mmofl_learner_round(const mmofl_learner_setup *setup,
                                 mmofl_learner_space *space, uint64_t device,
                                 const mmofl_broadcast *broadcast,
                                 const mmofl_buffer_view *buffer,
                                 const mmofl_learner_watch *watch, mmofl_update *update)
{
    size_t n = setup->model->n_parameters;
    if (broadcast->n_parameters != n)
        return MMOFL_E_SHAPE;
    mmofl_device_report report = {0};
    predict_fresh(setup, space, buffer, broadcast->parameters, &report);
    memcpy(space->parameters, broadcast->parameters, n * sizeof(float));
    double loss_sum = train(setup, space, device, broadcast->round, &buffer->samples,
                            watch, &report.steps);
    double trained = (double)buffer->samples.n * setup->train->epochs;
    report.train_loss = trained > 0 ? loss_sum / trained : 0;
    if (!isfinite(report.train_loss) || !isfinite(report.fresh_loss))
        return MMOFL_E_NONFINITE;
    *update = (mmofl_update){.device = device,
                             .round = broadcast->round,
                             .n_parameters = n,
                             .parameters = space->parameters,
                             .samples = (uint32_t)buffer->samples.n,
                             .report = report};
    return MMOFL_OK;
}
