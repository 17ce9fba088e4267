/* Rounds: what is refused, what the next model is. */
#define _GNU_SOURCE
#include "base/pool.h"
#include "coordinator_fixture.h"

/* ---------------------------------------------------------------- averages */

static void uniform_fedavg_by_hand(void **state)
{
    (void)state;
    mmofl_coordinator *c = new_coordinator(2, 1, "fedavg");
    const uint32_t *who;
    uint32_t n;
    CHECK_INT(open_round(c, &who, &n), 1);
    CHECK(n == 2 && who[0] == 0 && who[1] == 1);
    const float a[N] = {1, 2, 3}, b[N] = {3, -2, 0};
    mmofl_update update = {.device = 0,
                           .round = 1,
                           .n_parameters = N,
                           .parameters = a,
                           .samples = 30,
                           .report = {.fresh = 4,
                                      .fresh_correct = 1,
                                      .fresh_loss = 0.5,
                                      .steps = 3,
                                      .train_loss = 0.25}};
    CHECK_OK(mmofl_coordinator_accept(c, &update));
    update.device = 1, update.parameters = b, update.samples = 10;
    update.report = (mmofl_device_report){.fresh = 2,
                                          .fresh_correct = 2,
                                          .fresh_loss = 1.5,
                                          .steps = 1,
                                          .train_loss = 0.75};
    CHECK_OK(mmofl_coordinator_accept(c, &update));
    mmofl_round_summary s = close_round(c);
    const float *w = mmofl_coordinator_parameters(c);
    CHECK(w[0] == 2 && w[1] == 0 && w[2] == 1.5f);
    CHECK(s.round == 1 && s.participants == 2 && s.updates == 2);
    CHECK(s.fresh == 6 && s.fresh_correct == 3 && s.steps == 4);
    CHECK(s.loss == 1 && s.train_loss == 0.5); /* means over devices */
    CHECK_INT(s.bytes_down, 2 * mmofl_broadcast_bytes(N, 0));
    CHECK_INT(s.bytes_up, 2 * mmofl_update_bytes(N, 0, 0));
    mmofl_coordinator_delete(c);
}

static void sample_weighted_fedavg_by_hand(void **state)
{
    (void)state;
    mmofl_coordinator *c = new_coordinator(3, 1, "fedavg weights=samples");
    const uint32_t *who;
    uint32_t n;
    open_round(c, &who, &n);
    const float a[N] = {1, 2, 3}, b[N] = {5, -2, 0}, none[N] = {100, 100, 100};
    mmofl_update update = {
        .device = 0, .round = 1, .n_parameters = N, .parameters = a, .samples = 30};
    CHECK_OK(mmofl_coordinator_accept(c, &update));
    update.device = 1, update.parameters = b, update.samples = 10;
    CHECK_OK(mmofl_coordinator_accept(c, &update));
    update.device = 2, update.parameters = none, update.samples = 0;
    CHECK_OK(mmofl_coordinator_accept(c, &update));
    CHECK_INT(close_round(c).updates, 3);
    const float *w = mmofl_coordinator_parameters(c);
    CHECK(w[0] == 2 && w[1] == 1 && w[2] == 2.25f);
    mmofl_coordinator_delete(c);
}

static void a_round_without_updates_keeps_the_model(void **state)
{
    (void)state;
    mmofl_coordinator *c = new_coordinator(4, 1, "fedavg");
    const uint32_t *who;
    uint32_t n;
    open_round(c, &who, &n);
    mmofl_round_summary s = close_round(c);
    CHECK(s.updates == 0 && s.loss == 0 && s.train_loss == 0 && s.bytes_up == 0);
    CHECK(fixture_same_bits(mmofl_coordinator_parameters(c), initial, N));
    CHECK_INT(open_round(c, &who, &n), 2);
    mmofl_coordinator_delete(c);
}

