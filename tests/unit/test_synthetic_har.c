/* test_synthetic_har.c - the generated set has the shape of UCI-HAR, obeys physics as
 * far as a phone could tell, and is the same on every machine. */
#include "check.h"

#include "base/turns.h"
#include "data/synthetic_body.h"
#include "data/synthetic_har.h"

enum { STEPS = 128, AXES = 3, VALUES = STEPS * AXES, STILL_FROM = MMOFL_SITTING };

static mmofl_status generate(mmofl_synthetic_har_options options, mmofl_dataset **set,
                             mmofl_error *err)
{
    mmofl_pick pick = mmofl_pick_default(&mmofl_synthetic_har.kind);
    memcpy(pick.options.bytes, &options, sizeof options);
    return mmofl_synthetic_har.import(&pick, "", NULL, set, err);
}

static mmofl_dataset *make(int persons, int train, int test, int seed)
{
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    if (generate((mmofl_synthetic_har_options){persons, train, test, seed, 1}, &set,
                 &err))
        fail_msg("%s", err.text);
    return set;
}

/* Window i of a modality: 0 accelerometer, 1 gyroscope. */
static const float *window(const mmofl_dataset *set, int m, size_t i)
{
    return (const float *)set->values[m] + i * VALUES;
}

static double length(const float *v)
{
    double x = (double)v[0], y = (double)v[1], z = (double)v[2];
    return sqrt(x * x + y * y + z * z);
}

/* --- the set ---------------------------------------------------------------------- */

static void the_default_set_has_the_shape_of_uci_har(void **state)
{
    (void)state;
    mmofl_dataset *set;
    mmofl_pick pick = mmofl_pick_default(&mmofl_synthetic_har.kind);
    CHECK_OK(mmofl_synthetic_har.import(&pick, "", NULL, &set, NULL));
    CHECK(mmofl_synthetic_har.generated && !mmofl_synthetic_har.download);
    CHECK_TEXT(set->name, "synthetic-har");
    CHECK_INT(set->n_samples, 10299);
    CHECK_INT(set->n_train, 7352);
    CHECK_INT(set->n_classes, 6);
    CHECK_TEXT(set->class_name[0], "walking");
    CHECK_TEXT(set->class_name[5], "laying");
    CHECK_INT(set->n_modalities, 2);
    CHECK_TEXT(set->modality[0].name, "accelerometer");
    CHECK_TEXT(set->modality[0].unit, "g");
    CHECK_TEXT(set->modality[1].name, "gyroscope");
    CHECK_TEXT(set->modality[1].unit, "rad/s");
    for (int m = 0; m < 2; m++) {
        CHECK(set->modality[m].rate_hz == 50);
        CHECK(mmofl_shape_equal(set->modality[m].shape, (mmofl_shape){2, {128, 3}}));
    }
    size_t of_class[6] = {0};
    for (size_t i = 0; i < set->n_samples; i++)
        of_class[set->label[i]]++;
    static const size_t uci_har[] = {1722, 1544, 1406, 1777, 1906, 1944};
    for (int k = 0; k < 6; k++)
        CHECK_NEAR(of_class[k], uci_har[k], 30);
    mmofl_dataset_close(set);
}

static void test_persons_are_not_trained_on(void **state)
{
    (void)state;
    mmofl_dataset *set = make(30, 1000, 400, 1);
    bool trains[31] = {0}, tests[31] = {0};
    int trainers = 0, testers = 0;
    for (size_t i = 0; i < set->n_samples; i++) {
        CHECK(set->owner[i] >= 1 && set->owner[i] <= 30);
        (i < set->n_train ? trains : tests)[set->owner[i]] = true;
    }
    for (int p = 1; p <= 30; p++) {
        CHECK(!(trains[p] && tests[p]));
        trainers += trains[p];
        testers += tests[p];
    }
    CHECK_INT(trainers, 21);
    CHECK_INT(testers, 9);
    mmofl_dataset_close(set);
}

static void time_counts_a_persons_windows(void **state)
{
    (void)state;
    mmofl_dataset *set = make(7, 333, 100, 3);
    int64_t next[8] = {0};
    for (size_t i = 0; i < set->n_samples; i++)
        CHECK_INT(set->time[i], next[set->owner[i]]++);
    mmofl_dataset_close(set);
}

static void windows_of_a_recording_overlap_by_half(void **state)
{
    (void)state;
    mmofl_dataset *set = make(4, 300, 100, 1);
    size_t recordings = 0;
    for (size_t i = 0; i < set->n_samples; i++) {
        bool goes_on = i > 0 && set->owner[i] == set->owner[i - 1] &&
                       set->label[i] == set->label[i - 1];
        for (int m = 0; m < 2 && goes_on; m++)
            assert_memory_equal(window(set, m, i), window(set, m, i - 1) + VALUES / 2,
                                VALUES / 2 * sizeof(float));
        recordings += !goes_on;
    }
    CHECK_INT(recordings, 4 * 12);
    mmofl_dataset_close(set);
}

