/* dirichlet_table.c - for each class a Dirichlet over pools (Hsu, Qi and Brown, 2019,
 * as Yurochkin et al., ICML 2019, draw it).
 *
 * Usual code redraws until every pool is large enough, for ever if need be.  Here the
 * number of draws is bounded, and what then happens is said: with many devices every
 * draw leaves some pools short by a sample or two (2000 devices, 7352 samples of six
 * classes, alpha 1: some 34 empty pools each time), so the best draw is mended when
 * that moves only a small share of the samples, and refused otherwise.
 *
 * A draw's random numbers belong to its number, so the best one is not kept but drawn
 * again. */
#include <assert.h>

#include "data/dirichlet_table.h"

mmofl_status mmofl_dirichlet_init(mmofl_dealing *dealing, size_t pools,
                                  mmofl_dirichlet_table *table, mmofl_error *err)
{
    size_t classes = (size_t)dealing->set->n_classes;
    *table = (mmofl_dirichlet_table){
        .pools = pools,
        .classes = classes,
        .seed = dealing->seed,
        .key = MMOFL_NO_DEVICE,
        .options = dealing->options,
        .count = MMOFL_DEALING_NEW(dealing, pools * classes, uint32_t),
        .size = MMOFL_DEALING_NEW(dealing, pools, size_t),
        .share = MMOFL_DEALING_NEW(dealing, pools, double)};
    return table->count && table->size && table->share
               ? MMOFL_OK
               : mmofl_dealing_no_memory(dealing, err);
}

static mmofl_rng random_of(const mmofl_dirichlet_table *table, uint64_t stream)
{
    return mmofl_rng_open(table->seed, table->key, stream, MMOFL_USE_PARTITION);
}

/* Does the pool still take samples?  There is always one that does, as long as not all
 * samples are dealt. */
static bool is_open(const mmofl_dirichlet_table *table, size_t pool)
{
    size_t n = table->start[table->classes] - table->start[0];
    return !table->balanced || table->size[pool] * table->pools < n;
}

/* Fill share for one class; returns the sum.  All drawn numbers may be zero with a tiny
 * alpha; in the limit one open pool has all. */
static double draw_shares(mmofl_dirichlet_table *table, mmofl_rng *rng)
{
    double sum = 0;
    size_t open = 0;
    for (size_t d = 0; d < table->pools; d++) {
        double share = mmofl_rng_gamma(rng, table->options->alpha);
        bool takes = is_open(table, d);
        sum += table->share[d] = takes ? share : 0;
        open += takes;
    }
    if (sum > 0 || open == 0)
        return sum;
    size_t chosen = (size_t)mmofl_rng_below(rng, open);
    for (size_t d = 0;; d++)
        if (is_open(table, d) && chosen-- == 0) {
            table->share[d] = 1;
            return 1;
        }
}

/* Share out n samples of class k: cut at the cumulated shares, rounded down. */
static void draw_class(mmofl_dirichlet_table *table, size_t k, size_t n, mmofl_rng *rng)
{
    size_t pools = table->pools, done = 0;
    double sum = draw_shares(table, rng), cumulated = 0;
    for (size_t d = 0; d < pools; d++) {
        cumulated += table->share[d];
        size_t end = n > 0 ? (size_t)(cumulated / sum * (double)n) : 0;
        end = d == pools - 1 || end > n ? n : end;
        table->count[d * table->classes + k] = (uint32_t)(end - done);
        table->size[d] += end - done;
        done = end;
    }
}

static void draw_number(mmofl_dirichlet_table *table, uint64_t number)
{
    mmofl_rng rng = random_of(table, number);
    for (size_t d = 0; d < table->pools; d++)
        table->size[d] = 0;
    for (size_t k = 0; k < table->classes; k++)
        draw_class(table, k, table->start[k + 1] - table->start[k], &rng);
}

/* How many samples the pools are short of `wanted` each, and the smallest pool. */
static size_t shortage(const mmofl_dirichlet_table *table, size_t wanted,
                       size_t *smallest)
{
    size_t missing = 0;
    *smallest = table->size[0];
    for (size_t d = 0; d < table->pools; d++) {
        missing += table->size[d] < wanted ? wanted - table->size[d] : 0;
        *smallest = table->size[d] < *smallest ? table->size[d] : *smallest;
    }
    return missing;
}

/* Fill short pools, one sample at a time from the largest pool's largest class.  As
 * D * wanted <= n, some pool is above `wanted` while another is below. */
static void mend(mmofl_dirichlet_table *table, size_t wanted)
{
    for (size_t poor = 0; poor < table->pools; poor++)
        while (table->size[poor] < wanted) {
            size_t rich = 0, most = 0;
            for (size_t d = 1; d < table->pools; d++)
                rich = table->size[d] > table->size[rich] ? d : rich;
            uint32_t *from = table->count + rich * table->classes;
            for (size_t k = 1; k < table->classes; k++)
                most = from[k] > from[most] ? k : most;
            assert(table->size[rich] > wanted && from[most] > 0);
            from[most]--;
            table->size[rich]--;
            table->count[poor * table->classes + most]++;
            table->size[poor]++;
        }
}

mmofl_status mmofl_dirichlet_draw(mmofl_dirichlet_table *table, mmofl_error *err)
{
    const mmofl_dirichlet_options *o = table->options;
    size_t n = table->start[table->classes] - table->start[0];
    size_t wanted = (size_t)o->min_samples, least_missing = SIZE_MAX, best_smallest = 0;
    uint64_t best = 0;
    for (uint64_t number = 0; number < (uint64_t)o->tries; number++) {
        size_t smallest;
        draw_number(table, number);
        size_t missing = shortage(table, wanted, &smallest);
        if (missing == 0)
            return MMOFL_OK;
        best_smallest = smallest > best_smallest ? smallest : best_smallest;
        if (missing < least_missing) {
            least_missing = missing;
            best = number;
        }
    }
    size_t allowed = (size_t)(o->max_moved * (double)n);
    if (least_missing > allowed || table->pools * wanted > n)
        return mmofl_fail(
            err, MMOFL_E_INFEASIBLE,
            "in %d draws with alpha %g the smallest of %zu pools reached at most %zu "
            "samples, wanted min_samples = %zu; the best draw is short of %zu samples "
            "in all, and max_moved = %g lets %zu of %zu be moved: raise alpha, tries "
            "or max_moved, or lower min_samples or devices",
            o->tries, o->alpha, table->pools, best_smallest, wanted, least_missing,
            o->max_moved, allowed, n);
    draw_number(table, best);
    mend(table, wanted);
    return MMOFL_OK;
}

void mmofl_dirichlet_hand_out(mmofl_dirichlet_table *table, uint32_t first,
                              uint32_t *device)
{
    for (size_t k = 0; k < table->classes; k++) {
        uint32_t *sample = table->sample + table->start[k];
        mmofl_rng rng = random_of(table, UINT64_MAX - k);
        mmofl_rng_shuffle(&rng, sample, table->start[k + 1] - table->start[k]);
        for (size_t d = 0; d < table->pools; d++)
            for (uint32_t i = table->count[d * table->classes + k]; i > 0; i--)
                device[*sample++] = first + (uint32_t)d;
    }
}
