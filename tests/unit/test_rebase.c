/* test_rebase.c - updates of earlier rounds, and such that go too far. */
#define _GNU_SOURCE
#include "coordinator_fixture.h"

#include "fed/rebase.h"

static void weights_fall_with_age(void **state)
{
    (void)state;
    CHECK(mmofl_staleness_weight(0, 0.5) == 1);
    CHECK_NEAR(mmofl_staleness_weight(3, 0.5), 0.5, 1e-15);
    CHECK_NEAR(mmofl_staleness_weight(1, 2), 0.25, 1e-15);
    CHECK(mmofl_staleness_weight(32, 0) == 1);
}

static void what_an_update_did_is_done_to_another_model(void **state)
{
    (void)state;
    const float from[N] = {1, 1, 1}, x[N] = {4, 1, -3}, to[N] = {10, 20, 30};
    float out[N] = {4, 1, -3};
    CHECK(mmofl_difference_norm(x, from, N) == 5);
    mmofl_rebase(out, out, from, to, 0.5, N);
    CHECK(out[0] == 11.5f && out[1] == 20 && out[2] == 28);
    mmofl_rebase(out, x, from, from, 1 / 5.0, N); /* clipped to 1 */
    CHECK_NEAR(mmofl_difference_norm(out, from, N), 1, 1e-6);
}

/* Two of three answer in round 1, the third does in round 2, late. */
static void a_late_update_is_one_more_term_of_the_mean(void **state)
{
    (void)state;
    mmofl_coordinator *c = new_coordinator(3, 1, "fedavg");
    const uint32_t *who;
    uint32_t n;
    const float a[N] = {1, 2, 3}, late[N] = {3, 6, 0};
    mmofl_update u = {.round = 1, .n_parameters = N, .parameters = a};
    CHECK_STATUS(mmofl_coordinator_accept_late(c, &u), MMOFL_E_STATE);
    open_round(c, &who, &n);
    CHECK_OK(mmofl_coordinator_accept(c, &u));
    close_round(c);
    open_round(c, &who, &n);
    u.round = 2;
    CHECK_OK(mmofl_coordinator_accept(c, &u));
    u = (mmofl_update){.device = 2, .round = 1, .n_parameters = N, .parameters = late};
    CHECK_OK(mmofl_coordinator_accept_late(c, &u));
    u.device = 3;
    CHECK_STATUS(mmofl_coordinator_accept_late(c, &u), MMOFL_E_UNKNOWN);
    u.device = 2, u.n_parameters = N - 1;
    CHECK_STATUS(mmofl_coordinator_accept_late(c, &u), MMOFL_E_SHAPE);
    mmofl_round_summary s = close_round(c);
    CHECK(s.updates == 1 && s.late == 1 && s.participants == 3);
    CHECK_INT(s.bytes_up, 2 * mmofl_update_bytes(N, 0, 0));
    const float *w = mmofl_coordinator_parameters(c);
    CHECK(w[0] == 2 && w[1] == 4 && w[2] == 1.5f);
    mmofl_coordinator_delete(c);
}

static void rules_that_compare_updates_take_none_that_are_late(void **state)
{
    (void)state;
    static const char *const rules[] = {"median", "krum", "scaffold"};
    for (int i = 0; i < 3; i++) {
        mmofl_coordinator *c = new_coordinator(5, 1, rules[i]);
        const uint32_t *who;
        uint32_t n;
        mmofl_update u = {.round = 1, .n_parameters = N, .parameters = initial};
        open_round(c, &who, &n);
        CHECK_STATUS(mmofl_coordinator_accept_late(c, &u), MMOFL_E_UNSUPPORTED);
        mmofl_coordinator_delete(c);
    }
}

CHECK_MAIN(TEST(weights_fall_with_age),
           TEST(what_an_update_did_is_done_to_another_model),
           TEST(a_late_update_is_one_more_term_of_the_mean),
           TEST(rules_that_compare_updates_take_none_that_are_late))
