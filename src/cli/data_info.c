/* data_info.c - one summary, two ways to print it. */
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>

#include "cli/data_info.h"

enum { TRAIN, TEST, PARTS, SHOWN_OWNERS = 40 };

struct channel_range {
    int m, channel;
    double mean, sd; /* of the training part */
    double min, max; /* of everything recorded */
};

struct owner_count {
    int32_t owner;
    size_t n[PARTS];
};

struct summary {
    struct channel_range *range;
    size_t n_ranges;
    size_t (*classes)[PARTS]; /* (K) */
    struct owner_count *owner;
    size_t n_owners;
};

/* --- counting --------------------------------------------------------------------- */

static size_t channels_of(const mmofl_modality *modality)
{
    return (size_t)modality->shape.dim[modality->shape.n - 1];
}

static void find_range(const mmofl_dataset *set, struct channel_range *range)
{
    size_t count = mmofl_shape_count(set->modality[range->m].shape);
    size_t step = channels_of(&set->modality[range->m]);
    const float *values = set->values[range->m];
    bool any = false;
    for (size_t i = 0; i < set->n_samples; i++) {
        if (!(set->mask[i] >> range->m & 1))
            continue;
        for (size_t at = (size_t)range->channel; at < count; at += step) {
            double x = (double)values[i * count + at];
            range->min = any && range->min <= x ? range->min : x;
            range->max = any && range->max >= x ? range->max : x;
            any = true;
        }
    }
}

static void find_ranges(const mmofl_dataset *set, struct summary *summary)
{
    for (int m = 0; m < set->n_modalities; m++) {
        if (set->modality[m].dtype != MMOFL_F32)
            continue;
        for (size_t c = 0; c < channels_of(&set->modality[m]); c++) {
            struct channel_range *range = &summary->range[summary->n_ranges++];
            *range = (struct channel_range){.m = m,
                                            .channel = (int)c,
                                            .mean = (double)set->mean[m][c],
                                            .sd = (double)set->sd[m][c]};
            find_range(set, range);
        }
    }
}

static int by_owner(const void *a, const void *b)
{
    int32_t x = ((const struct owner_count *)a)->owner;
    int32_t y = ((const struct owner_count *)b)->owner;
    return (x > y) - (x < y);
}

/* One row per sample, sorted by owner, then rows of one owner added up in place. */
static void count_owners(const mmofl_dataset *set, struct summary *summary)
{
    struct owner_count *rows = summary->owner;
    for (size_t i = 0; i < set->n_samples; i++)
        rows[i] =
            (struct owner_count){set->owner[i], {i < set->n_train, i >= set->n_train}};
    qsort(rows, set->n_samples, sizeof *rows, by_owner);
    size_t last = 0;
    for (size_t i = 1; i < set->n_samples; i++) {
        if (rows[i].owner != rows[last].owner) {
            rows[++last] = rows[i];
            continue;
        }
        for (int part = 0; part < PARTS; part++)
            rows[last].n[part] += rows[i].n[part];
    }
    summary->n_owners = last + 1;
}

static void free_summary(struct summary *summary)
{
    free(summary->range);
    free(summary->classes);
    free(summary->owner);
}

static mmofl_status summarize(const mmofl_dataset *set, struct summary *summary,
                              mmofl_error *err)
{
    size_t channels = 0;
    for (int m = 0; m < set->n_modalities; m++)
        channels += channels_of(&set->modality[m]);
    assert(channels > 0 && set->n_classes > 0 && set->n_samples > 0);
    summary->range = calloc(channels, sizeof *summary->range);
    summary->classes = calloc((size_t)set->n_classes, sizeof *summary->classes);
    summary->owner = calloc(set->n_samples, sizeof *summary->owner);
    if (!summary->range || !summary->classes || !summary->owner) {
        free_summary(summary);
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory to describe %s", set->name);
    }
    find_ranges(set, summary);
    for (size_t i = 0; i < set->n_samples; i++)
        summary->classes[set->label[i]][i < set->n_train ? TRAIN : TEST]++;
    count_owners(set, summary);
    return MMOFL_OK;
}

/* --- tables ----------------------------------------------------------------------- */

static const char *dtype_text(const mmofl_modality *modality)
{
    return modality->dtype == MMOFL_F32 ? "float32" : "tokens";
}

static void print_modalities(const mmofl_dataset *set, FILE *out)
{
    fprintf(out, "\n%-20s %-16s %-8s %9s  %s\n", "modality", "shape", "unit", "rate",
            "type");
    for (int m = 0; m < set->n_modalities; m++) {
        const mmofl_modality *modality = &set->modality[m];
        char shape[64], rate[32] = "-", tokens[32] = "";
        mmofl_shape_text(modality->shape, shape, sizeof shape);
        if (modality->rate_hz > 0)
            snprintf(rate, sizeof rate, "%g Hz", modality->rate_hz);
        if (modality->dtype == MMOFL_TOKENS)
            snprintf(tokens, sizeof tokens, " of %d", modality->vocabulary);
        fprintf(out, "%-20s %-16s %-8s %9s  %s%s\n", modality->name, shape,
                *modality->unit ? modality->unit : "-", rate, dtype_text(modality),
                tokens);
    }
}

