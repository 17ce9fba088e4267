/* Layers worked by hand, ties, and dropout's masks. */
#define _GNU_SOURCE
#include "layer_rig.h"

/* ---------------------------------------------------------------- by hand */

/* One sample worked by hand; arrays end where their shapes do. */
typedef struct example {
    const char *text;
    mmofl_shape in;
    const float *w, *x, *y; /* w as stored */
    const float *dy, *dx, *dw;
} example;

static void check_values(const char *what, const float *got, const float *wanted,
                         size_t n)
{
    for (size_t i = 0; wanted && i < n; i++)
        if (!(fabs((double)got[i] - (double)wanted[i]) <=
              1e-4 * (1 + fabs((double)wanted[i]))))
            fail_msg("%s: value %zu is %g, by hand %g", what, i, (double)got[i],
                     (double)wanted[i]);
}

static void check_example(example e)
{
    FOR_EACH_ISA(isa)
    {
        rig *r = rig_new(e.text, e.in, isa, 1);
        size_t parameters = r->layer.n_parameters;
        if (parameters)
            memcpy(r->w, e.w, parameters * sizeof(float));
        memcpy(room_sample(&r->x, 0), e.x, r->x.count * sizeof(float));
        memcpy(room_sample(&r->dy, 0), e.dy, r->dy.count * sizeof(float));
        rig_forward(r, 0, 1);
        rig_backward(r, 0, 1, true);
        check_values(e.text, room_sample(&r->y, 0), e.y, r->y.count);
        check_values(e.text, room_sample(&r->dx, 0), e.dx, r->dx.count);
        check_values(e.text, r->dw, e.dw, parameters);
        rig_delete(r);
    }
}

#define FLOATS(...) ((const float[]){__VA_ARGS__})

static void embedding_by_hand(void **state)
{
    (void)state;
    /* Token 2 comes twice; whatever stands in row 0, padding is zeros. */
    check_example(
        (example){.text = "embedding out=2",
                  .in = {1, {4}},
                  .w = FLOATS(9, 9, 10, 11, 20, 21, 30, 31, 40, 41, 50, 51, 60, 61),
                  .x = FLOATS(2, 6, 2, 0),
                  .y = FLOATS(20, 21, 60, 61, 20, 21, 0, 0),
                  .dy = FLOATS(1, 2, 3, 4, 5, 6, 7, 8),
                  .dw = FLOATS(0, 0, 0, 0, 6, 8, 0, 0, 0, 0, 0, 0, 3, 4)});
}

static void linear_by_hand(void **state)
{
    (void)state;
    check_example((example){.text = "linear out=2",
                            .in = {1, {3}},
                            .w = FLOATS(1, 10, 2, 20, 3, 30, 0.5f, -0.5f),
                            .x = FLOATS(1, 0, -1),
                            .y = FLOATS(-1.5f, -20.5f),
                            .dy = FLOATS(1, 2),
                            .dx = FLOATS(21, 42, 63),
                            .dw = FLOATS(1, 2, 0, 0, -1, -2, 1, 2)});
}

static void conv1d_with_stride_and_padding_by_hand(void **state)
{
    (void)state;
    /* Windows (0 1 2), (2 3 4), (4 5 0) of 0 | 1 2 3 4 5 | 0. */
    check_example((example){.text = "conv1d out=1 kernel=3 stride=2 pad=1",
                            .in = {2, {5, 1}},
                            .w = FLOATS(1, 10, 100, 0.5f),
                            .x = FLOATS(1, 2, 3, 4, 5),
                            .y = FLOATS(210.5f, 432.5f, 54.5f),
                            .dy = FLOATS(1, 2, 3),
                            .dx = FLOATS(10, 102, 20, 203, 30),
                            .dw = FLOATS(16, 22, 10, 6)});
}

static void conv1d_with_channels_by_hand(void **state)
{
    (void)state;
    /* Stored (kernel, in, out): tap 0 of input 0 goes to outputs with 1 and 2. */
    check_example((example){.text = "conv1d out=2 kernel=2",
                            .in = {2, {2, 2}},
                            .w = FLOATS(1, 2, 3, 4, 5, 6, 7, 8, 0, 1),
                            .x = FLOATS(1, 2, 3, 4),
                            .y = FLOATS(50, 61),
                            .dy = FLOATS(1, -1),
                            .dx = FLOATS(-1, -1, -1, -1),
                            .dw = FLOATS(1, -1, 2, -2, 3, -3, 4, -4, 1, -1)});
}