static void missing_updates_are_left_out_of_every_mean(void **state)
{
    (void)state;
    mmofl_coordinator *c = new_coordinator(5, 1, "fedavg");
    const uint32_t *who;
    uint32_t n;
    open_round(c, &who, &n);
    CHECK_OK(send_answer(c, 3, 1));
    mmofl_round_summary s = close_round(c);
    CHECK(s.participants == 5 && s.updates == 1 && s.fresh == 4);
    CHECK(s.loss == 1.0 / 6 && s.train_loss == 1.0 / 10);
    float w[N];
    answer(3, 1, w);
    for (int i = 0; i < N; i++)
        CHECK_NEAR(mmofl_coordinator_parameters(c)[i], w[i], 0x1p-34);
    mmofl_coordinator_delete(c);
}

/* A device without fresh samples says nothing about the loss on fresh samples. */
static void the_fresh_loss_is_a_mean_over_devices_that_had_fresh_samples(void **state)
{
    (void)state;
    mmofl_coordinator *c = new_coordinator(2, 1, "fedavg");
    const uint32_t *who;
    uint32_t n;
    open_round(c, &who, &n);
    float w[N];
    mmofl_update with = answer(0, 1, w);
    CHECK_OK(mmofl_coordinator_accept(c, &with));
    mmofl_update without = answer(1, 1, w);
    without.report = (mmofl_device_report){.train_loss = 1};
    CHECK_OK(mmofl_coordinator_accept(c, &without));
    CHECK(close_round(c).loss == 1.0 / 3);
    mmofl_coordinator_delete(c);
}

static void restore_goes_on_from_that_round_and_model(void **state)
{
    (void)state;
    mmofl_coordinator *c = new_coordinator(2, 1, "fedavg");
    const float saved[N] = {9, 8, 7};
    CHECK_OK(mmofl_coordinator_restore(c, 41, saved));
    CHECK(fixture_same_bits(mmofl_coordinator_parameters(c), saved, N));
    const uint32_t *who;
    uint32_t n;
    CHECK_INT(open_round(c, &who, &n), 42);
    CHECK_STATUS(send_answer(c, 0, 1), MMOFL_E_STALE);
    CHECK_OK(send_answer(c, 0, 42));
    CHECK_INT(close_round(c).round, 42);
    mmofl_coordinator_delete(c);
}

/* ---------------------------------------------------------------- order */

enum { DEVICES = 24 };

/* Model and summary of one round whose answers come in this order. */
static mmofl_round_summary round_in_order(const uint32_t *order, float *w)
{
    mmofl_coordinator *c = new_coordinator(DEVICES, 1, "fedavg weights=samples");
    const uint32_t *who;
    uint32_t n;
    open_round(c, &who, &n);
    for (int i = 0; i < DEVICES; i++)
        CHECK_OK(send_answer(c, order[i], 1));
    mmofl_round_summary summary = close_round(c);
    memcpy(w, mmofl_coordinator_parameters(c), N * sizeof(float));
    mmofl_coordinator_delete(c);
    return summary;
}

static bool same_summary(mmofl_round_summary a, mmofl_round_summary b)
{
    return a.round == b.round && a.updates == b.updates && a.fresh == b.fresh &&
           a.fresh_correct == b.fresh_correct && a.steps == b.steps &&
           memcmp(&a.loss, &b.loss, sizeof a.loss) == 0 &&
           memcmp(&a.train_loss, &b.train_loss, sizeof a.train_loss) == 0;
}

static void the_order_of_updates_does_not_matter(void **state)
{
    (void)state;
    uint32_t order[DEVICES];
    for (uint32_t i = 0; i < DEVICES; i++)
        order[i] = i;
    float first[N], w[N];
    mmofl_round_summary expected = round_in_order(order, first);
    mmofl_rng rng = fixture_rng(1);
    for (int trial = 0; trial < 20; trial++) {
        mmofl_rng_shuffle(&rng, order, DEVICES);
        CHECK(same_summary(round_in_order(order, w), expected));
        CHECK(fixture_same_bits(w, first, N));
    }
}

static void send_from_thread(void *context, size_t item, int thread)
{
    (void)thread;
    float w[N];
    mmofl_update update = answer(item, 1, w);
    if (mmofl_coordinator_accept(context, &update) != MMOFL_OK)
        abort();
}

