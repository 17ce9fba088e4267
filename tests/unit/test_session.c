/* test_session.c - the public API: the program's numbers, its files, and refusals. */
#include "scratch.h"

#include <locale.h>

#include "base/file.h"
#include "mmofl/mmofl.h"
#include "run/seed_run.h"

enum { ROUNDS = 4, CLASSES = 6, WINDOW = 128 * 3 };

static const char experiment[] =
    "name: small\n"
    "rounds: 4\n"
    "data: {set: synthetic-har, train: 400, test: 90, persons: 10}\n"
    "fleet: {devices: 5, partition: iid}\n"
    "stream: {buffer: 30, new: 7}\n"
    "train: {lr: 0.2, batch: 8}\n"
    "evaluate: {every: 2}\n";

/* The small experiment with one setting more (NULL: none). */
static mmofl_session *open_small(int threads, const char *setting)
{
    mmofl_session *session = NULL;
    mmofl_error err = {0};
    mmofl_session_options options = {
        .settings = &setting, .n_settings = setting ? 1 : 0, .threads = threads};
    if (mmofl_session_open_text(experiment, NULL, &options, &session, &err))
        fail_msg("%s", err.text);
    return session;
}

static void run_rounds(mmofl_session *session, int n)
{
    for (int i = 0; i < n; i++)
        CHECK_OK(mmofl_session_round(session, NULL, NULL));
}

static bool same_model(const mmofl_session *a, const mmofl_session *b)
{
    return memcmp(mmofl_session_parameters(a), mmofl_session_parameters(b),
                  mmofl_session_parameter_count(a) * sizeof(float)) == 0;
}

static void headers_and_library_have_one_version(void **state)
{
    (void)state;
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", MMOFL_VERSION_MAJOR, MMOFL_VERSION_MINOR,
             MMOFL_VERSION_PATCH);
    CHECK_TEXT(mmofl_version(), text);
}

/* ---------------------------------------------------------------- beside the program
 */

/* The session that goes along with the store's rounds. */
static mmofl_status compare_round(void *context, const mmofl_round_record *r)
{
    mmofl_session *session = context;
    mmofl_round_metrics m;
    CHECK_OK(mmofl_session_round(session, &m, NULL));
    CHECK_INT(m.round, r->round);
    CHECK_INT(m.participants, r->participants);
    CHECK_INT(m.samples_new, r->samples_new);
    CHECK_INT(m.steps, r->steps);
    CHECK_INT(m.bytes_up, r->bytes_up);
    CHECK_INT(m.bytes_down, r->bytes_down);
    CHECK(m.step_size == r->step_size);
    CHECK(m.prequential_loss == r->prequential_loss);
    CHECK(m.prequential_accuracy == r->prequential_accuracy);
    CHECK(m.train_loss == r->train_loss);
    for (int i = 0; i < r->n_evaluations; i++) {
        mmofl_test_metrics test = mmofl_session_test(session);
        CHECK_TEXT(r->evaluations[i].part, "test");
        CHECK(test.loss == r->evaluations[i].loss);
        CHECK(test.accuracy == r->evaluations[i].accuracy);
        CHECK(test.macro_f1 == r->evaluations[i].macro_f1);
    }
    return MMOFL_OK;
}

static void check_same_bytes(const char *path_a, const char *path_b)
{
    unsigned char *a, *b;
    size_t size_a, size_b;
    CHECK_OK(mmofl_file_read(path_a, 1 << 20, &a, &size_a, NULL));
    CHECK_OK(mmofl_file_read(path_b, 1 << 20, &b, &size_b, NULL));
    CHECK_INT(size_a, size_b);
    CHECK(memcmp(a, b, size_a) == 0);
    free(a);
    free(b);
}

