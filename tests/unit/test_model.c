/* Whole models: gradients, missing modalities, pieces of a batch. */
#define _GNU_SOURCE
#include "nn/reference.h"
#include "nn_fixture.h"

/* ---------------------------------------------------------------- models */

static const mmofl_shape window = {2, {10, 3}}, vector = {1, {6}};

static void two_modalities(fixture_spec *s)
{
    fixture_add(s, "motion", window,
                "conv1d out=5 kernel=3 pad=1; relu; max_pool kernel=2;"
                "conv1d out=4 kernel=3 stride=2; tanh; dropout p=0.3; global_avg_pool");
    fixture_add(s, "sound", vector, "linear out=7; gelu; layer_norm; linear out=3");
    fixture_head(s, "linear out=6; leaky_relu; linear out=4");
}

static void one_modality(fixture_spec *s)
{
    fixture_add(s, "motion", window, "group_norm groups=3; avg_pool kernel=2; flatten");
    fixture_head(s, "linear out=4");
}

static void five_modalities(fixture_spec *s)
{
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    for (int e = 0; e < 5; e++)
        fixture_add(s, names[e], e % 2 ? window : vector,
                    e % 2 ? "conv1d out=3 kernel=4 stride=3 pad=2; relu; flatten"
                          : "linear out=2; tanh");
    fixture_head(s, "linear out=4");
}

/* Corner cases of layers that share a buffer. */
static void in_place_tanh_dropout(fixture_spec *s)
{
    fixture_add(s, "motion", window, "linear out=4; tanh; dropout p=0.4; flatten");
    fixture_head(s, "dropout p=0.2; linear out=4");
}

static void in_place_relu_flatten_linear(fixture_spec *s)
{
    fixture_add(s, "motion", window,
                "conv1d out=3 kernel=3 pad=1; relu; flatten; linear out=5");
    fixture_add(s, "sound", vector, "relu; flatten; tanh; dropout");
    fixture_head(s, "relu; linear out=8; relu; leaky_relu; tanh; linear out=4");
}

static void in_place_first_then_padded(fixture_spec *s)
{
    fixture_add(s, "motion", window,
                "tanh; conv1d out=4 kernel=5 pad=2; dropout; relu;"
                "conv1d out=2 kernel=3 pad=1 stride=2; flatten");
    fixture_head(s, "tanh; relu; linear out=4; leaky_relu");
}

static void in_place_only(fixture_spec *s)
{
    fixture_add(s, "sound", vector, "dropout p=0.1; dropout p=0.2; tanh");
    fixture_head(s, "linear out=4; dropout p=0.5; flatten");
}

/* Inputs that lie in the head's from the start, beside one that does not. */
static void in_place_in_the_head(fixture_spec *s)
{
    fixture_add(s, "motion", window, "flatten; relu");
    fixture_add(s, "light", vector, "linear out=2");
    fixture_add(s, "sound", vector, "dropout p=0.3; tanh");
    fixture_head(s, "linear out=4");
}

/* Relus that are done by their neighbours, in part or all. */
static void relu_with_convolution_and_pool(fixture_spec *s)
{
    fixture_add(s, "motion", window,
                "conv1d out=20 kernel=3 pad=1; relu; max_pool kernel=2;"
                "linear out=3; relu; max_pool kernel=3 stride=1; flatten");
    fixture_add(s, "image", (mmofl_shape){3, {7, 6, 2}},
                "conv2d out=3 kernel=3 pad=3; relu; max_pool kernel=2; flatten");
    fixture_head(s, "linear out=6; relu; linear out=4");
}

static void (*const makers[])(fixture_spec *) = {
    two_modalities,
    one_modality,
    five_modalities,
    in_place_tanh_dropout,
    in_place_only,
    in_place_relu_flatten_linear,
    in_place_first_then_padded,
    in_place_in_the_head,
    relu_with_convolution_and_pool,
};
enum { MAKERS = sizeof makers / sizeof *makers, CLASSES = 4 };

/* ---------------------------------------------------------------- a batch */

enum { MOST = 12 };

/* Random samples; forbidden: (sample, modality) pairs that are missing must not be
 * fetched. */
typedef struct samples {
    fixture_spec spec;
    mmofl_model *model;
    mmofl_workspace *ws;
    float *w, *g;
    uint32_t mask[MOST];
    int32_t label[MOST];
    int fetched;
    mmofl_batch batch;
} samples;

