/* test_disturbance.c - what each kind of bad sensor does, worked by hand. */
#define _GNU_SOURCE
#include "nn_fixture.h"

#include "base/noise.h"
#include "data/disturbance.h"

enum { T = 8, C = 2, N = T * C };
static const mmofl_modality window = {.name = "window", .shape = {2, {T, C}}};

/* Step t of channel c is 10 t + c. */
static void ramp(float x[N])
{
    for (int i = 0; i < N; i++)
        x[i] = (float)(10 * (i / C) + i % C);
}

static void disturb_with(const char *kind, uint64_t which, float x[N])
{
    mmofl_pick pick = fixture_pick(mmofl_disturbance_kinds(), kind);
    mmofl_rng rng = fixture_rng(which);
    ramp(x);
    mmofl_disturb(&pick, &rng, &window, x);
}

static void none_changes_nothing_and_has_no_share(void **state)
{
    (void)state;
    float x[N], wanted[N];
    ramp(wanted);
    disturb_with("none", 1, x);
    CHECK(fixture_same_bits(x, wanted, N));
    mmofl_pick none = fixture_pick(mmofl_disturbance_kinds(), "none");
    mmofl_pick gap = fixture_pick(mmofl_disturbance_kinds(), "gap share=0.25");
    CHECK(mmofl_disturbance_share_of(&none) == 0);
    CHECK(mmofl_disturbance_share_of(&gap) == 0.25);
}

static void gauss_adds_the_noise_of_its_stream_times_sigma(void **state)
{
    (void)state;
    float x[N], wanted[N], noise[N];
    ramp(wanted);
    disturb_with("gauss share=1 sigma=2", 1, x);
    mmofl_rng rng = fixture_rng(1);
    mmofl_noise stream = mmofl_noise_open(&rng);
    mmofl_noise_fill(&stream, noise, N);
    for (int i = 0; i < N; i++)
        CHECK_NEAR(x[i], wanted[i] + 2 * noise[i], 1e-5);
}

static void gauss_has_its_level_on_samples_of_any_size(void **state)
{
    (void)state;
    enum { STEPS = 3001 };
    static float x[STEPS * 3];
    mmofl_pick pick =
        fixture_pick(mmofl_disturbance_kinds(), "gauss share=1 sigma=0.5");
    mmofl_rng rng = fixture_rng(2);
    const mmofl_modality longer = {.shape = {2, {STEPS, 3}}};
    mmofl_disturb(&pick, &rng, &longer, x);
    double squares = 0, n = 3 * STEPS;
    for (int i = 0; i < 3 * STEPS; i++)
        squares += (double)x[i] * (double)x[i];
    CHECK_NEAR(squares / n, 0.25, 5 * 0.25 * sqrt(2 / n));
}

/* First step from which on `length` steps are what step gives; others are the ramp. */
static int find_stretch(const float x[N], int length, bool stands_still, double value)
{
    float clean[N];
    ramp(clean);
    for (int first = 0; first + length <= T; first++) {
        bool fits = true;
        for (int i = 0; i < N; i++) {
            bool inside = i / C >= first && i / C < first + length;
            float wanted = !inside        ? clean[i]
                           : stands_still ? clean[first * C + i % C]
                                          : (float)value;
            fits = fits && x[i] == wanted;
        }
        if (fits)
            return first;
    }
    fail_msg("no stretch of %d steps", length);
    return -1;
}

static void stuck_repeats_one_step_for_its_part_of_the_window(void **state)
{
    (void)state;
    float x[N];
    bool at[T] = {false};
    for (uint64_t which = 0; which < 100; which++) {
        disturb_with("stuck share=1 part=0.5", which, x);
        at[find_stretch(x, 4, true, 0)] = true;
    }
    for (int first = 0; first <= T - 4; first++)
        CHECK(at[first]); /* every place comes up */
    disturb_with("stuck share=1", 1, x);
    CHECK_INT(find_stretch(x, T, true, 0), 0);
}

static void gaps_hold_one_value(void **state)
{
    (void)state;
    float x[N];
    disturb_with("gap share=1 length=3 value=-1", 1, x);
    find_stretch(x, 3, false, -1);
    disturb_with("gap share=1 length=1000", 1, x);
    CHECK_INT(find_stretch(x, T, false, 0), 0);
    disturb_with("gap share=1 length=1 count=100", 1, x);
    for (int i = 0; i < N; i++)
        CHECK(x[i] == 0); /* so many that they meet everywhere */
}

static void drift_grows_in_a_straight_line_over_the_window(void **state)
{
    (void)state;
    float x[N], clean[N];
    ramp(clean);
    disturb_with("drift share=1 gain=0.5 offset=2", 1, x);
    for (int c = 0; c < C; c++) {
        /* x = clean (1 + g p) + o p, p = (t + 1) / T: two steps tell g and o. */
        double first = (double)(x[c] - clean[c]) * T;
        double last = (double)(x[N - C + c] - clean[N - C + c]);
        double g = (last - first) / (double)(clean[N - C + c] - clean[c]);
        double o = first - g * (double)clean[c];
        CHECK(fabs(g) <= 0.5 && fabs(o) <= 2 && g != 0 && o != 0);
        for (int t = 0; t < T; t++) {
            double p = (t + 1.0) / T, v = (double)clean[t * C + c];
            CHECK_NEAR(x[t * C + c], v * (1 + g * p) + o * p, 1e-4);
        }
    }
}

static void saturation_cuts_off_at_its_limit(void **state)
{
    (void)state;
    float x[N];
    disturb_with("saturation share=1 limit=35", 1, x);
    for (int i = 0; i < N; i++)
        CHECK(x[i] == fminf((float)(10 * (i / C) + i % C), 35));
    mmofl_pick pick =
        fixture_pick(mmofl_disturbance_kinds(), "saturation share=1 limit=0.5");
    float both[4] = {-3, -0.25f, 0.25f, 3};
    static const float wanted[4] = {-0.5f, -0.25f, 0.25f, 0.5f};
    mmofl_rng rng = fixture_rng(1);
    const mmofl_modality four = {.shape = {2, {4, 1}}};
    mmofl_disturb(&pick, &rng, &four, both);
    CHECK(fixture_same_bits(both, wanted, 4));
}

static void spikes_jump_by_their_height_up_and_down(void **state)
{
    (void)state;
    int up = 0, down = 0;
    for (uint64_t which = 0; which < 200; which++) {
        float x[N], clean[N];
        ramp(clean);
        disturb_with("spikes share=1 count=1 height=1000", which, x);
        int changed = 0;
        for (int i = 0; i < N; i++) {
            changed += x[i] != clean[i];
            up += x[i] - clean[i] == 1000;
            down += x[i] - clean[i] == -1000;
        }
        CHECK_INT(changed, 1);
    }
    CHECK_INT(up + down, 200);
    CHECK_NEAR(up, 100, 5 * sqrt(50));
}

CHECK_MAIN(TEST(none_changes_nothing_and_has_no_share),
           TEST(gauss_adds_the_noise_of_its_stream_times_sigma),
           TEST(gauss_has_its_level_on_samples_of_any_size),
           TEST(stuck_repeats_one_step_for_its_part_of_the_window),
           TEST(gaps_hold_one_value),
           TEST(drift_grows_in_a_straight_line_over_the_window),
           TEST(saturation_cuts_off_at_its_limit),
           TEST(spikes_jump_by_their_height_up_and_down))
