/* Aggregation rules that average, by hand on tiny models. */
#define _GNU_SOURCE
#include "fed/mean.h"
#include "rules_fixture.h"

/* ---------------------------------------------------------------- fedprox */

static void fedprox_pulls_the_gradient_towards_the_received_model(void **state)
{
    (void)state;
    mmofl_pick pick = fixture_pick(mmofl_aggregation_kinds(), "fedprox mu=0.5");
    mmofl_local_rule rule = mmofl_aggregation_local(&pick);
    const float received[N] = {1, 1, 1}, w[N] = {2, -1, 1};
    float g[N] = {1, 1, 1};
    mmofl_local_round round = {.n = N, .received = received};
    rule.kind->adjust(rule.options, &round, w, g);
    CHECK(g[0] == 1.5f && g[1] == 0 && g[2] == 1);
    CHECK(!rule.kind->kept && !rule.kind->up && !rule.kind->down);
}

static void fedprox_with_mu_0_leaves_every_bit(void **state)
{
    (void)state;
    mmofl_pick pick = fixture_pick(mmofl_aggregation_kinds(), "fedprox mu=0");
    mmofl_local_rule rule = mmofl_aggregation_local(&pick);
    const float received[N] = {1, 1, 1}, w[N] = {2, -1, 1}, before[N] = {-0.0f, 3, 4};
    float g[N] = {-0.0f, 3, 4};
    mmofl_local_round round = {.n = N, .received = received};
    rule.kind->adjust(rule.options, &round, w, g);
    CHECK(fixture_same_bits(g, before, N));
}

/* ---------------------------------------------------------------- server steps */

static void fedavgm_by_hand(void **state)
{
    (void)state;
    mmofl_coordinator *c = new_coordinator(1, 1, "fedavgm momentum=0.5 lr=1");
    CHECK(run_delta(c, 1)[0] == 1.5f);  /* v = 1 */
    CHECK(run_delta(c, 1)[0] == 3);     /* v = 1.5 */
    CHECK(run_delta(c, 0)[0] == 3.75f); /* v = 0.75 */
    mmofl_coordinator_delete(c);
    c = new_coordinator(1, 1, "fedavgm momentum=0 lr=0.5");
    CHECK(run_delta(c, 1)[0] == 1);
    mmofl_coordinator_delete(c);
}

/* Both rules over three rounds of the same answers. */
static void check_same_as_fedavg(const char *rule, double tolerance)
{
    mmofl_coordinator *a = new_coordinator(5, 1, "fedavg"),
                      *b = new_coordinator(5, 1, rule);
    for (uint64_t t = 1; t <= 3; t++) {
        float x[5][N];
        for (uint32_t d = 0; d < 5; d++)
            fixture_fill(x[d], N, 10 * t + d);
        const uint32_t steps[5] = {4, 4, 4, 4, 4};
        const float *p = run_rows(a, (const float(*)[N])x, steps, 5);
        const float *q = run_rows(b, (const float(*)[N])x, steps, 5);
        for (int i = 0; i < N; i++)
            CHECK_NEAR(q[i], p[i], tolerance);
    }
    mmofl_coordinator_delete(a);
    mmofl_coordinator_delete(b);
}

static void rules_that_are_fedavg_at_one_setting(void **state)
{
    (void)state;
    check_same_as_fedavg("fedprox mu=0", 0);
    check_same_as_fedavg("fedprox mu=3", 0); /* its pull is the devices' affair */
    check_same_as_fedavg("fedavgm momentum=0 lr=1", 0);
    check_same_as_fedavg("fednova", 2e-7);
    check_same_as_fedavg("trimmed_mean trim=0", 2e-7);
    check_same_as_fedavg("trimmed_mean trim=0.19", 2e-7); /* of 5: none */
}

