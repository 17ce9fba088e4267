/* imbalance.c - from a spec to one entry for each device and modality.
 *
 * Entries are numbered in the order of the spec (those of the fleet, of group 1, of
 * group 2 ..., of the test set), entry 0 being the one that does nothing; a device's
 * row of numbers is overwritten by each group that it belongs to. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/imbalance_parts.h"

/* ---- checks ---- */

static mmofl_status check_modality(const mmofl_modality_imbalance *m, int granularity,
                                   mmofl_arena *arena, mmofl_missing_pattern *pattern,
                                   mmofl_error *err)
{
    mmofl_status st =
        mmofl_missing_pattern_make(m->missing, &m->pattern, arena, pattern, err);
    if (!st && granularity == MMOFL_GRANULARITY_RUN &&
        !mmofl_missing_pattern_is_timeless(pattern))
        st = mmofl_fail(err, MMOFL_E_RANGE,
                        "pattern %s, but with granularity run a modality is lost for "
                        "good; wanted independent",
                        m->pattern.kind->name);
    if (st && err)
        return mmofl_fail_within(err, "%s", m->modality);
    return st;
}

static mmofl_status check_all(const mmofl_imbalance_spec *spec, int devices,
                              mmofl_arena *arena, mmofl_error *err)
{
    mmofl_missing_pattern pattern;
    mmofl_status st = MMOFL_OK;
    for (int m = 0; m < spec->n_modalities && !st; m++)
        st =
            check_modality(&spec->modality[m], spec->granularity, arena, &pattern, err);
    for (int g = 0; g < spec->n_groups && !st; g++) {
        const mmofl_group_imbalance *group = &spec->group[g];
        for (int i = 0; i < group->n_devices; i++)
            if (group->device[i] < 0 || group->device[i] >= devices)
                return mmofl_fail(err, MMOFL_E_RANGE,
                                  "group %d: no device %d; wanted 0 to %d", g + 1,
                                  group->device[i], devices - 1);
        for (int m = 0; m < group->n_modalities && !st; m++)
            st = check_modality(&group->modality[m], spec->granularity, arena, &pattern,
                                err);
    }
    return st;
}

mmofl_status mmofl_imbalance_check(const mmofl_imbalance_spec *spec, int devices,
                                   mmofl_error *err)
{
    mmofl_arena scratch = MMOFL_ARENA_INIT;
    mmofl_status st = check_all(spec, devices, &scratch, err);
    mmofl_arena_free(&scratch);
    return st;
}

/* ---- entries ---- */

static mmofl_status no_memory(mmofl_error *err)
{
    return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the imbalance of the fleet");
}

/* The number of the modality of that name. */
static mmofl_status find_modality(const mmofl_dataset *data, const char *where,
                                  const char *name, int *m, mmofl_error *err)
{
    char known[MMOFL_MAX_MODALITIES * (MMOFL_NAME_BYTES + 2)] = "";
    for (int i = 0; i < data->n_modalities; i++) {
        if (strcmp(data->modality[i].name, name) == 0) {
            *m = i;
            return MMOFL_OK;
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                 data->modality[i].name);
    }
    return mmofl_fail(err, MMOFL_E_UNKNOWN,
                      "%s: the data set %s has no modality '%.60s'; it has %s", where,
                      data->name, name, known);
}

/* Make entries from number *n on and write their numbers into row (M). */
static mmofl_status add_entries(mmofl_imbalance *b, const char *where,
                                const mmofl_modality_imbalance *modality, int count,
                                int *n, uint16_t *row, mmofl_error *err)
{
    const mmofl_dataset *data = b->setup.data;
    for (int i = 0; i < count; i++) {
        int m;
        mmofl_status st = find_modality(data, where, modality[i].modality, &m, err);
        if (st)
            return st;
        mmofl_imbalance_entry *entry = &b->entry[*n];
        st = check_modality(&modality[i], (int)b->granularity, &b->arena,
                            &entry->missing, err);
        if (st)
            return st;
        entry->noise = &modality[i].noise;
        entry->share = mmofl_disturbance_share_of(entry->noise);
        st = mmofl_disturbance_check(entry->noise, &data->modality[m], err);
        if (st && err)
            return mmofl_fail_within(err, "%s", where);
        if (st)
            return st;
        row[m] = (uint16_t)(*n)++;
    }
    return MMOFL_OK;
}

/* Give `row` to the bad devices: all, or that share of them (to the nearest whole
 * number), drawn by the seed. */
