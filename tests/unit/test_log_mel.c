/* test_log_mel.c - against NumPy, against the formula in the header written as plain
 * loops, and against what can be said of a tone, of noise and of silence by hand. */
#include "base/rng.h"
#include "check.h"
#include "data/log_mel.h"
#include "data/sound.h"
#include "fail_allocations.h"

#define PI 3.14159265358979323846

static mmofl_log_mel *must_make(mmofl_log_mel_options options, int rate, size_t n)
{
    mmofl_log_mel *mel = NULL;
    mmofl_error err = {0};
    if (mmofl_log_mel_new(&options, rate, n, &mel, &err))
        fail_msg("%s", err.text);
    return mel;
}

/* A tone of 440 Hz and a weaker one of 1500 Hz. */
static void make_tones(float *sound, int n, int rate)
{
    for (int i = 0; i < n; i++)
        sound[i] = (float)(0.3 * sin(2 * PI * 440 * i / rate) +
                           0.1 * sin(2 * PI * 1500 * i / rate));
}

/* NumPy 1.24, in double: w = 0.5 - 0.5 cos(2 pi arange(200) / 200),
 * log(1e-6 + W @ (abs(rfft(x * w, 256)) ** 2 / sum(w ** 2))), W being the triangles. */
static void two_tones_are_as_in_numpy(void **state)
{
    (void)state;
    const double first[8] = {-8.071397232921303,  1.4182176417126053,
                             0.4885388357379803,  -12.29972141460755,
                             -0.9353318688953074, -1.3961583753757714,
                             -13.78751799682672,  -13.81525409361331};
    const double last[8] = {-8.088130266778881,  1.418220091439611,
                            0.4885361246008646,  -12.264356226229195,
                            -0.9353326845466805, -1.3961578093233682,
                            -13.787169641967619, -13.815214390999994};
    float sound[800], out[8 * 8];
    make_tones(sound, 800, 8000);
    mmofl_log_mel *mel = must_make((mmofl_log_mel_options){8, 25, 10}, 8000, 800);
    CHECK_INT(mmofl_log_mel_frames(mel), 8);
    CHECK_NEAR(mmofl_log_mel_rate_hz(mel), 100, 0);
    mmofl_log_mel_compute(mel, sound, out);
    for (int b = 0; b < 8; b++) {
        CHECK_NEAR(out[b], first[b], 1e-4);
        CHECK_NEAR(out[7 * 8 + b], last[b], 1e-4);
    }
    mmofl_log_mel_delete(mel);
}

/* --- the formula ------------------------------------------------------------------ */

static double power_of(const float *sound, int window, int fft, int k)
{
    double re = 0, im = 0, sum = 0;
    for (int i = 0; i < window; i++) {
        double hann = (1 - cos(2 * PI * i / window)) / 2;
        re += (double)sound[i] * hann * cos(2 * PI * k * i / fft);
        im += (double)sound[i] * hann * sin(2 * PI * k * i / fft);
        sum += hann * hann;
    }
    return (re * re + im * im) / sum;
}

static double corner_of(int i, int bands, int rate)
{
    double mel = 2595 * log10(1 + rate / 2.0 / 700) * i / (bands + 1);
    return 700 * (pow(10, mel / 2595) - 1);
}

static double band_of(const float *sound, int window, int fft, int rate, int b,
                      int bands)
{
    double low = corner_of(b, bands, rate), middle = corner_of(b + 1, bands, rate);
    double high = corner_of(b + 2, bands, rate), sum = 0;
    for (int k = 0; k <= fft / 2; k++) {
        double f = (double)k * rate / fft;
        if (f > low && f <= middle)
            sum += (f - low) / (middle - low) * power_of(sound, window, fft, k);
        else if (f > middle && f < high)
            sum += (high - f) / (high - middle) * power_of(sound, window, fft, k);
    }
    return log(1e-6 + sum);
}

static void each_value_is_that_of_the_formula(void **state)
{
    (void)state;
    const struct {
        mmofl_log_mel_options options;
        int rate, n, window, hop, fft;
    } cases[] = {{{5, 10, 5}, 4000, 150, 40, 20, 64},
                 {{12, 16, 7.5}, 8000, 400, 128, 60, 128},
                 {{1, 8, 8}, 1000, 8, 8, 8, 8}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        float sound[400], out[100 * 12];
        int bands = cases[c].options.bands;
        mmofl_rng rng = mmofl_rng_open(1, 0, 0, MMOFL_USE_TEST);
        for (int i = 0; i < cases[c].n; i++)
            sound[i] = (float)mmofl_rng_uniform(&rng) - 0.5f;
        mmofl_log_mel *mel =
            must_make(cases[c].options, cases[c].rate, (size_t)cases[c].n);
        int frames = 1 + (cases[c].n - cases[c].window) / cases[c].hop;
        CHECK_INT(mmofl_log_mel_frames(mel), frames);
        mmofl_log_mel_compute(mel, sound, out);
        for (int t = 0; t < frames; t++)
            for (int b = 0; b < bands; b++)
                CHECK_NEAR(out[t * bands + b],
                           band_of(sound + t * cases[c].hop, cases[c].window,
                                   cases[c].fft, cases[c].rate, b, bands),
                           1e-4);
        mmofl_log_mel_delete(mel);
    }
}

