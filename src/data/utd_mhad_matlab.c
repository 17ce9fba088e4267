/* utd_mhad_matlab.c - UTD-MHAD as its authors give it: two MATLAB files a sequence.
 *
 * Sequences last as long as the action did; all are brought to one length: value i of n
 * is that of the line through the T recorded ones at i (T-1)/(n-1).  Which two values
 * that lies between is worked out in whole numbers, so that the last value is the last
 * recorded one and nothing behind it is ever touched. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "data/archive_text.h"
#include "data/matlab.h"
#include "data/utd_mhad_parts.h"

/* Far more than a sequence has: 326 steps at 50 Hz, 125 frames at 30 Hz. */
enum { MAX_STEPS = 4096 };

enum { INERTIAL, SKELETON, KINDS };

static const struct kind {
    const char *ending, *variable;
    size_t step_values;
} kinds[KINDS] = {
    {"_inertial.mat", "d_iner", 2 * UTD_AXES},
    {"_skeleton.mat", "d_skel", UTD_JOINTS *UTD_SPACE},
};

/* --- names of files --------------------------------------------------------------- */

/* What a file's name says; action, subject and trial from 0. */
struct label {
    int kind; /* KINDS: none of the set's files */
    size_t action, subject, trial;
};

static int kind_of(const char *path)
{
    size_t n = strlen(path);
    for (int k = 0; k < KINDS; k++) {
        size_t e = strlen(kinds[k].ending);
        if (n >= e && strcmp(path + n - e, kinds[k].ending) == 0)
            return k;
    }
    return KINDS;
}

/* "_s" and a number: *number counts from 0, *at moves behind it. */
static mmofl_status read_number(const char **at, const char *before, uint64_t most,
                                size_t *number)
{
    uint64_t value;
    size_t n = strlen(before);
    if (strncmp(*at, before, n) != 0)
        return MMOFL_E_SYNTAX;
    *at += n;
    mmofl_status st = mmofl_number_whole(at, &value);
    if (st)
        return st == MMOFL_E_TYPE ? MMOFL_E_SYNTAX : st;
    if (value < 1 || value > most)
        return MMOFL_E_RANGE;
    *number = (size_t)value - 1;
    return MMOFL_OK;
}

static mmofl_status read_label(const char *path, struct label *label, mmofl_error *err)
{
    const char *slash = strrchr(path, '/'), *at = slash ? slash + 1 : path;
    *label = (struct label){.kind = kind_of(path)};
    if (label->kind == KINDS)
        return MMOFL_OK;
    mmofl_status st = read_number(&at, "a", UTD_ACTIONS, &label->action);
    if (!st)
        st = read_number(&at, "_s", UTD_SUBJECTS, &label->subject);
    if (!st)
        st = read_number(&at, "_t", UTD_TRIALS, &label->trial);
    if (!st && strcmp(at, kinds[label->kind].ending) != 0)
        st = MMOFL_E_SYNTAX;
    if (st)
        return mmofl_fail(err, st,
                          "%s: the name is not a1_s1_t1%s, with an action to %d, a "
                          "subject to %d and a trial to %d",
                          path, kinds[label->kind].ending, UTD_ACTIONS, UTD_SUBJECTS,
                          UTD_TRIALS);
    return MMOFL_OK;
}

/* --- the list --------------------------------------------------------------------- */

static mmofl_status list_file(const char *path, mmofl_utd_grid *grid, mmofl_error *err)
{
    struct label label;
    mmofl_status st = read_label(path, &label, err);
    if (st || label.kind == KINDS)
        return st;
    mmofl_utd_sequence *sequence = &grid->at[label.action][label.subject][label.trial];
    size_t bit = (size_t)1 << label.kind;
    if (sequence->files & bit)
        return mmofl_fail(err, MMOFL_E_DUPLICATE, "%s: another file has this name",
                          path);
    grid->n += !sequence->is_there;
    sequence->is_there = true;
    sequence->files |= bit;
    return MMOFL_OK;
}

static mmofl_status check_pairs(const mmofl_utd_grid *grid, mmofl_error *err)
{
    const mmofl_utd_sequence *all = &grid->at[0][0][0];
    for (size_t i = 0; i < sizeof grid->at / sizeof *all; i++) {
        if (!all[i].is_there || all[i].files == 3)
            continue;
        int missing = all[i].files & 1 ? SKELETON : INERTIAL;
        return mmofl_fail(err, MMOFL_E_MISSING, "no a%zu_s%zu_t%zu%s",
                          i / (UTD_SUBJECTS * UTD_TRIALS) + 1,
                          i / UTD_TRIALS % UTD_SUBJECTS + 1, i % UTD_TRIALS + 1,
                          kinds[missing].ending);
    }
    return MMOFL_OK;
}

