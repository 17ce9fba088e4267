/* imbalance_fixture.h - made-up modalities (three unless asked otherwise) and an
 * imbalance of them, every setting within reach before it starts. */
#ifndef MMOFL_TESTS_IMBALANCE_FIXTURE_H
#define MMOFL_TESTS_IMBALANCE_FIXTURE_H

#include "nn_fixture.h"

#include "data/builder.h"
#include "data/disturbance.h"
#include "data/imbalance.h"
#include "data/missing_pattern.h"

enum { M = 3, T = 4, C = 2, SAMPLES = 30, HELD = 1000, ALL = (1 << M) - 1 };
enum { MOST = MMOFL_MAX_MODALITIES };
static const char *const names[MOST] = {"a", "b", "c", "d", "e", "f", "g", "h",
                                        "i", "j", "k", "l", "m", "n", "o", "p"};

typedef struct rig {
    mmofl_dataset *data;
    mmofl_stream_spec stream;
    mmofl_modality_imbalance modality[MOST], group_modality[2][MOST];
    mmofl_modality_imbalance test_modality[MOST];
    int device[2][3];
    mmofl_group_imbalance group[2];
    mmofl_imbalance_spec spec;
    mmofl_test_imbalance_spec test;
    mmofl_imbalance_setup setup;
    mmofl_imbalance *imbalance;
    uint32_t mask[HELD], disturbed[HELD];
} rig;

/* The last of n modalities may be of tokens. */
static inline mmofl_dataset *new_data(int n, mmofl_dtype last)
{
    static const char *const classes[2] = {"x", "y"};
    mmofl_modality modality[MOST] = {0};
    for (int m = 0; m < n; m++) {
        modality[m] = (mmofl_modality){.shape = {2, {T, C}}};
        snprintf(modality[m].name, sizeof modality[m].name, "%s", names[m]);
    }
    if (last == MMOFL_TOKENS) {
        modality[n - 1].dtype = last;
        modality[n - 1].vocabulary = 5;
        modality[n - 1].shape = (mmofl_shape){1, {T}};
    }
    const mmofl_builder_plan plan = {.name = "three",
                                     .citation = "",
                                     .n_modalities = n,
                                     .modality = modality,
                                     .n_classes = 2,
                                     .class_name = classes,
                                     .n_samples = SAMPLES,
                                     .n_train = SAMPLES / 2};
    mmofl_builder builder;
    mmofl_dataset *set;
    CHECK_OK(mmofl_builder_begin(&plan, &builder, NULL));
    for (int i = 0; i < SAMPLES; i++)
        builder.label[i] = i % 2;
    CHECK_OK(mmofl_builder_finish(&builder, &set, NULL));
    return set;
}

static inline mmofl_modality_imbalance entry(int m, double missing, const char *pattern,
                                             const char *noise)
{
    return (mmofl_modality_imbalance){
        names[m], missing, fixture_pick(mmofl_missing_pattern_kinds(), pattern),
        fixture_pick(mmofl_disturbance_kinds(), noise)};
}

/* n modalities at the same rate, without noise; change it, then rig_start. */
static inline void rig_prepare_many(rig *r, int n, double missing, const char *pattern)
{
    *r = (rig){.stream = {.buffer = 10, .fresh = 10, .initial = 10}};
    r->data = new_data(n, MMOFL_F32);
    for (int m = 0; m < n; m++)
        r->modality[m] = entry(m, missing, pattern, "none");
    r->spec = (mmofl_imbalance_spec){.bad_devices = 1,
                                     .n_modalities = n,
                                     .modality = r->modality,
                                     .group = r->group};
    r->test = (mmofl_test_imbalance_spec){.modality = r->test_modality};
    r->setup = (mmofl_imbalance_setup){.spec = &r->spec,
                                       .test = &r->test,
                                       .stream = &r->stream,
                                       .data = r->data,
                                       .used = (UINT32_C(1) << n) - 1,
                                       .devices = 8,
                                       .seed = 5};
}

static inline void rig_prepare(rig *r, double missing, const char *pattern)
{
    rig_prepare_many(r, M, missing, pattern);
}

static inline void rig_start(rig *r)
{
    mmofl_error err = {0};
    if (mmofl_imbalance_new(&r->setup, &r->imbalance, &err))
        fail_msg("%s", err.text);
}

static inline void rig_delete(rig *r)
{
    mmofl_imbalance_delete(r->imbalance);
    mmofl_dataset_close(r->data);
}

/* Samples first ... first + n - 1 of a device, of which everything was recorded. */
static inline void look(rig *r, uint64_t device, uint64_t first, int n)
{
    CHECK(n <= HELD);
    for (int i = 0; i < n; i++)
        r->mask[i] = (UINT32_C(1) << r->data->n_modalities) - 1;
    mmofl_imbalance_window(r->imbalance, device, (mmofl_window){first, n, n}, r->mask,
                           r->disturbed);
}

/* Within five binomial standard deviations. */
static inline void check_share(double count, double n, double share)
{
    CHECK_NEAR(count / n, share, 5 * sqrt(share * (1 - share) / n) + 1e-12);
}

static inline int count_missing(const rig *r, int m, int n)
{
    int missing = 0;
    for (int i = 0; i < n; i++)
        missing += !(r->mask[i] >> m & 1);
    return missing;
}

#endif
