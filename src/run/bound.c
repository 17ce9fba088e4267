/* bound.c - a run beside its bound.
 *
 * The comparator comes first: it needs the stream only.  Then the fleet runs from its
 * beginning, and each round gives the distance to the comparator, the loss before the
 * round on its clean data, and the error of its steps.  R and H are known at the end,
 * so limits are worked out then. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "run/bound.h"

/* ---- what the theorem is about ---- */

static bool chain_has(const mmofl_chain *chain, const char *kind)
{
    for (int i = 0; i < chain->n; i++)
        if (strcmp(chain->layer[i].kind->kind.name, kind) == 0)
            return true;
    return false;
}

bool mmofl_model_is_convex(const mmofl_model *model)
{
    for (int e = 0; e < model->n_encoders; e++)
        if (model->encoder[e].n_parameters > 0 ||
            chain_has(&model->encoder[e].chain, "dropout"))
            return false;
    return model->head.n == 1 && chain_has(&model->head, "linear");
}

static bool has_value(const mmofl_pick *pick, const char *option, const char *value)
{
    for (int i = 0; i < pick->kind->n_options; i++) {
        char text[64];
        if (strcmp(pick->kind->options[i].name, option) != 0)
            continue;
        mmofl_option_get(&pick->kind->options[i], pick->options.bytes, text,
                         sizeof text);
        return strcmp(text, value) == 0;
    }
    return false;
}

static bool all_have_samples(const mmofl_simulation *fleet)
{
    const mmofl_partition *p = mmofl_simulation_source(fleet)->partition;
    for (int d = 0; d < p->devices; d++)
        if (p->start[d + 1] == p->start[d])
            return false;
    return true;
}

const char *mmofl_bound_excuse(const mmofl_simulation_setup *s,
                               const mmofl_simulation *fleet)
{
    const mmofl_train_spec *train = s->train;
    const mmofl_stream_spec *stream = s->stream;
    bool all = s->participation == 1 || s->participation == s->devices;
    const struct {
        bool applies;
        const char *text;
    } wanted[] = {
        {mmofl_model_is_convex(mmofl_simulation_model(fleet)),
         "the model is not convex: an encoder has parameters, or the head is not one "
         "linear layer"},
        {strcmp(train->lr.kind->name, "constant") == 0, "train.lr is not constant"},
        {train->momentum == 0, "train.momentum is not 0"},
        {train->weight_decay == 0, "train.weight_decay is not 0"},
        {train->clip_norm == 0, "train.clip_norm is not 0"},
        {stream->fresh == stream->buffer &&
             (stream->initial == 0 || stream->initial == stream->buffer) &&
             stream->at_end == MMOFL_END_CYCLE,
         "stream.new is not the whole buffer, or the stream stops: a round does not "
         "train on what it is judged by"},
        {train->batch >= stream->buffer,
         "train.batch is smaller than the buffer: steps are not full"},
        {all && all_have_samples(fleet), "not all devices take part and have samples"},
        {strcmp(s->aggregation->kind->name, "fedavg") == 0 &&
             has_value(s->aggregation, "weights", "uniform"),
         "aggregation is not the mean of all devices"},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!wanted[i].applies)
            return wanted[i].text;
    return NULL;
}

/* ---- measuring ---- */

typedef struct measuring {
    mmofl_simulation *fleet;
    mmofl_hindsight *hindsight;
    mmofl_arena arena;
    float *best;    /* Theta* */
    double *online; /* (T) F_t(Theta^t) */
    double *fixed;  /* (T) F_t(Theta*) */
    double *regret; /* (T) */
    double *error;  /* (T) epsilon_t */
    mmofl_bound *b;
} measuring;

static double distance(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sqrt(sum);
}

static double find_term(const mmofl_error_term *terms, int n, const char *name)
{
    int i = 0;
    while (i < n && (strcmp(terms[i].name, name) != 0 || *terms[i].modality))
        i++;
    assert(i < n);
    return terms[i].value;
}

static mmofl_status make(measuring *m, const mmofl_simulation_setup *setup,
                         mmofl_error *err)
{
    mmofl_simulation_setup analysed = *setup;
    analysed.analyze_every = 1;
    mmofl_status st = mmofl_simulation_new(&analysed, &m->fleet, err);
    if (st)
        return st;
    size_t T = (size_t)m->b->T;
    m->best = MMOFL_ARENA_NEW(&m->arena, mmofl_simulation_model(m->fleet)->n_parameters,
                              float);
    m->online = MMOFL_ARENA_NEW(&m->arena, T, double);
    m->fixed = MMOFL_ARENA_NEW(&m->arena, T, double);
    m->regret = MMOFL_ARENA_NEW(&m->arena, T, double);
    m->error = MMOFL_ARENA_NEW(&m->arena, T, double);
    if (!m->best || !m->online || !m->fixed || !m->regret || !m->error)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the bound");
    mmofl_hindsight_setup hindsight = {
        .fleet = m->fleet, .rounds = m->b->T, .undisturbed = true};
    return mmofl_hindsight_new(&hindsight, &m->hindsight, err);
}

