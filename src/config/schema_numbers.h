/* schema_numbers.h - lists of whole numbers as keys hold them; inside of config only.
 *
 * Each reads a node that stands under `name` into an array in the arena; statuses are
 * those of number_list.h, and E_RANGE, E_MISSING, E_DUPLICATE where the list says what
 * the key cannot mean. */
#ifndef MMOFL_CONFIG_SCHEMA_NUMBERS_H
#define MMOFL_CONFIG_SCHEMA_NUMBERS_H

#include "base/yaml.h"

/** At least one, all different. */
MMOFL_CHECKED mmofl_status mmofl_schema_read_seeds(const mmofl_yaml_node *node,
                                                   const char *name, mmofl_arena *arena,
                                                   uint64_t **out, int *n,
                                                   mmofl_error *err);

/** Ascending, 1 to `rounds`; may be empty. */
MMOFL_CHECKED mmofl_status mmofl_schema_read_rounds(const mmofl_yaml_node *node,
                                                    const char *name, int rounds,
                                                    mmofl_arena *arena, int **out,
                                                    int *n, mmofl_error *err);

/** From 0, at least one. */
MMOFL_CHECKED mmofl_status mmofl_schema_read_devices(const mmofl_yaml_node *node,
                                                     const char *name,
                                                     mmofl_arena *arena, int **out,
                                                     int *n, mmofl_error *err);

#endif
