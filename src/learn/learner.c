/* learner.c - prequential test, then online gradient descent over the buffer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/learner.h"
#include "learn/method_instance.h"
#include "nn/optimizer.h"

struct mmofl_learner_space {
    mmofl_arena arena;
    mmofl_workspace *training, *predicting;
    float *parameters, *velocity;
    mmofl_gradient gradient;
    float *rule; /* (n) what goes up for the aggregation rule, or NULL */
    mmofl_method_instance method;
    mmofl_prototype_sums prototypes; /* of the current device */
    mmofl_feature_hooks
        watch_features; /* adds to prototypes, then lets the method fuse */
    const mmofl_model *model;
    uint32_t *recorded; /* (M) */
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

static void ahead_reordered(void *context, int i, int modality)
{
    const reordered *r = context;
    if (r->buffer->ahead)
        r->buffer->ahead(r->buffer->context, (int)r->order[i], modality);
}

/* The received model's features go into the prototypes; then the method has its turn.
 */
static void collect_features(void *context, const mmofl_batch *batch, int from, int n,
                             mmofl_span z)
{
    mmofl_learner_space *space = context;
    mmofl_prototype_sums_add(&space->prototypes, space->model, batch->mask + from,
                             batch->label + from, n, z);
    const mmofl_feature_hooks *method = &space->method.testing;
    if (method->fused)
        method->fused(method->context, batch, from, n, z);
}

static const mmofl_prototype_options *
prototype_options(const mmofl_learner_setup *setup)
{
    if (!setup->method || !mmofl_method_of(setup->method)->prototypes)
        return NULL;
    return (const void *)setup->method->options.bytes;
}

/* The method's state, and room for prototypes where it has any. */
static mmofl_status make_method(const mmofl_learner_setup *setup, int batch,
                                mmofl_learner_space *space)
{
    static const mmofl_pick pm = {.kind = &mmofl_method_pm.kind};
    mmofl_status st =
        mmofl_method_instance_init(&space->method, setup->method ? setup->method : &pm,
                                   setup->model, batch, &space->arena);
    if (!st && space->method.kind->prototypes)
        st = mmofl_prototype_sums_init(&space->prototypes, setup->model, &space->arena);
    space->watch_features =
        (mmofl_feature_hooks){.fused = collect_features, .context = space};
    return st;
}

static mmofl_status make_space(const mmofl_learner_setup *setup, bool whole_batches,
                               mmofl_learner_space *space)
{
    const mmofl_model *model = setup->model;
    size_t n = model->n_parameters, held = (size_t)setup->buffer;
    space->model = model;
    space->recorded =
        MMOFL_ARENA_NEW(&space->arena, (size_t)model->n_encoders, uint32_t);
    space->parameters = MMOFL_ARENA_NEW(&space->arena, n, float);
    if (setup->train->momentum > 0)
        space->velocity = MMOFL_ARENA_NEW(&space->arena, n, float);
    bool sends = setup->rule && setup->rule->kind->up;
    if (sends)
        space->rule = MMOFL_ARENA_NEW(&space->arena, n, float);
    space->order = MMOFL_ARENA_NEW(&space->arena, held, uint32_t);
    space->mask = MMOFL_ARENA_NEW(&space->arena, held, uint32_t);
    space->label = MMOFL_ARENA_NEW(&space->arena, held, int32_t);
    if (!space->recorded || !space->parameters || !space->order || !space->mask ||
        mmofl_gradient_init(&space->gradient, model, &space->arena) || !space->label ||
        (setup->train->momentum > 0 && !space->velocity) || (sends && !space->rule))
        return MMOFL_E_MEMORY;
    int batch =
        setup->train->batch < setup->buffer ? setup->train->batch : setup->buffer;
    int piece = mmofl_model_piece(model, batch);
    long fail_after = space->arena.fail_after;
    mmofl_status st = make_method(setup, batch, space);
    if (st)
        return st;
    bool whole = whole_batches || space->method.kind->whole_batches;
    st = mmofl_workspace_new(model, whole ? batch : piece, true, fail_after,
                             &space->training);
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
    mmofl_method_instance_drop(&space->method);
    mmofl_workspace_delete(space->training);
    mmofl_workspace_delete(space->predicting);
    mmofl_arena_free(&space->arena);
    free(space);
}

