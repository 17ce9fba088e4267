/* partition_dirichlet.c - label skew of adjustable strength (Hsu, Qi and Brown, 2019,
 * as Yurochkin et al., ICML 2019, draw it: for each class a Dirichlet over devices).
 *
 * Usual code redraws until every pool is large enough, for ever if need be.  Here the
 * number of draws is bounded, and what then happens is said: with many devices every
 * draw leaves some pools short by a sample or two (2000 devices, 7352 samples of six
 * classes, alpha 1: some 34 empty pools each time), so the best draw is mended when
 * that moves only a small share of the samples, and refused otherwise.
 *
 * A draw is the table count[d][k] of samples; its random numbers belong to its number,
 * so the best one is not kept but drawn again. */
#include <assert.h>

#include "data/partition_parts.h"

typedef struct dirichlet_options {
    double alpha;
    int min_samples, tries;
    double max_moved;
} dirichlet_options;

static const mmofl_option options[] = {
    MMOFL_REAL_OPTION(dirichlet_options, alpha, MMOFL_POSITIVE, 1e9, "1",
                      "concentration: small = each class on few devices, large = even"),
    MMOFL_INT_OPTION(dirichlet_options, min_samples, 1, 1000000000, "1",
                     "fewest samples of a device"),
    MMOFL_INT_OPTION(dirichlet_options, tries, 1, 1000000, "1000",
                     "draws before the best one is mended or refused"),
    MMOFL_REAL_OPTION(dirichlet_options, max_moved, 0, 1, "0.01",
                      "largest share of all samples moved to mend it"),
};

/* A draw: samples of each class for each device. */
struct draw {
    size_t devices, classes;
    uint32_t *count;  /* (D, K) */
    size_t *size;     /* (D) of the pools */
    double *share;    /* (D) scratch */
    size_t *start;    /* (K + 1) of the classes in sample */
    uint32_t *sample; /* (n) by class */
    double alpha;
};

/* Share out n samples of class k: cut at the cumulated shares, rounded down. */
static void draw_class(struct draw *draw, size_t k, size_t n, mmofl_rng *rng)
{
    size_t devices = draw->devices, done = 0;
    double sum = 0, cumulated = 0;
    for (size_t d = 0; d < devices; d++)
        sum += draw->share[d] = mmofl_rng_gamma(rng, draw->alpha);
    if (!(sum > 0)) { /* a tiny alpha: all underflowed, and in the limit one has all */
        sum = 1;
        draw->share[mmofl_rng_below(rng, devices)] = 1;
    }
    for (size_t d = 0; d < devices; d++) {
        cumulated += draw->share[d];
        size_t end = (size_t)(cumulated / sum * (double)n);
        end = d == devices - 1 || end > n ? n : end;
        draw->count[d * draw->classes + k] = (uint32_t)(end - done);
        draw->size[d] += end - done;
        done = end;
    }
}

static void draw_table(const mmofl_dealing *dealing, uint64_t number, struct draw *draw)
{
    mmofl_rng rng = mmofl_dealing_random(dealing, number);
    for (size_t d = 0; d < draw->devices; d++)
        draw->size[d] = 0;
    for (size_t k = 0; k < draw->classes; k++)
        draw_class(draw, k, draw->start[k + 1] - draw->start[k], &rng);
}

/* How many samples the pools are short of `wanted` each, and the smallest pool. */
static size_t shortage(const struct draw *draw, size_t wanted, size_t *smallest)
{
    size_t missing = 0;
    *smallest = draw->size[0];
    for (size_t d = 0; d < draw->devices; d++) {
        missing += draw->size[d] < wanted ? wanted - draw->size[d] : 0;
        *smallest = draw->size[d] < *smallest ? draw->size[d] : *smallest;
    }
    return missing;
}

/* Fill short pools, one sample at a time from the largest pool's largest class.  As
 * D * wanted <= n, some pool is above `wanted` while another is below. */
static void mend(struct draw *draw, size_t wanted)
{
    for (size_t poor = 0; poor < draw->devices; poor++)
        while (draw->size[poor] < wanted) {
            size_t rich = 0, most = 0;
            for (size_t d = 1; d < draw->devices; d++)
                rich = draw->size[d] > draw->size[rich] ? d : rich;
            uint32_t *from = draw->count + rich * draw->classes;
            for (size_t k = 1; k < draw->classes; k++)
                most = from[k] > from[most] ? k : most;
            assert(draw->size[rich] > wanted && from[most] > 0);
            from[most]--;
            draw->size[rich]--;
            draw->count[poor * draw->classes + most]++;
            draw->size[poor]++;
        }
}

