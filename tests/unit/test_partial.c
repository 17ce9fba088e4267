/* test_partial.c - a root that takes its shards' sums is where one coordinator would be
 * that had heard all devices; sums that nobody can have are refused whole. */
#define _GNU_SOURCE
#include "fed/partial.h"
#include "fleet_fixture.h"
#include "learn/method.h"
#include "rules_fixture.h"

/* ---------------------------------------------------------------- by hand */

/* What a shard of devices `first` and on hands over of the first round. */
static mmofl_partial hand_over(mmofl_coordinator *shard, uint64_t first,
                               uint64_t devices)
{
    mmofl_partial p;
    CHECK_OK(mmofl_coordinator_hand_over(shard, &p));
    p.first = first;
    p.devices = devices;
    return p;
}

static void sums_by_hand(void **state)
{
    (void)state;
    mmofl_coordinator *shard = new_coordinator(3, 1, "fedavg weights=samples");
    const uint32_t *who;
    uint32_t n;
    open_round(shard, &who, &n);
    const float a[N] = {1, 2, -3}, b[N] = {0.5f, 0, 0x1p-34f};
    mmofl_update u = {.device = 1,
                      .round = 1,
                      .n_parameters = N,
                      .parameters = a,
                      .samples = 3,
                      .report = {.fresh = 4, .train_loss = 0.5}};
    CHECK_OK(mmofl_coordinator_accept(shard, &u));
    u.device = 0, u.parameters = b, u.samples = 2;
    CHECK_OK(mmofl_coordinator_accept(shard, &u));
    mmofl_partial p = hand_over(shard, 0, 2);
    CHECK(p.round == 1 && p.n == 2 && p.late == 0 && p.n_sums == 1 && p.n_counts == 0);
    CHECK(p.device[0] == 0 && p.device[1] == 1 && p.report[1].fresh == 4);
    CHECK_INT(p.sum[0].n, N);
    CHECK(p.sum[0].number[0] == INT64_C(4) << 34);
    CHECK(p.sum[0].number[1] == INT64_C(6) << 34);
    CHECK(p.sum[0].number[2] == -(INT64_C(9) << 34) + 2);
    CHECK_INT(p.sum[0].weight, 5);
    CHECK_INT(p.sum[0].bound, 10 << 20); /* 3 times 3, twice 0.5 */
    CHECK_STATUS(mmofl_coordinator_hand_over(shard, &p), MMOFL_E_STATE);
    CHECK(fixture_same_bits(mmofl_coordinator_parameters(shard), initial, N));
    mmofl_coordinator_delete(shard);
}

static void a_round_that_was_abandoned_leaves_nothing(void **state)
{
    (void)state;
    mmofl_coordinator *shard = new_coordinator(2, 1, "fedavg");
    const uint32_t *who;
    uint32_t n;
    open_round(shard, &who, &n);
    CHECK_OK(send_answer(shard, 0, 1));
    mmofl_coordinator_abandon(shard);
    CHECK_OK(mmofl_coordinator_restore(shard, 6, initial));
    CHECK_INT(open_round(shard, &who, &n), 7);
    CHECK_OK(send_answer(shard, 1, 7));
    mmofl_partial p = hand_over(shard, 0, 2);
    CHECK(p.round == 7 && p.n == 1 && p.device[0] == 1 && p.sum[0].weight == 1);
    mmofl_coordinator_delete(shard);
}

