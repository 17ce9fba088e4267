/* spec.h - what a model should be, as an experiment file says it; model.h builds it. */
#ifndef MMOFL_NN_SPEC_H
#define MMOFL_NN_SPEC_H

#include "base/option.h"

/** A list of layers, each a pick among mmofl_layer_kinds(). */
typedef struct mmofl_chain_spec {
    int n;
    mmofl_pick *layer;
} mmofl_chain_spec;

typedef struct mmofl_encoder_spec {
    const char *modality; /* name of the data set's modality */
    mmofl_chain_spec chain;
} mmofl_encoder_spec;

typedef enum mmofl_fusion { MMOFL_FUSION_CONCAT, MMOFL_FUSION_STACK } mmofl_fusion;
#define MMOFL_FUSION_CHOICES "concat|stack"

typedef enum mmofl_init { MMOFL_INIT_UNIFORM_FAN_IN } mmofl_init;
#define MMOFL_INIT_CHOICES "uniform_fan_in"

typedef struct mmofl_model_spec {
    int n_encoders; /* 1 ... MMOFL_MAX_MODALITIES, in the file's order */
    mmofl_encoder_spec *encoder;
    int fusion; /* mmofl_fusion */
    mmofl_chain_spec head;
    int init; /* mmofl_init */
} mmofl_model_spec;

#endif
