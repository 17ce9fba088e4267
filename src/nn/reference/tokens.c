/* tokens.c - what stands for a token.  x is (L) ids, y is (L, D). */
#include "nn/reference/reference_layer.h"

MMOFL_REFERENCE(embedding)
{
    int width = channels_of(layer->out);
    for (int l = 0; l < rows_of(layer->out); l++) {
        int id = (int)(x[l] + 0.5);
        for (int c = 0; c < width; c++)
            y[l * width + c] = id == 0 ? 0 : parameter(layer, 0, w, id, c, 0);
    }
}