static void fedadam_by_hand(void **state)
{
    (void)state;
    mmofl_coordinator *c =
        new_coordinator(1, 1, "fedadam lr=2 beta1=0.5 beta2=0.75 tau=0.5");
    double x = 0.5 + 2 * 0.5 / (sqrt(0.4375) + 0.5); /* v: 0.25 -> 0.1875 + 0.25 */
    CHECK_NEAR(run_delta(c, 1)[0], x, 1e-6);
    x += 2 * -0.25 / (sqrt(0.578125) + 0.5); /* m = 0.25 - 0.5 */
    CHECK_NEAR(run_delta(c, -1)[0], x, 1e-6);
    mmofl_coordinator_delete(c);
}

static void fedyogi_by_hand(void **state)
{
    (void)state;
    mmofl_coordinator *c =
        new_coordinator(1, 1, "fedyogi lr=2 beta1=0.5 beta2=0.75 tau=0.5");
    double x = 0.5 + 2 * 0.5 / (sqrt(0.5) + 0.5); /* v: 0.25 < 1, up by 0.25 */
    CHECK_NEAR(run_delta(c, 1)[0], x, 1e-6);
    x += 2 * 0.5 / (sqrt(0.4375) + 0.5); /* 0.25 < v: down by 0.0625 */
    CHECK_NEAR(run_delta(c, 0.5f)[0], x, 1e-6);
    mmofl_coordinator_delete(c);
}

/* ---------------------------------------------------------------- fednova */

static void steps_with_momentum_weigh_as_in_the_paper(void **state)
{
    (void)state;
    CHECK(mmofl_local_steps(0, 0) == 0 && mmofl_local_steps(7, 0) == 7);
    CHECK(mmofl_local_steps(2, 0.5) == 2.5);  /* 1.5 + 1 */
    CHECK(mmofl_local_steps(3, 0.5) == 4.25); /* 1.75 + 1.5 + 1 */
    CHECK(mmofl_local_steps(UINT32_MAX, 0) == UINT32_MAX);
    double many = mmofl_local_steps(UINT32_MAX, 0.9), wanted = 10.0 * UINT32_MAX - 90;
    CHECK_NEAR(many / wanted, 1, 1e-9);
}

static void fednova_by_hand(void **state)
{
    (void)state;
    mmofl_coordinator *c = new_coordinator(2, 1, "fednova");
    const uint32_t steps[2] = {1, 3};
    /* directions (1, 0, 2) and (1, 2, -2): mean (1, 1, 0), times 2 steps */
    const float x[2][N] = {{1.5f, -1, 4}, {3.5f, 5, -4}};
    const float *w = run_rows(c, x, steps, 2);
    CHECK(w[0] == 2.5f && w[1] == 1 && w[2] == 2);
    mmofl_coordinator_delete(c);
}

static void fednova_leaves_out_devices_without_a_step(void **state)
{
    (void)state;
    mmofl_coordinator *c = new_coordinator(2, 1, "fednova");
    const uint32_t steps[2] = {0, 2};
    const float x[2][N] = {{0.5f, -1, 2}, {2.5f, 1, 0}};
    CHECK(fixture_same_bits(run_rows(c, x, steps, 2), x[1], N));
    mmofl_coordinator_delete(c);
}

static void fednova_counts_steps_by_the_momentum(void **state)
{
    (void)state;
    mmofl_coordinator_setup setup = setup_of(2, 1, "fednova");
    setup.momentum = 0.5;
    mmofl_coordinator *c;
    CHECK_OK(mmofl_coordinator_new(&setup, initial, &c, NULL));
    const uint32_t steps[2] = {1, 2}; /* worth 1 and 2.5 */
    const float x[2][N] = {{1.5f, -1, 2}, {3, -1, 2}};
    CHECK_NEAR(run_rows(c, x, steps, 2)[0], 0.5 + 1.75, 1e-6);
    mmofl_coordinator_delete(c);
}

/* ---------------------------------------------------------------- scaffold */

