/* scaffold.c - control variates against client drift (Karimireddy et al. 2020,
 * Algorithm 1, option II).
 *
 *   device, each step:  g += c - c_k
 *   device, at the end: c_k' = c_k - c + (Theta^t - w) / (a lr),  sends c_k' - c_k
 *   coordinator:        Theta^(t+1) = Theta^t + lr_g (mean of w_k - Theta^t)
 *                       c += (1/K) sum over participants of (c_k' - c_k)
 *
 * K counts all devices, so that c stays the mean of all c_k when only some take part.
 * a = mmofl_local_steps: the paper's number of steps without momentum; with momentum
 * (our extension) the weight that the gradients have in the move, so that c_k' still is
 * a weighted mean of them.  Where a step is clipped, c_k' is of the clipped gradients.
 *
 * With by_modality encoders' means are weighted, yet c stays the plain mean of the c_k:
 * the corrections of an encoder then do not add up to zero.  And what an encoder gets
 * on a device that does not record its modality is c - c_k alone. */
#include "fed/mean.h"
#include "fed/rules/rules.h"

typedef struct scaffold_options {
    double lr;
} scaffold_options;

static const mmofl_option options[] = {
    MMOFL_REAL_OPTION(scaffold_options, lr, MMOFL_POSITIVE, 100, "1",
                      "step size of the coordinator"),
};

/* ---------------------------------------------------------------- device */

static void adjust(const void *of_rule, const mmofl_local_round *round, const float *w,
                   float *g)
{
    (void)of_rule, (void)w;
    for (size_t i = 0; i < round->n; i++)
        g[i] += round->down[i] - round->kept[i];
}

static void end(const void *of_rule, const mmofl_local_round *round, const float *w)
{
    (void)of_rule;
    double a = mmofl_local_steps(round->steps, round->momentum);
    double scale = a > 0 ? 1 / (a * round->lr) : 0;
    for (size_t i = 0; i < round->n; i++) {
        double gradient = ((double)round->received[i] - (double)w[i]) * scale;
        /* Without a step nothing is known that was not known before. */
        round->up[i] = a > 0 ? (float)(gradient - (double)round->down[i]) : 0;
        round->kept[i] += round->up[i];
    }
}

static const mmofl_local_kind local = {.kept = "state.scaffold.devices",
                                       .down = true,
                                       .up = true,
                                       .adjust = adjust,
                                       .end = end};

/* ---------------------------------------------------------------- coordinator */

typedef struct scaffold {
    mmofl_mean mean;
    mmofl_fixed_sum change; /* of the devices' control variates */
    size_t n;
    double lr;
    uint32_t devices;
    float *control; /* (n) c */
    float *average; /* (n) scratch */
} scaffold;

static void *make(const mmofl_aggregation_setup *setup)
{
    scaffold *s = MMOFL_ARENA_NEW(setup->arena, 1, scaffold);
    if (!s || mmofl_mean_init(&s->mean, setup, MMOFL_WEIGHTS_UNIFORM) ||
        mmofl_fixed_sum_init(&s->change, setup->n, setup->arena))
        return NULL;
    s->n = setup->n;
    s->lr = ((const scaffold_options *)setup->options)->lr;
    s->devices = setup->devices;
    s->control = MMOFL_ARENA_NEW(setup->arena, s->n, float);
    s->average = MMOFL_ARENA_NEW(setup->arena, s->n, float);
    return s->control && s->average ? s : NULL;
}

static void begin(void *state, const float *parameters)
{
    (void)parameters;
    scaffold *s = state;
    mmofl_mean_clear(&s->mean);
    mmofl_fixed_sum_clear(&s->change);
}

static mmofl_status add(void *state, const mmofl_update *update)
{
    scaffold *s = state;
    if (!update->rule)
        return MMOFL_E_MISSING;
    mmofl_status st = mmofl_mean_check(&s->mean, update, update->parameters);
    if (!st)
        st = mmofl_fixed_sum_add(&s->change, update->rule, 1);
    return st ? st : mmofl_mean_add(&s->mean, update, update->parameters);
}

static mmofl_status merge(void *state, const mmofl_ranks *ranks)
{
    scaffold *s = state;
    mmofl_status change = mmofl_fixed_sum_merge(&s->change, ranks);
    mmofl_status st = mmofl_mean_merge(&s->mean, ranks);
    return st ? st : change;
}

static void sums_of(void *state, mmofl_sums *sums)
{
    scaffold *s = state;
    mmofl_mean_sums(&s->mean, sums);
    mmofl_sums_list(sums, &s->change);
}

static void finish(void *state, float *parameters)
{
    scaffold *s = state;
    mmofl_mean_take(&s->mean, s->average);
    for (int p = 0; p < s->mean.pieces.n; p++) {
        const mmofl_piece *piece = &s->mean.pieces.piece[p];
        if (!mmofl_mean_has(&s->mean, p))
            continue;
        for (size_t i = piece->first; i < piece->first + piece->n; i++) {
            double x = (double)parameters[i];
            parameters[i] = (float)(x + s->lr * ((double)s->average[i] - x));
        }
    }
    for (size_t i = 0; i < s->n; i++)
        s->control[i] = (float)((double)s->control[i] +
                                mmofl_fixed_sum_value(&s->change, i) / s->devices);
}

static const float *down(const void *state)
{
    return ((const scaffold *)state)->control;
}

static int arrays(void *state, mmofl_state_array *array, int max)
{
    scaffold *s = state;
    if (max < 1)
        return 0;
    array[0] = (mmofl_state_array){"state.scaffold.control", MMOFL_STATE_F32, s->n,
                                   s->control};
    return 1;
}

const mmofl_aggregation_kind mmofl_rule_scaffold = {
    .kind = {.name = "scaffold",
             .help =
                 "control variates against drift; each device keeps as many numbers "
                 "as the model has, and as many more go each way",
             .source = "Karimireddy et al. 2020, arXiv 1910.06378, option II; with "
                       "momentum: our extension",
             .options = options,
             .n_options = MMOFL_RULE_COUNT_OF(options),
             .options_size = sizeof(scaffold_options)},
    .local = &local,
    .make = make,
    .begin = begin,
    .add = add,
    .merge = merge,
    .sums = sums_of,
    .finish = finish,
    .arrays = arrays,
    .down = down,
};
