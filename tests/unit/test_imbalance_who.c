/* test_imbalance_who.c - what is disturbed, which devices are different, the disturbed
 * test part, and what is refused. */
#define _GNU_SOURCE
#include "imbalance_fixture.h"

/* ---- disturbances ---- */

static void the_share_of_recorded_samples_is_disturbed(void **state)
{
    (void)state;
    rig r;
    rig_prepare(&r, 0, "independent");
    r.modality[0] = entry(0, 0.5, "independent", "stuck share=0.7");
    r.modality[1] = entry(1, 0, "independent", "gauss share=0.1 sigma=2");
    rig_start(&r);
    double left = 0, a = 0, b = 0, both = 0;
    for (uint64_t device = 0; device < 8; device++) {
        look(&r, device, 0, HELD);
        for (int i = 0; i < HELD; i++) {
            CHECK((r.disturbed[i] & ~r.mask[i]) == 0 && !(r.disturbed[i] & 4));
            left += r.mask[i] & 1;
            a += r.disturbed[i] & 1;
            b += r.disturbed[i] >> 1 & 1;
            both += (r.disturbed[i] & 3) == 3;
        }
    }
    check_share(a, left, 0.7);
    check_share(b, 8 * HELD, 0.1);
    check_share(both, left, 0.07);
    rig_delete(&r);
}

static void a_disturbed_value_is_the_same_at_each_fetch(void **state)
{
    (void)state;
    rig r;
    rig_prepare(&r, 0, "independent");
    r.modality[0] = entry(0, 0, "independent", "gauss share=1 sigma=2");
    rig_start(&r);
    float x[T * C] = {0}, y[T * C] = {0}, other[T * C] = {0};
    mmofl_imbalance_disturb(r.imbalance, 2, 77, 0, x);
    mmofl_imbalance_disturb(r.imbalance, 2, 77, 0, y);
    CHECK(fixture_same_bits(x, y, T * C) && x[0] != 0 && x[T * C - 1] != 0);
    mmofl_imbalance_disturb(r.imbalance, 2, 78, 0, other);
    CHECK(!fixture_same_bits(x, other, T * C));
    rig_delete(&r);
}

/* ---- who ---- */

static void later_groups_win_modality_by_modality(void **state)
{
    (void)state;
    rig r;
    rig_prepare(&r, 0, "independent");
    r.group_modality[0][0] = entry(0, 1, "independent", "none");
    r.group_modality[0][1] = entry(1, 1, "independent", "none");
    r.group_modality[1][0] = entry(0, 0, "independent", "stuck share=1");
    r.device[0][0] = 2, r.device[0][1] = 5, r.device[1][0] = 5;
    r.group[0] = (mmofl_group_imbalance){2, r.device[0], 2, r.group_modality[0]};
    r.group[1] = (mmofl_group_imbalance){1, r.device[1], 1, r.group_modality[1]};
    r.spec.n_groups = 2;
    rig_start(&r);
    static const struct {
        uint64_t device;
        uint32_t mask, disturbed;
    } cases[] = {{0, 7, 0}, {2, 4, 0}, {5, 5, 1}, {7, 7, 0}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        look(&r, cases[k].device, 0, 50);
        for (int i = 0; i < 50; i++) {
            CHECK_INT(r.mask[i], cases[k].mask);
            CHECK_INT(r.disturbed[i], cases[k].disturbed);
        }
    }
    rig_delete(&r);
}

static void the_share_of_bad_devices_is_drawn_by_the_seed(void **state)
{
    (void)state;
    int chosen[8] = {0};
    for (uint64_t seed = 1; seed <= 40; seed++) {
        rig r;
        rig_prepare(&r, 0, "independent");
        r.modality[0].missing = 1;
        r.spec.bad_devices = 0.25;
        r.setup.seed = seed;
        rig_start(&r);
        int bad = 0;
        for (int device = 0; device < 8; device++) {
            look(&r, (uint64_t)device, 0, 1);
            bad += r.mask[0] == 6;
            chosen[device] += r.mask[0] == 6;
        }
        CHECK_INT(bad, 2);
        rig_delete(&r);
    }
    for (int device = 0; device < 8; device++)
        check_share(chosen[device], 40, 0.25);
}

/* ---- the test part ---- */

static void a_test_sample_is_one_of_a_device_drawn_at_random(void **state)
{
    (void)state;
    rig r;
    rig_prepare(&r, 0, "independent");
    r.group_modality[0][0] = entry(0, 0.5, "burst length=9", "stuck share=1");
    r.device[0][0] = 1, r.device[0][1] = 2;
    r.group[0] = (mmofl_group_imbalance){2, r.device[0], 1, r.group_modality[0]};
    r.spec.n_groups = 1;
    rig_start(&r);
    enum { N = 20000 };
    double missing = 0, disturbed = 0;
    for (size_t sample = 0; sample < N; sample++) {
        uint32_t mask = ALL, noisy, again = ALL, noisy_again;
        mmofl_imbalance_test(r.imbalance, sample, &mask, &noisy);
        mmofl_imbalance_test(r.imbalance, sample, &again, &noisy_again);
        CHECK(mask == again && noisy == noisy_again);
        missing += !(mask & 1);
        disturbed += noisy & 1;
    }
    check_share(missing, N, 2.0 / 8 * 0.5);
    check_share(disturbed, N, 2.0 / 8 * 0.5);
    rig_delete(&r);
}

