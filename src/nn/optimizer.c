/* optimizer.c - SGD with clipping, and the step-size schedules. */
#include <math.h>

#include "nn/optimizer.h"

double mmofl_optimizer_step(const mmofl_train_spec *train, const mmofl_ops *ops,
                            double lr, float *w, float *velocity,
                            const mmofl_gradient *g)
{
    double norm = 0, scale = 1;
    if (train->clip_norm > 0) {
        norm = mmofl_gradient_norm(g, ops);
        scale = train->clip_norm / (norm + 1e-6);
        scale = scale < 1 ? scale : 1;
    }
    mmofl_sgd sgd = {.lr = (float)lr,
                     .momentum = (float)train->momentum,
                     .weight_decay = (float)train->weight_decay,
                     .scale = (float)scale};
    mmofl_gradient moves = *g;
    moves.all |= sgd.momentum != 0 || sgd.weight_decay != 0;
    for (mmofl_gradient_part part = {0}; mmofl_gradient_next(&moves, &part);)
        ops->sgd_step(w + part.from, velocity ? velocity + part.from : NULL,
                      g->at + part.from, part.count, sgd);
    return norm;
}

/* ---------------------------------------------------------------- schedules */

typedef struct lr_options {
    double start, decay, floor;
} lr_options;

#define START                                                                          \
    MMOFL_REAL_OPTION(lr_options, start, MMOFL_POSITIVE, 1000, "1.0",                  \
                      "step size in round 1")

static const mmofl_option constant_options[] = {START};
static const mmofl_option exponential_options[] = {
    START,
    MMOFL_REAL_OPTION(lr_options, decay, MMOFL_POSITIVE, 1, "0.98",
                      "factor from round to round"),
    MMOFL_REAL_OPTION(lr_options, floor, 0, 1000, "0", "never below this"),
};

static const mmofl_kind constant = {.name = "constant",
                                    .help = "start",
                                    .source = "Zinkevich 2003",
                                    .options = constant_options,
                                    .n_options = 1,
                                    .options_size = sizeof(lr_options)};
static const mmofl_kind exponential = {.name = "exponential",
                                       .help = "start * decay^(t-1), not below floor",
                                       .source = "our reconstruction",
                                       .options = exponential_options,
                                       .n_options = 3,
                                       .options_size = sizeof(lr_options)};
static const mmofl_kind inverse_sqrt = {.name = "inverse_sqrt",
                                        .help = "start / sqrt(t)",
                                        .source = "Zinkevich 2003",
                                        .options = constant_options,
                                        .n_options = 1,
                                        .options_size = sizeof(lr_options)};

static const mmofl_kind *const kinds[] = {&constant, &exponential, &inverse_sqrt};

mmofl_kind_list mmofl_lr_kinds(void)
{
    return (mmofl_kind_list){kinds, 3};
}

/* decay^n by repeated squaring: the same bits with every C library. */
static double power(double base, uint64_t n)
{
    double result = 1;
    for (; n; n >>= 1, base *= base)
        if (n & 1)
            result *= base;
    return result;
}

double mmofl_lr_at(const mmofl_pick *lr, uint64_t round)
{
    const lr_options *o = (const void *)lr->options.bytes;
    if (lr->kind == &exponential) {
        double value = o->start * power(o->decay, round - 1);
        return value > o->floor ? value : o->floor;
    }
    return lr->kind == &inverse_sqrt ? o->start / sqrt((double)round) : o->start;
}