static void a_session_gives_the_bytes_of_mmofl_run(void **state)
{
    (void)state;
    scratch s;
    scratch_new(&s);
    const uint64_t seed = 7;
    const char *set_seed = "seeds=7";
    mmofl_experiment x;
    mmofl_setup setup;
    mmofl_run_folder *folder;
    CHECK_OK(mmofl_experiment_parse(experiment, strlen(experiment), "small", NULL,
                                    &set_seed, 1, &x, NULL));
    CHECK_OK(mmofl_setup_init(&setup, &x, 2, NULL));
    char *text = mmofl_experiment_text(&x);
    CHECK_OK(mmofl_run_folder_create(scratch_path(&s, "run"), text, &folder, NULL));
    CHECK_OK(mmofl_seed_run(&setup, folder, 0, &(mmofl_run_watch){0}, NULL));

    mmofl_session_options options = {.threads = 1, .seed = &seed};
    mmofl_session *session;
    CHECK_OK(mmofl_session_open_text(experiment, NULL, &options, &session, NULL));
    CHECK_INT(mmofl_session_seed(session), seed);
    CHECK_TEXT(mmofl_session_experiment(session), text);
    mmofl_run run;
    CHECK_OK(mmofl_run_folder_begin(folder, x.name, seed, mmofl_version(), &run, NULL));
    CHECK_OK(mmofl_run_store_each_round(mmofl_run_folder_store(folder), run.id,
                                        compare_round, session, NULL));
    CHECK_INT(mmofl_session_rounds_done(session), ROUNDS);
    CHECK_INT(mmofl_session_rounds_planned(session), ROUNDS);

    char ours[512];
    snprintf(ours, sizeof ours, "%s", scratch_path(&s, "ours.safetensors"));
    CHECK_OK(mmofl_session_save(session, ours, NULL));
    check_same_bytes(ours, scratch_path(&s, "run/seed-7/model.safetensors"));

    mmofl_session_close(session);
    mmofl_run_folder_close(folder);
    free(text);
    mmofl_setup_free(&setup);
    mmofl_experiment_free(&x);
    scratch_delete(&s);
}

static void thread_counts_give_one_model(void **state)
{
    (void)state;
    mmofl_session *one = open_small(1, NULL), *three = open_small(3, NULL);
    run_rounds(one, 2);
    run_rounds(three, 2);
    CHECK(same_model(one, three));
    mmofl_session_close(three);
    mmofl_session_close(one);
}

static void a_locale_with_a_comma_changes_nothing(void **state)
{
    (void)state;
    if (!setlocale(LC_ALL, "de_DE.UTF-8"))
        CHECK_SKIP("no de_DE locale here");
    mmofl_session *session = open_small(1, "train.lr=0.25");
    CHECK_CONTAINS(mmofl_session_experiment(session), "0.25");
    mmofl_session_close(session);
    setlocale(LC_ALL, "C");
}

/* ---------------------------------------------------------------- files */

static void a_saved_model_goes_on_in_another_session(void **state)
{
    (void)state;
    scratch s;
    scratch_new(&s);
    const char *path = scratch_path(&s, "model.safetensors");
    mmofl_session *a = open_small(1, NULL), *b = open_small(1, NULL);
    run_rounds(a, 2);
    CHECK_OK(mmofl_session_save(a, path, NULL));
    CHECK_OK(mmofl_session_load(b, path, NULL));
    CHECK_INT(mmofl_session_rounds_done(b), 2);
    CHECK(same_model(a, b));
    mmofl_test_metrics of_a = mmofl_session_test(a), of_b = mmofl_session_test(b);
    CHECK(of_a.loss == of_b.loss && of_a.accuracy == of_b.accuracy);
    CHECK(memcmp(of_a.confusion, of_b.confusion,
                 CLASSES * CLASSES * sizeof *of_a.confusion) == 0);
    run_rounds(a, 2);
    run_rounds(b, 2);
    CHECK(same_model(a, b));
    mmofl_session_close(b);
    mmofl_session_close(a);
    scratch_delete(&s);
}

