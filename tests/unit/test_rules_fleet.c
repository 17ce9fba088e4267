/* Aggregation rules in whole fleets: threads, resume, what devices keep. */
#define _GNU_SOURCE
#include "fleet_fixture.h"
#include "rules_fixture.h"

enum { ROUNDS = 4, FLEET = 8 };

/* A fleet of eight, six of which take part in each round. */
static void prepare(fleet *f, const char *rule, int threads)
{
    fleet_prepare(f, FLEET, 200, threads);
    f->setup.participation = 6;
    f->train.momentum = 0.5;
    f->aggregation = fixture_pick(mmofl_aggregation_kinds(), rule);
    fleet_start(f);
}

static float *model_after(const char *rule, int threads, size_t *n)
{
    fleet f;
    prepare(&f, rule, threads);
    for (int t = 0; t < ROUNDS; t++)
        fleet_round(&f);
    float *model = fleet_model(&f);
    *n = fleet_parameters(&f);
    fleet_delete(&f);
    return model;
}

static void every_rule_gives_the_same_bytes_on_any_number_of_threads(void **state)
{
    (void)state;
    for (int r = 0; r < EVERY_RULE; r++) {
        size_t n;
        float *one = model_after(every_rule[r], 1, &n),
              *four = model_after(every_rule[r], 4, &n);
        if (!fixture_same_bits(one, four, n))
            fail_msg("%s depends on the number of threads", every_rule[r]);
        free(one);
        free(four);
    }
}

static void every_rule_but_its_identities_differs_from_fedavg(void **state)
{
    (void)state;
    size_t n;
    float *average = model_after("fedavg", 2, &n);
    static const char *const same[] = {"fedprox mu=0", "fedavgm momentum=0 lr=1"};
    for (int i = 0; i < 2; i++) {
        float *w = model_after(same[i], 2, &n);
        CHECK(fixture_same_bits(w, average, n));
        free(w);
    }
    for (int r = 1; r < EVERY_RULE; r++) {
        float *w = model_after(every_rule[r], 2, &n);
        if (strcmp(every_rule[r], "fednova") != 0) /* all make equal numbers of steps */
            CHECK(!fixture_same_bits(w, average, n));
        else
            for (size_t i = 0; i < n; i++)
                CHECK_NEAR(w[i], average[i], 1e-4);
        free(w);
    }
    free(average);
}

/* ---------------------------------------------------------------- resume */

/* Copies of a simulation's arrays. */
typedef struct saved {
    mmofl_state_array array[MMOFL_STATE_ARRAYS];
    int n;
} saved;

static saved save(mmofl_simulation *s)
{
    saved state = {.n = 0};
    state.n = mmofl_simulation_state(s, state.array, MMOFL_STATE_ARRAYS);
    for (int i = 0; i < state.n; i++) {
        CHECK(state.array[i].type == MMOFL_STATE_F32);
        size_t bytes = state.array[i].n * sizeof(float);
        void *copy = malloc(bytes);
        CHECK(copy);
        state.array[i].data = memcpy(copy, state.array[i].data, bytes);
    }
    return state;
}

static void put_back(mmofl_simulation *s, saved *state)
{
    mmofl_state_array array[MMOFL_STATE_ARRAYS];
    CHECK_INT(mmofl_simulation_state(s, array, MMOFL_STATE_ARRAYS), state->n);
    for (int i = 0; i < state->n; i++) {
        CHECK_TEXT(array[i].name, state->array[i].name);
        CHECK_INT(array[i].n, state->array[i].n);
        memcpy(array[i].data, state->array[i].data, array[i].n * sizeof(float));
        free(state->array[i].data);
    }
}

