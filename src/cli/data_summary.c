/* data_summary.c - one pass per channel, per token modality, and over labels and
 * owners.
 */
#include <assert.h>
#include <stdlib.h>

#include "cli/data_summary.h"

static size_t channels_of(const mmofl_modality *modality)
{
    return (size_t)modality->shape.dim[modality->shape.n - 1];
}

static bool is_recorded(const mmofl_dataset *set, size_t sample, int m)
{
    return set->mask[sample] >> m & 1;
}

/* --- channels --------------------------------------------------------------------- */

static void find_range(const mmofl_dataset *set, mmofl_cli_channel *channel)
{
    size_t count = mmofl_shape_count(set->modality[channel->m].shape);
    size_t step = channels_of(&set->modality[channel->m]);
    const float *values = set->values[channel->m];
    bool any = false;
    for (size_t i = 0; i < set->n_samples; i++) {
        if (!is_recorded(set, i, channel->m))
            continue;
        for (size_t at = (size_t)channel->channel; at < count; at += step) {
            double x = (double)values[i * count + at];
            channel->min = any && channel->min <= x ? channel->min : x;
            channel->max = any && channel->max >= x ? channel->max : x;
            any = true;
        }
    }
}

static void describe_channels(const mmofl_dataset *set, int m,
                              mmofl_cli_summary *summary)
{
    for (size_t c = 0; c < channels_of(&set->modality[m]); c++) {
        mmofl_cli_channel *channel = &summary->channel[summary->n_channels++];
        *channel = (mmofl_cli_channel){.m = m,
                                       .channel = (int)c,
                                       .mean = (double)set->mean[m][c],
                                       .sd = (double)set->sd[m][c]};
        find_range(set, channel);
    }
}

/* --- tokens ----------------------------------------------------------------------- */

/* The smallest length that at least that share of n samples does not exceed. */
static int quantile(const size_t *of_length, size_t n, double share)
{
    size_t below = of_length[0];
    int length = 0;
    while ((double)below < share * (double)n)
        below += of_length[++length];
    return length;
}

/* of_length (L + 1) and seen (vocabulary) are zero. */
static void count_tokens(const mmofl_dataset *set, mmofl_cli_tokens *tokens,
                         size_t *of_length, bool *seen)
{
    size_t count = mmofl_shape_count(set->modality[tokens->m].shape);
    size_t recorded = 0, kept = 0;
    for (size_t i = 0; i < set->n_samples; i++) {
        const int32_t *ids = (const int32_t *)set->values[tokens->m] + i * count;
        size_t length = 0;
        if (!is_recorded(set, i, tokens->m))
            continue;
        for (size_t at = 0; at < count; at++)
            if (ids[at] != 0) {
                length = at + 1;
                tokens->used += !seen[ids[at]];
                seen[ids[at]] = true;
            }
        recorded++;
        kept += length;
        of_length[length]++;
    }
    if (recorded == 0)
        return;
    tokens->padding = 1 - (double)kept / ((double)recorded * (double)count);
    tokens->empty = of_length[0];
    tokens->full = of_length[count];
    tokens->median = quantile(of_length, recorded, 0.5);
    tokens->nine_tenths = quantile(of_length, recorded, 0.9);
    tokens->longest = quantile(of_length, recorded, 1);
}

static mmofl_status describe_tokens(const mmofl_dataset *set, int m,
                                    mmofl_cli_summary *summary, mmofl_error *err)
{
    const mmofl_modality *modality = &set->modality[m];
    mmofl_cli_tokens *tokens = &summary->tokens[summary->n_tokens++];
    size_t count = mmofl_shape_count(modality->shape);
    size_t *of_length = calloc(count + 1, sizeof *of_length);
    bool *seen = calloc((size_t)modality->vocabulary, sizeof *seen);
    mmofl_status st = MMOFL_OK;
    *tokens = (mmofl_cli_tokens){.m = m};
    if (of_length && seen)
        count_tokens(set, tokens, of_length, seen);
    else
        st =
            mmofl_fail(err, MMOFL_E_MEMORY, "no memory to describe %s", modality->name);
    free(of_length);
    free(seen);
    return st;
}

/* --- owners ----------------------------------------------------------------------- */

static int by_owner(const void *a, const void *b)
{
    int32_t x = ((const mmofl_cli_owner *)a)->owner;
    int32_t y = ((const mmofl_cli_owner *)b)->owner;
    return (x > y) - (x < y);
}

/* One row per sample, sorted by owner, then rows of one owner added up in place. */
static void count_owners(const mmofl_dataset *set, mmofl_cli_summary *summary)
{
    mmofl_cli_owner *rows = summary->owner;
    for (size_t i = 0; i < set->n_samples; i++)
        rows[i] =
            (mmofl_cli_owner){set->owner[i], {i < set->n_train, i >= set->n_train}};
    qsort(rows, set->n_samples, sizeof *rows, by_owner);
    size_t last = 0;
    for (size_t i = 1; i < set->n_samples; i++) {
        if (rows[i].owner != rows[last].owner) {
            rows[++last] = rows[i];
            continue;
        }
        for (int part = 0; part < MMOFL_CLI_PARTS; part++)
            rows[last].n[part] += rows[i].n[part];
    }
    summary->n_owners = last + 1;
}

/* --- the summary ------------------------------------------------------------------ */

static mmofl_status take_tables(const mmofl_dataset *set, mmofl_cli_summary *summary,
                                mmofl_error *err)
{
    size_t channels = 0;
    for (int m = 0; m < set->n_modalities; m++)
        channels += channels_of(&set->modality[m]);
    assert(channels > 0 && set->n_classes > 0 && set->n_samples > 0);
    summary->channel = calloc(channels, sizeof *summary->channel);
    summary->classes = calloc((size_t)set->n_classes, sizeof *summary->classes);
    summary->owner = calloc(set->n_samples, sizeof *summary->owner);
    if (!summary->channel || !summary->classes || !summary->owner)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory to describe %s", set->name);
    return MMOFL_OK;
}

mmofl_status mmofl_cli_summarize(const mmofl_dataset *set, mmofl_cli_summary *summary,
                                 mmofl_error *err)
{
    mmofl_cli_summary made = {0};
    mmofl_status st = take_tables(set, &made, err);
    for (int m = 0; m < set->n_modalities && !st; m++) {
        for (size_t i = 0; i < set->n_samples; i++)
            made.recorded[m] += is_recorded(set, i, m);
        if (set->modality[m].dtype == MMOFL_F32)
            describe_channels(set, m, &made);
        else
            st = describe_tokens(set, m, &made, err);
    }
    if (st) {
        mmofl_cli_summary_free(&made);
        return st;
    }
    for (size_t i = 0; i < set->n_samples; i++)
        made.classes[set->label[i]]
                    [i < set->n_train ? MMOFL_CLI_TRAIN : MMOFL_CLI_TEST]++;
    count_owners(set, &made);
    *summary = made;
    return MMOFL_OK;
}

void mmofl_cli_summary_free(mmofl_cli_summary *summary)
{
    free(summary->channel);
    free(summary->classes);
    free(summary->owner);
    *summary = (mmofl_cli_summary){0};
}
