/* test_imbalance.c - what is lost, when and together with what: rates against what was
 * asked, and everything a function of its place. */
#define _GNU_SOURCE
#include "imbalance_fixture.h"

/* ---- losses of single samples ---- */

/* With one modality complete nothing is ever given back, so rates are plain. */
static void each_modality_is_missing_at_its_own_rate(void **state)
{
    (void)state;
    rig r;
    rig_prepare(&r, 0, "independent");
    r.modality[0].missing = 0.7;
    r.modality[1].missing = 0.1;
    rig_start(&r);
    double a = 0, b = 0, both = 0, again = 0, n = 8 * HELD;
    for (uint64_t device = 0; device < 8; device++) {
        look(&r, device, 0, HELD);
        a += count_missing(&r, 0, HELD);
        b += count_missing(&r, 1, HELD);
        CHECK_INT(count_missing(&r, 2, HELD), 0);
        for (int i = 0; i < HELD; i++) {
            both += (r.mask[i] & 3) == 0;
            again += i > 0 && !(r.mask[i] & 1) && !(r.mask[i - 1] & 1);
        }
    }
    check_share(a, n, 0.7);
    check_share(b, n, 0.1);
    check_share(both, n, 0.07);      /* modalities are independent, */
    check_share(again, n - 8, 0.49); /* and so are samples */
    rig_delete(&r);
}

static void a_sample_that_lost_all_gets_one_back_each_equally_often(void **state)
{
    (void)state;
    rig r;
    rig_prepare(&r, 1, "independent");
    rig_start(&r);
    int left[M] = {0};
    for (uint64_t device = 0; device < 8; device++) {
        look(&r, device, 0, HELD);
        for (int i = 0; i < HELD; i++) {
            CHECK(r.mask[i] == 1 || r.mask[i] == 2 || r.mask[i] == 4);
            left[r.mask[i] / 2]++;
        }
    }
    for (int m = 0; m < M; m++)
        check_share(left[m], 8 * HELD, 1.0 / M);
    rig_delete(&r);
}

static void what_comes_back_was_recorded_and_is_used(void **state)
{
    (void)state;
    rig r;
    rig_prepare(&r, 1, "independent");
    r.setup.used = 3; /* not the third */
    rig_start(&r);
    look(&r, 1, 0, 200);
    for (int i = 0; i < 200; i++)
        CHECK(r.mask[i] == 1 || r.mask[i] == 2);
    for (int i = 0; i < 200; i++)
        r.mask[i] = 6;
    mmofl_imbalance_window(r.imbalance, 1, (mmofl_window){0, 200, 200}, r.mask,
                           r.disturbed);
    for (int i = 0; i < 200; i++)
        CHECK_INT(r.mask[i], 2);
    rig_delete(&r);
}

static void a_held_sample_stays_as_it_was_drawn(void **state)
{
    (void)state;
    static const char *const patterns[] = {"independent", "burst length=7",
                                           "ramp to=0.9 first=2 last=30"};
    for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++) {
        rig r;
        rig_prepare(&r, 0.5, patterns[p]);
        r.modality[1].noise =
            fixture_pick(mmofl_disturbance_kinds(), "stuck share=0.5");
        rig_start(&r);
        uint32_t mask[300], disturbed[300];
        look(&r, 3, 0, 300);
        memcpy(mask, r.mask, sizeof mask);
        memcpy(disturbed, r.disturbed, sizeof disturbed);
        for (uint64_t first = 0; first + 20 <= 300; first++) {
            look(&r, 3, first, 20);
            CHECK(memcmp(r.mask, mask + first, 20 * sizeof *mask) == 0);
            CHECK(memcmp(r.disturbed, disturbed + first, 20 * sizeof *mask) == 0);
        }
        rig_delete(&r);
    }
}

static void seeds_and_devices_differ(void **state)
{
    (void)state;
    rig r;
    rig_prepare(&r, 0.5, "independent");
    rig_start(&r);
    uint32_t mask[100];
    look(&r, 0, 0, 100);
    memcpy(mask, r.mask, sizeof mask);
    look(&r, 1, 0, 100);
    CHECK(memcmp(mask, r.mask, sizeof mask) != 0);
    mmofl_imbalance_delete(r.imbalance);
    r.setup.seed++;
    rig_start(&r);
    look(&r, 0, 0, 100);
    CHECK(memcmp(mask, r.mask, sizeof mask) != 0);
    rig_delete(&r);
}

/* ---- patterns in time ---- */

/* Mean length of the losses of modality 0 that begin and end in sight. */
static double mean_burst(const rig *r, int n)
{
    int bursts = 0, lost = 0, open = 0;
    for (int i = 1; i < n; i++) {
        bool now = !(r->mask[i] & 1), before = !(r->mask[i - 1] & 1);
        if (now && !before)
            open = 1;
        else if (now && open)
            open++;
        else if (!now && open) {
            bursts++;
            lost += open;
            open = 0;
        }
    }
    return bursts ? (double)lost / bursts : 0;
}

