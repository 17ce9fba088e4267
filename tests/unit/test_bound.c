/* test_bound.c - the regret bounds hold in every run of the fleets that they are about:
 * random ones, by the hundred. */
#define _GNU_SOURCE /* MAP_ANONYMOUS, strtok_r */
#include "data/disturbance.h"
#include "data/missing_pattern.h"
#include "fleet_fixture.h"
#include "run/bound.h"

enum { CONFIGS = 240 };

typedef struct rig {
    fleet fleet;
    mmofl_modality_imbalance modality[2];
    mmofl_imbalance_spec imbalance;
    int rounds;
} rig;

static const mmofl_analysis_spec search = {
    .starts = 1, .iterations = 100, .tolerance = 1e-4};

/* Fixed features, a linear head, full constant steps on each round's samples. */
static void prepare(rig *r, const char *encoder, int devices)
{
    *r = (rig){.rounds = 5};
    fleet *f = &r->fleet;
    fleet_prepare(f, devices, 240, 2);
    f->spec = (fixture_spec){0};
    for (int m = 0; m < 2; m++)
        fixture_add(&f->spec, f->data->modality[m].name, f->data->modality[m].shape,
                    encoder);
    fixture_head(&f->spec, "linear out=6");
    f->stream = (mmofl_stream_spec){.buffer = 8, .fresh = 8};
    f->train = (mmofl_train_spec){.epochs = 1, .batch = 8};
    f->train.lr = fixture_pick(mmofl_lr_kinds(), "constant start=0.1");
}

static void disturb(rig *r, int m, double beta, double nu, double sigma)
{
    char noise[80];
    snprintf(noise, sizeof noise, "gauss share=%g sigma=%g", nu, sigma);
    r->modality[m] = (mmofl_modality_imbalance){
        .modality = r->fleet.data->modality[m].name,
        .missing = beta,
        .pattern = mmofl_pick_default(mmofl_missing_pattern_kinds().kinds[0]),
        .noise = fixture_pick(mmofl_disturbance_kinds(), noise)};
    r->imbalance = (mmofl_imbalance_spec){
        .bad_devices = 1, .n_modalities = 2, .modality = r->modality};
    r->fleet.setup.imbalance = &r->imbalance;
}

static mmofl_bound measure(rig *r)
{
    mmofl_bound bound;
    mmofl_error err = {0};
    if (mmofl_bound_measure(&r->fleet.setup, r->rounds, &search, &bound, NULL, NULL,
                            &err))
        fail_msg("%s", err.text);
    return bound;
}

/* Settings drawn at random; every third fleet is complete and clean. */
static void draw(rig *r, int config)
{
    static const char *const encoders[] = {
        "global_avg_pool", "flatten", "avg_pool kernel=16 stride=16; relu; flatten"};
    mmofl_rng rng = fixture_rng((uint64_t)config);
    prepare(r, encoders[mmofl_rng_below(&rng, 3)], 2 + (int)mmofl_rng_below(&rng, 5));
    fleet *f = &r->fleet;
    r->rounds = 1 + (int)mmofl_rng_below(&rng, 12);
    f->setup.seed = mmofl_rng_bits(&rng);
    f->stream.buffer = f->stream.fresh = 1 + (int)mmofl_rng_below(&rng, 12);
    f->train.batch = f->stream.buffer + (int)mmofl_rng_below(&rng, 3);
    f->train.epochs = 1 + (int)mmofl_rng_below(&rng, 5);
    char lr[48];
    snprintf(lr, sizeof lr, "constant start=%.6f",
             pow(10, -3 + 3 * mmofl_rng_uniform(&rng)));
    f->train.lr = fixture_pick(mmofl_lr_kinds(), lr);
    if (config % 3 == 0)
        return;
    for (int m = 0; m < 2; m++)
        disturb(r, m, mmofl_rng_uniform(&rng), mmofl_rng_uniform(&rng),
                4 * mmofl_rng_uniform(&rng));
}

static void the_bound_holds_in_every_random_run(void **state)
{
    (void)state;
    int complete = 0, with_error = 0;
    double closest = 0;
    for (int config = 0; config < CONFIGS; config++) {
        rig r;
        draw(&r, config);
        mmofl_bound b = measure(&r);
        if (!b.holds)
            fail_msg("config %d: regret %g, limit %g (complete data: %g)", config,
                     b.regret, b.limit, b.complete_limit);
        CHECK(b.regret <= b.limit * (1 + 1e-6));
        if (config % 3 == 0) {
            CHECK(b.complete && b.error_sum == 0);
            CHECK(b.H <= b.G * (1 + 1e-6));
            CHECK(b.regret <= b.complete_limit * (1 + 1e-6));
        }
        complete += b.complete;
        with_error += !b.complete;
        closest = fmax(closest, b.regret / b.limit);
        fleet_delete(&r.fleet);
    }
    print_message("%d complete, %d with errors; regret up to %.0f %% of its bound\n",
                  complete, with_error, 100 * closest);
    CHECK(complete >= CONFIGS / 3 && with_error >= CONFIGS / 2);
}

