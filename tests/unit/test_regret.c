/* test_regret.c - everything seen as one function, the best fixed model, the curve. */
#define _GNU_SOURCE /* MAP_ANONYMOUS, strtok_r */
#include "data/disturbance.h"
#include "data/missing_pattern.h"
#include "fleet_fixture.h"
#include "run/regret.h"

enum { ROUNDS = 6 };

typedef struct rig {
    fleet fleet;
    mmofl_modality_imbalance modality;
    mmofl_imbalance_spec imbalance;
    mmofl_hindsight *hindsight;
} rig;

/* The fixture's small fleet with losses and noise in its first modality. */
static void prepare(rig *r, int threads, const char *encoder)
{
    *r = (rig){0};
    fleet *f = &r->fleet;
    fleet_prepare(f, 5, 300, threads);
    if (encoder) {
        f->spec = (fixture_spec){0};
        for (int m = 0; m < 2; m++)
            fixture_add(&f->spec, f->data->modality[m].name, f->data->modality[m].shape,
                        encoder);
        fixture_head(&f->spec, "linear out=6");
    }
    r->modality = (mmofl_modality_imbalance){
        .modality = f->data->modality[0].name,
        .missing = 0.5,
        .pattern = mmofl_pick_default(mmofl_missing_pattern_kinds().kinds[0]),
        .noise = fixture_pick(mmofl_disturbance_kinds(), "gauss share=0.5 sigma=1")};
    r->imbalance = (mmofl_imbalance_spec){
        .bad_devices = 1, .n_modalities = 1, .modality = &r->modality};
    f->setup.imbalance = &r->imbalance;
}

static void start(rig *r, bool undisturbed)
{
    fleet_start(&r->fleet);
    mmofl_hindsight_setup setup = {
        .fleet = r->fleet.simulation, .rounds = ROUNDS, .undisturbed = undisturbed};
    CHECK_OK(mmofl_hindsight_new(&setup, &r->hindsight, NULL));
}

static void finish(rig *r)
{
    mmofl_hindsight_delete(r->hindsight);
    fleet_delete(&r->fleet);
}

static void check_losses_of_a_run(rig *r)
{
    for (int t = 1; t <= ROUNDS; t++) {
        double ours = mmofl_hindsight_loss(
            r->hindsight, mmofl_simulation_parameters(r->fleet.simulation), t);
        double online = fleet_round(&r->fleet).loss;
        CHECK_NEAR(ours, online, 1e-12 * online);
    }
}

static void losses_are_those_that_the_devices_report(void **state)
{
    (void)state;
    rig r;
    prepare(&r, 2, NULL);
    start(&r, false);
    check_losses_of_a_run(&r);
    finish(&r);
}

static void the_devices_that_take_part_are_those_of_the_run(void **state)
{
    (void)state;
    rig r;
    prepare(&r, 2, NULL);
    r.fleet.setup.participation = 2;
    start(&r, false);
    check_losses_of_a_run(&r);
    finish(&r);
}

static void the_undisturbed_twins_lack_nothing(void **state)
{
    (void)state;
    rig r, clean;
    prepare(&r, 2, NULL);
    prepare(&clean, 2, NULL);
    clean.fleet.setup.imbalance = NULL;
    start(&r, true);
    start(&clean, false);
    const float *w = mmofl_simulation_parameters(r.fleet.simulation);
    CHECK(mmofl_hindsight_sum(r.hindsight, w, NULL) ==
          mmofl_hindsight_sum(clean.hindsight, w, NULL));
    finish(&r);
    finish(&clean);
}

static void the_sum_is_that_of_its_rounds_and_its_gradient_that_of_the_sum(void **state)
{
    (void)state;
    rig r;
    prepare(&r, 2, "global_avg_pool");
    start(&r, false);
    size_t n = fleet_parameters(&r.fleet);
    float *w = fleet_model(&r.fleet);
    double *g = calloc(n, sizeof *g), loss[ROUNDS], sum = 0;
    double with_gradient = mmofl_hindsight_sum(r.hindsight, w, g);
    mmofl_hindsight_losses(r.hindsight, w, loss);
    for (int t = 0; t < ROUNDS; t++)
        sum += loss[t];
    CHECK_NEAR(with_gradient, sum, 1e-12 * sum);
    CHECK(with_gradient == mmofl_hindsight_sum(r.hindsight, w, NULL));
    for (size_t j = 0; j < n; j += 7) {
        float kept = w[j];
        double h = 1e-2;
        w[j] = (float)((double)kept + h);
        double up = mmofl_hindsight_sum(r.hindsight, w, NULL);
        w[j] = (float)((double)kept - h);
        double down = mmofl_hindsight_sum(r.hindsight, w, NULL);
        w[j] = kept;
        CHECK_NEAR((up - down) / (2 * h), g[j], 2e-3 * fmax(1, fabs(g[j])));
    }
    free(w);
    free(g);
    finish(&r);
}