/* Predict samples from ... from + n - 1 of the buffer with the received model. */
static mmofl_pass_result predict_part(const mmofl_learner_setup *setup,
                                      mmofl_learner_space *space,
                                      const mmofl_batch *buffer, int from, int n,
                                      const float *received)
{
    for (int i = 0; i < n; i++)
        space->order[i] = (uint32_t)(from + i);
    reordered part = {buffer, space->order};
    mmofl_batch batch = {.n = n,
                         .mask = buffer->mask + from,
                         .label = buffer->label + from,
                         .fetch = fetch_reordered,
                         .ahead = ahead_reordered,
                         .context = &part};
    mmofl_method_instance_test(&space->method, &batch);
    if (space->method.kind->prototypes)
        batch.hooks = &space->watch_features;
    return mmofl_model_predict(setup->model, space->predicting, received, &batch, NULL,
                               NULL, NULL);
}

/* Step 2: how well does the received model do on what has just arrived?  The features
 * of the same pass are the device's share of the prototypes (with whole_buffer those of
 * the older samples too, which costs a pass of their own). */
static void predict_fresh(const mmofl_learner_setup *setup, mmofl_learner_space *space,
                          const mmofl_buffer_view *buffer, const float *received,
                          mmofl_device_report *report)
{
    int held = buffer->samples.n, fresh = buffer->fresh;
    const mmofl_prototype_options *prototypes = prototype_options(setup);
    if (prototypes) {
        mmofl_prototype_sums_clear(&space->prototypes, setup->model);
        if (prototypes->whole_buffer && held > fresh)
            predict_part(setup, space, &buffer->samples, 0, held - fresh, received);
    }
    if (fresh == 0)
        return;
    mmofl_pass_result result =
        predict_part(setup, space, &buffer->samples, held - fresh, fresh, received);
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

/* What one device's training carries from step to step. */
typedef struct training {
    const mmofl_learner_setup *setup;
    mmofl_learner_space *space;
    uint64_t device;
    const mmofl_broadcast *broadcast;
    const mmofl_learner_watch *watch;
    mmofl_local_round rule; /* lr and steps, too */
    mmofl_rng dropout;
    mmofl_pass_result sum; /* over all steps */
    uint64_t trained;      /* samples */
    double method_loss;    /* sum over steps */
} training;

static void tell_before_step(const training *t, const mmofl_batch *batch,
                             const uint32_t *position)
{
    if (t->watch && t->watch->before_step)
        t->watch->before_step(t->watch->before_context,
                              &(mmofl_step_view){batch, position, &t->dropout,
                                                 t->space->parameters,
                                                 t->space->gradient.at});
}

/* One mini-batch: gradient, the method's say, the rule's, the optimiser's step. */
static void step(training *t, mmofl_batch batch, const uint32_t *position)
{
    const mmofl_learner_setup *setup = t->setup;
    mmofl_learner_space *space = t->space;
    const mmofl_model *model = setup->model;
    mmofl_method_instance_train(&space->method, &batch);
    mmofl_pass_result result =
        mmofl_gradient_pass(&space->gradient, model, space->training, space->parameters,
                            &batch, &t->dropout);
    t->method_loss += mmofl_method_instance_end(&space->method, &batch,
                                                space->parameters, &space->gradient);
    if (setup->rule && setup->rule->kind->adjust)
        setup->rule->kind->adjust(setup->rule->options, &t->rule, space->parameters,
                                  mmofl_gradient_all(&space->gradient));
    tell_before_step(t, &batch, position);
    mmofl_optimizer_step(setup->train, model->isa->ops, t->rule.lr, space->parameters,
                         space->velocity, &space->gradient);
    t->sum.loss_sum += result.loss_sum;
    t->sum.whole_loss_sum += result.whole_loss_sum;
    t->sum.whole += result.whole;
    t->trained += (uint64_t)batch.n;
    if (t->watch && t->watch->step)
        t->watch->step(t->watch->context, (int)t->rule.steps, &batch,
                       result.loss_sum / batch.n, space->gradient.at, space->parameters,
                       space->training);
    t->rule.steps++;
}

/* Step 3: E passes of mini-batch gradient descent over the buffer. */
static void train(training *t, const mmofl_batch *buffer)
{
    mmofl_learner_space *space = t->space;
    const mmofl_train_spec *spec = t->setup->train;
    uint64_t round = t->broadcast->round, seed = t->setup->seed;
    mmofl_rng order = mmofl_rng_open(seed, t->device, round, MMOFL_USE_BATCH_ORDER);
    t->dropout = mmofl_rng_open(seed, t->device, round, MMOFL_USE_DROPOUT);
    if (space->velocity)
        memset(space->velocity, 0, t->setup->model->n_parameters * sizeof(float));
    for (int epoch = 0; epoch < spec->epochs; epoch++) {
        shuffle_buffer(space, buffer, &order);
        for (int from = 0, n; from < buffer->n; from += n) {
            n = buffer->n - from < spec->batch ? buffer->n - from : spec->batch;
            reordered part = {buffer, space->order + from};
            step(t,
                 (mmofl_batch){.n = n,
                               .mask = space->mask + from,
                               .label = space->label + from,
                               .fetch = fetch_reordered,
                               .ahead = ahead_reordered,
                               .context = &part,
                               .first_sample = (uint64_t)epoch * (uint64_t)buffer->n +
                                               (uint64_t)from},
                 part.order);
        }
    }
}

static double mean_of(double sum, uint64_t n)
{
    return n ? sum / (double)n : 0;
}

static void report_training(const training *t, mmofl_device_report *report)
{
    uint64_t whole = (uint64_t)t->sum.whole, partial = t->trained - whole;
    report->steps = t->rule.steps;
    report->train_loss = mean_of(t->sum.loss_sum, t->trained);
    report->whole = (uint32_t)whole;
    report->partial = (uint32_t)partial;
    report->whole_loss = mean_of(t->sum.whole_loss_sum, whole);
    /* The difference of two sums may come out a hair below zero. */
    report->partial_loss =
        fmax(0, mean_of(t->sum.loss_sum - t->sum.whole_loss_sum, partial));
    report->method_loss = mean_of(t->method_loss, t->rule.steps);
}

/* The round as the aggregation rule's local part sees it, before the first step. */
static mmofl_local_round local_round(const mmofl_learner_setup *setup,
                                     const mmofl_learner_space *space, uint64_t device,
                                     const mmofl_broadcast *broadcast,
                                     const mmofl_buffer_view *buffer)
{
    return (mmofl_local_round){.device = device,
                               .n = setup->model->n_parameters,
                               .received = broadcast->parameters,
                               .down = broadcast->rule,
                               .kept = buffer->kept,
                               .up = space->rule,
                               .lr = mmofl_lr_at(&setup->train->lr, broadcast->round),
                               .momentum = setup->train->momentum};
}

/* Samples of the buffer that have each encoder's modality. */
static void count_recorded(mmofl_learner_space *space, const mmofl_batch *buffer)
{
    for (int e = 0; e < space->model->n_encoders; e++) {
        space->recorded[e] = 0;
        for (int i = 0; i < buffer->n; i++)
            space->recorded[e] +=
                buffer->mask[i] >> space->model->encoder[e].modality & 1;
    }
}

mmofl_status mmofl_learner_round(const mmofl_learner_setup *setup,
                                 mmofl_learner_space *space, uint64_t device,
                                 const mmofl_broadcast *broadcast,
                                 const mmofl_buffer_view *buffer,
                                 const mmofl_learner_watch *watch, mmofl_update *update)
{
    size_t n = setup->model->n_parameters;
    const mmofl_local_kind *rule = setup->rule ? setup->rule->kind : NULL;
    if (broadcast->n_parameters != n)
        return MMOFL_E_SHAPE;
    if (rule && ((rule->down && !broadcast->rule) || (rule->kept && !buffer->kept)))
        return MMOFL_E_MISSING;
    mmofl_device_report report = {0};
    mmofl_method_instance_begin(
        &space->method, &(mmofl_method_round){setup->seed, device, broadcast->round,
                                              broadcast->prototypes,
                                              buffer->samples.mask, buffer->samples.n});
    predict_fresh(setup, space, buffer, broadcast->parameters, &report);
    memcpy(space->parameters, broadcast->parameters, n * sizeof(float));
    training t = {setup, space, device, broadcast, .watch = watch};
    t.rule = local_round(setup, space, device, broadcast, buffer);
    train(&t, &buffer->samples);
    report_training(&t, &report);
    count_recorded(space, &buffer->samples);
    if (!isfinite(report.train_loss) || !isfinite(report.fresh_loss) ||
        !isfinite(report.method_loss))
        return MMOFL_E_NONFINITE;
    if (rule && rule->end)
        rule->end(setup->rule->options, &t.rule, space->parameters);
    *update = (mmofl_update){
        .device = device,
        .round = broadcast->round,
        .n_parameters = n,
        .parameters = space->parameters,
        .samples = (uint32_t)buffer->samples.n,
        .recorded = space->recorded,
        .prototypes = space->method.kind->prototypes ? &space->prototypes : NULL,
        .report = report,
        .rule = space->rule};
    return MMOFL_OK;
}
