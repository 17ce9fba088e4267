/* test_imbalance_many.c - four and sixteen modalities: rates of their own, what comes
 * back, granularities, the test part. */
#define _GNU_SOURCE
#include "imbalance_fixture.h"

static const int counts[] = {4, MOST};
#define FOR_EACH_COUNT(n)                                                              \
    for (int at = 0, n; at < 2; at++)                                                  \
        if ((n = counts[at]))

/* All but the last, which is complete, so that nothing is ever given back. */
static double rate_of(int m, int n)
{
    return m == n - 1 ? 0 : (m + 1.0) / (n + 1.0);
}

static void prepare(rig *r, int n)
{
    rig_prepare_many(r, n, 0, "independent");
    for (int m = 0; m < n; m++)
        r->modality[m].missing = rate_of(m, n);
}

static void each_of_many_has_its_own_rate_independently(void **state)
{
    (void)state;
    FOR_EACH_COUNT(n)
    {
        rig r;
        prepare(&r, n);
        rig_start(&r);
        double missing[MOST] = {0}, both[MOST] = {0}, all = 8 * HELD;
        for (uint64_t device = 0; device < 8; device++) {
            look(&r, device, 0, HELD);
            for (int m = 0; m < n; m++)
                missing[m] += count_missing(&r, m, HELD);
            for (int i = 0; i < HELD; i++)
                for (int m = 0; m + 1 < n; m++)
                    both[m] += !(r.mask[i] >> m & 3);
        }
        for (int m = 0; m < n; m++)
            check_share(missing[m], all, rate_of(m, n));
        for (int m = 0; m + 1 < n; m++) /* neighbours */
            check_share(both[m], all, rate_of(m, n) * rate_of(m + 1, n));
        rig_delete(&r);
    }
}

static void one_of_many_comes_back_when_all_are_lost(void **state)
{
    (void)state;
    FOR_EACH_COUNT(n)
    {
        rig r;
        rig_prepare_many(&r, n, 1, "independent");
        r.setup.used &= ~UINT32_C(2); /* the model has no use for the second */
        rig_start(&r);
        double left[MOST] = {0};
        for (uint64_t device = 0; device < 8; device++) {
            look(&r, device, 0, HELD);
            for (int i = 0; i < HELD; i++) {
                CHECK((r.mask[i] & (r.mask[i] - 1)) == 0 && r.mask[i] != 0);
                for (int m = 0; m < n; m++)
                    left[m] += r.mask[i] >> m & 1;
            }
        }
        for (int m = 0; m < n; m++)
            check_share(left[m], 8 * HELD, m == 1 ? 0 : 1.0 / (n - 1));
        rig_delete(&r);
    }
}

/* A share of exactly the losses of all used modalities is given back, so each rate
 * falls by the same amount: P(all lost) / n. */
static void giving_back_takes_the_same_from_each_rate(void **state)
{
    (void)state;
    rig r;
    rig_prepare_many(&r, 4, 0.7, "independent");
    rig_start(&r);
    double missing[4] = {0}, given = pow(0.7, 4) / 4;
    for (uint64_t device = 0; device < 8; device++) {
        look(&r, device, 0, HELD);
        for (int m = 0; m < 4; m++)
            missing[m] += count_missing(&r, m, HELD);
    }
    for (int m = 0; m < 4; m++)
        check_share(missing[m], 8 * HELD, 0.7 - given);
    rig_delete(&r);
}

static void units_of_every_granularity_lose_each_of_many_alone(void **state)
{
    (void)state;
    FOR_EACH_COUNT(n)
    {
        for (int g = MMOFL_GRANULARITY_DEVICE; g <= MMOFL_GRANULARITY_RUN; g++) {
            rig r;
            prepare(&r, n);
            r.spec.granularity = g;
            r.setup.devices = 200;
            rig_start(&r);
            double missing[MOST] = {0};
            bool per_round = g != MMOFL_GRANULARITY_RUN;
            int rounds = per_round ? 20 : 1, units = 0;
            for (uint64_t device = 0; device < 200; device++) {
                look(&r, device, 0, 10 * rounds);
                for (int i = 0; i < 10 * rounds; i++) /* 10 arrivals a round */
                    CHECK(r.mask[i] == r.mask[per_round ? i - i % 10 : 0]);
                if (g == MMOFL_GRANULARITY_ROUND && device > 0)
                    continue; /* the same for all */
                units += rounds;
                for (int m = 0; m < n; m++)
                    for (int round = 0; round < rounds; round++)
                        missing[m] += !(r.mask[10 * round] >> m & 1);
            }
            for (int m = 0; m < n; m++)
                check_share(missing[m], units, rate_of(m, n));
            rig_delete(&r);
        }
    }
}