static void few_windows_still_show_every_class_over_many_people(void **state)
{
    (void)state;
    mmofl_dataset *set = make(1000, 700, 300, 1);
    size_t of_class[6] = {0};
    for (size_t i = 0; i < set->n_samples; i++) {
        CHECK_INT(set->time[i], 0);
        of_class[set->label[i]]++;
    }
    for (int k = 0; k < 6; k++)
        CHECK(of_class[k] > 100);
    mmofl_dataset_close(set);
}

static uint64_t digest(const mmofl_dataset *set)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a over whole numbers */
    for (size_t i = 0; i < set->n_samples; i++) {
        hash = (hash ^ (uint64_t)set->label[i]) * UINT64_C(0x100000001b3);
        hash = (hash ^ (uint64_t)set->owner[i]) * UINT64_C(0x100000001b3);
        for (int m = 0; m < 2; m++)
            for (int v = 0; v < VALUES; v++) {
                uint32_t bits;
                memcpy(&bits, window(set, m, i) + v, sizeof bits);
                hash = (hash ^ bits) * UINT64_C(0x100000001b3);
            }
    }
    return hash;
}

static void the_same_seed_gives_the_same_bytes_on_every_machine(void **state)
{
    (void)state;
    mmofl_dataset *set = make(5, 60, 40, 1), *other = make(5, 60, 40, 2);
    uint64_t hash = digest(set);
    if (hash != UINT64_C(0x2cb8a4884da35a52))
        fail_msg("0x%016llx", (unsigned long long)hash);
    CHECK(digest(other) != hash);
    mmofl_dataset_close(set);
    mmofl_dataset_close(other);
}

static void fewer_windows_than_people_are_refused(void **state)
{
    (void)state;
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    CHECK_STATUS(generate((mmofl_synthetic_har_options){30, 20, 100, 1, 1}, &set, &err),
                 MMOFL_E_INFEASIBLE);
    CHECK_CONTAINS(err.text, "train is 20 windows, fewer than the 21 persons");
    CHECK_STATUS(generate((mmofl_synthetic_har_options){30, 21, 8, 1, 1}, &set, &err),
                 MMOFL_E_INFEASIBLE);
    CHECK_CONTAINS(err.text, "test is 8 windows, fewer than the 9 persons");
    CHECK(!set);
    CHECK_OK(generate((mmofl_synthetic_har_options){2, 1, 1, 1, 1}, &set, &err));
    mmofl_dataset_close(set);
}

/* --- physics ---------------------------------------------------------------------- */

static void still_people_feel_one_g_and_hardly_turn(void **state)
{
    (void)state;
    mmofl_dataset *set = make(30, 1000, 400, 1);
    for (size_t i = 0; i < set->n_samples; i++) {
        double g = 0, turning = 0;
        for (int t = 0; t < STEPS; t++) {
            g += length(window(set, 0, i) + AXES * t) / STEPS;
            turning += length(window(set, 1, i) + AXES * t) / STEPS;
        }
        if (set->label[i] >= STILL_FROM) {
            CHECK_NEAR(g, 1, 0.05);
            CHECK(turning < 0.2);
        } else {
            CHECK_NEAR(g, 1, 0.15);
            CHECK(turning > 0.2);
        }
    }
    mmofl_dataset_close(set);
}

static void gravity_tells_lying_from_upright(void **state)
{
    (void)state;
    mmofl_dataset *set = make(30, 1000, 400, 1);
    for (size_t i = 0; i < set->n_samples; i++) {
        double up = 0;
        for (int t = 0; t < STEPS; t++)
            up += (double)window(set, 0, i)[AXES * t] / STEPS;
        CHECK((up < 0.7) == (set->label[i] == MMOFL_LAYING));
    }
    mmofl_dataset_close(set);
}

/* The strongest frequency of the vertical acceleration from 0.5 to 6 Hz. */
static double strongest_hz(const float *acceleration)
{
    double best = 0, strongest = 0;
    for (double hz = 0.5; hz < 6; hz += 0.05) {
        double re = 0, im = 0, mean = 0;
        for (int t = 0; t < STEPS; t++)
            mean += (double)acceleration[AXES * t] / STEPS;
        for (int t = 0; t < STEPS; t++) {
            double s, c;
            mmofl_turns(hz * t / 50, &s, &c);
            re += ((double)acceleration[AXES * t] - mean) * c;
            im += ((double)acceleration[AXES * t] - mean) * s;
        }
        if (re * re + im * im > strongest) {
            strongest = re * re + im * im;
            best = hz;
        }
    }
    return best;
}

