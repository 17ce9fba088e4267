/* token_delete.c - words get lost: the rest of the text moves up, padding behind it. */
#include "data/disturbance.h"

typedef struct token_delete_options {
    mmofl_disturbance_share common;
    double p;
} token_delete_options;

static const mmofl_option options[] = {
    MMOFL_SHARE_OPTION(token_delete_options),
    MMOFL_REAL_OPTION(token_delete_options, p, 0, 1, "0.2",
                      "probability of each token to be deleted"),
};

static void disturb(const void *given, mmofl_rng *rng, const mmofl_modality *modality,
                    float *x)
{
    const token_delete_options *o = given;
    size_t length = mmofl_shape_count(modality->shape), kept = 0;
    for (size_t i = 0; i < length; i++)
        if (x[i] != 0 && mmofl_rng_uniform(rng) >= o->p)
            x[kept++] = x[i];
    for (; kept < length; kept++)
        x[kept] = 0;
}

const mmofl_disturbance_kind mmofl_disturbance_token_delete =
    MMOFL_DISTURBANCE("token_delete", MMOFL_FITS_TOKENS, "tokens are lost",
                      token_delete_options, options, disturb);
