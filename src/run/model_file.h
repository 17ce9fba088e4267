/* model_file.h - a model's parameters as a safetensors file.
 *
 * Tensors have PyTorch's names and shapes (model.h), so load_state_dict takes them. The
 * metadata say what the model is: format, experiment (resolved YAML), seed, round.
 *
 * Tensors named state.* are what else a run needs to go on; checkpoints have all of
 * them, a finished model those that a prediction needs (state.prototypes.*).  Who wants
 * parameters only skips them. */
#ifndef MMOFL_RUN_MODEL_FILE_H
#define MMOFL_RUN_MODEL_FILE_H

#include "fed/aggregation.h"
#include "nn/model.h"
#include "store/run_folder.h"

/** A model's tensors in PyTorch's layout, ready to be written again and again. */
typedef struct mmofl_model_tensors {
    mmofl_arena arena;
    const mmofl_model *model;
    size_t n;                   /* parameters */
    size_t n_model, n_all;      /* tensors of a model file, of a checkpoint */
    mmofl_parameter *parameter; /* (n) */
    mmofl_tensor *tensor; /* (n_all) parameters, data in the arena; then the state's */
    char seed[24], round[24];
    mmofl_metadata metadata[4];
} mmofl_model_tensors;

/** Room for one model; experiment is borrowed.  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_model_tensors_init(mmofl_model_tensors *tensors,
                                                    const mmofl_model *model,
                                                    const char *experiment,
                                                    uint64_t seed);
void mmofl_model_tensors_free(mmofl_model_tensors *tensors);

/** Is the array one of those that a model file has, too? */
bool mmofl_model_file_has(const mmofl_state_array *array);

/** Add n <= MMOFL_STATE_ARRAYS arrays; their data and names are borrowed. */
void mmofl_model_tensors_add(mmofl_model_tensors *tensors,
                             const mmofl_state_array *arrays, int n);

/** Fill in the parameters after `round`: a checkpoint, all tensors; the state borrows
 * from tensors. */
mmofl_run_state mmofl_model_tensors_checkpoint(mmofl_model_tensors *tensors,
                                               const float *parameters, uint64_t round);

/** The same for a model file: parameters and prototypes. */
mmofl_run_state mmofl_model_tensors_fill(mmofl_model_tensors *tensors,
                                         const float *parameters, uint64_t round);

/** Read parameters from an open file: every tensor of the model, of its very shape, and
 * no other but state.*, which is skipped.
 * @retval E_MISSING, E_TYPE, E_SHAPE, E_UNKNOWN  the file holds another model */
MMOFL_CHECKED mmofl_status mmofl_model_file_parameters(const mmofl_safetensors *file,
                                                       const mmofl_model *model,
                                                       float *parameters,
                                                       mmofl_error *err);

/** Read arrays from an open file into their data: all of them, or, refused, none.
 * @retval E_MISSING, E_TYPE, E_SHAPE  the file holds another state */
MMOFL_CHECKED mmofl_status mmofl_model_file_state(const mmofl_safetensors *file,
                                                  const mmofl_state_array *arrays,
                                                  int n, mmofl_error *err);

/** The prototypes that the file carries, for methods that fill slots at test time, in
 * *prototypes, which borrows from the file; NULL: it has none of that model. */
const mmofl_prototypes *mmofl_model_file_prototypes(const mmofl_safetensors *file,
                                                    const mmofl_model *model,
                                                    mmofl_prototypes *prototypes);

/** A model read from a file, whole. */
typedef struct mmofl_model_copy {
    mmofl_safetensors file; /* open for as long as the copy lives */
    float *parameters;
    bool has_prototypes;
    mmofl_prototypes prototypes;
} mmofl_model_copy;

/** @retval those of mmofl_safetensors_open and mmofl_model_file_parameters, E_MEMORY
 * On success: mmofl_model_copy_free. */
MMOFL_CHECKED mmofl_status mmofl_model_copy_load(const char *path,
                                                 const mmofl_model *model,
                                                 mmofl_model_copy *copy,
                                                 mmofl_error *err);
void mmofl_model_copy_free(mmofl_model_copy *copy);

/** The experiment that a model file was made by, or a refusal.  @retval E_MISSING,
 * E_VERSION */
MMOFL_CHECKED mmofl_status mmofl_model_file_experiment(const mmofl_safetensors *file,
                                                       const char **experiment,
                                                       mmofl_error *err);

#endif
