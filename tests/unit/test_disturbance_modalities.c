/* test_disturbance_modalities.c - what bad cameras, microphones and writers do, and
 * which kind of disturbance fits which modality. */
#define _GNU_SOURCE
#include "nn_fixture.h"

#include "data/disturbance.h"

enum { H = 40, W = 30, C = 3, PIXELS = H * W, VALUES = PIXELS * C, L = 24 };

static const mmofl_modality image = {.name = "photo", .shape = {3, {H, W, C}}};
static const mmofl_modality text = {
    .name = "words", .shape = {1, {L}}, .dtype = MMOFL_TOKENS, .vocabulary = 50};

static void disturb(const char *kind, const mmofl_modality *modality, uint64_t which,
                    float *x)
{
    mmofl_pick pick = fixture_pick(mmofl_disturbance_kinds(), kind);
    mmofl_rng rng = fixture_rng(which);
    mmofl_disturb(&pick, &rng, modality, x);
}

/* ---- images ---- */

static void dead_pixels_are_black_or_white_in_all_channels(void **state)
{
    (void)state;
    int black = 0, white = 0, n = 20 * PIXELS;
    for (uint64_t which = 0; which < 20; which++) {
        float x[VALUES], clean[VALUES];
        fixture_fill(x, VALUES, which);
        memcpy(clean, x, sizeof x);
        disturb("salt_pepper share=1 pixels=0.2 low=-3 high=5", &image, which, x);
        for (int i = 0; i < PIXELS; i++) {
            const float *pixel = x + (size_t)i * C;
            if (fixture_same_bits(pixel, clean + (size_t)i * C, C))
                continue;
            CHECK(pixel[0] == pixel[1] && pixel[1] == pixel[2]);
            CHECK(pixel[0] == -3 || pixel[0] == 5);
            black += pixel[0] == -3;
            white += pixel[0] == 5;
        }
    }
    CHECK_NEAR(black, 0.1 * n, 5 * sqrt(0.1 * 0.9 * n));
    CHECK_NEAR(white, 0.1 * n, 5 * sqrt(0.1 * 0.9 * n));
}

static void every_pixel_can_be_dead_and_none(void **state)
{
    (void)state;
    float x[VALUES], clean[VALUES];
    fixture_fill(clean, VALUES, 1);
    memcpy(x, clean, sizeof x);
    disturb("salt_pepper share=1 pixels=0", &image, 1, x);
    CHECK(fixture_same_bits(x, clean, VALUES));
    disturb("salt_pepper share=1 pixels=1", &image, 1, x);
    for (int i = 0; i < VALUES; i++)
        CHECK(x[i] == -2 || x[i] == 2);
}

static void blur_leaves_a_picture_of_one_colour_as_it_is(void **state)
{
    (void)state;
    static const char *const kinds[] = {"blur share=1 sigma=0.1", "blur share=1",
                                        "blur share=1 sigma=20"};
    static const float colour[C] = {-1.5f, 0.25f, 2};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        float x[VALUES];
        for (int i = 0; i < VALUES; i++)
            x[i] = colour[i % C];
        disturb(kinds[k], &image, 1, x);
        for (int i = 0; i < VALUES; i++)
            CHECK_NEAR(x[i], colour[i % C], 1e-6);
    }
}

/* One bright pixel becomes the kernel, and all its light is still there. */
static void blur_spreads_a_point_as_a_gaussian_and_keeps_the_sum(void **state)
{
    (void)state;
    float x[VALUES] = {0};
    double sum = 0, weights = 0, sigma = 1.5;
    enum { Y = 17, X = 11, GREEN = 1 };
    x[(Y * W + X) * C + GREEN] = 1;
    disturb("blur share=1 sigma=1.5", &image, 1, x);
    for (int d = -5; d <= 5; d++) /* 3 sigma, rounded up */
        weights += exp(-d * d / (2 * sigma * sigma));
    for (int i = 0; i < VALUES; i++) {
        double dy = i / C / W - Y, dx = i / C % W - X;
        bool inside = i % C == GREEN && fabs(dy) <= 5 && fabs(dx) <= 5;
        double wanted = exp(-(dy * dy + dx * dx) / (2 * sigma * sigma));
        CHECK_NEAR(x[i], inside ? wanted / (weights * weights) : 0, 1e-7);
        sum += (double)x[i];
    }
    CHECK_NEAR(sum, 1, 1e-5);
}

/* Value i of x, d places further along a row (or a column), the edge standing for what
 * lies outside. */
static double neighbour(const double x[VALUES], int i, int d, bool along_column)
{
    int y = i / C / W + (along_column ? d : 0), column = i / C % W;
    column += along_column ? 0 : d;
    y = y < 0 ? 0 : y >= H ? H - 1 : y;
    column = column < 0 ? 0 : column >= W ? W - 1 : column;
    return x[(y * W + column) * C + i % C];
}

