/* sound.c - libsndfile on bytes in memory, behind a door of our own.
 *
 * libsndfile reads some thirty formats; only the three that people have are let
 * through.  It repairs a WAV that is cut short without a word, so the chunks of a WAV
 * are walked here first:
 *
 *     RIFF size WAVE | "fmt " size ... | ... | "data" size ... |
 *                       channels, rate          must end within the file */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <sndfile.h>

#include "base/bytes.h"
#include "data/sound.h"

enum { BLOCK = 1024 }; /* samples of a channel that are decoded at once */

/* --- a file in memory ------------------------------------------------------------- */

struct memory {
    const unsigned char *bytes;
    sf_count_t size, at;
};

static sf_count_t memory_size(void *user)
{
    return ((struct memory *)user)->size;
}

static sf_count_t memory_tell(void *user)
{
    return ((struct memory *)user)->at;
}

static sf_count_t memory_seek(sf_count_t offset, int whence, void *user)
{
    struct memory *memory = user;
    sf_count_t from = whence == SEEK_CUR   ? memory->at
                      : whence == SEEK_END ? memory->size
                                           : 0;
    if (offset < -from || offset > memory->size - from)
        return -1;
    return memory->at = from + offset;
}

static sf_count_t memory_read(void *to, sf_count_t n, void *user)
{
    struct memory *memory = user;
    if (n > memory->size - memory->at)
        n = memory->size - memory->at;
    if (n <= 0)
        return 0;
    memcpy(to, memory->bytes + memory->at, (size_t)n);
    memory->at += n;
    return n;
}

static sf_count_t memory_write(const void *from, sf_count_t n, void *user)
{
    (void)from, (void)n, (void)user;
    return 0;
}

/* --- what it is ------------------------------------------------------------------- */

static mmofl_status check_size(const char *name, uint64_t channels, uint64_t rate,
                               uint64_t samples, mmofl_error *err)
{
    if (channels > MMOFL_SOUND_CHANNELS)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: %llu channels, at most %d", name,
                          (unsigned long long)channels, MMOFL_SOUND_CHANNELS);
    if (rate > MMOFL_SOUND_RATE)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: %llu samples a second, at most %d",
                          name, (unsigned long long)rate, MMOFL_SOUND_RATE);
    if (samples > MMOFL_SOUND_SAMPLES)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: longer than %d samples", name,
                          MMOFL_SOUND_SAMPLES);
    return MMOFL_OK;
}

/* The "fmt " chunk: coding, channels, samples a second. */
static mmofl_status check_wav_format(const unsigned char *at, const char *name,
                                     mmofl_error *err)
{
    enum { PCM = 1, FLOATS = 3, A_LAW = 6, U_LAW = 7, EXTENSIBLE = 0xfffe };
    uint64_t coding = mmofl_bytes_load(at, 2);
    if (coding != PCM && coding != FLOATS && coding != A_LAW && coding != U_LAW &&
        coding != EXTENSIBLE)
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED,
                          "%s: coding %llu, wanted PCM, float, A-law or u-law", name,
                          (unsigned long long)coding);
    return check_size(name, mmofl_bytes_load(at + 2, 2), mmofl_bytes_load(at + 4, 4), 0,
                      err);
}

static mmofl_status check_wav(const unsigned char *bytes, size_t size, const char *name,
                              mmofl_error *err)
{
    uint64_t at = 12;
    while (size - at >= 8) {
        const unsigned char *chunk = bytes + at;
        uint64_t length = mmofl_bytes_load(chunk + 4, 4);
        if (length > size - at - 8)
            return mmofl_fail(err, MMOFL_E_TRUNCATED,
                              "%s: ends in its chunk '%.4s' of %llu bytes", name,
                              (const char *)chunk, (unsigned long long)length);
        if (memcmp(chunk, "data", 4) == 0)
            return MMOFL_OK;
        bool is_format = memcmp(chunk, "fmt ", 4) == 0 && length >= 8;
        mmofl_status st = is_format ? check_wav_format(chunk + 8, name, err) : MMOFL_OK;
        if (st)
            return st;
        at += 8 + length;
        at += at % 2 == 1 && at < size; /* chunks start at even places */
    }
    return mmofl_fail(err, MMOFL_E_TRUNCATED, "%s: ends before its data", name);
}

/* The major format by its first bytes, in *format. */
static mmofl_status check_start(const unsigned char *bytes, size_t size,
                                const char *name, int *format, mmofl_error *err)
{
    if (size == 0)
        return mmofl_fail(err, MMOFL_E_TRUNCATED, "%s: an empty file", name);
    if (size >= 12 && memcmp(bytes, "RIFF", 4) == 0 &&
        memcmp(bytes + 8, "WAVE", 4) == 0) {
        *format = SF_FORMAT_WAV;
        return check_wav(bytes, size, name, err);
    }
    *format = SF_FORMAT_FLAC;
    if (size >= 4 && memcmp(bytes, "fLaC", 4) == 0)
        return MMOFL_OK;
    *format = SF_FORMAT_OGG;
    if (size >= 4 && memcmp(bytes, "OggS", 4) == 0)
        return MMOFL_OK;
    return mmofl_fail(err, MMOFL_E_SYNTAX, "%s: neither WAV nor FLAC nor Ogg", name);
}

