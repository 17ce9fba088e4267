/* adaptive.c - steps scaled by the size that updates have had. */
#include "fed/rules/adaptive.h"

const mmofl_option mmofl_adaptive_options_table[MMOFL_ADAPTIVE_OPTIONS] = {
    MMOFL_MEAN_OPTION,
    MMOFL_REAL_OPTION(mmofl_adaptive_options, lr, MMOFL_POSITIVE, 100, "0.01",
                      "step size of the coordinator"),
    MMOFL_REAL_OPTION(mmofl_adaptive_options, beta1, 0, 0.9999, "0.9",
                      "weight of the old mean update"),
    MMOFL_REAL_OPTION(mmofl_adaptive_options, beta2, 0, 0.9999999, "0.99",
                      "weight of the old mean square"),
    MMOFL_REAL_OPTION(mmofl_adaptive_options, tau, 1e-15, 1000, "0.001",
                      "added to the root of the mean square"),
};

void *mmofl_adaptive_make(const mmofl_aggregation_setup *setup)
{
    const mmofl_adaptive_options *o = setup->options;
    mmofl_server_step *s = mmofl_server_step_make(setup, true);
    for (size_t i = 0; s && i < s->n; i++)
        s->second[i] = (float)(o->tau * o->tau);
    return s;
}

void mmofl_adaptive_step(const mmofl_adaptive_options *o, const mmofl_server_span *s,
                         double (*second)(double v, double square, double beta2))
{
    for (size_t i = 0; i < s->n; i++) {
        double delta = (double)s->average[i] - (double)s->x[i];
        double m = o->beta1 * (double)s->first[i] + (1 - o->beta1) * delta;
        double v = second((double)s->second[i], delta * delta, o->beta2);
        s->first[i] = (float)m;
        s->second[i] = (float)v;
        s->x[i] = (float)((double)s->x[i] + o->lr * m / (sqrt(v) + o->tau));
    }
}

int mmofl_adaptive_arrays(void *state, const char *first, const char *second,
                          mmofl_state_array *array, int max)
{
    mmofl_server_step *s = state;
    if (max < 2)
        return 0;
    array[0] = (mmofl_state_array){first, MMOFL_STATE_F32, s->n, s->first};
    array[1] = (mmofl_state_array){second, MMOFL_STATE_F32, s->n, s->second};
    return 2;
}
