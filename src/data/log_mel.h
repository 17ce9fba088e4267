/* log_mel.h - sound as the logarithm of its power in mel bands over time.
 *
 *     frame t      = sound[t * hop ... t * hop + window) * Hann
 *     power[k]     = |FFT(frame)[k]|^2 / sum(Hann^2)              k = 0 ... fft/2
 *     out[t][b]    = log(1e-6 + sum_k triangle_b(k) * power[k])
 *
 * Hann is periodic: (1 - cos(2 pi i / window)) / 2.  A frame is filled up with zeros to
 * `fft`, the next power of two.  White noise of variance v has the power v at each k.
 * The triangles are HTK's: mel(f) = 2595 log10(1 + f / 700); bands + 2 corners with
 * equal steps in mel from 0 to rate/2; band b rises in f (Hz) from corner b to 1 at
 * corner b + 1 and falls to corner b + 2.  Frames lie inside the sound: nothing is
 * padded at its ends.  Equals librosa's melspectrogram(htk=True, norm=None,
 * center=False) up to the scale. */
#ifndef MMOFL_DATA_LOG_MEL_H
#define MMOFL_DATA_LOG_MEL_H

#include "mmofl/status.h"

enum { MMOFL_LOG_MEL_BANDS = 512, MMOFL_LOG_MEL_WINDOW = 65536 };

typedef struct mmofl_log_mel_options {
    int bands;        /* 1 ... MMOFL_LOG_MEL_BANDS */
    double window_ms; /* rounded to whole samples, 8 ... MMOFL_LOG_MEL_WINDOW */
    double hop_ms;    /* the same, >= 1 */
} mmofl_log_mel_options;

typedef struct mmofl_log_mel mmofl_log_mel;

/** Make ready for sounds of n samples at rate (a second); both >= 1.
 * @retval MMOFL_E_RANGE   a window or hop of too few or too many samples; a sound
 *                         shorter than a window; a band so narrow that no k lies in it
 * @retval MMOFL_E_MEMORY
 * Cost: bands * fft, 0.1 ms for 40 bands in 25 ms at 16 kHz. */
MMOFL_CHECKED mmofl_status mmofl_log_mel_new(const mmofl_log_mel_options *options,
                                             int rate, size_t n, mmofl_log_mel **out,
                                             mmofl_error *err);

/** 1 + (n - window) / hop, rounded down. */
size_t mmofl_log_mel_frames(const mmofl_log_mel *mel);

/** Frames a second: rate / hop, hop in whole samples. */
double mmofl_log_mel_rate_hz(const mmofl_log_mel *mel);

/** The n samples of sound as out (frames, bands).  Finite when the sound is within
 * MMOFL_SOUND_LOUDEST.  Bits are the same on every machine.
 * Threads: one at a time for one mmofl_log_mel, which holds the scratch. */
void mmofl_log_mel_compute(mmofl_log_mel *mel, const float *sound, float *out);

/** NULL is allowed. */
void mmofl_log_mel_delete(mmofl_log_mel *mel);

#endif
