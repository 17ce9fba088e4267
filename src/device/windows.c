/* windows.c - a ring of readings for each modality, and a window that moves over them.
 */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/windows.h"

/* Readings of one modality, oldest first from `first` on. */
typedef struct track {
    size_t room, first, n; /* readings */
    double *time;          /* (room) */
    float *value;          /* (room, C) */
    double rate_hz, gap_s;
    double latest; /* of all readings; -infinity: none yet */
} track;

struct mmofl_windows {
    const mmofl_signals *signals;
    mmofl_arena arena;
    mmofl_windows_spec spec;
    double length_s;
    track track[MMOFL_MAX_MODALITIES];
    bool has_begun;
    double begin;    /* of the next window */
    uint64_t made;   /* windows so far: their ids */
    int32_t label;   /* the last one heard */
    double label_at; /* when */
    mmofl_line line;
};

/* Readings may come this many times as fast as the rate says. */
enum { HASTE = 4, MARGIN = 16 };

static mmofl_status make_track(mmofl_windows *w, int m, mmofl_error *err)
{
    const mmofl_modality *modality = &w->signals->modality[m];
    size_t channels = mmofl_signals_channels(w->signals, m);
    track *t = &w->track[m];
    if (modality->dtype != MMOFL_F32 || modality->shape.n != 2)
        return mmofl_fail(err, MMOFL_E_SHAPE,
                          "%s: no window of readings; its samples must come whole",
                          modality->name);
    t->rate_hz = w->spec.rate_hz[m] > 0 ? w->spec.rate_hz[m] : modality->rate_hz;
    if (!(t->rate_hz > 0))
        return mmofl_fail(err, MMOFL_E_RANGE, "%s: wanted its rate in Hz",
                          modality->name);
    double length_s = modality->shape.dim[0] / t->rate_hz;
    if (m == 0)
        w->length_s = length_s;
    if (fabs(length_s - w->length_s) * t->rate_hz > 1)
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "%s: windows of %g s, and of %g s for %s; wanted the same",
                          modality->name, length_s, w->length_s,
                          w->signals->modality[0].name);
    t->gap_s = w->spec.gap_s > 0 ? w->spec.gap_s : 5 / t->rate_hz;
    t->latest = -(double)INFINITY;
    t->room = 2 * HASTE * (size_t)modality->shape.dim[0] + MARGIN;
    t->time = MMOFL_ARENA_NEW(&w->arena, t->room, double);
    t->value = MMOFL_ARENA_NEW(&w->arena, t->room * channels, float);
    w->line.values[m] = MMOFL_ARENA_NEW(&w->arena, w->signals->count[m], float);
    return t->time && t->value && w->line.values[m]
               ? MMOFL_OK
               : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for windows");
}

mmofl_status mmofl_windows_new(const mmofl_signals *signals,
                               const mmofl_windows_spec *spec, mmofl_windows **out,
                               mmofl_error *err)
{
    mmofl_windows *w = calloc(1, sizeof *w);
    if (!w)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for windows");
    w->signals = signals;
    w->spec = *spec;
    w->label = MMOFL_NO_LABEL;
    w->label_at = -(double)INFINITY;
    mmofl_status st = MMOFL_OK;
    for (int m = 0; m < signals->n && !st; m++)
        st = make_track(w, m, err);
    if (st) {
        mmofl_windows_delete(w);
        return st;
    }
    if (!(w->spec.step_s > 0))
        w->spec.step_s = w->length_s / 2;
    if (!(w->spec.late_s > 0))
        w->spec.late_s = w->length_s;
    *out = w;
    return MMOFL_OK;
}

void mmofl_windows_delete(mmofl_windows *windows)
{
    if (!windows)
        return;
    mmofl_arena_free(&windows->arena);
    free(windows);
}

/* ---- taking ---- */

static size_t place(const track *t, size_t i)
{
    return (t->first + i) % t->room;
}

/* All sensors begin anew: times of before mean nothing now. */
static void begin_anew(mmofl_windows *w)
{
    for (int m = 0; m < w->signals->n; m++) {
        w->track[m].n = 0;
        w->track[m].latest = -(double)INFINITY;
    }
    w->has_begun = false;
    w->label = MMOFL_NO_LABEL;
    w->label_at = -(double)INFINITY;
}

