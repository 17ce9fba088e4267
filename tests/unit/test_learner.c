/* One device's round: prequential test, then mini-batches over the buffer. */
#define _GNU_SOURCE
#include "learn/learner.h"
#include "nn_fixture.h"

enum { HELD = 11, WIDE = 3, STEPS = 64, FETCHES = 512 };

/* A device's samples; value 0 of modality 0 is the sample's own number. */
typedef struct samples {
    float x[2][HELD][WIDE];
    uint32_t mask[HELD];
    int32_t label[HELD];
    int fetched[FETCHES], n_fetched; /* sample numbers in the order of fetching */
} samples;

static void fetch(void *context, int i, int modality, float *values)
{
    samples *s = context;
    if (modality == 0 && s->n_fetched < FETCHES)
        s->fetched[s->n_fetched++] = i;
    memcpy(values, s->x[modality][i], WIDE * sizeof(float));
}

static void make_samples(samples *s, uint32_t mask)
{
    *s = (samples){0};
    for (int i = 0; i < HELD; i++) {
        fixture_fill(s->x[0][i], WIDE, (uint64_t)i + 1);
        fixture_fill(s->x[1][i], WIDE, (uint64_t)i + 101);
        s->x[0][i][0] = (float)i;
        s->mask[i] = mask;
        s->label[i] = i % 2;
    }
}

static mmofl_buffer_view view_of(samples *s, int held, int fresh)
{
    return (mmofl_buffer_view){.samples = {.n = held,
                                           .mask = s->mask,
                                           .label = s->label,
                                           .fetch = fetch,
                                           .context = s},
                               .fresh = fresh};
}

/* A model, how to train it, and one thread's memory. */
typedef struct rig {
    fixture_spec spec;
    mmofl_model *model;
    mmofl_train_spec train;
    mmofl_learner_setup setup;
    mmofl_learner_space *space;
    float *received;
    samples data;
} rig;

static void rig_start(rig *r, bool whole_batches)
{
    r->setup = (mmofl_learner_setup){
        .model = r->model, .train = &r->train, .seed = 5, .buffer = HELD};
    CHECK_OK(mmofl_learner_space_new(&r->setup, whole_batches, 0, &r->space));
    r->received = malloc(r->model->n_parameters * sizeof(float));
    CHECK(r->received);
    mmofl_model_init(r->model, 3, r->received);
}

static void rig_new(rig *r, const char *first, const char *second, const char *head,
                    mmofl_train_spec train, const char *lr)
{
    *r = (rig){.train = train};
    r->train.lr = fixture_pick(mmofl_lr_kinds(), lr);
    mmofl_shape shape = {1, {WIDE}};
    fixture_add(&r->spec, "a", shape, first);
    if (second)
        fixture_add(&r->spec, "b", shape, second);
    fixture_head(&r->spec, head);
    r->model = fixture_model(&r->spec, 2, NULL);
    make_samples(&r->data, second ? 3 : 1);
    rig_start(r, false);
}

static void rig_stop(rig *r)
{
    mmofl_learner_space_delete(r->space);
    free(r->received);
}

static void rig_delete(rig *r)
{
    rig_stop(r);
    mmofl_model_delete(r->model);
}

/* The usual rig: two modalities, a hidden layer each. */
static void rig_usual(rig *r, mmofl_train_spec train)
{
    rig_new(r, "linear out=4; tanh", "linear out=2", "linear out=2", train,
            "constant start=0.1");
}

static mmofl_update run(rig *r, uint64_t device, uint64_t round, int held, int fresh,
                        const mmofl_learner_watch *watch)
{
    mmofl_broadcast broadcast = {.round = round,
                                 .n_parameters = r->model->n_parameters,
                                 .parameters = r->received};
    mmofl_buffer_view buffer = view_of(&r->data, held, fresh);
    mmofl_update update;
    r->data.n_fetched = 0;
    CHECK_OK(mmofl_learner_round(&r->setup, r->space, device, &broadcast, &buffer,
                                 watch, &update));
    CHECK(update.device == device && update.round == round);
    CHECK(update.n_parameters == r->model->n_parameters);
    CHECK_INT(update.samples, held);
    return update;
}

