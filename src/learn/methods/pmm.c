/* pmm.c - prototype mean substitution: in training the slot of a missing modality holds
 * the persistent prototype of the sample's class; its encoder is skipped.
 *
 * The label enters the forward pass (METHOD.md section 5: it leaks), so the training
 * loss on such samples is reported apart; at test time no label may be used and the
 * slot is zero, as in pm.  Pairs without a prototype yet: zero too. */
#include "learn/methods/methods.h"

static const mmofl_option options[] = {
    MMOFL_PROTOTYPE_OPTIONS("mean", "devices"),
};

typedef struct pmm_state {
    const mmofl_model *model;
    const mmofl_prototypes *prototypes; /* of the round */
} pmm_state;

static void *make(const mmofl_method_setup *setup)
{
    pmm_state *s = MMOFL_ARENA_NEW(setup->arena, 1, pmm_state);
    if (s)
        s->model = setup->model;
    return s;
}

static void begin_round(void *state, const mmofl_method_round *round)
{
    ((pmm_state *)state)->prototypes = round->prototypes;
}

static void fuse(void *state, const mmofl_batch *batch, int from, int n, mmofl_span z)
{
    const pmm_state *s = state;
    mmofl_prototypes_substitute(s->prototypes, s->model, batch, from, n, z);
}

const mmofl_method_kind mmofl_method_pmm = {
    .kind =
        {.name = "pmm",
         .help =
             "the persistent prototype of the sample's class in the slot, in training",
         .source = "PMM, arXiv 2505.16138, Eq. 17",
         .options = options,
         .n_options = MMOFL_METHOD_COUNT_OF(options),
         .options_size = sizeof(mmofl_prototype_options)},
    .prototypes = true,
    .make = make,
    .begin_round = begin_round,
    .fuse = fuse};
