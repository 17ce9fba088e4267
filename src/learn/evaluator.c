/* evaluator.c - pieces of the test part on the pool, then scores from the confusion
 * matrix. */
#include <stdlib.h>
#include <string.h>

#include "learn/evaluator.h"
#include "learn/method_instance.h"

enum { PIECE = 16 };

struct mmofl_evaluator {
    mmofl_arena arena;
    mmofl_evaluator_setup setup;
    const float *parameters;       /* of the current run */
    bool disturbed;                /* the current run is on disturbed samples */
    size_t first, n, n_pieces;     /* tested samples: first ... first + n - 1 */
    double *piece_loss;            /* (n_pieces) */
    int32_t *predicted;            /* (n) */
    mmofl_workspace **workspace;   /* (threads) */
    mmofl_method_instance *method; /* (threads) */
    uint64_t *confusion;           /* (2, K, K): as recorded, disturbed */
    uint32_t *left, *noisy; /* (n) of the disturbed part: modalities left, and those of
                               them that are disturbed */
};

/* The disturbed part is drawn once: masks are kept, values are made anew each time. */
static mmofl_status make_disturbed_part(mmofl_evaluator *e)
{
    if (!e->setup.imbalance)
        return MMOFL_OK;
    e->left = MMOFL_ARENA_NEW(&e->arena, e->n, uint32_t);
    e->noisy = MMOFL_ARENA_NEW(&e->arena, e->n, uint32_t);
    if (!e->left || !e->noisy)
        return MMOFL_E_MEMORY;
    for (size_t i = 0; i < e->n; i++) {
        e->left[i] = e->setup.data->mask[e->first + i];
        mmofl_imbalance_test(e->setup.imbalance, e->first + i, &e->left[i],
                             &e->noisy[i]);
    }
    return MMOFL_OK;
}

static mmofl_status make_thread(mmofl_evaluator *e, size_t t)
{
    static const mmofl_pick pm = {.kind = &mmofl_method_pm.kind};
    const mmofl_pick *method = e->setup.method ? e->setup.method : &pm;
    mmofl_status st =
        mmofl_method_instance_init(&e->method[t], method, e->setup.model, 0, &e->arena);
    return st ? st
              : mmofl_workspace_new(e->setup.model, PIECE, false, e->setup.fail_after,
                                    &e->workspace[t]);
}

static mmofl_status make(mmofl_evaluator *e)
{
    size_t threads = (size_t)mmofl_pool_threads(e->setup.pool);
    size_t k = (size_t)e->setup.model->classes;
    e->piece_loss = MMOFL_ARENA_NEW(&e->arena, e->n_pieces, double);
    e->predicted = MMOFL_ARENA_NEW(&e->arena, e->n, int32_t);
    e->workspace = MMOFL_ARENA_NEW(&e->arena, threads, mmofl_workspace *);
    e->method = MMOFL_ARENA_NEW(&e->arena, threads, mmofl_method_instance);
    e->confusion = MMOFL_ARENA_NEW(&e->arena, 2 * k * k, uint64_t);
    if (!e->piece_loss || !e->predicted || !e->workspace || !e->method || !e->confusion)
        return MMOFL_E_MEMORY;
    mmofl_status st = make_disturbed_part(e);
    for (size_t t = 0; !st && t < threads; t++)
        st = make_thread(e, t);
    return st;
}

mmofl_status mmofl_evaluator_new(const mmofl_evaluator_setup *setup,
                                 mmofl_evaluator **out)
{
    mmofl_evaluator *e = calloc(1, sizeof *e);
    if (!e)
        return MMOFL_E_MEMORY;
    const mmofl_dataset *data = setup->data;
    e->setup = *setup;
    e->arena.fail_after = setup->fail_after;
    e->first = data->n_samples > data->n_train ? data->n_train : 0;
    e->n = data->n_samples - e->first;
    e->n_pieces = (e->n + PIECE - 1) / PIECE;
    mmofl_status st = make(e);
    if (st) {
        mmofl_evaluator_delete(e);
        return st;
    }
    *out = e;
    return MMOFL_OK;
}

void mmofl_evaluator_delete(mmofl_evaluator *e)
{
    if (!e)
        return;
    int threads = e->workspace && e->method ? mmofl_pool_threads(e->setup.pool) : 0;
    for (int t = 0; t < threads; t++) {
        mmofl_workspace_delete(e->workspace[t]);
        if (e->method[t].kind)
            mmofl_method_instance_drop(&e->method[t]);
    }
    mmofl_arena_free(&e->arena);
    free(e);
}

size_t mmofl_evaluator_bytes(const mmofl_evaluator *e)
{
    size_t bytes = e->arena.bytes;
    for (int t = 0; t < mmofl_pool_threads(e->setup.pool); t++)
        bytes += mmofl_workspace_bytes(e->workspace[t]);
    return bytes;
}