static void conv2d_by_hand(void **state)
{
    (void)state;
    check_example((example){.text = "conv2d out=1 kernel=2",
                            .in = {3, {3, 3, 1}},
                            .w = FLOATS(1, 10, 100, 1000, 0.5f),
                            .x = FLOATS(1, 2, 3, 4, 5, 6, 7, 8, 9),
                            .y = FLOATS(5421.5f, 6532.5f, 8754.5f, 9865.5f),
                            .dy = FLOATS(1, 0, 0, 2),
                            .dx = FLOATS(1, 10, 0, 100, 1002, 20, 0, 200, 2000),
                            .dw = FLOATS(11, 14, 20, 23, 3)});
    /* Each window sees one corner of the image, each with another tap. */
    check_example((example){.text = "conv2d out=2 kernel=2 stride=2 pad=1",
                            .in = {3, {2, 2, 1}},
                            .w = FLOATS(1, -1, 2, -2, 3, -3, 4, -4, 0.5f, 0),
                            .x = FLOATS(1, 2, 3, 4),
                            .y = FLOATS(4.5f, -4, 6.5f, -6, 6.5f, -6, 4.5f, -4),
                            .dy = FLOATS(1, 0, 1, 0, 0, 1, 0, 1),
                            .dx = FLOATS(4, 3, -2, -1),
                            .dw = FLOATS(0, 4, 0, 3, 2, 0, 1, 0, 2, 2)});
}

static void pools_of_images_by_hand(void **state)
{
    (void)state;
    check_example((example){.text = "max_pool kernel=2",
                            .in = {3, {2, 5, 1}},
                            .x = FLOATS(1, 5, 2, 2, 9, 3, 4, 8, 2, 9),
                            .y = FLOATS(5, 8),
                            .dy = FLOATS(1, 2),
                            .dx = FLOATS(0, 1, 0, 0, 0, 0, 0, 2, 0, 0)});
    /* Equal values: the first in reading order. */
    check_example((example){.text = "max_pool kernel=2 stride=1",
                            .in = {3, {2, 3, 1}},
                            .x = FLOATS(0, 2, 2, 2, 1, 1),
                            .y = FLOATS(2, 2),
                            .dy = FLOATS(1, 2),
                            .dx = FLOATS(0, 3, 0, 0, 0, 0)});
    check_example((example){.text = "avg_pool kernel=2 pad=1",
                            .in = {3, {2, 2, 1}},
                            .x = FLOATS(4, 8, 12, 16),
                            .y = FLOATS(1, 2, 3, 4),
                            .dy = FLOATS(4, 8, 12, 16),
                            .dx = FLOATS(1, 2, 3, 4)});
    check_example((example){.text = "avg_pool kernel=2",
                            .in = {3, {2, 2, 2}},
                            .x = FLOATS(1, 10, 2, 20, 3, 30, 6, 60),
                            .y = FLOATS(3, 30),
                            .dy = FLOATS(4, 8),
                            .dx = FLOATS(1, 2, 1, 2, 1, 2, 1, 2)});
}

static void max_pool_by_hand(void **state)
{
    (void)state;
    check_example((example){.text = "max_pool kernel=3 stride=2 pad=1",
                            .in = {2, {5, 1}},
                            .x = FLOATS(5, 1, 1, 7, 2),
                            .y = FLOATS(5, 7, 7),
                            .dy = FLOATS(1, 2, 4),
                            .dx = FLOATS(1, 0, 0, 6, 0)});
    /* Padding is never the largest, even below zero. */
    check_example((example){.text = "max_pool kernel=2 pad=1",
                            .in = {2, {2, 1}},
                            .x = FLOATS(-1, -2),
                            .y = FLOATS(-1, -2),
                            .dy = FLOATS(1, 1),
                            .dx = FLOATS(1, 1)});
}

static void max_pool_gives_ties_to_the_first(void **state)
{
    (void)state;
    check_example((example){.text = "max_pool kernel=3 stride=1",
                            .in = {2, {4, 2}},
                            .x = FLOATS(2, 0, 2, 1, 2, 1, 2, 1),
                            .y = FLOATS(2, 1, 2, 1),
                            .dy = FLOATS(1, 10, 2, 20),
                            .dx = FLOATS(1, 0, 2, 30, 0, 0, 0, 0)});
}

