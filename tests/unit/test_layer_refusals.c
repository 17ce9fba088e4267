/* What layers refuse to be planned on, and what they say. */
#define _GNU_SOURCE
#include "nn_fixture.h"

static void layers_refuse_inputs_that_do_not_fit(void **state)
{
    (void)state;
    const struct {
        const char *text;
        mmofl_shape in;
        mmofl_status status;
        const char *says;
    } refusals[] = {
        {"embedding out=2",
         {2, {7, 1}},
         MMOFL_E_SHAPE,
         "embedding wants an input (tokens), not (7, 1)"},
        {"conv1d out=2 kernel=3",
         {1, {7}},
         MMOFL_E_SHAPE,
         "conv1d wants an input (time, channels), not (7)"},
        {"conv1d out=2 kernel=9 pad=1",
         {2, {5, 2}},
         MMOFL_E_SHAPE,
         "kernel 9 is longer than the input of 5 time steps with pad 1"},
        {"conv2d out=2 kernel=3",
         {2, {7, 2}},
         MMOFL_E_SHAPE,
         "conv2d wants an input (height, width, channels), not (7, 2)"},
        {"conv2d out=2 kernel=5 pad=1",
         {3, {9, 2, 1}},
         MMOFL_E_SHAPE,
         "kernel 5 is larger than the input (9, 2, 1) with pad 1"},
        {"max_pool kernel=2",
         {1, {7}},
         MMOFL_E_SHAPE,
         "max_pool wants an input (time, channels) or (height, width, channels), not "
         "(7)"},
        {"avg_pool kernel=2", {1, {4}}, MMOFL_E_SHAPE, "avg_pool wants an input"},
        {"avg_pool kernel=3",
         {3, {9, 2, 1}},
         MMOFL_E_SHAPE,
         "kernel 3 is longer than the input (9, 2, 1) with pad 0"},
        {"max_pool kernel=3 pad=2",
         {2, {9, 2}},
         MMOFL_E_RANGE,
         "pad 2 is more than half of kernel 3"},
        {"avg_pool kernel=8",
         {2, {7, 2}},
         MMOFL_E_SHAPE,
         "kernel 8 is longer than the input (7, 2) with pad 0"},
        {"gated_sum",
         {3, {2, 2, 3}},
         MMOFL_E_SHAPE,
         "gated_sum wants an input (rows, channels), not (2, 2, 3)"},
        {"attention_pool hidden=3",
         {1, {7}},
         MMOFL_E_SHAPE,
         "attention_pool wants an input (rows, channels), not (7)"},
        {"group_norm groups=3",
         {2, {9, 4}},
         MMOFL_E_SHAPE,
         "3 groups do not divide 4 channels"},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        mmofl_pick pick = fixture_pick(mmofl_layer_kinds(), refusals[i].text);
        mmofl_layer layer = {.number = 12345};
        mmofl_error err = {0};
        const mmofl_layer_kind *kind = (const void *)pick.kind;
        CHECK_STATUS(mmofl_layer_plan(&pick, refusals[i].in, kind->takes_tokens ? 9 : 0,
                                      &layer, &err),
                     refusals[i].status);
        CHECK_CONTAINS(err.text, refusals[i].says);
        CHECK(layer.number == 12345 && layer.kind == NULL);
    }
}

CHECK_MAIN(TEST(layers_refuse_inputs_that_do_not_fit))