static void plain_blur(double sigma, const double x[VALUES], bool along_column,
                       double out[VALUES])
{
    int r = (int)ceil(3 * sigma);
    double weights = 0;
    for (int d = -r; d <= r; d++)
        weights += exp(-d * d / (2 * sigma * sigma));
    for (int i = 0; i < VALUES; i++) {
        out[i] = 0;
        for (int d = -r; d <= r; d++)
            out[i] += exp(-d * d / (2 * sigma * sigma)) / weights *
                      neighbour(x, i, d, along_column);
    }
}

static void blur_is_the_plain_convolution_with_replicated_edges(void **state)
{
    (void)state;
    float x[VALUES];
    double clean[VALUES], rows[VALUES], wanted[VALUES];
    fixture_fill(x, VALUES, 3);
    fixture_widen(x, clean, VALUES);
    disturb("blur share=1 sigma=2.25", &image, 1, x);
    plain_blur(2.25, clean, false, rows);
    plain_blur(2.25, rows, true, wanted);
    for (int i = 0; i < VALUES; i++)
        CHECK_NEAR(x[i], wanted[i], 1e-6);
}

static void a_wide_kernel_fits_a_picture_that_is_smaller(void **state)
{
    (void)state;
    const mmofl_modality line = {.shape = {3, {1, 2, 1}}};
    float x[2] = {0, 1};
    disturb("blur share=1 sigma=20", &line, 1, x);
    CHECK(x[0] > 0.48f && x[0] < 0.5f && x[1] > 0.5f && x[1] < 0.52f);
    CHECK_NEAR(x[0] + x[1], 1, 1e-6);
}

/* Rows and columns of the one rectangle that was set to 0, else failing. */
static void find_rectangle(const float x[VALUES], int *top, int *left, int *rows,
                           int *columns)
{
    int bottom = -1, right = -1;
    *top = H, *left = W;
    for (int i = 0; i < VALUES; i++)
        if (x[i] == 0) {
            int y = i / C / W, column = i / C % W;
            *top = y < *top ? y : *top, bottom = y > bottom ? y : bottom;
            *left = column < *left ? column : *left;
            right = column > right ? column : right;
        }
    *rows = bottom - *top + 1, *columns = right - *left + 1;
    for (int i = 0; i < VALUES; i++) {
        int y = i / C / W, column = i / C % W;
        bool inside = y >= *top && y <= bottom && column >= *left && column <= right;
        CHECK((x[i] == 0) == inside);
    }
}

static void occlusion_hides_its_share_anywhere_in_the_picture(void **state)
{
    (void)state;
    bool at_top[H] = {false}, at_left[W] = {false};
    int top, left, rows, columns;
    float x[VALUES];
    for (uint64_t which = 0; which < 400; which++) {
        for (int i = 0; i < VALUES; i++)
            x[i] = 7;
        disturb("occlusion share=1", &image, which, x); /* a quarter */
        find_rectangle(x, &top, &left, &rows, &columns);
        CHECK_INT(rows, H / 2);
        CHECK_INT(columns, W / 2);
        at_top[top] = at_left[left] = true;
    }
    for (int y = 0; y <= H / 2; y++)
        CHECK(at_top[y]); /* every place comes up */
    for (int column = 0; column <= W / 2; column++)
        CHECK(at_left[column]);
    disturb("occlusion share=1 area=1", &image, 1, x);
    find_rectangle(x, &top, &left, &rows, &columns);
    CHECK(rows == H && columns == W);
}

/* ---- texts ---- */

/* Words 1 ... n, padded. */
static void write_words(float x[L], int n)
{
    for (int i = 0; i < L; i++)
        x[i] = i < n ? (float)(i + 1) : 0;
}

static void what_is_left_of_a_text_keeps_its_order(void **state)
{
    (void)state;
    int left = 0, n = 2000;
    for (int which = 0; which < 100; which++) {
        float x[L];
        write_words(x, 20);
        disturb("token_delete share=1 p=0.3", &text, (uint64_t)which, x);
        int i = 0;
        for (; i < L && x[i] != 0; i++)
            CHECK(x[i] <= 20 && (i == 0 || x[i] > x[i - 1]));
        left += i;
        for (; i < L; i++)
            CHECK(x[i] == 0);
    }
    CHECK_NEAR(left, 0.7 * n, 5 * sqrt(0.7 * 0.3 * n));
}

static void all_words_can_be_lost_or_none(void **state)
{
    (void)state;
    float x[L], clean[L];
    static const float nothing[L];
    write_words(clean, L); /* no padding at all */
    memcpy(x, clean, sizeof x);
    disturb("token_delete share=1 p=0", &text, 1, x);
    CHECK(fixture_same_bits(x, clean, L));
    disturb("token_delete share=1 p=1", &text, 1, x);
    CHECK(fixture_same_bits(x, nothing, L));
    disturb("token_delete share=1", &text, 1, x);
    disturb("token_replace share=1", &text, 1, x);
    CHECK(fixture_same_bits(x, nothing, L)); /* of an empty text nothing is made */
}

