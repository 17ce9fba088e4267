/* median.c - parameter by parameter the middle of the devices' values; of an even
 * number the mean of the two in the middle.  Devices have no weights; with by_modality
 * only those that recorded an encoder's modality have a say in it. */
#include "fed/kept_updates.h"
#include "fed/rules/rules.h"

static void *make(const mmofl_aggregation_setup *setup)
{
    mmofl_kept_updates *kept = MMOFL_ARENA_NEW(setup->arena, 1, mmofl_kept_updates);
    return kept && !mmofl_kept_updates_init(kept, setup) ? kept : NULL;
}

static void begin(void *state, const float *parameters)
{
    (void)parameters;
    ((mmofl_kept_updates *)state)->updates = 0;
}

static mmofl_status add(void *state, const mmofl_update *update)
{
    return mmofl_kept_updates_add(state, update);
}

static uint32_t trim(const void *of_rule, uint32_t values)
{
    (void)of_rule;
    return (values - 1) / 2;
}

static void finish(void *state, float *parameters)
{
    mmofl_kept_updates_middle(state, parameters, trim, NULL);
}

const mmofl_aggregation_kind mmofl_rule_median = {
    .kind = {.name = "median",
             .help = "median of each parameter; keeps all models of a round",
             .source = "Yin et al. 2018, arXiv 1803.01498"},
    .keeps_updates = true,
    .make = make,
    .begin = begin,
    .add = add,
    .merge = mmofl_kept_updates_merge,
    .finish = finish,
};