/* ---------------------------------------------------------------- by hand */

/* One step of softmax regression on all `held` samples, in double: w is (WIDE, 2)
 * weights and 2 biases.  Returns the mean cross-entropy before the step. */
static double regression_step(const samples *s, int held, double lr, double *w)
{
    double g[2 * WIDE + 2] = {0}, loss = 0;
    for (int i = 0; i < held; i++) {
        double z[2] = {w[2 * WIDE], w[2 * WIDE + 1]};
        for (int j = 0; j < WIDE; j++)
            for (int c = 0; c < 2; c++)
                z[c] += (double)s->x[0][i][j] * w[2 * j + c];
        double all = exp(z[0]) + exp(z[1]);
        loss -= log(exp(z[s->label[i]]) / all);
        for (int c = 0; c < 2; c++) {
            double d = exp(z[c]) / all - (c == s->label[i]);
            for (int j = 0; j < WIDE; j++)
                g[2 * j + c] += d * (double)s->x[0][i][j];
            g[2 * WIDE + c] += d;
        }
    }
    for (int i = 0; i < 2 * WIDE + 2; i++)
        w[i] -= lr * g[i] / held;
    return loss / held;
}

static void two_epochs_of_one_batch_by_hand(void **state)
{
    (void)state;
    rig r;
    rig_new(&r, "flatten", NULL, "linear out=2",
            (mmofl_train_spec){.epochs = 2, .batch = HELD}, "inverse_sqrt start=0.2");
    double w[2 * WIDE + 2], loss;
    CHECK_INT(r.model->n_parameters, 2 * WIDE + 2);
    fixture_widen(r.received, w, 2 * WIDE + 2);
    mmofl_update update = run(&r, 0, 4, HELD, 0, NULL);
    loss = regression_step(&r.data, HELD, 0.1, w); /* 0.2 / sqrt(4) */
    loss += regression_step(&r.data, HELD, 0.1, w);
    for (int i = 0; i < 2 * WIDE + 2; i++)
        CHECK_NEAR(update.parameters[i], w[i], 1e-5);
    CHECK_NEAR(update.report.train_loss, loss / 2, 1e-5);
    CHECK_INT(update.report.steps, 2);
    rig_delete(&r);
}

/* ---------------------------------------------------------------- prequential */

static void fresh_samples_are_predicted_with_the_model_as_received(void **state)
{
    (void)state;
    rig r;
    rig_usual(&r, (mmofl_train_spec){.epochs = 3, .batch = 4});
    enum { FRESH = 5 };
    mmofl_update update = run(&r, 0, 1, HELD, FRESH, NULL);
    for (int i = 0; i < FRESH; i++) /* before anything else, and only they */
        CHECK_INT(r.data.fetched[i], HELD - FRESH + i);
    CHECK_INT(r.data.n_fetched, FRESH + 3 * HELD);

    mmofl_workspace *ws;
    CHECK_OK(mmofl_workspace_new(r.model, HELD, false, 0, &ws));
    mmofl_batch all = view_of(&r.data, HELD, 0).samples;
    float loss[HELD];
    int32_t predicted[HELD];
    mmofl_model_predict(r.model, ws, r.received, &all, predicted, loss, NULL);
    double sum = 0;
    uint32_t right = 0;
    for (int i = HELD - FRESH; i < HELD; i++) {
        sum += (double)loss[i];
        right += predicted[i] == r.data.label[i];
    }
    CHECK_INT(update.report.fresh, FRESH);
    CHECK_INT(update.report.fresh_correct, right);
    CHECK(update.report.fresh_loss == sum / FRESH);
    mmofl_workspace_delete(ws);
    rig_delete(&r);
}

