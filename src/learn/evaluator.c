/* evaluator.c - pieces of the tested part on the pool, then scores from the confusion
 * matrix. */
#include <stdlib.h>
#include <string.h>

#include "data/ahead.h"
#include "learn/evaluator.h"
#include "learn/method_instance.h"

enum { PIECE = 16 };

/* What a run is about. */
typedef enum part_name { TEST, DISTURBED, VALIDATION, PARTS } part_name;

/* The samples of a part, in the order of testing. */
typedef struct part {
    size_t n;
    size_t first;           /* sample i is number first + i of the data set ... */
    const uint32_t *sample; /* ... or (n) sample[i] */
    const uint32_t *mask;   /* (n) modalities that the model gets to see */
    const int32_t *label;   /* (n) */
    const uint32_t *noisy;  /* (n) those of them that are disturbed, or NULL */
    uint64_t *confusion;    /* (K, K) of the last run */
} part;

struct mmofl_evaluator {
    mmofl_arena arena;
    mmofl_evaluator_setup setup;
    const mmofl_ranks *ranks;
    size_t *start; /* (ranks + 1) first piece of each rank in the current run */
    part part[PARTS];
    const part *current;           /* of the current run */
    const float *parameters;       /* of the current run */
    double *piece_loss;            /* (pieces of the largest part) */
    int32_t *predicted;            /* (samples of the largest part, whole pieces) */
    mmofl_workspace **workspace;   /* (threads) */
    mmofl_method_instance *method; /* (threads) */
};

static size_t pieces_of(size_t n)
{
    return (n + PIECE - 1) / PIECE;
}

static size_t sample_of(const part *p, size_t i)
{
    return p->sample ? p->sample[i] : p->first + i;
}

static void make_test_part(mmofl_evaluator *e)
{
    const mmofl_dataset *data = e->setup.data;
    size_t first = data->n_samples > data->n_train ? data->n_train : 0;
    e->part[TEST] = (part){.n = data->n_samples - first,
                           .first = first,
                           .mask = data->mask + first,
                           .label = data->label + first};
}

/* The disturbed part is drawn once: masks are kept, values are made anew each time. */
static mmofl_status make_disturbed_part(mmofl_evaluator *e)
{
    const part *test = &e->part[TEST];
    if (!e->setup.imbalance)
        return MMOFL_OK;
    uint32_t *left = MMOFL_ARENA_NEW(&e->arena, test->n, uint32_t);
    uint32_t *noisy = MMOFL_ARENA_NEW(&e->arena, test->n, uint32_t);
    if (!left || !noisy)
        return MMOFL_E_MEMORY;
    for (size_t i = 0; i < test->n; i++) {
        left[i] = test->mask[i];
        mmofl_imbalance_test(e->setup.imbalance, test->first + i, &left[i], &noisy[i]);
    }
    e->part[DISTURBED] = *test;
    e->part[DISTURBED].mask = left;
    e->part[DISTURBED].noisy = noisy;
    return MMOFL_OK;
}

static mmofl_status make_validation_part(mmofl_evaluator *e)
{
    const mmofl_holdout *held_out = e->setup.validation;
    const mmofl_dataset *data = e->setup.data;
    if (!held_out || held_out->n == 0)
        return MMOFL_OK;
    uint32_t *mask = MMOFL_ARENA_NEW(&e->arena, held_out->n, uint32_t);
    int32_t *label = MMOFL_ARENA_NEW(&e->arena, held_out->n, int32_t);
    if (!mask || !label)
        return MMOFL_E_MEMORY;
    for (size_t i = 0; i < held_out->n; i++) {
        mask[i] = data->mask[held_out->sample[i]];
        label[i] = data->label[held_out->sample[i]];
    }
    e->part[VALIDATION] = (part){
        .n = held_out->n, .sample = held_out->sample, .mask = mask, .label = label};
    return MMOFL_OK;
}

