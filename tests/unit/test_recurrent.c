/* gru and lstm: worked by hand, PyTorch's parameters, directions, and where a masked
 * sample ends.  What holds for every layer is in test_layers.c. */
#define _GNU_SOURCE
#include "layer_rig.h"

#define FLOATS(...) ((const float[]){__VA_ARGS__})

static const char *const kinds[] = {"gru", "lstm"};
static const char *const returns[] = {"last", "sequence"};

/* ---------------------------------------------------------------- by hand */

static void check_values(const char *what, const float *got, const float *wanted,
                         size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - (double)wanted[i]) <= 1e-5))
            fail_msg("%s: value %zu is %g, by hand %g", what, i, (double)got[i],
                     (double)wanted[i]);
}

/* One channel, one unit, two steps, the last state, of which dy is 1. */
typedef struct example {
    const char *text;
    const float *w, *x, *y, *dx, *dw;
} example;

static void check_example(example e)
{
    FOR_EACH_ISA(isa)
    {
        rig *r = rig_new(e.text, (mmofl_shape){2, {2, 1}}, isa, 1);
        memcpy(r->w, e.w, r->layer.n_parameters * sizeof(float));
        memcpy(room_sample(&r->x, 0), e.x, 2 * sizeof(float));
        room_sample(&r->dy, 0)[0] = 1;
        rig_forward(r, 0, 1);
        rig_backward(r, 0, 1, true);
        check_values(e.text, room_sample(&r->y, 0), e.y, 1);
        check_values(e.text, room_sample(&r->dx, 0), e.dx, 2);
        check_values(e.text, r->dw, e.dw, r->layer.n_parameters);
        rig_delete(r);
    }
}

/* With r = 1/2 and z = 3/4 (a bias of ln 3) throughout, and n = tanh(ln 2) = 0.6 in
 * both steps (through x, then through r and h): h = 0.15, then 0.2625.
 * Going back: dn = 0.16, dq = 0.08, dr = 0.16 * 2 ln 2 / 4, dz = -0.45 * 3/16; the
 * first state gets 0.75 + u dq = 1.489357. */
static void gru_by_hand(void **state)
{
    (void)state;
    const float u = 9.2419624f; /* 2 ln 2 / 0.15 */
    check_example(
        (example){.text = "gru out=1",
                  .w = FLOATS(0, 0, 0.69314718f, 0, 0, u, 0, 1.0986123f, 0, 0, 0, 0),
                  .x = FLOATS(1, 0),
                  .y = FLOATS(0.2625f),
                  .dx = FLOATS(0.165175f, 0.1109035f),
                  .dw = FLOATS(0, -0.1675527f, 0.2382971f, 0.0083178f, -0.0126563f,
                               0.012f, 0.0554518f, -0.2519277f, 0.3982971f, 0.0554518f,
                               -0.2519277f, 0.1991486f)});
}

/* With i = 3/4, f = o = 1/2 throughout, and g = tanh(ln 2) = 0.6 in both steps:
 * c = 0.45, then 0.675; h = tanh(c) / 2. */
static void lstm_by_hand(void **state)
{
    (void)state;
    check_example((example){
        .text = "lstm out=1",
        .w = FLOATS(0, 0, 0.69314718f, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0.0986123f, 0, 0, 0),
        .x = FLOATS(1, 0.3913284f),
        .y = FLOATS(0.2941296f),
        .dx = FLOATS(0.0973177f, 0.1087882f),
        .dw = FLOATS(0.0473011f, 0.0143949f, 0.2018180f, 0.0906588f, 0.0077597f,
                     0.0077597f, 0.0331082f, 0.0310232f, 0.0696909f, 0.0367847f,
                     0.2973480f, 0.1801730f, 0.0696909f, 0.0367847f, 0.2973480f,
                     0.1801730f)});
}

/* ---------------------------------------------------------------- parameters */

