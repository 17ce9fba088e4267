/* Prototypes: a device's sums, the coordinator's means of a round and over rounds. */
#define _GNU_SOURCE
#include "fed/global_prototypes.h"
#include "method_fixture.h"

/* ---------------------------------------------------------------- local sums */

static void only_recorded_samples_are_summed(void **state)
{
    (void)state;
    toy t;
    toy_new(&t, TOY_N);
    mmofl_arena arena = {0};
    mmofl_prototype_sums sums;
    CHECK_OK(mmofl_prototype_sums_init(&sums, t.model, &arena));
    float z[TOY_N * TOY_D];
    fixture_fill(z, TOY_N * TOY_D, 40);
    mmofl_span first = {.at = z, .stride = TOY_D};
    mmofl_span rest = {.at = z + 5 * TOY_D, .stride = TOY_D};
    mmofl_prototype_sums_add(&sums, t.model, t.mask, t.label, 5, first);
    mmofl_prototype_sums_add(&sums, t.model, t.mask + 5, t.label + 5, TOY_N - 5, rest);
    for (int m = 0; m < TOY_M; m++)
        for (int c = 0; c < TOY_K; c++) {
            uint32_t count = 0;
            float sum[8] = {0};
            for (int i = 0; i < TOY_N; i++) {
                if (!toy_has(&t, i, m) || t.label[i] != c)
                    continue;
                count++;
                for (int k = 0; k < toy_width[m]; k++)
                    sum[k] += z[(size_t)i * TOY_D + toy_at(m) + (size_t)k];
            }
            CHECK_INT(sums.count[m * TOY_K + c], count);
            CHECK(fixture_same_bits(sums.sum + (size_t)c * TOY_D + toy_at(m), sum,
                                    (size_t)toy_width[m]));
        }
    mmofl_prototype_sums_clear(&sums, t.model);
    for (int p = 0; p < TOY_M * TOY_K; p++)
        CHECK(sums.count[p] == 0);
    for (int k = 0; k < TOY_K * TOY_D; k++)
        CHECK(sums.sum[k] == 0);
    CHECK_INT(mmofl_prototypes_numbers(t.model), TOY_K * TOY_D + TOY_M * TOY_K);
    mmofl_arena_free(&arena);
    toy_delete(&t);
}

static void substitution_fills_missing_slots_with_the_label_s_prototype(void **state)
{
    (void)state;
    toy t;
    toy_new(&t, TOY_N);
    float z[TOY_N * TOY_D] = {0};
    mmofl_span rest = {.at = z + 4 * TOY_D, .stride = TOY_D};
    mmofl_prototypes_substitute(&t.prototypes, t.model, &t.batch, 4, TOY_N - 4, rest);
    mmofl_prototypes_substitute(NULL, t.model, &t.batch, 0, 4,
                                (mmofl_span){.at = z, .stride = TOY_D});
    for (int i = 0; i < TOY_N; i++)
        for (int m = 0; m < TOY_M; m++) {
            bool filled =
                i >= 4 && !toy_has(&t, i, m) && t.seen[m * TOY_K + t.label[i]] > 0;
            const float *p = t.mean + (size_t)t.label[i] * TOY_D + toy_at(m);
            const float *slot = z + (size_t)i * TOY_D + toy_at(m);
            for (int k = 0; k < toy_width[m]; k++)
                CHECK(slot[k] == (filled ? p[k] : 0));
        }
    toy_delete(&t);
}

/* ---------------------------------------------------------------- global means */

/* Two modalities, of 2 and 1 features; two classes.  Rows of sums: class 0, class 1. */
enum { D = 3, K = 2, M = 2 };

typedef struct rig {
    fixture_spec spec;
    mmofl_model *model;
    mmofl_arena arena;
    mmofl_global_prototypes global;
    mmofl_prototypes view;
} rig;

static void rig_new(rig *r, mmofl_prototype_options options)
{
    *r = (rig){0};
    fixture_add(&r->spec, "a", (mmofl_shape){1, {2}}, "linear out=2");
    fixture_add(&r->spec, "b", (mmofl_shape){1, {2}}, "linear out=1");
    fixture_head(&r->spec, "linear out=2");
    r->model = fixture_model(&r->spec, K, NULL);
    CHECK_OK(mmofl_global_prototypes_init(&r->global, r->model, &options, &r->arena));
    r->view = mmofl_global_prototypes_view(&r->global);
}

static void rig_delete(rig *r)
{
    mmofl_arena_free(&r->arena);
    mmofl_model_delete(r->model);
}

/* counts: a0 a1 b0 b1 */
static void add(rig *r, const float *sum, const uint32_t *count)
{
    float s[K * D];
    uint32_t n[M * K];
    memcpy(s, sum, sizeof s);
    memcpy(n, count, sizeof n);
    mmofl_prototype_sums sums = {s, n};
    CHECK_OK(mmofl_global_prototypes_check(&r->global, &sums));
    mmofl_global_prototypes_add(&r->global, &sums);
}

static const float one_sum[K * D] = {4, 8, 2, 0, 0, 6}, /* class 0: a, a, b; class 1 */
    two_sum[K * D] = {8, -2, 0, 0, 0, 3};
static const uint32_t one_count[M * K] = {4, 0, 1, 2}, two_count[M * K] = {2, 0, 0, 1};