static void people_walk_at_the_pace_of_people(void **state)
{
    (void)state;
    mmofl_dataset *set = make(30, 1000, 400, 1);
    double sum[3] = {0};
    int n[3] = {0}, odd = 0;
    for (size_t i = 0; i < set->n_samples; i++) {
        if (set->label[i] >= STILL_FROM)
            continue;
        double hz = strongest_hz(window(set, 0, i));
        odd += !(hz >= 1.4 && hz <= 2.6);
        sum[set->label[i]] += hz;
        n[set->label[i]]++;
    }
    CHECK(odd * 100 < n[0] + n[1] + n[2]); /* impacts may outdo steps now and then */
    double walking = sum[0] / n[0], up = sum[1] / n[1], down = sum[2] / n[2];
    CHECK(up < walking && walking < down);
    mmofl_dataset_close(set);
}

static void the_gyroscope_sees_the_tilt_that_the_accelerometer_sees(void **state)
{
    /* Without sensor errors dg/dt = -w x g holds while standing, up to breathing. */
    enum { N = 1000 };
    static float acc[N * AXES], gyro[N * AXES];
    mmofl_body body;
    mmofl_recording recording;
    double moved = 0, unexplained = 0;
    (void)state;
    mmofl_body_init(&body, 1, 1, 0);
    mmofl_recording_begin(&recording, &body, MMOFL_STANDING, 0);
    mmofl_recording_read(&recording, N, acc, gyro);
    for (int t = 0; t + 1 < N; t++) {
        const float *g = acc + AXES * t, *w = gyro + AXES * (t + 1);
        for (int i = 0; i < AXES; i++) {
            int j = (i + 1) % AXES, k = (i + 2) % AXES;
            double change = 50 * ((double)g[AXES + i] - (double)g[i]);
            double wanted = (double)w[k] * (double)g[j] - (double)w[j] * (double)g[k];
            moved += change * change;
            unexplained += (change - wanted) * (change - wanted);
        }
    }
    CHECK(moved > 0.01);
    CHECK(unexplained < 0.02 * moved);
}

static void without_difficulty_all_people_are_alike(void **state)
{
    mmofl_body a, b;
    mmofl_recording r;
    float left[VALUES], right[VALUES], gyro[VALUES];
    (void)state;
    mmofl_body_init(&a, 1, 1, 0);
    mmofl_body_init(&b, 2, 9, 0);
    for (int i = 0; i < MMOFL_BODY_ACTIVITIES; i++)
        CHECK(a.pitch[i] == b.pitch[i] && a.style_gain[i] == b.style_gain[i]);
    mmofl_recording_begin(&r, &a, MMOFL_LAYING, 0);
    mmofl_recording_read(&r, STEPS, left, gyro);
    mmofl_recording_begin(&r, &b, MMOFL_LAYING, 0);
    mmofl_recording_read(&r, STEPS, right, gyro);
    for (int v = 0; v < VALUES; v++)
        CHECK_NEAR(left[v], right[v], 0.05); /* they sway and breathe as they like */
}

static void reading_in_pieces_changes_nothing(void **state)
{
    mmofl_body body;
    mmofl_recording r;
    float whole[2][VALUES], pieces[2][VALUES];
    (void)state;
    mmofl_body_init(&body, 1, 1, 1);
    mmofl_recording_begin(&r, &body, MMOFL_WALKING, 5);
    mmofl_recording_read(&r, STEPS, whole[0], whole[1]);
    mmofl_recording_begin(&r, &body, MMOFL_WALKING, 5);
    for (int t = 0; t < STEPS; t += 16)
        mmofl_recording_read(&r, 16, pieces[0] + AXES * t, pieces[1] + AXES * t);
    assert_memory_equal(whole, pieces, sizeof whole);
}

CHECK_MAIN(TEST(the_default_set_has_the_shape_of_uci_har),
           TEST(test_persons_are_not_trained_on), TEST(time_counts_a_persons_windows),
           TEST(windows_of_a_recording_overlap_by_half),
           TEST(few_windows_still_show_every_class_over_many_people),
           TEST(the_same_seed_gives_the_same_bytes_on_every_machine),
           TEST(fewer_windows_than_people_are_refused),
           TEST(still_people_feel_one_g_and_hardly_turn),
           TEST(gravity_tells_lying_from_upright),
           TEST(people_walk_at_the_pace_of_people),
           TEST(the_gyroscope_sees_the_tilt_that_the_accelerometer_sees),
           TEST(without_difficulty_all_people_are_alike),
           TEST(reading_in_pieces_changes_nothing))
