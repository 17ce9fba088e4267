/* token_replace.c - words are misheard: any other word of the vocabulary, each as
 * likely as the next (now and then the right one).  Padding stays padding. */
#include "data/disturbance.h"

typedef struct token_replace_options {
    mmofl_disturbance_share common;
    double p;
} token_replace_options;

static const mmofl_option options[] = {
    MMOFL_SHARE_OPTION(token_replace_options),
    MMOFL_REAL_OPTION(token_replace_options, p, 0, 1, "0.2",
                      "probability of each token to be replaced"),
};

static void disturb(const void *given, mmofl_rng *rng, const mmofl_modality *modality,
                    float *x)
{
    const token_replace_options *o = given;
    size_t length = mmofl_shape_count(modality->shape);
    uint64_t words = (uint64_t)modality->vocabulary - 1; /* 0 is no word */
    for (size_t i = 0; i < length; i++)
        if (x[i] != 0 && mmofl_rng_uniform(rng) < o->p)
            x[i] = (float)(1 + mmofl_rng_below(rng, words));
}

const mmofl_disturbance_kind mmofl_disturbance_token_replace = MMOFL_DISTURBANCE(
    "token_replace", MMOFL_FITS_TOKENS, "tokens are replaced by any of the vocabulary",
    token_replace_options, options, disturb);
