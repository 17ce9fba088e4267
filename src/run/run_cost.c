/* run_cost.c - passes counted, times what a pass of a sample costs. */
#include "run/run_cost.h"
#include "fed/participation.h"

/* A step that is analysed makes a gradient for each of: the complete and clean twin,
 * what is left of it, what is used (sim/analysis.c). */
enum { ANALYSED_GRADIENTS = 3 };

/* Samples that arrive at a device in all rounds; those of one that holds more than it
 * is given are counted once. */
static double arrivals(const mmofl_experiment *x)
{
    const mmofl_stream_spec *s = &x->stream;
    double first = s->initial ? s->initial : s->buffer;
    return first + (double)(x->rounds - 1) * s->fresh;
}

/* Samples that are tested in all rounds. */
static double tested(const mmofl_experiment *x, const mmofl_dataset *data)
{
    double rounds = 0, test = (double)(data->n_samples - data->n_train),
           held_out = x->evaluate.validation * (double)data->n_train;
    bool is_disturbed = x->imbalance.n_modalities || x->imbalance.n_groups ||
                        x->test_imbalance.n_modalities;
    for (int t = 1; t <= x->rounds; t++)
        rounds += mmofl_experiment_tests(x, t);
    return rounds *
           ((test > 0 ? test : (double)data->n_train) * (1 + is_disturbed) + held_out);
}

double mmofl_run_cost(const mmofl_experiment *x, const mmofl_model *model,
                      const mmofl_dataset *data)
{
    const mmofl_analysis_spec *a = &x->analysis;
    double forward = mmofl_model_forward_flops(model),
           gradient = mmofl_model_training_flops(model);
    double participants =
        mmofl_participants_wanted(x->participation, (uint32_t)x->fleet.devices);
    double seen = participants * arrivals(x),
           trained = participants * x->rounds * x->train.epochs * x->stream.buffer;
    double cost = trained * gradient + (seen + tested(x, data)) * forward;
    if (a->errors)
        cost += trained / a->every * ANALYSED_GRADIENTS * gradient;
    if (a->regret)
        cost += seen * a->starts * a->iterations * gradient;
    return cost;
}