static void the_bound_has_the_constants_of_its_formula(void **state)
{
    (void)state;
    rig r;
    prepare(&r, "global_avg_pool", 3);
    r.fleet.train.epochs = 3;
    r.rounds = 4;
    disturb(&r, 0, 0.5, 0.5, 1);
    disturb(&r, 1, 0.2, 0, 1);
    double regret[4], limit[4];
    mmofl_bound b;
    CHECK_OK(mmofl_bound_measure(&r.fleet.setup, 4, &search, &b, regret, limit, NULL));
    CHECK_INT(b.T, 4);
    CHECK_INT(b.E, 3);
    CHECK(b.eta == 0.1 && b.D0 > 0 && b.R >= b.D0 && b.H > 0 && b.G > 0);
    double wanted = b.D0 * b.D0 / (2 * 0.1 * 3) +
                    0.1 * 4 * (3 * b.H * b.H / 2 + 2 * b.G * b.H) + b.R * b.error_sum;
    CHECK_NEAR(b.limit, wanted, 1e-9 * wanted);
    CHECK(b.limit == limit[3] && b.regret == regret[3]);
    for (int t = 1; t < 4; t++)
        CHECK(limit[t] > limit[t - 1]);
    fleet_delete(&r.fleet);
}

static void the_bound_is_the_same_at_any_thread_count(void **state)
{
    (void)state;
    mmofl_bound first = {0};
    for (int threads = 1; threads <= 4; threads *= 2) {
        rig r;
        prepare(&r, "global_avg_pool", 5);
        disturb(&r, 0, 0.5, 0.5, 1);
        disturb(&r, 1, 0.2, 0.3, 2);
        mmofl_pool_delete(r.fleet.pool);
        CHECK_OK(mmofl_pool_new(threads, &r.fleet.pool));
        r.fleet.setup.pool = r.fleet.pool;
        mmofl_bound b = measure(&r);
        if (threads == 1)
            first = b;
        CHECK(b.regret == first.regret && b.limit == first.limit && b.R == first.R &&
              b.comparator.loss == first.comparator.loss);
        fleet_delete(&r.fleet);
    }
}

static const char *excuse(rig *r)
{
    fleet_start(&r->fleet);
    const char *text = mmofl_bound_excuse(&r->fleet.setup, r->fleet.simulation);
    fleet_delete(&r->fleet);
    return text;
}

static void other_fleets_are_excused(void **state)
{
    (void)state;
    rig r;
    prepare(&r, "global_avg_pool", 3);
    CHECK(!excuse(&r));
    prepare(&r, "global_avg_pool; linear out=4", 3);
    CHECK_CONTAINS(excuse(&r), "not convex");
    prepare(&r, "global_avg_pool", 3);
    fixture_head(&r.fleet.spec, "linear out=4; relu; linear out=6");
    CHECK_CONTAINS(excuse(&r), "not convex");
    prepare(&r, "global_avg_pool", 3);
    r.fleet.train.clip_norm = 1;
    CHECK_CONTAINS(excuse(&r), "clip_norm");
    prepare(&r, "global_avg_pool", 3);
    r.fleet.train.momentum = 0.5;
    CHECK_CONTAINS(excuse(&r), "momentum");
    prepare(&r, "global_avg_pool", 3);
    r.fleet.train.lr = fixture_pick(mmofl_lr_kinds(), "exponential start=1 decay=0.9");
    CHECK_CONTAINS(excuse(&r), "train.lr");
    prepare(&r, "global_avg_pool", 3);
    r.fleet.stream.fresh = 4;
    CHECK_CONTAINS(excuse(&r), "stream.new");
    prepare(&r, "global_avg_pool", 3);
    r.fleet.train.batch = 4;
    CHECK_CONTAINS(excuse(&r), "train.batch");
    prepare(&r, "global_avg_pool", 3);
    r.fleet.setup.participation = 2;
    CHECK_CONTAINS(excuse(&r), "take part");
    prepare(&r, "global_avg_pool", 3);
    r.fleet.aggregation =
        fixture_pick(mmofl_aggregation_kinds(), "fedavg weights=samples");
    CHECK_CONTAINS(excuse(&r), "aggregation");
}

CHECK_MAIN(TEST(the_bound_has_the_constants_of_its_formula),
           TEST(the_bound_holds_in_every_random_run),
           TEST(the_bound_is_the_same_at_any_thread_count),
           TEST(other_fleets_are_excused))