static mmofl_status run_round(measuring *m, int t, mmofl_error *err)
{
    mmofl_bound *b = m->b;
    const float *now = mmofl_simulation_parameters(m->fleet);
    double away =
        distance(now, m->best, mmofl_simulation_model(m->fleet)->n_parameters);
    if (t == 1)
        b->D0 = away;
    b->R = fmax(b->R, away);
    m->online[t - 1] = mmofl_hindsight_loss(m->hindsight, now, t);
    mmofl_round_summary summary;
    mmofl_status st = mmofl_simulation_round(m->fleet, NULL, &summary, err);
    if (st)
        return st;
    mmofl_error_term terms[MMOFL_ERROR_TERMS];
    int n = mmofl_simulation_error_terms(m->fleet, terms, MMOFL_ERROR_TERMS);
    m->error[t - 1] = find_term(terms, n, "error");
    b->error_sum += m->error[t - 1];
    b->H = fmax(b->H, find_term(terms, n, "direction_largest"));
    return MMOFL_OK;
}

/* D0^2/(2 eta E) + eta t [E H^2/2 + (E-1) G H] + R * errors; with h = G and no errors
 * the bound of complete data. */
static double limit_after(const mmofl_bound *b, int t, double h, double errors)
{
    double drift = b->E * h * h / 2 + (b->E - 1) * b->G * h;
    return b->D0 * b->D0 / (2 * b->eta * b->E) + b->eta * t * drift + b->R * errors;
}

/* Is Reg_t within the bounds after each round?  Sums of floats are not exact: a
 * millionth of the limit is allowed for. */
static void compare(measuring *m, double *limits)
{
    mmofl_bound *b = m->b;
    double errors = 0;
    b->holds = true;
    b->complete = b->error_sum == 0;
    for (int t = 1; t <= b->T; t++) {
        errors += m->error[t - 1];
        b->limit = limit_after(b, t, b->H, errors);
        b->complete_limit = b->complete ? limit_after(b, t, b->G, 0) : 0;
        double least = b->complete ? fmin(b->limit, b->complete_limit) : b->limit;
        b->holds = b->holds && m->regret[t - 1] <= least + 1e-6 * fabs(least);
        if (limits)
            limits[t - 1] = b->limit;
    }
    b->regret = m->regret[b->T - 1];
}

static mmofl_status measure(measuring *m, const mmofl_simulation_setup *setup,
                            const mmofl_analysis_spec *spec, double *limits,
                            mmofl_error *err)
{
    mmofl_bound *b = m->b;
    const mmofl_model *model = mmofl_simulation_model(m->fleet);
    mmofl_analysis_spec one = *spec;
    one.starts = 1; /* the loss is convex */
    mmofl_status st = mmofl_comparator_find(m->hindsight, model, setup->seed, NULL,
                                            &one, m->best, &b->comparator, err);
    if (st)
        return st;
    mmofl_hindsight_losses(m->hindsight, m->best, m->fixed);
    b->G = sqrt(2) * mmofl_hindsight_largest_norm(m->hindsight, m->best);
    b->eta = mmofl_lr_at(&setup->train->lr, 1);
    b->E = setup->train->epochs;
    for (int t = 1; t <= b->T && !st; t++)
        st = run_round(m, t, err);
    if (st)
        return st;
    mmofl_regret_curve(m->online, m->fixed, b->T, m->regret);
    compare(m, limits);
    return MMOFL_OK;
}

mmofl_status mmofl_bound_measure(const mmofl_simulation_setup *setup, int rounds,
                                 const mmofl_analysis_spec *spec, mmofl_bound *bound,
                                 double *regret, double *limit, mmofl_error *err)
{
    mmofl_bound b = {.T = rounds};
    measuring m = {.b = &b};
    mmofl_status st = make(&m, setup, err);
    if (!st) {
        assert(!mmofl_bound_excuse(setup, m.fleet));
        st = measure(&m, setup, spec, limit, err);
    }
    if (!st && regret)
        memcpy(regret, m.regret, (size_t)rounds * sizeof *regret);
    if (!st)
        *bound = b;
    mmofl_hindsight_delete(m.hindsight);
    mmofl_simulation_delete(m.fleet);
    mmofl_arena_free(&m.arena);
    return st;
}
