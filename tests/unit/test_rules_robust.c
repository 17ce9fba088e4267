/* Robust rules by hand, and what holds for every rule: order, pieces, memory. */
#define _GNU_SOURCE
#include "learn/method.h"
#include "rules_fixture.h"

/* ---------------------------------------------------------------- by hand */

static void median_by_hand(void **state)
{
    (void)state;
    mmofl_coordinator *c = new_coordinator(4, 1, "median");
    const float x[4][N] = {{1, -5, 0}, {3, 2, 1}, {2, 9, 7}, {100, 4, -0.0f}};
    const float *w = run_rows(c, x, NULL, 3);
    CHECK(w[0] == 2 && w[1] == 2 && w[2] == 1);
    w = run_rows(c, x, NULL, 4); /* an even number: between the middle two */
    CHECK(w[0] == 2.5f && w[1] == 3 && w[2] == 0.5f);
    CHECK(fixture_same_bits(run_rows(c, x, NULL, 1), x[0], N));
    CHECK(fixture_same_bits(run_rows(c, x, NULL, 0), x[0], N)); /* none: no change */
    mmofl_coordinator_delete(c);
}

static void trimmed_mean_by_hand(void **state)
{
    (void)state;
    mmofl_coordinator *c = new_coordinator(5, 1, "trimmed_mean trim=0.2");
    const float x[5][N] = {{1, -9, 1}, {2, 0, 1}, {6, 3, 1}, {90, 0, 1}, {-90, 90, 4}};
    const float *w = run_rows(c, x, NULL, 5);
    CHECK(w[0] == 3 && w[1] == 1 && w[2] == 1);
    w = run_rows(c, x, NULL, 4); /* a fifth of four is none */
    CHECK(w[0] == 24.75f);
    mmofl_coordinator_delete(c);
}

static void a_tenth_of_ten_is_one(void **state)
{
    (void)state;
    mmofl_coordinator *c = new_coordinator(10, 1, "trimmed_mean trim=0.1");
    float x[10][N] = {{0}};
    x[3][0] = 1000, x[4][0] = -3000;
    CHECK(run_rows(c, (const float(*)[N])x, NULL, 10)[0] == 0);
    mmofl_coordinator_delete(c);
}

static void krum_picks_the_model_in_the_crowd(void **state)
{
    (void)state;
    const float x[5][N] = {
        {0, 0, 0}, {1, 0, 0}, {1.5f, 0, 0}, {3, 0, 0}, {-50, 7, 1e30f}};
    /* Two neighbours each: 1 + 2.25, 1 + 0.25, 0.25 + 2.25, 2.25 + 4. */
    mmofl_coordinator *c = new_coordinator(5, 1, "krum byzantine=1");
    CHECK(fixture_same_bits(run_rows(c, x, NULL, 5), x[1], N));
    mmofl_coordinator_delete(c);
    c = new_coordinator(5, 1, "krum byzantine=1 multi=2");
    CHECK(run_rows(c, x, NULL, 5)[0] == 1.25f);
    mmofl_coordinator_delete(c);
}

static void krum_takes_the_lower_number_of_equal_scores(void **state)
{
    (void)state;
    const float x[5][N] = {{9, 0, 0}, {2, 0, 0}, {1, 0, 0}, {2, 0, 0}, {1, 0, 0}};
    mmofl_coordinator *c = new_coordinator(5, 1, "krum byzantine=1");
    CHECK(run_rows(c, x, NULL, 5)[0] == 2);
    CHECK(run_rows(c, x, NULL, 1)[0] == 9); /* fewer than asked: as far as it goes */
    CHECK(run_rows(c, x, NULL, 0)[0] == 9);
    mmofl_coordinator_delete(c);
}

/* ---------------------------------------------------------------- ill will */

static void one_absurd_update_moves_no_robust_rule(void **state)
{
    (void)state;
    static const char *const robust[] = {"median", "trimmed_mean trim=0.2",
                                         "krum byzantine=1"};
    for (int r = 0; r < 3; r++) {
        mmofl_coordinator *c = new_coordinator(5, 1, robust[r]);
        for (uint64_t t = 1; t <= 3; t++) {
            float x[5][N];
            for (uint32_t d = 0; d < 5; d++)
                fixture_fill(x[d], N, 10 * t + d);
            for (int i = 0; i < N; i++)
                x[t][i] = t == 2 ? -3e38f : 3e38f;
            const float *w = run_rows(c, (const float(*)[N])x, NULL, 5);
            for (int i = 0; i < N; i++)
                CHECK(fabsf(w[i]) <= 1);
        }
        mmofl_coordinator_delete(c);
    }
}

