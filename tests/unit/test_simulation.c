/* Whole fleets: the same bytes however they are computed, and something is learned. */
#define _GNU_SOURCE
#include "count_allocations.h"
#include "fleet_fixture.h"

/* ---------------------------------------------------------------- same bytes */

enum { ROUNDS = 4 };

static void every_number_of_threads_gives_the_same_bytes(void **state)
{
    (void)state;
    float *expected = NULL;
    mmofl_round_summary last = {0};
    double loss = 0;
    for (int threads = 1; threads <= 4; threads *= 2) {
        fleet f;
        fleet_prepare(&f, 9, 300, threads);
        fleet_start(&f);
        mmofl_round_summary summary = {0};
        for (int t = 0; t < ROUNDS; t++)
            summary = fleet_round(&f);
        mmofl_evaluation evaluation = mmofl_simulation_evaluate(f.simulation);
        if (!expected) {
            expected = fleet_model(&f);
            last = summary;
            loss = evaluation.loss;
        }
        CHECK(fixture_same_bits(mmofl_simulation_parameters(f.simulation), expected,
                                fleet_parameters(&f)));
        CHECK(summary.loss == last.loss && summary.train_loss == last.train_loss);
        CHECK(summary.fresh_correct == last.fresh_correct && evaluation.loss == loss);
        fleet_delete(&f);
    }
    free(expected);
}

static void a_restored_fleet_goes_on_to_the_same_bytes(void **state)
{
    (void)state;
    fleet f;
    fleet_prepare(&f, 8, 200, 2);
    f.setup.participation = 3;
    f.train.momentum = 0.9;
    fleet_start(&f);
    float *saved = NULL;
    for (int t = 1; t <= ROUNDS; t++) {
        fleet_round(&f);
        if (t == 2)
            saved = fleet_model(&f);
    }
    float *expected = fleet_model(&f);
    mmofl_simulation_delete(f.simulation);
    fleet_start(&f);
    CHECK_OK(mmofl_simulation_restore(f.simulation, 2, saved));
    for (int t = 3; t <= ROUNDS; t++)
        CHECK_INT(fleet_round(&f).round, t);
    CHECK(fixture_same_bits(mmofl_simulation_parameters(f.simulation), expected,
                            fleet_parameters(&f)));
    free(saved);
    free(expected);
    fleet_delete(&f);
}

static void another_seed_gives_another_model(void **state)
{
    (void)state;
    float *model[2];
    size_t n = 0;
    for (uint64_t seed = 0; seed < 2; seed++) {
        fleet f;
        fleet_prepare(&f, 4, 100, 1);
        f.setup.seed = seed;
        fleet_start(&f);
        fleet_round(&f);
        model[seed] = fleet_model(&f);
        n = fleet_parameters(&f);
        fleet_delete(&f);
    }
    CHECK(!fixture_same_bits(model[0], model[1], n));
    free(model[0]);
    free(model[1]);
}

static void only_participants_learn(void **state)
{
    (void)state;
    fleet f;
    fleet_prepare(&f, 20, 200, 2);
    f.setup.participation = 0.25;
    fleet_start(&f);
    mmofl_round_summary s = fleet_round(&f);
    CHECK(s.participants == 5 && s.updates == 5);
    CHECK_INT(s.fresh, 5 * 12); /* a full buffer in round 1, from pools of 10 */
    CHECK_INT(s.steps, 5 * 2 * 3);
    CHECK_INT(fleet_round(&f).fresh, 5 * 4);
    fleet_delete(&f);
}

/* ---------------------------------------------------------------- one device */

typedef struct held_samples {
    const mmofl_dataset *data;
    const uint32_t *index;
} held_samples;

static void fetch_held(void *context, int i, int modality, float *values)
{
    const held_samples *s = context;
    mmofl_dataset_values(s->data, s->index[i], modality, values);
}

