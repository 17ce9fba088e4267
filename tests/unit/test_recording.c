/* test_recording.c - windows worked out by hand: where they lie, which gaps are filled,
 * and which modalities a window lacks. */
#include "check.h"
#include "data/recording.h"

enum { V = 3, LENGTH = 3 };

static const char *const class_names[2] = {"rest", "motion"};

static const mmofl_recording_modality modalities[2] = {
    {.modality = {.name = "pair", .dtype = MMOFL_F32, .shape = {2, {LENGTH, 2}}},
     .n_columns = 2,
     .column = {2, 0}, /* the order of the channels is the plan's */
     .bridge = 1},
    {.modality = {.name = "slow", .dtype = MMOFL_F32, .shape = {2, {LENGTH, 1}}},
     .n_columns = 1,
     .column = {1},
     .bridge = 3}};

static mmofl_recording_plan plan_of(int step, int every)
{
    return (mmofl_recording_plan){.name = "made",
                                  .citation = "nobody",
                                  .n_modalities = 2,
                                  .modality = modalities,
                                  .n_classes = 2,
                                  .class_name = class_names,
                                  .length = LENGTH,
                                  .step = step,
                                  .every = every,
                                  .max_gap_s = 1};
}

/* Column c of row r holds 100 c + r. */
static void number_rows(float *value, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t c = 0; c < V; c++)
            value[i * V + c] = (float)(100 * c + i);
}

static mmofl_dataset *cut(const mmofl_recording_plan *plan, const mmofl_recording *r,
                          size_t n)
{
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    if (mmofl_recording_windows(plan, r, n, &set, &err))
        fail_msg("%s", err.text);
    return set;
}

static void check_values(const mmofl_dataset *set, size_t sample, int m,
                         const float *wanted)
{
    size_t n = mmofl_shape_count(set->modality[m].shape);
    const float *values = (const float *)set->values[m] + sample * n;
    for (size_t i = 0; i < n; i++)
        if (values[i] != wanted[i])
            fail_msg("sample %zu, modality %d, value %zu is %g, wanted %g", sample, m,
                     i, (double)values[i], (double)wanted[i]);
}

static void check_times(const mmofl_dataset *set, size_t n, const int *wanted)
{
    CHECK_INT(set->n_samples, n);
    for (size_t i = 0; i < n; i++)
        CHECK_INT(set->time[i], wanted[i]);
}

static void windows_lie_inside_stretches_of_one_label(void **state)
{
    (void)state;
    const int32_t label[15] = {0, 0, 0, 0, 0, 0, 0, 1, 1, -1, -1, 1, 1, 1, 1};
    float value[15 * V];
    number_rows(value, 15);
    mmofl_recording_plan plan = plan_of(2, 1);
    mmofl_recording r = {
        .rows = 15, .columns = V, .value = value, .label = label, .owner = 7};
    mmofl_dataset *set = cut(&plan, &r, 1);
    const int times[] = {0, 2, 4, 11};
    check_times(set, 4, times);
    CHECK_INT(set->n_train, 4);
    CHECK_INT(set->label[2], 0);
    CHECK_INT(set->label[3], 1);
    CHECK_INT(set->owner[3], 7);
    CHECK_INT(set->mask[3], 3);
    CHECK_TEXT(set->class_name[1], "motion");
    const float pair[] = {202, 2, 203, 3, 204, 4}, slow[] = {111, 112, 113};
    check_values(set, 1, 0, pair);
    check_values(set, 3, 1, slow);
    mmofl_dataset_close(set);
}

static void of_a_window_every_nth_row_is_kept(void **state)
{
    (void)state;
    const int32_t label[10] = {0};
    float value[10 * V];
    number_rows(value, 10);
    mmofl_recording_plan plan = plan_of(2, 2); /* a window spans 5 rows, steps 4 */
    mmofl_recording r = {.rows = 10, .columns = V, .value = value, .label = label};
    mmofl_dataset *set = cut(&plan, &r, 1);
    const int times[] = {0, 4};
    const float slow[] = {104, 106, 108};
    check_times(set, 2, times);
    check_values(set, 1, 1, slow);
    mmofl_dataset_close(set);
}

static void a_jump_in_time_ends_a_stretch(void **state)
{
    (void)state;
    const int32_t label[9] = {0};
    const double time_s[9] = {0, 1, 2, 2, 3, 4, 5.5, 6, 7};
    float value[9 * V];
    number_rows(value, 9);
    mmofl_recording_plan plan = plan_of(1, 1);
    mmofl_recording r = {
        .rows = 9, .columns = V, .value = value, .label = label, .time_s = time_s};
    mmofl_dataset *set = cut(&plan, &r, 1);
    const int times[] = {0, 3, 6}; /* a row twice at 2 s, and 1.5 s between two */
    check_times(set, 3, times);
    mmofl_dataset_close(set);
}

