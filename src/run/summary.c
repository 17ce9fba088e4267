/* summary.c - results from the store to numbers and JSON. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "run/summary.h"

/* What is added up while the rounds go by. */
typedef struct totals {
    const mmofl_experiment *experiment;
    mmofl_seed_summary summary;
    double right,
        arrived; /* new samples of rounds 2 ... T; of round 1 until there is another */
    int tested, tested_disturbed;
} totals;

/* Does the reported test accuracy count this round? */
static bool is_reported(const mmofl_experiment *x, int round)
{
    for (int i = 0; i < x->evaluate.n_rounds; i++)
        if (x->evaluate.round[i] == round)
            return true;
    return x->evaluate.n_rounds == 0;
}

/* Add up an evaluation of one of the two parts. */
static void add_test(totals *t, const mmofl_evaluation_record *e)
{
    mmofl_seed_summary *s = &t->summary;
    if (strcmp(e->part, "test") == 0) {
        t->tested++;
        s->test_accuracy += e->accuracy;
        s->test_macro_f1 += e->macro_f1;
        s->test_loss += e->loss;
    } else if (strcmp(e->part, "disturbed") == 0) {
        t->tested_disturbed++;
        s->disturbed_accuracy += e->accuracy;
        s->disturbed_macro_f1 += e->macro_f1;
    }
}

static void add_tests(totals *t, const mmofl_round_record *r)
{
    mmofl_seed_summary *s = &t->summary;
    if (r->n_evaluations == 0 || !is_reported(t->experiment, r->round))
        return;
    if (t->experiment->evaluate.n_rounds == 0) { /* only the last one */
        t->tested = t->tested_disturbed = 0;
        s->test_accuracy = s->test_macro_f1 = s->test_loss = 0;
        s->disturbed_accuracy = s->disturbed_macro_f1 = 0;
    }
    for (int i = 0; i < r->n_evaluations; i++)
        add_test(t, &r->evaluations[i]);
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
    double disturbed = t.tested_disturbed ? t.tested_disturbed : (double)NAN;
    t.summary.disturbed_accuracy /= disturbed;
    t.summary.disturbed_macro_f1 /= disturbed;
    t.summary.prequential_accuracy = t.arrived > 0 ? t.right / t.arrived : (double)NAN;
    t.summary.steps_per_s =
        t.summary.seconds > 0 ? (double)t.summary.steps / t.summary.seconds : 0;
    *summary = t.summary;
    return MMOFL_OK;
}

/* ---------------------------------------------------------------- mean and spread */

static const struct {
    const char *name;
    size_t offset;
} fields[] = {
#define ROW(id, name) {#name, offsetof(mmofl_seed_summary, name)},
    MMOFL_SUMMARY_FIELD_LIST(ROW)
#undef ROW
};

static double field_of(const mmofl_seed_summary *s, mmofl_summary_field field)
{
    return *(const double *)(const void *)((const char *)s + fields[field].offset);
}

void mmofl_summary_spread(const mmofl_seed_summary *s, int n, mmofl_summary_field field,
                          double *mean, double *sd)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++)
        sum += field_of(&s[i], field);
    *mean = sum / n;
    for (int i = 0; i < n; i++)
        squares += pow(field_of(&s[i], field) - *mean, 2);
    *sd = n > 1 ? sqrt(squares / (n - 1)) : 0;
}

const char *mmofl_summary_field_name(mmofl_summary_field field)
{
    return fields[field].name;
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
    for (mmofl_summary_field f = 0; f < MMOFL_SUMMARY_FIELDS; f++)
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
    for (mmofl_summary_field f = 0; f < MMOFL_SUMMARY_FIELDS; f++) {
        double m, d;
        mmofl_summary_spread(s, n, f, &m, &d);
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

mmofl_status mmofl_summary_write(const mmofl_experiment *x, mmofl_run_folder *folder,
                                 mmofl_seed_summary *summary, mmofl_error *err)
{
    char path[4096];
    mmofl_status st =
        mmofl_run_folder_path(folder, "summary.json", path, sizeof path, err);
    for (int i = 0; !st && i < x->n_seeds; i++)
        st = mmofl_summary_read(x, folder, x->seed[i], &summary[i], err);
    if (st)
        return st;
    char *text = mmofl_summary_json(x, summary, x->n_seeds);
    st = text ? mmofl_file_write(path, text, strlen(text), true, err)
              : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the summary");
    free(text);
    return st;
}