static void parameters_have_pytorchs_names_shapes_and_bounds(void **state)
{
    (void)state;
    const struct {
        const char *name;
        size_t rows, columns;
    } wanted[] = {{"encoders.imu.0.weight_ih_l0", 15, 3},
                  {"encoders.imu.0.weight_hh_l0", 15, 5},
                  {"encoders.imu.0.bias_ih_l0", 15, 0},
                  {"encoders.imu.0.bias_hh_l0", 15, 0},
                  {"encoders.imu.0.weight_ih_l0_reverse", 15, 3},
                  {"encoders.imu.0.weight_hh_l0_reverse", 15, 5},
                  {"encoders.imu.0.bias_ih_l0_reverse", 15, 0},
                  {"encoders.imu.0.bias_hh_l0_reverse", 15, 0},
                  {"encoders.imu.1.weight_ih_l0", 16, 10}};
    fixture_spec s = {0};
    fixture_add(&s, "imu", (mmofl_shape){2, {6, 3}},
                "gru out=5 bidirectional=true return=sequence; lstm out=4");
    fixture_head(&s, "linear out=2");
    mmofl_model *model = fixture_model(&s, 2, mmofl_isa_best());
    for (int i = 0; i < 9; i++) {
        mmofl_parameter p;
        CHECK(mmofl_model_parameter(model, i, &p));
        CHECK_TEXT(p.name, wanted[i].name);
        CHECK_INT(p.plan->dim[0], wanted[i].rows);
        CHECK_INT(p.plan->n_dims, wanted[i].columns ? 2 : 1);
        if (wanted[i].columns)
            CHECK_INT(p.plan->dim[1], wanted[i].columns);
        CHECK_NEAR(p.plan->bound, 1 / sqrt(i < 8 ? 5 : 4), 1e-7);
    }
    mmofl_model_delete(model);
}

static void an_input_without_time_is_refused(void **state)
{
    (void)state;
    const mmofl_shape wrong[] = {{1, {6}}, {3, {4, 4, 3}}};
    const char *const says[] = {"wants an input (time, channels), not (6)",
                                "wants an input (time, channels), not (4, 4, 3)"};
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 2; i++) {
            char text[64];
            snprintf(text, sizeof text, "%s out=3", kinds[k]);
            mmofl_pick pick = fixture_pick(mmofl_layer_kinds(), text);
            mmofl_layer layer = {.number = 12345};
            mmofl_error err = {0};
            CHECK_STATUS(mmofl_layer_plan(&pick, wrong[i], 0, &layer, &err),
                         MMOFL_E_SHAPE);
            CHECK_CONTAINS(err.text, kinds[k]);
            CHECK_CONTAINS(err.text, says[i]);
            CHECK(layer.number == 12345);
        }
}

/* ---------------------------------------------------------------- masks */

enum { T = 6, C = 2, H = 3 };

static rig *new_rig(const char *kind, const char *returned, bool masked, int time,
                    const mmofl_isa *isa)
{
    char text[128];
    snprintf(text, sizeof text, "%s out=%d bidirectional=true return=%s masked=%s",
             kind, H, returned, masked ? "true" : "false");
    return rig_new(text, (mmofl_shape){2, {time, C}}, isa, 1);
}

/* One sample, forward and backward, in scratch that nobody cleared. */
static void run(rig *r)
{
    size_t scratch = r->layer.fixed_scratch + r->layer.sample_scratch;
    for (size_t i = 0; i < scratch; i++)
        r->run.scratch[i] = NAN;
    rig_forward(r, 0, 1);
    rig_backward(r, 0, 1, true);
}

/* A sample of T rows of which the last are zeros, and the first of them alone, agree
 * to the bit; behind the end y and dx are zero. */
