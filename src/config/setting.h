/* setting.h - "train.batch=32": one value of a document, changed from the command line.
 *
 * The value is YAML ("0.5", "[1, 2]", "{kind: exponential, start: 1}") and takes the
 * place of what stood there; maps on the way are made when they are missing; a number
 * names an element of a list, counted from 0.  So model.head.2.linear.out=6 reaches
 * into a layer. */
#ifndef MMOFL_CONFIG_SETTING_H
#define MMOFL_CONFIG_SETTING_H

#include "base/yaml.h"

/** Change the document at *root as `setting` says; new nodes live in the arena.
 * A failed call may leave maps behind that it made on the way; the caller then drops
 * the document.
 * @retval MMOFL_E_SYNTAX   no '=', an empty step in the path, a value that is not YAML
 * @retval MMOFL_E_TYPE     the path goes through a single value
 * @retval MMOFL_E_RANGE    no such element of a list
 * @retval others           those of mmofl_yaml_parse
 * err starts with "--set train.batch=32: ". */
MMOFL_CHECKED mmofl_status mmofl_setting_apply(const char *setting, mmofl_arena *arena,
                                               mmofl_yaml_node **root,
                                               mmofl_error *err);

/** The same with a value that is a node already, from a document of its own: the node
 * itself is put there.  `path` names it in the document ("train.batch").  err gives the
 * node's place.  Statuses E_SYNTAX (an empty step), E_TYPE and E_RANGE as above. */
MMOFL_CHECKED mmofl_status mmofl_setting_put(const char *path, mmofl_yaml_node *value,
                                             mmofl_arena *arena, mmofl_yaml_node *root,
                                             mmofl_error *err);

#endif