static void predicting_does_not_change_what_is_learned(void **state)
{
    (void)state;
    rig r;
    rig_usual(&r, (mmofl_train_spec){.epochs = 2, .batch = 3});
    float kept[64];
    size_t n = r.model->n_parameters;
    CHECK(n <= 64);
    memcpy(kept, run(&r, 0, 1, HELD, HELD, NULL).parameters, n * sizeof(float));
    mmofl_update update = run(&r, 0, 1, HELD, 0, NULL);
    CHECK(fixture_same_bits(update.parameters, kept, n));
    CHECK(update.report.fresh == 0 && update.report.fresh_correct == 0);
    CHECK(update.report.fresh_loss == 0);
    rig_delete(&r);
}

/* ---------------------------------------------------------------- mini-batches */

/* Which samples each step saw. */
typedef struct steps {
    int n, size[STEPS], sample[STEPS][HELD];
} steps;

static void note_step(void *context, int step, const mmofl_batch *batch, double loss,
                      const float *gradient, const float *parameters,
                      const mmofl_workspace *workspace)
{
    (void)loss, (void)gradient, (void)parameters, (void)workspace;
    steps *s = context;
    CHECK(step == s->n && step < STEPS);
    s->size[step] = batch->n;
    for (int i = 0; i < batch->n; i++) {
        float x[WIDE];
        batch->fetch(batch->context, i, 0, x);
        s->sample[step][i] = (int)x[0];
        CHECK_INT(batch->label[i], (int)x[0] % 2);
    }
    s->n++;
}

static steps steps_of(rig *r, uint64_t device, uint64_t round)
{
    steps s = {0};
    mmofl_learner_watch watch = {.step = note_step, .context = &s};
    mmofl_update update = run(r, device, round, HELD, 2, &watch);
    CHECK_INT(update.report.steps, s.n);
    return s;
}

static void every_epoch_goes_through_the_buffer_exactly_once(void **state)
{
    (void)state;
    rig r;
    rig_usual(&r, (mmofl_train_spec){.epochs = 3, .batch = 4});
    steps s = steps_of(&r, 0, 1);
    CHECK_INT(s.n, 9); /* 4 + 4 + 3, three times */
    int order[3][HELD];
    for (int epoch = 0; epoch < 3; epoch++) {
        bool seen[HELD] = {false};
        int at = 0;
        for (int b = 0; b < 3; b++) {
            int step = 3 * epoch + b;
            CHECK_INT(s.size[step], b < 2 ? 4 : 3);
            for (int i = 0; i < s.size[step]; i++) {
                int sample = s.sample[step][i];
                CHECK(!seen[sample]);
                seen[sample] = true;
                order[epoch][at++] = sample;
            }
        }
    }
    CHECK(memcmp(order[0], order[1], sizeof order[0]) != 0); /* shuffled anew */
    CHECK(memcmp(order[1], order[2], sizeof order[0]) != 0);
    rig_delete(&r);
}

static bool same_order(const steps *a, const steps *b)
{
    return a->n == b->n && memcmp(a->sample, b->sample, sizeof a->sample) == 0;
}

static void the_order_depends_on_seed_device_and_round_only(void **state)
{
    (void)state;
    rig r;
    rig_usual(&r, (mmofl_train_spec){.epochs = 2, .batch = 3});
    steps first = steps_of(&r, 6, 2), other = steps_of(&r, 6, 3);
    CHECK(!same_order(&first, &other));
    other = steps_of(&r, 7, 2);
    CHECK(!same_order(&first, &other));
    for (size_t i = 0; i < r.model->n_parameters; i++)
        r.received[i] *= 2;
    other = steps_of(&r, 6, 2); /* after other rounds, from another model */
    CHECK(same_order(&first, &other));
    r.setup.seed++;
    other = steps_of(&r, 6, 2);
    CHECK(!same_order(&first, &other));
    rig_delete(&r);
}