static void check_end(const char *kind, const char *returned, int length,
                      const mmofl_isa *isa)
{
    rig *padded = new_rig(kind, returned, true, T, isa);
    rig *alone = new_rig(kind, returned, false, length ? length : 1, isa);
    size_t values = (size_t)length * C;
    float *x = room_sample(&padded->x, 0);
    memset(x + values, 0, (T * C - values) * sizeof *x);
    memcpy(room_sample(&alone->x, 0), x, values * sizeof *x);
    run(padded), run(alone);
    size_t out = padded->layer.out.n == 2 ? (size_t)length * 2 * H : 2 * H;
    if (length > 0) {
        CHECK(fixture_same_bits(room_sample(&padded->y, 0), room_sample(&alone->y, 0),
                                out));
        CHECK(fixture_same_bits(room_sample(&padded->dx, 0), room_sample(&alone->dx, 0),
                                values));
        CHECK(fixture_same_bits(padded->dw, alone->dw, alone->layer.n_parameters));
    } else {
        out = 0;
        for (size_t i = 0; i < padded->layer.n_parameters; i++)
            CHECK(padded->dw[i] == 0);
    }
    for (size_t i = out; i < padded->y.count; i++)
        CHECK(room_sample(&padded->y, 0)[i] == 0);
    for (size_t i = values; i < T * C; i++)
        CHECK(room_sample(&padded->dx, 0)[i] == 0);
    rig_delete(padded), rig_delete(alone);
}

static void a_masked_sample_is_that_sample_cut_at_its_last_row(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        for (int k = 0; k < 2; k++)
            for (int r = 0; r < 2; r++)
                for (int length = 0; length <= T; length++)
                    check_end(kinds[k], returns[r], length, isa);
    }
}

static void zeros_before_the_last_row_are_values(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        rig *masked = new_rig(kinds[k], "sequence", true, T, mmofl_isa_best());
        rig *whole = new_rig(kinds[k], "sequence", false, T, mmofl_isa_best());
        memset(room_sample(&masked->x, 0), 0, (T * C - 1) * sizeof(float));
        memset(room_sample(&whole->x, 0), 0, (T * C - 1) * sizeof(float));
        run(masked), run(whole);
        CHECK(room_same_values(&masked->y, &whole->y));
        CHECK(room_same_values(&masked->dx, &whole->dx));
        rig_delete(masked), rig_delete(whole);
    }
}

static void a_row_of_nan_is_not_absent(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        rig *r = new_rig(kinds[k], "last", true, T, mmofl_isa_best());
        memset(room_sample(&r->x, 0), 0, T * C * sizeof(float));
        room_sample(&r->x, 0)[T * C - 1] = NAN;
        run(r);
        CHECK(isnan(room_sample(&r->y, 0)[0]) && isnan(room_sample(&r->y, 0)[H]));
        rig_delete(r);
    }
}

/* ---------------------------------------------------------------- directions */

static void the_reverse_direction_reads_the_sample_backwards(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        rig *r = new_rig(kinds[k], "last", false, T, mmofl_isa_best());
        rig *mirrored = new_rig(kinds[k], "last", false, T, mmofl_isa_best());
        size_t half = r->layer.n_parameters / 2;
        memcpy(r->w + half, r->w, half * sizeof(float));
        memcpy(mirrored->w, r->w, 2 * half * sizeof(float));
        for (int t = 0; t < T; t++)
            memcpy(room_sample(&mirrored->x, 0) + t * C,
                   room_sample(&r->x, 0) + (T - 1 - t) * C, C * sizeof(float));
        run(r), run(mirrored);
        const float *y = room_sample(&r->y, 0), *m = room_sample(&mirrored->y, 0);
        CHECK(fixture_same_bits(y, m + H, H) && fixture_same_bits(y + H, m, H));
        CHECK(!fixture_same_bits(y, y + H, H));
        rig_delete(r), rig_delete(mirrored);
    }
}

CHECK_MAIN(TEST(gru_by_hand), TEST(lstm_by_hand),
           TEST(parameters_have_pytorchs_names_shapes_and_bounds),
           TEST(an_input_without_time_is_refused),
           TEST(a_masked_sample_is_that_sample_cut_at_its_last_row),
           TEST(zeros_before_the_last_row_are_values), TEST(a_row_of_nan_is_not_absent),
           TEST(the_reverse_direction_reads_the_sample_backwards))
