/* test_analysis.c - error terms: against gradients taken by hand, and what must be
 * zero. */
#define _GNU_SOURCE /* MAP_ANONYMOUS, strtok_r */
#include "data/disturbance.h"
#include "data/missing_pattern.h"
#include "fleet_fixture.h"
#include "sim/holding.h"

typedef struct rig {
    fleet fleet;
    mmofl_modality_imbalance modality[2];
    mmofl_imbalance_spec imbalance;
} rig;

/* A fleet in which both modalities are missing at rate beta, and a share nu of them is
 * disturbed by Gauss at sigma. */
static void prepare(rig *r, double beta, double nu, double sigma, int threads)
{
    *r = (rig){0};
    fleet_prepare(&r->fleet, 5, 300, threads);
    char noise[80];
    snprintf(noise, sizeof noise, "gauss share=%g sigma=%g", nu, sigma);
    for (int m = 0; m < 2; m++)
        r->modality[m] = (mmofl_modality_imbalance){
            .modality = r->fleet.data->modality[m].name,
            .missing = beta,
            .pattern = mmofl_pick_default(mmofl_missing_pattern_kinds().kinds[0]),
            .noise = fixture_pick(mmofl_disturbance_kinds(), noise)};
    r->imbalance = (mmofl_imbalance_spec){
        .bad_devices = 1, .n_modalities = 2, .modality = r->modality};
    r->fleet.setup.imbalance = &r->imbalance;
    r->fleet.setup.analyze_every = 1;
}

static double term(const rig *r, const char *name, const char *modality)
{
    mmofl_error_term terms[MMOFL_ERROR_TERMS];
    int n = mmofl_simulation_error_terms(r->fleet.simulation, terms, MMOFL_ERROR_TERMS);
    for (int i = 0; i < n; i++)
        if (strcmp(terms[i].name, name) == 0 &&
            strcmp(terms[i].modality, modality) == 0)
            return terms[i].value;
    fail_msg("no term %s of \"%s\"", name, modality);
    return 0;
}

static void nothing_disturbed_is_no_error_at_all(void **state)
{
    (void)state;
    rig r;
    prepare(&r, 0, 0, 1, 2);
    fleet_start(&r.fleet);
    fleet_round(&r.fleet);
    const char *zero[] = {"error", "error_quantity", "error_quality", "error_method",
                          "error_head"};
    for (size_t i = 0; i < sizeof zero / sizeof *zero; i++)
        CHECK(term(&r, zero[i], "") == 0);
    for (int m = 0; m < 2; m++)
        CHECK(term(&r, "error_encoder", r.modality[m].modality) == 0);
    CHECK(term(&r, "direction", "") > 0);
    CHECK(term(&r, "direction", "") == term(&r, "twin", ""));
    fleet_delete(&r.fleet);
}

static void losses_alone_leave_quality_at_zero(void **state)
{
    (void)state;
    rig r;
    prepare(&r, 0.5, 0, 1, 2);
    fleet_start(&r.fleet);
    fleet_round(&r.fleet);
    CHECK(term(&r, "error_quantity", "") > 0);
    CHECK(term(&r, "error_quality", "") == 0);
    CHECK(term(&r, "error_method", "") == 0);
    CHECK(term(&r, "error", "") == term(&r, "error_quantity", ""));
    for (int m = 0; m < 2; m++) {
        CHECK(term(&r, "error_quantity", r.modality[m].modality) > 0);
        CHECK(term(&r, "error_quality", r.modality[m].modality) == 0);
    }
    fleet_delete(&r.fleet);
}

static void noise_alone_leaves_quantity_at_zero(void **state)
{
    (void)state;
    rig r;
    prepare(&r, 0, 0.5, 2, 2);
    fleet_start(&r.fleet);
    fleet_round(&r.fleet);
    CHECK(term(&r, "error_quantity", "") == 0);
    CHECK(term(&r, "error_quality", "") > 0);
    CHECK(term(&r, "error", "") == term(&r, "error_quality", ""));
    fleet_delete(&r.fleet);
}

static void one_modality_alone_is_blamed_alone(void **state)
{
    (void)state;
    rig r;
    prepare(&r, 0.4, 0.5, 2, 1);
    r.imbalance.n_modalities = 1;
    fleet_start(&r.fleet);
    fleet_round(&r.fleet);
    const char *first = r.modality[0].modality, *second = r.modality[1].modality;
    CHECK(term(&r, "error_quantity", first) == term(&r, "error_quantity", ""));
    CHECK(term(&r, "error_quality", first) == term(&r, "error_quality", ""));
    CHECK(term(&r, "error_quantity", second) == 0);
    CHECK(term(&r, "error_quality", second) == 0);
    fleet_delete(&r.fleet);
}

/* ---- by hand: one device, one full batch, one step ---- */

typedef struct clean_source {
    const mmofl_dataset *data;
    uint32_t index[16];
} clean_source;

static void fetch_clean(void *context, int i, int m, float *values)
{
    const clean_source *c = context;
    mmofl_dataset_values(c->data, c->index[i], m, values);
}