/* A piece of the test part. */
typedef struct piece {
    const mmofl_evaluator *evaluator;
    size_t from; /* its first sample, counted from the part's */
} piece;

static void fetch_tested(void *context, int i, int modality, float *values)
{
    const piece *p = context;
    const mmofl_evaluator *e = p->evaluator;
    size_t number = p->from + (size_t)i;
    mmofl_dataset_values(e->setup.data, e->first + number, modality, values);
    if (e->disturbed && e->noisy[number] >> modality & 1)
        mmofl_imbalance_disturb_test(e->setup.imbalance, e->first + number, modality,
                                     values);
}

static void test_piece(void *context, size_t item, int thread)
{
    mmofl_evaluator *e = context;
    size_t from = item * PIECE, n = e->n - from < PIECE ? e->n - from : PIECE;
    piece tested = {e, from};
    mmofl_batch batch = {.n = (int)n,
                         .mask = e->disturbed ? e->left + from
                                              : e->setup.data->mask + e->first + from,
                         .label = e->setup.data->label + e->first + from,
                         .fetch = fetch_tested,
                         .context = &tested};
    mmofl_method_instance_test(&e->method[thread], &batch);
    e->piece_loss[item] =
        mmofl_model_predict(e->setup.model, e->workspace[thread], e->parameters, &batch,
                            e->predicted + from, NULL, NULL)
            .loss_sum;
}

mmofl_class_score mmofl_evaluation_class(const mmofl_evaluation *evaluation, int class)
{
    size_t k = (size_t)evaluation->classes, c = (size_t) class;
    const uint64_t *confusion = evaluation->confusion;
    uint64_t occurs = 0, predicted = 0, right = confusion[c * k + c];
    for (size_t i = 0; i < k; i++) {
        occurs += confusion[c * k + i];
        predicted += confusion[i * k + c];
    }
    mmofl_class_score score = {.support = occurs};
    if (occurs)
        score.recall = (double)right / (double)occurs;
    if (predicted)
        score.precision = (double)right / (double)predicted;
    if (occurs + predicted)
        score.f1 = 2 * (double)right / (double)(occurs + predicted);
    return score;
}

/* F1 averaged over the classes that occur or are predicted. */
static double macro_f1(const mmofl_evaluation *evaluation)
{
    size_t k = (size_t)evaluation->classes;
    double sum = 0;
    int seen = 0;
    for (int c = 0; c < evaluation->classes; c++) {
        uint64_t predicted = 0;
        for (size_t i = 0; i < k; i++)
            predicted += evaluation->confusion[i * k + (size_t)c];
        mmofl_class_score score = mmofl_evaluation_class(evaluation, c);
        if (score.support + predicted == 0)
            continue;
        sum += score.f1;
        seen++;
    }
    return seen ? sum / seen : 0;
}

static mmofl_evaluation run(mmofl_evaluator *e, const float *parameters,
                            const mmofl_prototypes *prototypes, bool disturbed)
{
    size_t k = (size_t)e->setup.model->classes;
    uint64_t *confusion = e->confusion + (disturbed ? k * k : 0);
    e->parameters = parameters;
    e->disturbed = disturbed;
    for (int t = 0; t < mmofl_pool_threads(e->setup.pool); t++)
        mmofl_method_instance_begin(&e->method[t],
                                    &(mmofl_method_round){.prototypes = prototypes});
    mmofl_pool_run(e->setup.pool, e->n_pieces, test_piece, e);
    memset(confusion, 0, k * k * sizeof *confusion);
    uint64_t right = 0;
    for (size_t i = 0; i < e->n; i++) {
        size_t label = (size_t)e->setup.data->label[e->first + i];
        confusion[label * k + (size_t)e->predicted[i]]++;
        right += label == (size_t)e->predicted[i];
    }
    mmofl_evaluation result = {.samples = e->n,
                               .classes = e->setup.model->classes,
                               .confusion = confusion,
                               .accuracy = (double)right / (double)e->n};
    for (size_t i = 0; i < e->n_pieces; i++)
        result.loss += e->piece_loss[i];
    result.loss /= (double)e->n;
    result.macro_f1 = macro_f1(&result);
    return result;
}

mmofl_evaluation mmofl_evaluator_run(mmofl_evaluator *e, const float *parameters,
                                     const mmofl_prototypes *prototypes)
{
    return run(e, parameters, prototypes, false);
}

mmofl_evaluation mmofl_evaluator_run_disturbed(mmofl_evaluator *e,
                                               const float *parameters,
                                               const mmofl_prototypes *prototypes)
{
    return run(e, parameters, prototypes, true);
}
