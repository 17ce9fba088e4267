/* The work of a run, counted by hand. */
#include "check.h"
#include "data/source.h"
#include "run/run_cost.h"

/* Of 4 devices 2 take part in each of 10 rounds; they hold 20 samples, 5 of them new,
 * and go over them twice.  With `every: 4` tests are after rounds 4, 8 and 10. */
static const char base[] =
    "name: c\nseeds: 1\ndata: {set: synthetic-har, persons: 10, train: 500, test: 90}\n"
    "fleet: {devices: 4, partition: iid}\nparticipation: 0.5\n"
    "stream: {buffer: 20, new: 5}\nrounds: 10\n"
    "train: {epochs: 2, batch: 10, lr: 0.5}\n";

typedef struct counted {
    double cost, forward, gradient, test, train;
} counted;

static counted count(const char *more)
{
    char text[4096];
    mmofl_error err = {0};
    mmofl_experiment x;
    mmofl_dataset *data;
    mmofl_model *model;
    snprintf(text, sizeof text, "%s%s", base, more);
    if (mmofl_experiment_parse(text, strlen(text), "c.yaml", NULL, NULL, 0, &x, &err))
        fail_msg("%s", err.text);
    CHECK_OK(mmofl_data_load(&x.data, NULL, &data, &err));
    CHECK_OK(mmofl_model_new(&x.model, data->modality, data->n_modalities,
                             data->n_classes, NULL, &model, &err));
    counted c = {.cost = mmofl_run_cost(&x, model, data),
                 .forward = mmofl_model_forward_flops(model),
                 .gradient = mmofl_model_training_flops(model),
                 .test = (double)(data->n_samples - data->n_train),
                 .train = (double)data->n_train};
    mmofl_model_delete(model);
    mmofl_dataset_close(data);
    mmofl_experiment_free(&x);
    return c;
}

/* 2 devices x 10 rounds x 2 passes x 20 samples are trained; 2 x (20 + 9 x 5) arrive
 * and are predicted. */
static void training_arrivals_and_tests_are_counted(void **state)
{
    (void)state;
    counted c = count("evaluate: {every: 4}\n");
    CHECK_NEAR(c.cost, 800 * c.gradient + (130 + 3 * c.test) * c.forward, 1);
}

static void a_disturbed_test_is_one_more_and_so_is_validation(void **state)
{
    (void)state;
    counted c = count(
        "evaluate: {every: 4}\nimbalance: {modalities: {gyroscope: {missing: 0.5}}}\n");
    CHECK_NEAR(c.cost, 800 * c.gradient + (130 + 6 * c.test) * c.forward, 1);
    c = count("evaluate: {every: 0, validation: 0.2}\n");
    CHECK_NEAR(c.cost, 800 * c.gradient + (130 + c.test + 0.2 * c.train) * c.forward,
               1);
}

static void analyses_cost_gradients(void **state)
{
    (void)state;
    counted c = count("evaluate: {every: 4}\nanalysis: {errors: true, every: 5}\n");
    CHECK_NEAR(c.cost, (800 + 3 * 160) * c.gradient + (130 + 3 * c.test) * c.forward,
               1);
    c = count("evaluate: {every: 4}\nanalysis: {errors: false, regret: true, starts: "
              "2, iterations: 50}\n");
    CHECK_NEAR(c.cost,
               (800 + 130 * 2 * 50) * c.gradient + (130 + 3 * c.test) * c.forward, 1);
}

CHECK_MAIN(TEST(training_arrivals_and_tests_are_counted),
           TEST(a_disturbed_test_is_one_more_and_so_is_validation),
           TEST(analyses_cost_gradients))
