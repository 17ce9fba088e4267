/* Which devices are asked in a round. */
#define _GNU_SOURCE
#include "coordinator_fixture.h"

static uint32_t participants_of(uint32_t devices, double participation)
{
    mmofl_coordinator *c = new_coordinator(devices, participation, "fedavg");
    const uint32_t *who;
    uint32_t n;
    open_round(c, &who, &n);
    for (uint32_t i = 0; i < n; i++)
        CHECK(who[i] < devices && (i == 0 || who[i] > who[i - 1]));
    mmofl_coordinator_delete(c);
    return n;
}

static void shares_are_rounded_and_numbers_are_taken_as_they_are(void **state)
{
    (void)state;
    CHECK_INT(participants_of(10, 1), 10);
    CHECK_INT(participants_of(10, 0.3), 3);
    CHECK_INT(participants_of(10, 0.25), 3); /* 2.5 */
    CHECK_INT(participants_of(10, 0.001), 1);
    CHECK_INT(participants_of(10, 2), 2);
    CHECK_INT(participants_of(10, 10), 10);
    CHECK_INT(participants_of(1, 1), 1);
    CHECK_INT(participants_of(1, 0.1), 1);
}

static void participants_depend_on_seed_and_round_only(void **state)
{
    (void)state;
    enum { ROUNDS = 12, K = 30, PART = 6 };
    uint32_t drawn[ROUNDS][PART];
    mmofl_coordinator *c = new_coordinator(K, PART, "fedavg");
    const uint32_t *who;
    uint32_t n, different = 0;
    int times[K] = {0};
    for (int t = 0; t < ROUNDS; t++) {
        CHECK_INT(open_round(c, &who, &n), t + 1);
        memcpy(drawn[t], who, sizeof drawn[t]);
        for (uint32_t i = 0; i < n; i++)
            times[who[i]]++;
        close_round(c);
        different += t > 0 && memcmp(drawn[t], drawn[t - 1], sizeof drawn[t]) != 0;
    }
    CHECK(different == ROUNDS - 1);
    int seen = 0;
    for (int d = 0; d < K; d++)
        seen += times[d] > 0;
    CHECK(seen > K / 2);
    /* Straight to round 8, by restore. */
    CHECK_OK(mmofl_coordinator_restore(c, 7, initial));
    CHECK_INT(open_round(c, &who, &n), 8);
    CHECK(memcmp(who, drawn[7], sizeof drawn[7]) == 0);
    mmofl_coordinator_delete(c);

    mmofl_coordinator_setup other = setup_of(K, PART, "fedavg");
    other.seed++;
    CHECK_OK(mmofl_coordinator_new(&other, initial, &c, NULL));
    open_round(c, &who, &n);
    CHECK(memcmp(who, drawn[0], sizeof drawn[0]) != 0);
    mmofl_coordinator_delete(c);
}

static void ten_of_a_hundred_thousand_devices_take_part(void **state)
{
    (void)state;
    enum { K = 100000 };
    mmofl_coordinator *c = new_coordinator(K, 10, "fedavg");
    CHECK(mmofl_coordinator_bytes(c) < 8 * K); /* no per-device state but the draw */
    const uint32_t *who;
    uint32_t n, largest = 0;
    for (uint64_t round = 1; round <= 5; round++) {
        CHECK_INT(open_round(c, &who, &n), round);
        CHECK_INT(n, 10);
        for (uint32_t i = 0; i < n; i++)
            CHECK_OK(send_answer(c, who[i], round));
        largest = who[9] > largest ? who[9] : largest;
        CHECK_INT(close_round(c).updates, 10);
    }
    CHECK(largest > K / 2);
    mmofl_coordinator_delete(c);
}

static void impossible_participations_are_refused_with_a_text(void **state)
{
    (void)state;
    const struct {
        uint32_t devices;
        double participation;
    } bad[] = {
        {0, 1}, {4, 0}, {4, -0.5}, {4, (double)NAN}, {4, 5}, {4, (double)INFINITY},
        {1, 2}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mmofl_coordinator_setup setup =
            setup_of(bad[i].devices, bad[i].participation, "fedavg");
        mmofl_coordinator *c = NULL;
        mmofl_error err = {0};
        CHECK_STATUS(mmofl_coordinator_new(&setup, initial, &c, &err), MMOFL_E_RANGE);
        CHECK(!c);
        CHECK_CONTAINS(err.text, "participation");
    }
}

CHECK_MAIN(TEST(shares_are_rounded_and_numbers_are_taken_as_they_are),
           TEST(participants_depend_on_seed_and_round_only),
           TEST(ten_of_a_hundred_thousand_devices_take_part),
           TEST(impossible_participations_are_refused_with_a_text))