/* What a lone device would do: no coordinator, no link, no averaging. */
static void learn_alone(const fleet *f, int rounds, float *w)
{
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_partition pool;
    CHECK_OK(mmofl_partition_make(f->data, NULL, &f->partition, 1, f->setup.seed,
                                  &arena, &pool, NULL));
    const mmofl_model *model = mmofl_simulation_model(f->simulation);
    mmofl_learner_setup setup = {.model = model,
                                 .train = &f->train,
                                 .seed = f->setup.seed,
                                 .buffer = f->stream.buffer};
    mmofl_learner_space *space;
    CHECK_OK(mmofl_learner_space_new(&setup, false, 0, &space));
    uint32_t *scratch = MMOFL_ARENA_NEW(&arena, pool.start[1], uint32_t);
    mmofl_model_init(model, f->setup.seed, w);
    for (int t = 1; t <= rounds; t++) {
        uint32_t held[64], mask[64];
        int32_t label[64];
        mmofl_window window =
            mmofl_stream_window(&f->stream, pool.start[1], (uint64_t)t);
        mmofl_stream_held(&f->stream, pool.index, pool.start[1], f->setup.seed, 0,
                          window, held, scratch);
        for (int i = 0; i < window.held; i++) {
            mask[i] = f->data->mask[held[i]];
            label[i] = f->data->label[held[i]];
        }
        held_samples samples = {f->data, held};
        mmofl_buffer_view buffer = {.samples = {.n = window.held,
                                                .mask = mask,
                                                .label = label,
                                                .fetch = fetch_held,
                                                .context = &samples},
                                    .fresh = window.fresh};
        mmofl_broadcast broadcast = {
            .round = (uint64_t)t, .n_parameters = model->n_parameters, .parameters = w};
        mmofl_update update;
        CHECK_OK(
            mmofl_learner_round(&setup, space, 0, &broadcast, &buffer, NULL, &update));
        memcpy(w, update.parameters, model->n_parameters * sizeof *w);
    }
    mmofl_learner_space_delete(space);
    mmofl_arena_free(&arena);
}

/* Averaging one model rounds each parameter to a multiple of 2^-34, no more. */
static void a_fleet_of_one_device_is_that_device_learning_alone(void **state)
{
    (void)state;
    fleet f;
    fleet_prepare(&f, 1, 60, 2);
    fleet_start(&f);
    size_t n = fleet_parameters(&f);
    float *alone = malloc(n * sizeof *alone);
    CHECK(alone);
    for (int rounds = 1; rounds <= ROUNDS; rounds++) {
        fleet_round(&f);
        learn_alone(&f, rounds, alone);
        const float *w = mmofl_simulation_parameters(f.simulation);
        for (size_t i = 0; i < n; i++)
            CHECK_NEAR(w[i], alone[i], rounds == 1 ? 0x1p-34 : 1e-5);
    }
    free(alone);
    fleet_delete(&f);
}

/* ---------------------------------------------------------------- learning */

static void a_few_rounds_lift_accuracy_well_above_chance(void **state)
{
    (void)state;
    fleet f;
    fleet_prepare(&f, 8, 400, 2);
    f.stream = (mmofl_stream_spec){.buffer = 40, .fresh = 10};
    fleet_start(&f);
    double before = mmofl_simulation_evaluate(f.simulation).accuracy;
    double first = 0, last = 0;
    for (int t = 1; t <= 12; t++) {
        mmofl_round_summary s = fleet_round(&f);
        first = t == 1 ? s.train_loss : first;
        last = s.train_loss;
    }
    double after = mmofl_simulation_evaluate(f.simulation).accuracy;
    if (!(after > 0.6 && after > before + 0.2 && last < first / 2))
        fail_msg("accuracy %g -> %g, loss %g -> %g", before, after, first, last);
    fleet_delete(&f);
}

/* ---------------------------------------------------------------- validation */

static void nobody_trains_on_the_validation_part(void **state)
{
    (void)state;
    fleet f;
    fleet_prepare(&f, 4, 60, 2);
    f.setup.validation = 0.5;
    f.stream = (mmofl_stream_spec){.buffer = 60, .at_end = MMOFL_END_STOP};
    fleet_start(&f);
    CHECK(mmofl_simulation_has_validation(f.simulation));
    mmofl_evaluation e = mmofl_simulation_validate(f.simulation);
    CHECK_INT(fleet_round(&f).fresh, 60 - e.samples);
    CHECK(e.samples >= 27 && e.samples <= 30); /* half of each, rounded down */
    CHECK(mmofl_simulation_validate(f.simulation).loss != e.loss);
    fleet_delete(&f);
}

/* ---------------------------------------------------------------- ends of streams */

/* Pools of 2, 1 sample in round 1, 5 wanted in each later round. */
static void a_stream_that_has_ended_leaves_rounds_without_fresh_samples(void **state)
{
    (void)state;
    fleet f;
    fleet_prepare(&f, 4, 8, 2);
    f.stream = (mmofl_stream_spec){
        .buffer = 5, .fresh = 5, .initial = 1, .at_end = MMOFL_END_STOP};
    fleet_start(&f);
    CHECK_INT(fleet_round(&f).fresh, 4);
    CHECK_INT(fleet_round(&f).fresh, 4);
    for (int t = 3; t <= 5; t++) {
        float *before = fleet_model(&f);
        mmofl_round_summary s = fleet_round(&f);
        CHECK(s.fresh == 0 && s.fresh_correct == 0 && s.loss == 0);
        CHECK(s.updates == 4 && s.steps == 4 * 2);
        CHECK(isfinite(s.train_loss) && s.train_loss > 0);
        CHECK(!fixture_same_bits(before, mmofl_simulation_parameters(f.simulation),
                                 fleet_parameters(&f)));
        free(before);
    }
    fleet_delete(&f);
}