static void files_of_other_models_are_refused_and_change_nothing(void **state)
{
    (void)state;
    scratch s;
    scratch_new(&s);
    const char *path = scratch_path(&s, "wide.safetensors");
    mmofl_session *wide = open_small(
                      1, "model.head=[{linear: {out: 9}}, relu, {linear: {out: 6}}]"),
                  *ours = open_small(1, NULL), *fresh = open_small(1, NULL);
    mmofl_error err = {0};
    CHECK_OK(mmofl_session_save(wide, path, NULL));
    CHECK_STATUS(mmofl_session_load(ours, path, &err), MMOFL_E_SHAPE);
    CHECK_CONTAINS(err.text, "wide.safetensors");
    CHECK_CONTAINS(err.text, "head.0.weight");
    CHECK_STATUS(
        mmofl_session_load(ours, MMOFL_TESTS_DIR "/golden/foreign.safetensors", &err),
        MMOFL_E_VERSION);
    CHECK_CONTAINS(err.text, "foreign.safetensors: format 'pt'");
    CHECK_STATUS(mmofl_session_load(ours, "no/such.safetensors", &err),
                 MMOFL_E_NOT_FOUND);
    CHECK_STATUS(mmofl_session_save(ours, "no/such/folder.safetensors", &err),
                 MMOFL_E_NOT_FOUND);
    CHECK(same_model(ours, fresh));
    CHECK_INT(mmofl_session_rounds_done(ours), 0);
    mmofl_session_close(fresh);
    mmofl_session_close(ours);
    mmofl_session_close(wide);
    scratch_delete(&s);
}

/* ---------------------------------------------------------------- parameters */

static void parameters_come_back_as_they_were_set(void **state)
{
    (void)state;
    mmofl_session *a = open_small(1, NULL), *b = open_small(1, NULL);
    run_rounds(a, 1);
    size_t n = mmofl_session_parameter_count(a);
    CHECK_OK(mmofl_session_set_parameters(b, mmofl_session_parameters(a), n, NULL));
    CHECK(same_model(a, b));
    CHECK_INT(mmofl_session_rounds_done(b), 0);
    CHECK(mmofl_session_test(a).loss == mmofl_session_test(b).loss);
    mmofl_session_close(b);
    mmofl_session_close(a);
}

static void parameters_that_cannot_be_used_are_refused(void **state)
{
    (void)state;
    mmofl_session *ours = open_small(1, NULL), *fresh = open_small(1, NULL);
    size_t n = mmofl_session_parameter_count(ours);
    float *bad = calloc(n, sizeof *bad);
    mmofl_error err = {0};
    CHECK(bad);
    CHECK_STATUS(mmofl_session_set_parameters(ours, bad, n - 1, &err), MMOFL_E_COUNT);
    bad[n - 1] = NAN;
    CHECK_STATUS(mmofl_session_set_parameters(ours, bad, n, &err), MMOFL_E_NONFINITE);
    CHECK(same_model(ours, fresh));
    free(bad);
    mmofl_session_close(fresh);
    mmofl_session_close(ours);
}

static void tensors_have_pytorch_names_and_shapes_and_make_up_the_model(void **state)
{
    (void)state;
    mmofl_session *session = open_small(1, NULL);
    mmofl_tensor_info info;
    size_t sum = 0;
    int n = 0;
    CHECK(mmofl_session_tensor(session, 0, &info));
    CHECK_TEXT(info.name, "encoders.accelerometer.0.weight");
    CHECK(info.n_dims == 3 && info.dim[0] == 16 && info.dim[1] == 3 &&
          info.dim[2] == 8);
    float weight[16 * 3 * 8], least = 1, most = -1;
    CHECK_OK(mmofl_session_tensor_read(session, 0, weight, NULL));
    for (size_t i = 0; i < info.count; i++) {
        least = weight[i] < least ? weight[i] : least;
        most = weight[i] > most ? weight[i] : most;
    }
    /* Drawn within 1/sqrt(3 * 8) = 0.204. */
    CHECK(least > -0.2042f && least < 0 && most < 0.2042f && most > 0);
    for (; mmofl_session_tensor(session, n, &info); n++)
        sum += info.count;
    CHECK_INT(sum, mmofl_session_parameter_count(session));
    CHECK_STATUS(mmofl_session_tensor_read(session, n, weight, NULL), MMOFL_E_RANGE);
    CHECK_STATUS(mmofl_session_tensor_read(session, -1, weight, NULL), MMOFL_E_RANGE);
    mmofl_session_close(session);
}