static void a_device_of_scaffold_by_hand(void **state)
{
    (void)state;
    mmofl_pick pick = fixture_pick(mmofl_aggregation_kinds(), "scaffold");
    mmofl_local_rule rule = mmofl_aggregation_local(&pick);
    const float received[N] = {1, 2, 3}, w[N] = {0, 2, 5}, control[N] = {0.5f, 1, 0};
    float kept[N] = {1, 0, 0.25f}, up[N] = {9, 9, 9}, g[N] = {1, 1, 1};
    mmofl_local_round round = {.n = N,
                               .received = received,
                               .down = control,
                               .kept = kept,
                               .up = up,
                               .lr = 0.25};
    rule.kind->adjust(rule.options, &round, w, g);
    CHECK(g[0] == 0.5f && g[1] == 2 && g[2] == 0.75f);
    rule.kind->end(rule.options, &round, received); /* no step: nothing new */
    CHECK(up[0] == 0 && up[1] == 0 && kept[0] == 1 && kept[2] == 0.25f);
    round.steps = 2; /* (received - w) / 0.5 = (2, 0, -4) */
    rule.kind->end(rule.options, &round, w);
    CHECK(up[0] == 1.5f && up[1] == -1 && up[2] == -4);
    CHECK(kept[0] == 2.5f && kept[1] == -1 && kept[2] == -3.75f);
}

static mmofl_status send_change(mmofl_coordinator *c, uint32_t device, uint64_t round,
                                const float *x, const float *change)
{
    return mmofl_coordinator_accept(c, &(mmofl_update){.device = device,
                                                       .round = round,
                                                       .n_parameters = N,
                                                       .parameters = x,
                                                       .samples = 1,
                                                       .rule = change});
}

static void the_coordinator_of_scaffold_by_hand(void **state)
{
    (void)state;
    mmofl_coordinator *c = new_coordinator(4, 2, "scaffold lr=0.5");
    mmofl_broadcast broadcast;
    const uint32_t *who;
    uint32_t n;
    const float x[N] = {1.5f, -1, 2}, change[2][N] = {{1, 2, 0}, {3, -2, 1}};
    CHECK_OK(mmofl_coordinator_open(c, &broadcast, &who, &n));
    CHECK(n == 2 && broadcast.rule && broadcast.rule[0] == 0);
    CHECK_STATUS(send_change(c, who[0], 1, x, NULL), MMOFL_E_MISSING);
    for (int i = 0; i < 2; i++)
        CHECK_OK(send_change(c, who[i], 1, x, change[i]));
    mmofl_round_summary s = close_round(c);
    CHECK_INT(s.bytes_down, 2 * (mmofl_broadcast_bytes(N, 0) + 4 * N));
    CHECK_INT(s.bytes_up, 2 * (mmofl_update_bytes(N, 0, 0) + 4 * N));
    CHECK(mmofl_coordinator_parameters(c)[0] == 1);
    CHECK_OK(mmofl_coordinator_open(c, &broadcast, &who, &n));
    /* a fourth of the sum: two of the four said nothing */
    CHECK(broadcast.rule[0] == 1 && broadcast.rule[1] == 0 &&
          broadcast.rule[2] == 0.25f);
    mmofl_coordinator_delete(c);
}

CHECK_MAIN(TEST(fedprox_pulls_the_gradient_towards_the_received_model),
           TEST(fedprox_with_mu_0_leaves_every_bit), TEST(fedavgm_by_hand),
           TEST(rules_that_are_fedavg_at_one_setting), TEST(fedadam_by_hand),
           TEST(fedyogi_by_hand), TEST(steps_with_momentum_weigh_as_in_the_paper),
           TEST(fednova_by_hand), TEST(fednova_leaves_out_devices_without_a_step),
           TEST(fednova_counts_steps_by_the_momentum),
           TEST(a_device_of_scaffold_by_hand),
           TEST(the_coordinator_of_scaffold_by_hand))
