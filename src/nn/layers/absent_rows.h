/* absent_rows.h - which rows of a sample are there (layer.h: rows of exact zeros stand
 * for what is not). */
#ifndef MMOFL_NN_LAYERS_ABSENT_ROWS_H
#define MMOFL_NN_LAYERS_ABSENT_ROWS_H

#include <stdbool.h>
#include <stddef.h>

/* A NaN is no zero: a diverged model must not look like padding. */
static inline bool row_is_absent(const float *row, size_t channels)
{
    for (size_t c = 0; c < channels; c++)
        if (row[c] != 0)
            return false;
    return true;
}

#endif
