/* Model files and checkpoints: parameters, and the state beside them. */
#define _GNU_SOURCE
#include "scratch.h"

#include "nn_fixture.h"
#include "run/model_file.h"

/* Lives as long as spec. */
static mmofl_model *small_model(fixture_spec *spec)
{
    *spec = (fixture_spec){0};
    fixture_add(spec, "a", (mmofl_shape){1, {2}}, "linear out=2");
    fixture_head(spec, "linear out=3");
    return fixture_model(spec, 3, NULL);
}

enum { MOMENTS = 4, MEANS = 3, COUNTS = 2 };

/* The arrays of a rule and of prototypes, in no good order. */
typedef struct state {
    double moment[MOMENTS];
    float mean[MEANS];
    uint32_t seen[COUNTS];
    mmofl_state_array array[3];
} state;

static void describe(state *s)
{
    s->array[0] =
        (mmofl_state_array){"state.rule.moment", MMOFL_STATE_F64, MOMENTS, s->moment};
    s->array[1] =
        (mmofl_state_array){"state.prototypes.mean", MMOFL_STATE_F32, MEANS, s->mean};
    s->array[2] =
        (mmofl_state_array){"state.prototypes.seen", MMOFL_STATE_U32, COUNTS, s->seen};
}

static const state written = {{0.1, -2, 1e-300, 4}, {1, 2, -0.5f}, {7, 0}, {{0}}};

static void write_state(const char *path, const mmofl_model *model, state *s,
                        const float *w, bool checkpoint)
{
    mmofl_model_tensors t;
    CHECK_OK(mmofl_model_tensors_init(&t, model, "name: x", 1));
    mmofl_model_tensors_add(&t, s->array, 3);
    mmofl_run_state out = checkpoint ? mmofl_model_tensors_checkpoint(&t, w, 5)
                                     : mmofl_model_tensors_fill(&t, w, 5);
    CHECK_OK(mmofl_safetensors_write(path, out.tensors, out.n_tensors, out.metadata,
                                     out.n_metadata, false, NULL));
    mmofl_model_tensors_free(&t);
}

static void a_checkpoint_brings_every_array_back(void **unused)
{
    (void)unused;
    scratch folder;
    scratch_new(&folder);
    const char *path = scratch_path(&folder, "c.safetensors");
    fixture_spec spec;
    mmofl_model *model = small_model(&spec);
    size_t n = model->n_parameters;
    float *w = calloc(2 * n, sizeof *w), *back = w + n;
    fixture_fill(w, n, 3);
    state s = written, read = {{0}, {0}, {0}, {{0}}};
    describe(&s);
    describe(&read);
    write_state(path, model, &s, w, true);
    mmofl_safetensors file;
    CHECK_OK(mmofl_safetensors_open(path, MMOFL_SAFETENSORS_FINITE, &file, NULL));
    CHECK_OK(mmofl_model_file_parameters(&file, model, back, NULL));
    CHECK_OK(mmofl_model_file_state(&file, read.array, 3, NULL));
    CHECK(fixture_same_bits(w, back, n));
    CHECK(memcmp(read.moment, written.moment, sizeof read.moment) == 0);
    CHECK(memcmp(read.mean, written.mean, sizeof read.mean) == 0);
    CHECK(memcmp(read.seen, written.seen, sizeof read.seen) == 0);
    mmofl_safetensors_close(&file);
    free(w);
    mmofl_model_delete(model);
    scratch_delete(&folder);
}

static void a_model_file_has_prototypes_and_no_other_state(void **unused)
{
    (void)unused;
    scratch folder;
    scratch_new(&folder);
    const char *path = scratch_path(&folder, "m.safetensors");
    fixture_spec spec;
    mmofl_model *model = small_model(&spec);
    float *w = calloc(model->n_parameters, sizeof *w);
    state s = written;
    describe(&s);
    write_state(path, model, &s, w, false);
    mmofl_safetensors file;
    CHECK_OK(mmofl_safetensors_open(path, 0, &file, NULL));
    CHECK(mmofl_safetensors_find(&file, "state.prototypes.mean"));
    CHECK(mmofl_safetensors_find(&file, "state.prototypes.seen"));
    CHECK(!mmofl_safetensors_find(&file, "state.rule.moment"));
    CHECK_OK(mmofl_model_file_parameters(&file, model, w, NULL));
    mmofl_safetensors_close(&file);
    free(w);
    mmofl_model_delete(model);
    scratch_delete(&folder);
}

static void state_of_another_run_is_refused_and_changes_nothing(void **unused)
{
    (void)unused;
    scratch folder;
    scratch_new(&folder);
    const char *path = scratch_path(&folder, "m.safetensors");
    fixture_spec spec;
    mmofl_model *model = small_model(&spec);
    float *w = calloc(model->n_parameters, sizeof *w);
    state s = written, read = {{0}, {0}, {0}, {{0}}};
    describe(&s);
    describe(&read);
    write_state(path, model, &s, w, true);
    mmofl_safetensors file;
    CHECK_OK(mmofl_safetensors_open(path, 0, &file, NULL));
    mmofl_error err = {0};
    read.array[2].n = 1;
    CHECK_STATUS(mmofl_model_file_state(&file, read.array, 3, &err), MMOFL_E_SHAPE);
    CHECK_CONTAINS(err.text, "state.prototypes.seen");
    read.array[2].n = COUNTS;
    read.array[2].name = "state.absent";
    CHECK_STATUS(mmofl_model_file_state(&file, read.array, 3, NULL), MMOFL_E_MISSING);
    read.array[2].name = "state.rule.moment";
    CHECK_STATUS(mmofl_model_file_state(&file, read.array, 3, NULL), MMOFL_E_TYPE);
    for (int i = 0; i < MOMENTS; i++)
        CHECK(read.moment[i] == 0);
    mmofl_safetensors_close(&file);
    free(w);
    mmofl_model_delete(model);
    scratch_delete(&folder);
}

CHECK_MAIN(TEST(a_checkpoint_brings_every_array_back),
           TEST(a_model_file_has_prototypes_and_no_other_state),
           TEST(state_of_another_run_is_refused_and_changes_nothing))