static void fetch(void *context, int i, int modality, float *values)
{
    samples *s = context;
    int from = (int)(s->batch.mask - s->mask) + i;
    CHECK(s->mask[from] >> modality & 1);
    s->fetched++;
    fixture_fill(values, mmofl_shape_count(s->spec.modality[modality].shape),
                 (uint64_t)(100 * from + modality));
}

static float *floats(size_t n)
{
    float *x = calloc(n + 1, sizeof *x);
    CHECK(x != NULL);
    return x;
}

/* n samples whose masks go through all combinations; capacity: see workspace. */
static samples *samples_new(void (*make)(fixture_spec *), const mmofl_isa *isa, int n,
                            int capacity)
{
    samples *s = calloc(1, sizeof *s);
    CHECK(s != NULL);
    make(&s->spec);
    s->model = fixture_model(&s->spec, CLASSES, isa);
    CHECK_OK(mmofl_workspace_new(s->model, capacity, true, 0, &s->ws));
    s->w = floats(s->model->n_parameters), s->g = floats(s->model->n_parameters);
    mmofl_model_init(s->model, 5, s->w);
    uint32_t all = (1u << s->spec.n_modalities) - 1;
    for (int i = 0; i < n; i++) {
        s->mask[i] = 1 + (uint32_t)(i * 7) % all;
        s->label[i] = i % CLASSES;
    }
    s->batch = (mmofl_batch){.n = n,
                             .mask = s->mask,
                             .label = s->label,
                             .fetch = fetch,
                             .context = s,
                             .first_sample = 1000};
    return s;
}

static void samples_delete(samples *s)
{
    mmofl_workspace_delete(s->ws);
    mmofl_model_delete(s->model);
    free(s->w), free(s->g);
    free(s);
}

/* Samples from ... from + n - 1 as a batch of their own. */
static mmofl_batch part_of(const samples *s, int from, int n)
{
    mmofl_batch part = s->batch;
    part.n = n, part.mask += from, part.label += from;
    part.first_sample += (uint64_t)from;
    return part;
}

static mmofl_rng round_rng(void)
{
    return mmofl_rng_open(1, 2, 3, MMOFL_USE_DROPOUT);
}

/* ---------------------------------------------------------------- gradients */

/* The multipliers that the last piece used; an encoder's rows are the samples that have
 * it. */
static const float *masks_of(void *context, int encoder, int layer, int sample)
{
    const samples *s = context;
    size_t stride, row = (size_t)sample;
    const float *m = mmofl_workspace_dropout(s->ws, s->model, encoder, layer, &stride);
    if (encoder >= 0) {
        int modality = s->model->encoder[encoder].modality;
        row = 0;
        for (int i = 0; i < sample; i++)
            row += s->mask[i] >> modality & 1;
    }
    return m + row * stride;
}

static void check_gradient(void (*make)(fixture_spec *), const mmofl_isa *isa,
                           bool dropout)
{
    samples *s = samples_new(make, isa, 5, 5);
    mmofl_rng random = round_rng();
    mmofl_pass_result result = mmofl_model_gradient(s->model, s->ws, s->w, &s->batch,
                                                    dropout ? &random : NULL, s->g);
    size_t n = s->model->n_parameters;
    double *w = calloc(n, sizeof *w), *wanted = calloc(n, sizeof *w);
    double *work = calloc(mmofl_reference_work(s->model), sizeof *work);
    CHECK(w && wanted && work);
    fixture_widen(s->w, w, n);
    mmofl_reference_masks *masks = dropout ? masks_of : NULL;
    double loss = mmofl_reference_loss(s->model, w, &s->batch, masks, s, work);
    CHECK_NEAR(result.loss_sum / 5, loss, 1e-5 * (1 + loss));
    for (size_t i = 0; i < n; i++) {
        const double h = 1e-5, was = w[i];
        w[i] = was + h;
        double above = mmofl_reference_loss(s->model, w, &s->batch, masks, s, work);
        w[i] = was - h;
        double below = mmofl_reference_loss(s->model, w, &s->batch, masks, s, work);
        w[i] = was;
        wanted[i] = (above - below) / (2 * h);
    }
    fixture_check_close("gradient", s->g, wanted, n, 5e-5);
    free(w), free(wanted), free(work);
    samples_delete(s);
}

