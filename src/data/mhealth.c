/* mhealth.c - the layout of MHEALTH as its readme counts it.
 *
 * Columns there are numbered from 1: chest acceleration 1-3, electrocardiogram 4-5,
 * left ankle acceleration 6-8, gyroscope 9-11, magnetometer 12-14, right lower arm
 * 15-23 the same, and the activity, 24.  Rows follow each other evenly; there is no
 * column of times, and nothing is missing. */
#include "data/mhealth.h"

enum { COLUMNS = 24, SUBJECTS = 10, CLASSES = 12, BY_PLACE = 4, BY_KIND = 4 };

static const char *const class_names[CLASSES] = {"standing",
                                                 "sitting",
                                                 "lying",
                                                 "walking",
                                                 "climbing_stairs",
                                                 "waist_bends",
                                                 "frontal_arm_elevation",
                                                 "knees_bending",
                                                 "cycling",
                                                 "jogging",
                                                 "running",
                                                 "jumping"};

static const int class_ids[CLASSES] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

#define AXES MMOFL_ACTIVITY_AXES
#define MODALITY(name, unit, count, ...)                                               \
    MMOFL_ACTIVITY_MODALITY(name, unit, 50, -1, count, __VA_ARGS__)
#define ECG MODALITY("ecg", "mV", 2, 3, 4)

static const mmofl_recording_modality by_place[BY_PLACE] = {
    MODALITY("chest_acceleration", "m/s^2", 3, AXES(0)), ECG,
    MODALITY("ankle", "mixed", 9, AXES(5), AXES(8), AXES(11)),
    MODALITY("arm", "mixed", 9, AXES(14), AXES(17), AXES(20))};

static const mmofl_recording_modality by_kind[BY_KIND] = {
    MODALITY("accelerometer", "m/s^2", 9, AXES(0), AXES(5), AXES(14)),
    MODALITY("gyroscope", "deg/s", 6, AXES(8), AXES(17)),
    MODALITY("magnetometer", "local", 6, AXES(11), AXES(20)), ECG};

const mmofl_activity_layout mmofl_mhealth_layout = {
    .name = "mhealth",
    .citation = "O. Banos, R. Garcia, J. A. Holgado-Terriza, M. Damas, H. Pomares, "
                "I. Rojas, A. Saez, C. Villalonga: mHealthDroid: A Novel Framework for "
                "Agile Development of Mobile Health Applications. IWAAL 2014. "
                "doi:10.24432/C5TW22. Licence: CC BY 4.0.",
    .file_head = "mHealth_subject",
    .file_tail = ".log",
    .first_subject = 1,
    .n_subjects = SUBJECTS,
    .columns = COLUMNS,
    .label_column = 23,
    .time_column = -1,
    .nan = false,
    .group = {[MMOFL_ACTIVITY_BY_PLACE] = {BY_PLACE, by_place},
              [MMOFL_ACTIVITY_BY_KIND] = {BY_KIND, by_kind}},
    .n_classes = CLASSES,
    .class_name = class_names,
    .class_id = class_ids};

static mmofl_status import(const mmofl_pick *set, const char *path,
                           const mmofl_log_sink *log, mmofl_dataset **out,
                           mmofl_error *err)
{
    (void)log;
    return mmofl_activity_logs_import(&mmofl_mhealth_layout,
                                      (const void *)set->options.bytes, path, out, err);
}

static const mmofl_option options[] = {
    MMOFL_ACTIVITY_OPTIONS(
        "256", "128", "rows of a window (50 rows a second)",
        "modalities: chest_acceleration, ecg, ankle, arm (by_place), or accelerometer, "
        "gyroscope, magnetometer, ecg (by_kind)"),
    MMOFL_ACTIVITY_TEST_SUBJECTS("9 10")};

static const mmofl_data_download download = {
    .url = "https://archive.ics.uci.edu/static/public/319/mhealth+dataset.zip",
    .file_name = "mhealth.zip",
    .sha256 = "16ad0ce709f3f00df18f348610d15bce0884b79e2143f57f446493673f02b8e0"};

const mmofl_data_source mmofl_mhealth = {
    .kind = {.name = "mhealth",
             .help = "twelve activities of ten people, inertial units at ankle and "
                     "arm, acceleration and ECG at the chest",
             .source = "Banos et al., IWAAL 2014",
             .options = options,
             .n_options = sizeof options / sizeof *options,
             .options_size = sizeof(mmofl_activity_options)},
    .download = &download,
    .import = import};
