/* summary.c - results from the store to numbers and JSON. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "run/summary.h"

/* Sums over the tests of one part that are the result, and how many there are. */
typedef struct part_sum {
    int n;
    double loss, accuracy, macro_f1;
} part_sum;

/* What is added up while the rounds go by. */
typedef struct totals {
    const mmofl_experiment *experiment;
    mmofl_seed_summary summary;
    double right,
        arrived; /* new samples of rounds 2 ... T; of round 1 until there is another */
    part_sum test, disturbed, validation;
} totals;

static const mmofl_evaluation_record *find_part(const mmofl_round_record *r,
                                                const char *part)
{
    for (int i = 0; i < r->n_evaluations; i++)
        if (strcmp(r->evaluations[i].part, part) == 0)
            return &r->evaluations[i];
    return NULL;
}

/* Is this round's validation better than all before? */
static bool is_best(totals *t, const mmofl_round_record *r)
{
    const mmofl_evaluation_record *e = find_part(r, MMOFL_PART_VALIDATION);
    if (!e || (t->validation.n > 0 && e->macro_f1 <= t->validation.macro_f1))
        return false;
    t->summary.best_round = r->round;
    return true;
}

/* Does the result count this round's tests? */
static bool is_reported(totals *t, const mmofl_round_record *r)
{
    const mmofl_evaluate_spec *s = &t->experiment->evaluate;
    if (s->select == MMOFL_SELECT_BEST_VALIDATION)
        return is_best(t, r);
    for (int i = 0; i < s->n_rounds; i++)
        if (s->round[i] == r->round)
            return true;
    return s->n_rounds == 0;
}

static void add_part(const mmofl_round_record *r, const char *part, part_sum *sum)
{
    const mmofl_evaluation_record *e = find_part(r, part);
    if (!e)
        return;
    sum->n++;
    sum->loss += e->loss;
    sum->accuracy += e->accuracy;
    sum->macro_f1 += e->macro_f1;
}

static void add_tests(totals *t, const mmofl_round_record *r)
{
    if (r->n_evaluations == 0 || !is_reported(t, r))
        return;
    if (t->experiment->evaluate.n_rounds == 0) /* only the last, or the best one */
        t->test = t->disturbed = t->validation = (part_sum){0};
    add_part(r, MMOFL_PART_TEST, &t->test);
    add_part(r, MMOFL_PART_DISTURBED, &t->disturbed);
    add_part(r, MMOFL_PART_VALIDATION, &t->validation);
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

static double mean_of(double sum, int n)
{
    return n > 0 ? sum / n : (double)NAN;
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
    t.summary.test_accuracy = mean_of(t.test.accuracy, t.test.n);
    t.summary.test_macro_f1 = mean_of(t.test.macro_f1, t.test.n);
    t.summary.test_loss = mean_of(t.test.loss, t.test.n);
    t.summary.disturbed_accuracy = mean_of(t.disturbed.accuracy, t.disturbed.n);
    t.summary.disturbed_macro_f1 = mean_of(t.disturbed.macro_f1, t.disturbed.n);
    t.summary.validation_macro_f1 = mean_of(t.validation.macro_f1, t.validation.n);
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
    if (s->best_round > 0)
        json_object_set_new(run, "best_round", json_integer(s->best_round));
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
