/* Choosing k of n: the shuffle it stands for, the deck as it was, and fairness. */
#include "base/choose.h"
#include "check.h"

enum { MOST = 5000 };

static mmofl_rng stream(uint64_t round)
{
    return mmofl_rng_open(1, MMOFL_NO_DEVICE, round, MMOFL_USE_TEST);
}

static void check_deck(const uint32_t *deck, size_t n)
{
    for (size_t i = 0; i < n; i++)
        CHECK_INT(deck[i], i);
}

/* By hand: of 0 1 2 3 the places 2, 2, 3 (steps 0, 1, 2) give 2, then 0, which step 0
 * put into place 2, then 3: the numbers 0 2 3. */
static void it_is_the_start_of_a_shuffle(void **state)
{
    (void)state;
    uint32_t deck[4], chosen[3], scratch[3];
    uint64_t wanted = 0;
    for (;; wanted++) {
        mmofl_rng r = stream(wanted);
        if (mmofl_rng_below(&r, 4) == 2 && mmofl_rng_below(&r, 3) == 1 &&
            mmofl_rng_below(&r, 2) == 1)
            break;
    }
    mmofl_choose_deck(deck, 4);
    mmofl_rng rng = stream(wanted);
    mmofl_choose(&rng, deck, 4, 3, chosen, scratch);
    CHECK(chosen[0] == 0 && chosen[1] == 2 && chosen[2] == 3);
    check_deck(deck, 4);
}

static void the_deck_is_as_before_and_the_choice_ascends(void **state)
{
    (void)state;
    static uint32_t deck[MOST], chosen[MOST], scratch[MOST];
    const size_t n[] = {1, 2, 3, 64, 2048, 2049, MOST};
    for (size_t c = 0; c < sizeof n / sizeof *n; c++) {
        mmofl_choose_deck(deck, n[c]);
        for (size_t k = 0; k <= n[c]; k += 1 + k / 3) {
            mmofl_rng rng = stream(k);
            mmofl_choose(&rng, deck, n[c], k, chosen, scratch);
            for (size_t i = 0; i < k; i++)
                CHECK(chosen[i] < n[c] && (i == 0 || chosen[i] > chosen[i - 1]));
        }
        check_deck(deck, n[c]);
    }
}

static void all_of_them_is_everything(void **state)
{
    (void)state;
    static uint32_t deck[MOST], chosen[MOST], scratch[MOST];
    mmofl_choose_deck(deck, MOST);
    mmofl_rng rng = stream(0);
    mmofl_choose(&rng, deck, MOST, MOST, chosen, scratch);
    check_deck(chosen, MOST);
}

/* Numbers of three digits of the radix sort: above 2^22. */
static void large_numbers_are_sorted_too(void **state)
{
    (void)state;
    const size_t n = ((size_t)1 << 22) + 5, k = 1000;
    uint32_t *deck = malloc(n * sizeof *deck), chosen[1000], scratch[1000];
    CHECK(deck != NULL);
    mmofl_choose_deck(deck, n);
    mmofl_rng rng = stream(0);
    mmofl_choose(&rng, deck, n, k, chosen, scratch);
    for (size_t i = 1; i < k; i++)
        CHECK(chosen[i] > chosen[i - 1]);
    CHECK(chosen[k - 1] < n && chosen[k - 1] > n / 2);
    free(deck);
}

/* 6000 draws of 2 of 5: each of the 10 pairs 600 times, with a standard deviation of
 * 23; five of them are allowed. */
static void every_pair_is_as_likely_as_any_other(void **state)
{
    (void)state;
    uint32_t deck[5], chosen[2], scratch[2];
    int times[5][5] = {{0}};
    mmofl_choose_deck(deck, 5);
    for (uint64_t t = 0; t < 6000; t++) {
        mmofl_rng rng = stream(t);
        mmofl_choose(&rng, deck, 5, 2, chosen, scratch);
        times[chosen[0]][chosen[1]]++;
    }
    for (int a = 0; a < 5; a++)
        for (int b = a + 1; b < 5; b++)
            CHECK_NEAR(times[a][b], 600, 117);
}

CHECK_MAIN(TEST(it_is_the_start_of_a_shuffle),
           TEST(the_deck_is_as_before_and_the_choice_ascends),
           TEST(all_of_them_is_everything), TEST(large_numbers_are_sorted_too),
           TEST(every_pair_is_as_likely_as_any_other))
