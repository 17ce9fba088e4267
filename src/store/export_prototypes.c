/* export_prototypes.c - a run's prototypes over rounds, for NumPy. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>

#include "store/export.h"
#include "store/npz.h"
#include "store/prototype_history.h"

/* The names, one a line; NULL when memory is short, else the caller frees it. */
static char *names_text(const mmofl_prototype_history *h)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return NULL;
    for (size_t m = 0; m < h->n_modalities; m++)
        fprintf(to, "%s\n", h->modality[m]);
    if (fclose(to) == 0)
        return text;
    free(text);
    return NULL;
}

static mmofl_status add_arrays(mmofl_npz *npz, const mmofl_prototype_history *h,
                               mmofl_error *err)
{
    size_t rounds = h->n_rounds, classes = h->n_classes, modalities = h->n_modalities;
    const mmofl_tensor tensors[] = {
        {"rounds", MMOFL_TENSOR_I64, 1, {rounds}, h->round},
        {"mean", MMOFL_TENSOR_F32, 3, {rounds, classes, h->n_features}, h->mean},
        {"seen", MMOFL_TENSOR_I64, 3, {rounds, modalities, classes}, h->seen},
        {"feature_offsets", MMOFL_TENSOR_I64, 1, {modalities + 1}, h->at}};
    mmofl_status st = MMOFL_OK;
    for (size_t i = 0; !st && i < sizeof tensors / sizeof *tensors; i++)
        st = mmofl_npz_add(npz, &tensors[i], err);
    if (st)
        return st;
    char *names = names_text(h);
    if (!names)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for names of modalities");
    st = mmofl_npz_add_text(npz, "modalities", names, err);
    free(names);
    return st;
}

mmofl_status mmofl_export_prototypes_npz(mmofl_run_store *store, int64_t run,
                                         const char *path, mmofl_error *err)
{
    mmofl_prototype_history h;
    mmofl_npz *npz = NULL;
    mmofl_status st = mmofl_prototype_history_load(store, run, &h, err);
    if (st)
        return st;
    if (h.n_rounds > 0) {
        st = mmofl_npz_new(path, &npz, err);
        if (!st)
            st = add_arrays(npz, &h, err);
        if (!st)
            st = mmofl_npz_finish(npz, err);
        else
            mmofl_npz_abandon(npz);
    }
    mmofl_prototype_history_free(&h);
    return st;
}
