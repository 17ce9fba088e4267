/* pieces.h - the parts of a model that are aggregated apart.
 *
 *   whole:        | all parameters                          |   one piece
 *   by_modality:  | encoder 0 | encoder 1 | ... | head      |
 *
 * A device weighs in an encoder's piece by the samples in its buffer that recorded the
 * encoder's modality, so that one who never saw it has no say. */
#ifndef MMOFL_FED_PIECES_H
#define MMOFL_FED_PIECES_H

#include "fed/aggregation.h"

typedef struct mmofl_piece {
    size_t first, n; /* parameters */
    int encoder;     /* that it is; -1: weighs as the whole does */
} mmofl_piece;

typedef struct mmofl_pieces {
    int n;
    mmofl_piece *piece; /* (n) they cover the vector, in its order */
} mmofl_pieces;

/** @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_pieces_init(mmofl_pieces *pieces,
                                             const mmofl_aggregation_setup *setup);

/** The samples behind an update's piece, or `whole` where the piece is no encoder. */
static inline uint32_t mmofl_piece_weight(const mmofl_piece *piece,
                                          const mmofl_update *update, uint32_t whole)
{
    return piece->encoder >= 0 ? update->recorded[piece->encoder] : whole;
}

#endif