static void bursts_have_the_rate_and_the_length_that_were_asked(void **state)
{
    (void)state;
    static const struct {
        double rate, length;
        const char *pattern;
    } cases[] = {{0.3, 10, "burst length=10"},
                 {0.7, 4, "burst length=4"},
                 {0.5, 2, "burst length=2"}}; /* 2 = 1/(1 - 0.5): independent */
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        rig r;
        rig_prepare(&r, 0, "independent");
        r.modality[0] = entry(0, cases[k].rate, cases[k].pattern, "none");
        rig_start(&r);
        enum { PIECES = 40 };
        double missing = 0, length = 0;
        for (int piece = 0; piece < PIECES; piece++) {
            look(&r, 1, (uint64_t)piece * 5000, HELD); /* far apart */
            missing += count_missing(&r, 0, HELD);
            length += mean_burst(&r, HELD) / PIECES;
        }
        double n = PIECES * HELD, renew = 1 / (cases[k].length * (1 - cases[k].rate));
        /* A chain renewed with probability p has (2 - p) / p times the variance. */
        CHECK_NEAR(
            missing / n, cases[k].rate,
            5 * sqrt(cases[k].rate * (1 - cases[k].rate) / n * (2 - renew) / renew));
        CHECK_NEAR(length, cases[k].length, 0.07 * cases[k].length);
        rig_delete(&r);
    }
}

static void a_rate_is_that_of_the_round_of_arrival(void **state)
{
    (void)state;
    rig r;
    rig_prepare(&r, 0, "independent");
    r.modality[0] = entry(0, 0, "ramp to=1 first=1 last=2", "none");
    rig_start(&r);
    look(&r, 0, 0, 100); /* 10 arrivals a round: none of round 1 lost, then all */
    for (int i = 0; i < 100; i++)
        CHECK_INT(r.mask[i] & 1, i < 10);
    rig_delete(&r);
}

/* ---- granularity ---- */

static void a_device_or_all_devices_lack_a_modality_for_a_round(void **state)
{
    (void)state;
    for (int granularity = MMOFL_GRANULARITY_DEVICE;
         granularity <= MMOFL_GRANULARITY_ROUND; granularity++) {
        rig r;
        rig_prepare(&r, 0, "independent");
        r.spec.granularity = granularity;
        r.modality[0].missing = 0.5;
        rig_start(&r);
        uint32_t first[HELD];
        int rounds_missing = 0, differ = 0;
        for (uint64_t device = 0; device < 8; device++) {
            look(&r, device, 0, HELD);
            for (int i = 0; i < HELD; i++) {
                CHECK(r.mask[i] == r.mask[i - i % 10]); /* 10 arrivals a round */
                rounds_missing += i % 10 == 0 && !(r.mask[i] & 1);
            }
            if (device == 0)
                memcpy(first, r.mask, sizeof first);
            differ += memcmp(first, r.mask, sizeof first) != 0;
        }
        if (granularity == MMOFL_GRANULARITY_DEVICE) {
            CHECK_INT(differ, 7);
            check_share(rounds_missing, 800, 0.5);
        } else {
            CHECK_INT(differ, 0);
            check_share(rounds_missing / 8, 100, 0.5);
        }
        rig_delete(&r);
    }
}

static void bursts_of_rounds_last_as_long_as_asked(void **state)
{
    (void)state;
    rig r;
    rig_prepare(&r, 0, "independent");
    r.stream = (mmofl_stream_spec){.buffer = 1, .fresh = 1, .initial = 1};
    r.spec.granularity = MMOFL_GRANULARITY_DEVICE;
    r.modality[0] = entry(0, 0.5, "burst length=5", "none");
    rig_start(&r);
    double length = 0;
    for (uint64_t device = 0; device < 8; device++) {
        look(&r, device, 0, HELD);
        length += mean_burst(&r, HELD) / 8;
    }
    CHECK_NEAR(length, 5, 0.6);
    rig_delete(&r);
}

static void with_granularity_run_a_device_lacks_a_modality_for_good(void **state)
{
    (void)state;
    rig r;
    rig_prepare(&r, 0, "independent");
    r.spec.granularity = MMOFL_GRANULARITY_RUN;
    r.modality[0].missing = 0.4;
    r.setup.devices = 500;
    rig_start(&r);
    int lacking = 0;
    for (uint64_t device = 0; device < 500; device++) {
        look(&r, device, 12345, 20);
        for (int i = 1; i < 20; i++)
            CHECK(r.mask[i] == r.mask[0]);
        lacking += !(r.mask[0] & 1);
    }
    check_share(lacking, 500, 0.4);
    rig_delete(&r);
}

CHECK_MAIN(TEST(each_modality_is_missing_at_its_own_rate),
           TEST(a_sample_that_lost_all_gets_one_back_each_equally_often),
           TEST(what_comes_back_was_recorded_and_is_used),
           TEST(a_held_sample_stays_as_it_was_drawn), TEST(seeds_and_devices_differ),
           TEST(bursts_have_the_rate_and_the_length_that_were_asked),
           TEST(a_rate_is_that_of_the_round_of_arrival),
           TEST(a_device_or_all_devices_lack_a_modality_for_a_round),
           TEST(bursts_of_rounds_last_as_long_as_asked),
           TEST(with_granularity_run_a_device_lacks_a_modality_for_good))
