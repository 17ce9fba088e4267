/* Whole simulated rounds of each method: equal at any thread count and after a resume,
 * equal to each other where they must be, and blind to labels in tests. */
#define _GNU_SOURCE
#include "fleet_fixture.h"

enum { ROUNDS = 4, STATE = 4 };

static const char *const methods[] = {
    "full", "pm",     "zf",       "mean-fill", "dropout", "pmm",
    "pmr",  "ogm-ge", "fedproto", "fedamm",    "qqr",     "qqr substitute=true"};
enum { METHODS = sizeof methods / sizeof *methods };

/* A fleet of one method; its data set's masks and labels are the test's own. */
typedef struct rig {
    fleet fleet;
    mmofl_pick method;
    uint32_t *mask;
    int32_t *label;
} rig;

static void rig_prepare(rig *r, const char *method, int threads, bool missing)
{
    fleet_prepare(&r->fleet, 6, 160, threads);
    r->method = fixture_pick(mmofl_method_kinds(), method);
    r->fleet.setup.method = &r->method;
    mmofl_dataset *data = r->fleet.data;
    size_t n = data->n_samples;
    r->mask = malloc(n * sizeof *r->mask);
    r->label = malloc(n * sizeof *r->label);
    CHECK(r->mask && r->label);
    for (size_t i = 0; i < n; i++) { /* a third lacks one, a third the other */
        r->mask[i] = missing ? 1 + (uint32_t)i % 3 : 3;
        r->label[i] = data->label[i];
    }
    data->mask = r->mask;
    data->label = r->label;
}

static void rig_delete(rig *r)
{
    fleet_delete(&r->fleet);
    free(r->mask);
    free(r->label);
}

static void run_rounds(rig *r, int rounds)
{
    fleet_start(&r->fleet);
    for (int t = 0; t < rounds; t++)
        fleet_round(&r->fleet);
}

/* The model after some rounds (free it). */
static float *model_of(const char *method, const char *aggregation, int threads,
                       bool missing, size_t *n)
{
    rig r;
    rig_prepare(&r, method, threads, missing);
    r.fleet.aggregation = fixture_pick(mmofl_aggregation_kinds(), aggregation);
    run_rounds(&r, ROUNDS);
    float *model = fleet_model(&r.fleet);
    *n = fleet_parameters(&r.fleet);
    rig_delete(&r);
    return model;
}

static bool same_model(const char *a, const char *b, const char *aggregation,
                       bool missing)
{
    size_t n;
    float *x = model_of(a, aggregation, 2, missing, &n);
    float *y = model_of(b, aggregation, 2, missing, &n);
    bool same = fixture_same_bits(x, y, n);
    free(x), free(y);
    return same;
}

/* ---------------------------------------------------------------- determinism */

static void every_number_of_threads_gives_the_same_bytes(void **state)
{
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        size_t n;
        float *one = model_of(methods[m], "fedavg", 1, true, &n);
        for (int threads = 2; threads <= 4; threads += 2) {
            float *more = model_of(methods[m], "fedavg", threads, true, &n);
            if (!fixture_same_bits(one, more, n))
                fail_msg("%s: %d threads give another model", methods[m], threads);
            free(more);
        }
        free(one);
    }
}

/* Bytes of a state array. */
static size_t state_bytes(mmofl_state_array a)
{
    return a.n * (a.type == MMOFL_STATE_F64 ? sizeof(double) : sizeof(float));
}

static void a_restored_fleet_goes_on_to_the_same_bytes(void **state)
{
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        rig first, second;
        rig_prepare(&first, methods[m], 2, true);
        run_rounds(&first, 2);
        rig_prepare(&second, methods[m], 2, true);
        fleet_start(&second.fleet);
        mmofl_state_array from[STATE], to[STATE];
        int n = mmofl_simulation_state(first.fleet.simulation, from, STATE);
        CHECK_INT(mmofl_simulation_state(second.fleet.simulation, to, STATE), n);
        for (int a = 0; a < n; a++) {
            CHECK_TEXT(from[a].name, to[a].name);
            memcpy(to[a].data, from[a].data, state_bytes(from[a]));
        }
        CHECK_OK(mmofl_simulation_restore(
            second.fleet.simulation, 2,
            mmofl_simulation_parameters(first.fleet.simulation)));
        for (int t = 0; t < 2; t++) {
            mmofl_round_summary a = fleet_round(&first.fleet),
                                b = fleet_round(&second.fleet);
            CHECK(a.loss == b.loss && a.method_loss == b.method_loss);
        }
        CHECK(fixture_same_bits(mmofl_simulation_parameters(first.fleet.simulation),
                                mmofl_simulation_parameters(second.fleet.simulation),
                                fleet_parameters(&first.fleet)));
        rig_delete(&first);
        rig_delete(&second);
    }
}

