/* utd_mhad.c - which sequences there are, in which part and order; their values come
 * from one of two layouts.
 *
 * At most 27 x 8 x 4 sequences exist, so they are marked in a table of that size rather
 * than listed: then the order of rows and files does not matter, both layouts give the
 * same set, and a sequence that is there twice is seen at once.
 *
 * The usual protocol trains on people with odd numbers and tests on the others, so that
 * nobody is in both parts. */
#include "data/utd_mhad.h"
#include "data/subjects.h"
#include "data/utd_mhad_parts.h"

static const char *const class_names[UTD_ACTIONS] = {"swipe_left",
                                                     "swipe_right",
                                                     "wave",
                                                     "clap",
                                                     "throw",
                                                     "arm_cross",
                                                     "basketball_shoot",
                                                     "draw_x",
                                                     "draw_circle_clockwise",
                                                     "draw_circle_counter_clockwise",
                                                     "draw_triangle",
                                                     "bowling",
                                                     "boxing",
                                                     "baseball_swing",
                                                     "tennis_swing",
                                                     "arm_curl",
                                                     "tennis_serve",
                                                     "push",
                                                     "knock",
                                                     "catch",
                                                     "pickup_and_throw",
                                                     "jog",
                                                     "walk",
                                                     "sit_to_stand",
                                                     "stand_to_sit",
                                                     "lunge",
                                                     "squat"};

/* Rates are those of the recording; a sample's own time is stretched. */
static const mmofl_modality modalities[UTD_MODALITIES] = {
    [UTD_ACCELEROMETER] = {.name = "accelerometer",
                           .unit = "g",
                           .rate_hz = 50,
                           .dtype = MMOFL_F32,
                           .shape = {2, {UTD_STEPS, UTD_AXES}}},
    [UTD_GYROSCOPE] = {.name = "gyroscope",
                       .unit = "deg/s",
                       .rate_hz = 50,
                       .dtype = MMOFL_F32,
                       .shape = {2, {UTD_STEPS, UTD_AXES}}},
    [UTD_SKELETON] = {.name = "skeleton",
                      .unit = "m",
                      .rate_hz = 30,
                      .dtype = MMOFL_F32,
                      .shape = {2, {UTD_FRAMES, UTD_JOINTS *UTD_SPACE}}},
    [UTD_DEPTH] = {.name = "depth",
                   .unit = "mm/16",
                   .dtype = MMOFL_F32,
                   .shape = {3, {UTD_HEIGHT, UTD_WIDTH, UTD_PICTURES}}},
};

static const char citation[] =
    "C. Chen, R. Jafari, N. Kehtarnavaz: UTD-MHAD: A Multimodal Dataset for Human "
    "Action Recognition Utilizing a Depth Camera and a Wearable Inertial Sensor. IEEE "
    "ICIP 2015, 168-172. doi:10.1109/ICIP.2015.7350781. Offered freely for research by "
    "the University of Texas at Dallas, without a formal licence.";

/* --- parts ------------------------------------------------------------------------ */

/* Give each sequence of the part its number in the set, from *next on. */
static void number_part(mmofl_utd_grid *grid, const bool trains[UTD_SUBJECTS],
                        bool train, size_t *next)
{
    for (size_t a = 0; a < UTD_ACTIONS; a++)
        for (size_t s = 0; s < UTD_SUBJECTS; s++)
            for (size_t t = 0; t < UTD_TRIALS; t++)
                if (grid->at[a][s][t].is_there && trains[s] == train)
                    grid->at[a][s][t].sample = (*next)++;
}

static mmofl_status divide(const mmofl_archive *archive, const char *train_subjects,
                           mmofl_utd_grid *grid, size_t *n_train, mmofl_error *err)
{
    bool trains[UTD_SUBJECTS] = {false};
    size_t next = 0;
    mmofl_status st = mmofl_subjects_read("utd-mhad: train_subjects", train_subjects, 1,
                                          UTD_SUBJECTS, trains, err);
    if (st)
        return st;
    number_part(grid, trains, true, &next);
    *n_train = next;
    number_part(grid, trains, false, &next);
    if (*n_train == 0 || *n_train == grid->n)
        return mmofl_fail(err, MMOFL_E_INFEASIBLE,
                          "%s: of its %zu sequences, %zu are of the train_subjects %s; "
                          "some must be, and some not",
                          mmofl_archive_name(archive), grid->n, *n_train,
                          train_subjects);
    return MMOFL_OK;
}