static void a_round_does_not_depend_on_what_the_space_did_before(void **state)
{
    (void)state;
    rig r;
    rig_new(&r, "linear out=4; dropout p=0.3; tanh", "linear out=2", "linear out=2",
            (mmofl_train_spec){.epochs = 2, .batch = 3, .momentum = 0.9},
            "constant start=0.1");
    size_t n = r.model->n_parameters;
    float kept[64];
    memcpy(kept, run(&r, 1, 1, HELD, 2, NULL).parameters, n * sizeof(float));
    run(&r, 2, 5, HELD - 3, 0, NULL);
    CHECK(fixture_same_bits(run(&r, 1, 1, HELD, 2, NULL).parameters, kept, n));
    rig_delete(&r);
}

/* With velocity zero the first step is the one of plain SGD. */
static void momentum_starts_at_zero_in_each_round(void **state)
{
    (void)state;
    float plain[64];
    for (int momentum = 0; momentum < 2; momentum++) {
        rig r;
        rig_usual(&r, (mmofl_train_spec){
                          .epochs = 1, .batch = HELD, .momentum = momentum ? 0.9 : 0});
        size_t n = r.model->n_parameters;
        if (!momentum)
            memcpy(plain, run(&r, 0, 2, HELD, 0, NULL).parameters, n * sizeof(float));
        for (uint64_t round = 1; momentum && round <= 2; round++) {
            mmofl_update update = run(&r, 0, round, HELD, 0, NULL);
            if (round == 2)
                CHECK(fixture_same_bits(update.parameters, plain, n));
        }
        rig_delete(&r);
    }
}

/* ---------------------------------------------------------------- modalities */

static void a_modality_that_all_samples_lack_gets_no_gradient(void **state)
{
    (void)state;
    rig r;
    rig_usual(&r, (mmofl_train_spec){.epochs = 2, .batch = 4});
    for (int i = 0; i < HELD; i++)
        r.data.mask[i] = 1;
    mmofl_update update = run(&r, 0, 1, HELD, 0, NULL);
    mmofl_parameter p;
    int lacking = 0;
    for (int i = 0; mmofl_model_parameter(r.model, i, &p); i++) {
        bool same = fixture_same_bits(update.parameters + p.offset,
                                      r.received + p.offset, p.count);
        bool lacks = strncmp(p.name, "encoders.b.", 11) == 0;
        CHECK(same == lacks);
        lacking += lacks;
    }
    CHECK_INT(lacking, 2);
    rig_delete(&r);
}

/* ---------------------------------------------------------------- pieces */

static void whole_batches_give_the_same_bits_as_pieces(void **state)
{
    (void)state;
    rig r;
    rig_new(&r, "linear out=9000; relu", NULL, "linear out=2",
            (mmofl_train_spec){.epochs = 2, .batch = HELD}, "constant start=0.01");
    CHECK(mmofl_model_piece(r.model, HELD) < HELD);
    size_t n = r.model->n_parameters;
    float *kept = malloc(n * sizeof(float));
    CHECK(kept);
    memcpy(kept, run(&r, 0, 1, HELD, HELD, NULL).parameters, n * sizeof(float));
    size_t bytes = mmofl_learner_space_bytes(r.space);
    rig_stop(&r);
    rig_start(&r, true);
    CHECK(mmofl_learner_space_bytes(r.space) > bytes);
    CHECK(fixture_same_bits(run(&r, 0, 1, HELD, HELD, NULL).parameters, kept, n));
    free(kept);
    rig_delete(&r);
}

/* A mini-batch larger than the buffer is the buffer. */
static void room_is_taken_for_the_buffer_not_for_a_larger_batch(void **state)
{
    (void)state;
    size_t bytes[2];
    for (int large = 0; large < 2; large++) {
        rig r;
        rig_usual(&r, (mmofl_train_spec){.epochs = 1, .batch = large ? 1000000 : HELD});
        rig_stop(&r);
        rig_start(&r, true);
        bytes[large] = mmofl_learner_space_bytes(r.space);
        CHECK_INT(run(&r, 0, 1, HELD, 0, NULL).report.steps, 1);
        rig_delete(&r);
    }
    CHECK_INT(bytes[0], bytes[1]);
}