/* The parts that there are, and a confusion matrix for each. */
static mmofl_status make_parts(mmofl_evaluator *e)
{
    size_t k = (size_t)e->setup.model->classes;
    make_test_part(e);
    if (make_disturbed_part(e) || make_validation_part(e))
        return MMOFL_E_MEMORY;
    for (int p = 0; p < PARTS; p++) {
        e->part[p].confusion = MMOFL_ARENA_NEW(&e->arena, k * k, uint64_t);
        if (!e->part[p].confusion)
            return MMOFL_E_MEMORY;
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
    size_t threads = (size_t)mmofl_pool_threads(e->setup.pool), most = 0;
    mmofl_status st = make_parts(e);
    for (int p = 0; p < PARTS; p++)
        most = e->part[p].n > most ? e->part[p].n : most;
    e->start = MMOFL_ARENA_NEW(&e->arena, (size_t)e->ranks->size + 1, size_t);
    e->piece_loss = MMOFL_ARENA_NEW(&e->arena, pieces_of(most), double);
    e->predicted = MMOFL_ARENA_NEW(&e->arena, pieces_of(most) * PIECE, int32_t);
    e->workspace = MMOFL_ARENA_NEW(&e->arena, threads, mmofl_workspace *);
    e->method = MMOFL_ARENA_NEW(&e->arena, threads, mmofl_method_instance);
    if (!e->start || !e->piece_loss || !e->predicted || !e->workspace || !e->method)
        return MMOFL_E_MEMORY;
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
    e->setup = *setup;
    e->ranks = mmofl_ranks_or_alone(setup->ranks);
    e->arena.fail_after = setup->fail_after;
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

/* A piece of the current part. */
typedef struct piece {
    const mmofl_evaluator *evaluator;
    size_t from; /* its first sample, counted from the part's */
} piece;

static void fetch_tested(void *context, int i, int modality, float *values)
{
    const piece *p = context;
    const mmofl_evaluator *e = p->evaluator;
    size_t number = p->from + (size_t)i, sample = sample_of(e->current, number);
    mmofl_dataset_values(e->setup.data, sample, modality, values);
    if (e->current->noisy && e->current->noisy[number] >> modality & 1)
        mmofl_imbalance_disturb_test(e->setup.imbalance, sample, modality, values);
}

static void ahead_tested(void *context, int i, int modality)
{
    const piece *p = context;
    const mmofl_evaluator *e = p->evaluator;
    mmofl_dataset_ahead(e->setup.data, sample_of(e->current, p->from + (size_t)i),
                        modality);
}

static void test_piece(void *context, size_t share, int thread)
{
    mmofl_evaluator *e = context;
    const part *p = e->current;
    size_t item = e->start[e->ranks->rank] + share;
    size_t from = item * PIECE, n = p->n - from < PIECE ? p->n - from : PIECE;
    piece tested = {e, from};
    mmofl_batch batch = {.n = (int)n,
                         .mask = p->mask + from,
                         .label = p->label + from,
                         .fetch = fetch_tested,
                         .ahead = ahead_tested,
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

/* This rank's pieces on its threads, then those of all ranks everywhere. */
static void test_pieces(mmofl_evaluator *e, size_t pieces)
{
    mmofl_ranks_split(e->ranks, pieces, e->start);
    size_t first = e->start[e->ranks->rank];
    mmofl_pool_run(e->setup.pool, e->start[e->ranks->rank + 1] - first, test_piece, e);
    mmofl_ranks_gather(e->ranks, sizeof *e->piece_loss, e->start, e->piece_loss + first,
                       e->piece_loss);
    mmofl_ranks_gather(e->ranks, PIECE * sizeof *e->predicted, e->start,
                       e->predicted + first * PIECE, e->predicted);
}

static mmofl_evaluation run(mmofl_evaluator *e, part_name name, const float *parameters,
                            const mmofl_prototypes *prototypes)
{
    const part *p = &e->part[name];
    size_t k = (size_t)e->setup.model->classes;
    e->parameters = parameters;
    e->current = p;
    for (int t = 0; t < mmofl_pool_threads(e->setup.pool); t++)
        mmofl_method_instance_begin(&e->method[t],
                                    &(mmofl_method_round){.prototypes = prototypes});
    test_pieces(e, pieces_of(p->n));
    memset(p->confusion, 0, k * k * sizeof *p->confusion);
    uint64_t right = 0;
    for (size_t i = 0; i < p->n; i++) {
        size_t label = (size_t)p->label[i];
        p->confusion[label * k + (size_t)e->predicted[i]]++;
        right += label == (size_t)e->predicted[i];
    }
    mmofl_evaluation result = {.samples = p->n,
                               .classes = e->setup.model->classes,
                               .confusion = p->confusion,
                               .accuracy = (double)right / (double)p->n};
    for (size_t i = 0; i < pieces_of(p->n); i++)
        result.loss += e->piece_loss[i];
    result.loss /= (double)p->n;
    result.macro_f1 = macro_f1(&result);
    return result;
}

mmofl_evaluation mmofl_evaluator_run(mmofl_evaluator *e, const float *parameters,
                                     const mmofl_prototypes *prototypes)
{
    return run(e, TEST, parameters, prototypes);
}

mmofl_evaluation mmofl_evaluator_run_validation(mmofl_evaluator *e,
                                                const float *parameters,
                                                const mmofl_prototypes *prototypes)
{
    return run(e, VALIDATION, parameters, prototypes);
}

mmofl_evaluation mmofl_evaluator_run_disturbed(mmofl_evaluator *e,
                                               const float *parameters,
                                               const mmofl_prototypes *prototypes)
{
    return run(e, DISTURBED, parameters, prototypes);
}
