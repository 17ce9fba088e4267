/* disturbance.c - the table of kinds, and what they share. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/noise.h"
#include "data/disturbance.h"

/* Nothing happens: the default. */
const mmofl_disturbance_kind mmofl_disturbance_none = {
    .kind = {.name = "none",
             .help = "the sensor tells the truth",
             .source = "METHOD.md section 2"},
    .fits = MMOFL_FITS_ALL};

static const mmofl_kind *const kinds[] = {
#define ROW(name) &mmofl_disturbance_##name.kind,
    MMOFL_DISTURBANCE_LIST(ROW)
#undef ROW
};

mmofl_kind_list mmofl_disturbance_kinds(void)
{
    return (mmofl_kind_list){kinds, sizeof kinds / sizeof *kinds};
}

static const mmofl_disturbance_kind *row_of(const mmofl_kind *kind)
{
    static_assert(offsetof(mmofl_disturbance_kind, kind) == 0, "a kind starts its row");
    return (const mmofl_disturbance_kind *)(const void *)kind;
}

double mmofl_disturbance_share_of(const mmofl_pick *pick)
{
    const mmofl_disturbance_share *common = (const void *)pick->options.bytes;
    return row_of(pick->kind)->disturb ? common->share : 0;
}

/* ---- what fits what ---- */

static mmofl_fits what_it_is(const mmofl_modality *modality)
{
    if (modality->dtype == MMOFL_TOKENS)
        return MMOFL_FITS_TOKENS;
    return modality->shape.n == 2   ? MMOFL_FITS_SEQUENCE
           : modality->shape.n == 3 ? MMOFL_FITS_IMAGE
                                    : MMOFL_FITS_OTHER;
}

static const char *in_words(mmofl_fits what)
{
    switch (what) {
    case MMOFL_FITS_SEQUENCE:
        return "a sequence (T, C)";
    case MMOFL_FITS_IMAGE:
        return "an image (H, W, C)";
    case MMOFL_FITS_TOKENS:
        return "a text of tokens (L)";
    default:
        return "neither a sequence, an image nor a text";
    }
}

/* "none, gauss, ..." */
static void list_fitting(mmofl_fits what, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds && used < size; k++)
        if (row_of(kinds[k])->fits & (unsigned)what)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
                                     kinds[k]->name);
}

mmofl_status mmofl_disturbance_check(const mmofl_pick *pick,
                                     const mmofl_modality *modality, mmofl_error *err)
{
    char shape[64], fitting[256];
    mmofl_fits what = what_it_is(modality);
    if (row_of(pick->kind)->fits & (unsigned)what)
        return MMOFL_OK;
    mmofl_shape_text(modality->shape, shape, sizeof shape);
    list_fitting(what, fitting, sizeof fitting);
    return mmofl_fail(err, MMOFL_E_TYPE,
                      "noise %s does not fit %s %s, which is %s; wanted one of %s",
                      pick->kind->name, modality->name, shape, in_words(what), fitting);
}

void mmofl_disturb(const mmofl_pick *pick, mmofl_rng *rng,
                   const mmofl_modality *modality, float *x)
{
    const mmofl_disturbance_kind *row = row_of(pick->kind);
    assert(row->fits & (unsigned)what_it_is(modality));
    if (row->disturb)
        row->disturb(pick->options.bytes, rng, modality, x);
}

/* ---- for the kinds ---- */

int mmofl_disturbance_place(mmofl_rng *rng, int length, int n)
{
    return n < length ? (int)mmofl_rng_below(rng, (uint64_t)(length - n) + 1) : 0;
}

void mmofl_disturbance_add_noise(mmofl_rng *rng, float sigma, float *x, size_t n)
{
    mmofl_noise noise = mmofl_noise_open(rng);
    mmofl_noise_add(&noise, sigma, x, n);
}
