/* elementwise.h - loops over the values of n samples, for layers that treat each value
 * alone. */
#ifndef MMOFL_NN_LAYERS_ELEMENTWISE_H
#define MMOFL_NN_LAYERS_ELEMENTWISE_H

#include "nn/kernels/vector_math.h"
#include "nn/layers/layers.h"

/* Run `statement` for each value of each sample.  It may use X, Y (forward), X, Y, DY,
 * DX (backward): the spans x, y, dy, dx of the function it stands in, at that value. */
#define ELEMENTWISE(layer, n, statement)                                               \
    do {                                                                               \
        size_t elementwise_count = mmofl_shape_count((layer)->out);                    \
        for (int sample = 0; sample < (n); sample++) {                                 \
            _Pragma("omp simd") for (size_t i = 0; i < elementwise_count; i++)         \
            {                                                                          \
                statement;                                                             \
            }                                                                          \
        }                                                                              \
    } while (0)

#define AT(span) (span).at[(size_t)sample * (span).stride + i]
#define X AT(x)
#define Y AT(y)
#define DX AT(dx)
#define DY AT(dy)

#endif
