/* log_mel.c - one Fourier transform per frame, then sparse triangles.
 *
 * A band touches few of the frequencies, so its weights are kept from the first to the
 * last that is not zero, all bands in one block. */
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/elementary.h"
#include "base/turns.h"
#include "data/fourier.h"
#include "data/log_mel.h"

#define FLOOR 1e-6

struct band {
    int first, n; /* frequencies k it touches */
    const float *weight;
};

struct mmofl_log_mel {
    mmofl_arena arena;
    int rate, window, hop, fft, bands;
    size_t frames;
    double *hann;      /* (window) */
    double scale;      /* 1 / sum of hann^2 */
    struct band *band; /* (bands) */
    mmofl_fourier fourier;
    double *frame; /* (fft), zeros behind the window */
    double *power; /* (fft/2 + 1) */
};

/* --- triangles -------------------------------------------------------------------- */

/* Corner i of bands + 2, in Hz.  The base of the logarithm in mel(f) cancels out. */
static double corner(const mmofl_log_mel *mel, int i)
{
    double top = mmofl_ln(1 + mel->rate / 2.0 / 700);
    return 700 * (mmofl_exp(top * i / (mel->bands + 1)) - 1);
}

/* The height of the triangle over low, middle, high at f; <= 0 outside. */
static double height(const double corners[3], double f)
{
    double up = (f - corners[0]) / (corners[1] - corners[0]);
    double down = (corners[2] - f) / (corners[2] - corners[1]);
    return up < down ? up : down;
}

static mmofl_status make_band(mmofl_log_mel *mel, int b, mmofl_error *err)
{
    struct band *band = &mel->band[b];
    const double corners[3] = {corner(mel, b), corner(mel, b + 1), corner(mel, b + 2)};
    double step = (double)mel->rate / mel->fft;
    int k = (int)(corners[0] / step), last = mel->fft / 2;
    while (k <= last && height(corners, k * step) <= 0)
        k++;
    band->first = k;
    while (k <= last && height(corners, k * step) > 0)
        k++;
    band->n = k - band->first;
    if (band->n == 0 || corners[0] >= corners[1])
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "band %d of %d, %.1f to %.1f Hz, falls between the "
                          "frequencies %.1f Hz apart that a window resolves; wanted "
                          "fewer bands or a longer window",
                          b + 1, mel->bands, corners[0], corners[2], step);
    float *weight = MMOFL_ARENA_NEW(&mel->arena, (size_t)band->n, float);
    if (!weight)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for mel bands");
    for (int i = 0; i < band->n; i++)
        weight[i] = (float)height(corners, (band->first + i) * step);
    band->weight = weight;
    return MMOFL_OK;
}

/* --- setting up ------------------------------------------------------------------- */

/* ms in whole samples, from least to MMOFL_LOG_MEL_WINDOW. */
static mmofl_status to_samples(const char *what, double ms, int rate, int least,
                               int *samples, mmofl_error *err)
{
    double exact = round(ms * rate / 1000);
    if (!(exact >= least && exact <= MMOFL_LOG_MEL_WINDOW))
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "%s: %g ms are %.0f samples, wanted %d to %d", what, ms,
                          exact, least, MMOFL_LOG_MEL_WINDOW);
    *samples = (int)exact;
    return MMOFL_OK;
}

static mmofl_status measure(mmofl_log_mel *mel, const mmofl_log_mel_options *options,
                            size_t n, mmofl_error *err)
{
    int rate = mel->rate;
    if (options->bands < 1 || options->bands > MMOFL_LOG_MEL_BANDS)
        return mmofl_fail(err, MMOFL_E_RANGE, "bands: %d, wanted 1 to %d",
                          options->bands, MMOFL_LOG_MEL_BANDS);
    mmofl_status st =
        to_samples("window_ms", options->window_ms, rate, 8, &mel->window, err);
    if (!st)
        st = to_samples("hop_ms", options->hop_ms, rate, 1, &mel->hop, err);
    if (st)
        return st;
    if (n < (size_t)mel->window)
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "a sound of %zu samples, shorter than a window of %d", n,
                          mel->window);
    mel->bands = options->bands;
    mel->frames = 1 + (n - (size_t)mel->window) / (size_t)mel->hop;
    for (mel->fft = 8; mel->fft < mel->window;)
        mel->fft *= 2;
    return MMOFL_OK;
}

static mmofl_status take_memory(mmofl_log_mel *mel, mmofl_error *err)
{
    mmofl_arena *arena = &mel->arena;
    mel->hann = MMOFL_ARENA_NEW(arena, (size_t)mel->window, double);
    mel->frame = MMOFL_ARENA_NEW(arena, (size_t)mel->fft, double);
    mel->power = MMOFL_ARENA_NEW(arena, (size_t)mel->fft / 2 + 1, double);
    mel->band = MMOFL_ARENA_NEW(arena, (size_t)mel->bands, struct band);
    if (!mel->hann || !mel->frame || !mel->power || !mel->band ||
        mmofl_fourier_init(&mel->fourier, (size_t)mel->fft, arena))
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a Fourier transform");
    return MMOFL_OK;
}

static mmofl_status set_up(mmofl_log_mel *mel, const mmofl_log_mel_options *options,
                           size_t n, mmofl_error *err)
{
    double sum = 0;
    mmofl_status st = measure(mel, options, n, err);
    if (!st)
        st = take_memory(mel, err);
    for (int i = 0; i < mel->window && !st; i++) {
        double sine, cosine;
        mmofl_turns((double)i / mel->window, &sine, &cosine);
        mel->hann[i] = 0.5 - 0.5 * cosine;
        sum += mel->hann[i] * mel->hann[i];
    }
    mel->scale = 1 / sum;
    for (int b = 0; b < mel->bands && !st; b++)
        st = make_band(mel, b, err);
    return st;
}

mmofl_status mmofl_log_mel_new(const mmofl_log_mel_options *options, int rate, size_t n,
                               mmofl_log_mel **out, mmofl_error *err)
{
    mmofl_log_mel *mel = calloc(1, sizeof *mel);
    if (!mel)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a Fourier transform");
    mel->rate = rate;
    mmofl_status st = set_up(mel, options, n, err);
    if (st)
        mmofl_log_mel_delete(mel);
    else
        *out = mel;
    return st;
}

void mmofl_log_mel_delete(mmofl_log_mel *mel)
{
    if (!mel)
        return;
    mmofl_arena_free(&mel->arena);
    free(mel);
}

/* --- computing -------------------------------------------------------------------- */

size_t mmofl_log_mel_frames(const mmofl_log_mel *mel)
{
    return mel->frames;
}

double mmofl_log_mel_rate_hz(const mmofl_log_mel *mel)
{
    return (double)mel->rate / mel->hop;
}

void mmofl_log_mel_compute(mmofl_log_mel *mel, const float *sound, float *out)
{
    for (size_t t = 0; t < mel->frames; t++, sound += mel->hop, out += mel->bands) {
        for (int i = 0; i < mel->window; i++)
            mel->frame[i] = (double)sound[i] * mel->hann[i];
        mmofl_fourier_power(&mel->fourier, mel->frame, mel->power);
        for (int b = 0; b < mel->bands; b++) {
            const struct band *band = &mel->band[b];
            double sum = 0;
            for (int i = 0; i < band->n; i++)
                sum += (double)band->weight[i] * mel->power[band->first + i];
            out[b] = (float)mmofl_ln(FLOOR + sum * mel->scale);
        }
    }
}