/* ---------------------------------------------------------------- edges */

static void an_empty_buffer_sends_the_model_back(void **state)
{
    (void)state;
    rig r;
    rig_usual(&r, (mmofl_train_spec){.epochs = 2, .batch = 4, .momentum = 0.9});
    mmofl_update update = run(&r, 0, 1, 0, 0, NULL);
    CHECK(fixture_same_bits(update.parameters, r.received, r.model->n_parameters));
    CHECK(update.report.steps == 0 && update.report.train_loss == 0);
    CHECK(update.report.fresh == 0 && update.report.fresh_loss == 0);
    CHECK_INT(r.data.n_fetched, 0);
    rig_delete(&r);
}

static void another_number_of_parameters_is_refused(void **state)
{
    (void)state;
    rig r;
    rig_usual(&r, (mmofl_train_spec){.epochs = 1, .batch = 4});
    mmofl_broadcast broadcast = {.round = 1,
                                 .n_parameters = r.model->n_parameters - 1,
                                 .parameters = r.received};
    mmofl_buffer_view buffer = view_of(&r.data, HELD, 0);
    mmofl_update update = {.device = 77};
    CHECK_STATUS(
        mmofl_learner_round(&r.setup, r.space, 0, &broadcast, &buffer, NULL, &update),
        MMOFL_E_SHAPE);
    CHECK_INT(update.device, 77);
    rig_delete(&r);
}

static void diverging_training_is_refused(void **state)
{
    (void)state;
    rig r;
    rig_new(&r, "linear out=4", "linear out=2", "linear out=2",
            (mmofl_train_spec){.epochs = 8, .batch = 2}, "constant start=1000");
    for (size_t i = 0; i < r.model->n_parameters; i++)
        r.received[i] *= 1e18f;
    mmofl_broadcast broadcast = {
        .round = 1, .n_parameters = r.model->n_parameters, .parameters = r.received};
    mmofl_buffer_view buffer = view_of(&r.data, HELD, 3);
    mmofl_update update = {.device = 77};
    CHECK_STATUS(
        mmofl_learner_round(&r.setup, r.space, 0, &broadcast, &buffer, NULL, &update),
        MMOFL_E_NONFINITE);
    CHECK_INT(update.device, 77);
    rig_delete(&r);
}

static void any_failing_allocation_is_reported(void **state)
{
    (void)state;
    rig r;
    rig_usual(&r, (mmofl_train_spec){.epochs = 1, .batch = 4, .momentum = 0.5});
    mmofl_learner_space *space = NULL;
    long fail_after = 1;
    for (; !space; fail_after++) {
        mmofl_status st = mmofl_learner_space_new(&r.setup, false, fail_after, &space);
        CHECK(st == MMOFL_E_MEMORY || st == MMOFL_OK);
        CHECK((st == MMOFL_OK) == (space != NULL));
    }
    CHECK(fail_after > 8);
    mmofl_learner_space_delete(space);
    mmofl_learner_space_delete(NULL);
    rig_delete(&r);
}

CHECK_MAIN(TEST(two_epochs_of_one_batch_by_hand),
           TEST(fresh_samples_are_predicted_with_the_model_as_received),
           TEST(predicting_does_not_change_what_is_learned),
           TEST(every_epoch_goes_through_the_buffer_exactly_once),
           TEST(the_order_depends_on_seed_device_and_round_only),
           TEST(a_round_does_not_depend_on_what_the_space_did_before),
           TEST(momentum_starts_at_zero_in_each_round),
           TEST(a_modality_that_all_samples_lack_gets_no_gradient),
           TEST(whole_batches_give_the_same_bits_as_pieces),
           TEST(room_is_taken_for_the_buffer_not_for_a_larger_batch),
           TEST(an_empty_buffer_sends_the_model_back),
           TEST(another_number_of_parameters_is_refused),
           TEST(diverging_training_is_refused),
           TEST(any_failing_allocation_is_reported))
