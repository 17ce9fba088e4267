/* imbalance_draw.c - what happens to a sample.
 *
 * Losses are drawn by unit: an arrival (sample), an arrival's round (device, round) or
 * the whole run.  Word m of a unit's random stream decides about modality m, and the
 * word after the last modality which one comes back when all are lost.  A burst's state
 * is that of the last unit that was drawn anew (missing_pattern.h), which is found by
 * looking back over the same words: no state, and with windows that are walked from old
 * to new each unit knows the one before.
 *
 * Disturbances belong to a sample and a modality: the first word of their stream says
 * whether, the rest how. */
#include <assert.h>

#include "data/imbalance_parts.h"

/* Where losses are drawn from. */
typedef struct place {
    uint64_t seed, device;
    mmofl_use use;
    uint64_t first; /* unit */
    const uint16_t *row;
} place;

/* The losses of a unit. */
typedef struct losses {
    uint64_t unit;
    uint32_t lost; /* bit m: modality m */
    uint32_t pick; /* which comes back: this part of 2^32 of those recorded */
} losses;

static const uint16_t *row_of(const mmofl_imbalance *b, uint64_t device)
{
    assert(device < (uint64_t)b->setup.devices);
    return b->of_device + device * (uint64_t)b->n_modalities;
}

/* Is it lost in a unit whose word gave u?  1 yes, 0 no, -1 as in the unit before. */
static int state_of(double u, mmofl_missing_chance chance, bool is_first)
{
    if (is_first) /* the chain starts with its stationary law */
        return u < chance.rate;
    return u < chance.renew * chance.rate ? 1 : u < chance.renew ? 0 : -1;
}

/* The state of modality m in a unit, from its last renewal. */
static bool look_back(const place *p, int m, uint64_t unit, mmofl_missing_chance chance)
{
    for (;; unit--) {
        mmofl_rng rng = mmofl_rng_open(p->seed, p->device, unit, p->use);
        for (int skipped = 0; skipped < m; skipped++)
            mmofl_rng_bits(&rng);
        int state = state_of(mmofl_rng_uniform(&rng), chance, unit == p->first);
        if (state >= 0)
            return state;
    }
}

/* before: the unit before, if that is known; NULL else. */
static losses draw_losses(const mmofl_imbalance *b, const place *p, uint64_t unit,
                          uint64_t round, const losses *before)
{
    losses l = {.unit = unit};
    mmofl_rng rng = mmofl_rng_open(p->seed, p->device, unit, p->use);
    for (int m = 0; m < b->n_modalities; m++) {
        const mmofl_imbalance_entry *entry = &b->entry[p->row[m]];
        double u = mmofl_rng_uniform(&rng);
        if (p->row[m] == 0)
            continue;
        mmofl_missing_chance chance = mmofl_missing_pattern_at(&entry->missing, round);
        int state = state_of(u, chance, unit == p->first);
        if (state < 0 && before)
            state = before->lost >> m & 1;
        else if (state < 0)
            state = look_back(p, m, unit - 1, chance);
        l.lost |= (uint32_t)state << m;
    }
    l.pick = (uint32_t)(mmofl_rng_bits(&rng) >> 32);
    return l;
}

/* Bit number n, counted from 0, of those set. */
static uint32_t nth_bit(uint32_t bits, uint32_t n)
{
    for (; n > 0; n--)
        bits &= bits - 1;
    return bits & (0 - bits);
}

static uint32_t count_bits(uint32_t bits)
{
    uint32_t n = 0;
    for (; bits; bits &= bits - 1)
        n++;
    return n;
}

static uint32_t what_is_left(const mmofl_imbalance *b, uint32_t recorded, losses l)
{
    uint32_t left = recorded & ~l.lost, wanted = recorded & b->setup.used;
    if ((left & b->setup.used) == 0 && wanted) {
        uint64_t n = (uint64_t)count_bits(wanted) * l.pick >> 32;
        left |= nth_bit(wanted, (uint32_t)n);
    }
    return left;
}

static mmofl_rng noise_stream(const mmofl_imbalance *b, uint64_t device,
                              uint64_t number, int m, mmofl_use use)
{
    return mmofl_rng_open(b->setup.seed, device,
                          number * MMOFL_MAX_MODALITIES + (uint64_t)m, use);
}

