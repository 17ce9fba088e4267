/* A gradient's parts: which rows of an embedding they hold, and that nobody misses the
 * others. */
#define _GNU_SOURCE
#include "nn/gradient.h"
#include "nn/optimizer.h"
#include "nn_fixture.h"

enum { VOCABULARY = 200, D = 3, LENGTH = 5, N = 6, CLASSES = 4 };

/* A text and a sensor; ids of sample i in batch b, and the sensor's values. */
typedef struct texts {
    mmofl_model *model;
    mmofl_workspace *ws;
    mmofl_arena arena;
    mmofl_gradient g;
    float *w, *plain; /* parameters; a gradient without parts */
    float id[N][LENGTH], value[N][2];
    uint32_t mask[N];
    int32_t label[N];
    mmofl_batch batch;
} texts;

static void fetch(void *context, int i, int modality, float *values)
{
    const texts *t = context;
    if (modality == 1)
        memcpy(values, t->id[i], sizeof t->id[i]);
    else
        memcpy(values, t->value[i], sizeof t->value[i]);
}

/* Other tokens for each b: few and often the same ones, at the ends of words and of the
 * vocabulary too. */
static void texts_draw(texts *t, uint64_t b)
{
    static const float rows[] = {0, 1, 2, 62, 63, 64, 65, 127, 128, 198, 199};
    mmofl_rng rng = fixture_rng(100 + b);
    for (int i = 0; i < N; i++)
        for (int l = 0; l < LENGTH; l++)
            t->id[i][l] = rows[(size_t)(mmofl_rng_uniform(&rng) * 11)];
    fixture_fill(&t->value[0][0], (size_t)N * 2, b);
}

static texts *texts_new(const mmofl_isa *isa, int capacity)
{
    texts *t = calloc(1, sizeof *t);
    CHECK(t != NULL);
    fixture_spec s = {0};
    fixture_add(&s, "sensor", (mmofl_shape){1, {2}}, "linear out=2; tanh");
    fixture_add(&s, "text", (mmofl_shape){1, {LENGTH}},
                "embedding out=3; global_avg_pool; linear out=2");
    s.modality[1].dtype = MMOFL_TOKENS;
    s.modality[1].vocabulary = VOCABULARY;
    fixture_head(&s, "linear out=4");
    t->model = fixture_model(&s, CLASSES, isa);
    CHECK_OK(mmofl_workspace_new(t->model, capacity, true, 0, &t->ws));
    CHECK_OK(mmofl_gradient_init(&t->g, t->model, &t->arena));
    t->w = calloc(t->model->n_parameters, sizeof *t->w);
    t->plain = calloc(t->model->n_parameters, sizeof *t->plain);
    CHECK(t->w && t->plain);
    mmofl_model_init(t->model, 1, t->w);
    for (int i = 0; i < N; i++) {
        t->mask[i] = i == 2 ? 1 : 3; /* one sample without its text */
        t->label[i] = i % CLASSES;
    }
    t->batch = (mmofl_batch){
        .n = N, .mask = t->mask, .label = t->label, .fetch = fetch, .context = t};
    texts_draw(t, 0);
    return t;
}

static void texts_delete(texts *t)
{
    mmofl_workspace_delete(t->ws);
    mmofl_arena_free(&t->arena);
    mmofl_model_delete(t->model);
    free(t->w), free(t->plain);
    free(t);
}

static mmofl_pass_result pass(texts *t)
{
    return mmofl_gradient_pass(&t->g, t->model, t->ws, t->w, &t->batch, NULL);
}

static void the_parts_are_all_layers_and_the_rows_of_the_tokens(void **state)
{
    (void)state;
    texts *t = texts_new(NULL, N);
    const float id[N][LENGTH] = {{7, 64, 0, 0, 0},   {64, 8, 7, 0, 0},
                                 {99, 99, 99, 0, 0}, {0, 0, 0, 0, 0},
                                 {199, 0, 0, 0, 0},  {63, 0, 0, 0, 0}};
    memcpy(t->id, id, sizeof id);
    pass(t);
    size_t at = t->model->encoder[1].first_parameter, rest = at + VOCABULARY * D;
    const mmofl_gradient_part wanted[] = {
        {0, at},
        {at + 7 * D,
         2 * D}, /* rows 7 and 8; row 99 is that of a text that is missing */
        {at + 63 * D, 2 * D},
        {at + 199 * D, D},
        {rest, t->model->n_parameters - rest},
    };
    mmofl_gradient_part part = {0};
    for (int i = 0; i < 5; i++) {
        CHECK(mmofl_gradient_next(&t->g, &part));
        CHECK_INT(part.from, wanted[i].from);
        CHECK_INT(part.count, wanted[i].count);
    }
    CHECK(!mmofl_gradient_next(&t->g, &part));
    texts_delete(t);
}

static void batch_after_batch_it_is_the_plain_gradient(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        texts *t = texts_new(isa, N);
        for (uint64_t b = 0; b < 5; b++) {
            texts_draw(t, b);
            double loss = pass(t).loss_sum;
            CHECK(loss ==
                  mmofl_model_gradient(t->model, t->ws, t->w, &t->batch, NULL, t->plain)
                      .loss_sum);
            CHECK(fixture_same_bits(t->g.at, t->plain, t->g.n));
            if (b == 2) /* somebody writes everywhere; the next pass clears it */
                fixture_fill(mmofl_gradient_all(&t->g), t->g.n, b);
        }
        texts_delete(t);
    }
}

