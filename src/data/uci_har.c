/* uci_har.c - the raw signals of UCI-HAR, from the archive's text files.
 *
 * Each part (train, test) has y_PART.txt and subject_PART.txt with one integer a line,
 * and one file per sensor and axis with 128 numbers a line.  The labels say how many
 * rows a part has, and every other file must agree.  The 12 signal files are parsed on
 * a thread pool; each fills its own channel, so the threads do not change the result.
 *
 * Windows overlap by half inside a recording, so the parts must never be mixed. */
#include <stdio.h>
#include <stdlib.h>

#include "base/pool.h"
#include "data/archive_text.h"
#include "data/builder.h"
#include "data/uci_har.h"

enum { PARTS = 2, SENSORS = 2, AXES = 3, STEPS = 128, CLASSES = 6, SUBJECTS = 30 };

static const char *const class_names[CLASSES] = {
    "walking", "walking_upstairs", "walking_downstairs",
    "sitting", "standing",         "laying"};

static const mmofl_modality modalities[SENSORS] = {
    {.name = "accelerometer",
     .unit = "g",
     .rate_hz = 50,
     .dtype = MMOFL_F32,
     .shape = {2, {STEPS, AXES}}},
    {.name = "gyroscope",
     .unit = "rad/s",
     .rate_hz = 50,
     .dtype = MMOFL_F32,
     .shape = {2, {STEPS, AXES}}},
};

static const char citation[] =
    "D. Anguita, A. Ghio, L. Oneto, X. Parra, J. L. Reyes-Ortiz: A Public Domain "
    "Dataset for Human Activity Recognition Using Smartphones. ESANN 2013. "
    "doi:10.24432/C54S4K. Licence: CC BY 4.0 according to UCI; the archive's README "
    "asks for this citation and prohibits commercial use.";

struct part {
    const char *name; /* "train" */
    size_t first, rows;
    int32_t *label, *subject; /* (rows) from 1 */
};

/* --- labels and subjects -------------------------------------------------------- */

static mmofl_status read_integers(const mmofl_archive *archive, const char *what,
                                  const char *part, int32_t max, int32_t **values,
                                  size_t *n, mmofl_error *err)
{
    char tail[64];
    mmofl_text text;
    snprintf(tail, sizeof tail, "%s/%s_%s.txt", part, what, part);
    mmofl_status st = mmofl_archive_text(archive, tail, &text, err);
    if (st)
        return st;
    st = mmofl_text_read_integers(text, 1, max, values, n, err);
    return mmofl_archive_text_end(archive, &text, st, err);
}

static mmofl_status read_part(const mmofl_archive *archive, struct part *part,
                              mmofl_error *err)
{
    size_t subjects = 0;
    mmofl_status st = read_integers(archive, "y", part->name, CLASSES, &part->label,
                                    &part->rows, err);
    if (!st)
        st = read_integers(archive, "subject", part->name, SUBJECTS, &part->subject,
                           &subjects, err);
    if (!st && subjects != part->rows)
        st = mmofl_fail(
            err, MMOFL_E_COUNT, "%s: subject_%s.txt has %zu rows, y_%s.txt has %zu",
            mmofl_archive_name(archive), part->name, subjects, part->name, part->rows);
    return st;
}

/* --- signals ---------------------------------------------------------------------- */

/* One signal file: sensor and axis of a part. */
struct signal {
    char tail[64];
    size_t rows;
    float *out; /* the axis's first value */
    mmofl_status status;
    mmofl_error err;
};

struct signals {
    const mmofl_archive *archive;
    struct signal signal[PARTS * SENSORS * AXES];
};

static void read_signal(void *context, size_t item, int thread)
{
    struct signals *signals = context;
    struct signal *signal = &signals->signal[item];
    mmofl_text text;
    (void)thread;
    mmofl_status st =
        mmofl_archive_text(signals->archive, signal->tail, &text, &signal->err);
    if (!st) {
        st = mmofl_text_read_floats(text, signal->rows, STEPS, AXES, signal->out,
                                    &signal->err);
        st = mmofl_archive_text_end(signals->archive, &text, st, &signal->err);
    }
    signal->status = st;
}

static void list_signals(const struct part *parts, const mmofl_builder *builder,
                         const char *accelerometer, struct signals *signals)
{
    const char *const sensors[SENSORS] = {accelerometer, "body_gyro"};
    struct signal *signal = signals->signal;
    for (int p = 0; p < PARTS; p++)
        for (int m = 0; m < SENSORS; m++)
            for (int axis = 0; axis < AXES; axis++, signal++) {
                float *values = builder->values[m];
                signal->rows = parts[p].rows;
                signal->out = values + parts[p].first * STEPS * AXES + axis;
                snprintf(signal->tail, sizeof signal->tail,
                         "%s/Inertial Signals/%s_%c_%s.txt", parts[p].name, sensors[m],
                         'x' + axis, parts[p].name);
            }
}