static uint32_t draw_disturbed(const mmofl_imbalance *b, const uint16_t *row,
                               uint64_t device, uint64_t number, uint32_t left,
                               mmofl_use use)
{
    uint32_t disturbed = 0;
    for (int m = 0; m < b->n_modalities; m++) {
        double share = b->entry[row[m]].share;
        if (!(left >> m & 1) || share <= 0)
            continue;
        mmofl_rng rng = noise_stream(b, device, number, m, use);
        disturbed |= (uint32_t)(mmofl_rng_uniform(&rng) < share) << m;
    }
    return disturbed;
}

static void disturb(const mmofl_imbalance *b, const uint16_t *row, uint64_t device,
                    uint64_t number, int m, mmofl_use use, float *values)
{
    mmofl_rng rng = noise_stream(b, device, number, m, use);
    mmofl_rng_bits(&rng); /* said that it is disturbed */
    mmofl_disturb(b->entry[row[m]].noise, &rng, &b->setup.data->modality[m], values);
}

/* ---- devices ---- */

void mmofl_imbalance_window(const mmofl_imbalance *b, uint64_t device,
                            mmofl_window window, uint32_t *mask, uint32_t *disturbed)
{
    bool by_sample = b->granularity == MMOFL_GRANULARITY_SAMPLE;
    bool for_good = b->granularity == MMOFL_GRANULARITY_RUN;
    bool together = b->granularity == MMOFL_GRANULARITY_ROUND;
    place p = {.seed = b->setup.seed,
               .device = together ? MMOFL_NO_DEVICE : device,
               .use = MMOFL_USE_MISSING,
               .first = by_sample || for_good ? 0 : 1,
               .row = row_of(b, device)};
    losses l = {0};
    for (int i = 0; i < window.held; i++) {
        uint64_t arrival = window.first + (uint64_t)i;
        uint64_t round = mmofl_stream_round_of(b->setup.stream, arrival);
        uint64_t unit = by_sample ? arrival : for_good ? 0 : round;
        if (i == 0 || unit != l.unit)
            l = draw_losses(b, &p, unit, round,
                            i > 0 && unit == l.unit + 1 ? &l : NULL);
        mask[i] = what_is_left(b, mask[i], l);
        disturbed[i] =
            draw_disturbed(b, p.row, device, arrival, mask[i], MMOFL_USE_NOISE);
    }
}

void mmofl_imbalance_disturb(const mmofl_imbalance *b, uint64_t device,
                             uint64_t arrival, int m, float *values)
{
    disturb(b, row_of(b, device), device, arrival, m, MMOFL_USE_NOISE, values);
}

/* ---- the test part ---- */

/* The entries of a test sample; without some of its own, those of a device drawn for
 * it. */
static const uint16_t *test_row(const mmofl_imbalance *b, size_t sample)
{
    if (b->of_test)
        return b->of_test;
    mmofl_rng rng = mmofl_rng_open(b->setup.seed, sample, 0, MMOFL_USE_TEST_MISSING);
    return row_of(b, mmofl_rng_below(&rng, (uint64_t)b->setup.devices));
}

void mmofl_imbalance_test(const mmofl_imbalance *b, size_t sample, uint32_t *mask,
                          uint32_t *disturbed)
{
    const uint16_t *row = test_row(b, sample);
    losses l = {0};
    mmofl_rng rng =
        mmofl_rng_open(b->setup.seed, MMOFL_NO_DEVICE, sample, MMOFL_USE_TEST_MISSING);
    for (int m = 0; m < b->n_modalities; m++) {
        double u = mmofl_rng_uniform(&rng);
        l.lost |= (uint32_t)(row[m] && u < b->entry[row[m]].missing.rate) << m;
    }
    l.pick = (uint32_t)(mmofl_rng_bits(&rng) >> 32);
    *mask = what_is_left(b, *mask, l);
    *disturbed =
        draw_disturbed(b, row, MMOFL_NO_DEVICE, sample, *mask, MMOFL_USE_TEST_NOISE);
}

void mmofl_imbalance_disturb_test(const mmofl_imbalance *b, size_t sample, int m,
                                  float *values)
{
    disturb(b, test_row(b, sample), MMOFL_NO_DEVICE, sample, m, MMOFL_USE_TEST_NOISE,
            values);
}
