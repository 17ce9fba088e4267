/* sample_line.c - nine digits bring every float back. */
#include "run/sample_line.h"

#include <inttypes.h>
#include <jansson.h>

static void write_text(FILE *to, const char *text)
{
    json_t *string = json_string(text);
    if (!string || json_dumpf(string, to, JSON_ENCODE_ANY))
        fputs("null", to); /* no UTF-8: data sets refuse such names */
    json_decref(string);
}

static void write_values(FILE *to, const char *before, const mmofl_modality *modality,
                         const float *values)
{
    fputs(before, to);
    write_text(to, modality->name);
    fputs(":[", to);
    size_t n = mmofl_shape_count(modality->shape);
    for (size_t k = 0; k < n; k++)
        fprintf(to, "%s%.9g", k ? "," : "", (double)values[k]);
    putc(']', to);
}

void mmofl_sample_line_write(FILE *to, const mmofl_holding *h, int i, float *scratch)
{
    const mmofl_dataset *set = h->source->data;
    bool standardized = h->disturbed[i] != 0;
    fprintf(to, "{\"id\":%" PRIu64 ",\"label\":", h->window.first + (uint64_t)i);
    write_text(to, set->class_name[h->label[i]]);
    if (standardized)
        fputs(",\"standardized\":true", to);
    fputs(",\"values\":", to);
    const char *before = "{";
    for (int m = 0; m < set->n_modalities; m++) {
        if (!(h->mask[i] >> m & 1))
            continue;
        if (standardized)
            mmofl_holding_values(h, i, m, UINT32_MAX, scratch);
        else
            mmofl_dataset_recorded(set, h->index[i], m, scratch);
        write_values(to, before, &set->modality[m], scratch);
        before = ",";
    }
    fputs("}}\n", to);
}