/* ---------------------------------------------------------------- prediction */

/* The test part's values of both modalities. */
static void test_values(const mmofl_session *session, const float *values[2], size_t *n)
{
    const mmofl_dataset *data = mmofl_session_data(session);
    for (int m = 0; m < 2; m++)
        values[m] = (const float *)data->values[m] + data->n_train * WINDOW;
    *n = data->n_samples - data->n_train;
}

static void predicting_the_test_part_gives_the_test_result(void **state)
{
    (void)state;
    mmofl_session *session = open_small(2, NULL);
    run_rounds(session, 2);
    const mmofl_dataset *data = mmofl_session_data(session);
    const float *values[2];
    size_t n;
    test_values(session, values, &n);
    float *probability = calloc(n * CLASSES, sizeof(float));
    CHECK(probability);
    CHECK_OK(mmofl_session_predict(session, n, values, data->mask + data->n_train,
                                   probability, NULL));
    uint64_t confusion[CLASSES * CLASSES] = {0};
    for (size_t i = 0; i < n; i++) {
        const float *row = probability + i * CLASSES;
        int top = 0;
        double sum = 0;
        for (int c = 0; c < CLASSES; c++) {
            top = row[c] > row[top] ? c : top;
            sum += (double)row[c];
        }
        CHECK_NEAR(sum, 1, 1e-5);
        confusion[data->label[data->n_train + i] * CLASSES + top]++;
    }
    mmofl_test_metrics test = mmofl_session_test(session);
    CHECK_INT(test.samples, n);
    CHECK_INT(test.classes, CLASSES);
    CHECK(memcmp(confusion, test.confusion, sizeof confusion) == 0);
    free(probability);
    mmofl_session_close(session);
}

static void values_of_missing_modalities_are_not_looked_at(void **state)
{
    (void)state;
    enum { N = 20 }; /* more than are predicted at a time */
    mmofl_session *session = open_small(1, NULL);
    const float *whole[2];
    size_t n;
    test_values(session, whole, &n);
    static float gyroscope[N * WINDOW];
    uint32_t present[N];
    float with_nan[N * CLASSES], with_values[N * CLASSES], alone[CLASSES];
    for (size_t i = 0; i < N; i++) {
        present[i] = i % 2 ? 3 : 1;
        for (size_t k = 0; k < WINDOW; k++)
            gyroscope[i * WINDOW + k] = i % 2 ? whole[1][i * WINDOW + k] : (float)NAN;
    }
    const float *holes[2] = {whole[0], gyroscope}, *none[2] = {whole[0], NULL};
    CHECK_OK(mmofl_session_predict(session, N, holes, present, with_nan, NULL));
    CHECK_OK(mmofl_session_predict(session, N, whole, present, with_values, NULL));
    CHECK(memcmp(with_nan, with_values, sizeof with_nan) == 0);
    CHECK_OK(mmofl_session_predict(session, 1, none, present, alone, NULL));
    CHECK(memcmp(alone, with_values, sizeof alone) == 0);
    present[0] = 3;
    CHECK_OK(mmofl_session_predict(session, 1, whole, present, alone, NULL));
    CHECK(memcmp(alone, with_values, sizeof alone) != 0);
    mmofl_session_close(session);
}

