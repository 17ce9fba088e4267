/* Scores on a model that predicts what its input says. */
#define _GNU_SOURCE
#include "data/builder.h"
#include "learn/evaluator.h"
#include "nn_fixture.h"

enum { K = 4, TRAIN = 3 };

/* rows: true class, columns: predicted.  Class 3 never occurs and is never predicted.
 */
static const uint64_t by_hand[K][K] = {
    {9, 1, 2, 0},
    {0, 6, 4, 0},
    {3, 2, 13, 0},
    {0, 0, 0, 0},
};
enum { TESTED = 40 };

/* Samples whose input is twice the unit vector of the class to predict, the training
 * part first. */
static mmofl_dataset *new_data(const uint64_t confusion[K][K], size_t n, size_t n_train)
{
    static const char *const names[K] = {"sit", "stand", "walk", "fly"};
    mmofl_modality modality = {.name = "a", .shape = {1, {K}}};
    const mmofl_builder_plan plan = {.name = "by-hand",
                                     .citation = "",
                                     .n_modalities = 1,
                                     .modality = &modality,
                                     .n_classes = K,
                                     .class_name = names,
                                     .n_samples = n,
                                     .n_train = n_train};
    mmofl_builder builder;
    mmofl_dataset *set;
    CHECK_OK(mmofl_builder_begin(&plan, &builder, NULL));
    size_t i = n_train < n ? n_train : 0;
    for (int32_t label = 0; label < K; label++)
        for (int predicted = 0; predicted < K; predicted++)
            for (uint64_t count = confusion[label][predicted]; count > 0; count--) {
                ((float *)builder.values[0])[i * K + (size_t)predicted] = 2;
                builder.label[i++] = label;
            }
    CHECK_INT(i, n);
    CHECK_OK(mmofl_builder_finish(&builder, &set, NULL));
    set->standardize = MMOFL_STANDARDIZE_NONE;
    return set;
}

/* logits = input */
static mmofl_model *new_model(fixture_spec *spec, float *w)
{
    *spec = (fixture_spec){0};
    fixture_add(spec, "a", (mmofl_shape){1, {K}}, "flatten");
    fixture_head(spec, "linear out=4");
    mmofl_model *model = fixture_model(spec, K, NULL);
    CHECK_INT(model->n_parameters, K * K + K);
    memset(w, 0, model->n_parameters * sizeof *w);
    for (int c = 0; c < K; c++)
        w[c * K + c] = 1;
    return model;
}

/* Everything that a test needs. */
typedef struct rig {
    fixture_spec spec;
    float w[K * K + K];
    mmofl_model *model;
    mmofl_dataset *data;
    mmofl_pool *pool;
    mmofl_evaluator *evaluator;
} rig;

static void rig_new(rig *r, const uint64_t confusion[K][K], size_t n, size_t n_train,
                    int threads)
{
    *r = (rig){0};
    r->model = new_model(&r->spec, r->w);
    r->data = new_data(confusion, n, n_train);
    CHECK_OK(mmofl_pool_new(threads, &r->pool));
    CHECK_OK(mmofl_evaluator_new(
        &(mmofl_evaluator_setup){.model = r->model, .data = r->data, .pool = r->pool},
        &r->evaluator));
}

static void rig_delete(rig *r)
{
    mmofl_evaluator_delete(r->evaluator);
    mmofl_pool_delete(r->pool);
    mmofl_dataset_close(r->data);
    mmofl_model_delete(r->model);
}

static void check_score(const mmofl_evaluation *result, int class, uint64_t support,
                        double precision, double recall)
{
    mmofl_class_score score = mmofl_evaluation_class(result, class);
    CHECK_INT(score.support, support);
    CHECK_NEAR(score.precision, precision, 1e-15);
    CHECK_NEAR(score.recall, recall, 1e-15);
    double f1 =
        precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
    CHECK_NEAR(score.f1, f1, 1e-15);
}