static bool is_supported(int subtype)
{
    static const int supported[] = {
        SF_FORMAT_PCM_S8, SF_FORMAT_PCM_U8, SF_FORMAT_PCM_16, SF_FORMAT_PCM_24,
        SF_FORMAT_PCM_32, SF_FORMAT_FLOAT,  SF_FORMAT_DOUBLE, SF_FORMAT_ULAW,
        SF_FORMAT_ALAW,   SF_FORMAT_VORBIS, SF_FORMAT_OPUS};
    for (size_t i = 0; i < sizeof supported / sizeof *supported; i++)
        if (subtype == supported[i])
            return true;
    return false;
}

/* What the library found, against what was promised and is wanted. */
static mmofl_status check_info(const SF_INFO *info, int format, int sample_rate,
                               const char *name, mmofl_error *err)
{
    if (info->channels < 1 || info->samplerate < 1 || info->frames < 0 ||
        ((info->format & SF_FORMAT_TYPEMASK) != format &&
         (info->format & SF_FORMAT_TYPEMASK) != SF_FORMAT_WAVEX))
        return mmofl_fail(err, MMOFL_E_CORRUPT, "%s: its header contradicts itself",
                          name);
    mmofl_status st =
        check_size(name, (uint64_t)info->channels, (uint64_t)info->samplerate,
                   (uint64_t)info->frames, err);
    if (st)
        return st;
    if (!is_supported(info->format & SF_FORMAT_SUBMASK))
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED,
                          "%s: a coding other than PCM, float, A-law, u-law, Vorbis "
                          "and Opus",
                          name);
    if (info->frames == 0)
        return mmofl_fail(err, MMOFL_E_TRUNCATED, "%s: no sound in it", name);
    if (info->samplerate != sample_rate)
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "%s: %d samples a second, wanted %d: convert it, or say so "
                          "in sample_rate",
                          name, info->samplerate, sample_rate);
    return MMOFL_OK;
}

/* --- samples ---------------------------------------------------------------------- */

/* The mean of each of `frames` groups of C values, into out. */
static mmofl_status mix(const float *values, size_t frames, int channels,
                        const char *name, float *out, mmofl_error *err)
{
    for (size_t i = 0; i < frames; i++) {
        double sum = 0;
        for (int c = 0; c < channels; c++)
            sum += (double)*values++;
        out[i] = (float)(sum / channels);
        if (!isfinite(out[i]))
            return mmofl_fail(err, MMOFL_E_NONFINITE, "%s: holds NaN or infinity",
                              name);
        if (fabsf(out[i]) > MMOFL_SOUND_LOUDEST)
            return mmofl_fail(err, MMOFL_E_RANGE, "%s: holds %g, wanted at most %g",
                              name, (double)out[i], (double)MMOFL_SOUND_LOUDEST);
    }
    return MMOFL_OK;
}

static mmofl_status decode(SNDFILE *file, const SF_INFO *info, const char *name,
                           size_t n, float *out, mmofl_error *err)
{
    float block[BLOCK * MMOFL_SOUND_CHANNELS];
    size_t there = (size_t)info->frames < n ? (size_t)info->frames : n;
    for (size_t at = 0; at < there;) {
        size_t wanted = there - at < BLOCK ? there - at : BLOCK;
        sf_count_t got = sf_readf_float(file, block, (sf_count_t)wanted);
        if (got < 1)
            return mmofl_fail(err, MMOFL_E_TRUNCATED,
                              "%s: ends after %zu of %lld samples", name, at,
                              (long long)info->frames);
        if (sf_error(file))
            return mmofl_fail(err, MMOFL_E_CORRUPT, "%s: %s", name, sf_strerror(file));
        mmofl_status st = mix(block, (size_t)got, info->channels, name, out + at, err);
        if (st)
            return st;
        at += (size_t)got;
    }
    for (size_t at = there; at < n; at++)
        out[at] = 0;
    return MMOFL_OK;
}

mmofl_status mmofl_sound_read(const void *bytes, size_t size, const char *name,
                              int sample_rate, size_t n, float *out, mmofl_error *err)
{
    SF_VIRTUAL_IO io = {memory_size, memory_seek, memory_read, memory_write,
                        memory_tell};
    struct memory memory = {.bytes = bytes, .size = (sf_count_t)size};
    SF_INFO info = {0};
    int format = 0;
    mmofl_status st = check_start(bytes, size, name, &format, err);
    if (st)
        return st;
    SNDFILE *file = sf_open_virtual(&io, SFM_READ, &info, &memory);
    /* Its reason would be a global of the library, which another thread may overwrite.
     */
    if (!file)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "%s: its header cannot be read", name);
    st = check_info(&info, format, sample_rate, name, err);
    if (!st)
        st = decode(file, &info, name, n, out, err);
    sf_close(file);
    return st;
}
