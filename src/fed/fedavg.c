/* fedavg.c - the mean of the devices' models, equal weights or by samples held.
 *
 * With by_modality (the method fedamm) the vector falls into pieces, one for each
 * encoder and one for the head, that are averaged apart: an encoder weighs as many
 * samples as recorded its modality.  A piece that nobody contributes to stays as it is.
 */
#include "fed/aggregation.h"
#include "fed/fixed_sum.h"

typedef struct fedavg_options {
    int weights;
} fedavg_options;

enum { WEIGHTS_UNIFORM, WEIGHTS_SAMPLES };

static const mmofl_option options[] = {
    MMOFL_CHOICE_OPTION(fedavg_options, weights, "uniform|samples", "uniform",
                        "equal weights, or by the samples a device holds"),
};

typedef struct piece {
    mmofl_fixed_sum sum;
    size_t first; /* parameter */
    int encoder;  /* that it is; -1: weighs as the whole does */
} piece;

typedef struct fedavg {
    int n;
    piece *piece; /* (n) they cover the vector */
    int weights;
} fedavg;

static mmofl_status add_piece(fedavg *s, size_t first, size_t n, int encoder,
                              mmofl_arena *arena)
{
    piece *p = &s->piece[s->n++];
    p->first = first;
    p->encoder = encoder;
    return mmofl_fixed_sum_init(&p->sum, n, arena);
}

static void *make(const mmofl_aggregation_setup *setup)
{
    const mmofl_model *model = setup->by_modality ? setup->model : NULL;
    int encoders = model ? model->n_encoders : 0;
    fedavg *s = MMOFL_ARENA_NEW(setup->arena, 1, fedavg);
    if (!s)
        return NULL;
    s->weights = ((const fedavg_options *)setup->options)->weights;
    s->piece = MMOFL_ARENA_NEW(setup->arena, (size_t)encoders + 1, piece);
    if (!s->piece)
        return NULL;
    size_t head = 0;
    for (int e = 0; e < encoders; e++) {
        const mmofl_encoder *encoder = &model->encoder[e];
        head = encoder->first_parameter + encoder->n_parameters;
        if (encoder->n_parameters > 0 &&
            add_piece(s, encoder->first_parameter, encoder->n_parameters, e,
                      setup->arena))
            return NULL;
    }
    return add_piece(s, head, setup->n - head, -1, setup->arena) ? NULL : s;
}

static void begin(void *state)
{
    fedavg *s = state;
    for (int i = 0; i < s->n; i++)
        mmofl_fixed_sum_clear(&s->piece[i].sum);
}

/* All pieces are checked (weight 0 adds nothing) before the first one changes. */
static mmofl_status add(void *state, const mmofl_update *update)
{
    fedavg *s = state;
    uint32_t whole = s->weights == WEIGHTS_SAMPLES ? update->samples : 1;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < s->n; i++) {
            piece *p = &s->piece[i];
            uint32_t weight = p->encoder >= 0 ? update->recorded[p->encoder] : whole;
            const float *x = update->parameters + p->first;
            mmofl_status st = pass ? mmofl_fixed_sum_add(&p->sum, x, weight)
                                   : mmofl_fixed_sum_check(&p->sum, x, weight);
            if (st)
                return st;
        }
    return MMOFL_OK;
}

static void finish(void *state, float *parameters)
{
    const fedavg *s = state;
    for (int i = 0; i < s->n; i++)
        if (s->piece[i].sum.weight > 0)
            mmofl_fixed_sum_mean(&s->piece[i].sum, parameters + s->piece[i].first);
}

const mmofl_aggregation_kind mmofl_fedavg = {
    .kind = {.name = "fedavg",
             .help = "mean of the devices' models",
             .source = "McMahan et al. 2017; uniform: PMM, arXiv 2505.16138",
             .options = options,
             .n_options = 1,
             .options_size = sizeof(fedavg_options)},
    .make = make,
    .begin = begin,
    .add = add,
    .finish = finish,
};
