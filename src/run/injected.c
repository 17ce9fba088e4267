/* injected.c - from the simulation's counts to the store's rows. */
#include "run/injected.h"

mmofl_status mmofl_injected_rows_init(mmofl_injected_rows *rows,
                                      const mmofl_simulation *simulation,
                                      const mmofl_dataset *data, uint32_t participants)
{
    *rows = (mmofl_injected_rows){.simulation = simulation, .data = data};
    if (participants == 0)
        return MMOFL_OK;
    rows->row = MMOFL_ARENA_NEW(&rows->arena, participants * (size_t)data->n_modalities,
                                mmofl_injected_record);
    return rows->row ? MMOFL_OK : MMOFL_E_MEMORY;
}

void mmofl_injected_rows_free(mmofl_injected_rows *rows)
{
    mmofl_arena_free(&rows->arena);
}

static void fill_rows(mmofl_injected_rows *rows, mmofl_round_record *record)
{
    const uint32_t *device;
    uint32_t participants = mmofl_simulation_participants(rows->simulation, &device);
    size_t n = 0;
    for (uint32_t p = 0; rows->row && p < participants; p++)
        for (int m = 0; m < rows->data->n_modalities; m++) {
            mmofl_injected i = mmofl_simulation_injected(rows->simulation, p, m);
            if (i.samples > 0)
                rows->row[n++] = (mmofl_injected_record){
                    (int)device[p], rows->data->modality[m].name, (int64_t)i.samples,
                    (int64_t)i.missing, (int64_t)i.disturbed};
        }
    record->injected = rows->row;
    record->n_injected = n;
}

/* The span of shares over modalities. */
typedef struct span {
    double least, most;
    bool any;
} span;

static void widen(span *s, double share)
{
    s->least = s->any && s->least < share ? s->least : share;
    s->most = s->any && s->most > share ? s->most : share;
    s->any = true;
}

/* Add a modality's share and take it into the span. */
static void add_share(mmofl_measure *measure, size_t *n, span *s, const char *name,
                      const char *modality, uint64_t part, uint64_t all)
{
    if (all == 0)
        return;
    double share = (double)part / (double)all;
    measure[(*n)++] = (mmofl_measure){name, -1, modality, share};
    widen(s, share);
}

size_t mmofl_injected_rows_fill(mmofl_injected_rows *rows, mmofl_round_record *record)
{
    if (!mmofl_simulation_is_imbalanced(rows->simulation))
        return 0;
    fill_rows(rows, record);
    span missing = {.any = false}, disturbed = {.any = false};
    size_t n = 0;
    for (int m = 0; m < rows->data->n_modalities; m++) {
        mmofl_injected sum = mmofl_simulation_injected_sum(rows->simulation, m);
        const char *modality = rows->data->modality[m].name;
        add_share(rows->measure, &n, &missing, "missing_rate", modality, sum.missing,
                  sum.samples);
        add_share(rows->measure, &n, &disturbed, "disturbed_rate", modality,
                  sum.disturbed, sum.samples - sum.missing);
    }
    if (missing.any)
        rows->measure[n++] =
            (mmofl_measure){"quantity_index", -1, "", missing.most - missing.least};
    if (disturbed.any)
        rows->measure[n++] =
            (mmofl_measure){"quality_index", -1, "", disturbed.most - disturbed.least};
    return n;
}
