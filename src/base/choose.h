/* choose.h - k different numbers of n, every set of them as likely as any other.
 *
 * Who takes part in a round, what a device's pool holds: both choose a few out of many,
 * again and again, so a choice must cost what it chooses and not what there is. */
#ifndef MMOFL_BASE_CHOOSE_H
#define MMOFL_BASE_CHOOSE_H

#include "base/rng.h"

/** Fill deck with 0 ... n-1, as mmofl_choose wants it. */
void mmofl_choose_deck(uint32_t *deck, size_t n);

/** Choose k <= n of the numbers 0 ... n-1; k random numbers are taken.
 * @param[in,out] deck  (n) 0 ... n-1, before and after
 * @param[out] chosen   (k) ascending
 * @param scratch       (k) what it holds does not matter
 * Cost: O(k + sqrt(n)) up to n = 2^22, O(k) beyond; allocates nothing. */
void mmofl_choose(mmofl_rng *rng, uint32_t *deck, size_t n, size_t k, uint32_t *chosen,
                  uint32_t *scratch);

#endif
