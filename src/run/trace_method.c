/* trace_method.c - the method's part of a trace.
 *
 * Pseudo samples are drawn once more from the stream that the device draws from, with
 * the same function, so nothing has to be handed out of the learner. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/trace_method.h"

json_t *mmofl_trace_kind_json(const mmofl_kind *kind, const void *options)
{
    json_t *root = json_object();
    json_object_set_new(root, "kind", json_string(kind->name));
    for (int o = 0; o < kind->n_options; o++) {
        const mmofl_option *option = &kind->options[o];
        const void *field = (const char *)options + option->offset;
        char text[64];
        json_t *value;
        if (option->type == MMOFL_OPTION_INT)
            value = json_integer(*(const int *)field);
        else if (option->type == MMOFL_OPTION_REAL)
            value = json_real(*(const double *)field);
        else if (option->type == MMOFL_OPTION_BOOL)
            value = json_boolean(*(const bool *)field);
        else {
            mmofl_option_get(option, options, text, sizeof text);
            value = json_string(text);
        }
        json_object_set_new(root, option->name, value);
    }
    return root;
}

mmofl_status mmofl_trace_method_begin(const mmofl_trace_method *t, mmofl_npz *npz,
                                      mmofl_error *err)
{
    if (!t->prototypes)
        return MMOFL_OK;
    size_t classes = (size_t)t->model->classes, encoders = (size_t)t->model->n_encoders;
    mmofl_status st =
        mmofl_npz_add(npz,
                      &(mmofl_tensor){.name = "prototypes/mean",
                                      .type = MMOFL_TENSOR_F32,
                                      .n_dims = 2,
                                      .dim = {classes, t->model->features},
                                      .data = t->prototypes->mean},
                      err);
    return st ? st
              : mmofl_npz_add(npz,
                              &(mmofl_tensor){.name = "prototypes/seen",
                                              .type = MMOFL_TENSOR_I32,
                                              .n_dims = 2,
                                              .dim = {encoders, classes},
                                              .data = t->prototypes->seen},
                              err);
}

/* An option of type real by its name; 0 where the method has none. */
static double real_option(const mmofl_pick *pick, const char *name)
{
    for (int o = 0; o < pick->kind->n_options; o++)
        if (strcmp(pick->kind->options[o].name, name) == 0)
            return *(const double *)(const void *)(pick->options.bytes +
                                                   pick->kind->options[o].offset);
    return 0;
}

/* One array of 4-byte numbers, one for each pseudo sample. */
static mmofl_status add_column(mmofl_npz *npz, int step, const char *what,
                               mmofl_tensor_type type, int n, const void *data,
                               mmofl_error *err)
{
    char name[64];
    snprintf(name, sizeof name, "step%d/replay/%s", step, what);
    mmofl_tensor column = {
        .name = name, .type = type, .n_dims = 1, .dim = {(size_t)n}, .data = data};
    return mmofl_npz_add(npz, &column, err);
}

mmofl_status mmofl_trace_method_step(mmofl_trace_method *t, mmofl_npz *npz, int step,
                                     int n, mmofl_error *err)
{
    if (!(real_option(t->pick, "gamma") > 0) || !t->prototypes)
        return MMOFL_OK;
    int32_t *label = malloc((size_t)n * sizeof *label);
    int32_t *lost = malloc((size_t)n * sizeof *lost);
    float *weight = malloc((size_t)n * sizeof *weight);
    mmofl_status st = label && lost && weight
                          ? MMOFL_OK
                          : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the trace");
    for (int i = 0; i < n && !st; i++) {
        mmofl_replayed drawn = mmofl_replay_draw(&t->replay, t->model, t->prototypes,
                                                 real_option(t->pick, "p_mask"));
        label[i] = drawn.label;
        lost[i] = drawn.lost;
        weight[i] = drawn.weight;
    }
    if (!st)
        st = add_column(npz, step, "label", MMOFL_TENSOR_I32, n, label, err);
    if (!st)
        st = add_column(npz, step, "lost", MMOFL_TENSOR_I32, n, lost, err);
    if (!st)
        st = add_column(npz, step, "weight", MMOFL_TENSOR_F32, n, weight, err);
    free(label);
    free(lost);
    free(weight);
    return st;
}
