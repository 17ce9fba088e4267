/* What methods do to slots and masks, and what they have in common to the bit. */
#define _GNU_SOURCE
#include "method_fixture.h"

/* ---------------------------------------------------------------- slots */

/* Features as the head gets them. */
typedef struct caught {
    const mmofl_feature_hooks *inner;
    float z[TOY_N * TOY_D];
} caught;

static void catch_features(void *context, const mmofl_batch *batch, int from, int n,
                           mmofl_span z)
{
    caught *c = context;
    if (c->inner->fused)
        c->inner->fused(c->inner->context, batch, from, n, z);
    for (int i = 0; i < n; i++)
        memcpy(c->z + (from + i) * TOY_D, z.at + (size_t)i * z.stride,
               TOY_D * sizeof(float));
}

/* The features of the toy's batch under a method, in training or at test time. */
static void fused(toy *t, const char *method, bool testing, float *z)
{
    toy_method m;
    toy_method_new(t, method, &m);
    mmofl_method_round begin = toy_round(t, 1);
    mmofl_method_instance_begin(&m.instance, &begin);
    mmofl_batch batch = t->batch;
    if (testing)
        mmofl_method_instance_test(&m.instance, &batch);
    else
        mmofl_method_instance_train(&m.instance, &batch);
    caught c = {.inner = batch.hooks};
    mmofl_feature_hooks hooks = {.fused = catch_features, .context = &c};
    batch.hooks = &hooks;
    mmofl_model_predict(t->model, t->ws, t->w, &batch, NULL, NULL, NULL);
    memcpy(z, c.z, sizeof c.z);
    toy_method_delete(&m);
}

/* What the method should have put into the slot of modality m that sample i lacks. */
typedef void slot_rule(const toy *t, int i, int m, float *slot);

static void zero_slot(const toy *t, int i, int m, float *slot)
{
    (void)t, (void)i;
    memset(slot, 0, (size_t)toy_width[m] * sizeof *slot);
}

static void class_slot(const toy *t, int i, int m, float *slot)
{
    zero_slot(t, i, m, slot);
    if (t->seen[m * TOY_K + t->label[i]])
        memcpy(slot, t->mean + (size_t)t->label[i] * TOY_D + toy_at(m),
               (size_t)toy_width[m] * sizeof *slot);
}

static void mean_slot(const toy *t, int i, int m, float *slot)
{
    (void)i;
    for (int k = 0; k < toy_width[m]; k++) {
        double sum = 0;
        int n = 0;
        for (int c = 0; c < TOY_K; c++) {
            if (!t->seen[m * TOY_K + c])
                continue;
            sum += (double)t->mean[(size_t)c * TOY_D + toy_at(m) + (size_t)k];
            n++;
        }
        slot[k] = (float)(sum / n);
    }
}

static void bias_slot(const toy *t, int i, int m, float *slot)
{
    (void)i; /* a linear encoder makes its bias of zeros */
    memcpy(slot, t->w + toy_at(m) * (TOY_WIDE + 1) + toy_width[m] * TOY_WIDE,
           (size_t)toy_width[m] * sizeof *slot);
}

static void missing_slots_hold_what_the_method_says(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        slot_rule *training, *testing;
    } rules[] = {
        {"pm", zero_slot, zero_slot},
        {"full", zero_slot, zero_slot},
        {"zf", bias_slot, bias_slot},
        {"mean-fill", mean_slot, mean_slot},
        {"pmm", class_slot, zero_slot},
        {"pmr", zero_slot, zero_slot},
        {"ogm-ge", zero_slot, zero_slot},
        {"fedproto", zero_slot, zero_slot},
        {"fedamm", zero_slot, zero_slot},
        {"qqr", zero_slot, zero_slot},
        {"qqr substitute=true", class_slot, zero_slot},
    };
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++)
        for (int testing = 0; testing < 2; testing++) {
            toy t;
            toy_new(&t, 5);
            float z[TOY_N * TOY_D], slot[TOY_D];
            double w[TOY_W], own[TOY_D];
            fused(&t, rules[r].method, testing, z);
            fixture_widen(t.w, w, TOY_W);
            for (int i = 0; i < TOY_N; i++)
                for (int m = 0; m < TOY_M; m++) {
                    toy_features(&t, w, i, own);
                    (testing ? rules[r].testing : rules[r].training)(&t, i, m, slot);
                    for (int k = 0; k < toy_width[m]; k++) {
                        size_t at = toy_at(m) + (size_t)k;
                        CHECK_NEAR(z[(size_t)i * TOY_D + at],
                                   toy_has(&t, i, m) ? own[at] : (double)slot[k], 1e-6);
                    }
                }
            toy_delete(&t);
        }
}

static void dropout_keeps_at_least_one_modality(void **state)
{
    (void)state;
    toy t;
    toy_new(&t, TOY_N);
    enum { ROUNDS = 300 };
    int dropped = 0, of = 0;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        toy_method m;
        toy_method_new(&t, "dropout p=0.4", &m);
        mmofl_method_round begin = toy_round(&t, round);
        mmofl_method_instance_begin(&m.instance, &begin);
        mmofl_batch batch = t.batch;
        mmofl_method_instance_train(&m.instance, &batch);
        for (int i = 0; i < TOY_N; i++) {
            CHECK(batch.mask[i] != 0 && (batch.mask[i] & ~t.mask[i]) == 0);
            CHECK(t.mask[i] != 0);
            if (t.mask[i] == 7)
                of++, dropped += !(batch.mask[i] & 1);
        }
        toy_method_delete(&m);
    }
    /* One of three: 0.4, less a third of the times when all three would go. */
    double p = 0.4 - 0.4 * 0.4 * 0.4 / 3;
    CHECK_NEAR((double)dropped / of, p, 5 * sqrt(p * (1 - p) / of));
    toy_delete(&t);
}