static void gradients_equal_finite_differences(void **state)
{
    (void)state;
    for (int m = 0; m < MAKERS; m++)
        for (int dropout = 0; dropout < 2; dropout++)
            FOR_EACH_ISA(isa)
            {
                check_gradient(makers[m], isa, dropout);
            }
}

static void missing_modality_gets_no_gradient(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        samples *s = samples_new(two_modalities, isa, 6, 4);
        for (int i = 0; i < 6; i++)
            s->mask[i] = 2; /* sound alone */
        mmofl_rng random = round_rng();
        mmofl_model_gradient(s->model, s->ws, s->w, &s->batch, &random, s->g);
        CHECK_INT(s->fetched, 6);
        mmofl_parameter p;
        bool sound_moves = false;
        for (int i = 0; mmofl_model_parameter(s->model, i, &p); i++)
            for (size_t k = 0; k < p.count; k++) {
                if (strncmp(p.name, "encoders.motion.", 16) == 0)
                    CHECK(s->g[p.offset + k] == 0.0f);
                if (strncmp(p.name, "encoders.sound.", 15) == 0)
                    sound_moves |= s->g[p.offset + k] != 0.0f;
            }
        CHECK(sound_moves);
        samples_delete(s);
    }
}

static void input_gradients_are_for_parameters_before(void **state)
{
    (void)state;
    samples *none = samples_new(in_place_only, NULL, 2, 2),
            *late = samples_new(in_place_first_then_padded, NULL, 2, 2);
    const mmofl_chain *chain = &none->model->encoder[0].chain;
    CHECK(!mmofl_chain_wants_dx(chain, 2)); /* dropout, dropout, tanh */
    CHECK(!mmofl_chain_wants_dx(&none->model->head, 0));
    CHECK(mmofl_chain_wants_dx(&none->model->head, 1)); /* after linear */
    chain = &late->model->encoder[0].chain;
    CHECK(!mmofl_chain_wants_dx(chain, 1)); /* tanh, conv1d */
    CHECK(mmofl_chain_wants_dx(chain, 2));
    CHECK(mmofl_chain_wants_dx(&late->model->head, 0));
    samples_delete(none), samples_delete(late);
}

static void a_sample_without_any_modality_only_moves_the_head(void **state)
{
    (void)state;
    samples *s = samples_new(two_modalities, NULL, 1, 1);
    s->mask[0] = 0;
    size_t head = s->model->head.parameters[0];
    for (size_t i = 0; i < s->model->n_parameters; i++)
        s->g[i] = NAN; /* what g held goes nowhere */
    mmofl_model_gradient(s->model, s->ws, s->w, &s->batch, NULL, s->g);
    CHECK_INT(s->fetched, 0);
    for (size_t i = 0; i < head; i++)
        CHECK(s->g[i] == 0.0f);
    samples_delete(s);
}

/* Every layer that samples go through takes time; looking at it changes nothing. */
static void a_watched_pass_tells_the_time_of_each_layer(void **state)
{
    (void)state;
    enum { N = 9 };
    samples *s = samples_new(two_modalities, NULL, N, 4);
    size_t n = s->model->n_parameters;
    float *wanted = floats(n);
    mmofl_layer_time *times = calloc((size_t)s->model->n_layers, sizeof *times);
    CHECK(times != NULL);
    mmofl_model_gradient(s->model, s->ws, s->w, &s->batch, NULL, wanted);
    mmofl_workspace_watch(s->ws, s->model, times);
    for (int i = 0; i < 100; i++)
        mmofl_model_gradient(s->model, s->ws, s->w, &s->batch, NULL, s->g);
    CHECK(fixture_same_bits(s->g, wanted, n));
    double watched = 0;
    for (int i = 0; i < s->model->n_layers; i++) {
        CHECK(times[i].seconds[MMOFL_FORWARD] > 0);
        CHECK(times[i].seconds[MMOFL_BACKWARD] > 0);
        watched += times[i].seconds[MMOFL_PREPARE];
    }
    CHECK(watched > 0);
    mmofl_layer_time last = times[0];
    mmofl_workspace_watch(s->ws, s->model, NULL);
    mmofl_model_gradient(s->model, s->ws, s->w, &s->batch, NULL, s->g);
    CHECK(memcmp(&last, &times[0], sizeof last) == 0);
    free(wanted);
    free(times);
    samples_delete(s);
}