static void scores_by_hand(void **state)
{
    (void)state;
    rig r;
    rig_new(&r, by_hand, TRAIN + TESTED, TRAIN, 1);
    mmofl_evaluation e = mmofl_evaluator_run(r.evaluator, r.w, NULL);
    CHECK(e.samples == TESTED && e.classes == K);
    CHECK(memcmp(e.confusion, by_hand, sizeof by_hand) == 0);
    CHECK_NEAR(e.accuracy, 28.0 / 40, 1e-15);
    check_score(&e, 0, 12, 9.0 / 12, 9.0 / 12);
    check_score(&e, 1, 10, 6.0 / 9, 6.0 / 10);
    check_score(&e, 2, 18, 13.0 / 19, 13.0 / 18);
    check_score(&e, 3, 0, 0, 0);
    double f1 = 2 * 9.0 / 24 + 2 * 6.0 / 19 + 2 * 13.0 / 37;
    CHECK_NEAR(e.macro_f1, f1 / 3, 1e-15); /* class 3 does not count */
    double right = log(exp(2) + 3) - 2, wrong = log(exp(2) + 3);
    CHECK_NEAR(e.loss, (28 * right + 12 * wrong) / 40, 1e-6);
    rig_delete(&r);
}

static void a_class_that_is_predicted_but_never_occurs_pulls_macro_f1_down(void **state)
{
    (void)state;
    static const uint64_t confusion[K][K] = {{5, 0, 0, 1}, {0, 4, 0, 0}, {0}, {0}};
    rig r;
    rig_new(&r, confusion, TRAIN + 10, TRAIN, 1);
    mmofl_evaluation e = mmofl_evaluator_run(r.evaluator, r.w, NULL);
    CHECK_NEAR(e.accuracy, 0.9, 1e-15);
    check_score(&e, 0, 6, 1, 5.0 / 6);
    check_score(&e, 3, 0, 0, 0);
    CHECK_NEAR(e.macro_f1, (10.0 / 11 + 1 + 0) / 3, 1e-15);
    rig_delete(&r);
}

static void a_class_that_occurs_but_is_never_predicted_has_no_precision(void **state)
{
    (void)state;
    static const uint64_t confusion[K][K] = {{3, 0, 0, 0}, {1, 0, 0, 0}, {0}, {0}};
    rig r;
    rig_new(&r, confusion, TRAIN + 4, TRAIN, 1);
    mmofl_evaluation e = mmofl_evaluator_run(r.evaluator, r.w, NULL);
    check_score(&e, 1, 1, 0, 0);
    CHECK_NEAR(e.macro_f1, (6.0 / 7 + 0) / 2, 1e-15);
    rig_delete(&r);
}

static void without_a_test_part_the_training_part_is_tested(void **state)
{
    (void)state;
    rig r;
    rig_new(&r, by_hand, TESTED, TESTED, 2);
    mmofl_evaluation e = mmofl_evaluator_run(r.evaluator, r.w, NULL);
    CHECK_INT(e.samples, TESTED);
    CHECK(memcmp(e.confusion, by_hand, sizeof by_hand) == 0);
    rig_delete(&r);
}

/* Of the test part's samples, those that count as the validation part: every other one.
 * (The evaluator looks at their numbers only.) */
static void the_validation_part_is_tested_apart(void **state)
{
    (void)state;
    rig r;
    rig_new(&r, by_hand, TRAIN + TESTED, TRAIN, 2);
    uint32_t sample[TESTED / 2];
    uint64_t wanted[K][K] = {{0}};
    for (uint32_t i = 0; i < TESTED / 2; i++) {
        sample[i] = TRAIN + 2 * i;
        const float *x = (const float *)r.data->values[0] + sample[i] * K;
        for (int c = 0; c < K; c++)
            wanted[r.data->label[sample[i]]][c] += x[c] > 0;
    }
    mmofl_holdout held_out = {TESTED / 2, sample};
    mmofl_evaluator *evaluator;
    CHECK_OK(mmofl_evaluator_new(
        &(mmofl_evaluator_setup){
            .model = r.model, .data = r.data, .pool = r.pool, .validation = &held_out},
        &evaluator));
    mmofl_evaluation e = mmofl_evaluator_run_validation(evaluator, r.w, NULL);
    CHECK_INT(e.samples, TESTED / 2);
    CHECK(memcmp(e.confusion, wanted, sizeof wanted) == 0);
    mmofl_evaluation test = mmofl_evaluator_run(evaluator, r.w, NULL);
    CHECK(memcmp(test.confusion, by_hand, sizeof by_hand) == 0);
    CHECK(memcmp(e.confusion, wanted, sizeof wanted) == 0); /* each has its own */
    mmofl_evaluator_delete(evaluator);
    rig_delete(&r);
}

