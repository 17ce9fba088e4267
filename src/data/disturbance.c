/* disturbance.c - the table of kinds, and what they share. */
#include <assert.h>

#include "data/disturbance.h"

/* Nothing happens: the default. */
const mmofl_disturbance_kind mmofl_disturbance_none = {
    .kind = {.name = "none",
             .help = "the sensor tells the truth",
             .source = "METHOD.md section 2"}};

static const mmofl_kind *const kinds[] = {
    &mmofl_disturbance_none.kind,   &mmofl_disturbance_gauss.kind,
    &mmofl_disturbance_stuck.kind,  &mmofl_disturbance_gap.kind,
    &mmofl_disturbance_drift.kind,  &mmofl_disturbance_saturation.kind,
    &mmofl_disturbance_spikes.kind,
};

mmofl_kind_list mmofl_disturbance_kinds(void)
{
    return (mmofl_kind_list){kinds, sizeof kinds / sizeof *kinds};
}

static const mmofl_disturbance_kind *row_of(const mmofl_pick *pick)
{
    static_assert(offsetof(mmofl_disturbance_kind, kind) == 0, "a kind starts its row");
    return (const mmofl_disturbance_kind *)(const void *)pick->kind;
}

double mmofl_disturbance_share_of(const mmofl_pick *pick)
{
    const mmofl_disturbance_share *common = (const void *)pick->options.bytes;
    return row_of(pick)->disturb ? common->share : 0;
}

void mmofl_disturb(const mmofl_pick *pick, mmofl_rng *rng, float *x, int T, int C)
{
    assert(T >= 1 && C >= 1);
    if (row_of(pick)->disturb)
        row_of(pick)->disturb(pick->options.bytes, rng, x, T, C);
}

int mmofl_disturbance_place(mmofl_rng *rng, int T, int n)
{
    return n < T ? (int)mmofl_rng_below(rng, (uint64_t)(T - n) + 1) : 0;
}
