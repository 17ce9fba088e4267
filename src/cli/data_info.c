/* data_info.c - one summary, two ways to print it. */
#include <jansson.h>

#include "cli/data_info.h"
#include "cli/data_summary.h"

enum {
    TRAIN = MMOFL_CLI_TRAIN,
    TEST = MMOFL_CLI_TEST,
    PARTS = MMOFL_CLI_PARTS,
    SHOWN_OWNERS = 40,
    SHOWN_CHANNELS = 12 /* of a modality */
};

static double percent(size_t part, size_t whole)
{
    return whole ? 100 * (double)part / (double)whole : 0;
}

/* --- tables ----------------------------------------------------------------------- */

static const char *dtype_text(const mmofl_modality *modality)
{
    return modality->dtype == MMOFL_F32 ? "float32" : "tokens";
}

static void print_modalities(const mmofl_dataset *set, const mmofl_cli_summary *summary,
                             FILE *out)
{
    fprintf(out, "\n%-20s %-16s %-8s %9s  %-8s %9s\n", "modality", "shape", "unit",
            "rate", "type", "recorded");
    for (int m = 0; m < set->n_modalities; m++) {
        const mmofl_modality *modality = &set->modality[m];
        char shape[64], rate[32] = "-";
        mmofl_shape_text(modality->shape, shape, sizeof shape);
        if (modality->rate_hz > 0)
            snprintf(rate, sizeof rate, "%g Hz", modality->rate_hz);
        fprintf(out, "%-20s %-16s %-8s %9s  %-8s %7.1f %%\n", modality->name, shape,
                *modality->unit ? modality->unit : "-", rate, dtype_text(modality),
                percent(summary->recorded[m], set->n_samples));
    }
}

static void print_channels(const mmofl_dataset *set, const mmofl_cli_summary *summary,
                           FILE *out)
{
    if (summary->n_channels > 0)
        fprintf(out, "\n%-20s %7s %11s %11s %11s %11s\n", "values", "channel", "mean",
                "sd", "min", "max");
    for (size_t i = 0; i < summary->n_channels; i++) {
        const mmofl_cli_channel *channel = &summary->channel[i];
        const mmofl_modality *modality = &set->modality[channel->m];
        int n = modality->shape.dim[modality->shape.n - 1];
        if (channel->channel < SHOWN_CHANNELS)
            fprintf(out, "%-20s %7d %11.5g %11.5g %11.5g %11.5g\n", modality->name,
                    channel->channel, channel->mean, channel->sd, channel->min,
                    channel->max);
        else if (channel->channel == n - 1)
            fprintf(out, "%-20s and %d more (--json lists all)\n", modality->name,
                    n - SHOWN_CHANNELS);
    }
}

static void print_tokens(const mmofl_dataset *set, const mmofl_cli_summary *summary,
                         FILE *out)
{
    if (summary->n_tokens > 0)
        fprintf(out, "\n%-20s %10s %8s %9s  %-26s %7s %7s\n", "tokens", "vocabulary",
                "used", "padding", "length: half / 90 % / all", "empty", "full");
    for (size_t i = 0; i < summary->n_tokens; i++) {
        const mmofl_cli_tokens *tokens = &summary->tokens[i];
        char lengths[64];
        snprintf(lengths, sizeof lengths, "up to %d / %d / %d", tokens->median,
                 tokens->nine_tenths, tokens->longest);
        fprintf(out, "%-20s %10d %8zu %7.1f %%  %-26s %7zu %7zu\n",
                set->modality[tokens->m].name, set->modality[tokens->m].vocabulary,
                tokens->used, 100 * tokens->padding, lengths, tokens->empty,
                tokens->full);
    }
}

static void print_classes(const mmofl_dataset *set, const mmofl_cli_summary *summary,
                          FILE *out)
{
    fprintf(out, "\n%-20s %8s %8s\n", "class", "train", "test");
    for (int k = 0; k < set->n_classes; k++)
        fprintf(out, "%-20s %8zu %8zu\n", set->class_name[k],
                summary->classes[k][TRAIN], summary->classes[k][TEST]);
    fprintf(out, "%-20s %8zu %8zu\n", "total", set->n_train,
            set->n_samples - set->n_train);
}

