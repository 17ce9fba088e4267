/* What a model is before it computes: names, layout, initial values, shared buffers,
 * refusals, memory. */
#define _GNU_SOURCE
#include "nn_fixture.h"

static void har(fixture_spec *s)
{
    fixture_add(s, "accelerometer", (mmofl_shape){2, {16, 3}},
                "conv1d out=4 kernel=3; relu; group_norm groups=2; global_avg_pool");
    fixture_add(s, "gyroscope", (mmofl_shape){1, {5}}, "linear out=3");
    fixture_head(s, "dropout; linear out=6");
}

/* ---------------------------------------------------------------- parameters */

static void parameters_have_the_names_that_pytorch_gives_them(void **state)
{
    (void)state;
    static const char *const names[] = {"encoders.accelerometer.0.weight",
                                        "encoders.accelerometer.0.bias",
                                        "encoders.accelerometer.2.weight",
                                        "encoders.accelerometer.2.bias",
                                        "encoders.gyroscope.0.weight",
                                        "encoders.gyroscope.0.bias",
                                        "head.1.weight",
                                        "head.1.bias"};
    static const size_t counts[] = {4 * 3 * 3, 4, 4, 4, 3 * 5, 3, 6 * 7, 6};
    fixture_spec s = {0};
    har(&s);
    mmofl_model *model = fixture_model(&s, 6, NULL);
    mmofl_parameter p;
    size_t at = 0;
    for (int i = 0; i < 8; i++) {
        CHECK(mmofl_model_parameter(model, i, &p));
        CHECK_TEXT(p.name, names[i]);
        CHECK_INT(p.count, counts[i]);
        CHECK_INT(p.offset, at); /* nothing between tensors */
        at += p.count;
    }
    CHECK(!mmofl_model_parameter(model, 8, &p));
    CHECK_INT(model->n_parameters, at);
    CHECK_INT(model->features, 7);
    mmofl_model_delete(model);
}

static void export_is_pytorchs_layout_and_import_its_inverse(void **state)
{
    (void)state;
    fixture_spec s = {0};
    har(&s);
    mmofl_model *model = fixture_model(&s, 6, NULL);
    size_t n = model->n_parameters;
    float *w = calloc(n, sizeof *w), *back = calloc(n, sizeof *w),
          *out = calloc(n, sizeof *w);
    CHECK(w && back && out);
    for (size_t i = 0; i < n; i++)
        w[i] = (float)i;
    mmofl_parameter p;
    for (int i = 0; mmofl_model_parameter(model, i, &p); i++) {
        mmofl_parameter_export(&p, w, out);
        mmofl_parameter_import(&p, out, back);
    }
    CHECK(fixture_same_bits(w, back, n));
    CHECK(mmofl_model_parameter(model, 0, &p));
    mmofl_parameter_export(&p, w, out);
    for (int o = 0; o < 4;
         o++) /* PyTorch (out, in, kernel); stored (kernel, in, out) */
        for (int c = 0; c < 3; c++)
            for (int k = 0; k < 3; k++)
                CHECK(out[(o * 3 + c) * 3 + k] == (float)((k * 3 + c) * 4 + o));
    CHECK(mmofl_model_parameter(model, 4, &p));
    mmofl_parameter_export(&p, w, out);
    for (int o = 0; o < 3; o++)
        for (int c = 0; c < 5; c++)
            CHECK(out[o * 5 + c] == (float)(p.offset + (size_t)(c * 3 + o)));
    free(w), free(back), free(out);
    mmofl_model_delete(model);
}

static void initial_values_stay_in_bounds_and_fill_them(void **state)
{
    (void)state;
    fixture_spec s = {0};
    fixture_add(&s, "a", (mmofl_shape){2, {20, 4}},
                "conv1d out=32 kernel=9; layer_norm; flatten");
    fixture_head(&s, "linear out=8");
    mmofl_model *model = fixture_model(&s, 8, NULL);
    float *w = calloc(model->n_parameters, sizeof *w);
    CHECK(w != NULL);
    mmofl_model_init(model, 3, w);
    const double bounds[] = {1.0 / 6, 1.0 / 6, 0, 0, 1 / sqrt(384), 1 / sqrt(384)};
    mmofl_parameter p;
    for (int i = 0; mmofl_model_parameter(model, i, &p); i++) {
        double largest = 0, sum = 0;
        for (size_t k = 0; k < p.count; k++) {
            largest = fmax(largest, fabs((double)w[p.offset + k]));
            sum += (double)w[p.offset + k];
        }
        if (bounds[i] > 0) {
            CHECK(largest <= bounds[i] * (1 + 1e-7));
            CHECK(largest > (p.count > 100 ? 0.95 : 0.3) * bounds[i]);
            CHECK(fabs(sum) <= 4 * bounds[i] * sqrt((double)p.count / 3));
        } else {
            CHECK(sum == (i == 2 ? (double)p.count : 0.0)); /* norm: weight 1, bias 0 */
        }
    }
    free(w);
    mmofl_model_delete(model);
}

