/* model_file.c - between the model's one vector and named tensors. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/model_file.h"

static const char format[] = "mmofl-model-1";
static const char state_prefix[] = "state.", prototypes_prefix[] = "state.prototypes.";

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static int count_parameters(const mmofl_model *model)
{
    mmofl_parameter parameter;
    int n = 0;
    while (mmofl_model_parameter(model, n, &parameter))
        n++;
    return n;
}

static mmofl_tensor describe(const mmofl_parameter *parameter)
{
    mmofl_tensor tensor = {.name = parameter->name,
                           .type = MMOFL_TENSOR_F32,
                           .n_dims = parameter->plan->n_dims};
    for (int d = 0; d < tensor.n_dims; d++)
        tensor.dim[d] = parameter->plan->dim[d];
    return tensor;
}

mmofl_status mmofl_model_tensors_init(mmofl_model_tensors *t, const mmofl_model *model,
                                      const char *experiment, uint64_t seed)
{
    *t = (mmofl_model_tensors){.model = model, .n = (size_t)count_parameters(model)};
    t->parameter = MMOFL_ARENA_NEW(&t->arena, t->n, mmofl_parameter);
    t->n_model = t->n_all = t->n;
    t->tensor = MMOFL_ARENA_NEW(&t->arena, t->n + MMOFL_STATE_ARRAYS, mmofl_tensor);
    float *data = MMOFL_ARENA_NEW(&t->arena, model->n_parameters, float);
    if (!t->parameter || !t->tensor || !data) {
        mmofl_arena_free(&t->arena);
        return MMOFL_E_MEMORY;
    }
    for (size_t i = 0; i < t->n; i++) {
        mmofl_model_parameter(model, (int)i, &t->parameter[i]);
        t->tensor[i] = describe(&t->parameter[i]);
        t->tensor[i].data = data + t->parameter[i].offset;
    }
    snprintf(t->seed, sizeof t->seed, "%" PRIu64, seed);
    t->metadata[0] = (mmofl_metadata){"format", format};
    t->metadata[1] = (mmofl_metadata){"seed", t->seed};
    t->metadata[2] = (mmofl_metadata){"round", t->round};
    t->metadata[3] = (mmofl_metadata){"experiment", experiment};
    return MMOFL_OK;
}

void mmofl_model_tensors_free(mmofl_model_tensors *t)
{
    mmofl_arena_free(&t->arena);
}

/* Counts (U32) stay below 2^31, so that they are the same numbers as I32. */
static mmofl_tensor describe_state(const mmofl_state_array *array)
{
    static const mmofl_tensor_type type[] = {[MMOFL_STATE_F32] = MMOFL_TENSOR_F32,
                                             [MMOFL_STATE_F64] = MMOFL_TENSOR_F64,
                                             [MMOFL_STATE_U32] = MMOFL_TENSOR_I32};
    return (mmofl_tensor){.name = array->name,
                          .type = type[array->type],
                          .n_dims = 1,
                          .dim = {array->n},
                          .data = array->data};
}

bool mmofl_model_file_has(const mmofl_state_array *array)
{
    return begins_with(array->name, prototypes_prefix);
}

/* Prototypes stand before the rest, so that a model file is the first n_model tensors.
 */
void mmofl_model_tensors_add(mmofl_model_tensors *t, const mmofl_state_array *arrays,
                             int n)
{
    assert(t->n_all + (size_t)n <= t->n + MMOFL_STATE_ARRAYS);
    for (int i = 0; i < n; i++) {
        t->tensor[t->n_all++] = describe_state(&arrays[i]);
        if (!mmofl_model_file_has(&arrays[i]))
            continue;
        mmofl_tensor prototypes = t->tensor[t->n_all - 1];
        t->tensor[t->n_all - 1] = t->tensor[t->n_model];
        t->tensor[t->n_model++] = prototypes;
    }
}

mmofl_run_state mmofl_model_tensors_checkpoint(mmofl_model_tensors *t,
                                               const float *parameters, uint64_t round)
{
    mmofl_run_state state = mmofl_model_tensors_fill(t, parameters, round);
    state.n_tensors = t->n_all;
    return state;
}

mmofl_run_state mmofl_model_tensors_fill(mmofl_model_tensors *t,
                                         const float *parameters, uint64_t round)
{
    for (size_t i = 0; i < t->n; i++)
        mmofl_parameter_export(&t->parameter[i], parameters,
                               (float *)(uintptr_t)t->tensor[i].data);
    snprintf(t->round, sizeof t->round, "%" PRIu64, round);
    return (mmofl_run_state){t->tensor, t->n_model, t->metadata,
                             sizeof t->metadata / sizeof *t->metadata};
}