/* Parameters that make every loss another number. */
static void every_number_of_threads_gives_the_same_bits(void **state)
{
    (void)state;
    float w[K * K + K];
    fixture_fill(w, K * K + K, 1);
    mmofl_evaluation first = {0};
    uint64_t confusion[K * K];
    for (int threads = 1; threads <= 3; threads++) {
        rig r;
        rig_new(&r, by_hand, TRAIN + TESTED, TRAIN, threads);
        for (int i = 0; i < TESTED; i++) /* no two samples alike */
            fixture_fill((float *)r.data->values[0] + (TRAIN + i) * K, K,
                         (uint64_t)i + 2);
        mmofl_evaluation e = mmofl_evaluator_run(r.evaluator, w, NULL);
        if (threads == 1) {
            first = e;
            memcpy(confusion, e.confusion, sizeof confusion);
        }
        CHECK(memcmp(&e.loss, &first.loss, sizeof e.loss) == 0);
        CHECK(e.accuracy == first.accuracy && e.macro_f1 == first.macro_f1);
        CHECK(memcmp(e.confusion, confusion, sizeof confusion) == 0);
        rig_delete(&r);
    }
}

static void a_second_run_forgets_the_first(void **state)
{
    (void)state;
    rig r;
    rig_new(&r, by_hand, TRAIN + TESTED, TRAIN, 2);
    float nothing[K * K + K] = {0};
    mmofl_evaluation e = mmofl_evaluator_run(r.evaluator, nothing, NULL);
    CHECK_NEAR(e.accuracy, 12.0 / 40, 1e-15); /* equal logits: class 0 */
    CHECK_NEAR(e.loss, log(K), 1e-6);
    e = mmofl_evaluator_run(r.evaluator, r.w, NULL);
    CHECK(memcmp(e.confusion, by_hand, sizeof by_hand) == 0);
    rig_delete(&r);
}

static void any_failing_allocation_is_reported(void **state)
{
    (void)state;
    rig r;
    rig_new(&r, by_hand, TRAIN + TESTED, TRAIN, 2);
    mmofl_evaluator *evaluator = NULL;
    const uint32_t sample[] = {0, 2};
    const mmofl_holdout held_out = {2, sample};
    long fail_after = 1;
    for (; !evaluator; fail_after++) {
        mmofl_status st =
            mmofl_evaluator_new(&(mmofl_evaluator_setup){.model = r.model,
                                                         .data = r.data,
                                                         .pool = r.pool,
                                                         .validation = &held_out,
                                                         .fail_after = fail_after},
                                &evaluator);
        CHECK(st == MMOFL_E_MEMORY || st == MMOFL_OK);
        CHECK((st == MMOFL_OK) == (evaluator != NULL));
    }
    CHECK(fail_after > 8);
    CHECK(mmofl_evaluator_bytes(evaluator) > mmofl_evaluator_bytes(r.evaluator));
    mmofl_evaluator_delete(evaluator);
    mmofl_evaluator_delete(NULL);
    rig_delete(&r);
}

CHECK_MAIN(TEST(scores_by_hand),
           TEST(a_class_that_is_predicted_but_never_occurs_pulls_macro_f1_down),
           TEST(a_class_that_occurs_but_is_never_predicted_has_no_precision),
           TEST(without_a_test_part_the_training_part_is_tested),
           TEST(the_validation_part_is_tested_apart),
           TEST(every_number_of_threads_gives_the_same_bits),
           TEST(a_second_run_forgets_the_first),
           TEST(any_failing_allocation_is_reported))
