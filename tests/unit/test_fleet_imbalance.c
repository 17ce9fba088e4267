/* test_fleet_imbalance.c - a fleet with missing and disturbed modalities: the same
 * bytes however it is run, counts that are what was injected, tests that stay. */
#define _GNU_SOURCE
#include "fleet_fixture.h"

#include "data/disturbance.h"
#include "data/missing_pattern.h"

/* Accelerometer often missing in bursts and noisy, gyroscope sometimes missing. */
typedef struct uneven_fleet {
    fleet f;
    mmofl_modality_imbalance modality[2];
    mmofl_imbalance_spec spec;
    mmofl_test_imbalance_spec test;
} uneven_fleet;

static void uneven_prepare(uneven_fleet *u, int threads)
{
    *u = (uneven_fleet){0};
    fleet_prepare(&u->f, 6, 300, threads);
    mmofl_kind_list patterns = mmofl_missing_pattern_kinds();
    mmofl_kind_list noises = mmofl_disturbance_kinds();
    u->modality[0] = (mmofl_modality_imbalance){
        "accelerometer", 0.6, fixture_pick(patterns, "burst length=5"),
        fixture_pick(noises, "gauss share=0.5 sigma=2")};
    u->modality[1] = (mmofl_modality_imbalance){
        "gyroscope", 0.2, fixture_pick(patterns, "independent"),
        fixture_pick(noises, "spikes share=0.1")};
    u->spec = (mmofl_imbalance_spec){
        .bad_devices = 1, .n_modalities = 2, .modality = u->modality};
    u->f.setup.imbalance = &u->spec;
    u->f.setup.test_imbalance = &u->test;
    u->f.setup.record_injected = true;
}

static void every_number_of_threads_gives_the_same_bytes(void **state)
{
    (void)state;
    float *expected = NULL;
    mmofl_injected counts[6][2];
    mmofl_evaluation tested = {0};
    for (int threads = 1; threads <= 3; threads++) {
        uneven_fleet u;
        uneven_prepare(&u, threads);
        fleet_start(&u.f);
        for (int t = 0; t < 3; t++)
            fleet_round(&u.f);
        mmofl_evaluation e = mmofl_simulation_evaluate_disturbed(u.f.simulation);
        if (!expected) {
            expected = fleet_model(&u.f);
            tested = e;
        }
        CHECK(fixture_same_bits(expected, mmofl_simulation_parameters(u.f.simulation),
                                fleet_parameters(&u.f)));
        CHECK(e.loss == tested.loss && e.accuracy == tested.accuracy);
        for (int d = 0; d < 6; d++)
            for (int m = 0; m < 2; m++) {
                mmofl_injected i =
                    mmofl_simulation_injected(u.f.simulation, (uint32_t)d, m);
                if (threads == 1)
                    counts[d][m] = i;
                CHECK(memcmp(&counts[d][m], &i, sizeof i) == 0);
            }
        fleet_delete(&u.f);
    }
    free(expected);
}

static void a_restored_fleet_meets_the_same_losses(void **state)
{
    (void)state;
    enum { STOP = 2, END = 5 };
    uneven_fleet u;
    uneven_prepare(&u, 2);
    fleet_start(&u.f);
    float *saved = NULL;
    for (int t = 1; t <= END; t++) {
        fleet_round(&u.f);
        if (t == STOP)
            saved = fleet_model(&u.f);
    }
    float *expected = fleet_model(&u.f);
    mmofl_injected before = mmofl_simulation_injected_sum(u.f.simulation, 0);
    double disturbed = mmofl_simulation_evaluate_disturbed(u.f.simulation).loss;
    mmofl_simulation_delete(u.f.simulation);
    fleet_start(&u.f);
    CHECK_OK(mmofl_simulation_restore(u.f.simulation, STOP, saved));
    for (int t = STOP + 1; t <= END; t++)
        fleet_round(&u.f);
    CHECK(fixture_same_bits(expected, mmofl_simulation_parameters(u.f.simulation),
                            fleet_parameters(&u.f)));
    mmofl_injected after = mmofl_simulation_injected_sum(u.f.simulation, 0);
    CHECK(memcmp(&before, &after, sizeof after) == 0);
    CHECK(mmofl_simulation_evaluate_disturbed(u.f.simulation).loss == disturbed);
    free(saved);
    free(expected);
    fleet_delete(&u.f);
}

