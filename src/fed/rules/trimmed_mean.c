/* trimmed_mean.c - parameter by parameter the mean without the smallest and the largest
 * values, floor(trim * values) at each end.  Devices have no weights; with by_modality
 * only those that recorded an encoder's modality have a say in it. */
#include <math.h>

#include "fed/kept_updates.h"
#include "fed/rules/rules.h"

typedef struct trimmed_mean_options {
    double trim;
} trimmed_mean_options;

static const mmofl_option options[] = {
    MMOFL_REAL_OPTION(trimmed_mean_options, trim, 0, 0.4999, "0.1",
                      "share of the values cut off at each end, rounded down"),
};

typedef struct trimmed_mean {
    mmofl_kept_updates kept;
    double trim;
} trimmed_mean;

static void *make(const mmofl_aggregation_setup *setup)
{
    trimmed_mean *s = MMOFL_ARENA_NEW(setup->arena, 1, trimmed_mean);
    if (!s || mmofl_kept_updates_init(&s->kept, setup))
        return NULL;
    s->trim = ((const trimmed_mean_options *)setup->options)->trim;
    return s;
}

static void begin(void *state, const float *parameters)
{
    (void)parameters;
    ((trimmed_mean *)state)->kept.updates = 0;
}

static mmofl_status add(void *state, const mmofl_update *update)
{
    return mmofl_kept_updates_add(&((trimmed_mean *)state)->kept, update);
}

/* A hair above, so that 0.1 of 10 is 1 although 0.1 is less than a tenth. */
static uint32_t cut(const void *of_rule, uint32_t values)
{
    return (uint32_t)floor(((const trimmed_mean *)of_rule)->trim * values + 1e-9);
}

static void finish(void *state, float *parameters)
{
    trimmed_mean *s = state;
    mmofl_kept_updates_middle(&s->kept, parameters, cut, s);
}

const mmofl_aggregation_kind mmofl_rule_trimmed_mean = {
    .kind = {.name = "trimmed_mean",
             .help = "mean of each parameter without its smallest and largest values; "
                     "keeps all models of a round",
             .source = "Yin et al. 2018, arXiv 1803.01498",
             .options = options,
             .n_options = MMOFL_RULE_COUNT_OF(options),
             .options_size = sizeof(trimmed_mean_options)},
    .keeps_updates = true,
    .make = make,
    .begin = begin,
    .add = add,
    .merge = mmofl_kept_updates_merge,
    .finish = finish,
};
