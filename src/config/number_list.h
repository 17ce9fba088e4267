/* number_list.h - whole numbers as people write many of them: 7, 1..5, [1, 2, 10..12].
 */
#ifndef MMOFL_CONFIG_NUMBER_LIST_H
#define MMOFL_CONFIG_NUMBER_LIST_H

#include "base/yaml.h"

/** Numbers 0 ... 2^64-1 in the order written; `what` names the key in messages.
 * @retval MMOFL_E_TYPE    something else than numbers and ranges
 * @retval MMOFL_E_RANGE   a number over 2^64-1, a range that runs backwards
 * @retval MMOFL_E_LIMIT   more than `most` numbers
 * @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_number_list_read(const mmofl_yaml_node *node,
                                                  const char *what, int most,
                                                  mmofl_arena *arena, uint64_t **out,
                                                  int *n, mmofl_error *err);

#endif
