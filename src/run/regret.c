/* regret.c - searches from several starts; the best one counts. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "run/lbfgs.h"
#include "run/regret.h"

/* The objective: mean over rounds, so that a tolerance means the same for any T. */
typedef struct mean_loss {
    mmofl_hindsight *hindsight;
    float *parameters; /* x, as the model takes it */
    size_t n;
    double rounds;
} mean_loss;

static double value(void *context, const double *x, double *g)
{
    mean_loss *m = context;
    for (size_t i = 0; i < m->n; i++)
        m->parameters[i] = (float)x[i];
    double sum = mmofl_hindsight_sum(m->hindsight, m->parameters, g);
    for (size_t i = 0; i < m->n; i++)
        g[i] /= m->rounds;
    return sum / m->rounds;
}

static void set_start(const mmofl_model *model, uint64_t seed, int start,
                      const float *first, float *w, double *x)
{
    if (start == 0 && first)
        memcpy(w, first, model->n_parameters * sizeof *w);
    else
        mmofl_model_init(model, seed + (uint64_t)start, w);
    for (size_t i = 0; i < model->n_parameters; i++)
        x[i] = (double)w[i];
}

mmofl_status mmofl_comparator_find(mmofl_hindsight *hindsight, const mmofl_model *model,
                                   uint64_t seed, const float *first,
                                   const mmofl_analysis_spec *spec, float *parameters,
                                   mmofl_comparator *found, mmofl_error *err)
{
    mmofl_arena arena = MMOFL_ARENA_INIT;
    size_t n = model->n_parameters;
    double *x = MMOFL_ARENA_NEW(&arena, n, double);
    mean_loss m = {hindsight, MMOFL_ARENA_NEW(&arena, n, float), n,
                   mmofl_hindsight_rounds(hindsight)};
    mmofl_objective objective = {n, value, &m};
    mmofl_comparator best = {.loss = (double)INFINITY};
    mmofl_status st = x && m.parameters ? MMOFL_OK : MMOFL_E_MEMORY;
    for (int start = 0; start < spec->starts && !st; start++) {
        mmofl_lbfgs_result r;
        set_start(model, seed, start, first, m.parameters, x);
        st = mmofl_lbfgs(&objective, spec->iterations, spec->tolerance, x, &r);
        if (st == MMOFL_E_NONFINITE) {
            st = MMOFL_OK; /* another start may do */
            continue;
        }
        if (st || !(r.value * m.rounds < best.loss))
            continue;
        best = (mmofl_comparator){r.value * m.rounds, r.gradient_norm, start,
                                  r.iterations, r.converged};
        for (size_t i = 0; i < n; i++)
            parameters[i] = (float)x[i];
    }
    mmofl_arena_free(&arena);
    if (st)
        return mmofl_fail(err, st, "no memory to search for the best fixed model");
    if (isinf(best.loss))
        return mmofl_fail(err, MMOFL_E_NONFINITE,
                          "no start of the search for the best fixed model has a "
                          "finite loss");
    *found = best;
    return MMOFL_OK;
}

void mmofl_regret_curve(const double *online, const double *fixed, int T,
                        double *regret)
{
    double sum = 0;
    for (int t = 0; t < T; t++) {
        double more = online[t] - fixed[t];
        sum += isnan(more) ? 0 : more;
        regret[t] = sum;
    }
}
