/* sound.h - recordings (WAV, FLAC, Ogg; by libsndfile) as one channel of floats.
 *
 * Files are hostile: what they are is read from their first bytes here, a WAV's chunks
 * are walked, and sizes beyond the limits are refused before anything is decoded. */
#ifndef MMOFL_DATA_SOUND_H
#define MMOFL_DATA_SOUND_H

#include "mmofl/status.h"

enum {
    MMOFL_SOUND_CHANNELS = 16,    /* most channels */
    MMOFL_SOUND_RATE = 768000,    /* most samples a second */
    MMOFL_SOUND_SAMPLES = 1 << 30 /* most samples of a channel */
};

/** Loudest value taken, 1 being the full scale of integer formats: far above anything
 * that a program writes, and its power is still a float. */
#define MMOFL_SOUND_LOUDEST 1e9f

/** Decode the first n samples, the mean of the channels, into out (n); zeros behind the
 * sound's end.  Integer formats are scaled to -1 ... 1.  sample_rate is what the file
 * must have: nothing is resampled, for how to filter is the user's choice.
 * Bits depend on the decoder library's version, not on the machine.
 * @retval MMOFL_E_SYNTAX       neither WAV nor FLAC nor Ogg
 * @retval MMOFL_E_TRUNCATED    no sound in it; a WAV that ends before its data, a FLAC
 *                              that ends before sample n (an Ogg's end cannot be told)
 * @retval MMOFL_E_CORRUPT      anything else that the decoder complains of
 * @retval MMOFL_E_LIMIT        beyond the limits above
 * @retval MMOFL_E_RANGE        another rate than sample_rate; a value louder than
 *                              MMOFL_SOUND_LOUDEST
 * @retval MMOFL_E_NONFINITE    NaN or infinity (WAV of floats)
 * @retval MMOFL_E_UNSUPPORTED  a coding other than PCM, float, A-law, u-law, Vorbis,
 *                              Opus
 * When it fails, out is undefined.  Cost: decoding of n samples. */
MMOFL_CHECKED mmofl_status mmofl_sound_read(const void *bytes, size_t size,
                                            const char *name, int sample_rate, size_t n,
                                            float *out, mmofl_error *err);

#endif