static void a_test_spec_takes_the_place_of_the_fleets(void **state)
{
    (void)state;
    rig r;
    rig_prepare(&r, 0, "independent");
    r.spec.n_modalities = 0; /* the fleet is clean */
    r.test.n_modalities = 1;
    r.test_modality[0] = entry(1, 0.3, "independent", "gauss share=0.5 sigma=1");
    r.test_modality[0].pattern = (mmofl_pick){.kind = NULL}; /* as the schema has it */
    rig_start(&r);
    look(&r, 0, 0, 100);
    CHECK_INT(count_missing(&r, 1, 100), 0);
    double missing = 0, disturbed = 0;
    for (size_t sample = 0; sample < 5000; sample++) {
        uint32_t mask = ALL, noisy;
        mmofl_imbalance_test(r.imbalance, sample, &mask, &noisy);
        CHECK((mask & 5) == 5);
        missing += !(mask & 2);
        disturbed += noisy >> 1;
    }
    check_share(missing, 5000, 0.3);
    check_share(disturbed, 5000 - missing, 0.5);
    float x[T * C] = {0};
    mmofl_imbalance_disturb_test(r.imbalance, 3, 1, x);
    CHECK(x[0] != 0);
    rig_delete(&r);
}

/* ---- refusals ---- */

static void refuse(rig *r, mmofl_status wanted, const char *text)
{
    mmofl_error err = {0};
    mmofl_imbalance *untouched = (void *)r, *out = untouched;
    CHECK_STATUS(mmofl_imbalance_new(&r->setup, &out, &err), wanted);
    CHECK_CONTAINS(err.text, text);
    CHECK(out == untouched);
}

static void what_cannot_be_is_refused_in_words(void **state)
{
    (void)state;
    rig r;
    rig_prepare(&r, 0.5, "independent");
    r.modality[1].modality = "gyro";
    refuse(&r, MMOFL_E_UNKNOWN,
           "imbalance.modalities: the data set three has no modality 'gyro'; it has a, "
           "b, c");
    r.modality[1] = entry(1, 0.7, "burst length=2", "none");
    refuse(&r, MMOFL_E_RANGE,
           "b: burst: length 2 at a missing rate of 0.7; wanted at "
           "least 3.33");
    r.modality[1] = entry(1, 0.1, "ramp to=0.5 first=9 last=9", "none");
    refuse(&r, MMOFL_E_RANGE, "wanted last > first");
    r.modality[1] = entry(1, 0.1, "burst length=20", "none");
    r.spec.granularity = MMOFL_GRANULARITY_RUN;
    refuse(&r, MMOFL_E_RANGE, "lost for good");
    r.spec.granularity = MMOFL_GRANULARITY_SAMPLE;
    r.group_modality[0][0] = entry(0, 0, "independent", "none");
    r.device[0][0] = 8;
    r.group[0] = (mmofl_group_imbalance){1, r.device[0], 1, r.group_modality[0]};
    r.spec.n_groups = 1;
    refuse(&r, MMOFL_E_RANGE, "group 1: no device 8; wanted 0 to 7");
    rig_delete(&r);
}

static void noise_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    rig r;
    rig_prepare(&r, 0.5, "independent");
    mmofl_dataset *tokens = new_data(M, MMOFL_TOKENS);
    r.setup.data = tokens;
    rig_start(&r); /* missing tokens are fine */
    mmofl_imbalance_delete(r.imbalance);
    r.imbalance = NULL;
    r.modality[2] = entry(2, 0.5, "independent", "gauss share=0.5 sigma=1");
    refuse(&r, MMOFL_E_TYPE,
           "imbalance.modalities: noise gauss does not fit c (4), which is a text of "
           "tokens (L); wanted one of none, token_delete, token_replace");
    mmofl_dataset_close(tokens);
    rig_delete(&r);
}

static void nothing_named_is_no_imbalance(void **state)
{
    (void)state;
    rig r;
    rig_prepare(&r, 0, "independent");
    r.spec.n_modalities = 0;
    rig_start(&r);
    CHECK(r.imbalance == NULL);
    CHECK_INT(mmofl_imbalance_bytes(NULL), 0);
    rig_delete(&r);
}

static void any_failing_allocation_is_reported(void **state)
{
    (void)state;
    rig r;
    rig_prepare(&r, 0.5, "schedule rates=1:0.5");
    static const char rates[] = "1:0.5";
    for (int m = 0; m < M; m++)
        ((const char **)(void *)r.modality[m].pattern.options.bytes)[0] = rates;
    r.test.n_modalities = 1;
    r.test_modality[0] = entry(0, 0.5, "independent", "none");
    for (r.setup.fail_after = 1; !r.imbalance; r.setup.fail_after++) {
        mmofl_status st = mmofl_imbalance_new(&r.setup, &r.imbalance, NULL);
        CHECK(st == MMOFL_E_MEMORY || st == MMOFL_OK);
        CHECK((st == MMOFL_OK) == (r.imbalance != NULL));
    }
    CHECK(r.setup.fail_after > 6);
    CHECK(mmofl_imbalance_bytes(r.imbalance) > 0);
    rig_delete(&r);
}

CHECK_MAIN(TEST(the_share_of_recorded_samples_is_disturbed),
           TEST(a_disturbed_value_is_the_same_at_each_fetch),
           TEST(later_groups_win_modality_by_modality),
           TEST(the_share_of_bad_devices_is_drawn_by_the_seed),
           TEST(a_test_sample_is_one_of_a_device_drawn_at_random),
           TEST(a_test_spec_takes_the_place_of_the_fleets),
           TEST(what_cannot_be_is_refused_in_words),
           TEST(noise_that_does_not_fit_is_refused),
           TEST(nothing_named_is_no_imbalance),
           TEST(any_failing_allocation_is_reported))