static void max_pool_lets_nan_win_wherever_it_stands(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        for (int at = 0; at < 3; at++) {
            rig *r = rig_new("max_pool kernel=3", (mmofl_shape){2, {3, 1}}, isa, 1);
            memcpy(room_sample(&r->x, 0), FLOATS(1, 2, 3), 3 * sizeof(float));
            room_sample(&r->x, 0)[at] = NAN;
            rig_forward(r, 0, 1);
            CHECK(isnan(room_sample(&r->y, 0)[0]));
            rig_backward(r, 0, 1, true);
            CHECK(room_sample(&r->dx, 0)[at] == room_sample(&r->dy, 0)[0]);
            rig_delete(r);
        }
    }
}

static void average_pools_by_hand(void **state)
{
    (void)state;
    check_example((example){.text = "avg_pool kernel=3 stride=2 pad=1",
                            .in = {2, {5, 1}},
                            .x = FLOATS(3, 6, 9, 12, 15),
                            .y = FLOATS(3, 9, 9),
                            .dy = FLOATS(3, 6, 9),
                            .dx = FLOATS(1, 3, 2, 5, 3)});
    check_example((example){.text = "global_avg_pool",
                            .in = {2, {2, 3}},
                            .x = FLOATS(1, 2, 3, 5, 6, 7),
                            .y = FLOATS(3, 4, 5),
                            .dy = FLOATS(2, 4, 6),
                            .dx = FLOATS(1, 2, 3, 1, 2, 3)});
}

static void a_masked_mean_is_over_the_rows_that_are_there(void **state)
{
    (void)state;
    check_example((example){.text = "global_avg_pool masked=true",
                            .in = {2, {4, 2}},
                            .x = FLOATS(1, 0, 0, 0, 3, -4, -0.0f, 0),
                            .y = FLOATS(2, -2),
                            .dy = FLOATS(2, 4),
                            .dx = FLOATS(1, 2, 0, 0, 1, 2, 0, 0)});
}

static void sums_by_hand(void **state)
{
    (void)state;
    check_example((example){.text = "sum_pool",
                            .in = {2, {3, 2}},
                            .x = FLOATS(1, 10, 2, 20, 0, 0),
                            .y = FLOATS(3, 30),
                            .dy = FLOATS(5, 6),
                            .dx = FLOATS(5, 6, 5, 6, 5, 6)});
    /* Gates at 1/2 and, from x_1 = 3 through ln 3 / 3, at 3/4: y = 3/2 + 4 * 3/4. */
    const float ln3 = 1.0986123f;
    check_example((example){.text = "gated_sum",
                            .in = {2, {2, 1}},
                            .w = FLOATS(0, ln3 / 3, 0, 0, 0, 0),
                            .x = FLOATS(3, 4),
                            .y = FLOATS(4.5f),
                            .dy = FLOATS(1),
                            .dx = FLOATS(0.5f + 0.75f * ln3 / 3, 0.75f),
                            .dw = FLOATS(2.25f, 2.25f, 3, 3, 0.75f, 0.75f)});
}

static void attention_pools_by_hand(void **state)
{
    (void)state;
    /* The hidden unit sees nothing, so both rows that are there weigh 1/2. de = a (da -
     * 2) is (-1/2, 1/2), which goes through W2 = 2 and 1 - tanh^2 1 = 0.42 to W1. */
    const float du = 0.41997434f;
    check_example((example){.text = "attention_pool hidden=1",
                            .in = {2, {3, 2}},
                            .w = FLOATS(0, 0, 1, 2, 5),
                            .x = FLOATS(0, 0, 1, 2, 3, 6),
                            .y = FLOATS(2, 4),
                            .dy = FLOATS(1, 0),
                            .dx = FLOATS(0, 0, 0.5f, 0, 0.5f, 0),
                            .dw = FLOATS(2 * du, 4 * du, 0, 0, 0)});
    /* The second head's scores are apart by ln 3 = 2.2428 (tanh 1/4 - tanh -1/4), so
     * that it weighs the rows by 1/4 and 3/4; its de is (-3/8, 3/8). */
    const float k = 2.2428106f, through = 0.375f * k * 0.94001475f * 0.25f;
    check_example((example){.text = "attention_pool heads=2 hidden=1",
                            .in = {2, {2, 1}},
                            .w = FLOATS(0.25f, 0, 0, k, 0, 0),
                            .x = FLOATS(-1, 1),
                            .y = FLOATS(0, 0.5f),
                            .dy = FLOATS(1, 1),
                            .dx = FLOATS(0.75f - through, 1.25f + through)});
}

