/* model_file.c - between the model's one vector and named tensors. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "run/model_file.h"

static const char format[] = "mmofl-model-1";

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
    t->tensor = MMOFL_ARENA_NEW(&t->arena, t->n, mmofl_tensor);
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

mmofl_run_state mmofl_model_tensors_fill(mmofl_model_tensors *t,
                                         const float *parameters, uint64_t round)
{
    for (size_t i = 0; i < t->n; i++)
        mmofl_parameter_export(&t->parameter[i], parameters,
                               (float *)(uintptr_t)t->tensor[i].data);
    snprintf(t->round, sizeof t->round, "%" PRIu64, round);
    return (mmofl_run_state){t->tensor, t->n, t->metadata,
                             sizeof t->metadata / sizeof *t->metadata};
}

/* A tensor that the model does not have: the file belongs to another one. */
static mmofl_status refuse_strangers(const mmofl_safetensors *file,
                                     const mmofl_model *model, mmofl_error *err)
{
    for (size_t i = 0; i < file->n_tensors; i++) {
        mmofl_parameter parameter;
        bool known = false;
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