static void norms_are_those_of_the_features(void **state)
{
    (void)state;
    rig r;
    prepare(&r, 1, "flatten");
    r.fleet.setup.devices = 1;
    r.fleet.stream = (mmofl_stream_spec){.buffer = 1, .fresh = 1};
    start(&r, true);
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_holding holding;
    CHECK_OK(mmofl_holding_init(&holding, mmofl_simulation_source(r.fleet.simulation),
                                &arena));
    double largest = 0;
    for (uint64_t t = 1; t <= ROUNDS; t++) {
        mmofl_holding_look(&holding, 0, t);
        double sum = 1;
        for (int m = 0; m < 2; m++) {
            float x[128 * 3];
            mmofl_holding_values(&holding, 0, m, 0, x);
            for (int i = 0; i < 128 * 3; i++)
                sum += (double)x[i] * (double)x[i];
        }
        largest = fmax(largest, sqrt(sum));
    }
    double ours = mmofl_hindsight_largest_norm(
        r.hindsight, mmofl_simulation_parameters(r.fleet.simulation));
    CHECK_NEAR(ours, largest, 1e-9 * largest);
    mmofl_arena_free(&arena);
    finish(&r);
}

/* ---- the comparator ---- */

static const mmofl_analysis_spec thorough = {
    .starts = 2, .iterations = 500, .tolerance = 1e-4};

static void the_best_fixed_model_has_no_regret_against_itself(void **state)
{
    (void)state;
    rig r;
    prepare(&r, 2, "global_avg_pool");
    start(&r, false);
    const mmofl_model *model = mmofl_simulation_model(r.fleet.simulation);
    float *best = calloc(model->n_parameters, sizeof *best),
          *other = calloc(model->n_parameters, sizeof *other);
    mmofl_comparator a, b;
    CHECK_OK(
        mmofl_comparator_find(r.hindsight, model, 11, NULL, &thorough, best, &a, NULL));
    CHECK(a.converged && a.gradient_norm <= 1e-4);
    double fixed[ROUNDS], regret[ROUNDS];
    mmofl_hindsight_losses(r.hindsight, best, fixed);
    mmofl_regret_curve(fixed, fixed, ROUNDS, regret);
    for (int t = 0; t < ROUNDS; t++)
        CHECK(regret[t] == 0);
    /* The minimum of a convex function does not depend on the start, and no other model
     * is better: neither another optimum nor the run itself. */
    CHECK_OK(mmofl_comparator_find(r.hindsight, model, 99, NULL, &thorough, other, &b,
                                   NULL));
    CHECK_NEAR(a.loss, b.loss, 1e-3 * a.loss);
    double online[ROUNDS];
    for (int t = 0; t < ROUNDS; t++)
        online[t] = fleet_round(&r.fleet).loss;
    mmofl_regret_curve(online, fixed, ROUNDS, regret);
    CHECK(regret[ROUNDS - 1] > 0);
    CHECK(mmofl_hindsight_sum(r.hindsight,
                              mmofl_simulation_parameters(r.fleet.simulation),
                              NULL) >= a.loss);
    free(best);
    free(other);
    finish(&r);
}

static void more_starts_are_never_worse(void **state)
{
    (void)state;
    rig r;
    prepare(&r, 2, NULL);
    start(&r, false);
    const mmofl_model *model = mmofl_simulation_model(r.fleet.simulation);
    float *w = calloc(model->n_parameters, sizeof *w);
    double before = (double)INFINITY;
    for (int starts = 1; starts <= 3; starts++) {
        mmofl_analysis_spec spec = {
            .starts = starts, .iterations = 15, .tolerance = 1e-6};
        mmofl_comparator found;
        CHECK_OK(mmofl_comparator_find(r.hindsight, model, 11, NULL, &spec, w, &found,
                                       NULL));
        CHECK(found.loss <= before && found.start < starts);
        CHECK_NEAR(mmofl_hindsight_sum(r.hindsight, w, NULL), found.loss,
                   1e-9 * found.loss);
        before = found.loss;
    }
    free(w);
    finish(&r);
}