static mmofl_status list(const mmofl_archive *archive, mmofl_utd_grid *grid,
                         mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    for (size_t i = 0; i < mmofl_archive_count(archive) && !st; i++)
        st = list_file(mmofl_archive_entry_at(archive, i)->path, grid, err);
    if (!st)
        st = check_pairs(grid, err);
    if (!st && grid->n == 0)
        st = mmofl_fail(err, MMOFL_E_MISSING,
                        "holds neither index.tsv nor files such as a1_s1_t1%s",
                        kinds[INERTIAL].ending);
    return mmofl_archive_within(archive, st, err);
}

/* --- values ----------------------------------------------------------------------- */

/* One channel: `n` values, `stride` apart, become the T of them in `from`, which are
 * from_stride apart.  False when one is beyond float. */
static bool resample(const double *from, size_t from_stride, size_t T, float *to,
                     size_t stride, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t place = i * (T - 1), left = place / (n - 1);
        double x = from[left * from_stride];
        double share = (double)(place % (n - 1)) / (double)(n - 1);
        if (share > 0)
            x += share * (from[(left + 1) * from_stride] - x);
        to[i * stride] = (float)x;
        if (!isfinite(to[i * stride]))
            return false;
    }
    return true;
}

/* d_iner (T, 6): three axes of each sensor, a column each. */
static bool fill_inertial(const mmofl_matlab_array *array, size_t sample,
                          const mmofl_builder *builder)
{
    size_t T = array->dim[0];
    for (size_t column = 0; column < array->dim[1]; column++) {
        float *values =
            builder->values[column < UTD_AXES ? UTD_ACCELEROMETER : UTD_GYROSCOPE];
        float *to = values + sample * UTD_STEPS * UTD_AXES + column % UTD_AXES;
        if (!resample(array->values + column * T, 1, T, to, UTD_AXES, UTD_STEPS))
            return false;
    }
    return true;
}

/* d_skel (20, 3, T): joints run fastest there, the coordinates of a joint in a sample.
 */
static bool fill_skeleton(const mmofl_matlab_array *array, size_t sample,
                          const mmofl_builder *builder)
{
    const size_t channels = UTD_JOINTS * UTD_SPACE;
    float *to = (float *)builder->values[UTD_SKELETON] + sample * UTD_FRAMES * channels;
    for (size_t joint = 0; joint < UTD_JOINTS; joint++)
        for (size_t xyz = 0; xyz < UTD_SPACE; xyz++)
            if (!resample(array->values + joint + UTD_JOINTS * xyz, channels,
                          array->dim[2], to + joint * UTD_SPACE + xyz, channels,
                          UTD_FRAMES))
                return false;
    return true;
}

static mmofl_status check_shape(const struct label *label, const char *path,
                                const mmofl_matlab_array *array, mmofl_error *err)
{
    bool inertial = label->kind == INERTIAL;
    const size_t *dim = array->dim;
    bool fits = inertial ? array->n_dims == 2 && dim[1] == 2 * UTD_AXES && dim[0] >= 2
                         : array->n_dims == 3 && dim[0] == UTD_JOINTS &&
                               dim[1] == UTD_SPACE && dim[2] >= 2;
    if (fits)
        return MMOFL_OK;
    return mmofl_fail(err, MMOFL_E_SHAPE, "%s: %s is not %s with T >= 2", path,
                      kinds[label->kind].variable, inertial ? "(T, 6)" : "(20, 3, T)");
}

static mmofl_status fill_file(mmofl_text text, const struct label *label, size_t sample,
                              const mmofl_builder *builder, mmofl_error *err)
{
    const struct kind *kind = &kinds[label->kind];
    mmofl_matlab_array array;
    mmofl_status st = mmofl_matlab_read(text.data, text.size, text.name, kind->variable,
                                        MAX_STEPS * kind->step_values, &array, err);
    if (st)
        return st;
    st = check_shape(label, text.name, &array, err);
    if (!st && !(label->kind == INERTIAL ? fill_inertial
                                         : fill_skeleton)(&array, sample, builder))
        st = mmofl_fail(err, MMOFL_E_NONFINITE, "%s: %s has a value beyond float",
                        text.name, kind->variable);
    free(array.values);
    return st;
}

static mmofl_status fill(const mmofl_archive *archive, const mmofl_utd_grid *grid,
                         const mmofl_builder *builder, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    for (size_t i = 0; i < mmofl_archive_count(archive) && !st; i++) {
        struct label label;
        mmofl_text text;
        st = read_label(mmofl_archive_entry_at(archive, i)->path, &label, err);
        if (st || label.kind == KINDS)
            continue;
        st = mmofl_archive_text_at(archive, i, &text, err);
        if (st)
            break;
        st = fill_file(text, &label,
                       grid->at[label.action][label.subject][label.trial].sample,
                       builder, err);
        st = mmofl_archive_text_end(archive, &text, st, err);
    }
    return st;
}

const mmofl_utd_layout mmofl_utd_matlab = {
    .n_modalities = UTD_DEPTH, .list = list, .fill = fill};