static void a_buffer_larger_than_the_pool_goes_through_it_again(void **state)
{
    (void)state;
    fleet f;
    fleet_prepare(&f, 8, 8, 1); /* pools of 1 */
    f.stream = (mmofl_stream_spec){.buffer = 7, .fresh = 3};
    fleet_start(&f);
    CHECK_INT(fleet_round(&f).fresh, 8 * 7);
    CHECK_INT(fleet_round(&f).fresh, 8 * 3);
    fleet_delete(&f);
}

/* ---------------------------------------------------------------- refusals */

static void refuse(fleet *f, mmofl_status wanted, const char *text)
{
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_simulation_new(&f->setup, &f->simulation, &err), wanted);
    CHECK(!f->simulation);
    CHECK_CONTAINS(err.text, text);
}

static void what_does_not_fit_is_refused_with_a_text(void **state)
{
    (void)state;
    fleet f;
    fleet_prepare(&f, 31, 30, 1);
    refuse(&f, MMOFL_E_INFEASIBLE, "31 devices");
    f.setup.devices = 0;
    refuse(&f, MMOFL_E_RANGE, "devices is 0");
    f.setup.devices = 5;
    f.setup.participation = 6;
    refuse(&f, MMOFL_E_RANGE, "participation 6 of 5");
    f.setup.participation = 1;
    f.spec.encoder[1].modality = "magnetometer";
    refuse(&f, MMOFL_E_UNKNOWN, "magnetometer");
    f.spec.encoder[1].modality = f.data->modality[1].name;
    fixture_head(&f.spec, "linear out=5");
    refuse(&f, MMOFL_E_SHAPE, "6 classes");
    fixture_head(&f.spec, "linear out=6");
    fleet_start(&f);
    fleet_delete(&f);
}

static void divergence_is_refused_and_says_where(void **state)
{
    (void)state;
    fleet f;
    fleet_prepare(&f, 4, 100, 2);
    f.train.lr = fixture_pick(mmofl_lr_kinds(), "constant start=1000");
    f.train.weight_decay = 1e6; /* parameters grow by 1e9 in each step */
    fleet_start(&f);
    float *before = fleet_model(&f);
    mmofl_round_summary summary = {.round = 77};
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_simulation_round(f.simulation, NULL, &summary, &err),
                 MMOFL_E_NONFINITE);
    CHECK_CONTAINS(err.text, "round 1, device 0");
    CHECK_CONTAINS(err.text, "train.lr");
    CHECK_INT(summary.round, 77);
    CHECK(fixture_same_bits(mmofl_simulation_parameters(f.simulation), before,
                            fleet_parameters(&f)));
    free(before);
    fleet_delete(&f);
}

static void any_failing_allocation_is_reported(void **state)
{
    (void)state;
    fleet f;
    fleet_prepare(&f, 5, 60, 2);
    f.setup.participation = 2;
    for (f.setup.fail_after = 1; !f.simulation; f.setup.fail_after++) {
        mmofl_error err = {0};
        mmofl_status st = mmofl_simulation_new(&f.setup, &f.simulation, &err);
        CHECK(st == MMOFL_OK || (st == MMOFL_E_MEMORY && err.text[0]));
        CHECK((st == MMOFL_OK) == (f.simulation != NULL));
    }
    CHECK(f.setup.fail_after > 10);
    fleet_delete(&f);
    mmofl_simulation_delete(NULL);
}

/* ---------------------------------------------------------------- watching */

typedef struct watched {
    int before, steps;
    float first;
} watched;

static void note_before(void *context, const float *parameters)
{
    watched *w = context;
    w->before++;
    w->first = parameters[0];
}

static void note_step(void *context, int step, const mmofl_batch *batch, double loss,
                      const float *gradient, const float *parameters,
                      const mmofl_workspace *workspace)
{
    (void)batch, (void)gradient, (void)parameters, (void)workspace;
    watched *w = context;
    CHECK(step == w->steps && isfinite(loss));
    w->steps++;
}

static void watching_a_device_sees_its_round_and_changes_nothing(void **state)
{
    (void)state;
    float *model[2];
    size_t n = 0;
    for (int watching = 0; watching < 2; watching++) {
        fleet f;
        fleet_prepare(&f, 6, 120, 2);
        fleet_start(&f);
        watched seen = {0};
        mmofl_simulation_watch watch = {
            .device = 3, .round = 2, .learner = {note_step, &seen}, note_before};
        float first = 0;
        for (int t = 1; t <= 3; t++) {
            if (t == 2)
                first = mmofl_simulation_parameters(f.simulation)[0];
            mmofl_round_summary summary;
            CHECK_OK(mmofl_simulation_round(f.simulation, watching ? &watch : NULL,
                                            &summary, NULL));
        }
        CHECK_INT(seen.before, watching);
        CHECK_INT(seen.steps, watching * 2 * 3);
        CHECK(!watching || seen.first == first);
        model[watching] = fleet_model(&f);
        n = fleet_parameters(&f);
        fleet_delete(&f);
    }
    CHECK(fixture_same_bits(model[0], model[1], n));
    free(model[0]);
    free(model[1]);
}