static void updates_from_many_threads_give_the_same_bytes(void **state)
{
    (void)state;
    uint32_t order[DEVICES];
    for (uint32_t i = 0; i < DEVICES; i++)
        order[i] = i;
    float first[N];
    mmofl_round_summary expected = round_in_order(order, first);
    for (int threads = 2; threads <= 5; threads++) {
        mmofl_pool *pool;
        CHECK_OK(mmofl_pool_new(threads, &pool));
        mmofl_coordinator *c = new_coordinator(DEVICES, 1, "fedavg weights=samples");
        const uint32_t *who;
        uint32_t n;
        open_round(c, &who, &n);
        mmofl_pool_run(pool, DEVICES, send_from_thread, c);
        CHECK(same_summary(close_round(c), expected));
        CHECK(fixture_same_bits(mmofl_coordinator_parameters(c), first, N));
        mmofl_coordinator_delete(c);
        mmofl_pool_delete(pool);
    }
}

/* Item 0 runs rounds, the others answer rounds that may not be open yet or any more. */
static void answer_at_any_time(void *context, size_t item, int thread)
{
    (void)thread;
    enum { ROUNDS = 300 };
    mmofl_coordinator *c = context;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        if (item > 0) {
            float w[N];
            mmofl_update update = answer(item, round, w);
            mmofl_status st = mmofl_coordinator_accept(c, &update);
            if (st != MMOFL_OK && st != MMOFL_E_STATE && st != MMOFL_E_STALE &&
                st != MMOFL_E_UNKNOWN)
                abort();
            continue;
        }
        mmofl_broadcast broadcast;
        const uint32_t *who;
        uint32_t n;
        mmofl_round_summary summary;
        if (mmofl_coordinator_open(c, &broadcast, &who, &n) != MMOFL_OK ||
            mmofl_coordinator_close(c, &summary) != MMOFL_OK)
            abort();
    }
}

/* The thread sanitizer looks at this one. */
static void late_updates_may_come_while_rounds_open_and_close(void **state)
{
    (void)state;
    mmofl_pool *pool;
    CHECK_OK(mmofl_pool_new(3, &pool));
    mmofl_coordinator *c = new_coordinator(10, 5, "fedavg");
    mmofl_pool_run(pool, 3, answer_at_any_time, c);
    const uint32_t *who;
    uint32_t n;
    CHECK_INT(open_round(c, &who, &n), 301);
    mmofl_coordinator_delete(c);
    mmofl_pool_delete(pool);
}

/* ---------------------------------------------------------------- refusals */

static void calls_in_the_wrong_order_are_refused(void **state)
{
    (void)state;
    mmofl_coordinator *c = new_coordinator(2, 1, "fedavg");
    mmofl_broadcast broadcast = {.round = 55};
    mmofl_round_summary summary = {.round = 66};
    const uint32_t *who;
    uint32_t n;
    CHECK_STATUS(send_answer(c, 0, 1), MMOFL_E_STATE);
    CHECK_STATUS(mmofl_coordinator_close(c, &summary), MMOFL_E_STATE);
    CHECK_INT(summary.round, 66);
    open_round(c, &who, &n);
    CHECK_STATUS(mmofl_coordinator_open(c, &broadcast, &who, &n), MMOFL_E_STATE);
    CHECK_INT(broadcast.round, 55);
    CHECK_STATUS(mmofl_coordinator_restore(c, 9, initial), MMOFL_E_STATE);
    CHECK_INT(close_round(c).round, 1);
    mmofl_coordinator_delete(c);
}

/* `bad` is refused with this status where `good` would have been taken. */
static void refuse(mmofl_coordinator *c, mmofl_update bad, mmofl_status wanted)
{
    CHECK_STATUS(mmofl_coordinator_accept(c, &bad), wanted);
}

