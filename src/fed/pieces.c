/* pieces.c - encoders lie one after the other at the start of the vector; the head is
 * what is left. */
#include "fed/pieces.h"

mmofl_status mmofl_pieces_init(mmofl_pieces *pieces,
                               const mmofl_aggregation_setup *setup)
{
    const mmofl_model *model = setup->by_modality ? setup->model : NULL;
    int encoders = model ? model->n_encoders : 0;
    mmofl_pieces made = {
        .piece = MMOFL_ARENA_NEW(setup->arena, (size_t)encoders + 1, mmofl_piece)};
    if (!made.piece)
        return MMOFL_E_MEMORY;
    size_t head = 0;
    for (int e = 0; e < encoders; e++) {
        const mmofl_encoder *encoder = &model->encoder[e];
        head = encoder->first_parameter + encoder->n_parameters;
        if (encoder->n_parameters > 0)
            made.piece[made.n++] =
                (mmofl_piece){encoder->first_parameter, encoder->n_parameters, e};
    }
    made.piece[made.n++] = (mmofl_piece){head, setup->n - head, -1};
    *pieces = made;
    return MMOFL_OK;
}