static void the_row_of_the_padding_starts_at_zero(void **state)
{
    (void)state;
    enum { VOCABULARY = 500, D = 8 };
    fixture_spec s = {0};
    fixture_add(&s, "text", (mmofl_shape){1, {6}}, "embedding out=8; global_avg_pool");
    s.modality[0].dtype = MMOFL_TOKENS;
    s.modality[0].vocabulary = VOCABULARY;
    fixture_head(&s, "linear out=3");
    mmofl_model *model = fixture_model(&s, 3, NULL);
    float *w = calloc(model->n_parameters, sizeof *w);
    CHECK(w != NULL);
    CHECK_INT(model->n_parameters, VOCABULARY * D + 3 * D + 3);
    mmofl_model_init(model, 3, w);
    double squares = 0;
    for (int i = 0; i < VOCABULARY * D; i++) {
        CHECK((w[i] == 0) == (i < D));
        squares += (double)w[i] * (double)w[i];
    }
    CHECK_NEAR(squares / ((VOCABULARY - 1) * D), 1, 0.06); /* unit variance */
    free(w);
    mmofl_model_delete(model);
}

static void initial_values_depend_on_the_seed_alone(void **state)
{
    (void)state;
    fixture_spec s = {0};
    har(&s);
    float *first = NULL;
    FOR_EACH_ISA(isa)
    {
        mmofl_model *model = fixture_model(&s, 6, isa);
        size_t n = model->n_parameters;
        float *w = calloc(n, sizeof *w), *other = calloc(n, sizeof *w);
        CHECK(w && other);
        mmofl_model_init(model, 11, w);
        mmofl_model_init(model, 12, other);
        CHECK(!fixture_same_bits(w, other, n));
        if (first)
            CHECK(fixture_same_bits(w, first, n));
        free(first);
        first = w;
        free(other);
        mmofl_model_delete(model);
    }
    free(first);
}

/* ---------------------------------------------------------------- shared buffers */

/* The chain of a model with this one encoder. */
static mmofl_model *chain_model(fixture_spec *s, const char *layers)
{
    fixture_add(s, "a", (mmofl_shape){2, {8, 2}}, layers);
    fixture_head(s, "linear out=2");
    return fixture_model(s, 2, NULL);
}

static void check_buffers(const char *layers, const int *wanted, int n_values)
{
    fixture_spec s = {0};
    mmofl_model *model = chain_model(&s, layers);
    const mmofl_chain *chain = &model->encoder[0].chain;
    for (int i = 0; i <= chain->n; i++)
        if (chain->value[i] != wanted[i])
            fail_msg("%s: boundary %d is buffer %d, wanted %d", layers, i,
                     chain->value[i], wanted[i]);
    CHECK_INT(chain->n_values, n_values);
    mmofl_model_delete(model);
}

#define INTS(...) ((const int[]){__VA_ARGS__})

static void in_place_layers_share_unless_somebody_still_looks(void **state)
{
    (void)state;
    check_buffers("relu; flatten", INTS(0, 0, 0), 1);
    check_buffers("dropout; dropout; flatten", INTS(0, 0, 0, 0), 1);
    check_buffers("tanh; dropout; flatten", INTS(0, 0, 1, 1), 2);
    check_buffers("relu; relu; flatten", INTS(0, 0, 1, 1), 2);
    check_buffers("relu; flatten; tanh", INTS(0, 0, 0, 1), 2);
    check_buffers("linear out=3; relu; flatten; linear out=2", INTS(0, 1, 1, 1, 2), 3);
    check_buffers("gelu; flatten", INTS(0, 1, 1), 2);
}

static void shared_buffers_have_the_widest_margin(void **state)
{
    (void)state;
    fixture_spec s = {0};
    mmofl_model *model = chain_model(
        &s,
        "conv1d out=3 kernel=3; relu; dropout; conv1d out=2 kernel=5 pad=2; flatten");
    const mmofl_chain *chain = &model->encoder[0].chain;
    for (int i = 0; i < chain->n; i++) {
        const mmofl_buffer_plan *x = &chain->values[chain->value[i]];
        const mmofl_buffer_plan *dy = &chain->gradients[chain->gradient[i + 1]];
        CHECK(x->margin.before >= chain->layer[i].x_margin.before);
        CHECK(x->margin.after >= chain->layer[i].x_margin.after);
        CHECK(dy->margin.before >= chain->layer[i].dy_margin.before);
        CHECK(dy->margin.after >= chain->layer[i].dy_margin.after);
        CHECK_INT(x->count, mmofl_shape_count(chain->layer[i].in));
    }
    mmofl_model_delete(model);
}