/* A tensor that the model does not have, and no state: the file is another one's. */
static mmofl_status refuse_strangers(const mmofl_safetensors *file,
                                     const mmofl_model *model, mmofl_error *err)
{
    for (size_t i = 0; i < file->n_tensors; i++) {
        mmofl_parameter parameter;
        bool known = begins_with(file->tensors[i].name, state_prefix);
        for (int k = 0; !known && mmofl_model_parameter(model, k, &parameter); k++)
            known = strcmp(parameter.name, file->tensors[i].name) == 0;
        if (!known)
            return mmofl_fail(err, MMOFL_E_UNKNOWN, "the model has no tensor '%s'",
                              file->tensors[i].name);
    }
    return MMOFL_OK;
}

mmofl_status mmofl_model_file_parameters(const mmofl_safetensors *file,
                                         const mmofl_model *model, float *parameters,
                                         mmofl_error *err)
{
    mmofl_status st = refuse_strangers(file, model, err);
    mmofl_parameter parameter;
    const void *data;
    for (int i = 0; !st && mmofl_model_parameter(model, i, &parameter); i++) {
        mmofl_tensor wanted = describe(&parameter);
        st = mmofl_safetensors_require(file, &wanted, &data, err);
    }
    for (int i = 0; !st && mmofl_model_parameter(model, i, &parameter); i++) {
        mmofl_tensor wanted = describe(&parameter);
        st = mmofl_safetensors_require(file, &wanted, &data, err);
        if (!st)
            mmofl_parameter_import(&parameter, data, parameters);
    }
    return st;
}

mmofl_status mmofl_model_file_state(const mmofl_safetensors *file,
                                    const mmofl_state_array *arrays, int n,
                                    mmofl_error *err)
{
    const void *data[MMOFL_STATE_ARRAYS];
    mmofl_status st = MMOFL_OK;
    assert(n <= MMOFL_STATE_ARRAYS);
    for (int i = 0; !st && i < n; i++) {
        mmofl_tensor wanted = describe_state(&arrays[i]);
        st = mmofl_safetensors_require(file, &wanted, &data[i], err);
    }
    for (int i = 0; !st && i < n; i++) {
        mmofl_tensor wanted = describe_state(&arrays[i]);
        memcpy(arrays[i].data, data[i],
               arrays[i].n * mmofl_tensor_type_bytes(wanted.type));
    }
    return st;
}

mmofl_status mmofl_model_file_experiment(const mmofl_safetensors *file,
                                         const char **experiment, mmofl_error *err)
{
    const char *found = mmofl_safetensors_metadata(file, "format");
    if (!found)
        return mmofl_fail(
            err, MMOFL_E_MISSING,
            "the file's metadata do not say format: not a model of mmofl");
    if (strcmp(found, format) != 0)
        return mmofl_fail(err, MMOFL_E_VERSION, "format '%.40s', this program reads %s",
                          found, format);
    *experiment = mmofl_safetensors_metadata(file, "experiment");
    return *experiment
               ? MMOFL_OK
               : mmofl_fail(err, MMOFL_E_MISSING, "the metadata hold no experiment");
}

const mmofl_prototypes *mmofl_model_file_prototypes(const mmofl_safetensors *file,
                                                    const mmofl_model *model,
                                                    mmofl_prototypes *prototypes)
{
    const mmofl_tensor *mean = mmofl_safetensors_find(file, "state.prototypes.mean");
    const mmofl_tensor *seen = mmofl_safetensors_find(file, "state.prototypes.seen");
    size_t classes = (size_t)model->classes, mean_bytes, seen_bytes;
    if (!mean || !seen || mean->type != MMOFL_TENSOR_F32 ||
        seen->type != MMOFL_TENSOR_I32 || !mmofl_tensor_bytes(mean, &mean_bytes) ||
        !mmofl_tensor_bytes(seen, &seen_bytes) ||
        mean_bytes != classes * model->features * sizeof(float) ||
        seen_bytes != classes * (size_t)model->n_encoders * sizeof(uint32_t))
        return NULL;
    *prototypes = (mmofl_prototypes){mean->data, seen->data};
    return prototypes;
}

mmofl_status mmofl_model_copy_load(const char *path, const mmofl_model *model,
                                   mmofl_model_copy *out, mmofl_error *err)
{
    mmofl_model_copy copy = {0};
    mmofl_status st =
        mmofl_safetensors_open(path, MMOFL_SAFETENSORS_FINITE, &copy.file, err);
    if (st)
        return st;
    copy.parameters = malloc(model->n_parameters * sizeof *copy.parameters);
    st = copy.parameters
             ? mmofl_model_file_parameters(&copy.file, model, copy.parameters, err)
             : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the model");
    copy.has_prototypes =
        !st && mmofl_model_file_prototypes(&copy.file, model, &copy.prototypes);
    if (st)
        mmofl_model_copy_free(&copy);
    else
        *out = copy;
    return st;
}

void mmofl_model_copy_free(mmofl_model_copy *copy)
{
    free(copy->parameters);
    mmofl_safetensors_close(&copy->file);
    *copy = (mmofl_model_copy){0};
}