static void patterns_of_many_do_not_disturb_each_other(void **state)
{
    (void)state;
    FOR_EACH_COUNT(n)
    {
        rig alone, together;
        prepare(&alone, n);
        prepare(&together, n);
        together.modality[1] = entry(1, 0.5, "burst length=6", "stuck share=0.5");
        together.modality[n - 2] = entry(n - 2, 0, "ramp to=1 first=1 last=2", "none");
        rig_start(&alone);
        rig_start(&together);
        uint32_t changed = UINT32_C(2) | UINT32_C(1) << (n - 2);
        look(&alone, 3, 0, 200);
        look(&together, 3, 0, 200);
        for (int i = 0; i < 200; i++) {
            CHECK((together.mask[i] & ~changed) == (alone.mask[i] & ~changed));
            CHECK_INT(together.mask[i] >> (n - 2) & 1, i < 10);
            CHECK((together.disturbed[i] & ~UINT32_C(2)) == 0);
        }
        uint32_t mask[200]; /* bursts look back over words of many modalities */
        memcpy(mask, together.mask, sizeof mask);
        for (uint64_t first = 0; first + 5 <= 200; first += 5) {
            look(&together, 3, first, 5);
            CHECK(memcmp(together.mask, mask + first, 5 * sizeof *mask) == 0);
        }
        rig_delete(&alone);
        rig_delete(&together);
    }
}

static void the_test_part_of_many_has_the_rates_of_its_spec(void **state)
{
    (void)state;
    FOR_EACH_COUNT(n)
    {
        rig r;
        rig_prepare_many(&r, n, 0, "independent");
        r.spec.n_modalities = 0;
        r.test.n_modalities = n;
        for (int m = 0; m < n; m++)
            r.test_modality[m] = entry(m, rate_of(m, n), "independent",
                                       m % 2 ? "gauss share=0.5 sigma=1" : "none");
        rig_start(&r);
        enum { N = 8000 };
        double missing[MOST] = {0}, disturbed[MOST] = {0};
        for (size_t sample = 0; sample < N; sample++) {
            uint32_t mask = (UINT32_C(1) << n) - 1, noisy;
            mmofl_imbalance_test(r.imbalance, sample, &mask, &noisy);
            CHECK(mask != 0 && (noisy & ~mask) == 0);
            for (int m = 0; m < n; m++) {
                missing[m] += !(mask >> m & 1);
                disturbed[m] += noisy >> m & 1;
            }
        }
        for (int m = 0; m < n; m++) {
            check_share(missing[m], N, rate_of(m, n));
            check_share(disturbed[m], N - missing[m], m % 2 ? 0.5 : 0);
        }
        float x[T * C] = {0}, y[T * C] = {0};
        mmofl_imbalance_disturb_test(r.imbalance, 3, 1, x);
        mmofl_imbalance_disturb_test(r.imbalance, 3, n - 1, y);
        CHECK(x[0] != 0 && y[0] != 0 && !fixture_same_bits(x, y, T * C));
        rig_delete(&r);
    }
}

static void an_unknown_name_is_answered_with_all_that_are_known(void **state)
{
    (void)state;
    rig r;
    mmofl_error err = {0};
    rig_prepare_many(&r, MOST, 0.5, "independent");
    r.modality[9].modality = "gyro";
    CHECK_STATUS(mmofl_imbalance_new(&r.setup, &r.imbalance, &err), MMOFL_E_UNKNOWN);
    CHECK_CONTAINS(err.text, "'gyro'; it has a, b, c, d, e, f, g, h, i, j, k, l, m, n, "
                             "o, p");
    rig_delete(&r);
}

CHECK_MAIN(TEST(each_of_many_has_its_own_rate_independently),
           TEST(one_of_many_comes_back_when_all_are_lost),
           TEST(giving_back_takes_the_same_from_each_rate),
           TEST(units_of_every_granularity_lose_each_of_many_alone),
           TEST(patterns_of_many_do_not_disturb_each_other),
           TEST(the_test_part_of_many_has_the_rates_of_its_spec),
           TEST(an_unknown_name_is_answered_with_all_that_are_known))