static void replaced_words_are_drawn_from_the_whole_vocabulary(void **state)
{
    (void)state;
    int changed = 0, n = 400 * 20, seen[50] = {0};
    for (int which = 0; which < 400; which++) {
        float x[L];
        write_words(x, 20);
        disturb("token_replace share=1 p=0.4", &text, (uint64_t)which, x);
        for (int i = 0; i < 20; i++) {
            CHECK(x[i] >= 1 && x[i] <= 49 && x[i] == floorf(x[i]));
            changed += x[i] != (float)(i + 1);
            seen[(int)x[i]] += x[i] != (float)(i + 1);
        }
        for (int i = 20; i < L; i++)
            CHECK(x[i] == 0);
    }
    double rate = 0.4 * 48 / 49; /* one in 49 is the word itself */
    CHECK_NEAR(changed, rate * n, 5 * sqrt(rate * (1 - rate) * n));
    for (int id = 1; id < 50; id++)
        CHECK(seen[id] > 0);
}

static void a_vocabulary_of_one_word_has_one_replacement(void **state)
{
    (void)state;
    mmofl_modality one = text;
    one.vocabulary = 2;
    float x[L] = {1, 1, 1};
    disturb("token_replace share=1 p=1", &one, 1, x);
    for (int i = 0; i < L; i++)
        CHECK(x[i] == (i < 3));
}

/* ---- sound ---- */

static void the_noise_lies_its_decibels_below_the_sample(void **state)
{
    (void)state;
    enum { STEPS = 20000 };
    static const double levels[] = {-10, 0, 12.5, 40};
    static const double loudness[] = {0.01, 1, 30};
    static float x[STEPS], clean[STEPS];
    const mmofl_modality sound = {.name = "sound", .shape = {2, {STEPS, 1}}};
    for (size_t k = 0; k < 12; k++) {
        double db = levels[k % 4], signal = 0, noise = 0;
        char kind[64];
        snprintf(kind, sizeof kind, "snr share=1 db=%g", db);
        for (int i = 0; i < STEPS; i++) {
            clean[i] = (float)(loudness[k / 4] * (0.5 + sin(0.1 * i)));
            signal += (double)clean[i] * (double)clean[i];
        }
        memcpy(x, clean, sizeof x);
        disturb(kind, &sound, k, x);
        for (int i = 0; i < STEPS; i++)
            noise += pow((double)x[i] - (double)clean[i], 2);
        /* Relative deviation sqrt(2/n) of a power is 4.34 times that in decibels. */
        CHECK_NEAR(10 * log10(signal / noise), db, 5 * 4.343 * sqrt(2.0 / STEPS));
    }
}

static void silence_stays_silent(void **state)
{
    (void)state;
    static const float nothing[VALUES];
    float x[VALUES] = {0};
    disturb("snr share=1 db=0", &image, 1, x);
    for (int i = 0; i < VALUES; i++)
        CHECK(x[i] == nothing[i]);
}

/* ---- which fits which ---- */

/* The smallest modality of each sort. */
static const mmofl_modality smallest[] = {
    {.name = "vector", .shape = {1, {1}}},
    {.name = "sequence", .shape = {2, {1, 1}}},
    {.name = "image", .shape = {3, {1, 1, 1}}},
    {.name = "video", .shape = {4, {1, 1, 1, 1}}},
    {.name = "text", .shape = {1, {1}}, .dtype = MMOFL_TOKENS, .vocabulary = 2}};
enum { SORTS = sizeof smallest / sizeof *smallest };

static mmofl_pick pick_with_defaults(const char *name)
{
    char kind[64];
    const char *required = strcmp(name, "gauss") == 0 ? " sigma=1"
                           : strcmp(name, "snr") == 0 ? " db=3"
                                                      : "";
    snprintf(kind, sizeof kind, "%s%s", name, required);
    return fixture_pick(mmofl_disturbance_kinds(), kind);
}

static void each_kind_fits_what_it_was_made_for(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *fits; /* a letter of each sort, in their order */
    } cases[] = {
        {"none", "vsivt"},         {"gauss", "vsiv-"},     {"snr", "vsiv-"},
        {"stuck", "-s---"},        {"gap", "-s---"},       {"drift", "-s---"},
        {"saturation", "-s---"},   {"spikes", "-s---"},    {"salt_pepper", "--i--"},
        {"blur", "--i--"},         {"occlusion", "--i--"}, {"token_delete", "----t"},
        {"token_replace", "----t"}};
    CHECK_INT(mmofl_disturbance_kinds().n, sizeof cases / sizeof *cases);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        for (int s = 0; s < SORTS; s++) {
            mmofl_pick pick = pick_with_defaults(cases[k].kind);
            mmofl_status st = mmofl_disturbance_check(&pick, &smallest[s], NULL);
            CHECK_STATUS(st, cases[k].fits[s] == '-' ? MMOFL_E_TYPE : MMOFL_OK);
        }
}