static void the_norm_depends_neither_on_pieces_nor_on_the_instruction_set(void **state)
{
    (void)state;
    double first[2] = {0, 0};
    FOR_EACH_ISA(isa)
    {
        for (int capacity = 1; capacity <= N; capacity += 2) {
            texts *t = texts_new(isa, capacity);
            pass(t);
            double norm = mmofl_gradient_norm(&t->g, isa->ops), squares = 0;
            for (size_t i = 0; i < t->g.n; i++)
                squares += (double)t->g.at[i] * (double)t->g.at[i];
            CHECK_NEAR(norm, sqrt(squares), 1e-6 * norm);
            double *wanted = &first[isa->fused];
            *wanted = *wanted == 0 ? norm : *wanted;
            CHECK(norm == *wanted);
            texts_delete(t);
        }
    }
}

/* Parameters after some steps, with gradients in parts or as one. */
static float *trained(mmofl_train_spec train, bool in_parts)
{
    texts *t = texts_new(NULL, N);
    float *velocity = calloc(t->g.n, sizeof *velocity), *w = t->w;
    CHECK(velocity != NULL);
    for (uint64_t b = 0; b < 8; b++) {
        texts_draw(t, b);
        pass(t);
        if (!in_parts)
            mmofl_gradient_all(&t->g);
        mmofl_optimizer_step(&train, t->model->isa->ops, 0.5, t->w, velocity, &t->g);
    }
    free(velocity);
    t->w = NULL;
    texts_delete(t);
    return w;
}

static void steps_with_parts_are_steps_with_everything(void **state)
{
    (void)state;
    const mmofl_train_spec trains[] = {{0},
                                       {.momentum = 0.9},
                                       {.weight_decay = 0.01},
                                       {.momentum = 0.5, .weight_decay = 0.1},
                                       {.clip_norm = 0.1},
                                       {.clip_norm = 0.1, .momentum = 0.9}};
    enum { PARAMETERS = 6 + VOCABULARY * D + 8 + 20 };
    for (int i = 0; i < 6; i++) {
        float *parts = trained(trains[i], true), *whole = trained(trains[i], false);
        for (size_t k = 0; k < PARAMETERS; k++)
            CHECK_NEAR(parts[k], whole[k], trains[i].clip_norm > 0 ? 1e-6 : 0);
        for (size_t k = 0; k < D; k++)
            CHECK(parts[6 + k] == 0); /* the padding's row stays */
        free(parts), free(whole);
    }
}

static void scaling_reaches_the_parts_of_its_range_alone(void **state)
{
    (void)state;
    texts *t = texts_new(NULL, N);
    const mmofl_encoder *text = &t->model->encoder[1];
    pass(t);
    memcpy(t->plain, t->g.at, t->g.n * sizeof *t->plain);
    mmofl_gradient_scale(&t->g, text->first_parameter, text->n_parameters, 3);
    for (size_t i = 0; i < t->g.n; i++) {
        bool inside = i >= text->first_parameter &&
                      i < text->first_parameter + text->n_parameters;
        CHECK(t->g.at[i] == (inside ? 3 * t->plain[i] : t->plain[i]));
    }
    texts_delete(t);
}

static void a_model_without_tokens_has_one_part(void **state)
{
    (void)state;
    fixture_spec s = {0};
    fixture_add(&s, "sensor", (mmofl_shape){1, {2}}, "linear out=2");
    fixture_head(&s, "linear out=4");
    mmofl_model *model = fixture_model(&s, CLASSES, NULL);
    mmofl_arena arena = {0};
    mmofl_gradient g;
    mmofl_gradient_part part = {0};
    CHECK_OK(mmofl_gradient_init(&g, model, &arena));
    CHECK(mmofl_gradient_next(&g, &part));
    CHECK(part.from == 0 && part.count == model->n_parameters);
    CHECK(!mmofl_gradient_next(&g, &part));
    mmofl_arena_free(&arena);
    mmofl_model_delete(model);
}

static void memory_that_is_short_is_told(void **state)
{
    (void)state;
    texts *t = texts_new(NULL, N);
    for (long fail = 1; fail <= 2; fail++) {
        mmofl_arena arena = {.fail_after = fail};
        mmofl_gradient g = {.n = 17};
        CHECK_STATUS(mmofl_gradient_init(&g, t->model, &arena), MMOFL_E_MEMORY);
        CHECK(g.n == 17 && g.at == NULL);
        mmofl_arena_free(&arena);
    }
    texts_delete(t);
}

CHECK_MAIN(TEST(the_parts_are_all_layers_and_the_rows_of_the_tokens),
           TEST(batch_after_batch_it_is_the_plain_gradient),
           TEST(the_norm_depends_neither_on_pieces_nor_on_the_instruction_set),
           TEST(steps_with_parts_are_steps_with_everything),
           TEST(scaling_reaches_the_parts_of_its_range_alone),
           TEST(a_model_without_tokens_has_one_part),
           TEST(memory_that_is_short_is_told))
