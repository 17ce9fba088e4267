/* The head alone: it is the head of the whole model, on features that are made up. */
#define _GNU_SOURCE
#include "nn_fixture.h"

enum { N = 7, CAPACITY = 9, D = 6, K = 4 };

/* A model without parameters before its head: its features are its inputs. */
typedef struct rig {
    fixture_spec spec;
    mmofl_model *model;
    mmofl_workspace *ws;
    mmofl_head_pass *pass;
    float x[N][D], *w, *whole, *alone;
    uint32_t mask[N];
    int32_t label[N];
    mmofl_batch batch;
} rig;

static void fetch(void *context, int i, int modality, float *values)
{
    (void)modality;
    const rig *r = context;
    memcpy(values, r->x[i], sizeof r->x[i]);
}

static float *zeros(size_t n)
{
    float *x = calloc(n, sizeof *x);
    CHECK(x);
    return x;
}

static void rig_new(rig *r, const char *head)
{
    *r = (rig){0};
    fixture_add(&r->spec, "a", (mmofl_shape){1, {D}}, "flatten");
    fixture_head(&r->spec, head);
    r->model = fixture_model(&r->spec, K, NULL);
    CHECK_OK(mmofl_workspace_new(r->model, N, true, 0, &r->ws));
    CHECK_OK(mmofl_head_pass_new(r->model, CAPACITY, 0, &r->pass));
    size_t n = r->model->n_parameters;
    r->w = zeros(n), r->whole = zeros(n), r->alone = zeros(n);
    mmofl_model_init(r->model, 3, r->w);
    fixture_fill(&r->x[0][0], N * D, 70);
    for (int i = 0; i < N; i++)
        r->mask[i] = 1, r->label[i] = i % K;
    r->batch = (mmofl_batch){
        .n = N, .mask = r->mask, .label = r->label, .fetch = fetch, .context = r};
}

static void rig_delete(rig *r)
{
    free(r->w), free(r->whole), free(r->alone);
    mmofl_head_pass_delete(r->pass);
    mmofl_workspace_delete(r->ws);
    mmofl_model_delete(r->model);
}

static double run(rig *r, const float *weight, float *softmax, float *g)
{
    mmofl_span z = mmofl_head_pass_features(r->pass);
    for (int i = 0; i < N; i++)
        memcpy(z.at + (size_t)i * z.stride, r->x[i], sizeof r->x[i]);
    return mmofl_head_pass_run(r->pass, r->w, N, r->label, weight, softmax, g);
}

static const char *const heads[] = {
    "linear out=4",
    "linear out=5; relu; linear out=4",
    "relu; linear out=8; tanh; layer_norm; linear out=4",
    "dropout p=0.5; linear out=4; leaky_relu",
    "tanh; relu; linear out=4",
};
enum { HEADS = sizeof heads / sizeof *heads };

static void equal_weights_give_the_model_s_own_gradient(void **state)
{
    (void)state;
    for (int h = 0; h < HEADS; h++) {
        rig r;
        rig_new(&r, heads[h]);
        float weight[N];
        for (int i = 0; i < N; i++)
            weight[i] = 1.0f / N;
        double loss =
            mmofl_model_gradient(r.model, r.ws, r.w, &r.batch, NULL, r.whole).loss_sum;
        CHECK_NEAR(run(&r, weight, NULL, r.alone), loss / N, 1e-7);
        CHECK(fixture_same_bits(r.alone, r.whole, r.model->n_parameters));
        rig_delete(&r);
    }
}

static void weights_scale_each_sample_s_gradient(void **state)
{
    (void)state;
    rig r;
    rig_new(&r, heads[1]);
    size_t n = r.model->n_parameters;
    double *wanted = calloc(n, sizeof *wanted), loss = 0;
    CHECK(wanted);
    static const float weight[N] = {0, 0.5f, 3, 0, 1, 0.25f, 2};
    for (int i = 0; i < N; i++) {
        float alone[N] = {0};
        alone[i] = 1;
        memset(r.whole, 0, n * sizeof(float));
        loss += (double)weight[i] * run(&r, alone, NULL, r.whole);
        for (size_t k = 0; k < n; k++)
            wanted[k] += (double)weight[i] * (double)r.whole[k];
    }
    CHECK_NEAR(run(&r, weight, NULL, r.alone), loss, 1e-5);
    fixture_check_close("gradient", r.alone, wanted, n, 1e-5);
    free(wanted);
    rig_delete(&r);
}

static void the_gradient_is_added_and_stays_out_of_the_encoders(void **state)
{
    (void)state;
    rig r = {0};
    fixture_add(&r.spec, "a", (mmofl_shape){1, {D}}, "linear out=6");
    fixture_head(&r.spec, "linear out=4");
    r.model = fixture_model(&r.spec, K, NULL);
    CHECK_OK(mmofl_head_pass_new(r.model, CAPACITY, 0, &r.pass));
    size_t n = r.model->n_parameters, head = r.model->head_parameters;
    r.w = zeros(n), r.whole = zeros(n), r.alone = zeros(n);
    mmofl_model_init(r.model, 3, r.w);
    static const float weight[N] = {1, 1, 1, 1, 1, 1, 1};
    run(&r, weight, NULL, r.whole);
    for (size_t k = 0; k < n; k++)
        r.alone[k] = 5;
    run(&r, weight, NULL, r.alone);
    for (size_t k = 0; k < n; k++) {
        CHECK_NEAR(r.alone[k], 5 + (double)r.whole[k], 1e-5);
        CHECK(k >= head || (r.whole[k] == 0 && r.alone[k] == 5));
    }
    rig_delete(&r);
}

static void probabilities_are_the_model_s(void **state)
{
    (void)state;
    for (int h = 0; h < HEADS; h++) {
        rig r;
        rig_new(&r, heads[h]);
        static const float weight[N] = {0};
        float wanted[N * K], softmax[N * K];
        mmofl_model_predict(r.model, r.ws, r.w, &r.batch, NULL, NULL, wanted);
        CHECK(run(&r, weight, softmax, NULL) == 0);
        CHECK(fixture_same_bits(softmax, wanted, N * K));
        rig_delete(&r);
    }
}

static void any_failing_allocation_is_reported(void **state)
{
    (void)state;
    rig r;
    rig_new(&r, heads[2]);
    mmofl_head_pass *pass = NULL;
    long fail_after = 1;
    for (; !pass; fail_after++) {
        mmofl_status st = mmofl_head_pass_new(r.model, CAPACITY, fail_after, &pass);
        CHECK(st == MMOFL_E_MEMORY || st == MMOFL_OK);
        CHECK((st == MMOFL_OK) == (pass != NULL));
    }
    CHECK(fail_after > 4);
    CHECK(mmofl_head_pass_bytes(pass) > CAPACITY * D * sizeof(float));
    mmofl_head_pass_delete(pass);
    mmofl_head_pass_delete(NULL);
    rig_delete(&r);
}

CHECK_MAIN(TEST(equal_weights_give_the_model_s_own_gradient),
           TEST(weights_scale_each_sample_s_gradient),
           TEST(the_gradient_is_added_and_stays_out_of_the_encoders),
           TEST(probabilities_are_the_model_s),
           TEST(any_failing_allocation_is_reported))