static void print_ranges(const mmofl_dataset *set, const struct summary *summary,
                         FILE *out)
{
    if (summary->n_ranges > 0)
        fprintf(out, "\n%-20s %7s %11s %11s %11s %11s\n", "values", "channel", "mean",
                "sd", "min", "max");
    for (size_t i = 0; i < summary->n_ranges; i++) {
        const struct channel_range *range = &summary->range[i];
        fprintf(out, "%-20s %7d %11.5g %11.5g %11.5g %11.5g\n",
                set->modality[range->m].name, range->channel, range->mean, range->sd,
                range->min, range->max);
    }
}

static void print_classes(const mmofl_dataset *set, const struct summary *summary,
                          FILE *out)
{
    fprintf(out, "\n%-20s %8s %8s\n", "class", "train", "test");
    for (int k = 0; k < set->n_classes; k++)
        fprintf(out, "%-20s %8zu %8zu\n", set->class_name[k],
                summary->classes[k][TRAIN], summary->classes[k][TEST]);
    fprintf(out, "%-20s %8zu %8zu\n", "total", set->n_train,
            set->n_samples - set->n_train);
}

static void print_owners(const struct summary *summary, FILE *out)
{
    fprintf(out, "\n%-20s %8s %8s\n", "owner", "train", "test");
    for (size_t i = 0; i < summary->n_owners && i < SHOWN_OWNERS; i++)
        fprintf(out, "%-20d %8zu %8zu\n", (int)summary->owner[i].owner,
                summary->owner[i].n[TRAIN], summary->owner[i].n[TEST]);
    if (summary->n_owners > SHOWN_OWNERS)
        fprintf(out, "and %zu more (--json lists all)\n",
                summary->n_owners - SHOWN_OWNERS);
}

static void print_text(const mmofl_dataset *set, const struct summary *summary,
                       FILE *out)
{
    fprintf(out, "%s: %zu samples of %zu owners, %d classes, %d modalities\n",
            set->name, set->n_samples, summary->n_owners, set->n_classes,
            set->n_modalities);
    print_modalities(set, out);
    print_ranges(set, summary, out);
    print_classes(set, summary, out);
    print_owners(summary, out);
    if (*set->citation)
        fprintf(out, "\n%s\n", set->citation);
}

/* --- JSON ------------------------------------------------------------------------- */

static json_t *modality_json(const mmofl_dataset *set, int m,
                             const struct summary *summary)
{
    const mmofl_modality *modality = &set->modality[m];
    json_t *shape = json_array(), *channels = json_array();
    for (int i = 0; i < modality->shape.n; i++)
        json_array_append_new(shape, json_integer(modality->shape.dim[i]));
    for (size_t i = 0; i < summary->n_ranges; i++) {
        const struct channel_range *range = &summary->range[i];
        if (range->m == m)
            json_array_append_new(
                channels, json_pack("{s:f, s:f, s:f, s:f}", "mean", range->mean, "sd",
                                    range->sd, "min", range->min, "max", range->max));
    }
    json_t *made =
        json_pack("{s:s, s:s, s:f, s:s, s:o, s:o}", "name", modality->name, "unit",
                  modality->unit, "rate_hz", modality->rate_hz, "type",
                  dtype_text(modality), "shape", shape, "channels", channels);
    if (made && modality->dtype == MMOFL_TOKENS)
        json_object_set_new(made, "vocabulary", json_integer(modality->vocabulary));
    return made;
}

static json_t *counts_json(json_t *who, const size_t n[PARTS])
{
    return json_pack("{s:o, s:I, s:I}", "name", who, "train", (json_int_t)n[TRAIN],
                     "test", (json_int_t)n[TEST]);
}

static json_t *summary_json(const mmofl_dataset *set, const struct summary *summary)
{
    json_t *modalities = json_array(), *classes = json_array(), *owners = json_array();
    for (int m = 0; m < set->n_modalities; m++)
        json_array_append_new(modalities, modality_json(set, m, summary));
    for (int k = 0; k < set->n_classes; k++)
        json_array_append_new(
            classes, counts_json(json_string(set->class_name[k]), summary->classes[k]));
    for (size_t i = 0; i < summary->n_owners; i++)
        json_array_append_new(owners, counts_json(json_integer(summary->owner[i].owner),
                                                  summary->owner[i].n));
    return json_pack(
        "{s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:s}", "name", set->name, "samples",
        (json_int_t)set->n_samples, "train", (json_int_t)set->n_train, "test",
        (json_int_t)(set->n_samples - set->n_train), "modalities", modalities,
        "classes", classes, "owners", owners, "citation", set->citation);
}

static mmofl_status print_json(const mmofl_dataset *set, const struct summary *summary,
                               FILE *out, mmofl_error *err)
{
    json_t *json = summary_json(set, summary);
    if (!json)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory to describe %s", set->name);
    json_dumpf(json, out, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    fputc('\n', out);
    json_decref(json);
    return MMOFL_OK;
}

mmofl_status mmofl_cli_data_info(const mmofl_dataset *set, bool json, FILE *out,
                                 mmofl_error *err)
{
    struct summary summary = {0};
    mmofl_status st = summarize(set, &summary, err);
    if (st)
        return st;
    if (json)
        st = print_json(set, &summary, out, err);
    else
        print_text(set, &summary, out);
    free_summary(&summary);
    if (!st && (fflush(out) != 0 || ferror(out)))
        st = mmofl_fail(err, MMOFL_E_IO, "the description could not be written");
    return st;
}