/* ---------------------------------------------------------------- refusals */

static void check_refusal(fixture_spec *s, int classes, mmofl_status status,
                          const char *says)
{
    mmofl_model *model = (mmofl_model *)(void *)s; /* any address that is no model */
    void *before = model;
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_model_new(&s->spec, s->modality, s->n_modalities, classes, NULL,
                                 &model, &err),
                 status);
    CHECK_CONTAINS(err.text, says);
    CHECK((void *)model == before);
    CHECK_STATUS(mmofl_model_new(&s->spec, s->modality, s->n_modalities, classes, NULL,
                                 &model, NULL),
                 status); /* nobody needs to want the words */
}

static void an_unknown_modality_is_refused_with_the_known_ones(void **state)
{
    (void)state;
    fixture_spec s = {0};
    har(&s);
    s.encoder[1].modality = "radar";
    check_refusal(&s, 6, MMOFL_E_UNKNOWN,
                  "no modality 'radar'; it has accelerometer, gyroscope");
}

static void a_modality_has_one_encoder(void **state)
{
    (void)state;
    fixture_spec s = {0};
    har(&s);
    s.encoder[1].modality = s.encoder[0].modality;
    check_refusal(&s, 6, MMOFL_E_DUPLICATE, "model.modalities.accelerometer: ");
}

static void tokens_are_refused_by_layers_of_real_values(void **state)
{
    (void)state;
    fixture_spec s = {0};
    har(&s);
    s.modality[1].dtype = MMOFL_TOKENS;
    s.modality[1].vocabulary = 10;
    check_refusal(&s, 6, MMOFL_E_TYPE, "model.modalities.gyroscope, layer 0: ");
}

static void a_stack_has_the_rows_of_all_encoders(void **state)
{
    (void)state;
    fixture_spec s = {0};
    fixture_add(&s, "accelerometer", (mmofl_shape){2, {16, 3}},
                "conv1d out=4 kernel=3");
    fixture_add(&s, "gyroscope", (mmofl_shape){1, {5}}, "linear out=4");
    fixture_head(&s, "linear out=2; flatten; linear out=6");
    s.spec.fusion = MMOFL_FUSION_STACK;
    mmofl_model *model = fixture_model(&s, 6, NULL);
    mmofl_shape rows = {2, {14 + 1, 4}};
    CHECK(mmofl_shape_equal(model->head.layer[0].in, rows));
    CHECK_INT(model->features, 15 * 4);
    CHECK_INT(model->encoder[1].at, 14 * 4);
    mmofl_model_delete(model);
}

static void a_stack_wants_rows_of_one_length(void **state)
{
    (void)state;
    fixture_spec s = {0};
    har(&s);
    s.spec.fusion = MMOFL_FUSION_STACK;
    check_refusal(&s, 6, MMOFL_E_SHAPE,
                  "model.modalities.gyroscope: with fusion stack");
}

static void an_encoder_must_end_in_a_vector(void **state)
{
    (void)state;
    fixture_spec s = {0};
    fixture_add(&s, "a", (mmofl_shape){2, {8, 2}}, "relu");
    fixture_head(&s, "linear out=2");
    check_refusal(&s, 2, MMOFL_E_SHAPE, "this one ends in (8, 2)");
}

static void a_head_of_the_wrong_width_is_refused(void **state)
{
    (void)state;
    fixture_spec s = {0};
    har(&s);
    check_refusal(&s, 5, MMOFL_E_SHAPE, "each of the 5 classes, it gives (6)");
}

static void empty_lists_of_layers_are_refused(void **state)
{
    (void)state;
    fixture_spec s = {0};
    har(&s);
    s.encoder[1].chain.n = 0;
    check_refusal(&s, 6, MMOFL_E_MISSING, "model.modalities.gyroscope: a list of");
    fixture_spec headless = {0};
    har(&headless);
    headless.spec.head.n = 0;
    check_refusal(&headless, 6, MMOFL_E_MISSING, "model.head: a list of layers");
}

static void a_layer_that_does_not_fit_is_named_with_its_place(void **state)
{
    (void)state;
    fixture_spec s = {0};
    fixture_add(&s, "a", (mmofl_shape){2, {8, 2}}, "flatten; conv1d out=2 kernel=3");
    fixture_head(&s, "linear out=2");
    check_refusal(&s, 2, MMOFL_E_SHAPE,
                  "model.modalities.a, layer 1: conv1d wants an input");
}

/* ---------------------------------------------------------------- memory and work */