static void nothing_is_pooled_where_no_row_is(void **state)
{
    (void)state;
    const char *const layers[] = {"attention_pool heads=2 hidden=3",
                                  "global_avg_pool masked=true"};
    for (int i = 0; i < 2; i++) {
        rig *r = rig_new(layers[i], (mmofl_shape){2, {4, 5}}, mmofl_isa_best(), 1);
        memset(room_sample(&r->x, 0), 0, r->x.count * sizeof(float));
        rig_forward(r, 0, 1);
        rig_backward(r, 0, 1, true);
        for (size_t k = 0; k < r->y.count; k++)
            CHECK(room_sample(&r->y, 0)[k] == 0);
        for (size_t k = 0; k < r->x.count; k++)
            CHECK(room_sample(&r->dx, 0)[k] == 0);
        for (size_t k = 0; k < r->layer.n_parameters; k++)
            CHECK(r->dw[k] == 0);
        rig_delete(r);
    }
}

static void attention_has_the_parameters_of_fedmultimodal(void **state)
{
    (void)state;
    rig *r = rig_new("attention_pool heads=6 hidden=512", (mmofl_shape){2, {32, 128}},
                     mmofl_isa_best(), 1);
    CHECK_INT(r->layer.n_parameters, 69126);
    CHECK_INT(r->y.count, 768);
    rig_delete(r);
}

static void flatten_keeps_the_order(void **state)
{
    (void)state;
    check_example((example){.text = "flatten",
                            .in = {2, {2, 2}},
                            .x = FLOATS(1, 2, 3, 4),
                            .y = FLOATS(1, 2, 3, 4),
                            .dy = FLOATS(5, 6, 7, 8),
                            .dx = FLOATS(5, 6, 7, 8)});
}

static void norms_by_hand(void **state)
{
    (void)state;
    /* Channel 0 has mean 2 and sd 1, channel 1 mean 20 and sd 10. */
    check_example((example){.text = "group_norm groups=2",
                            .in = {2, {2, 2}},
                            .w = FLOATS(2, 3, 0.5f, -1),
                            .x = FLOATS(1, 10, 3, 30),
                            .y = FLOATS(-1.5f, -4, 2.5f, 2),
                            .dy = FLOATS(1, 1, 1, 1),
                            .dx = FLOATS(0, 0, 0, 0),
                            .dw = FLOATS(0, 0, 2, 2)});
    check_example((example){.text = "layer_norm",
                            .in = {2, {2, 2}},
                            .w = FLOATS(1, 1, 0, 0),
                            .x = FLOATS(1, 3, 10, 30),
                            .y = FLOATS(-1, 1, -1, 1),
                            .dy = FLOATS(1, 0, 0, 0),
                            .dx = FLOATS(0, 0, 0, 0),
                            .dw = FLOATS(-1, 0, 1, 0)});
}

static void activations_by_hand(void **state)
{
    (void)state;
    check_example((example){.text = "relu",
                            .in = {1, {3}},
                            .x = FLOATS(-1, 0, 2),
                            .y = FLOATS(0, 0, 2),
                            .dy = FLOATS(5, 6, 7),
                            .dx = FLOATS(0, 0, 7)});
    check_example((example){.text = "leaky_relu slope=0.1",
                            .in = {1, {3}},
                            .x = FLOATS(-1, 0, 2),
                            .y = FLOATS(-0.1f, 0, 2),
                            .dy = FLOATS(5, 6, 7),
                            .dx = FLOATS(0.5f, 0.6f, 7)});
    check_example((example){.text = "tanh",
                            .in = {1, {2}},
                            .x = FLOATS(0, 1),
                            .y = FLOATS(0, 0.76159416f),
                            .dy = FLOATS(1, 1),
                            .dx = FLOATS(1, 0.41997434f)});
    check_example((example){.text = "gelu",
                            .in = {1, {3}},
                            .x = FLOATS(0, 1, -1),
                            .y = FLOATS(0, 0.84134475f, -0.15865525f),
                            .dy = FLOATS(1, 1, 1),
                            .dx = FLOATS(0.5f, 1.0833155f, -0.0833155f)});
}

