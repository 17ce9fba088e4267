/* server_step.c - the mean first, then the rule's step on each piece that has one. */
#include "fed/server_step.h"

mmofl_server_step *mmofl_server_step_make(const mmofl_aggregation_setup *setup,
                                          bool has_second)
{
    const mmofl_mean_options *options = setup->options;
    mmofl_server_step *s = MMOFL_ARENA_NEW(setup->arena, 1, mmofl_server_step);
    if (!s || mmofl_mean_init(&s->mean, setup, options->weights))
        return NULL;
    s->n = setup->n;
    s->options = setup->options;
    s->average = MMOFL_ARENA_NEW(setup->arena, s->n, float);
    s->first = MMOFL_ARENA_NEW(setup->arena, s->n, float);
    if (has_second)
        s->second = MMOFL_ARENA_NEW(setup->arena, s->n, float);
    return s->average && s->first && (s->second || !has_second) ? s : NULL;
}

void mmofl_server_step_begin(void *state, const float *parameters)
{
    (void)parameters;
    mmofl_server_step *s = state;
    mmofl_mean_clear(&s->mean);
}

mmofl_status mmofl_server_step_add(void *state, const mmofl_update *update)
{
    mmofl_server_step *s = state;
    return mmofl_mean_add(&s->mean, update, update->parameters);
}

mmofl_status mmofl_server_step_merge(void *state, const mmofl_ranks *ranks)
{
    return mmofl_mean_merge(&((mmofl_server_step *)state)->mean, ranks);
}

void mmofl_server_step_sums(void *state, mmofl_sums *sums)
{
    mmofl_mean_sums(&((mmofl_server_step *)state)->mean, sums);
}

void mmofl_server_step_finish(mmofl_server_step *s, float *parameters,
                              void (*step)(const void *options,
                                           const mmofl_server_span *span))
{
    mmofl_mean_take(&s->mean, s->average);
    for (int i = 0; i < s->mean.pieces.n; i++) {
        const mmofl_piece *piece = &s->mean.pieces.piece[i];
        size_t at = piece->first;
        mmofl_server_span span = {piece->n, parameters + at, s->average + at,
                                  s->first + at, s->second ? s->second + at : NULL};
        if (mmofl_mean_has(&s->mean, i))
            step(s->options, &span);
    }
}
