/* model_file.h - a model's parameters as a safetensors file.
 *
 * Tensors have PyTorch's names and shapes (model.h), so load_state_dict takes them. The
 * metadata say what the model is: format, experiment (resolved YAML), seed, round. */
#ifndef MMOFL_RUN_MODEL_FILE_H
#define MMOFL_RUN_MODEL_FILE_H

#include "nn/model.h"
#include "store/run_folder.h"

/** A model's tensors in PyTorch's layout, ready to be written again and again. */
typedef struct mmofl_model_tensors {
    mmofl_arena arena;
    const mmofl_model *model;
    size_t n;
    mmofl_parameter *parameter; /* (n) */
    mmofl_tensor *tensor;       /* (n) data in the arena */
    char seed[24], round[24];
    mmofl_metadata metadata[4];
} mmofl_model_tensors;

/** Room for one model; experiment is borrowed.  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_model_tensors_init(mmofl_model_tensors *tensors,
                                                    const mmofl_model *model,
                                                    const char *experiment,
                                                    uint64_t seed);
void mmofl_model_tensors_free(mmofl_model_tensors *tensors);

/** Fill in the parameters after `round`; the state borrows from tensors. */
mmofl_run_state mmofl_model_tensors_fill(mmofl_model_tensors *tensors,
                                         const float *parameters, uint64_t round);

/** Read parameters from an open file: every tensor of the model, of its very shape, and
 * no other.
 * @retval E_MISSING, E_TYPE, E_SHAPE, E_UNKNOWN  the file holds another model */
MMOFL_CHECKED mmofl_status mmofl_model_file_parameters(const mmofl_safetensors *file,
                                                       const mmofl_model *model,
                                                       float *parameters,
                                                       mmofl_error *err);

/** The experiment that a model file was made by, or a refusal.  @retval E_MISSING,
 * E_VERSION */
MMOFL_CHECKED mmofl_status mmofl_model_file_experiment(const mmofl_safetensors *file,
                                                       const char **experiment,
                                                       mmofl_error *err);

#endif