static void late_updates_are_in_the_sums_and_counted(void **state)
{
    (void)state;
    mmofl_coordinator *one = new_coordinator(2, 1, "fedavg"),
                      *root = new_coordinator(2, 1, "fedavg"),
                      *shard = new_coordinator(2, 1, "fedavg");
    mmofl_coordinator *heard[2] = {one, shard};
    const uint32_t *who;
    uint32_t n;
    open_round(root, &who, &n);
    for (int i = 0; i < 2; i++) {
        float w[N];
        mmofl_update late = answer(1, 9, w);
        open_round(heard[i], &who, &n);
        CHECK_OK(send_answer(heard[i], 0, 1));
        CHECK_OK(mmofl_coordinator_accept_late(heard[i], &late));
    }
    mmofl_partial p = hand_over(shard, 0, 2);
    CHECK(p.n == 1 && p.late == 1 && p.sum[0].weight == 2);
    CHECK_OK(mmofl_coordinator_accept_partial(root, &p));
    mmofl_round_summary a = close_round(one), b = close_round(root);
    assert_memory_equal(&a, &b, sizeof a);
    CHECK_INT(b.late, 1);
    CHECK(fixture_same_bits(mmofl_coordinator_parameters(one),
                            mmofl_coordinator_parameters(root), N));
    mmofl_coordinator_delete(one);
    mmofl_coordinator_delete(root);
    mmofl_coordinator_delete(shard);
}

/* ---------------------------------------------------------------- refusals */

/* A root of three devices, of which the shard of the first two sends `good`. */
typedef struct pair {
    mmofl_coordinator *root, *shard;
    mmofl_partial good;
    mmofl_sum_part sum;
    int64_t number[N];
    uint32_t device[2];
    mmofl_device_report report[2];
} pair;

static void begin_pair(pair *p)
{
    const uint32_t *who;
    uint32_t n;
    p->root = new_coordinator(3, 1, "fedavg");
    p->shard = new_coordinator(3, 1, "fedavg");
    open_round(p->root, &who, &n);
    open_round(p->shard, &who, &n);
    CHECK_OK(send_answer(p->shard, 0, 1));
    CHECK_OK(send_answer(p->shard, 1, 1));
    p->good = hand_over(p->shard, 0, 2);
    p->sum = p->good.sum[0];
    memcpy(p->number, p->sum.number, sizeof p->number);
    memcpy(p->device, p->good.device, sizeof p->device);
    memcpy(p->report, p->good.report, sizeof p->report);
    p->sum.number = p->number;
    p->good.sum = &p->sum;
    p->good.device = p->device;
    p->good.report = p->report;
}

static void end_pair(pair *p)
{
    mmofl_coordinator_delete(p->root);
    mmofl_coordinator_delete(p->shard);
}

/* Refused, and afterwards the good one gives what it would have given. */
static void check_refused(mmofl_status wanted, void (*spoil)(pair *p))
{
    pair p, clean;
    begin_pair(&p);
    begin_pair(&clean);
    spoil(&p);
    CHECK_STATUS(mmofl_coordinator_accept_partial(p.root, &p.good), wanted);
    CHECK_OK(mmofl_coordinator_accept_partial(p.root, &clean.good));
    CHECK_OK(mmofl_coordinator_accept_partial(clean.root, &clean.good));
    mmofl_round_summary a = close_round(p.root), b = close_round(clean.root);
    assert_memory_equal(&a, &b, sizeof a);
    CHECK(fixture_same_bits(mmofl_coordinator_parameters(p.root),
                            mmofl_coordinator_parameters(clean.root), N));
    end_pair(&p);
    end_pair(&clean);
}

static void another_round(pair *p)
{
    p->good.round = 2;
}
static void a_device_of_another_shard(pair *p)
{
    p->device[1] = 2;
}
static void a_device_that_is_not(pair *p)
{
    p->good.devices = 10;
    p->device[1] = 3;
}
static void a_device_twice(pair *p)
{
    p->device[1] = 0;
}
static void a_report_of_nan(pair *p)
{
    p->report[1].train_loss = (double)NAN;
}
static void a_report_beyond_reason(pair *p)
{
    p->report[0].fresh_loss = 1e60;
}
static void a_sum_too_many(pair *p)
{
    p->good.n_sums = 2;
}
static void a_count_too_many(pair *p)
{
    p->good.n_counts = 1;
}
static void a_shorter_sum(pair *p)
{
    p->sum.n = N - 1;
}
static void a_number_beyond_its_bound(pair *p)
{
    p->number[1] = ((int64_t)p->sum.bound << 14) + 2;
}
static void the_least_number_that_there_is(pair *p)
{
    p->number[1] = INT64_MIN;
}
static void a_bound_beyond_the_range(pair *p)
{
    p->sum.bound = UINT64_C(1) << 48;
}
static void a_bound_that_wraps_around(pair *p)
{
    p->sum.bound = UINT64_MAX;
}
static void a_weight_beyond_reason(pair *p)
{
    p->sum.weight = UINT64_C(1) << 52;
}
static void late_ones_beyond_reason(pair *p)
{
    p->good.late = UINT64_C(1) << 32;
}