/* ---------------------------------------------------------------- memory */

static void nothing_is_allocated_in_a_round(void **state)
{
    (void)state;
#if COUNTS_ALLOCATIONS
    fleet f;
    fleet_prepare(&f, 9, 120, 2);
    f.setup.participation = 4;
    fleet_start(&f);
    long before = allocations;
    CHECK(before > 0); /* they are counted */
    for (int t = 0; t < 3; t++) {
        fleet_round(&f);
        mmofl_simulation_evaluate(f.simulation);
    }
    CHECK_INT(allocations - before, 0);
    fleet_delete(&f);
#else
    CHECK_SKIP("this build has a malloc of its own");
#endif
}

static void the_memory_plan_is_what_was_taken(void **state)
{
    (void)state;
#if COUNTS_ALLOCATIONS
    fleet f;
    fleet_prepare(&f, 2000, 300, 2);
    f.partition = fixture_pick(mmofl_partition_kinds(), "shared per_device=150");
    f.setup.participation = 10;
    f.spec = (fixture_spec){0};
    for (int m = 0; m < 2; m++) /* a model as large as a real one */
        fixture_add(&f.spec, f.data->modality[m].name, f.data->modality[m].shape,
                    "conv1d out=32 kernel=9; relu; flatten; linear out=64; relu");
    fixture_head(&f.spec, "linear out=6");
    size_t before = bytes_held();
    fleet_start(&f);
    double taken = (double)(bytes_held() - before);
    mmofl_memory_plan plan = mmofl_simulation_memory(f.simulation);
    double planned = (double)(plan.devices + plan.threads + plan.coordinator);
    CHECK_NEAR(planned / taken, 1, 0.05); /* ends of blocks are lost */
    CHECK(plan.per_device >= 150 * sizeof(uint32_t) &&
          plan.per_device < 160 * sizeof(uint32_t));
    CHECK(plan.data >= 450 * 2 * 128 * 3 * sizeof(float));
    fleet_delete(&f);
#else
    CHECK_SKIP("this build has a malloc of its own");
#endif
}

/* 2000 pools of 150 samples are 1.2 MB.  Nothing of what passes the limit is taken: the
 * refusal comes before. */
static void what_passes_the_memory_limit_is_refused_with_numbers(void **state)
{
    (void)state;
    fleet f;
    mmofl_error err = {0};
    fleet_prepare(&f, 2000, 300, 3);
    f.partition = fixture_pick(mmofl_partition_kinds(), "shared per_device=150");
    f.setup.memory_limit = 1000000;
    CHECK_STATUS(mmofl_simulation_new(&f.setup, &f.simulation, &err), MMOFL_E_MEMORY);
    CHECK_CONTAINS(err.text, "the pools of 2000 devices take 1 MiB (608 bytes each)");
    CHECK_CONTAINS(err.text, "and 1 MiB are free: wanted fewer devices");
    f.setup.memory_limit = 1300000;
    CHECK_STATUS(mmofl_simulation_new(&f.setup, &f.simulation, &err), MMOFL_E_MEMORY);
    CHECK_CONTAINS(err.text, "3 threads take 0 MiB each");
    f.setup.memory_limit = 10000000;
    fleet_start(&f);
    mmofl_memory_plan plan = mmofl_simulation_memory(f.simulation);
    CHECK(mmofl_memory_total(plan) - plan.data < f.setup.memory_limit);
    fleet_delete(&f);
}

CHECK_MAIN(TEST(every_number_of_threads_gives_the_same_bytes),
           TEST(a_restored_fleet_goes_on_to_the_same_bytes),
           TEST(another_seed_gives_another_model), TEST(only_participants_learn),
           TEST(a_fleet_of_one_device_is_that_device_learning_alone),
           TEST(a_few_rounds_lift_accuracy_well_above_chance),
           TEST(nobody_trains_on_the_validation_part),
           TEST(a_stream_that_has_ended_leaves_rounds_without_fresh_samples),
           TEST(a_buffer_larger_than_the_pool_goes_through_it_again),
           TEST(what_does_not_fit_is_refused_with_a_text),
           TEST(divergence_is_refused_and_says_where),
           TEST(any_failing_allocation_is_reported),
           TEST(watching_a_device_sees_its_round_and_changes_nothing),
           TEST(nothing_is_allocated_in_a_round),
           TEST(the_memory_plan_is_what_was_taken),
           TEST(what_passes_the_memory_limit_is_refused_with_numbers))