static void a_batch_may_mix_masks(void **state)
{
    (void)state;
    enum { N = 9 };
    samples *s = samples_new(two_modalities, NULL, N, N);
    size_t n = s->model->n_parameters;
    mmofl_rng random = round_rng();
    mmofl_pass_result whole =
        mmofl_model_gradient(s->model, s->ws, s->w, &s->batch, &random, s->g);
    double *sum = calloc(n, sizeof *sum), loss = 0;
    float *one = floats(n);
    CHECK(sum != NULL);
    mmofl_batch all = s->batch;
    for (int i = 0; i < N; i++) {
        s->batch = all; /* fetch tells the sample by the batch's place in the masks */
        s->batch = part_of(s, i, 1);
        loss += mmofl_model_gradient(s->model, s->ws, s->w, &s->batch, &random, one)
                    .loss_sum;
        for (size_t k = 0; k < n; k++)
            sum[k] += (double)one[k] / N;
    }
    CHECK_NEAR(whole.loss_sum, loss, 1e-6 * loss);
    fixture_check_close("sum over samples", s->g, sum, n, 1e-5);
    free(sum), free(one);
    samples_delete(s);
}

/* ---------------------------------------------------------------- bits */

static void any_piece_size_gives_the_same_bits(void **state)
{
    (void)state;
    enum { N = 11 };
    FOR_EACH_ISA(isa)
    {
        for (int m = 0; m < MAKERS; m++) {
            mmofl_rng random = round_rng();
            samples *whole = samples_new(makers[m], isa, N, N);
            size_t n = whole->model->n_parameters;
            mmofl_pass_result wanted = mmofl_model_gradient(
                whole->model, whole->ws, whole->w, &whole->batch, &random, whole->g);
            for (int piece = 1; piece < N; piece += 3) {
                samples *cut = samples_new(makers[m], isa, N, piece);
                mmofl_pass_result got = mmofl_model_gradient(
                    cut->model, cut->ws, cut->w, &cut->batch, &random, cut->g);
                CHECK(fixture_same_bits(whole->g, cut->g, n));
                CHECK(memcmp(&got.loss_sum, &wanted.loss_sum, sizeof(double)) == 0);
                CHECK_INT(got.correct, wanted.correct);
                samples_delete(cut);
            }
            samples_delete(whole);
        }
    }
}

static void a_used_workspace_gives_the_same_bits_again(void **state)
{
    (void)state;
    for (int m = 0; m < MAKERS; m++) {
        samples *s = samples_new(makers[m], NULL, 8, 3);
        size_t n = s->model->n_parameters;
        mmofl_rng random = round_rng();
        float *first = floats(n);
        mmofl_model_gradient(s->model, s->ws, s->w, &s->batch, &random, first);
        mmofl_model_predict(s->model, s->ws, s->w, &s->batch, NULL, NULL, NULL);
        mmofl_model_gradient(s->model, s->ws, s->w, &s->batch, &random, s->g);
        CHECK(fixture_same_bits(first, s->g, n));
        free(first);
        samples_delete(s);
    }
}

/* The same without neighbours: dropout of nothing keeps them apart. */
static void relu_by_itself(fixture_spec *s)
{
    fixture_add(s, "motion", window,
                "conv1d out=20 kernel=3 pad=1; dropout p=0; relu; dropout p=0;"
                "max_pool kernel=2; linear out=3; dropout p=0; relu; dropout p=0;"
                "max_pool kernel=3 stride=1; flatten");
    fixture_add(s, "image", (mmofl_shape){3, {7, 6, 2}},
                "conv2d out=3 kernel=3 pad=3; dropout p=0; relu; dropout p=0;"
                "max_pool kernel=2; flatten");
    fixture_head(s, "linear out=6; dropout p=0; relu; linear out=4");
}

static void a_relu_done_by_its_neighbours_gives_the_same_bits(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        samples *merged = samples_new(relu_with_convolution_and_pool, isa, 9, 4),
                *apart = samples_new(relu_by_itself, isa, 9, 4);
        size_t n = merged->model->n_parameters;
        CHECK_INT(apart->model->n_parameters, n);
        memcpy(apart->w, merged->w, n * sizeof(float));
        mmofl_model_gradient(merged->model, merged->ws, merged->w, &merged->batch, NULL,
                             merged->g);
        mmofl_model_gradient(apart->model, apart->ws, apart->w, &apart->batch, NULL,
                             apart->g);
        CHECK(fixture_same_bits(merged->g, apart->g, n));
        const mmofl_chain *chain = &merged->model->encoder[0].chain;
        CHECK(chain->layer[1].forward_is_done && chain->layer[1].backward_is_done);
        CHECK(!apart->model->encoder[0].chain.layer[2].forward_is_done);
        samples_delete(merged), samples_delete(apart);
    }
}