static void what_no_shard_can_have_is_refused_whole(void **state)
{
    (void)state;
    check_refused(MMOFL_E_STALE, another_round);
    check_refused(MMOFL_E_UNKNOWN, a_device_of_another_shard);
    check_refused(MMOFL_E_UNKNOWN, a_device_that_is_not);
    check_refused(MMOFL_E_DUPLICATE, a_device_twice);
    check_refused(MMOFL_E_NONFINITE, a_report_of_nan);
    check_refused(MMOFL_E_RANGE, a_report_beyond_reason);
    check_refused(MMOFL_E_SHAPE, a_sum_too_many);
    check_refused(MMOFL_E_SHAPE, a_count_too_many);
    check_refused(MMOFL_E_SHAPE, a_shorter_sum);
    check_refused(MMOFL_E_RANGE, a_number_beyond_its_bound);
    check_refused(MMOFL_E_RANGE, the_least_number_that_there_is);
    check_refused(MMOFL_E_RANGE, a_bound_beyond_the_range);
    check_refused(MMOFL_E_RANGE, a_bound_that_wraps_around);
    check_refused(MMOFL_E_RANGE, a_weight_beyond_reason);
    check_refused(MMOFL_E_RANGE, late_ones_beyond_reason);
}

static void sums_count_once_and_in_an_open_round(void **state)
{
    (void)state;
    pair p;
    begin_pair(&p);
    CHECK_OK(mmofl_coordinator_accept_partial(p.root, &p.good));
    CHECK_STATUS(mmofl_coordinator_accept_partial(p.root, &p.good), MMOFL_E_DUPLICATE);
    close_round(p.root);
    CHECK_STATUS(mmofl_coordinator_accept_partial(p.root, &p.good), MMOFL_E_STATE);
    end_pair(&p);
}

/* As a coordinator that hears them one by one says of the one that is too much. */
static void shards_that_are_too_large_together_are_refused(void **state)
{
    (void)state;
    mmofl_coordinator *root = new_coordinator(2, 1, "fedavg weights=samples");
    mmofl_coordinator *shard[2];
    const uint32_t *who;
    uint32_t n;
    open_round(root, &who, &n);
    for (uint32_t k = 0; k < 2; k++) {
        const float x[N] = {65536, 0, 0};
        shard[k] = new_coordinator(2, 1, "fedavg weights=samples");
        open_round(shard[k], &who, &n);
        CHECK_OK(mmofl_coordinator_accept(shard[k], &(mmofl_update){.device = k,
                                                                    .round = 1,
                                                                    .n_parameters = N,
                                                                    .parameters = x,
                                                                    .samples = 2048}));
        mmofl_partial p = hand_over(shard[k], k, 1);
        CHECK_STATUS(mmofl_coordinator_accept_partial(root, &p),
                     k == 0 ? MMOFL_OK : MMOFL_E_RANGE);
        mmofl_coordinator_delete(shard[k]);
    }
    mmofl_coordinator_delete(root);
}

static void rules_that_compare_models_have_no_sums(void **state)
{
    (void)state;
    mmofl_partial_shape shape;
    mmofl_partial p;
    const uint32_t *who;
    uint32_t n;
    mmofl_coordinator *c = new_coordinator(3, 1, "median");
    CHECK_STATUS(mmofl_coordinator_partial_shape(c, &shape), MMOFL_E_UNSUPPORTED);
    open_round(c, &who, &n);
    CHECK_STATUS(mmofl_coordinator_hand_over(c, &p), MMOFL_E_UNSUPPORTED);
    mmofl_coordinator_delete(c);
}

