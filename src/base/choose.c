/* choose.c - the first k steps of a Fisher-Yates shuffle, undone, and their numbers
 * sorted.
 *
 *   i   0  1  2 | 3 ... n-1      step i takes a number from place j >= i; the number of
 *               |     ^ j        place i, where nobody looks again, goes there
 *
 * Undone: a place j still holds its own number when it is first taken from, so the
 * places that were written to are among the numbers chosen, and each of these is put
 * back into its own place. */
#include <string.h>

#include "base/choose.h"

enum { DIGIT_BITS = 11 };

/* One pass of a radix sort, stable: by the `bits` bits from `shift` on. */
static void sort_by_digit(const uint32_t *from, uint32_t *to, size_t k, unsigned shift,
                          unsigned bits)
{
    size_t place[1 << DIGIT_BITS], digits = (size_t)1 << bits;
    memset(place, 0, digits * sizeof *place);
    for (size_t i = 0; i < k; i++)
        place[from[i] >> shift & (digits - 1)]++;
    for (size_t d = 0, before = 0; d < digits; d++) {
        size_t here = place[d];
        place[d] = before;
        before += here;
    }
    for (size_t i = 0; i < k; i++)
        to[place[from[i] >> shift & (digits - 1)]++] = from[i];
}

/* Sort k numbers below n > 1.  Digits as few as may be, and all of a size: counting k
 * numbers into more places than k would cost more than sorting them. */
static void sort_numbers(uint32_t *number, size_t k, size_t n, uint32_t *scratch)
{
    unsigned bits = 1;
    while ((n - 1) >> bits)
        bits++;
    unsigned digits = (bits + DIGIT_BITS - 1) / DIGIT_BITS,
             width = (bits + digits - 1) / digits;
    uint32_t *from = number, *to = scratch;
    for (unsigned d = 0; d < digits; d++) {
        sort_by_digit(from, to, k, d * width, width);
        uint32_t *sorted = to;
        to = from;
        from = sorted;
    }
    if (from != number)
        memcpy(number, from, k * sizeof *number);
}

void mmofl_choose_deck(uint32_t *deck, size_t n)
{
    for (size_t i = 0; i < n; i++)
        deck[i] = (uint32_t)i;
}

void mmofl_choose(mmofl_rng *rng, uint32_t *deck, size_t n, size_t k, uint32_t *chosen,
                  uint32_t *scratch)
{
    for (size_t i = 0; i < k; i++) {
        size_t j = i + (size_t)mmofl_rng_below(rng, n - i);
        chosen[i] = deck[j];
        deck[j] = deck[i];
    }
    for (size_t i = 0; i < k; i++)
        deck[chosen[i]] = chosen[i];
    if (k > 1)
        sort_numbers(chosen, k, n, scratch);
}