static void every_failing_allocation_of_a_workspace_is_reported(void **state)
{
    (void)state;
    fixture_spec s = {0};
    har(&s);
    mmofl_model *model = fixture_model(&s, 6, NULL);
    int failures = 0;
    for (long k = 1;; k++, failures++) {
        mmofl_workspace *ws = NULL;
        mmofl_status st = mmofl_workspace_new(model, 3, true, k, &ws);
        if (st == MMOFL_OK) {
            mmofl_workspace_delete(ws);
            break;
        }
        CHECK_STATUS(st, MMOFL_E_MEMORY);
        CHECK(ws == NULL);
    }
    CHECK(failures > 10);
    mmofl_workspace_delete(NULL);
    mmofl_model_delete(model);
    mmofl_model_delete(NULL);
}

static void pieces_lie_between_one_and_the_batch(void **state)
{
    (void)state;
    fixture_spec s = {0};
    har(&s);
    mmofl_model *model = fixture_model(&s, 6, NULL);
    for (int batch = 1; batch < 5000; batch = batch * 3 + 1) {
        int piece = mmofl_model_piece(model, batch);
        CHECK(piece >= 1 && piece <= batch);
    }
    mmofl_model_delete(model);
    fixture_spec wide = {0};
    fixture_add(&wide, "a", (mmofl_shape){2, {100000, 4}}, "relu; global_avg_pool");
    fixture_head(&wide, "linear out=2");
    model = fixture_model(&wide, 2, NULL);
    CHECK_INT(mmofl_model_piece(model, 64), 4); /* never fewer: the kernels' tile */
    mmofl_model_delete(model);
}

static void work_by_hand(void **state)
{
    (void)state;
    fixture_spec s = {0};
    fixture_add(&s, "a", (mmofl_shape){1, {5}}, "linear out=3");
    fixture_head(&s, "linear out=2");
    mmofl_model *model = fixture_model(&s, 2, NULL);
    /* Forward 2*15 + 2*6; training adds both weight gradients and the head's dx. */
    CHECK_NEAR(mmofl_model_forward_flops(model), 42, 0);
    CHECK_NEAR(mmofl_model_training_flops(model), 42 + 42 + 12, 0);
    mmofl_model_delete(model);
}

static void dropout_multipliers_are_shown_for_dropout_alone(void **state)
{
    (void)state;
    fixture_spec s = {0};
    har(&s);
    mmofl_model *model = fixture_model(&s, 6, NULL);
    mmofl_workspace *ws = NULL;
    size_t stride = 0;
    CHECK_OK(mmofl_workspace_new(model, 2, true, 0, &ws));
    CHECK(mmofl_workspace_dropout(ws, model, 0, 1, &stride) == NULL);
    CHECK(mmofl_workspace_dropout(ws, model, -1, 0, &stride) != NULL);
    CHECK_INT(stride, 7);
    mmofl_workspace_delete(ws);
    mmofl_model_delete(model);
}

/* ---------------------------------------------------------------- instruction sets */

static void the_environment_names_the_instruction_set(void **state)
{
    (void)state;
    const mmofl_isa *best = NULL;
    FOR_EACH_ISA(isa)
    {
        CHECK_INT(setenv("MMOFL_ISA", isa->name, 1), 0);
        CHECK(mmofl_isa_best() == isa);
        CHECK(isa->layers.n == mmofl_isa_at(0)->layers.n);
        best = isa;
    }
    CHECK_INT(setenv("MMOFL_ISA", "pentium", 1), 0);
    CHECK(mmofl_isa_best() == best);
    CHECK_INT(unsetenv("MMOFL_ISA"), 0);
    CHECK(mmofl_isa_best() == best);
    CHECK(!mmofl_isa_runs(NULL));
}

CHECK_MAIN(TEST(parameters_have_the_names_that_pytorch_gives_them),
           TEST(export_is_pytorchs_layout_and_import_its_inverse),
           TEST(initial_values_stay_in_bounds_and_fill_them),
           TEST(the_row_of_the_padding_starts_at_zero),
           TEST(initial_values_depend_on_the_seed_alone),
           TEST(in_place_layers_share_unless_somebody_still_looks),
           TEST(shared_buffers_have_the_widest_margin),
           TEST(an_unknown_modality_is_refused_with_the_known_ones),
           TEST(a_modality_has_one_encoder),
           TEST(tokens_are_refused_by_layers_of_real_values),
           TEST(a_stack_has_the_rows_of_all_encoders),
           TEST(a_stack_wants_rows_of_one_length),
           TEST(an_encoder_must_end_in_a_vector),
           TEST(a_head_of_the_wrong_width_is_refused),
           TEST(empty_lists_of_layers_are_refused),
           TEST(a_layer_that_does_not_fit_is_named_with_its_place),
           TEST(every_failing_allocation_of_a_workspace_is_reported),
           TEST(pieces_lie_between_one_and_the_batch), TEST(work_by_hand),
           TEST(dropout_multipliers_are_shown_for_dropout_alone),
           TEST(the_environment_names_the_instruction_set))