static void handing_over_survives_every_failing_allocation(void **state)
{
    (void)state;
    mmofl_coordinator_setup setup = setup_of(3, 1, "fedavg");
    mmofl_status st = MMOFL_E_MEMORY;
    int failed = 0;
    for (setup.fail_after = 1; st; setup.fail_after++) {
        mmofl_coordinator *c = NULL;
        const uint32_t *who;
        uint32_t n;
        mmofl_partial p;
        if (mmofl_coordinator_new(&setup, initial, &c, NULL))
            continue;
        open_round(c, &who, &n);
        CHECK_OK(send_answer(c, 2, 1));
        st = mmofl_coordinator_hand_over(c, &p);
        if (st) {
            CHECK_STATUS(st, MMOFL_E_MEMORY);
            failed++;
            CHECK_OK(send_answer(c, 1, 1)); /* nothing has changed */
        }
        mmofl_coordinator_delete(c);
    }
    CHECK(failed >= 4);
}

/* ---------------------------------------------------------------- whole fleets */

enum { DEVICES = 7, SHARDS = 3, ROUNDS = 3 };

/* Shards with the devices of a simulated fleet. */
typedef struct sharded {
    const fleet *simulated;
    mmofl_coordinator *shard[SHARDS];
    float *kept; /* (devices, n) */
} sharded;

static mmofl_coordinator *new_shard(const fleet *f)
{
    const mmofl_simulation_setup *u = &f->setup;
    const mmofl_model *model = mmofl_simulation_model(f->simulation);
    mmofl_coordinator_setup setup = {.seed = u->seed,
                                     .devices = DEVICES,
                                     .participation = u->participation,
                                     .n_parameters = model->n_parameters,
                                     .aggregation = *u->aggregation,
                                     .model = model,
                                     .method = u->method,
                                     .momentum = u->train->momentum};
    mmofl_coordinator *c;
    CHECK_OK(mmofl_coordinator_new(&setup, mmofl_simulation_parameters(f->simulation),
                                   &c, NULL));
    return c;
}

/* The participants of a shard learn, and answer to it. */
static void teach(sharded *e, int shard, const mmofl_broadcast *broadcast)
{
    const fleet *f = e->simulated;
    const mmofl_simulation_setup *u = &f->setup;
    mmofl_local_rule rule = mmofl_aggregation_local(u->aggregation);
    mmofl_learner_setup learner = {.model = mmofl_simulation_model(f->simulation),
                                   .train = u->train,
                                   .seed = u->seed,
                                   .buffer = u->stream->buffer,
                                   .method = u->method,
                                   .rule = rule.kind ? &rule : NULL};
    mmofl_learner_space *space;
    mmofl_holding holding;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_broadcast own;
    const uint32_t *who;
    uint32_t n;
    CHECK_OK(mmofl_coordinator_restore(e->shard[shard], broadcast->round - 1,
                                       broadcast->parameters));
    CHECK_OK(mmofl_coordinator_open(e->shard[shard], &own, &who, &n));
    CHECK_OK(mmofl_learner_space_new(&learner, false, 0, &space));
    CHECK_OK(
        mmofl_holding_init(&holding, mmofl_simulation_source(f->simulation), &arena));
    for (uint32_t i = n; i-- > 0;) {
        mmofl_update update;
        if (who[i] < mmofl_block_start(DEVICES, SHARDS, (size_t)shard) ||
            who[i] >= mmofl_block_start(DEVICES, SHARDS, (size_t)shard + 1))
            continue;
        mmofl_holding_look(&holding, who[i], broadcast->round);
        mmofl_buffer_view view = mmofl_holding_view(&holding);
        view.kept = e->kept + who[i] * learner.model->n_parameters;
        CHECK_OK(mmofl_learner_round(&learner, space, who[i], broadcast, &view, NULL,
                                     &update));
        CHECK_OK(mmofl_coordinator_accept(e->shard[shard], &update));
    }
    mmofl_arena_free(&arena);
    mmofl_learner_space_delete(space);
}