static void refuse_reports(mmofl_coordinator *c, mmofl_update good)
{
    mmofl_update bad = good;
    bad.report.fresh_loss = (double)NAN;
    refuse(c, bad, MMOFL_E_NONFINITE);
    bad = good, bad.report.train_loss = (double)INFINITY;
    refuse(c, bad, MMOFL_E_NONFINITE);
    bad = good, bad.report.fresh_loss = -0.5;
    refuse(c, bad, MMOFL_E_RANGE);
    bad = good, bad.report.train_loss = -1e-9;
    refuse(c, bad, MMOFL_E_RANGE);
    bad = good, bad.report.train_loss = 1e300;
    refuse(c, bad, MMOFL_E_RANGE);
    bad = good, bad.report.fresh_correct = good.report.fresh + 1;
    refuse(c, bad, MMOFL_E_RANGE);
}

static void refused_updates_change_nothing(void **state)
{
    (void)state;
    float w[N], first[N];
    mmofl_round_summary summary[2];
    for (int with_refusals = 0; with_refusals < 2; with_refusals++) {
        mmofl_coordinator *c = new_coordinator(3, 2, "fedavg weights=samples");
        const uint32_t *who;
        uint32_t n;
        open_round(c, &who, &n);
        CHECK_OK(send_answer(c, who[0], 1));
        if (with_refusals) {
            uint32_t absent = 3 - who[0] - who[1];
            mmofl_update good = answer(who[1], 1, w), bad = good;
            refuse_reports(c, good);
            bad.round = 2;
            refuse(c, bad, MMOFL_E_STALE);
            bad.round = 0;
            refuse(c, bad, MMOFL_E_STALE);
            bad = good, bad.device = absent;
            refuse(c, bad, MMOFL_E_UNKNOWN);
            bad.device = 3;
            refuse(c, bad, MMOFL_E_UNKNOWN);
            bad.device = (UINT64_C(1) << 32) + who[1]; /* not cut to 32 bits */
            refuse(c, bad, MMOFL_E_UNKNOWN);
            bad = good, bad.device = who[0];
            refuse(c, bad, MMOFL_E_DUPLICATE);
            bad = good, bad.n_parameters = N + 1;
            refuse(c, bad, MMOFL_E_SHAPE);
            bad = good, bad.parameters = (float[]){0, NAN, 0};
            refuse(c, bad, MMOFL_E_NONFINITE);
            bad.samples = 0; /* also when it would not count */
            refuse(c, bad, MMOFL_E_NONFINITE);
            bad = good, bad.parameters = (float[]){0, 0, -1e9f};
            refuse(c, bad, MMOFL_E_RANGE);
        }
        CHECK_OK(send_answer(c, who[1], 1));
        summary[with_refusals] = close_round(c);
        memcpy(with_refusals ? w : first, mmofl_coordinator_parameters(c), sizeof w);
        mmofl_coordinator_delete(c);
    }
    CHECK(same_summary(summary[0], summary[1]));
    CHECK(fixture_same_bits(w, first, N));
}

static void any_failing_allocation_is_reported(void **state)
{
    (void)state;
    mmofl_coordinator *c = NULL;
    mmofl_coordinator_setup setup = setup_of(10, 0.5, "fedavg");
    for (setup.fail_after = 1; !c; setup.fail_after++) {
        mmofl_error err = {0};
        mmofl_status st = mmofl_coordinator_new(&setup, initial, &c, &err);
        CHECK(st == MMOFL_OK || (st == MMOFL_E_MEMORY && err.text[0]));
        CHECK((st == MMOFL_OK) == (c != NULL));
    }
    CHECK(setup.fail_after > 6);
    mmofl_coordinator_delete(c);
    mmofl_coordinator_delete(NULL);
}

CHECK_MAIN(TEST(uniform_fedavg_by_hand),
           TEST(restore_goes_on_from_that_round_and_model),
           TEST(sample_weighted_fedavg_by_hand),
           TEST(a_round_without_updates_keeps_the_model),
           TEST(missing_updates_are_left_out_of_every_mean),
           TEST(the_fresh_loss_is_a_mean_over_devices_that_had_fresh_samples),
           TEST(the_order_of_updates_does_not_matter),
           TEST(updates_from_many_threads_give_the_same_bytes),
           TEST(late_updates_may_come_while_rounds_open_and_close),
           TEST(calls_in_the_wrong_order_are_refused),
           TEST(refused_updates_change_nothing),
           TEST(any_failing_allocation_is_reported))
