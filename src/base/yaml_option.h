/* yaml_option.h - values of a YAML tree read as options (option.h): what was written is
 * checked for its form and its range, and a refusal points at its place. */
#ifndef MMOFL_BASE_YAML_OPTION_H
#define MMOFL_BASE_YAML_OPTION_H

#include "base/option.h"
#include "base/yaml.h"

/** Read a node into the option's field of `into`; a TEXT field points at a copy in the
 * arena.
 * @retval MMOFL_E_TYPE    a list, a map, nothing; a number or truth value in quotes, or
 *                         a number with a leading zero, which is octal for some readers
 *                         of YAML
 * @retval MMOFL_E_MEMORY
 * and whatever mmofl_option_set refuses; err names option and place */
MMOFL_CHECKED mmofl_status mmofl_yaml_read_option(const mmofl_option *option,
                                                  const mmofl_yaml_node *node,
                                                  mmofl_arena *arena, void *into,
                                                  mmofl_error *err);

/** Refuse a node of the wrong type: "NAME is a list; wanted ..." */
mmofl_status mmofl_yaml_refuse_type(const mmofl_yaml_node *node, const char *name,
                                    const char *wanted, mmofl_error *err);

/** Refuse a node for want of memory. */
mmofl_status mmofl_yaml_refuse_memory(const mmofl_yaml_node *node, mmofl_error *err);

#endif
