/* fednova.c - updates divided by the steps behind them before they are averaged, so
 * that a device with more samples or passes does not pull the goal its way.
 *
 *   d_k = (w_k - Theta^t) / a_k,   Theta^(t+1) = Theta^t + (sum p_k a_k) (sum p_k d_k)
 *
 * a_k = mmofl_local_steps(steps, momentum), the paper's |a_i|_1; p_k are the weights,
 * adding up to 1.  Exact for plain SGD (a_k = steps) and for SGD with momentum, whose
 * velocity starts at zero in each round; weight decay counts as part of the gradient.
 * With clipping a step counts as one whatever was cut off it.  Devices that made no
 * step have no direction and are left out.
 *
 * The sum of p_k a_k is kept in units of 2^-24 steps: integers, whose sum knows no
 * order. */
#include <math.h>

#include "fed/mean.h"
#include "fed/rules/rules.h"

static const double unit = 0x1p24, largest_total = 0x1p62;

static const mmofl_option options[] = {MMOFL_MEAN_OPTION};

typedef struct fednova {
    mmofl_mean mean; /* of d */
    size_t n;
    double momentum;
    float *direction;       /* (n) of one device */
    uint64_t *steps, *term; /* (pieces) weight * a over devices, of one; in units */
    const float *received;  /* Theta^t */
} fednova;

static void *make(const mmofl_aggregation_setup *setup)
{
    const mmofl_mean_options *o = setup->options;
    fednova *s = MMOFL_ARENA_NEW(setup->arena, 1, fednova);
    if (!s || mmofl_mean_init(&s->mean, setup, o->weights))
        return NULL;
    s->n = setup->n;
    s->momentum = setup->momentum;
    s->direction = MMOFL_ARENA_NEW(setup->arena, s->n, float);
    s->steps = MMOFL_ARENA_NEW(setup->arena, (size_t)s->mean.pieces.n, uint64_t);
    s->term = MMOFL_ARENA_NEW(setup->arena, (size_t)s->mean.pieces.n, uint64_t);
    return s->direction && s->steps && s->term ? s : NULL;
}

static void begin(void *state, const float *parameters)
{
    fednova *s = state;
    s->received = parameters;
    mmofl_mean_clear(&s->mean);
    for (int i = 0; i < s->mean.pieces.n; i++)
        s->steps[i] = 0;
}

/* The terms weight * a in units.  @retval E_RANGE  past the largest total */
static mmofl_status weigh_steps(fednova *s, const mmofl_update *update, double a)
{
    for (int i = 0; i < s->mean.pieces.n; i++) {
        double term = floor(a * unit + 0.5) * mmofl_mean_weight(&s->mean, i, update);
        if (term + (double)s->steps[i] >= largest_total)
            return MMOFL_E_RANGE;
        s->term[i] = (uint64_t)term;
    }
    return MMOFL_OK;
}

static mmofl_status add(void *state, const mmofl_update *update)
{
    fednova *s = state;
    double a = mmofl_local_steps(update->report.steps, s->momentum);
    if (!(a > 0))
        return mmofl_mean_check(&s->mean, update, update->parameters);
    for (size_t i = 0; i < s->n; i++)
        s->direction[i] =
            (float)(((double)update->parameters[i] - (double)s->received[i]) / a);
    mmofl_status st = weigh_steps(s, update, a);
    if (!st)
        st = mmofl_mean_add(&s->mean, update, s->direction);
    for (int i = 0; !st && i < s->mean.pieces.n; i++)
        s->steps[i] += s->term[i];
    return st;
}

/* A sum of steps may wrap around; that of their upper halves tells. */
static mmofl_status merge(void *state, const mmofl_ranks *ranks)
{
    fednova *s = state;
    size_t n = (size_t)s->mean.pieces.n;
    for (size_t i = 0; i < n; i++)
        s->term[i] = s->steps[i] >> 32;
    mmofl_ranks_sum_counts(ranks, s->term, n);
    mmofl_ranks_sum_counts(ranks, s->steps, n);
    mmofl_status st = mmofl_mean_merge(&s->mean, ranks);
    for (size_t i = 0; i < n && !st; i++)
        st = s->term[i] >= (uint64_t)(largest_total / 0x1p32) ? MMOFL_E_RANGE : st;
    return st;
}

static void sums_of(void *state, mmofl_sums *sums)
{
    fednova *s = state;
    mmofl_mean_sums(&s->mean, sums);
    mmofl_sums_list_counts(sums, (size_t)s->mean.pieces.n, s->steps);
}

static void finish(void *state, float *parameters)
{
    fednova *s = state;
    mmofl_mean_take(&s->mean, s->direction);
    for (int p = 0; p < s->mean.pieces.n; p++) {
        if (!mmofl_mean_has(&s->mean, p))
            continue;
        const mmofl_piece *piece = &s->mean.pieces.piece[p];
        double a = (double)s->steps[p] / unit / (double)s->mean.sum[p].weight;
        for (size_t i = piece->first; i < piece->first + piece->n; i++)
            parameters[i] =
                (float)((double)parameters[i] + a * (double)s->direction[i]);
    }
}

const mmofl_aggregation_kind mmofl_rule_fednova = {
    .kind = {.name = "fednova",
             .help = "updates normalised by the local steps behind them",
             .source = "Wang et al. 2020, arXiv 2007.07481; exact for SGD with and "
                       "without momentum, without clipping",
             .options = options,
             .n_options = MMOFL_RULE_COUNT_OF(options),
             .options_size = sizeof(mmofl_mean_options)},
    .make = make,
    .begin = begin,
    .add = add,
    .merge = merge,
    .sums = sums_of,
    .finish = finish,
};
