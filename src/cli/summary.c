/* summary.c - results from the store to table and JSON. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/summary.h"

/* What is added up while the rounds go by. */
typedef struct totals {
    const mmofl_experiment *experiment;
    mmofl_seed_summary summary;
    double right,
        arrived; /* new samples of rounds 2 ... T; of round 1 until there is another */
    int tested;
} totals;

/* Does the reported test accuracy count this round? */
static bool is_reported(const mmofl_experiment *x, int round)
{
    for (int i = 0; i < x->evaluate.n_rounds; i++)
        if (x->evaluate.round[i] == round)
            return true;
    return x->evaluate.n_rounds == 0;
}

static void add_tests(totals *t, const mmofl_round_record *r)
{
    for (int i = 0; i < r->n_evaluations; i++) {
        if (!is_reported(t->experiment, r->round))
            continue;
        if (t->experiment->evaluate.n_rounds == 0) { /* only the last one */
            t->tested = 0;
            t->summary.test_accuracy = t->summary.test_macro_f1 = t->summary.test_loss =
                0;
        }
        t->tested++;
        t->summary.test_accuracy += r->evaluations[i].accuracy;
        t->summary.test_macro_f1 += r->evaluations[i].macro_f1;
        t->summary.test_loss += r->evaluations[i].loss;
    }
}

static mmofl_status add_round(void *context, const mmofl_round_record *r)
{
    totals *t = context;
    mmofl_seed_summary *s = &t->summary;
    s->rounds = r->round;
    s->cumulative_loss = r->cumulative_loss;
    s->seconds += r->seconds;
    s->steps += r->steps;
    s->bytes_up += r->bytes_up;
    s->bytes_down += r->bytes_down;
    if (r->round == 2)
        t->right = t->arrived = 0;
    if (r->samples_new > 0) {
        t->right += r->prequential_accuracy * (double)r->samples_new;
        t->arrived += (double)r->samples_new;
    }
    add_tests(t, r);
    return MMOFL_OK;
}

mmofl_status mmofl_summary_read(const mmofl_experiment *x, mmofl_run_folder *folder,
                                uint64_t seed, mmofl_seed_summary *summary,
                                mmofl_error *err)
{
    totals t = {.experiment = x, .summary = {.seed = seed}};
    mmofl_run_store *store = mmofl_run_folder_store(folder);
    int64_t id;
    mmofl_run_status status;
    bool same;
    mmofl_status st = mmofl_run_store_find_run(
        store, seed, mmofl_run_folder_config(folder), &id, &status, &same, err);
    if (!st)
        st = mmofl_run_store_each_round(store, id, add_round, &t, err);
    if (st)
        return st;
    double n = t.tested ? t.tested : (double)NAN;
    t.summary.test_accuracy /= n;
    t.summary.test_macro_f1 /= n;
    t.summary.test_loss /= n;
    t.summary.prequential_accuracy = t.arrived > 0 ? t.right / t.arrived : (double)NAN;
    t.summary.steps_per_s =
        t.summary.seconds > 0 ? (double)t.summary.steps / t.summary.seconds : 0;
    *summary = t.summary;
    return MMOFL_OK;
}

/* ---------------------------------------------------------------- mean and spread */

/* The numbers that have a mean over seeds. */
static const struct {
    const char *name;
    size_t offset;
} fields[] = {
    {"test_accuracy", offsetof(mmofl_seed_summary, test_accuracy)},
    {"test_macro_f1", offsetof(mmofl_seed_summary, test_macro_f1)},
    {"test_loss", offsetof(mmofl_seed_summary, test_loss)},
    {"prequential_accuracy", offsetof(mmofl_seed_summary, prequential_accuracy)},
    {"cumulative_loss", offsetof(mmofl_seed_summary, cumulative_loss)},
};
enum { FIELDS = sizeof fields / sizeof *fields };