static void samples_that_cannot_be_predicted_are_refused(void **state)
{
    (void)state;
    mmofl_session *session = open_small(1, NULL);
    static float nan_at_the_end[2 * WINDOW];
    nan_at_the_end[2 * WINDOW - 1] = NAN;
    const float *values[2] = {nan_at_the_end, NULL};
    float probability[2 * CLASSES] = {-1};
    mmofl_error err = {0};
    const struct {
        uint32_t present[2];
        mmofl_status status;
        const char *says;
    } cases[] = {
        {{1, 4}, MMOFL_E_RANGE, "sample 1: present is 0x4"},
        {{1, 0}, MMOFL_E_MISSING, "sample 1 has no modality"},
        {{3, 1}, MMOFL_E_NONFINITE, "sample 1, accelerometer: value 383"},
        {{1, 2}, MMOFL_E_MISSING, "sample 1 has gyroscope, but its values are NULL"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_STATUS(mmofl_session_predict(session, 2, values, cases[i].present,
                                           probability, &err),
                     cases[i].status);
        CHECK_CONTAINS(err.text, cases[i].says);
        CHECK(probability[0] == -1);
    }
    CHECK_OK(mmofl_session_predict(session, 0, values, NULL, NULL, NULL));
    mmofl_session_close(session);
}

static void write_text(scratch *s, const char *name, const char *text)
{
    mmofl_error err = {0};
    CHECK_OK(mmofl_file_write(scratch_path(s, name), text, strlen(text), false, &err));
}

/* Token ids are floats here; what is none would be a row of the embedding that is not
 * there. */
static void tokens_that_are_none_are_refused(void **state)
{
    (void)state;
    scratch s;
    scratch_new(&s);
    CHECK_INT(setenv("MMOFL_CACHE_DIR", scratch_path(&s, "cache"), 1), 0);
    write_text(&s, "dataset.yaml",
               "classes: [no, yes]\n"
               "modalities: {note: {text_column: note, length: 3, vocabulary: 9}}\n");
    write_text(&s, "samples.csv",
               "id,label,owner,part,note\n"
               "a,no,1,train,not now\nb,yes,1,train,well yes\nc,no,2,test,not yet\n");
    mmofl_session *session = NULL;
    mmofl_error err = {0};
    mmofl_status st = mmofl_session_open_text(
        "name: notes\n"
        "data: {set: dir, path: .}\n"
        "fleet: {devices: 1, partition: iid}\n"
        "stream: {buffer: 2, new: 1}\n"
        "model: {modalities: {note: [{embedding: {out: 2}}, global_avg_pool]},\n"
        "        head: [{linear: {out: 2}}]}\n"
        "rounds: 1\n",
        s.folder, NULL, &session, &err);
    if (st)
        fail_msg("%s", err.text);
    const uint32_t present = 1;
    float ids[3] = {8, 0, 1}, probability[2] = {-1};
    const float *values[1] = {ids};
    const float none[] = {9, 1e30f, -1, 0.5f};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        ids[2] = none[i];
        CHECK_STATUS(
            mmofl_session_predict(session, 1, values, &present, probability, &err),
            MMOFL_E_RANGE);
        CHECK_CONTAINS(err.text, "sample 0, note: value 2 is");
        CHECK_CONTAINS(err.text, "from 0 to 8");
        CHECK(probability[0] == -1);
    }
    ids[2] = 8;
    CHECK_OK(mmofl_session_predict(session, 1, values, &present, probability, &err));
    mmofl_session_close(session);
    scratch_delete(&s);
}

static void a_model_of_one_modality_needs_no_values_of_the_other(void **state)
{
    (void)state;
    mmofl_session *session =
        open_small(1, "model.modalities={gyroscope: [flatten, {linear: {out: 4}}]}");
    const float *whole[2];
    size_t n;
    test_values(session, whole, &n);
    const float *values[2] = {NULL, whole[1]};
    const uint32_t both = 3, other = 1;
    float probability[CLASSES];
    CHECK_OK(mmofl_session_predict(session, 1, values, &both, probability, NULL));
    CHECK_STATUS(mmofl_session_predict(session, 1, values, &other, probability, NULL),
                 MMOFL_E_MISSING);
    mmofl_session_close(session);
}

/* ---------------------------------------------------------------- refusals */