/* ---------------------------------------------------------------- dropout */

enum { WIDE = 20000 };

static void dropout_drops_its_share_and_keeps_the_mean(void **state)
{
    (void)state;
    const struct {
        const char *text;
        double p;
    } shares[] = {{"dropout p=0.1", 0.1}, {"dropout", 0.5}, {"dropout p=0.9", 0.9}};
    for (int i = 0; i < 3; i++) {
        rig *r = rig_new(shares[i].text, (mmofl_shape){1, {WIDE}}, mmofl_isa_at(0), 1);
        rig_forward(r, 0, 1);
        const float *m = rig_multiplier(r, 0);
        double p = shares[i].p, dropped = 0, sum = 0;
        for (int k = 0; k < WIDE; k++) {
            dropped += m[k] == 0.0f;
            sum += (double)m[k];
            if (m[k] != 0.0f)
                CHECK_NEAR(m[k], 1 / (1 - p), 2e-4 / (1 - p));
        }
        double sd = sqrt(p * (1 - p) / WIDE);
        CHECK_NEAR(dropped / WIDE, p, 4 * sd);
        CHECK_NEAR(sum / WIDE, 1, 4 * sd / (1 - p) + 1e-4);
        rig_delete(r);
    }
}

static void dropout_masks_depend_on_layer_sample_and_round_alone(void **state)
{
    (void)state;
    enum { N = 64 };
    mmofl_shape in = {1, {N}};
    rig *r = rig_new("dropout", in, mmofl_isa_best(), 3);
    rig *other = rig_new("dropout", in, mmofl_isa_at(0), 3);
    rig_forward(r, 0, 3);
    CHECK(!fixture_same_bits(rig_multiplier(r, 0), rig_multiplier(r, 1), N));
    other->sample[2] = r->sample[0]; /* the same sample at another place in a batch */
    rig_forward(other, 0, 3);
    CHECK(fixture_same_bits(rig_multiplier(r, 0), rig_multiplier(other, 2), N));
    CHECK(fixture_same_bits(rig_multiplier(r, 1), rig_multiplier(other, 1), N));
    other->layer.number++;
    rig_forward(other, 0, 3);
    CHECK(!fixture_same_bits(rig_multiplier(r, 1), rig_multiplier(other, 1), N));
    other->layer.number--;
    other->random = mmofl_rng_open(9, 8, 6, MMOFL_USE_DROPOUT);
    rig_forward(other, 0, 3);
    CHECK(!fixture_same_bits(rig_multiplier(r, 1), rig_multiplier(other, 1), N));
    rig_delete(r), rig_delete(other);
}

static void dropout_is_off_without_training_or_a_name_for_its_masks(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        rig *r = rig_new("dropout p=0.9", (mmofl_shape){1, {50}}, mmofl_isa_best(), 2);
        r->run.training = way == 0;
        r->run.random = way == 0 ? NULL : &r->random;
        rig_forward(r, 0, 2);
        CHECK(room_same_values(&r->x, &r->y));
        rig_backward(r, 0, 2, true);
        CHECK(room_same_values(&r->dy, &r->dx));
        rig_delete(r);
    }
}

CHECK_MAIN(TEST(embedding_by_hand), TEST(linear_by_hand),
           TEST(conv1d_with_stride_and_padding_by_hand),
           TEST(conv1d_with_channels_by_hand), TEST(conv2d_by_hand),
           TEST(pools_of_images_by_hand), TEST(max_pool_by_hand),
           TEST(max_pool_gives_ties_to_the_first),
           TEST(max_pool_lets_nan_win_wherever_it_stands), TEST(average_pools_by_hand),
           TEST(a_masked_mean_is_over_the_rows_that_are_there), TEST(sums_by_hand),
           TEST(attention_pools_by_hand), TEST(nothing_is_pooled_where_no_row_is),
           TEST(attention_has_the_parameters_of_fedmultimodal),
           TEST(flatten_keeps_the_order), TEST(norms_by_hand),
           TEST(activations_by_hand), TEST(dropout_drops_its_share_and_keeps_the_mean),
           TEST(dropout_masks_depend_on_layer_sample_and_round_alone),
           TEST(dropout_is_off_without_training_or_a_name_for_its_masks))