typedef struct seen_step {
    float *gradient;
    size_t n;
    int batch;
    uint32_t position[16], mask[16];
    int32_t label[16];
    float *parameters;
} seen_step;

static void keep_step(void *context, const mmofl_step_view *view)
{
    seen_step *s = context;
    memcpy(s->gradient, view->gradient, s->n * sizeof(float));
    memcpy(s->parameters, view->parameters, s->n * sizeof(float));
    s->batch = view->batch->n;
    for (int i = 0; i < s->batch; i++) {
        s->position[i] = view->position[i];
        s->mask[i] = view->batch->mask[i];
        s->label[i] = view->batch->label[i];
    }
}

static double norm_of_difference(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += pow((double)a[i] - (double)b[i], 2);
    return sqrt(sum);
}

static void twin_is_the_gradient_of_the_same_samples_whole_and_clean(void **state)
{
    (void)state;
    rig r;
    prepare(&r, 0.5, 0.6, 1.5, 1);
    r.fleet.setup.devices = 1;
    r.fleet.train.epochs = 1;
    r.fleet.train.batch = 12;
    fleet_start(&r.fleet);
    const mmofl_model *model = mmofl_simulation_model(r.fleet.simulation);
    size_t n = model->n_parameters;
    seen_step seen = {.gradient = calloc(n, sizeof(float)),
                      .parameters = calloc(n, sizeof(float)),
                      .n = n};
    /* What the device holds, and one learner round of our own to see its step. */
    mmofl_arena arena = MMOFL_ARENA_INIT;
    const mmofl_holding_source *source = mmofl_simulation_source(r.fleet.simulation);
    mmofl_holding holding;
    CHECK_OK(mmofl_holding_init(&holding, source, &arena));
    mmofl_holding_look(&holding, 0, 1);
    mmofl_learner_setup learner = {
        .model = model, .train = &r.fleet.train, .seed = 11, .buffer = 12};
    mmofl_learner_space *space;
    CHECK_OK(mmofl_learner_space_new(&learner, false, 0, &space));
    mmofl_broadcast broadcast = {.round = 1,
                                 .n_parameters = n,
                                 .parameters =
                                     mmofl_simulation_parameters(r.fleet.simulation)};
    mmofl_buffer_view view = mmofl_holding_view(&holding);
    mmofl_learner_watch watch = {.before_step = keep_step, .before_context = &seen};
    mmofl_update update;
    CHECK_OK(
        mmofl_learner_round(&learner, space, 0, &broadcast, &view, &watch, &update));
    CHECK_INT(seen.batch, 12);
    /* The twin, from the data set itself. */
    clean_source clean = {.data = r.fleet.data};
    uint32_t all[16];
    for (int i = 0; i < 12; i++) {
        clean.index[i] = holding.index[seen.position[i]];
        all[i] = 3;
    }
    mmofl_batch batch = {.n = 12,
                         .mask = all,
                         .label = seen.label,
                         .fetch = fetch_clean,
                         .context = &clean};
    mmofl_workspace *ws;
    CHECK_OK(mmofl_workspace_new(model, 12, true, 0, &ws));
    float *g = calloc(n, sizeof(float)), *q = calloc(n, sizeof(float));
    mmofl_model_gradient(model, ws, seen.parameters, &batch, NULL, g);
    batch.mask = seen.mask;
    mmofl_model_gradient(model, ws, seen.parameters, &batch, NULL, q);

    fleet_round(&r.fleet);
    double error = norm_of_difference(seen.gradient, g, n),
           quantity = norm_of_difference(q, g, n),
           quality = norm_of_difference(seen.gradient, q, n);
    CHECK(error > 0 && quantity > 0 && quality > 0);
    CHECK_NEAR(term(&r, "error", ""), error, 1e-12 * error);
    CHECK_NEAR(term(&r, "error_quantity", ""), quantity, 1e-12 * quantity);
    CHECK_NEAR(term(&r, "error_quality", ""), quality, 1e-12 * quality);
    CHECK(term(&r, "error_method", "") == 0);
    double parts = pow(term(&r, "error_head", ""), 2);
    for (int m = 0; m < 2; m++)
        parts += pow(term(&r, "error_encoder", r.modality[m].modality), 2);
    CHECK_NEAR(sqrt(parts), error, 1e-9 * error);
    CHECK(term(&r, "direction_largest", "") == term(&r, "direction", ""));

    free(g);
    free(q);
    free(seen.gradient);
    free(seen.parameters);
    mmofl_workspace_delete(ws);
    mmofl_learner_space_delete(space);
    mmofl_arena_free(&arena);
    fleet_delete(&r.fleet);
}