static void counts_add_up_and_are_near_what_was_asked(void **state)
{
    (void)state;
    uneven_fleet u;
    uneven_prepare(&u, 2);
    u.modality[0].pattern = fixture_pick(mmofl_missing_pattern_kinds(), "independent");
    fleet_start(&u.f);
    mmofl_injected total[2] = {{0}};
    enum { ROUNDS = 25 };
    for (int t = 1; t <= ROUNDS; t++) {
        mmofl_round_summary s = fleet_round(&u.f);
        for (int m = 0; m < 2; m++) {
            mmofl_injected sum = {0};
            for (int d = 0; d < 6; d++) {
                mmofl_injected i =
                    mmofl_simulation_injected(u.f.simulation, (uint32_t)d, m);
                sum.samples += i.samples;
                sum.missing += i.missing;
                sum.disturbed += i.disturbed;
            }
            mmofl_injected all = mmofl_simulation_injected_sum(u.f.simulation, m);
            CHECK(memcmp(&sum, &all, sizeof sum) == 0);
            CHECK_INT(sum.samples, s.fresh);
            total[m].samples += sum.samples;
            total[m].missing += sum.missing;
            total[m].disturbed += sum.disturbed;
        }
    }
    /* A sample that lost both (0.6 * 0.2) gets one of them back, each in half of the
     * cases. */
    static const double wanted[2] = {0.6 - 0.06, 0.2 - 0.06};
    static const double share[2] = {0.5, 0.1};
    for (int m = 0; m < 2; m++) {
        double n = (double)total[m].samples, left = n - (double)total[m].missing;
        CHECK_NEAR((double)total[m].missing / n, wanted[m],
                   5 * sqrt(wanted[m] * (1 - wanted[m]) / n));
        CHECK_NEAR((double)total[m].disturbed / left, share[m],
                   5 * sqrt(share[m] * (1 - share[m]) / left));
    }
    fleet_delete(&u.f);
}

static void only_participants_are_counted(void **state)
{
    (void)state;
    uneven_fleet u;
    uneven_prepare(&u, 2);
    u.f.setup.participation = 2;
    fleet_start(&u.f);
    const uint32_t *device;
    CHECK_INT(mmofl_simulation_participants(u.f.simulation, &device), 0);
    for (int t = 0; t < 4; t++) {
        fleet_round(&u.f);
        CHECK_INT(mmofl_simulation_participants(u.f.simulation, &device), 2);
        CHECK(device[0] < device[1] && device[1] < 6);
        mmofl_injected all = mmofl_simulation_injected_sum(u.f.simulation, 0);
        uint64_t samples = 0;
        for (uint32_t i = 0; i < 2; i++)
            samples += mmofl_simulation_injected(u.f.simulation, i, 0).samples;
        CHECK(samples > 0 && samples == all.samples);
    }
    fleet_delete(&u.f);
}

static void an_imbalance_changes_what_is_learnt_and_none_changes_nothing(void **state)
{
    (void)state;
    float *model[3];
    size_t n = 0;
    for (int k = 0; k < 3; k++) { /* none; named, but of rate 0; uneven */
        uneven_fleet u;
        uneven_prepare(&u, 1);
        if (k == 0)
            u.spec.n_modalities = 0;
        if (k == 1)
            for (int m = 0; m < 2; m++) {
                u.modality[m].missing = 0;
                u.modality[m].noise = fixture_pick(mmofl_disturbance_kinds(), "none");
            }
        fleet_start(&u.f);
        CHECK(mmofl_simulation_is_imbalanced(u.f.simulation) == (k > 0));
        fleet_round(&u.f);
        fleet_round(&u.f);
        model[k] = fleet_model(&u.f);
        n = fleet_parameters(&u.f);
        if (k == 1) { /* nothing happens to the disturbed part either */
            double clean = mmofl_simulation_evaluate(u.f.simulation).loss;
            CHECK(mmofl_simulation_evaluate_disturbed(u.f.simulation).loss == clean);
        }
        fleet_delete(&u.f);
    }
    CHECK(fixture_same_bits(model[0], model[1], n));
    CHECK(!fixture_same_bits(model[0], model[2], n));
    for (int k = 0; k < 3; k++)
        free(model[k]);
}