static void no_rule_takes_nan(void **state)
{
    (void)state;
    for (int r = 0; r < EVERY_RULE; r++) {
        mmofl_coordinator *c = new_coordinator(5, 1, every_rule[r]);
        const uint32_t *who;
        uint32_t n;
        open_round(c, &who, &n);
        float w[N], change[N] = {0};
        mmofl_update update = answer(0, 1, w);
        update.rule = change;
        w[1] = NAN;
        CHECK_STATUS(mmofl_coordinator_accept(c, &update), MMOFL_E_NONFINITE);
        w[1] = 0;
        CHECK_OK(mmofl_coordinator_accept(c, &update)); /* it had not been counted */
        mmofl_coordinator_delete(c);
    }
}

/* ---------------------------------------------------------------- every rule */

enum { DEVICES = 9 };

static void answer_in_order(mmofl_coordinator *c, uint64_t round, const uint32_t *order)
{
    for (int i = 0; i < DEVICES; i++) {
        float w[N], change[N];
        mmofl_update update = answer(order[i], round, w);
        fixture_fill(change, N, 1000 * round + order[i]);
        update.rule = change;
        update.report.steps = 1 + order[i] % 3;
        CHECK_OK(mmofl_coordinator_accept(c, &update));
    }
}

static void no_rule_depends_on_the_order_of_updates(void **state)
{
    (void)state;
    for (int r = 0; r < EVERY_RULE; r++) {
        float expected[N];
        for (uint64_t shuffle = 0; shuffle < 6; shuffle++) {
            uint32_t order[DEVICES];
            for (uint32_t i = 0; i < DEVICES; i++)
                order[i] = i;
            mmofl_rng rng = fixture_rng(shuffle);
            mmofl_coordinator *c = new_coordinator(DEVICES, 1, every_rule[r]);
            for (uint64_t t = 1; t <= 3; t++) {
                const uint32_t *who;
                uint32_t n;
                open_round(c, &who, &n);
                if (shuffle > 0)
                    mmofl_rng_shuffle(&rng, order, DEVICES);
                answer_in_order(c, t, order);
                close_round(c);
            }
            const float *w = mmofl_coordinator_parameters(c);
            if (shuffle == 0)
                memcpy(expected, w, sizeof expected);
            else if (!fixture_same_bits(w, expected, N))
                fail_msg("%s depends on the order", every_rule[r]);
            mmofl_coordinator_delete(c);
        }
    }
}

static void a_round_without_updates_changes_nothing(void **state)
{
    (void)state;
    const uint32_t in_order[DEVICES] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    for (int r = 0; r < EVERY_RULE; r++) {
        mmofl_coordinator *c = new_coordinator(DEVICES, 1, every_rule[r]);
        const uint32_t *who;
        uint32_t n;
        float before[N];
        open_round(c, &who, &n);
        answer_in_order(c, 1, in_order);
        close_round(c);
        memcpy(before, mmofl_coordinator_parameters(c), sizeof before);
        open_round(c, &who, &n);
        close_round(c);
        CHECK(fixture_same_bits(mmofl_coordinator_parameters(c), before, N));
        mmofl_coordinator_delete(c);
    }
}

/* ---------------------------------------------------------------- pieces */

/* Two encoders and a head; device 1 never recorded the second modality, nobody the
 * first. */