/* --- the set ---------------------------------------------------------------------- */

static void fill_labels(const mmofl_utd_grid *grid, size_t n_train,
                        mmofl_builder *builder)
{
    for (size_t a = 0; a < UTD_ACTIONS; a++)
        for (size_t s = 0; s < UTD_SUBJECTS; s++)
            for (size_t t = 0; t < UTD_TRIALS; t++) {
                const mmofl_utd_sequence *sequence = &grid->at[a][s][t];
                size_t i = sequence->sample;
                if (!sequence->is_there)
                    continue;
                builder->label[i] = (int32_t)a;
                builder->owner[i] = (int32_t)s + 1;
                builder->time[i] = (int64_t)(i < n_train ? i : i - n_train);
            }
}

static mmofl_status build(const mmofl_archive *archive, const mmofl_utd_layout *layout,
                          const mmofl_utd_grid *grid, size_t n_train,
                          mmofl_dataset **out, mmofl_error *err)
{
    const mmofl_builder_plan plan = {.name = mmofl_utd_mhad.kind.name,
                                     .citation = citation,
                                     .n_modalities = layout->n_modalities,
                                     .modality = modalities,
                                     .n_classes = UTD_ACTIONS,
                                     .class_name = class_names,
                                     .n_samples = grid->n,
                                     .n_train = n_train};
    mmofl_builder builder;
    mmofl_status st = mmofl_builder_begin(&plan, &builder, err);
    if (st)
        return st;
    fill_labels(grid, n_train, &builder);
    if ((st = layout->fill(archive, grid, &builder, err))) {
        mmofl_builder_drop(&builder);
        return st;
    }
    return mmofl_builder_finish(&builder, out, err);
}

/* The arrays have a table of contents that the MATLAB files have not. */
static const mmofl_utd_layout *layout_of(const mmofl_archive *archive)
{
    size_t index;
    mmofl_status st = mmofl_archive_find(archive, "index.tsv", &index, NULL);
    return st == MMOFL_E_MISSING ? &mmofl_utd_matlab : &mmofl_utd_arrays;
}

mmofl_status mmofl_utd_mhad_read(const mmofl_archive *archive,
                                 const char *train_subjects, const mmofl_log_sink *log,
                                 mmofl_dataset **out, mmofl_error *err)
{
    const mmofl_utd_layout *layout = layout_of(archive);
    mmofl_utd_grid grid = {0};
    size_t n_train = 0;
    mmofl_status st = layout->list(archive, &grid, err);
    if (!st)
        st = divide(archive, train_subjects, &grid, &n_train, err);
    if (!st)
        st = build(archive, layout, &grid, n_train, out, err);
    if (!st && layout->n_modalities <= UTD_DEPTH)
        mmofl_log(log, MMOFL_LOG_INFO,
                  "utd-mhad: from MATLAB files, which are read without depth");
    return st;
}

/* A folder that holds arrays may hold the zip that they were made from, too. */
static mmofl_status import(const mmofl_pick *set, const char *path,
                           const mmofl_log_sink *log, mmofl_dataset **out,
                           mmofl_error *err)
{
    const mmofl_utd_mhad_options *options = (const void *)set->options.bytes;
    mmofl_archive *archive;
    mmofl_status st = mmofl_archive_open_outer(path, NULL, &archive, err);
    if (st)
        return st;
    st = mmofl_utd_mhad_read(archive, options->train_subjects, log, out, err);
    mmofl_archive_close(archive);
    return st;
}

static const mmofl_option options[] = {
    MMOFL_TEXT_OPTION(
        mmofl_utd_mhad_options, train_subjects, "1 3 5 7",
        "people (1 to 8) to train on, such as \"1 3 5 7\"; the others are "
        "tested on"),
};

const mmofl_data_source mmofl_utd_mhad = {
    .kind = {.name = "utd-mhad",
             .help =
                 "27 actions of 8 people: accelerometer, gyroscope, skeleton, depth",
             .source = "Chen et al., ICIP 2015",
             .options = options,
             .n_options = sizeof options / sizeof *options,
             .options_size = sizeof(mmofl_utd_mhad_options)},
    .download = NULL,
    .generated = false,
    .import = import};
