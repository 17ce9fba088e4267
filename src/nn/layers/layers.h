/* layers.h - the layer kinds of one instruction set, for the table in layers.c. */
#ifndef MMOFL_NN_LAYERS_LAYERS_H
#define MMOFL_NN_LAYERS_LAYERS_H

#include "nn/layer.h"
#include "nn/layers/list.h"

#define MMOFL_LAYER_NAME(name) MMOFL_ISA(mmofl_layer_##name)
#define MMOFL_LAYER_DECLARE(name) extern const mmofl_layer_kind MMOFL_LAYER_NAME(name);
MMOFL_LAYER_LIST(MMOFL_LAYER_DECLARE)
#undef MMOFL_LAYER_DECLARE

#define MMOFL_COUNT_OF(array) (sizeof(array) / sizeof *(array))

#endif