static void training_is_the_same_to_the_bit(void **state)
{
    (void)state;
    rig with, without;
    prepare(&with, 0.4, 0.5, 2, 2);
    prepare(&without, 0.4, 0.5, 2, 2);
    without.fleet.setup.analyze_every = 0;
    fleet_start(&with.fleet);
    fleet_start(&without.fleet);
    for (int t = 0; t < 3; t++) {
        mmofl_round_summary a = fleet_round(&with.fleet),
                            b = fleet_round(&without.fleet);
        CHECK(a.loss == b.loss && a.train_loss == b.train_loss);
    }
    float *a = fleet_model(&with.fleet), *b = fleet_model(&without.fleet);
    CHECK(fixture_same_bits(a, b, fleet_parameters(&with.fleet)));
    mmofl_error_term none[1];
    CHECK_INT(mmofl_simulation_error_terms(without.fleet.simulation, none, 1), 0);
    free(a);
    free(b);
    fleet_delete(&with.fleet);
    fleet_delete(&without.fleet);
}

static void terms_are_the_same_at_any_thread_count(void **state)
{
    (void)state;
    mmofl_error_term terms[3][MMOFL_ERROR_TERMS];
    double first[MMOFL_ERROR_TERMS];
    int n = 0;
    for (int i = 0; i < 3; i++) {
        rig r;
        prepare(&r, 0.4, 0.5, 2, 1 << i);
        fleet_start(&r.fleet);
        fleet_round(&r.fleet);
        fleet_round(&r.fleet);
        n = mmofl_simulation_error_terms(r.fleet.simulation, terms[i],
                                         MMOFL_ERROR_TERMS);
        CHECK_INT(n, 8 + 3 * 2);
        for (int t = 0; t < n; t++) {
            if (i == 0)
                first[t] = terms[0][t].value;
            CHECK(terms[i][t].value == first[t]);
        }
        fleet_delete(&r.fleet);
    }
}

static void every_nth_round_is_analysed(void **state)
{
    (void)state;
    rig r;
    prepare(&r, 0.4, 0, 2, 2);
    r.fleet.setup.analyze_every = 3;
    fleet_start(&r.fleet);
    mmofl_error_term terms[MMOFL_ERROR_TERMS];
    for (int t = 1; t <= 7; t++) {
        fleet_round(&r.fleet);
        int n =
            mmofl_simulation_error_terms(r.fleet.simulation, terms, MMOFL_ERROR_TERMS);
        CHECK_INT(n > 0, t % 3 == 1);
    }
    fleet_delete(&r.fleet);
}

/* ---- what theory says: quantity grows with beta, quality with (1 - beta) sigma ----
 */

typedef struct errors {
    double all, quantity, quality;
} errors;

/* Means over four rounds. */
static errors mean_errors(double beta, double nu, double sigma)
{
    rig r;
    prepare(&r, beta, nu, sigma, 2);
    fleet_start(&r.fleet);
    errors sum = {0};
    for (int t = 0; t < 4; t++) {
        fleet_round(&r.fleet);
        sum.all += term(&r, "error", "") / 4;
        sum.quantity += term(&r, "error_quantity", "") / 4;
        sum.quality += term(&r, "error_quality", "") / 4;
    }
    fleet_delete(&r.fleet);
    return sum;
}

static void check_grows(const char *what, double before, double now, double beta,
                        double sigma)
{
    if (!(now > before))
        fail_msg("%s at beta %g, sigma %g: %g after %g", what, beta, sigma, now,
                 before);
}

/* A lost modality cannot be disturbed any more, so the whole error need not grow with
 * beta where noise is strong; it does where it is weak. */
static void quantity_error_grows_with_the_missing_rate(void **state)
{
    (void)state;
    const double sigmas[] = {0.25, 2};
    for (int s = 0; s < 2; s++) {
        errors before = mean_errors(0, 0.5, sigmas[s]);
        CHECK(before.quantity == 0);
        for (int b = 1; b <= 3; b++) {
            double beta = 0.2 * b;
            errors now = mean_errors(beta, 0.5, sigmas[s]);
            check_grows("quantity", before.quantity, now.quantity, beta, sigmas[s]);
            if (s == 0)
                check_grows("error", before.all, now.all, beta, sigmas[s]);
            before = now;
        }
    }
}

static void quality_error_grows_with_sigma(void **state)
{
    (void)state;
    const double betas[] = {0, 0.3};
    for (int b = 0; b < 2; b++) {
        errors before = {0};
        for (double sigma = 0.5; sigma <= 4; sigma *= 2) {
            errors now = mean_errors(betas[b], 0.5, sigma);
            check_grows("quality", before.quality, now.quality, betas[b], sigma);
            check_grows("error", before.all, now.all, betas[b], sigma);
            before = now;
        }
    }
}

CHECK_MAIN(TEST(nothing_disturbed_is_no_error_at_all),
           TEST(losses_alone_leave_quality_at_zero),
           TEST(noise_alone_leaves_quantity_at_zero),
           TEST(one_modality_alone_is_blamed_alone),
           TEST(twin_is_the_gradient_of_the_same_samples_whole_and_clean),
           TEST(training_is_the_same_to_the_bit),
           TEST(terms_are_the_same_at_any_thread_count),
           TEST(every_nth_round_is_analysed),
           TEST(quantity_error_grows_with_the_missing_rate),
           TEST(quality_error_grows_with_sigma))