static mmofl_status spread_over_bad(mmofl_imbalance *b, const uint16_t *row,
                                    mmofl_error *err)
{
    size_t devices = (size_t)b->setup.devices, width = (size_t)b->n_modalities;
    size_t bad = (size_t)(b->setup.spec->bad_devices * (double)devices + 0.5);
    uint32_t *order = MMOFL_ARENA_NEW(&b->arena, devices, uint32_t);
    if (!order)
        return no_memory(err);
    for (size_t d = 0; d < devices; d++)
        order[d] = (uint32_t)d;
    mmofl_rng rng = mmofl_rng_open(b->setup.seed, MMOFL_NO_DEVICE, 0, MMOFL_USE_GROUP);
    mmofl_rng_shuffle(&rng, order, devices);
    for (size_t i = 0; i < bad && i < devices; i++)
        memcpy(b->of_device + order[i] * width, row, width * sizeof *row);
    return MMOFL_OK;
}

static mmofl_status add_group(mmofl_imbalance *b, const mmofl_group_imbalance *group,
                              int *n, mmofl_error *err)
{
    uint16_t row[MMOFL_MAX_MODALITIES] = {0};
    mmofl_status st = add_entries(b, "imbalance.groups", group->modality,
                                  group->n_modalities, n, row, err);
    for (int i = 0; i < group->n_devices && !st; i++)
        for (int m = 0; m < b->n_modalities; m++)
            if (row[m])
                b->of_device[(size_t)group->device[i] * (size_t)b->n_modalities +
                             (size_t)m] = row[m];
    return st;
}

static size_t count_entries(const mmofl_imbalance_setup *setup)
{
    size_t n = (size_t)setup->spec->n_modalities + (size_t)setup->test->n_modalities;
    for (int g = 0; g < setup->spec->n_groups; g++)
        n += (size_t)setup->spec->group[g].n_modalities;
    return n;
}

static mmofl_status resolve(mmofl_imbalance *b, size_t entries, mmofl_error *err)
{
    const mmofl_imbalance_spec *spec = b->setup.spec;
    const mmofl_test_imbalance_spec *test = b->setup.test;
    size_t width = (size_t)b->n_modalities;
    b->entry = MMOFL_ARENA_NEW(&b->arena, entries + 1, mmofl_imbalance_entry);
    b->of_device =
        MMOFL_ARENA_NEW(&b->arena, (size_t)b->setup.devices * width, uint16_t);
    b->of_test =
        test->n_modalities ? MMOFL_ARENA_NEW(&b->arena, width, uint16_t) : NULL;
    if (!b->entry || !b->of_device || (test->n_modalities && !b->of_test))
        return no_memory(err);
    int n = 1;
    uint16_t row[MMOFL_MAX_MODALITIES] = {0};
    mmofl_status st = add_entries(b, "imbalance.modalities", spec->modality,
                                  spec->n_modalities, &n, row, err);
    if (!st)
        st = spread_over_bad(b, row, err);
    for (int g = 0; g < spec->n_groups && !st; g++)
        st = add_group(b, &spec->group[g], &n, err);
    if (!st && test->n_modalities)
        st = add_entries(b, "test_imbalance.modalities", test->modality,
                         test->n_modalities, &n, b->of_test, err);
    return st;
}

mmofl_status mmofl_imbalance_new(const mmofl_imbalance_setup *setup,
                                 mmofl_imbalance **out, mmofl_error *err)
{
    size_t entries = count_entries(setup);
    if (entries == 0) {
        *out = NULL;
        return MMOFL_OK;
    }
    if (entries >= UINT16_MAX)
        return mmofl_fail(err, MMOFL_E_RANGE, "imbalance: %zu entries, at most %d",
                          entries, UINT16_MAX - 1);
    mmofl_status st = mmofl_imbalance_check(setup->spec, setup->devices, err);
    if (st)
        return st;
    mmofl_imbalance *b = calloc(1, sizeof *b);
    if (!b)
        return no_memory(err);
    b->setup = *setup;
    b->arena.fail_after = setup->fail_after;
    b->granularity = (mmofl_granularity)setup->spec->granularity;
    b->n_modalities = setup->data->n_modalities;
    st = resolve(b, entries, err);
    if (st)
        mmofl_imbalance_delete(b);
    else
        *out = b;
    return st;
}

void mmofl_imbalance_delete(mmofl_imbalance *b)
{
    if (!b)
        return;
    mmofl_arena_free(&b->arena);
    free(b);
}

size_t mmofl_imbalance_bytes(const mmofl_imbalance *b)
{
    return b ? b->arena.bytes : 0;
}