/* All signals; of several errors the first file's is told, at any thread count. */
static mmofl_status read_signals(struct signals *signals, mmofl_error *err)
{
    mmofl_pool *pool;
    if (mmofl_pool_new(0, &pool))
        return mmofl_fail(err, MMOFL_E_MEMORY, "uci-har: no memory for threads");
    mmofl_pool_run(pool, PARTS * SENSORS * AXES, read_signal, signals);
    mmofl_pool_delete(pool);
    for (int i = 0; i < PARTS * SENSORS * AXES; i++)
        if (signals->signal[i].status)
            return mmofl_fail(err, signals->signal[i].status, "%s",
                              signals->signal[i].err.text);
    return MMOFL_OK;
}

/* --- the set ---------------------------------------------------------------------- */

static void fill_part(const struct part *part, mmofl_builder *builder)
{
    for (size_t i = 0; i < part->rows; i++) {
        builder->label[part->first + i] = part->label[i] - 1;
        builder->owner[part->first + i] = part->subject[i];
        builder->time[part->first + i] = (int64_t)i;
    }
}

static void note_shared_subjects(const struct part *parts, const mmofl_log_sink *log)
{
    bool trains[SUBJECTS + 1] = {0};
    for (size_t i = 0; i < parts[0].rows; i++)
        trains[parts[0].subject[i]] = true;
    for (size_t i = 0; i < parts[1].rows; i++)
        if (trains[parts[1].subject[i]]) {
            mmofl_log(log, MMOFL_LOG_INFO,
                      "uci-har: subject %d is in the training and the test part",
                      (int)parts[1].subject[i]);
            return;
        }
}

static mmofl_status build(const mmofl_archive *archive, const struct part *parts,
                          const char *accelerometer, mmofl_dataset **out,
                          mmofl_error *err)
{
    const mmofl_builder_plan plan = {.name = mmofl_uci_har.kind.name,
                                     .citation = citation,
                                     .n_modalities = SENSORS,
                                     .modality = modalities,
                                     .n_classes = CLASSES,
                                     .class_name = class_names,
                                     .n_samples = parts[0].rows + parts[1].rows,
                                     .n_train = parts[0].rows};
    mmofl_builder builder;
    mmofl_status st = mmofl_builder_begin(&plan, &builder, err);
    if (st)
        return st;
    for (int p = 0; p < PARTS; p++)
        fill_part(&parts[p], &builder);
    struct signals signals = {.archive = archive};
    list_signals(parts, &builder, accelerometer, &signals);
    st = read_signals(&signals, err);
    if (st) {
        mmofl_builder_drop(&builder);
        return st;
    }
    return mmofl_builder_finish(&builder, out, err);
}

static mmofl_status import(const mmofl_pick *set, const char *path,
                           const mmofl_log_sink *log, mmofl_dataset **out,
                           mmofl_error *err)
{
    const mmofl_uci_har_options *options = (const void *)set->options.bytes;
    bool body = options->accelerometer == MMOFL_UCI_HAR_BODY_ACC;
    struct part parts[PARTS] = {{.name = "train"}, {.name = "test"}};
    mmofl_archive *archive;
    mmofl_status st = mmofl_archive_open(path, NULL, &archive, err);
    if (st)
        return st;
    for (int p = 0; p < PARTS && !st; p++)
        st = read_part(archive, &parts[p], err);
    parts[1].first = parts[0].rows;
    if (!st)
        st = build(archive, parts, body ? "body_acc" : "total_acc", out, err);
    if (!st)
        note_shared_subjects(parts, log);
    for (int p = 0; p < PARTS; p++) {
        free(parts[p].label);
        free(parts[p].subject);
    }
    mmofl_archive_close(archive);
    return st;
}

static const mmofl_option options[] = {MMOFL_CHOICE_OPTION(
    mmofl_uci_har_options, accelerometer, "total_acc|body_acc", "total_acc",
    "acceleration with gravity (total_acc), or without (body_acc)")};

static const mmofl_data_download download = {
    .url = "https://archive.ics.uci.edu/static/public/240/"
           "human+activity+recognition+using+smartphones.zip",
    .file_name = "uci-har.zip",
    .sha256 = "c00b803081a5c797cd5e4b83700a9810b38d53d9d84e01917e090e1fdbc81031",
    .bytes = 61005872};

const mmofl_data_source mmofl_uci_har = {
    .kind = {.name = "uci-har",
             .help = "six activities of 30 people, smartphone accelerometer and "
                     "gyroscope",
             .source = "Anguita et al., ESANN 2013",
             .options = options,
             .n_options = sizeof options / sizeof *options,
             .options_size = sizeof(mmofl_uci_har_options)},
    .download = &download,
    .generated = false,
    .import = import};
