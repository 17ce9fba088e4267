/* fedproto.c - cross-entropy plus a pull of each feature to its class prototype, with
 * FedAvg. */
#include "learn/methods/methods.h"
#include "learn/prototype_terms.h"

typedef struct fedproto_options {
    mmofl_prototype_options prototypes;
    double lambda;
} fedproto_options;

static const mmofl_option options[] = {
    MMOFL_REAL_OPTION(fedproto_options, lambda, 0, 1000, "1.0", "weight of the pull"),
    MMOFL_PROTOTYPE_OPTIONS("mean", "samples"),
};

typedef struct fedproto_state {
    mmofl_prototype_terms terms;
    double lambda;
} fedproto_state;

static void *make(const mmofl_method_setup *setup)
{
    fedproto_state *s = MMOFL_ARENA_NEW(setup->arena, 1, fedproto_state);
    if (!s ||
        mmofl_prototype_terms_init(&s->terms, setup->model, setup->batch, setup->arena))
        return NULL;
    s->lambda = ((const fedproto_options *)setup->options)->lambda;
    return s;
}

static void begin_round(void *state, const mmofl_method_round *round)
{
    mmofl_prototype_terms_begin(&((fedproto_state *)state)->terms, round->prototypes);
}

static void add_gradient(void *state, const mmofl_batch *batch, int from, int n,
                         mmofl_span z, mmofl_span dz, mmofl_method_loss *loss)
{
    const fedproto_state *s = state;
    if (s->lambda > 0)
        loss->terms +=
            mmofl_prototype_pull(&s->terms, batch, from, n, s->lambda, z, dz);
}

const mmofl_method_kind mmofl_method_fedproto = {
    .kind = {.name = "fedproto",
             .help =
                 "a pull of each feature to its global class prototype, with FedAvg",
             .source = "FedProto, Tan et al. 2022 (here models are averaged too)",
             .options = options,
             .n_options = MMOFL_METHOD_COUNT_OF(options),
             .options_size = sizeof(fedproto_options)},
    .prototypes = true,
    .make = make,
    .begin_round = begin_round,
    .add_gradient = add_gradient};
