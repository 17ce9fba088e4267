/* pamap2.c - the layout of PAMAP2 as its readme counts it.
 *
 * Columns there are numbered from 1: time, activity, heart rate, then for each inertial
 * unit temperature, acceleration (+-16 g), acceleration (+-6 g), gyroscope,
 * magnetometer and orientation.  Used are the acceleration of +-16 g (the authors say
 * that the other one saturates), gyroscope and magnetometer; the orientation is invalid
 * according to the authors.
 *
 * The heart rate comes some nine times a second, so nine of ten rows have none; it is
 * bridged over two seconds, in which a heart changes its pace little. */
#include "data/pamap2.h"

enum {
    COLUMNS = 54,
    SUBJECTS = 9,
    CLASSES = 12,
    BY_PLACE = 4,
    BY_KIND = 4,
    HEART_RATE_BRIDGE = 200
};

static const char *const class_names[CLASSES] = {
    "lying",           "sitting",          "standing",
    "walking",         "running",          "cycling",
    "nordic_walking",  "ascending_stairs", "descending_stairs",
    "vacuum_cleaning", "ironing",          "rope_jumping"};

static const int class_ids[CLASSES] = {1, 2, 3, 4, 5, 6, 7, 12, 13, 16, 17, 24};

/* First columns of the units, from 0, and of the sensors within one. */
enum { HAND = 3, CHEST = 20, ANKLE = 37, ACC = 1, GYRO = 7, MAG = 10 };

#define AXES MMOFL_ACTIVITY_AXES
#define UNIT_COLUMNS(unit) AXES((unit) + ACC), AXES((unit) + GYRO), AXES((unit) + MAG)
#define SENSOR_COLUMNS(sensor)                                                         \
    AXES(HAND + (sensor)), AXES(CHEST + (sensor)), AXES(ANKLE + (sensor))
#define MODALITY(name, unit, ...)                                                      \
    MMOFL_ACTIVITY_MODALITY(name, unit, 100, -1, 9, __VA_ARGS__)
#define HEART_RATE                                                                     \
    MMOFL_ACTIVITY_MODALITY("heart_rate", "bpm", 100, HEART_RATE_BRIDGE, 1, 2)

static const mmofl_recording_modality by_place[BY_PLACE] = {
    MODALITY("hand", "mixed", UNIT_COLUMNS(HAND)),
    MODALITY("chest", "mixed", UNIT_COLUMNS(CHEST)),
    MODALITY("ankle", "mixed", UNIT_COLUMNS(ANKLE)), HEART_RATE};

static const mmofl_recording_modality by_kind[BY_KIND] = {
    MODALITY("accelerometer", "m/s^2", SENSOR_COLUMNS(ACC)),
    MODALITY("gyroscope", "rad/s", SENSOR_COLUMNS(GYRO)),
    MODALITY("magnetometer", "uT", SENSOR_COLUMNS(MAG)), HEART_RATE};

const mmofl_activity_layout mmofl_pamap2_layout = {
    .name = "pamap2",
    .citation = "A. Reiss, D. Stricker: Introducing a New Benchmarked Dataset for "
                "Activity Monitoring. ISWC 2012. doi:10.24432/C5NW2H. Licence: "
                "CC BY 4.0.",
    .file_head = "Protocol/subject",
    .file_tail = ".dat",
    .first_subject = 101,
    .n_subjects = SUBJECTS,
    .columns = COLUMNS,
    .label_column = 1,
    .time_column = 0,
    .nan = true,
    .max_gap_s = 0.1,
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
    return mmofl_activity_logs_import(&mmofl_pamap2_layout,
                                      (const void *)set->options.bytes, path, out, err);
}

static const mmofl_option options[] = {
    MMOFL_ACTIVITY_OPTIONS(
        "512", "256", "rows of a window (100 rows a second)",
        "modalities: hand, chest, ankle, heart_rate (by_place), or accelerometer, "
        "gyroscope, magnetometer, heart_rate (by_kind)"),
    MMOFL_INT_OPTION(mmofl_activity_options, bridge, 0, 16384, "25",
                     "longest gap, in rows of the file, that is filled linearly"),
    MMOFL_ACTIVITY_TEST_SUBJECTS("105 106")};

static const mmofl_data_download download = {
    .url = "https://archive.ics.uci.edu/static/public/231/"
           "pamap2+physical+activity+monitoring.zip",
    .file_name = "pamap2.zip",
    .sha256 = "76b3580bd5a804121f507717cb498c66a312ef5c774f4a78ac470e6558add352"};

const mmofl_data_source mmofl_pamap2 = {
    .kind = {.name = "pamap2",
             .help = "twelve activities of nine people, three inertial units and a "
                     "heart rate",
             .source = "Reiss and Stricker, ISWC 2012",
             .options = options,
             .n_options = sizeof options / sizeof *options,
             .options_size = sizeof(mmofl_activity_options)},
    .download = &download,
    .import = import};