static double field_of(const mmofl_seed_summary *s, int field)
{
    return *(const double *)(const void *)((const char *)s + fields[field].offset);
}

static void mean_and_sd(const mmofl_seed_summary *s, int n, int field, double *mean,
                        double *sd)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++)
        sum += field_of(&s[i], field);
    *mean = sum / n;
    for (int i = 0; i < n; i++)
        squares += pow(field_of(&s[i], field) - *mean, 2);
    *sd = n > 1 ? sqrt(squares / (n - 1)) : 0;
}

void mmofl_summary_print(const mmofl_experiment *x, const mmofl_seed_summary *s, int n)
{
    printf("%s: %d device%s, %d rounds, method %s\n\n", x->name, x->fleet.devices,
           x->fleet.devices == 1 ? "" : "s", x->rounds, x->method.kind->name);
    printf("  seed   test acc   macro-F1   prequential   cum. loss   rounds/s   "
           "steps/s   MB up   "
           "MB down\n");
    for (int i = 0; i < n; i++)
        printf("  %4" PRIu64 "   %6.2f %%   %6.2f %%   %9.2f %%   %9.3f   %8.1f   "
                             "%7.0f   %5.1f   %7.1f\n",
               s[i].seed, 100 * s[i].test_accuracy, 100 * s[i].test_macro_f1,
               100 * s[i].prequential_accuracy, s[i].cumulative_loss,
               s[i].seconds > 0 ? s[i].rounds / s[i].seconds : 0, s[i].steps_per_s,
               (double)s[i].bytes_up / 1e6, (double)s[i].bytes_down / 1e6);
    if (n < 2)
        return;
    double mean[FIELDS], sd[FIELDS];
    for (int f = 0; f < FIELDS; f++)
        mean_and_sd(s, n, f, &mean[f], &sd[f]);
    printf("  mean   %6.2f %%   %6.2f %%   %9.2f %%   %9.3f\n", 100 * mean[0],
           100 * mean[1], 100 * mean[3], mean[4]);
    printf("  +-sd   %6.2f     %6.2f     %9.2f     %9.3f\n", 100 * sd[0], 100 * sd[1],
           100 * sd[3], sd[4]);
}

/* JSON has no NaN: what was not measured is null. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *run_json(const mmofl_seed_summary *s)
{
    json_t *run = json_object();
    json_object_set_new(run, "seed", json_integer((json_int_t)s->seed));
    json_object_set_new(run, "rounds", json_integer(s->rounds));
    for (int f = 0; f < FIELDS; f++)
        json_object_set_new(run, fields[f].name, number(field_of(s, f)));
    json_object_set_new(run, "seconds", number(s->seconds));
    json_object_set_new(run, "steps", json_integer(s->steps));
    json_object_set_new(run, "steps_per_s", number(s->steps_per_s));
    json_object_set_new(run, "bytes_up", json_integer(s->bytes_up));
    json_object_set_new(run, "bytes_down", json_integer(s->bytes_down));
    json_object_set_new(run, "peak_rss_bytes",
                        json_integer((json_int_t)mmofl_clock_peak_rss_bytes()));
    return run;
}

char *mmofl_summary_json(const mmofl_experiment *x, const mmofl_seed_summary *s, int n)
{
    json_t *root = json_object(), *runs = json_array(), *mean = json_object(),
           *sd = json_object();
    for (int i = 0; i < n; i++)
        json_array_append_new(runs, run_json(&s[i]));
    for (int f = 0; f < FIELDS; f++) {
        double m, d;
        mean_and_sd(s, n, f, &m, &d);
        json_object_set_new(mean, fields[f].name, number(m));
        json_object_set_new(sd, fields[f].name, number(d));
    }
    json_object_set_new(root, "name", json_string(x->name));
    json_object_set_new(root, "runs", runs);
    json_object_set_new(root, "mean", mean);
    json_object_set_new(root, "sd", sd);
    char *text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    return text;
}