void mmofl_windows_add(mmofl_windows *w, const mmofl_line *reading)
{
    assert(reading->kind == MMOFL_LINE_READING);
    int m = reading->modality;
    track *t = &w->track[m];
    size_t channels = mmofl_signals_channels(w->signals, m);
    if (reading->time_s < t->latest - w->length_s)
        begin_anew(w);
    else if (reading->time_s <= t->latest)
        return;
    if (t->n == t->room) { /* nobody took windows, or the sensor is too fast */
        t->first = place(t, 1);
        t->n--;
    }
    size_t at = place(t, t->n++);
    t->time[at] = t->latest = reading->time_s;
    memcpy(t->value + at * channels, reading->values[m], channels * sizeof(float));
    if (reading->label != MMOFL_NO_LABEL) {
        w->label = reading->label;
        w->label_at = reading->time_s;
    }
    if (!w->has_begun) {
        w->has_begun = true;
        w->begin = reading->time_s;
    }
}

/* ---- giving ---- */

/* What comes before the window, but for the last one, is not needed any more. */
static void drop_before(track *t, double begin)
{
    while (t->n > 1 && t->time[place(t, 1)] <= begin) {
        t->first = place(t, 1);
        t->n--;
    }
}

/* The value of one channel at a time between two readings. */
static float between(const track *t, size_t i, size_t channel, size_t channels,
                     double time)
{
    size_t a = place(t, i), b = place(t, i + 1);
    double x = (double)t->value[a * channels + channel],
           y = (double)t->value[b * channels + channel];
    double share = (time - t->time[a]) / (t->time[b] - t->time[a]);
    return (float)(x + share * (y - x));
}

/* Values at begin, begin + 1/rate, ...; false: somewhere no reading is near enough. The
 * ends may lie up to a gap outside of the readings: there the nearest one counts. */
static bool resample(const mmofl_windows *w, int m, float *values)
{
    const track *t = &w->track[m];
    size_t channels = mmofl_signals_channels(w->signals, m), i = 0;
    int length = w->signals->modality[m].shape.dim[0];
    if (t->n == 0)
        return false;
    for (int k = 0; k < length; k++) {
        double time = w->begin + k / t->rate_hz;
        while (i + 1 < t->n && t->time[place(t, i + 1)] < time)
            i++;
        double before = time - t->time[place(t, i)];
        bool is_last = i + 1 == t->n;
        double to_next = is_last ? 0 : t->time[place(t, i + 1)] - t->time[place(t, i)];
        bool is_outside = before < 0 || is_last;
        if (is_outside ? fabs(before) > t->gap_s : to_next > t->gap_s)
            return false;
        for (size_t c = 0; c < channels; c++)
            values[(size_t)k * channels + c] =
                is_outside ? t->value[place(t, i) * channels + c]
                           : between(t, i, c, channels, time);
    }
    return true;
}

static bool is_complete(const mmofl_windows *w)
{
    double end = w->begin + w->length_s, newest = -(double)INFINITY;
    bool all = true;
    for (int m = 0; m < w->signals->n; m++) {
        all = all && w->track[m].latest >= end;
        newest = fmax(newest, w->track[m].latest);
    }
    return w->has_begun && (all || newest >= end + w->spec.late_s);
}

const mmofl_line *mmofl_windows_next(mmofl_windows *w)
{
    while (is_complete(w)) {
        mmofl_line *line = &w->line;
        line->kind = MMOFL_LINE_SAMPLE;
        line->mask = 0;
        for (int m = 0; m < w->signals->n; m++) {
            drop_before(&w->track[m], w->begin);
            if (resample(w, m, line->values[m]))
                line->mask |= UINT32_C(1) << m;
        }
        snprintf(line->id, sizeof line->id, "w%" PRIu64, w->made++);
        line->label = w->label_at >= w->begin ? w->label : MMOFL_NO_LABEL;
        w->begin += w->spec.step_s;
        if (line->mask)
            return line;
    }
    return NULL;
}