static void every_rule_resumes_to_the_same_bytes(void **state)
{
    (void)state;
    for (int r = 0; r < EVERY_RULE; r++) {
        fleet f;
        prepare(&f, every_rule[r], 2);
        fleet_round(&f);
        fleet_round(&f);
        float *model = fleet_model(&f);
        saved kept = save(f.simulation);
        fleet_round(&f);
        fleet_round(&f);
        float *expected = fleet_model(&f);
        mmofl_simulation_delete(f.simulation);
        fleet_start(&f);
        CHECK_OK(mmofl_simulation_restore(f.simulation, 2, model));
        put_back(f.simulation, &kept);
        fleet_round(&f);
        fleet_round(&f);
        if (!fixture_same_bits(mmofl_simulation_parameters(f.simulation), expected,
                               fleet_parameters(&f)))
            fail_msg("%s does not resume", every_rule[r]);
        free(model);
        free(expected);
        fleet_delete(&f);
    }
}

/* ---------------------------------------------------------------- scaffold */

static const mmofl_state_array *find(const saved *state, const char *name)
{
    for (int i = 0; i < state->n; i++)
        if (strcmp(state->array[i].name, name) == 0)
            return &state->array[i];
    fail_msg("no array %s", name);
    return NULL;
}

static void the_control_variate_stays_the_mean_of_the_devices_own(void **state)
{
    (void)state;
    fleet f;
    prepare(&f, "scaffold", 2);
    size_t n = fleet_parameters(&f);
    for (int t = 0; t < 3; t++)
        fleet_round(&f);
    saved kept = save(f.simulation);
    const float *control = find(&kept, "state.scaffold.control")->data;
    const mmofl_state_array *devices = find(&kept, "state.scaffold.devices");
    CHECK_INT(devices->n, FLEET * n);
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t d = 0; d < FLEET; d++)
            sum += (double)((const float *)devices->data)[d * n + i];
        CHECK_NEAR(control[i], sum / FLEET, 1e-5);
        largest = fmax(largest, fabs(sum));
    }
    CHECK(largest > 1e-3); /* there is something to compare */
    put_back(f.simulation, &kept);
    fleet_delete(&f);
}

static void what_devices_keep_is_in_the_memory_plan_and_the_bytes(void **state)
{
    (void)state;
    fleet f;
    prepare(&f, "fedavg", 1);
    size_t n = fleet_parameters(&f);
    mmofl_memory_plan without = mmofl_simulation_memory(f.simulation);
    mmofl_round_summary plain = fleet_round(&f);
    fleet_delete(&f);
    prepare(&f, "scaffold", 1);
    mmofl_memory_plan with = mmofl_simulation_memory(f.simulation);
    mmofl_round_summary summary = fleet_round(&f);
    CHECK(with.devices >= without.devices + FLEET * n * sizeof(float));
    CHECK(with.per_device >= without.per_device + n * sizeof(float));
    CHECK_INT(summary.bytes_up, plain.bytes_up + 6 * 4 * n);
    CHECK_INT(summary.bytes_down, plain.bytes_down + 6 * 4 * n);
    fleet_delete(&f);
}

static void what_devices_keep_is_refused_beyond_the_limit(void **state)
{
    (void)state;
    fleet f;
    fleet_prepare(&f, FLEET, 200, 1);
    f.aggregation = fixture_pick(mmofl_aggregation_kinds(), "scaffold");
    f.setup.memory_limit = 10000;
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_simulation_new(&f.setup, &f.simulation, &err), MMOFL_E_MEMORY);
    CHECK_CONTAINS(err.text, "each of 8 devices keep");
    f.setup.memory_limit = 0;
    for (f.setup.fail_after = 1; !f.simulation; f.setup.fail_after++) {
        mmofl_status st = mmofl_simulation_new(&f.setup, &f.simulation, &err);
        CHECK(st == MMOFL_OK || st == MMOFL_E_MEMORY);
    }
    fleet_delete(&f);
}

CHECK_MAIN(TEST(every_rule_gives_the_same_bytes_on_any_number_of_threads),
           TEST(every_rule_but_its_identities_differs_from_fedavg),
           TEST(every_rule_resumes_to_the_same_bytes),
           TEST(the_control_variate_stays_the_mean_of_the_devices_own),
           TEST(what_devices_keep_is_in_the_memory_plan_and_the_bytes),
           TEST(what_devices_keep_is_refused_beyond_the_limit))
