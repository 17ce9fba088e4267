/* Steps and step sizes by hand. */
#define _GNU_SOURCE
#include "nn/optimizer.h"
#include "nn_fixture.h"

static double step(const mmofl_isa *isa, mmofl_train_spec train, double lr, float *w,
                   float *velocity, float *at, size_t n)
{
    mmofl_gradient g = {.at = at, .n = n};
    return mmofl_optimizer_step(&train, isa->ops, lr, w, velocity, &g);
}

static void a_plain_step_by_hand(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        float w[] = {1, -2}, g[] = {0.5f, 4};
        double norm = step(isa, (mmofl_train_spec){0}, 0.1, w, NULL, g, 2);
        CHECK_NEAR(w[0], 0.95, 1e-7);
        CHECK_NEAR(w[1], -2.4, 1e-6);
        CHECK(norm == 0); /* not looked at without clipping */
    }
}

static void weight_decay_pulls_towards_zero(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        float w[] = {1, -2}, g[] = {0.5f, 0};
        step(isa, (mmofl_train_spec){.weight_decay = 0.1}, 0.1, w, NULL, g, 2);
        CHECK_NEAR(w[0], 1 - 0.1 * (0.5 + 0.1), 1e-7);
        CHECK_NEAR(w[1], -2 + 0.1 * 0.2, 1e-6);
    }
}

static void momentum_adds_up_as_in_pytorch(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        float w = 1, velocity = 0, g = 0.5f;
        const mmofl_train_spec train = {.momentum = 0.9};
        step(isa, train, 0.1, &w, &velocity, &g, 1);
        CHECK_NEAR(velocity, 0.5, 1e-7);
        CHECK_NEAR(w, 0.95, 1e-7);
        step(isa, train, 0.1, &w, &velocity, &g, 1);
        CHECK_NEAR(velocity, 0.95, 1e-7);
        CHECK_NEAR(w, 0.855, 1e-6);
    }
}

static void clipping_scales_long_gradients_and_leaves_short_ones(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        const mmofl_train_spec train = {.clip_norm = 1};
        float w[] = {0, 0}, g[] = {3, 4};
        CHECK_NEAR(step(isa, train, 1, w, NULL, g, 2), 5, 1e-6);
        CHECK_NEAR(w[0], -3 / (5 + 1e-6), 1e-7);
        CHECK_NEAR(w[1], -4 / (5 + 1e-6), 1e-7);
        float v[] = {0, 0}, small[] = {0.3f, 0.4f};
        CHECK_NEAR(step(isa, train, 1, v, NULL, small, 2), 0.5, 1e-6);
        CHECK(v[0] == -0.3f && v[1] == -0.4f);
    }
}

/* The decay is not part of what is clipped: PyTorch clips before the optimiser. */
static void clipping_comes_before_weight_decay(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        float w[] = {10, 0}, g[] = {3, 4};
        step(isa, (mmofl_train_spec){.clip_norm = 0.5, .weight_decay = 0.1}, 1, w, NULL,
             g, 2);
        CHECK_NEAR(w[0], 10 - (0.3 + 1), 1e-5);
        CHECK_NEAR(w[1], -0.4, 1e-6);
    }
}

static void a_nan_gradient_is_not_hidden_by_clipping(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        float w[] = {1, 1}, g[] = {NAN, 1};
        double norm = step(isa, (mmofl_train_spec){.clip_norm = 1}, 0.1, w, NULL, g, 2);
        CHECK(isnan(norm) && isnan(w[0]));
    }
}

static void sets_that_round_alike_step_alike_at_every_length(void **state)
{
    (void)state;
    enum { N = 70 };
    for (size_t n = 1; n <= N; n++) {
        float first[2][N];
        bool seen[2] = {false, false};
        FOR_EACH_ISA(isa)
        {
            float w[N], v[N], g[N];
            fixture_fill(w, N, 1), fixture_fill(v, N, 2), fixture_fill(g, N, 3);
            float beyond = n < N ? w[n] : 0;
            step(isa,
                 (mmofl_train_spec){
                     .momentum = 0.9, .weight_decay = 1e-3, .clip_norm = 0.7},
                 0.05, w, v, g, n);
            CHECK(n == N || w[n] == beyond);
            if (seen[isa->fused])
                CHECK(fixture_same_bits(w, first[isa->fused], n));
            memcpy(first[isa->fused], w, sizeof w);
            seen[isa->fused] = true;
        }
    }
}

/* ---------------------------------------------------------------- schedules */

static void schedules_by_hand(void **state)
{
    (void)state;
    const struct {
        const char *text;
        uint64_t round;
        double lr;
    } known[] = {
        {"constant start=0.3", 1, 0.3},
        {"constant start=0.3", 1000, 0.3},
        {"constant", 1, 1},
        {"exponential start=2 decay=0.5", 1, 2},
        {"exponential start=2 decay=0.5", 2, 1},
        {"exponential start=2 decay=0.5", 5, 0.125},
        {"exponential start=2 decay=0.5 floor=0.2", 5, 0.2},
        {"exponential start=1 decay=0.98", 51, 0.36416968008711703},
        {"exponential start=1 decay=0.9", 1000000, 0},
        {"inverse_sqrt start=3", 1, 3},
        {"inverse_sqrt start=3", 4, 1.5},
        {"inverse_sqrt start=3", 100, 0.3},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        mmofl_pick pick = fixture_pick(mmofl_lr_kinds(), known[i].text);
        CHECK_NEAR(mmofl_lr_at(&pick, known[i].round), known[i].lr,
                   1e-14 * known[i].lr);
    }
}

CHECK_MAIN(TEST(a_plain_step_by_hand), TEST(weight_decay_pulls_towards_zero),
           TEST(momentum_adds_up_as_in_pytorch),
           TEST(clipping_scales_long_gradients_and_leaves_short_ones),
           TEST(clipping_comes_before_weight_decay),
           TEST(a_nan_gradient_is_not_hidden_by_clipping),
           TEST(sets_that_round_alike_step_alike_at_every_length),
           TEST(schedules_by_hand))