static void sets_that_round_alike_agree_to_the_bit(void **state)
{
    (void)state;
    for (int m = 0; m < MAKERS; m++) {
        samples *first[2] = {NULL, NULL};
        FOR_EACH_ISA(isa)
        {
            mmofl_rng random = round_rng();
            samples *s = samples_new(makers[m], isa, 10, 4);
            mmofl_model_gradient(s->model, s->ws, s->w, &s->batch, &random, s->g);
            if (!first[isa->fused]) {
                first[isa->fused] = s;
                continue;
            }
            CHECK(
                fixture_same_bits(first[isa->fused]->g, s->g, s->model->n_parameters));
            samples_delete(s);
        }
        for (int i = 0; i < 2; i++)
            if (first[i])
                samples_delete(first[i]);
    }
}

/* ---------------------------------------------------------------- prediction */

static void prediction_agrees_with_itself_and_with_training(void **state)
{
    (void)state;
    enum { N = 12 };
    samples *s = samples_new(two_modalities, NULL, N, 5);
    mmofl_workspace *forward_only = NULL;
    CHECK_OK(mmofl_workspace_new(s->model, 5, false, 0, &forward_only));
    CHECK(mmofl_workspace_bytes(forward_only) < mmofl_workspace_bytes(s->ws));
    mmofl_pass_result trained =
        mmofl_model_gradient(s->model, s->ws, s->w, &s->batch, NULL, s->g);
    int32_t predicted[N];
    float loss[N], probability[N * CLASSES];
    mmofl_pass_result r = mmofl_model_predict(s->model, forward_only, s->w, &s->batch,
                                              predicted, loss, probability);
    CHECK_NEAR(r.loss_sum, trained.loss_sum, 1e-6);
    CHECK_INT(r.correct, trained.correct);
    double sum = 0;
    int correct = 0;
    for (int i = 0; i < N; i++) {
        const float *p = probability + i * CLASSES;
        double total = 0;
        for (int c = 0; c < CLASSES; c++) {
            total += (double)p[c];
            CHECK(p[predicted[i]] >= p[c]);
        }
        CHECK_NEAR(total, 1, 1e-6);
        CHECK_NEAR(loss[i], -log((double)p[s->label[i]]), 1e-5);
        sum += (double)loss[i];
        correct += predicted[i] == s->label[i];
    }
    CHECK_NEAR(sum, r.loss_sum, 1e-6);
    CHECK_INT(correct, r.correct);
    mmofl_workspace_delete(forward_only);
    samples_delete(s);
}

static void a_nan_parameter_gives_a_loss_that_is_not_finite(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        for (int m = 0; m < MAKERS; m++) {
            samples *s = samples_new(makers[m], isa, 3, 3);
            for (int i = 0; i < 3; i++)
                s->mask[i] = (1u << s->spec.n_modalities) - 1;
            s->w[0] = NAN;
            CHECK(!isfinite(
                mmofl_model_gradient(s->model, s->ws, s->w, &s->batch, NULL, s->g)
                    .loss_sum));
            samples_delete(s);
        }
    }
}

CHECK_MAIN(TEST(gradients_equal_finite_differences),
           TEST(missing_modality_gets_no_gradient),
           TEST(input_gradients_are_for_parameters_before),
           TEST(a_sample_without_any_modality_only_moves_the_head),
           TEST(a_watched_pass_tells_the_time_of_each_layer),
           TEST(a_batch_may_mix_masks), TEST(any_piece_size_gives_the_same_bits),
           TEST(a_used_workspace_gives_the_same_bits_again),
           TEST(a_relu_done_by_its_neighbours_gives_the_same_bits),
           TEST(sets_that_round_alike_agree_to_the_bit),
           TEST(prediction_agrees_with_itself_and_with_training),
           TEST(a_nan_parameter_gives_a_loss_that_is_not_finite))