static void a_refusal_names_modality_kind_and_what_would_fit(void **state)
{
    (void)state;
    mmofl_pick pick = pick_with_defaults("stuck");
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_disturbance_check(&pick, &image, &err), MMOFL_E_TYPE);
    CHECK_TEXT(err.text,
               "noise stuck does not fit photo (40, 30, 3), which is an image "
               "(H, W, C); wanted one of none, gauss, snr, salt_pepper, blur, "
               "occlusion");
    pick = pick_with_defaults("blur");
    CHECK_STATUS(mmofl_disturbance_check(&pick, &text, &err), MMOFL_E_TYPE);
    CHECK_CONTAINS(err.text, "wanted one of none, token_delete, token_replace");
}

/* ---- every kind ---- */

static void every_kind_takes_the_smallest_sample_and_repeats_itself(void **state)
{
    (void)state;
    static const mmofl_modality larger[] = {
        {.shape = {1, {VALUES}}},
        {.shape = {2, {PIXELS, C}}},
        {.shape = {3, {H, W, C}}},
        {.shape = {4, {H / 2, 2, W, C}}},
        {.shape = {1, {VALUES}}, .dtype = MMOFL_TOKENS, .vocabulary = 9}};
    mmofl_kind_list kinds = mmofl_disturbance_kinds();
    for (int k = 0; k < kinds.n; k++)
        for (int s = 0; s < SORTS; s++) {
            const char *name = kinds.kinds[k]->name;
            mmofl_pick pick = pick_with_defaults(name);
            if (mmofl_disturbance_check(&pick, &smallest[s], NULL))
                continue;
            fixture_fenced one = fixture_fence(1), many = fixture_fence(VALUES);
            float again[VALUES];
            *one.at = 1;
            mmofl_rng a = fixture_rng(9), b = fixture_rng(9), c = fixture_rng(9);
            mmofl_disturb(&pick, &a, &smallest[s], one.at);
            CHECK(isfinite(*one.at));
            for (int i = 0; i < VALUES; i++)
                many.at[i] = again[i] = (float)(i % 8 + 1);
            mmofl_disturb(&pick, &b, &larger[s], many.at);
            mmofl_disturb(&pick, &c, &larger[s], again);
            CHECK(fixture_same_bits(many.at, again, VALUES));
            fixture_unfence(&one);
            fixture_unfence(&many);
        }
}

static void every_compiler_and_machine_gives_these_bytes(void **state)
{
    (void)state;
    static const char *const kinds[] = {"salt_pepper share=1", "blur share=1 sigma=2.5",
                                        "occlusion share=1", "snr share=1 db=7.5"};
    float x[VALUES], words[L];
    uint64_t hash = 0;
    fixture_fill(x, VALUES, 1);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        disturb(kinds[k], &image, k, x);
        hash = fixture_hash(hash, x, VALUES);
    }
    write_words(words, 20);
    disturb("token_delete share=1", &text, 1, words);
    disturb("token_replace share=1", &text, 2, words);
    hash = fixture_hash(hash, words, L);
    if (hash != UINT64_C(0x969ae80deebcf963))
        fail_msg("hash is 0x%llx", (unsigned long long)hash);
}

CHECK_MAIN(TEST(dead_pixels_are_black_or_white_in_all_channels),
           TEST(every_pixel_can_be_dead_and_none),
           TEST(blur_leaves_a_picture_of_one_colour_as_it_is),
           TEST(blur_spreads_a_point_as_a_gaussian_and_keeps_the_sum),
           TEST(blur_is_the_plain_convolution_with_replicated_edges),
           TEST(a_wide_kernel_fits_a_picture_that_is_smaller),
           TEST(occlusion_hides_its_share_anywhere_in_the_picture),
           TEST(what_is_left_of_a_text_keeps_its_order),
           TEST(all_words_can_be_lost_or_none),
           TEST(replaced_words_are_drawn_from_the_whole_vocabulary),
           TEST(a_vocabulary_of_one_word_has_one_replacement),
           TEST(the_noise_lies_its_decibels_below_the_sample),
           TEST(silence_stays_silent), TEST(each_kind_fits_what_it_was_made_for),
           TEST(a_refusal_names_modality_kind_and_what_would_fit),
           TEST(every_kind_takes_the_smallest_sample_and_repeats_itself),
           TEST(every_compiler_and_machine_gives_these_bytes))