/* Bits of modalities that the model has no encoder for do not count as kept. */
static void dropout_knows_what_the_model_uses(void **state)
{
    (void)state;
    toy t;
    toy_new(&t, TOY_N);
    for (int i = 0; i < TOY_N; i++)
        t.mask[i] |= 8;
    for (uint64_t round = 1; round <= 50; round++) {
        toy_method m;
        toy_method_new(&t, "dropout p=0.9", &m);
        mmofl_method_round begin = toy_round(&t, round);
        mmofl_method_instance_begin(&m.instance, &begin);
        mmofl_batch batch = t.batch;
        mmofl_method_instance_train(&m.instance, &batch);
        for (int i = 0; i < TOY_N; i++)
            CHECK(batch.mask[i] & 7);
        toy_method_delete(&m);
    }
    toy_delete(&t);
}

/* ---------------------------------------------------------------- identities */

static void same_gradient(toy *t, const char *a, const char *b)
{
    float first[TOY_W];
    double loss = toy_gradient(t, a, 1);
    memcpy(first, t->g, sizeof first);
    if (toy_gradient(t, b, 1) != loss || !fixture_same_bits(first, t->g, TOY_W))
        fail_msg("%s is not %s", a, b);
}

static void methods_that_are_the_same_give_the_same_bits(void **state)
{
    (void)state;
    toy t;
    toy_new(&t, 4);
    same_gradient(&t, "qqr alpha=0 lambda=0 gamma=0 r_cap=1", "pm");
    same_gradient(&t, "qqr alpha=0 lambda=1 gamma=0 r_cap=1 persistent=mean",
                  "fedproto lambda=1");
    same_gradient(&t, "qqr alpha=0 lambda=0 gamma=0 r_cap=1 substitute=true", "pmm");
    same_gradient(&t, "dropout p=0", "pm");
    same_gradient(&t, "fedproto lambda=0", "pm");
    same_gradient(&t, "pmr alpha=0 mu=0", "pm");
    same_gradient(&t, "fedamm", "pm");
    same_gradient(&t, "full", "pm");
    for (int i = 0; i < TOY_N; i++)
        t.mask[i] = 7; /* nothing is missing */
    static const char *const same_as_pm[] = {"zf", "pmm", "mean-fill"};
    for (size_t i = 0; i < sizeof same_as_pm / sizeof *same_as_pm; i++)
        same_gradient(&t, same_as_pm[i], "pm");
    memset(t.seen, 0, sizeof t.seen); /* no prototype yet, as in the first round */
    static const char *const first_round[] = {"pmm", "pmr", "fedproto", "mean-fill",
                                              "qqr"};
    for (size_t i = 0; i < sizeof first_round / sizeof *first_round; i++)
        same_gradient(&t, first_round[i], "pm");
    toy_delete(&t);
}

static void prototypes_that_do_not_exist_change_nothing(void **state)
{
    (void)state;
    static const char *const methods[] = {"mean-fill", "pmm", "pmr",
                                          "fedproto",  "qqr", "qqr substitute=true"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        toy t;
        toy_new(&t, TOY_N);
        double loss = toy_gradient(&t, methods[i], 1);
        float kept[TOY_W];
        memcpy(kept, t.g, sizeof kept);
        for (size_t k = toy_at(1); k < toy_at(2); k++)
            t.mean[3 * TOY_D + k] = 1e6f; /* the one that is not seen */
        CHECK(toy_gradient(&t, methods[i], 1) == loss);
        CHECK(fixture_same_bits(kept, t.g, TOY_W));
        toy_delete(&t);
    }
}

/* ---------------------------------------------------------------- memory */

static void any_failing_allocation_is_reported(void **state)
{
    (void)state;
    toy t;
    toy_new(&t, TOY_N);
    mmofl_kind_list kinds = mmofl_method_kinds();
    for (int k = 0; k < kinds.n; k++) {
        mmofl_status st = MMOFL_E_MEMORY;
        for (long fail_after = 1; st == MMOFL_E_MEMORY; fail_after++) {
            mmofl_pick pick = mmofl_pick_default(kinds.kinds[k]);
            mmofl_arena arena = {.fail_after = fail_after};
            mmofl_method_instance instance;
            st = mmofl_method_instance_init(&instance, &pick, t.model, TOY_N, &arena);
            mmofl_method_instance_drop(&instance);
            mmofl_arena_free(&arena);
        }
        CHECK_OK(st);
    }
    toy_delete(&t);
}

static void every_method_has_a_source_and_fits_its_options(void **state)
{
    (void)state;
    mmofl_kind_list kinds = mmofl_method_kinds();
    for (int k = 0; k < kinds.n; k++) {
        const mmofl_kind *kind = kinds.kinds[k];
        CHECK(kind->help && kind->source &&
              kind->options_size <= MMOFL_KIND_OPTION_BYTES);
        CHECK(mmofl_kind_find(kinds, kind->name) == kind);
        const mmofl_method_kind *method = (const void *)kind;
        CHECK(!method->prototypes ||
              kind->options_size >= sizeof(mmofl_prototype_options));
    }
}

CHECK_MAIN(TEST(missing_slots_hold_what_the_method_says),
           TEST(dropout_keeps_at_least_one_modality),
           TEST(dropout_knows_what_the_model_uses),
           TEST(methods_that_are_the_same_give_the_same_bits),
           TEST(prototypes_that_do_not_exist_change_nothing),
           TEST(any_failing_allocation_is_reported),
           TEST(every_method_has_a_source_and_fits_its_options))
