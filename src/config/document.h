/* document.h - the steps from a YAML tree to an experiment, for those who change the
 * tree in between.  Only experiment.c and sweep.c include it. */
#ifndef MMOFL_CONFIG_DOCUMENT_H
#define MMOFL_CONFIG_DOCUMENT_H

#include "base/yaml.h"
#include "config/experiment.h"

/** Read and check a document; statuses of mmofl_experiment_parse.  On success the
 * caller owns *out, which keeps nothing of the document. */
MMOFL_CHECKED mmofl_status mmofl_experiment_from_document(const mmofl_yaml_node *root,
                                                          const char *folder,
                                                          mmofl_experiment *out,
                                                          mmofl_error *err);

/** Where a path that was written at `place` leads, in out: one in the file counts from
 * the file's folder (NULL: as it is), one of the command line from where the user
 * stands. */
MMOFL_CHECKED mmofl_status mmofl_experiment_place_path(const mmofl_yaml_place *place,
                                                       const char *folder,
                                                       const char *path, char *out,
                                                       size_t size, mmofl_error *err);

/** The absolute folder of a file, so that what is read from it means the same wherever
 * it is read again.  *folder: malloc, the caller frees. */
MMOFL_CHECKED mmofl_status mmofl_experiment_folder(const char *path, char **folder,
                                                   mmofl_error *err);

/** Take `sweep` and `cells` out of a document: the base is left.  (sweep.c) */
void mmofl_sweep_drop(mmofl_yaml_node *root);

#endif
