/* setup_ranks.c - the same setup on all ranks, or none.
 *
 * Ranks that differ would train different fleets and add up what does not belong
 * together, so what they have is compared first. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "nn/isa.h"
#include "run/setup.h"

/* ---------------------------------------------------------------- loading */

/* Rank 0 loads first: it may have to import the data, and the others then find the
 * cache file that it leaves. */
static mmofl_status load_in_turn(mmofl_setup *setup, const mmofl_ranks *ranks,
                                 mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    for (int turn = 0; turn < 2 && !st; turn++) {
        if (mmofl_ranks_is_first(ranks) == (turn == 0))
            st = mmofl_data_load(&setup->experiment->data, NULL, &setup->data, err);
        st = mmofl_ranks_agree(ranks, st, err);
    }
    return st;
}

/* ---------------------------------------------------------------- comparing */

static bool same_text(const mmofl_ranks *ranks, const char *text)
{
    size_t n = strlen(text);
    return mmofl_ranks_same(ranks, &n, sizeof n) && mmofl_ranks_same(ranks, text, n);
}

static bool same_kernels(const mmofl_ranks *ranks)
{
    bool fused = mmofl_isa_best()->fused;
    return mmofl_ranks_same(ranks, &fused, sizeof fused);
}

/* Statistics and labels: data that agree in them are the same set. */
static bool same_data(const mmofl_ranks *ranks, const mmofl_dataset *data)
{
    size_t count[] = {data->n_samples, data->n_train, (size_t)data->n_modalities,
                      (size_t)data->n_classes};
    if (!same_text(ranks, data->name) || !mmofl_ranks_same(ranks, count, sizeof count))
        return false;
    size_t n = data->n_samples;
    bool same = mmofl_ranks_same(ranks, data->label, n * sizeof *data->label) &&
                mmofl_ranks_same(ranks, data->mask, n * sizeof *data->mask) &&
                mmofl_ranks_same(ranks, data->owner, n * sizeof *data->owner);
    for (int m = 0; m < data->n_modalities && same; m++) {
        const mmofl_modality *modality = &data->modality[m];
        size_t channels = (size_t)modality->shape.dim[modality->shape.n - 1];
        if (modality->dtype == MMOFL_F32)
            same = mmofl_ranks_same(ranks, data->mean[m], channels * sizeof(float)) &&
                   mmofl_ranks_same(ranks, data->sd[m], channels * sizeof(float));
    }
    return same;
}

static bool same_sets(const mmofl_ranks *ranks, mmofl_dataset *const *data, int n)
{
    bool same = mmofl_ranks_same(ranks, &n, sizeof n);
    for (int i = 0; i < n && same; i++)
        same = same_data(ranks, data[i]);
    return same;
}

mmofl_status mmofl_setup_compare_ranks(const mmofl_ranks *ranks, const char *text,
                                       mmofl_dataset *const *data, int n,
                                       mmofl_error *err)
{
    const char *what = NULL;
    if (!same_text(ranks, MMOFL_VERSION))
        what = "versions of mmofl";
    else if (!same_kernels(ranks))
        what = "kernels: with fused multiply-add and without, whose results differ "
               "(MMOFL_ISA=base makes all of them plain)";
    else if (!same_text(ranks, text))
        what = "experiments";
    else if (!same_sets(ranks, data, n))
        what = "data sets";
    return what ? mmofl_fail(err, MMOFL_E_STATE, "the ranks have different %s", what)
                : MMOFL_OK;
}

/* ---------------------------------------------------------------- the setup */

static mmofl_status compare(const mmofl_setup *setup, mmofl_error *err)
{
    char *text = mmofl_experiment_text(setup->experiment);
    mmofl_status st =
        text ? MMOFL_OK : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the settings");
    st = mmofl_ranks_agree(setup->ranks, st, err);
    if (!st)
        st = mmofl_setup_compare_ranks(setup->ranks, text, &setup->data, 1, err);
    free(text);
    return st;
}

mmofl_status mmofl_setup_init_ranks(mmofl_setup *setup, const mmofl_ranks *ranks,
                                    const mmofl_experiment *experiment, int threads,
                                    mmofl_error *err)
{
    mmofl_setup made = {
        .experiment = experiment, .ranks = ranks, .program = mmofl_memory_resident()};
    int n = threads ? threads : ranks->cores;
    mmofl_status st = mmofl_pool_new(n, &made.pool);
    if (st)
        mmofl_fail(err, st, "cannot start %d threads", n);
    st = mmofl_ranks_agree(ranks, st, err);
    double started = mmofl_clock_seconds();
    if (!st)
        st = load_in_turn(&made, ranks, err);
    made.loading_s = mmofl_clock_seconds() - started;
    if (!st)
        st = compare(&made, err);
    if (st)
        mmofl_setup_free(&made);
    else
        *setup = made;
    return st;
}