/* --- by hand ---------------------------------------------------------------------- */

/* Eight bands up to 4 kHz have their corners at 165, 369, 621, 932, 1316, 1791, 2378,
 * 3104 Hz: 1000 Hz lies near the peak of the band from 621 over 932 to 1316 Hz. */
static void a_tone_is_loudest_in_its_band(void **state)
{
    (void)state;
    const struct {
        double hz;
        int band;
    } cases[] = {{165, 0}, {370, 1}, {1000, 3}, {1800, 5}, {3104, 7}};
    mmofl_log_mel *mel = must_make((mmofl_log_mel_options){8, 32, 16}, 8000, 256);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        float sound[256], out[8];
        int loudest = 0;
        for (int i = 0; i < 256; i++)
            sound[i] = (float)sin(2 * PI * cases[c].hz * i / 8000);
        mmofl_log_mel_compute(mel, sound, out);
        for (int b = 1; b < 8; b++)
            loudest = out[b] > out[loudest] ? b : loudest;
        CHECK_INT(loudest, cases[c].band);
    }
    mmofl_log_mel_delete(mel);
}

static void silence_is_the_floor_and_the_loudest_sound_is_finite(void **state)
{
    (void)state;
    float sound[256] = {0}, out[8];
    mmofl_log_mel *mel = must_make((mmofl_log_mel_options){8, 32, 16}, 8000, 256);
    mmofl_log_mel_compute(mel, sound, out);
    for (int b = 0; b < 8; b++)
        CHECK(out[b] == (float)log(1e-6));
    for (int i = 0; i < 256; i++) /* a sweep: something in every band */
        sound[i] = i * i / 256 % 2 ? MMOFL_SOUND_LOUDEST : -MMOFL_SOUND_LOUDEST;
    mmofl_log_mel_compute(mel, sound, out);
    for (int b = 0; b < 8; b++)
        CHECK(isfinite(out[b]) && out[b] > 10);
    mmofl_log_mel_delete(mel);
}

static void what_is_computed_leaves_no_trace(void **state)
{
    (void)state;
    float tones[800], silence[800] = {0}, first[64], again[64];
    make_tones(tones, 800, 8000);
    mmofl_log_mel *mel = must_make((mmofl_log_mel_options){8, 25, 10}, 8000, 800);
    mmofl_log_mel_compute(mel, tones, first);
    mmofl_log_mel_compute(mel, silence, again);
    mmofl_log_mel_compute(mel, tones, again);
    CHECK(memcmp(first, again, sizeof first) == 0);
    mmofl_log_mel_delete(mel);
}

/* --- refusals --------------------------------------------------------------------- */

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    const struct {
        mmofl_log_mel_options options;
        int rate;
        size_t n;
        const char *words;
    } cases[] = {{{0, 25, 10}, 8000, 800, "bands: 0"},
                 {{513, 25, 10}, 8000, 800, "bands: 513"},
                 {{8, 0.8, 10}, 8000, 800, "window_ms: 0.8 ms are 6 samples"},
                 {{8, 1e6, 10}, 768000, 800, "window_ms"},
                 {{8, (double)NAN, 10}, 8000, 800, "window_ms"},
                 {{8, 25, 0.05}, 8000, 800, "hop_ms: 0.05 ms are 0 samples"},
                 {{8, 25, 10}, 8000, 199, "shorter than a window of 200"},
                 {{128, 8, 8}, 8000, 800, "band 1 of 128"},
                 {{8, 8000, 8000}, 1, 8, "band"}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        mmofl_log_mel *mel = NULL;
        mmofl_error err = {0};
        CHECK_STATUS(
            mmofl_log_mel_new(&cases[c].options, cases[c].rate, cases[c].n, &mel, &err),
            MMOFL_E_RANGE);
        CHECK_CONTAINS(err.text, cases[c].words);
        CHECK(!mel);
    }
    mmofl_log_mel_delete(NULL);
}

static void every_failing_allocation_is_refused(void **state)
{
    (void)state;
#if FAILS_ALLOCATIONS
    const mmofl_log_mel_options options = {8, 25, 10};
    bool reached = true;
    for (long n = 1; reached; n++) {
        mmofl_log_mel *mel = NULL;
        mmofl_error err = {0};
        atomic_store(&allocation_to_fail, n);
        mmofl_status st = mmofl_log_mel_new(&options, 8000, 800, &mel, &err);
        reached = allocation_failed();
        CHECK_STATUS(st, reached ? MMOFL_E_MEMORY : MMOFL_OK);
        mmofl_log_mel_delete(mel);
    }
#else
    CHECK_SKIP("the memory allocator cannot be replaced here");
#endif
}

CHECK_MAIN(TEST(two_tones_are_as_in_numpy), TEST(each_value_is_that_of_the_formula),
           TEST(a_tone_is_loudest_in_its_band),
           TEST(silence_is_the_floor_and_the_loudest_sound_is_finite),
           TEST(what_is_computed_leaves_no_trace), TEST(what_cannot_be_is_refused),
           TEST(every_failing_allocation_is_refused))
