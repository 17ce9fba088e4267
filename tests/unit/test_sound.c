/* test_sound.c - recordings made here in each format, and a folder of bad ones. */
#include "sound_leaks.h"
#include "sound_maker.h"

#include "bad_files.h"
#include "base/file.h"
#include "data/sound.h"

enum { RATE = 8000, N = 4000 };

static void must_read(const sound_file *file, size_t n, float *out)
{
    mmofl_error err = {0};
    if (mmofl_sound_read(file->data, (size_t)file->size, "s", RATE, n, out, &err))
        fail_msg("%s", err.text);
}

static void refuse(const sound_file *file, size_t size, mmofl_status wanted,
                   const char *words)
{
    float out[N];
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_sound_read(file->data, size, "s", RATE, N, out, &err), wanted);
    CHECK_CONTAINS(err.text, words);
}

/* A tone of 200 Hz at half of the full scale. */
static void make_tone(float *values)
{
    for (int i = 0; i < N; i++)
        values[i] = 0.5f * (float)sin(2 * 3.14159265358979 * 200 * i / RATE);
}

static void each_format_gives_the_sound_back(void **state)
{
    (void)state;
    const struct {
        int format;
        double error;
    } cases[] = {{SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 1e-2},
                 {SF_FORMAT_WAV | SF_FORMAT_PCM_16, 1e-4},
                 {SF_FORMAT_WAV | SF_FORMAT_PCM_24, 1e-6},
                 {SF_FORMAT_WAV | SF_FORMAT_PCM_32, 1e-6},
                 {SF_FORMAT_WAV | SF_FORMAT_FLOAT, 0},
                 {SF_FORMAT_WAV | SF_FORMAT_DOUBLE, 0},
                 {SF_FORMAT_WAV | SF_FORMAT_ULAW, 2e-2},
                 {SF_FORMAT_WAV | SF_FORMAT_ALAW, 2e-2},
                 {SF_FORMAT_WAVEX | SF_FORMAT_PCM_16, 1e-4},
                 {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1e-4},
                 {SF_FORMAT_OGG | SF_FORMAT_VORBIS, 0.1}};
    float tone[N], out[N];
    make_tone(tone);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        sound_file *file = sound_make(tone, N, 1, RATE, cases[c].format);
        must_read(file, N, out);
        for (int i = 0; i < N; i++)
            CHECK_NEAR(out[i], tone[i], cases[c].error);
        free(file);
    }
}

static void channels_are_averaged(void **state)
{
    (void)state;
    const float stereo[] = {0.5f, 0.25f, -0.5f, 0.5f, 1, 0};
    float out[3];
    sound_file *file = sound_make(stereo, 3, 2, RATE, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
    must_read(file, 3, out);
    CHECK(out[0] == 0.375f && out[1] == 0 && out[2] == 0.5f);
    free(file);
}

static void long_sounds_are_cut_and_short_ones_filled_with_silence(void **state)
{
    (void)state;
    const float values[] = {0.5f, 0.25f, -0.5f};
    float out[5] = {9, 9, 9, 9, 9};
    sound_file *file = sound_make(values, 3, 1, RATE, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
    must_read(file, 2, out);
    CHECK(out[0] == 0.5f && out[1] == 0.25f && out[2] == 9);
    must_read(file, 5, out);
    CHECK(out[2] == -0.5f && out[3] == 0 && out[4] == 0);
    free(file);
}

static void another_rate_is_refused_and_both_are_named(void **state)
{
    (void)state;
    const float values[4] = {0};
    sound_file *file = sound_make(values, 4, 1, 44100, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
    refuse(file, (size_t)file->size, MMOFL_E_RANGE, "44100 samples a second");
    refuse(file, (size_t)file->size, MMOFL_E_RANGE, "wanted 8000");
    free(file);
}

static void a_cut_wav_or_flac_is_refused_at_each_length(void **state)
{
    (void)state;
    const int formats[] = {SF_FORMAT_WAV | SF_FORMAT_PCM_16,
                           SF_FORMAT_FLAC | SF_FORMAT_PCM_16};
    float tone[N], out[N];
    make_tone(tone);
    for (size_t f = 0; f < 2; f++) {
        sound_file *file = sound_make(tone, N, 1, RATE, formats[f]);
        for (size_t size = 0; size < (size_t)file->size; size += 37) {
            mmofl_error err = {0};
            unsigned char *exact = malloc(size + 1); /* for the sanitizer to watch */
            CHECK(exact);
            memcpy(exact, file->data, size);
            mmofl_status st = mmofl_sound_read(exact, size, "s", RATE, N, out, &err);
            if (st != MMOFL_E_TRUNCATED && st != MMOFL_E_CORRUPT &&
                (st != MMOFL_E_SYNTAX || size >= 12))
                fail_msg("%zu of %lld bytes: %s %s", size, (long long)file->size,
                         mmofl_status_name(st), err.text);
            free(exact);
        }
        free(file);
    }
}

static void what_is_no_number_or_too_loud_is_refused(void **state)
{
    (void)state;
    const struct {
        float value;
        mmofl_status wanted;
    } cases[] = {
        {NAN, MMOFL_E_NONFINITE}, {INFINITY, MMOFL_E_NONFINITE}, {2e9f, MMOFL_E_RANGE}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const float values[3] = {0, cases[c].value, 0};
        sound_file *file =
            sound_make(values, 3, 1, RATE, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
        refuse(file, (size_t)file->size, cases[c].wanted, "s: holds");
        free(file);
    }
}

static void other_formats_of_the_library_are_refused(void **state)
{
    (void)state;
    const float values[3] = {0};
    const int formats[] = {SF_FORMAT_AIFF | SF_FORMAT_PCM_16,
                           SF_FORMAT_AU | SF_FORMAT_PCM_16,
                           SF_FORMAT_W64 | SF_FORMAT_PCM_16};
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
        sound_file *file = sound_make(values, 3, 1, RATE, formats[f]);
        refuse(file, (size_t)file->size, MMOFL_E_SYNTAX, "neither WAV nor FLAC");
        free(file);
    }
    sound_file *file =
        sound_make(values, 3, 1, RATE, SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM);
    refuse(file, (size_t)file->size, MMOFL_E_UNSUPPORTED, "coding 17");
    free(file);
}

static mmofl_status attempt(const char *path, mmofl_error *err)
{
    unsigned char *data;
    size_t size;
    float out[N];
    mmofl_status st = mmofl_file_read(path, 1 << 20, &data, &size, err);
    if (st)
        fail_msg("%s", err->text);
    st = mmofl_sound_read(data, size, path, RATE, N, out, err);
    free(data);
    return st;
}

static void bad_sounds_are_refused(void **state)
{
    (void)state;
    bad_files_are_refused("sound", 20, attempt);
}

CHECK_MAIN(TEST(each_format_gives_the_sound_back), TEST(channels_are_averaged),
           TEST(long_sounds_are_cut_and_short_ones_filled_with_silence),
           TEST(another_rate_is_refused_and_both_are_named),
           TEST(a_cut_wav_or_flac_is_refused_at_each_length),
           TEST(what_is_no_number_or_too_loud_is_refused),
           TEST(other_formats_of_the_library_are_refused), TEST(bad_sounds_are_refused))