static void what_cannot_be_opened_is_refused_with_its_place(void **state)
{
    (void)state;
    mmofl_session *untouched = (mmofl_session *)(uintptr_t)1, *session = untouched;
    mmofl_error err = {0};
    const char *unknown = "trian.lr=1", *too_many = "fleet.devices=900";
    mmofl_session_options wrong = {.settings = &unknown, .n_settings = 1},
                          many = {.settings = &too_many, .n_settings = 1},
                          negative = {.threads = -1};
    CHECK_STATUS(mmofl_session_open("no/such.yaml", NULL, &session, &err),
                 MMOFL_E_NOT_FOUND);
    CHECK_STATUS(
        mmofl_session_open_text("name: a\nrouns: 3\n", NULL, NULL, &session, &err),
        MMOFL_E_UNKNOWN);
    CHECK_CONTAINS(err.text, "experiment:2:1");
    CHECK_STATUS(mmofl_session_open_text(experiment, NULL, &wrong, &session, &err),
                 MMOFL_E_UNKNOWN);
    CHECK_STATUS(mmofl_session_open_text(experiment, NULL, &many, &session, &err),
                 MMOFL_E_INFEASIBLE);
    CHECK_STATUS(mmofl_session_open_text(experiment, NULL, &negative, &session, &err),
                 MMOFL_E_RANGE);
    CHECK(session == untouched);
    mmofl_session_close(NULL);
}

static void after_a_round_that_diverged_only_its_start_is_left(void **state)
{
    (void)state;
    mmofl_session *session = open_small(1, NULL);
    size_t n = mmofl_session_parameter_count(session);
    float *huge = calloc(n, sizeof *huge);
    mmofl_error err = {0};
    CHECK(huge);
    for (size_t i = 0; i < n; i++)
        huge[i] = 1e30f; /* finite, but not what comes of it */
    CHECK_OK(mmofl_session_set_parameters(session, huge, n, &err));
    CHECK_STATUS(mmofl_session_round(session, NULL, &err), MMOFL_E_NONFINITE);
    CHECK_CONTAINS(err.text, "diverged");
    CHECK_STATUS(mmofl_session_round(session, NULL, &err), MMOFL_E_STATE);
    CHECK_STATUS(mmofl_session_set_parameters(session, huge, n, &err), MMOFL_E_STATE);
    CHECK(memcmp(mmofl_session_parameters(session), huge, n * sizeof *huge) == 0);
    CHECK_INT(mmofl_session_rounds_done(session), 0);
    free(huge);
    mmofl_session_close(session);
}

static void a_session_may_go_on_after_the_planned_rounds(void **state)
{
    (void)state;
    mmofl_session *session = open_small(1, NULL);
    run_rounds(session, ROUNDS + 1);
    CHECK_INT(mmofl_session_rounds_done(session), ROUNDS + 1);
    mmofl_session_close(session);
}

static void the_memory_plan_adds_up_and_stays(void **state)
{
    (void)state;
    mmofl_session *session = open_small(2, NULL);
    mmofl_session_memory before = mmofl_session_memory_plan(session);
    CHECK(before.data >= (size_t)490 * 2 * WINDOW * sizeof(float));
    CHECK_INT(before.total,
              before.data + before.devices + before.threads + before.coordinator);
    run_rounds(session, 2);
    mmofl_session_memory after = mmofl_session_memory_plan(session);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    mmofl_session_close(session);
}

CHECK_MAIN(TEST(headers_and_library_have_one_version),
           TEST(a_session_gives_the_bytes_of_mmofl_run),
           TEST(thread_counts_give_one_model),
           TEST(a_locale_with_a_comma_changes_nothing),
           TEST(a_saved_model_goes_on_in_another_session),
           TEST(files_of_other_models_are_refused_and_change_nothing),
           TEST(parameters_come_back_as_they_were_set),
           TEST(parameters_that_cannot_be_used_are_refused),
           TEST(tensors_have_pytorch_names_and_shapes_and_make_up_the_model),
           TEST(predicting_the_test_part_gives_the_test_result),
           TEST(values_of_missing_modalities_are_not_looked_at),
           TEST(samples_that_cannot_be_predicted_are_refused),
           TEST(tokens_that_are_none_are_refused),
           TEST(a_model_of_one_modality_needs_no_values_of_the_other),
           TEST(what_cannot_be_opened_is_refused_with_its_place),
           TEST(after_a_round_that_diverged_only_its_start_is_left),
           TEST(a_session_may_go_on_after_the_planned_rounds),
           TEST(the_memory_plan_adds_up_and_stays))