/* ---------------------------------------------------------------- identities */

static void with_nothing_missing_filling_does_nothing(void **state)
{
    (void)state;
    static const char *const same_as_pm[] = {"full", "zf", "pmm", "mean-fill"};
    for (size_t i = 0; i < sizeof same_as_pm / sizeof *same_as_pm; i++)
        CHECK(same_model(same_as_pm[i], "pm", "fedavg", false));
    CHECK(same_model("fedamm", "pm", "fedavg weights=samples", false));
    CHECK(!same_model("qqr", "pm", "fedavg", false));
}

static void with_modalities_missing_methods_differ(void **state)
{
    (void)state;
    for (int m = 2; m < METHODS; m++)
        if (same_model(methods[m], "pm", "fedavg", true))
            fail_msg("%s does nothing", methods[m]);
}

static void parts_of_qqr_are_other_methods(void **state)
{
    (void)state;
    CHECK(same_model("qqr alpha=0 lambda=0 gamma=0 r_cap=1", "pm", "fedavg", true));
    CHECK(same_model("qqr alpha=0 lambda=1 gamma=0 r_cap=1 persistent=mean",
                     "fedproto lambda=1", "fedavg", true));
    CHECK(same_model("qqr alpha=0 lambda=0 gamma=0 r_cap=1 substitute=true "
                     "persistent=mean temporal=devices",
                     "pmm", "fedavg", true));
    CHECK(same_model("dropout p=0", "pm", "fedavg", true));
}

/* ---------------------------------------------------------------- test labels */

/* How often each class is predicted in the test part, whose labels are as given:
 * as they are, all zero, or shifted. */
static void predictions(const char *method, int labels, uint64_t *count, int *classes)
{
    rig r;
    rig_prepare(&r, method, 2, true);
    mmofl_dataset *data = r.fleet.data;
    *classes = data->n_classes;
    for (size_t i = data->n_train; i < data->n_samples && labels > 0; i++)
        r.label[i] = labels == 1 ? 0 : (r.label[i] + 1 + (int)(i % 2)) % *classes;
    run_rounds(&r, ROUNDS);
    mmofl_evaluation e = mmofl_simulation_evaluate(r.fleet.simulation);
    for (int c = 0; c < *classes; c++) {
        count[c] = 0;
        for (int row = 0; row < *classes; row++)
            count[c] += e.confusion[row * *classes + c];
    }
    rig_delete(&r);
}

static void test_labels_change_no_prediction(void **state)
{
    (void)state;
    for (int m = 0; m < METHODS; m++) {
        uint64_t wanted[MMOFL_MAX_CLASSES], count[MMOFL_MAX_CLASSES];
        int classes;
        predictions(methods[m], 0, wanted, &classes);
        for (int labels = 1; labels <= 2; labels++) {
            predictions(methods[m], labels, count, &classes);
            for (int c = 0; c < classes; c++)
                if (count[c] != wanted[c])
                    fail_msg("%s predicts other classes when labels change",
                             methods[m]);
        }
    }
}

/* ---------------------------------------------------------------- cost */

static void prototypes_cost_what_they_are(void **state)
{
    (void)state;
    uint64_t bytes[2];
    for (int with = 0; with < 2; with++) {
        rig r;
        rig_prepare(&r, with ? "qqr" : "pm", 2, true);
        fleet_start(&r.fleet);
        mmofl_round_summary s = fleet_round(&r.fleet);
        bytes[with] = s.bytes_up;
        CHECK((mmofl_simulation_prototypes(r.fleet.simulation) != NULL) == with);
        rig_delete(&r);
    }
    /* 6 devices, 2 modalities, 6 classes, 8 features each, and a count for each pair */
    CHECK_INT(bytes[1] - bytes[0], 6 * 4 * (2 * 6 * 8 + 2 * 6));
}

CHECK_MAIN(TEST(every_number_of_threads_gives_the_same_bytes),
           TEST(a_restored_fleet_goes_on_to_the_same_bytes),
           TEST(with_nothing_missing_filling_does_nothing),
           TEST(with_modalities_missing_methods_differ),
           TEST(parts_of_qqr_are_other_methods), TEST(test_labels_change_no_prediction),
           TEST(prototypes_cost_what_they_are))