static void the_search_is_the_same_at_any_thread_count(void **state)
{
    (void)state;
    mmofl_comparator first = {0};
    float *kept = NULL;
    for (int threads = 1; threads <= 4; threads *= 2) {
        rig r;
        prepare(&r, threads, NULL);
        start(&r, false);
        const mmofl_model *model = mmofl_simulation_model(r.fleet.simulation);
        float *w = calloc(model->n_parameters, sizeof *w);
        mmofl_analysis_spec spec = {.starts = 1, .iterations = 10, .tolerance = 1e-6};
        mmofl_comparator found;
        CHECK_OK(mmofl_comparator_find(r.hindsight, model, 11, NULL, &spec, w, &found,
                                       NULL));
        if (threads == 1) {
            first = found;
            kept = w;
        } else {
            CHECK(found.loss == first.loss &&
                  fixture_same_bits(w, kept, model->n_parameters));
            free(w);
        }
        finish(&r);
    }
    free(kept);
}

static void samples_kept_are_samples_made_anew(void **state)
{
    (void)state;
    rig r;
    prepare(&r, 2, NULL);
    start(&r, false);
    mmofl_hindsight_setup setup = {
        .fleet = r.fleet.simulation, .rounds = ROUNDS, .cache_limit = 1000};
    mmofl_hindsight *anew;
    CHECK_OK(mmofl_hindsight_new(&setup, &anew, NULL));
    size_t n = fleet_parameters(&r.fleet);
    double *g = calloc(2 * n, sizeof *g);
    const float *w = mmofl_simulation_parameters(r.fleet.simulation);
    CHECK(mmofl_hindsight_sum(r.hindsight, w, g) ==
          mmofl_hindsight_sum(anew, w, g + n));
    CHECK(memcmp(g, g + n, n * sizeof *g) == 0);
    free(g);
    mmofl_hindsight_delete(anew);
    finish(&r);
}

static void a_stream_of_nothing_has_no_regret(void **state)
{
    (void)state;
    rig r;
    prepare(&r, 1, NULL);
    fleet_start(&r.fleet);
    mmofl_hindsight_setup setup = {.fleet = r.fleet.simulation, .rounds = 0};
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_hindsight_new(&setup, &r.hindsight, &err), MMOFL_E_MISSING);
    CHECK_CONTAINS(err.text, "no sample arrives");
    fleet_delete(&r.fleet);
}

static void each_failing_allocation_is_a_status(void **state)
{
    (void)state;
    rig r;
    prepare(&r, 1, NULL);
    fleet_start(&r.fleet);
    bool made = false;
    for (long n = 1; n < 200 && !made; n++) {
        mmofl_hindsight_setup setup = {
            .fleet = r.fleet.simulation, .rounds = ROUNDS, .fail_after = n};
        mmofl_status st = mmofl_hindsight_new(&setup, &r.hindsight, NULL);
        made = st == MMOFL_OK;
        if (!made)
            CHECK_STATUS(st, MMOFL_E_MEMORY);
        else
            mmofl_hindsight_delete(r.hindsight);
    }
    CHECK(made);
    fleet_delete(&r.fleet);
}

CHECK_MAIN(TEST(losses_are_those_that_the_devices_report),
           TEST(the_devices_that_take_part_are_those_of_the_run),
           TEST(the_undisturbed_twins_lack_nothing),
           TEST(the_sum_is_that_of_its_rounds_and_its_gradient_that_of_the_sum),
           TEST(norms_are_those_of_the_features),
           TEST(the_best_fixed_model_has_no_regret_against_itself),
           TEST(more_starts_are_never_worse),
           TEST(the_search_is_the_same_at_any_thread_count),
           TEST(samples_kept_are_samples_made_anew),
           TEST(a_stream_of_nothing_has_no_regret),
           TEST(each_failing_allocation_is_a_status))