static void short_gaps_are_bridged_and_long_ones_leave_the_modality_out(void **state)
{
    (void)state;
    const int32_t label[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1};
    float value[12 * V];
    number_rows(value, 12);
    value[1 * V + 0] = NAN;                    /* pair: one row, filled */
    value[3 * V + 2] = value[4 * V + 2] = NAN; /* pair: two rows, too long */
    value[2 * V + 1] = value[3 * V + 1] = NAN; /* slow: three rows, filled */
    value[4 * V + 1] = NAN;                    /* between 101 and 105 */
    value[0 * V + 1] = NAN;                    /* slow: at the border, 101 */
    value[8 * V + 1] = NAN;                    /* the label changes behind: 107 */
    for (size_t i = 9; i < 12; i++)            /* nothing recorded at all */
        value[i * V] = value[i * V + 1] = NAN;
    mmofl_recording_plan plan = plan_of(3, 1);
    mmofl_recording r = {.rows = 12, .columns = V, .value = value, .label = label};
    mmofl_dataset *set = cut(&plan, &r, 1);
    const int times[] = {0, 3, 6}; /* the window at 9 lacks both: dropped */
    check_times(set, 3, times);
    const float pair_0[] = {200, 0, 201, 1, 202, 2}, none[6] = {0};
    const float slow_0[] = {101, 101, 102}, slow_1[] = {103, 104, 105};
    const float slow_2[] = {106, 107, 107};
    CHECK_INT(set->mask[0], 3);
    check_values(set, 0, 0, pair_0);
    check_values(set, 0, 1, slow_0);
    CHECK_INT(set->mask[1], 2);
    check_values(set, 1, 0, none);
    check_values(set, 1, 1, slow_1);
    CHECK_INT(set->mask[2], 3);
    check_values(set, 2, 1, slow_2);
    mmofl_dataset_close(set);
}

static void training_recordings_come_first_and_time_counts_on(void **state)
{
    (void)state;
    const int32_t label[3] = {0};
    float value[3][3 * V];
    mmofl_recording r[3];
    for (int i = 0; i < 3; i++) {
        number_rows(value[i], 3);
        r[i] = (mmofl_recording){.rows = 3,
                                 .columns = V,
                                 .value = value[i],
                                 .label = label,
                                 .owner = i == 1 ? 5 : 4,
                                 .test = i == 1};
    }
    mmofl_recording_plan plan = plan_of(1, 1);
    mmofl_dataset *set = cut(&plan, r, 3);
    const int times[] = {0, 6, 3};
    check_times(set, 3, times);
    CHECK_INT(set->n_train, 2);
    CHECK_INT(set->owner[1], 4);
    CHECK_INT(set->owner[2], 5);
    mmofl_dataset_close(set);
}

static void check_refused(const mmofl_recording *r, size_t n, mmofl_status wanted,
                          const char *says)
{
    mmofl_recording_plan plan = plan_of(1, 1);
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_recording_windows(&plan, r, n, &set, &err), wanted);
    CHECK_CONTAINS(err.text, says);
    CHECK(!set);
}

static void recordings_without_windows_to_train_with_are_refused(void **state)
{
    (void)state;
    int32_t label[3] = {0, 0, 0};
    float value[3 * V];
    number_rows(value, 3);
    mmofl_recording r = {.rows = 3, .columns = V, .value = value, .label = label};
    check_refused(NULL, 0, MMOFL_E_COUNT, "no window of 3 rows");
    r.test = true;
    check_refused(&r, 1, MMOFL_E_COUNT, "to train with");
    r.test = false;
    r.rows = 2;
    check_refused(&r, 1, MMOFL_E_COUNT, "no window");
    r.rows = 3;
    label[1] = -1;
    check_refused(&r, 1, MMOFL_E_COUNT, "no window");
    label[1] = 2;
    check_refused(&r, 1, MMOFL_E_RANGE, "label 2 in row 1 of owner 0, wanted below 2");
}

static void an_infinite_value_is_refused(void **state)
{
    (void)state;
    const int32_t label[3] = {0};
    float value[3 * V];
    number_rows(value, 3);
    value[4] = INFINITY;
    mmofl_recording r = {.rows = 3, .columns = V, .value = value, .label = label};
    check_refused(&r, 1, MMOFL_E_NONFINITE, "slow");
}

static void a_failed_allocation_leaves_nothing_behind(void **state)
{
    (void)state;
    const int32_t label[4] = {0};
    float value[4 * V];
    number_rows(value, 4);
    mmofl_recording r = {.rows = 4, .columns = V, .value = value, .label = label};
    mmofl_recording_plan plan = plan_of(1, 1);
    mmofl_status st = MMOFL_E_MEMORY;
    for (plan.fail_after = 1; st; plan.fail_after++) {
        mmofl_dataset *set = NULL;
        mmofl_error err = {0};
        st = mmofl_recording_windows(&plan, &r, 1, &set, &err);
        CHECK(st == MMOFL_OK || (st == MMOFL_E_MEMORY && !set));
        mmofl_dataset_close(set);
    }
    CHECK(plan.fail_after > 8);
}

CHECK_MAIN(TEST(windows_lie_inside_stretches_of_one_label),
           TEST(of_a_window_every_nth_row_is_kept), TEST(a_jump_in_time_ends_a_stretch),
           TEST(short_gaps_are_bridged_and_long_ones_leave_the_modality_out),
           TEST(training_recordings_come_first_and_time_counts_on),
           TEST(recordings_without_windows_to_train_with_are_refused),
           TEST(an_infinite_value_is_refused),
           TEST(a_failed_allocation_leaves_nothing_behind))
