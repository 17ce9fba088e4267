/* predictor.c - a batch of one. */
#include <stdlib.h>
#include <string.h>

#include "device/predictor.h"
#include "learn/method_instance.h"

struct mmofl_predictor {
    const mmofl_plan *plan;
    mmofl_arena arena;
    mmofl_method_instance method;
    mmofl_workspace *workspace;
};

mmofl_status mmofl_predictor_new(const mmofl_plan *plan, mmofl_predictor **out)
{
    mmofl_predictor *p = calloc(1, sizeof *p);
    if (!p)
        return MMOFL_E_MEMORY;
    p->plan = plan;
    mmofl_status st = mmofl_method_instance_init(&p->method, &plan->learning.method,
                                                 plan->model, 0, &p->arena);
    if (!st)
        st = mmofl_workspace_new(plan->model, 1, false, 0, &p->workspace);
    if (st) {
        mmofl_predictor_delete(p);
        return st;
    }
    *out = p;
    return MMOFL_OK;
}

void mmofl_predictor_delete(mmofl_predictor *p)
{
    if (!p)
        return;
    mmofl_method_instance_drop(&p->method);
    mmofl_workspace_delete(p->workspace);
    mmofl_arena_free(&p->arena);
    free(p);
}

typedef struct one_sample {
    const mmofl_signals *signals;
    const float *const *values;
} one_sample;

static void fetch(void *context, int i, int m, float *values)
{
    (void)i;
    const one_sample *s = context;
    memcpy(values, s->values[m], s->signals->count[m] * sizeof *values);
}

int mmofl_predictor_run(mmofl_predictor *p, const float *parameters,
                        const mmofl_prototypes *prototypes, uint32_t mask,
                        const float *const *values, float *probability)
{
    one_sample sample = {&p->plan->signals, values};
    int32_t label = 0, predicted = 0;
    mmofl_method_round round = {.seed = p->plan->seed,
                                .device = p->plan->device,
                                .prototypes = prototypes,
                                .n = 1};
    mmofl_batch batch = {
        .n = 1, .mask = &mask, .label = &label, .fetch = fetch, .context = &sample};
    mmofl_method_instance_begin(&p->method, &round);
    mmofl_method_instance_test(&p->method, &batch);
    mmofl_model_predict(p->plan->model, p->workspace, parameters, &batch, &predicted,
                        NULL, probability);
    return predicted;
}