/* Find a table in which every pool has `wanted` samples. */
static mmofl_status find_table(const mmofl_dealing *dealing, struct draw *draw,
                               size_t wanted, mmofl_error *err)
{
    const dirichlet_options *o = dealing->options;
    size_t least_missing = SIZE_MAX, best_smallest = 0;
    uint64_t best = 0;
    for (uint64_t number = 0; number < (uint64_t)o->tries; number++) {
        size_t smallest;
        draw_table(dealing, number, draw);
        size_t missing = shortage(draw, wanted, &smallest);
        if (missing == 0)
            return MMOFL_OK;
        best_smallest = smallest > best_smallest ? smallest : best_smallest;
        if (missing < least_missing) {
            least_missing = missing;
            best = number;
        }
    }
    size_t allowed = (size_t)(o->max_moved * (double)dealing->n);
    if (least_missing > allowed)
        return mmofl_fail(
            err, MMOFL_E_INFEASIBLE,
            "in %d draws with alpha %g the smallest of %zu pools reached at most %zu "
            "samples, wanted min_samples = %zu; the best draw is short of %zu samples "
            "in all, and max_moved = %g lets %zu of %zu be moved: raise alpha, tries "
            "or "
            "max_moved, or lower min_samples or devices",
            o->tries, o->alpha, draw->devices, best_smallest, wanted, least_missing,
            o->max_moved, allowed, dealing->n);
    draw_table(dealing, best, draw);
    mend(draw, wanted);
    return MMOFL_OK;
}

/* Hand out shuffled samples as the table says. */
static void hand_out(const mmofl_dealing *dealing, const struct draw *draw,
                     uint32_t *device)
{
    for (size_t k = 0; k < draw->classes; k++) {
        uint32_t *sample = draw->sample + draw->start[k];
        mmofl_rng rng = mmofl_dealing_random(dealing, UINT64_MAX - k);
        mmofl_rng_shuffle(&rng, sample, draw->start[k + 1] - draw->start[k]);
        for (size_t d = 0; d < draw->devices; d++)
            for (uint32_t i = draw->count[d * draw->classes + k]; i > 0; i--)
                device[*sample++] = (uint32_t)d;
    }
}

static mmofl_status check_wanted(const mmofl_dealing *dealing, size_t wanted,
                                 mmofl_error *err)
{
    mmofl_status st = mmofl_dealing_check_devices(dealing, err);
    if (!st && wanted > dealing->n / dealing->devices)
        st = mmofl_fail(err, MMOFL_E_INFEASIBLE,
                        "%zu devices with min_samples = %zu each need %zu training "
                        "samples, but there are %zu: wanted min_samples <= %zu",
                        dealing->devices, wanted, dealing->devices * wanted, dealing->n,
                        dealing->n / dealing->devices);
    return st;
}

static mmofl_status deal(mmofl_dealing *dealing, mmofl_partition *out, mmofl_error *err)
{
    const dirichlet_options *o = dealing->options;
    size_t wanted = (size_t)o->min_samples;
    struct draw draw = {.devices = dealing->devices,
                        .classes = (size_t)dealing->set->n_classes,
                        .alpha = o->alpha};
    mmofl_status st = check_wanted(dealing, wanted, err);
    if (!st)
        st = mmofl_dealing_by_class(dealing, &draw.start, &draw.sample, err);
    if (st)
        return st;
    draw.count = MMOFL_DEALING_NEW(dealing, draw.devices * draw.classes, uint32_t);
    draw.size = MMOFL_DEALING_NEW(dealing, draw.devices, size_t);
    draw.share = MMOFL_DEALING_NEW(dealing, draw.devices, double);
    uint32_t *device = MMOFL_DEALING_NEW(dealing, dealing->n, uint32_t);
    if (!draw.count || !draw.size || !draw.share || !device)
        return mmofl_dealing_no_memory(dealing, err);
    st = find_table(dealing, &draw, wanted, err);
    if (st)
        return st;
    hand_out(dealing, &draw, device);
    return mmofl_dealing_finish(dealing, device, out, err);
}

const mmofl_partition_kind mmofl_partition_dirichlet = {
    .kind = {.name = "dirichlet",
             .help = "per class a Dirichlet(alpha) draw over devices",
             .source = "Yurochkin et al., ICML 2019; METHOD.md section 6, `dir1`",
             .options = options,
             .n_options = sizeof options / sizeof *options,
             .options_size = sizeof(dirichlet_options)},
    .deal = deal};