static void an_undisturbed_fleet_learns_clean_and_is_tested_disturbed(void **state)
{
    (void)state;
    uneven_fleet clean, u;
    uneven_prepare(&clean, 1);
    clean.spec.n_modalities = 0;
    uneven_prepare(&u, 1);
    u.f.setup.undisturbed = true;
    fleet_start(&clean.f);
    fleet_start(&u.f);
    fleet_round(&clean.f);
    fleet_round(&u.f);
    CHECK(fixture_same_bits(mmofl_simulation_parameters(clean.f.simulation),
                            mmofl_simulation_parameters(u.f.simulation),
                            fleet_parameters(&u.f)));
    CHECK_INT(mmofl_simulation_injected_sum(u.f.simulation, 0).samples, 0);
    mmofl_evaluation e = mmofl_simulation_evaluate(u.f.simulation);
    mmofl_evaluation d = mmofl_simulation_evaluate_disturbed(u.f.simulation);
    CHECK(e.loss != d.loss && e.confusion != d.confusion);
    fleet_delete(&clean.f);
    fleet_delete(&u.f);
}

static void every_test_sees_the_same_disturbed_set(void **state)
{
    (void)state;
    uneven_fleet u;
    uneven_prepare(&u, 2);
    fleet_start(&u.f);
    double first = mmofl_simulation_evaluate_disturbed(u.f.simulation).loss;
    double clean = mmofl_simulation_evaluate(u.f.simulation).loss;
    CHECK(first != clean);
    CHECK(mmofl_simulation_evaluate_disturbed(u.f.simulation).loss == first);
    float *initial = fleet_model(&u.f);
    fleet_round(&u.f);
    CHECK(mmofl_simulation_evaluate_disturbed(u.f.simulation).loss != first);
    CHECK_OK(mmofl_simulation_restore(u.f.simulation, 0, initial));
    CHECK(mmofl_simulation_evaluate_disturbed(u.f.simulation).loss == first);
    free(initial);
    fleet_delete(&u.f);
}

static void
a_modality_that_the_data_lack_is_refused_when_the_fleet_is_made(void **state)
{
    (void)state;
    uneven_fleet u;
    uneven_prepare(&u, 1);
    u.modality[1].modality = "gyro";
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_simulation_new(&u.f.setup, &u.f.simulation, &err),
                 MMOFL_E_UNKNOWN);
    CHECK_CONTAINS(err.text, "no modality 'gyro'; it has accelerometer, gyroscope");
    fleet_delete(&u.f);
}

static void any_failing_allocation_is_reported(void **state)
{
    (void)state;
    uneven_fleet u;
    uneven_prepare(&u, 1);
    for (u.f.setup.fail_after = 1; !u.f.simulation; u.f.setup.fail_after++) {
        mmofl_status st = mmofl_simulation_new(&u.f.setup, &u.f.simulation, NULL);
        CHECK(st == MMOFL_E_MEMORY || st == MMOFL_OK);
        CHECK((st == MMOFL_OK) == (u.f.simulation != NULL));
    }
    fleet_delete(&u.f);
}

CHECK_MAIN(TEST(every_number_of_threads_gives_the_same_bytes),
           TEST(a_restored_fleet_meets_the_same_losses),
           TEST(counts_add_up_and_are_near_what_was_asked),
           TEST(only_participants_are_counted),
           TEST(an_imbalance_changes_what_is_learnt_and_none_changes_nothing),
           TEST(an_undisturbed_fleet_learns_clean_and_is_tested_disturbed),
           TEST(every_test_sees_the_same_disturbed_set),
           TEST(a_modality_that_the_data_lack_is_refused_when_the_fleet_is_made),
           TEST(any_failing_allocation_is_reported))