static void print_owners(const mmofl_cli_summary *summary, FILE *out)
{
    if (summary->n_owners == 1) {
        fprintf(out, "\nAll samples are of one owner.\n");
        return;
    }
    fprintf(out, "\n%-20s %8s %8s\n", "owner", "train", "test");
    for (size_t i = 0; i < summary->n_owners && i < SHOWN_OWNERS; i++)
        fprintf(out, "%-20d %8zu %8zu\n", (int)summary->owner[i].owner,
                summary->owner[i].n[TRAIN], summary->owner[i].n[TEST]);
    if (summary->n_owners > SHOWN_OWNERS)
        fprintf(out, "and %zu more (--json lists all)\n",
                summary->n_owners - SHOWN_OWNERS);
}

static void print_text(const mmofl_dataset *set, const mmofl_cli_summary *summary,
                       FILE *out)
{
    fprintf(out, "%s: %zu samples of %zu owners, %d classes, %d modalities\n",
            set->name, set->n_samples, summary->n_owners, set->n_classes,
            set->n_modalities);
    print_modalities(set, summary, out);
    print_channels(set, summary, out);
    print_tokens(set, summary, out);
    print_classes(set, summary, out);
    print_owners(summary, out);
    if (*set->citation)
        fprintf(out, "\n%s\n", set->citation);
}

/* --- JSON ------------------------------------------------------------------------- */

/* The channels of a modality of numbers. */
static json_t *channels_json(int m, const mmofl_cli_summary *summary)
{
    json_t *channels = json_array();
    for (size_t i = 0; i < summary->n_channels; i++) {
        const mmofl_cli_channel *channel = &summary->channel[i];
        if (channel->m == m)
            json_array_append_new(channels,
                                  json_pack("{s:f, s:f, s:f, s:f}", "mean",
                                            channel->mean, "sd", channel->sd, "min",
                                            channel->min, "max", channel->max));
    }
    return channels;
}

static void add_tokens_json(json_t *modality, const mmofl_dataset *set,
                            const mmofl_cli_tokens *tokens)
{
    json_object_set_new(modality, "vocabulary",
                        json_integer(set->modality[tokens->m].vocabulary));
    json_object_set_new(
        modality, "tokens",
        json_pack("{s:I, s:f, s:I, s:I, s:i, s:i, s:i}", "used",
                  (json_int_t)tokens->used, "padding", tokens->padding, "empty",
                  (json_int_t)tokens->empty, "full", (json_int_t)tokens->full,
                  "length_median", tokens->median, "length_nine_tenths",
                  tokens->nine_tenths, "length_longest", tokens->longest));
}

static json_t *modality_json(const mmofl_dataset *set, int m,
                             const mmofl_cli_summary *summary)
{
    const mmofl_modality *modality = &set->modality[m];
    json_t *shape = json_array();
    for (int i = 0; i < modality->shape.n; i++)
        json_array_append_new(shape, json_integer(modality->shape.dim[i]));
    json_t *made =
        json_pack("{s:s, s:s, s:f, s:s, s:I, s:o, s:o}", "name", modality->name, "unit",
                  modality->unit, "rate_hz", modality->rate_hz, "type",
                  dtype_text(modality), "recorded", (json_int_t)summary->recorded[m],
                  "shape", shape, "channels", channels_json(m, summary));
    for (size_t i = 0; i < summary->n_tokens && made; i++)
        if (summary->tokens[i].m == m)
            add_tokens_json(made, set, &summary->tokens[i]);
    return made;
}

static json_t *counts_json(json_t *who, const size_t n[PARTS])
{
    return json_pack("{s:o, s:I, s:I}", "name", who, "train", (json_int_t)n[TRAIN],
                     "test", (json_int_t)n[TEST]);
}

static json_t *summary_json(const mmofl_dataset *set, const mmofl_cli_summary *summary)
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

static mmofl_status print_json(const mmofl_dataset *set,
                               const mmofl_cli_summary *summary, FILE *out,
                               mmofl_error *err)
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
    mmofl_cli_summary summary;
    mmofl_status st = mmofl_cli_summarize(set, &summary, err);
    if (st)
        return st;
    if (json)
        st = print_json(set, &summary, out, err);
    else
        print_text(set, &summary, out);
    mmofl_cli_summary_free(&summary);
    if (!st && (fflush(out) != 0 || ferror(out)))
        st = mmofl_fail(err, MMOFL_E_IO, "the description could not be written");
    return st;
}