static mmofl_status round_of_shards(void *context, mmofl_coordinator *root,
                                    const mmofl_broadcast *broadcast,
                                    const uint32_t *participants, uint32_t n,
                                    mmofl_error *err)
{
    (void)participants, (void)n, (void)err;
    sharded *e = context;
    for (int s = SHARDS; s-- > 0;) {
        size_t first = mmofl_block_start(DEVICES, SHARDS, (size_t)s);
        teach(e, s, broadcast);
        mmofl_partial p =
            hand_over(e->shard[s], first,
                      mmofl_block_start(DEVICES, SHARDS, (size_t)s + 1) - first);
        CHECK_OK(mmofl_coordinator_accept_partial(root, &p));
    }
    return MMOFL_OK;
}

static void prepare(fleet *f, const char *rule, const mmofl_pick *method)
{
    fleet_prepare(f, DEVICES, 200, 1);
    f->setup.participation = 5;
    f->train.momentum = 0.5;
    f->aggregation = fixture_pick(mmofl_aggregation_kinds(), rule);
    f->setup.method = method;
}

static void check_rounds(fleet *here, fleet *there)
{
    for (int t = 0; t < ROUNDS; t++) {
        mmofl_round_summary a = fleet_round(here), b = fleet_round(there);
        assert_memory_equal(&a, &b, sizeof a);
        CHECK(fixture_same_bits(mmofl_simulation_parameters(here->simulation),
                                mmofl_simulation_parameters(there->simulation),
                                fleet_parameters(here)));
    }
}

/* true: the rule goes with shards. */
static bool check_shards(const char *rule, const char *method)
{
    fleet here, there;
    mmofl_pick pick = fixture_pick(mmofl_method_kinds(), method);
    prepare(&here, rule, &pick);
    fleet_start(&here);
    sharded e = {.simulated = &here,
                 .kept = calloc(DEVICES * fleet_parameters(&here), sizeof(float))};
    CHECK(e.kept);
    mmofl_partial_shape shape;
    for (int s = 0; s < SHARDS; s++)
        e.shard[s] = new_shard(&here);
    mmofl_status st = mmofl_coordinator_partial_shape(e.shard[0], &shape);
    if (!st) {
        mmofl_remote_fleet remote = {round_of_shards, &e};
        prepare(&there, rule, &pick);
        there.setup.remote = &remote;
        fleet_start(&there);
        check_rounds(&here, &there);
        fleet_delete(&there);
    }
    for (int s = 0; s < SHARDS; s++)
        mmofl_coordinator_delete(e.shard[s]);
    free(e.kept);
    fleet_delete(&here);
    return !st;
}

static void sums_of_shards_give_the_bytes_of_one_coordinator(void **state)
{
    (void)state;
    int summed = 0;
    for (int r = 0; r < EVERY_RULE; r++)
        summed += check_shards(every_rule[r], "pm");
    CHECK_INT(summed, EVERY_RULE - 3); /* median, trimmed_mean, krum */
    CHECK(check_shards("fedavg", "qqr"));
    CHECK(check_shards("fedavg weights=samples", "fedamm"));
    CHECK(check_shards("fednova", "fedamm"));
    CHECK(check_shards("scaffold", "fedproto"));
}

CHECK_MAIN(TEST(sums_by_hand), TEST(a_round_that_was_abandoned_leaves_nothing),
           TEST(late_updates_are_in_the_sums_and_counted),
           TEST(what_no_shard_can_have_is_refused_whole),
           TEST(sums_count_once_and_in_an_open_round),
           TEST(shards_that_are_too_large_together_are_refused),
           TEST(rules_that_compare_models_have_no_sums),
           TEST(handing_over_survives_every_failing_allocation),
           TEST(sums_of_shards_give_the_bytes_of_one_coordinator))