static void rules_leave_an_encoder_to_those_who_recorded_it(void **state)
{
    (void)state;
    fixture_spec spec = {0};
    const mmofl_shape shape = {1, {2}};
    fixture_add(&spec, "a", shape, "linear out=2");
    fixture_add(&spec, "b", shape, "linear out=2");
    fixture_head(&spec, "linear out=3");
    mmofl_model *model = fixture_model(&spec, 3, NULL);
    mmofl_pick method = fixture_pick(mmofl_method_kinds(), "fedamm");
    size_t n = model->n_parameters, b = model->encoder[1].first_parameter;
    float *x = malloc(3 * n * sizeof *x), *start = x + 2 * n;
    CHECK(x);
    fixture_fill(x, 3 * n, 5);
    const uint32_t recorded[2][2] = {{0, 4}, {0, 0}};
    for (int r = 0; r < EVERY_RULE - 1; r++) { /* krum refuses */
        mmofl_coordinator_setup setup = setup_of(2, 1, every_rule[r]);
        setup.n_parameters = n, setup.model = model, setup.method = &method;
        mmofl_coordinator *c;
        CHECK_OK(mmofl_coordinator_new(&setup, start, &c, NULL));
        mmofl_broadcast broadcast;
        const uint32_t *who;
        uint32_t asked;
        CHECK_OK(mmofl_coordinator_open(c, &broadcast, &who, &asked));
        for (uint32_t d = 0; d < 2; d++)
            CHECK_OK(
                mmofl_coordinator_accept(c, &(mmofl_update){.device = d,
                                                            .round = 1,
                                                            .n_parameters = n,
                                                            .parameters = x + d * n,
                                                            .samples = 4,
                                                            .recorded = recorded[d],
                                                            .report = {.steps = 1},
                                                            .rule = start}));
        close_round(c);
        const float *w = mmofl_coordinator_parameters(c);
        CHECK(fixture_same_bits(w, start, b)); /* nobody recorded a */
        bool server_steps = strncmp(every_rule[r], "fedadam", 7) == 0 ||
                            strncmp(every_rule[r], "fedyogi", 7) == 0;
        for (size_t i = b; !server_steps && i < b + model->encoder[1].n_parameters; i++)
            CHECK_NEAR(w[i], x[i], 1e-6); /* device 0 alone */
        CHECK(w[n - 1] != start[n - 1]);
        mmofl_coordinator_delete(c);
    }
    free(x);
    mmofl_model_delete(model);
}

/* ---------------------------------------------------------------- refusals */

static void refuse(mmofl_coordinator_setup setup, mmofl_status wanted, const char *text)
{
    mmofl_coordinator *c = NULL;
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_coordinator_new(&setup, initial, &c, &err), wanted);
    CHECK(!c);
    CHECK_CONTAINS(err.text, text);
}

static void rules_refuse_what_makes_no_sense(void **state)
{
    (void)state;
    refuse(setup_of(6, 1, "krum byzantine=2"), MMOFL_E_RANGE,
           "at least 7 participants");
    refuse(setup_of(20, 6, "krum byzantine=2"), MMOFL_E_RANGE, "there are 6");
    refuse(setup_of(7, 1, "krum byzantine=2 multi=4"), MMOFL_E_RANGE, "at most 3");
    mmofl_pick method = fixture_pick(mmofl_method_kinds(), "fedamm");
    mmofl_coordinator_setup setup = setup_of(7, 1, "krum");
    setup.method = &method;
    refuse(setup, MMOFL_E_INFEASIBLE, "another rule");
}

static void rules_that_keep_models_refuse_what_memory_cannot_hold(void **state)
{
    (void)state;
    mmofl_coordinator_setup setup = setup_of(5, 1, "median");
    setup.n_parameters = (size_t)1 << 20; /* 20 MiB for five */
    setup.memory_limit = (size_t)10 << 20;
    refuse(setup, MMOFL_E_MEMORY, "20 MiB, and 10 MiB are free");
}

static void every_failing_allocation_of_every_rule_is_reported(void **state)
{
    (void)state;
    for (int r = 0; r < EVERY_RULE; r++) {
        mmofl_coordinator_setup setup = setup_of(6, 1, every_rule[r]);
        mmofl_coordinator *c = NULL;
        for (setup.fail_after = 1; !c; setup.fail_after++) {
            mmofl_status st = mmofl_coordinator_new(&setup, initial, &c, NULL);
            CHECK(st == MMOFL_OK || st == MMOFL_E_MEMORY);
        }
        CHECK(setup.fail_after > 6);
        mmofl_coordinator_delete(c);
    }
}

CHECK_MAIN(TEST(median_by_hand), TEST(trimmed_mean_by_hand),
           TEST(a_tenth_of_ten_is_one), TEST(krum_picks_the_model_in_the_crowd),
           TEST(krum_takes_the_lower_number_of_equal_scores),
           TEST(one_absurd_update_moves_no_robust_rule), TEST(no_rule_takes_nan),
           TEST(no_rule_depends_on_the_order_of_updates),
           TEST(a_round_without_updates_changes_nothing),
           TEST(rules_leave_an_encoder_to_those_who_recorded_it),
           TEST(rules_refuse_what_makes_no_sense),
           TEST(rules_that_keep_models_refuse_what_memory_cannot_hold),
           TEST(every_failing_allocation_of_every_rule_is_reported))