static void a_round_s_means_by_hand(void **state)
{
    (void)state;
    for (int temporal = 0; temporal < 2; temporal++) {
        rig r;
        rig_new(&r, (mmofl_prototype_options){.rho = 0.5, .temporal = temporal});
        mmofl_global_prototypes_begin(&r.global);
        add(&r, one_sum, one_count);
        add(&r, two_sum, two_count);
        mmofl_global_prototypes_finish(&r.global);
        /* samples: (4 + 8) / 6, (8 - 2) / 6; devices: (1 + 4) / 2, (2 - 1) / 2 */
        bool devices = temporal == MMOFL_TEMPORAL_DEVICES;
        CHECK(r.view.mean[0] == (devices ? 2.5f : 2));
        CHECK(r.view.mean[1] == (devices ? 0.5f : 1));
        CHECK(r.view.mean[2] == 2); /* one device alone saw it */
        CHECK(r.view.mean[5] == 3); /* 9 / 3, and (3 + 3) / 2 */
        CHECK(r.view.seen[0] == 1 && r.view.seen[1] == 0 && r.view.seen[2] == 1 &&
              r.view.seen[3] == 1);
        CHECK(r.view.mean[3] == 0 && r.view.mean[4] == 0); /* nobody saw a's class 1 */
        rig_delete(&r);
    }
}

/* Values 8, 0, 4 for one pair in three rounds, and a round without it in between. */
static void persistent_means_by_hand(void **state)
{
    (void)state;
    static const float wanted[2][4] = {{8, 2, 2, 3.5f}, /* rho = 0.25 */
                                       {8, 4, 4, 4}};   /* 8; (8 + 0)/2; 12/3 */
    for (int persistent = 0; persistent < 2; persistent++) {
        rig r;
        rig_new(&r, (mmofl_prototype_options){.rho = 0.25, .persistent = persistent});
        static const float value[] = {8, 0, 0, 4};
        static const uint32_t seen[] = {1, 2, 2, 3};
        for (int t = 0; t < 4; t++) {
            mmofl_global_prototypes_begin(&r.global);
            if (t != 2)
                add(&r, (const float[K * D]){value[t] * 2, 0, 0, 0, 0, 0},
                    (const uint32_t[M * K]){2, 0, 0, 0});
            mmofl_global_prototypes_finish(&r.global);
            CHECK_NEAR(r.view.mean[0], wanted[persistent][t], 1e-6);
            CHECK_INT(r.view.seen[0], seen[t]);
            CHECK_INT(r.view.seen[2], 0);
        }
        rig_delete(&r);
    }
}

static void the_order_of_devices_does_not_matter(void **state)
{
    (void)state;
    enum { DEVICES = 7 };
    float mean[2][2][K * D];
    for (int temporal = 0; temporal < 2; temporal++)
        for (int backwards = 0; backwards < 2; backwards++) {
            rig r;
            rig_new(&r, (mmofl_prototype_options){.rho = 0.5, .temporal = temporal});
            for (uint64_t round = 0; round < 3; round++) {
                mmofl_global_prototypes_begin(&r.global);
                for (int i = 0; i < DEVICES; i++) {
                    uint64_t d = (uint64_t)(backwards ? DEVICES - 1 - i : i);
                    float sum[K * D];
                    fixture_fill(sum, K * D, 50 + DEVICES * round + d);
                    uint32_t n = 1 + (uint32_t)d % 3;
                    add(&r, sum, (const uint32_t[M * K]){n, 3, n + 1, 1});
                }
                mmofl_global_prototypes_finish(&r.global);
            }
            memcpy(mean[temporal][backwards], r.view.mean, sizeof mean[0][0]);
            rig_delete(&r);
        }
    for (int temporal = 0; temporal < 2; temporal++)
        CHECK(fixture_same_bits(mean[temporal][0], mean[temporal][1], K * D));
    CHECK(!fixture_same_bits(mean[0][0], mean[1][0], K * D));
}

static void sums_that_are_no_numbers_are_refused(void **state)
{
    (void)state;
    rig r;
    rig_new(&r, (mmofl_prototype_options){.rho = 0.5});
    mmofl_global_prototypes_begin(&r.global);
    float sum[K * D] = {0, NAN, 0, 0, 0, 0};
    uint32_t count[M * K] = {1, 0, 0, 0};
    mmofl_prototype_sums sums = {sum, count};
    CHECK_STATUS(mmofl_global_prototypes_check(&r.global, &sums), MMOFL_E_NONFINITE);
    sum[1] = 1e30f;
    CHECK_STATUS(mmofl_global_prototypes_check(&r.global, &sums), MMOFL_E_RANGE);
    rig_delete(&r);
}

static void any_failing_allocation_is_reported(void **state)
{
    (void)state;
    rig r;
    rig_new(&r, (mmofl_prototype_options){.rho = 0.5});
    mmofl_status st = MMOFL_E_MEMORY;
    long fail_after = 0;
    while (st == MMOFL_E_MEMORY) {
        mmofl_arena arena = {.fail_after = ++fail_after};
        mmofl_global_prototypes global;
        mmofl_prototype_sums sums;
        st = mmofl_prototype_sums_init(&sums, r.model, &arena);
        if (!st)
            st = mmofl_global_prototypes_init(
                &global, r.model, &(mmofl_prototype_options){.rho = 0.5}, &arena);
        mmofl_arena_free(&arena);
    }
    CHECK_OK(st);
    CHECK(fail_after > 6);
    rig_delete(&r);
}

CHECK_MAIN(TEST(only_recorded_samples_are_summed),
           TEST(substitution_fills_missing_slots_with_the_label_s_prototype),
           TEST(a_round_s_means_by_hand), TEST(persistent_means_by_hand),
           TEST(the_order_of_devices_does_not_matter),
           TEST(sums_that_are_no_numbers_are_refused),
           TEST(any_failing_allocation_is_reported))
